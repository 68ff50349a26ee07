"""Django's PostgreSQL backend that carries the tenant scope on the connection.

The scope is sent only when it differs from what the connection already has, so a web process that
serves one agency pays no round trip for it. A rollback undoes a setting made inside the
transaction, hence it is forgotten then and sent again. Needs session pooling (ADR 0002).
"""

import select

from django.db.backends.postgresql import base, operations
from psycopg import RawCursor

from core.tenancy import current_scope

STATEMENTS = 300
"""Prepared statements that a connection keeps; the one used longest ago gives way."""

SET_SCOPE = (
    "SELECT set_config('tessera.agency', %s, false), set_config('tessera.system', %s, false),"
    " set_config('tessera.actor', %s, false)"
)


class DatabaseOperations(operations.DatabaseOperations):
    def last_executed_query(self, cursor, sql, params):
        """For logs and query counts; of a prepared statement psycopg keeps no text."""
        return super().last_executed_query(cursor, sql, params) or sql


class NumberedCursor(base.CursorMixin, RawCursor):
    """Sends statements as they are, with $1, $2…: long ones need not be read through first."""


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations
    _scope_sent = None
    _prepared_cursor = None
    is_preparing = False

    def get_connection_params(self):
        """Only prepared_cursor, and core.postgres.prepared, heed `prepare_threshold`: Django's own
        cursors never prepare."""
        return {**super().get_connection_params(), "prepare_threshold": 0}

    def get_new_connection(self, conn_params):
        self._scope_sent = None
        made = super().get_new_connection(conn_params)
        made.prepared_max = STATEMENTS
        return made

    def prepared_cursor(self, kind=base.ServerBindingCursor):
        """A cursor whose statements PostgreSQL parses and plans once for each connection.

        For the written-out SQL of hot paths: one statement a call, its values sent apart. Who wraps
        statements (pgtrigger.ignore) may put others before them, which cannot be prepared.
        """
        is_alone = not self.execute_wrappers or kind is NumberedCursor
        self._prepared_cursor = kind if is_alone else None
        try:
            return self.cursor()
        finally:
            self._prepared_cursor = None

    def create_cursor(self, name=None):
        scope = current_scope()
        if scope != self._scope_sent:
            self._send(scope)
        if self._prepared_cursor:
            return self._prepared_cursor(self.connection)
        if self.is_preparing and name is None and not self.execute_wrappers:
            return base.ServerBindingCursor(self.connection)
        return super().create_cursor(name)

    def is_usable(self):
        """Whether an idle connection still lives, found out without a round trip.

        A server that went away has left its last word, or the end of the stream, to be read.
        """
        if self.connection is None or self.connection.closed:
            return False
        waiting = select.poll()
        waiting.register(self.connection.fileno(), select.POLLIN)
        return not waiting.poll(0)

    def _send(self, scope):
        values = (str(scope.agency_id or ""), "on" if scope.system else "", scope.actor)
        with self.connection.cursor() as cursor:
            cursor.execute(SET_SCOPE, values)
        self._scope_sent = scope

    def _rollback(self):
        self._scope_sent = None
        return super()._rollback()

    def _savepoint_rollback(self, sid):
        # The transaction is aborted: nothing may be sent before the rollback itself.
        self._scope_sent = current_scope()
        super()._savepoint_rollback(sid)
        self._scope_sent = None
