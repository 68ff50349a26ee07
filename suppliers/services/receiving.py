"""Receiving: what arrived becomes owned, with its cost, its receipt and its debt, in one piece."""

from django.db import IntegrityError, connection, transaction
from django.db.models import F

from agencies.queries import current_zone, local_today
from core import failpoints
from core.audit import because
from core.errors import DomainError
from core.locks import lock, lock_one
from core.money import Money, total
from core.numbering import next_number
from core.outbox import record
from core.transactions import broken_constraint, use_case
from core.words import many
from inventory.services import take_ownership
from suppliers.facts import StockReceived
from suppliers.models import (
    RECEIVABLE,
    Acquisition,
    DeliveryReceipt,
    PurchaseOrder,
    ReceiptLine,
    SupplierCode,
)
from suppliers.reading.extras import is_address
from suppliers.services.invoices import match_waiting
from suppliers.services.landed import amount_of, shares_of
from suppliers.services.lines import words_for
from suppliers.services.owing import credit_surplus, owe_for
from suppliers.services.states import advance

# One acquisition for each seat, with the terms of its line: thousands at once.
ACQUIRE = """
INSERT INTO suppliers_acquisition (agency_id, event_seat_id, line_id, receipt_id, supplier_id,
  unit_cost, landed, currency, in_hand_on, return_by)
SELECT l.agency_id, seat.id, l.id, %(receipt)s, %(supplier)s, l.unit_cost + seat.landed, seat.landed,
       l.currency, coalesce(seat.in_hand_on, l.in_hand_on), l.return_by
FROM suppliers_purchaseorderline l,
     unnest(%(seats)s::bigint[], %(landed)s::numeric[], %(in_hand)s::date[])
       AS seat(id, landed, in_hand_on)
WHERE l.id = %(line)s
RETURNING id, event_seat_id
"""
# So many seats are taken in before it is told how far the work is.
BATCH = 2_000


class OverReceipt(DomainError):
    """More, or other places, than the order still expects."""

    code = "over_receipt"


class NotExpected(DomainError):
    """The order is not in a state in which deliveries are expected."""

    code = "not_expected"


class CodeKnown(DomainError):
    """A supplier's barcode that came with another place before."""

    code = "code_known"


@use_case
def receive_delivery(
    *, order, ordinals_by_line=None, by=None, came_with=(), tell=lambda seats: None, **details
):
    """Receives places of a confirmed order; without `ordinals_by_line` all that is outstanding.

    `ordinals_by_line` is {line id: [ordinal, …]}, any part of what each line still expects; barcodes,
    files and days in hand of the Parts in `came_with` (suppliers.reading) are kept with their places.
    `tell` is called with the number of seats taken in so far, which are nobody's until all are.
    `details` are plain columns of the receipt: delivery_reference, delivered_on, fulfillment,
    transfer_details; and `received_at` for what came earlier than now. Writes acquisitions, ownership,
    the receipt, what is owed and the ledger, and compares invoices that waited for these seats, all or
    nothing. Returns the DeliveryReceipt. Raises NotExpected, OverReceipt, NotReceivable or CodeKnown.
    """
    order = lock_one(PurchaseOrder.objects.filter(pk=order.pk))
    if order.status not in RECEIVABLE:
        raise NotExpected(f"{order} is {order.status}; only confirmed orders are received.")
    lines = lock(order.lines.all())
    parts = _parts(lines, ordinals_by_line)
    receipt = _receipt(order, parts, by, details)
    because(f"receipt {receipt}", at=details.get("received_at"))
    failpoints.reach("receive.after_receipt")
    extras, seats = {part.line_id: part for part in came_with}, 0
    for line, ordinals in parts:
        for some in _taken_in(receipt, line, ordinals, extras.get(line.pk)):
            seats += len(some)
            tell(seats)
    failpoints.reach("receive.after_ownership")
    owe_for(receipt, at=details.get("received_at"))
    advance(order, lines)
    match_waiting(order)
    if order.status not in RECEIVABLE:
        credit_surplus(order)
    record(StockReceived(receipt_id=receipt.pk))
    failpoints.reach("receive.before_commit")
    return receipt


