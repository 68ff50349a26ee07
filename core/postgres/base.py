"""Django's PostgreSQL backend that carries the tenant scope on the connection.

The scope is sent only when it differs from what the connection already has, so a web process that
serves one agency pays no round trip for it. A rollback undoes a setting made inside the
transaction, hence it is forgotten then and sent again. Needs session pooling (ADR 0002).
"""

from django.db.backends.postgresql import base

from core.tenancy import current_scope

SET_SCOPE = (
    "SELECT set_config('tessera.agency', %s, false), set_config('tessera.system', %s, false),"
    " set_config('tessera.actor', %s, false)"
)


class DatabaseWrapper(base.DatabaseWrapper):
    _scope_sent = None

    def get_new_connection(self, conn_params):
        self._scope_sent = None
        return super().get_new_connection(conn_params)

    def create_cursor(self, name=None):
        scope = current_scope()
        if scope != self._scope_sent:
            self._send(scope)
        return super().create_cursor(name)

    def _send(self, scope):
        values = (str(scope.agency_id or ""), "on" if scope.system else "", scope.actor)
        with self.connection.cursor() as cursor:
            cursor.execute(SET_SCOPE, values)
        self._scope_sent = scope

    def _rollback(self):
        self._scope_sent = None
        return super()._rollback()

    def _savepoint_rollback(self, sid):
        super()._savepoint_rollback(sid)
        self._scope_sent = None
