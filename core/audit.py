"""The audit trail as a trigger: it sees queryset updates and raw SQL, not only saves."""

import pgtrigger
from django.db import connection


class Audited(pgtrigger.Trigger):
    """Writes an AuditEntry for each insert, update of a tracked column, and delete.

    `columns` are database columns free of personal data; people are referred to by id.
    """

    when = pgtrigger.After
    operation = pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete

    def __init__(self, *columns, name="audited"):
        self.columns = columns
        super().__init__(name=name)

    def get_func(self, model):
        table = model._meta.db_table
        tracked = ", ".join(f"'{column}'" for column in self.columns)
        return f"""
            PERFORM tessera_audit(
              '{table}', TG_OP, ARRAY[{tracked}],
              CASE WHEN TG_OP = 'INSERT' THEN NULL ELSE to_jsonb(OLD) END,
              CASE WHEN TG_OP = 'DELETE' THEN NULL ELSE to_jsonb(NEW) END);
            RETURN NULL;
        """


def refuse(operation, *, name, level=pgtrigger.Row):
    """A trigger that refuses an operation outright."""
    return pgtrigger.Trigger(
        name=name,
        operation=operation,
        when=pgtrigger.Before,
        level=level,
        func="RAISE EXCEPTION '% only grows: % is refused', TG_TABLE_NAME, TG_OP;",
    )


def append_only():
    """Triggers for a table whose rows are never changed, removed or truncated."""
    return [
        refuse(pgtrigger.Update | pgtrigger.Delete, name="append_only"),
        refuse(pgtrigger.Truncate, name="no_truncate", level=pgtrigger.Statement),
    ]


def status_machine(moves, *, field="status", name="status_moves"):
    """The trigger that refuses any change of `field` not listed in `moves` {from: {to, …}}. An update
    that leaves the field as it is costs nothing."""
    return pgtrigger.FSM(
        name=name,
        field=field,
        condition=pgtrigger.AnyChange(field),
        transitions=[(old, new) for old, targets in moves.items() for new in sorted(targets)],
    )


def because(reason, *, at=None):
    """Says why what follows in this transaction is changed; the seat ledger keeps it with each row,
    and `at`, the moment it happened, when that is not now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('tessera.reason', %s, true), set_config('tessera.at', %s, true)",
            [reason, at.isoformat() if at else ""],
        )
