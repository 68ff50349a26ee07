"""The states that follow from what has arrived and what was called off: a line's, and its order's."""

from django.db.models import Count, Q
from django.db.models.functions import Now

from core.errors import DomainError
from core.locks import lock, lock_one
from core.transactions import use_case
from core.words import many
from inventory.models import Ownership
from suppliers.models import (
    RECEIVABLE,
    Acquisition,
    LineStatus,
    PurchaseOrder,
    Status,
)
from suppliers.services.owing import credit_surplus


class NotReconciled(DomainError):
    """What the order says has arrived is not what the agency owns."""

    code = "not_reconciled"


def line_state(line):
    """The status of a confirmed line by its counts."""
    if not line.outstanding:
        return LineStatus.RECEIVED if line.received else LineStatus.CANCELLED
    return LineStatus.PARTIALLY_RECEIVED if line.received else LineStatus.CONFIRMED


def order_state(lines):
    """The status of a confirmed order by the statuses of its lines."""
    live = [line for line in lines if line.status != LineStatus.CANCELLED]
    if not live:
        return Status.CANCELLED
    if all(line.status == LineStatus.RECEIVED for line in live):
        return Status.COMPLETED
    return Status.PARTIALLY_RECEIVED if any(line.received for line in live) else Status.CONFIRMED


def advance(order, lines):
    """Moves the locked `lines` and their `order` to the states that follow from their counts. An order
    whose counts differ from what is owned is not completed: see `differences`."""
    for line in lines:
        line.refresh_from_db(fields=["received", "cancelled"])
        _move(line, line_state(line))
    target = order_state(lines)
    if target == Status.COMPLETED and differences(lines):
        target = Status.PARTIALLY_RECEIVED
    if order.status == target:
        return
    order.move_to(target)
    if target == Status.COMPLETED:
        order.closed_at = Now()
    order.save()


def _move(line, target):
    if line.status != target:
        line.move_to(target)
        line.save(update_fields=["status"])


def differences(lines):
    """Sentences about lines whose received seats are not those that the agency owns through them."""
    here = Q(returned_at=None)
    counts = Acquisition.objects.filter(line__in=lines).order_by().values("line_id")
    counted = {
        row["line_id"]: row
        for row in counts.annotate(
            acquired=Count("pk"),
            kept=Count("pk", filter=here),
            owned=Count("pk", filter=here & Q(event_seat__ownership=Ownership.OWNED)),
        )
    }
    nothing = {"acquired": 0, "kept": 0, "owned": 0}
    found = (_difference(line, counted.get(line.pk, nothing)) for line in lines)
    return [sentence for sentence in found if sentence]


def _difference(line, counted):
    if counted["acquired"] != line.received:
        return (
            f"{line}: {many(line.received, 'seat was', 'seats were')} counted as received, "
            f"{many(counted['acquired'], 'was', 'were')} taken in."
        )
    if counted["owned"] != counted["kept"]:
        return (
            f"{line}: {many(counted['kept'], 'seat')} should be ours, "
            f"{many(counted['owned'], 'of them is', 'of them are')}."
        )
    return ""


@use_case
def complete_order(*, order):
    """Completes an order that was kept open by a difference, and credits what was paid for it in
    advance and is not needed; raises NotReconciled while the difference lasts."""
    order = lock_one(PurchaseOrder.objects.filter(pk=order.pk))
    lines = lock(order.lines.all())
    problems = differences(lines)
    if problems:
        raise NotReconciled(f"{order} cannot be completed.", problems=problems)
    if order.status in RECEIVABLE:
        advance(order, lines)
        credit_surplus(order)
    return order
