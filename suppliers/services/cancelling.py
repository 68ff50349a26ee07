"""Calling off an order, or what has not arrived of it. What arrived stays, sold or not."""

from dataclasses import dataclass

from django.db.models.functions import Now

from core.errors import Invalid
from core.locks import lock
from core.money import Money
from core.transactions import use_case
from inventory.models import Status as SeatStatus
from suppliers.models import RECEIVABLE, Acquisition, LineStatus, PurchaseOrder, Status
from suppliers.services.drafting import NotOrderable, locked
from suppliers.services.landed import amount_of
from suppliers.services.owing import credit_surplus
from suppliers.services.states import advance


@dataclass(frozen=True)
class CalledOff:
    """What calling off the rest of a line means: `coming` seats of `spared` (Money) will not come;
    `arrived` seats stay ours, `sold` of them with their buyers."""

    line: object
    coming: int
    spared: Money
    arrived: int
    sold: int


def what_is_called_off(lines):
    """A CalledOff for each line of which something has not arrived."""
    counted = _arrived(lines)
    found = []
    for line in lines:
        here, sold = counted.get(line.pk, (set(), 0))
        coming = [ordinal for ordinal in line.ordinals if ordinal not in here]
        if line.outstanding:
            spared = amount_of(line, coming)
            found.append(CalledOff(line, line.outstanding, spared, len(here), sold))
    return found


def _arrived(lines):
    """{line id: ({ordinal, …} that arrived, how many of them are sold)}."""
    found = {}
    rows = Acquisition.objects.filter(line__in=lines).values_list(
        "line_id", "event_seat__ordinal", "event_seat__status", "returned_at"
    )
    for line_id, ordinal, status, returned_at in rows:
        here, sold = found.get(line_id, (set(), 0))
        here.add(ordinal)
        is_sold = status == SeatStatus.SOLD and returned_at is None
        found[line_id] = (here, sold + is_sold)
    return found


@use_case
def cancel_order(*, order, by=None, reason=""):
    """Cancels an order of which nothing has arrived; raises WrongState for any other. What was paid for
    it in advance becomes a credit note."""
    order = locked(order)
    lines = lock(order.lines.all())
    order.move_to(Status.CANCELLED)
    order.cancelled_at, order.cancelled_by, order.cancellation_reason = Now(), by, reason[:200]
    order.save()
    for line in lines:
        if line.status != LineStatus.CANCELLED:
            _call_off(line, reason)
            line.move_to(LineStatus.CANCELLED)
            line.save()
    credit_surplus(order, by=by)
    return PurchaseOrder.objects.select_related("supplier").get(pk=order.pk)


@use_case
def cancel_rest(*, order, reason, lines=None, by=None):
    """Calls off what has not arrived of some lines of a confirmed order, or of all. What has arrived
    stays received, owed and sold as it is; the states of the lines and of the order follow. What was
    paid in advance beyond what the order costs now becomes a credit note."""
    order = locked(order)
    if order.status not in RECEIVABLE:
        raise NotOrderable(f"{order} is {order.status}; nothing more is expected of it.")
    if not reason.strip():
        raise Invalid("Say why the rest is called off.")
    all_lines = lock(order.lines.all())
    wanted = {line.pk for line in (all_lines if lines is None else lines)}
    called_off = [line for line in all_lines if line.pk in wanted and line.outstanding]
    if not called_off:
        raise NotOrderable("Nothing is expected of these lines any more.")
    for line in called_off:
        _call_off(line, reason)
        line.save(update_fields=["cancelled", "cancellation_reason"])
    if not any(line.received or line.outstanding for line in all_lines):
        order.cancelled_at, order.cancelled_by = Now(), by
        order.cancellation_reason = reason[:200]
    advance(order, all_lines)
    credit_surplus(order, by=by)
    return PurchaseOrder.objects.select_related("supplier").get(pk=order.pk)


def _call_off(line, reason):
    line.cancelled += line.outstanding
    line.cancellation_reason = reason[:200]
