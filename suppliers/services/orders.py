"""A purchase order from its draft to its confirmation."""

from django.db.models.functions import Now

from agencies.queries import local_today
from core.errors import DomainError
from core.locks import lock, lock_one
from core.numbering import next_number
from core.transactions import use_case
from inventory.models import EventSeat, Ownership
from inventory.services import lay_out
from suppliers.models import (
    LineStatus,
    PurchaseOrder,
    PurchaseOrderLine,
    Status,
)
from suppliers.services.landed import extra_costs, spread_over
from venues.places import in_words, places_in


class NotOrderable(DomainError):
    """The order or line cannot be made like this; the sentence says why."""

    code = "not_orderable"


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
def add_line(*, order, event, section, unit_cost, rows="", seats="", quantity=None, **fields):
    """Orders places of one section of an event at `unit_cost` (Money) each.

    `rows` and `seats` are words as in venues.places; `quantity` takes only so many of them, the
    first still free to order. `fields`: retail_price (Decimal), in_hand_on, return_by (dates).
    """
    order = lock_one(PurchaseOrder.objects.filter(pk=order.pk))
    _check_line(order, event, section, unit_cost)
    lay_out(event)
    places = _orderable(event, places_in(section, rows=rows, seats=seats), quantity)
    return PurchaseOrderLine.objects.create(
        order=order,
        position=order.lines.count() + 1,
        event=event,
        section=section,
        description=f"{section.label}: {in_words(places)}"[:200],
        ordinals=[place.ordinal for place in places],
        ordered=len(places),
        unit_cost=unit_cost.amount,
        currency=unit_cost.currency,
        **fields,
    )


def _check_line(order, event, section, unit_cost):
    if order.status != Status.DRAFT:
        raise NotOrderable(f"{order} is {order.status}; lines are added to drafts only.")
    if section.layout_id != event.layout_id:
        raise NotOrderable(f"Section {section} is not part of the layout of {event}.")
    if unit_cost.currency != order.currency or event.currency != order.currency:
        raise NotOrderable(
            f"{order} is in {order.currency}; this line is in {unit_cost.currency} for an event "
            f"in {event.currency}."
        )


def _orderable(event, places, quantity):
    """The places that are neither owned nor on another open line; all asked for, or `quantity`."""
    owned = set(
        EventSeat.objects.of(event)
        .filter(ordinal__in=[place.ordinal for place in places], ownership=Ownership.OWNED)
        .values_list("ordinal", flat=True)
    )
    taken = owned | _on_open_lines(event)
    free = [place for place in places if place.ordinal not in taken]
    if not free:
        raise NotOrderable("All of these places are already owned or on order.")
    if quantity is None:
        if len(free) < len(places):
            clash = in_words([place for place in places if place.ordinal in taken])
            raise NotOrderable(f"Already owned or on order: {clash}.")
        return free
    if quantity < 1 or quantity > len(free):
        raise NotOrderable(f"{quantity} places were asked for; {len(free)} can be ordered here.")
    return free[:quantity]


def _on_open_lines(event):
    lines = PurchaseOrderLine.objects.filter(event=event).exclude(
        status__in=(LineStatus.CANCELLED, LineStatus.RECEIVED)
    )
    return {ordinal for line in lines for ordinal in line.ordinals}


@use_case
def remove_line(*, line):
    """Takes a line out of a draft."""
    order = lock_one(PurchaseOrder.objects.filter(pk=line.order_id))
    if order.status != Status.DRAFT:
        raise NotOrderable(f"{order} is {order.status}; its lines stay as they are.")
    PurchaseOrderLine.objects.filter(pk=line.pk).delete()


@use_case
def submit_order(*, order, by):
    """DRAFT → PENDING; needs at least one line."""
    order = lock_one(PurchaseOrder.objects.filter(pk=order.pk))
    if not order.lines.exists():
        raise NotOrderable(f"{order} has no lines yet.")
    order.move_to(Status.PENDING)
    order.submitted_at, order.submitted_by = Now(), by
    order.save()
    return _reread(order)


@use_case
def confirm_order(*, order, by):
    """PENDING → CONFIRMED with all its lines: the supplier has agreed, deliveries may come."""
    order = lock_one(PurchaseOrder.objects.filter(pk=order.pk))
    lines = lock(order.lines.all())
    order.move_to(Status.CONFIRMED)
    order.confirmed_at, order.confirmed_by = Now(), by
    order.save()
    for line, share in zip(lines, spread_over(lines, extra_costs(order)), strict=True):
        line.landed = share.amount
        line.move_to(LineStatus.CONFIRMED)
        line.save(update_fields=["status", "landed"])
    return _reread(order)


@use_case
def cancel_order(*, order):
    """Cancels an order of which nothing has arrived."""
    order = lock_one(PurchaseOrder.objects.filter(pk=order.pk))
    lines = lock(order.lines.all())
    order.move_to(Status.CANCELLED)
    order.cancelled_at = Now()
    order.save()
    _move_lines(lines, LineStatus.CANCELLED)
    return _reread(order)


def _move_lines(lines, status):
    for line in lines:
        line.move_to(status)
        line.save(update_fields=["status"])


def _reread(order):
    return PurchaseOrder.objects.select_related("supplier").get(pk=order.pk)
