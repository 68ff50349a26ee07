"""Sixty days of sales, the reservations of this minute, one payment that came too late, and one that a
bank took back."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import groupby

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from bookings.models import Booking
from bookings.services import confirm, contact, expire_lapsed, reserve
from bookings.services.expire import expire_in
from config.history import sell_in_bulk
from core.ids import reference
from inventory.models import EventSeat
from payments.adapters import ProviderDispute
from payments.ledger import post
from payments.models import Account, Payment, Refund
from payments.services import refund as refunds
from payments.services.disputes import record_disputes
from venues.models import LayoutSeat

PARTIES = {1: 14, 2: 52, 3: 12, 4: 18, 5: 3, 6: 1}
LAST = 3.0
"""Added to the rank of places that are sold last."""
CAME = 0.94


@dataclass(frozen=True)
class Box:
    """The box office: who buys, and the dice."""

    public: list
    buyers: dict
    chance: object


def sell_the_past(event, night, box):
    """Past sales until the night's share of our places is gone, or only `left` are."""
    groups = _in_order_of_demand(event, box.chance)
    total = sum(len(group) for group in groups)
    wanted = round(total * night.sold) if night.left is None else total - night.left
    ordinals = [ordinal for group in groups for ordinal in group][:wanted]
    _sell(event, ordinals, box.public, box.chance, PARTIES)


def _sell(event, ordinals, customers, chance, party_sizes):
    now = timezone.now().astimezone(event.zone)
    over = event.starts_at <= now
    if not ordinals:
        return []
    return sell_in_bulk(
        event,
        ordinals,
        customers=customers,
        bought_between=(
            event.sale_starts_at.astimezone(event.zone),
            min(now, event.sale_ends_at.astimezone(event.zone)),
        ),
        party_sizes=party_sizes,
        used=CAME if over else 0,
        chance=chance,
    )


def _in_order_of_demand(event, chance):
    """Sellable places in little groups of neighbours, the ones that go first at the front.

    Near rows and dear sections go first, but not strictly; wheelchair spaces are kept to the last.
    """
    places = (
        event.seats.sellable()
        .order_by("ordinal")
        .values_list(
            "ordinal", "seat__section_id", "seat__row_position", "seat__kind", "level__position"
        )
    )
    ranked = []
    for (_, row, kind, position), run in groupby(places, key=lambda place: place[1:]):
        ordinals = [place[0] for place in run]
        while ordinals:
            size = chance.choices(list(PARTIES), list(PARTIES.values()))[0]
            rank = chance.gauss(row * 0.05 - position * 0.15, 1) + LAST * (kind in LATE)
            ranked.append((rank, ordinals[:size]))
            ordinals = ordinals[size:]
    return [group for _, group in sorted(ranked)]


LATE = (LayoutSeat.Kind.WHEELCHAIR, LayoutSeat.Kind.COMPANION)


def sell_to(customer, event, *, section, row, seats, chance):
    """One booking of a buyer we know, of seats we know; returns the Booking."""
    places = event.seats.sellable().filter(
        seat__section__label=section, seat__row=row, seat__label__in=seats
    )
    ordinals = list(places.values_list("ordinal", flat=True))
    [booking_id] = _sell(event, ordinals, [customer], chance, {len(seats): 1})
    return Booking.objects.get(pk=booking_id)


def reserve_now(event, box, *, ends_in):
    """Somebody is at the checkout this minute: `ends_in` seconds remain. Returns the Booking."""
    booking = reserve(event=event, ordinals=_neighbours(event, box.chance))
    if box.chance.random() < 0.6:
        _introduce(booking, box.chance.choice(box.public))
    _let_pass(booking, timedelta(seconds=event.reservation_ttl - ends_in))
    return booking


def let_expire(event, box, *, days_ago):
    """A reservation of some days ago that was never paid; returns the Booking."""
    booking = reserve(event=event, ordinals=_neighbours(event, box.chance))
    _introduce(booking, box.chance.choice(box.public))
    _let_pass(booking, timedelta(days=days_ago))
    expire_lapsed(booking.pk)
    Booking.objects.filter(pk=booking.pk).update(closed_at=F("reserved_until"))
    return booking


def _introduce(booking, customer):
    contact(booking.pk, email=customer.email, name=customer.name)


def _let_pass(booking, time):
    """As if the reservation had been made that much earlier."""
    Booking.objects.filter(pk=booking.pk).update(
        reserved_at=F("reserved_at") - time, reserved_until=F("reserved_until") - time
    )
    EventSeat.objects.filter(claimed_by=booking.pk).update(claimed_until=F("claimed_until") - time)
    Payment.objects.filter(reference=booking.pk).update(created_at=F("created_at") - time)


def _neighbours(event, chance):
    """Two or three free places side by side."""
    free = sorted(event.seats.sellable().values_list("ordinal", flat=True))
    size = chance.choice((2, 2, 3))
    starts = [
        first
        for first, last in zip(free, free[size - 1 :], strict=False)
        if last == first + size - 1
    ]
    start = chance.choice(starts)
    return list(range(start, start + size))


def pay_too_late(event, box):
    """The bank took twenty minutes; somebody else had the seats by then, so all the money goes back.

    Returns the Booking.
    """
    ordinals = _neighbours(event, box.chance)
    booking = reserve(event=event, ordinals=ordinals)
    _introduce(booking, box.chance.choice(box.public))
    payment = _send_to_provider(booking)
    _let_pass(booking, timedelta(minutes=50))
    with transaction.atomic():
        expire_in([booking.pk])  # as the next buyer does it, who asks no provider
    _sell(event, ordinals, box.public, box.chance, {len(ordinals): 1})
    _capture(payment)
    confirm(booking.pk, payment_id=payment.pk)
    refund = Refund.objects.get(payment=payment)
    refunds.complete(refund.pk, f"re_sim_{reference(24).lower()}")
    return booking


def dispute_lately(event):
    """A bank has taken back the newest payment for the event, and waits for evidence."""
    bookings = Booking.objects.sold().filter(event=event).values("pk")
    payment = Payment.objects.filter(reference__in=bookings).latest("settled_at")
    now = timezone.now()
    told = ProviderDispute(
        ref=f"dp_sim_{reference(24).lower()}",
        payment_ref=payment.provider_payment_ref,
        state="needs_response",
        reason="fraudulent",
        amount=payment.amount,
        currency=payment.currency,
        is_withdrawn=True,
        created_at=now - timedelta(hours=5),
        evidence_due_at=now + timedelta(days=7),
        fee=Decimal(15),
        fee_currency=payment.currency,
    )
    record_disputes(payment.pk, [told], read=payment.disputes_read)


def _send_to_provider(booking):
    number = reference(24).lower()
    Payment.objects.filter(reference=booking.pk).update(
        status="PROCESSING",
        opened_at=Now(),
        provider_ref=f"cs_sim_{number}",
        provider_payment_ref=f"pi_sim_{number}",
    )
    return Payment.objects.get(reference=booking.pk)


def _capture(payment):
    Payment.objects.filter(pk=payment.pk).update(status="SUCCEEDED", settled_at=Now())
    post(
        source="payment",
        source_id=payment.pk,
        kind="captured",
        lines=[
            (Account.PROVIDER_CLEARING, payment.money),
            (Account.CUSTOMER_DEPOSITS, -payment.money),
        ],
    )
