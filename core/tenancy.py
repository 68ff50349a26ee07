"""Who a piece of work acts for. PostgreSQL enforces it: see docs/tenancy.md.

Every tenant-owned table has `agency_id` and forced row-level security. The scope of the current
context (an agency, the explicit system scope, or nothing) is put on the connection before the next
query runs (core.postgres). No scope gives zero rows and refuses every insert.
"""

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import models


class NoAgency(RuntimeError):
    """Something tenant-owned was made outside `acting_for`: a bug in the caller."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What the connection is told: whose rows, whether all rows, and who is acting."""

    agency_id: UUID | None = None
    system: bool = False
    actor: str = ""


NOBODY = Scope()
_scope = ContextVar("tessera_scope", default=NOBODY)


def current_scope():
    return _scope.get()


def current_agency_id():
    """The agency acted for; raises NoAgency outside `acting_for`."""
    agency_id = _scope.get().agency_id
    if agency_id is None:
        raise NoAgency("There is no current agency: wrap this in acting_for(agency_id).")
    return agency_id


@contextmanager
def _within(scope):
    token = _scope.set(scope)
    try:
        yield
    finally:
        _scope.reset(token)


def acting_for(agency_id):
    """Within this block every query sees and writes only the rows of this agency."""
    return _within(replace(_scope.get(), agency_id=UUID(str(agency_id)), system=False))


def as_system():
    """The one cross-tenant scope: operator commands and jobs that pick rows of all agencies."""
    return _within(replace(_scope.get(), agency_id=None, system=True))


def acted_by(actor):
    """Names who acts (a user id, a key id, a command) for the audit trail."""
    return _within(replace(_scope.get(), actor=str(actor)))


class TenantModel(models.Model):
    """A table whose rows belong to one agency. Its migration must end with Isolate(name)."""

    agency_id = models.UUIDField(default=current_agency_id, editable=False)

    class Meta:
        abstract = True


class TenantKey(models.ForeignKey):
    """A key to another tenant table, held in the database as (agency_id, key): Isolate makes the
    constraint, so a row can never refer to another agency's row."""

    def __init__(self, to, on_delete=models.PROTECT, **kwargs):
        kwargs["db_constraint"] = False
        super().__init__(to, on_delete, **kwargs)

    def deconstruct(self):
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.ForeignKey", args, kwargs
