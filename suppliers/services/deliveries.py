"""A delivery from the paste to the receipt: kept, read as often as it is corrected, received once."""

import hashlib
from datetime import date
from uuid import UUID

from django.db.models.functions import Now

from core.errors import DomainError, Invalid
from core.locks import lock_one
from core.money import total
from core.outbox import record
from core.progress import teller, told_of
from core.transactions import use_case
from suppliers.facts import DeliveryAsked
from suppliers.models import Delivery, DeliveryDocument
from suppliers.reading import Part, read_delivery
from suppliers.services.landed import amount_of
from suppliers.services.receiving import receive_delivery

EXTRAS = ("codes", "files", "in_hand")


class AlreadyAsked(DomainError):
    """A delivery that is being received, or was, is not changed any more."""

    code = "already_asked"


@use_case
def keep_delivery(*, order, by, delivery=None, **fields):
    """Keeps what a supplier sent, or what became of a `delivery` by correcting it. `fields`: text,
    file_name, event (of the order, or None), details ({column of the receipt: value})."""
    if delivery is None:
        return Delivery.objects.create(order=order, made_by=by, **fields)
    delivery = _not_asked(delivery)
    for name, value in fields.items():
        setattr(delivery, name, value)
    delivery.save(update_fields=list(fields))
    return delivery


@use_case
def discard_delivery(*, delivery):
    """Throws away what was kept and not asked for; raises AlreadyAsked for any other."""
    _not_asked(delivery).delete()


def cost_of(order, parts):
    """What these Parts of an order cost, extra costs included, as Money."""
    lines = order.lines.in_bulk([part.line_id for part in parts])
    amounts = (amount_of(lines[part.line_id], part.ordinals) for part in parts)
    return total(amounts, order.currency)


def reading_of(delivery):
    """The Reading of a kept delivery against what its order expects now; raises Unreadable."""
    return read_delivery(delivery.order, delivery.text, event_id=delivery.event_id)


@use_case
def ask_for(*, delivery, parts):
    """Asks to receive these Parts. `carry_out` does it: at once where somebody waits for it, by a
    worker in any case. Raises AlreadyAsked."""
    delivery = _not_asked(delivery)
    if not parts:
        raise Invalid("There is nothing to receive in it.")
    delivery.parts = [_spelled(part) for part in parts]
    delivery.seats = sum(len(part.ordinals) for part in parts)
    delivery.asked_at = Now()
    delivery.save(update_fields=["parts", "seats", "asked_at"])
    record(DeliveryAsked(delivery_id=delivery.pk))
    return Delivery.objects.get(pk=delivery.pk)


def carry_out(delivery_id):
    """Receives a delivery that was asked for, once; a refusal is kept with it. Returns the Delivery."""
    try:
        return _received(delivery_id)
    except DomainError as refusal:
        return _refused(delivery_id, refusal.message)


@use_case
def _received(delivery_id):
    delivery = lock_one(Delivery.objects.filter(pk=delivery_id))
    if not delivery.is_under_way:
        return delivery
    parts = [_part(spelled) for spelled in delivery.parts]
    delivery.receipt = receive_delivery(
        order=delivery.order,
        ordinals_by_line={part.line_id: list(part.ordinals) for part in parts},
        by=delivery.made_by,
        came_with=parts,
        tell=teller(delivery),
        **_columns(delivery.details),
    )
    delivery.done_at = Now()
    delivery.save(update_fields=["receipt", "done_at"])
    return delivery


def seats_so_far(delivery):
    """How many seats of a delivery that is being received are taken in, as far as is known. Only all of
    them count: until then none is anybody's."""
    seats, *_ = told_of(delivery) or (0,)
    return seats


@use_case
def _refused(delivery_id, problem):
    delivery = lock_one(Delivery.objects.filter(pk=delivery_id))
    if delivery.is_under_way:
        delivery.problem, delivery.done_at = problem, Now()
        delivery.save(update_fields=["problem", "done_at"])
    return delivery


@use_case
def keep_document(*, order, name, content, content_type, by):
    """Keeps a file of the supplier as it came, once. Raises Invalid for one that is empty or huge."""
    if not 0 < len(content) <= DeliveryDocument.MAX_BYTES:
        most = DeliveryDocument.MAX_BYTES >> 20
        raise Invalid(f"A file has between one byte and {most} MB; {name[:60]} was not kept.")
    digest = hashlib.sha256(content).hexdigest()
    kept = DeliveryDocument.objects.filter(order=order, sha256=digest).defer("content").first()
    return kept or DeliveryDocument.objects.create(
        order=order,
        name=name[-120:],
        content_type=content_type[:80],
        content=content,
        size=len(content),
        sha256=digest,
        added_by=by,
    )


def _not_asked(delivery):
    delivery = lock_one(Delivery.objects.filter(pk=delivery.pk))
    if delivery.asked_at:
        raise AlreadyAsked("This delivery was received already, or is just being received.")
    return delivery


def _spelled(part):
    """A Part as JSON."""
    days = {ordinal: day.isoformat() for ordinal, day in part.in_hand.items()}
    return {
        "line": str(part.line_id),
        "ordinals": list(part.ordinals),
        "codes": part.codes,
        "files": part.files,
        "in_hand": days,
    }


def _part(spelled):
    """The Part that was spelled; JSON has text for keys."""
    extras = {name: {int(o): value for o, value in spelled[name].items()} for name in EXTRAS}
    extras["in_hand"] = {o: date.fromisoformat(day) for o, day in extras["in_hand"].items()}
    return Part(UUID(spelled["line"]), tuple(spelled["ordinals"]), **extras)


def _columns(details):
    """The columns of the receipt that were filled in."""
    given = {name: value for name, value in details.items() if value}
    if "delivered_on" in given:
        given["delivered_on"] = date.fromisoformat(given["delivered_on"])
    return given