def _parts(lines, ordinals_by_line):
    """[(line, ordinals to receive)] with every ordinal still expected; raises OverReceipt."""
    received = _received(lines)
    parts = []
    for line in lines:
        arrived = received.get(line.pk, ())
        outstanding = [o for o in line.ordinals if o not in arrived] if line.outstanding else []
        wanted = outstanding if ordinals_by_line is None else ordinals_by_line.get(line.pk, [])
        extra = set(wanted) - set(outstanding)
        surplus = len(extra) or len(wanted) - len(set(wanted))
        if surplus:
            raise OverReceipt(
                f"{line}: {many(surplus, 'place')} already arrived or never ordered. "
                "Nothing was received.",
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


def _receipt(order, parts, by, details):
    at = details.get("received_at")
    day = at.astimezone(current_zone()).date() if at else local_today()
    amount = total((amount_of(line, ordinals) for line, ordinals in parts), order.currency)
    return DeliveryReceipt.objects.create(
        number=f"GR-{day.year}-{next_number(f'receipt-{day.year}'):04d}",
        order=order,
        received_by=by,
        seats=sum(len(ordinals) for _, ordinals in parts),
        amount=amount.amount,
        currency=order.currency,
        **{"delivered_on": day, "fulfillment": order.fulfillment, **details},
    )


def _taken_in(receipt, line, ordinals, extras):
    """Owns places of a line, batch by batch; gives the ordinals of each when it is done. `extras` is
    the Part that says what came with them, or None."""
    shares = shares_of(line)
    for start in range(0, len(ordinals), BATCH):
        some = ordinals[start : start + BATCH]
        _take_in(receipt, line, {ordinal: shares[ordinal] for ordinal in some}, extras)
        yield some
    ReceiptLine.objects.create(
        receipt=receipt,
        line=line,
        quantity=len(ordinals),
        amount=amount_of(line, ordinals).amount,
        currency=line.currency,
        places=words_for(line, ordinals),
    )
    type(line).objects.filter(pk=line.pk).update(received=F("received") + len(ordinals))


def _take_in(receipt, line, shares, extras):
    """Owns places of a line; `shares` is {ordinal: its part of the extra costs}."""
    retail = None if line.retail_price is None else Money(line.retail_price, line.currency)
    paid = {share: line.cost + share for share in set(shares.values())}
    costs = {ordinal: paid[share] for ordinal, share in shares.items()}
    seat_ids = take_ownership(event=line.event, costs=costs, price=retail)
    in_hand = extras.in_hand if extras else {}
    seats = [(seat_ids[ordinal], share, in_hand.get(ordinal)) for ordinal, share in shares.items()]
    acquired = _acquire(receipt, line, seats)
    if extras:
        _keep_codes(extras, {ordinal: acquired[seat_ids[ordinal]] for ordinal in shares})


def _acquire(receipt, line, seats):
    """{EventSeat id: Acquisition id} of [(EventSeat id, share of extra costs, day in hand or None)]."""
    ids, shares, days = zip(*seats, strict=True)
    wanted = {
        "seats": list(ids),
        "landed": [share.amount for share in shares],
        "in_hand": list(days),
        "line": line.pk,
        "receipt": receipt.pk,
        "supplier": receipt.order.supplier_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(ACQUIRE, wanted)
        return {seat: acquisition for acquisition, seat in cursor.fetchall()}


def _keep_codes(part, acquisitions):
    """Keeps the supplier's own barcodes and files apart from our codes; raises CodeKnown.
    `acquisitions` is {ordinal: Acquisition id}."""
    given = sorted((part.codes.keys() | part.files.keys()) & acquisitions.keys())
    rows = [
        SupplierCode(
            acquisition_id=acquisitions[ordinal],
            barcode=part.codes.get(ordinal, ""),
            **_file(part.files.get(ordinal, "")),
        )
        for ordinal in given
    ]
    try:
        with transaction.atomic():
            SupplierCode.objects.bulk_create(rows, batch_size=1_000)
    except IntegrityError as error:
        if broken_constraint(error) != "one_supplier_code":
            raise
        raise CodeKnown(
            "One of the barcodes came with another place before. Nothing was received."
        ) from error


def _file(file):
    return {"link": file} if is_address(file) else {"file_name": file}
