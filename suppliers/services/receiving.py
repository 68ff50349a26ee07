"""Receiving: what arrived becomes owned, with its cost, its receipt and its debt, in one piece."""

from django.db import connection
from django.db.models import F

from agencies.queries import local_today
from core import failpoints
from core.errors import DomainError
from core.locks import lock, lock_one
from core.money import Money, total
from core.numbering import next_number
from core.transactions import use_case
from inventory.services import take_ownership
from suppliers.models import (
    RECEIVABLE,
    Acquisition,
    DeliveryReceipt,
    PurchaseOrder,
    ReceiptLine,
)
from suppliers.services.landed import amount_of, shares_of
from suppliers.services.owing import owe_for
from suppliers.services.states import advance
from venues.models import LayoutSeat
from venues.places import in_words

# One acquisition for each seat, with the terms of its line: thousands at once.
ACQUIRE = """
INSERT INTO suppliers_acquisition (agency_id, event_seat_id, line_id, receipt_id, supplier_id,
  unit_cost, landed, currency, in_hand_on, return_by)
SELECT l.agency_id, seat.id, l.id, %(receipt)s, %(supplier)s, l.unit_cost + seat.landed, seat.landed,
       l.currency, l.in_hand_on, l.return_by
FROM suppliers_purchaseorderline l,
     unnest(%(seats)s::bigint[], %(landed)s::numeric[]) AS seat(id, landed)
WHERE l.id = %(line)s
"""


class OverReceipt(DomainError):
    """More, or other places, than the order still expects."""

    code = "over_receipt"


class NotExpected(DomainError):
    """The order is not in a state in which deliveries are expected."""

    code = "not_expected"


@use_case
def receive_delivery(*, order, ordinals_by_line=None, by=None, delivery_reference=""):
    """Receives places of a confirmed order; without `ordinals_by_line` all that is outstanding.

    `ordinals_by_line` is {line id: [ordinal, …]}, any part of what each line still expects. Writes
    acquisitions, ownership, the receipt, what is owed and the ledger, all or nothing. Returns the
    DeliveryReceipt. Raises NotExpected or OverReceipt.
    """
    order = lock_one(PurchaseOrder.objects.filter(pk=order.pk))
    if order.status not in RECEIVABLE:
        raise NotExpected(f"{order} is {order.status}; only confirmed orders are received.")
    lines = lock(order.lines.all())
    parts = _parts(lines, ordinals_by_line)
    receipt = _receipt(order, parts, by, delivery_reference)
    failpoints.reach("receive.after_receipt")
    for line, ordinals in parts:
        _take_in(receipt, order, line, ordinals)
    failpoints.reach("receive.after_ownership")
    owe_for(receipt)
    advance(order, lines)
    failpoints.reach("receive.before_commit")
    return receipt


def _parts(lines, ordinals_by_line):
    """[(line, ordinals to receive)] with every ordinal still expected; raises OverReceipt."""
    received = _received(lines)
    parts = []
    for line in lines:
        outstanding = [o for o in line.ordinals if o not in received.get(line.pk, ())]
        wanted = outstanding if ordinals_by_line is None else ordinals_by_line.get(line.pk, [])
        extra = set(wanted) - set(outstanding)
        if extra or len(set(wanted)) != len(wanted):
            raise OverReceipt(
                f"{line}: {len(extra) or len(wanted) - len(set(wanted))} places were not ordered or "
                "have already arrived. Nothing was received.",
                line=str(line.pk),
                ordinals=sorted(extra),
            )
        if wanted:
            parts.append((line, sorted(wanted)))
    unknown = set(ordinals_by_line or ()) - {line.pk for line in lines}
    if unknown or not parts:
        raise OverReceipt("There is nothing to receive: these places are not outstanding.")
    return parts


def _received(lines):
    """{line id: {ordinal, …}} that already arrived."""
    found = {}
    rows = Acquisition.objects.filter(line__in=lines).values_list("line_id", "event_seat__ordinal")
    for line_id, ordinal in rows:
        found.setdefault(line_id, set()).add(ordinal)
    return found


def _receipt(order, parts, by, delivery_reference):
    year = local_today().year
    amount = total((amount_of(line, ordinals) for line, ordinals in parts), order.currency)
    return DeliveryReceipt.objects.create(
        number=f"GR-{year}-{next_number(f'receipt-{year}'):04d}",
        order=order,
        delivery_reference=delivery_reference,
        received_by=by,
        seats=sum(len(ordinals) for _, ordinals in parts),
        amount=amount.amount,
        currency=order.currency,
    )


def _take_in(receipt, order, line, ordinals):
    retail = None if line.retail_price is None else Money(line.retail_price, line.currency)
    shares = shares_of(line)
    costs = {ordinal: line.cost + shares[ordinal] for ordinal in ordinals}
    seat_ids = take_ownership(event=line.event, costs=costs, price=retail)
    with connection.cursor() as cursor:
        cursor.execute(
            ACQUIRE,
            {
                "seats": [seat_ids[ordinal] for ordinal in ordinals],
                "landed": [shares[ordinal].amount for ordinal in ordinals],
                "line": line.pk,
                "receipt": receipt.pk,
                "supplier": order.supplier_id,
            },
        )
    places = LayoutSeat.objects.filter(layout=line.event.layout_id, ordinal__in=ordinals)
    ReceiptLine.objects.create(
        receipt=receipt,
        line=line,
        quantity=len(ordinals),
        amount=amount_of(line, ordinals).amount,
        currency=line.currency,
        places=in_words(list(places.order_by("ordinal"))),
    )
    type(line).objects.filter(pk=line.pk).update(received=F("received") + len(ordinals))
