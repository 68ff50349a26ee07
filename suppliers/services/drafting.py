"""An order before it is submitted: begun, copied, its terms changed by several people."""

from datetime import date
from decimal import Decimal

from django.db.models.functions import Now

from agencies.queries import local_today
from core.admin_names import names_of
from core.errors import DomainError
from core.locks import lock_one
from core.models import AuditEntry
from core.numbering import next_number
from core.transactions import use_case
from suppliers.models import PurchaseOrder, Status

DELIVERY = ("supplier_reference", "fulfillment_notes", "ship_to", "expected_on", "notes")
TERMS = ("basis", "payment_terms", "fulfillment", *DELIVERY)
FINISHED = (Status.COMPLETED, Status.CANCELLED)


class NotOrderable(DomainError):
    """The order or line cannot be made like this; the sentence says why."""

    code = "not_orderable"


class StaleOrder(DomainError):
    """Somebody else changed the order meanwhile. `details`: `diff` {field: {theirs, yours, before}} of
    what differs, `version` as it is now, `changed_by` and `changed_at` of the last change."""

    code = "stale"


def changeable_fields(order):
    """The fields of an order that may be changed in its state."""
    if order.status == Status.DRAFT:
        return TERMS
    return () if order.status in FINISHED else DELIVERY


def drafts_only(order):
    """Raises NotOrderable unless the order is a draft."""
    if order.status != Status.DRAFT:
        raise NotOrderable(
            f"{order} is {order.status}; its lines and costs are changed in drafts only."
        )


def locked(order):
    return lock_one(PurchaseOrder.objects.filter(pk=order.pk))


def touch(order):
    """Counts a change of the order's lines or costs as one of the order."""
    PurchaseOrder.objects.filter(pk=order.pk).update(updated_at=Now())


@use_case
def draft_order(*, supplier, currency, **fields):
    """A new DRAFT order with the next number of the year; `fields` are plain columns of the order."""
    if not supplier.is_active:
        raise NotOrderable(f"{supplier} is not active; nothing can be ordered there.")
    year = local_today().year
    number = f"PO-{year}-{next_number(f'order-{year}'):04d}"
    fields.setdefault("payment_terms", supplier.payment_terms)
    return PurchaseOrder.objects.create(
        number=number, supplier=supplier, currency=currency, **fields
    )


@use_case
def change_order(*, order, version, before=None, **fields):
    """Changes `fields` of the order as it was at `version`. Returns the order as it is now.

    `before` {field: value} is what whoever asks had seen, for the difference. Raises StaleOrder when
    the order was changed since then and is not what is asked for; NotOrderable for a field that is
    fixed in its state.
    """
    order = locked(order)
    changes = {name: value for name, value in fields.items() if getattr(order, name) != value}
    if not changes:
        return order
    if order.version != version:
        raise _stale(order, version, changes, before or {})
    fixed = set(changes) - set(changeable_fields(order))
    if fixed:
        names = ", ".join(sorted(_title(name) for name in fixed))
        raise NotOrderable(f"{order} is {order.status}; this stays as it is now: {names}.")
    for name, value in changes.items():
        setattr(order, name, value)
    order.save(update_fields=list(changes))
    order.refresh_from_db(fields=["version", "updated_at"])
    return order


def _stale(order, version, changes, before):
    diff = {
        name: {
            "theirs": _plain(getattr(order, name)),
            "yours": _plain(value),
            "before": _plain(before.get(name)),
        }
        for name, value in changes.items()
    }
    who, at = _last_change(order)
    return StaleOrder(
        f"{order} was changed by {who} while you were writing. Nothing was saved.",
        diff=diff,
        version=order.version,
        seen=version,
        changed_by=who,
        changed_at=at.isoformat(),
    )


def _last_change(order):
    """(name, moment) of the order's latest change."""
    entries = AuditEntry.objects.filter(table=order._meta.db_table, row_id=str(order.pk))
    last = entries.order_by("-pk").first()
    actor = last.actor if last else ""
    return names_of([actor]).get(actor) or "somebody else", order.updated_at


def _plain(value):
    """A value as JSON has it."""
    return str(value) if isinstance(value, (date, Decimal)) else value


def _title(name):
    return str(PurchaseOrder._meta.get_field(name).verbose_name)
