"""Reserving: all places or none, the price frozen, tickets and the payment's row, in one
transaction. Whoever comes after a lapsed reservation takes its places over himself."""

import random
import time
from copy import copy
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial, wraps
from uuid import UUID

from django.db import IntegrityError
from django.utils import timezone

from bookings.clients import ANYBODY, Client
from bookings.models import AMOUNTS, TOO_MANY_HOLDS, Booking, BookingItem, Channel, Status
from bookings.services.codes import CodeRefused, apply, email_of, reckon_with
from bookings.services.expire import expire_in
from bookings.services.limits import refused_in_words
from core import failpoints
from core.errors import DomainError, Invalid
from core.ids import reference, uuid7
from core.money import Money
from core.postgres.rows import insert
from core.transactions import broken_constraint, use_case
from events.charges import kept, sold_under
from events.models import SplitRule
from inventory.models import EventSeat, StockChannel
from inventory.picking import (
    NoSuchGroup,
    Party,
    Split,
    choose,
    house_of,
    left_odd,
    stands,
)
from inventory.picking.states import FREE, TAKEN
from inventory.queries import named_places
from inventory.services import (
    NotOnSale,
    SeatsLocked,
    SeatsTaken,
    claim,
    claim_standing,
    claim_unlocked,
    lapsed_claims,
)
from payments.services import new_payment
from promotions.presales import Pass
from promotions.services import Context, redeem
from tickets.services import new_tickets

# How long, in seconds, a buyer stands back from chosen places that somebody is just taking.
PAUSES = (0.005, 0.015, 0.045)
# Of how many near-best groups one is drawn, so that buyers of one moment seldom want the same.
SPREAD = 4
# How often the best places are looked for in what is free at that moment. Each time somebody was
# faster the draw is four times wider, so four suffice for hundreds at once; the rest is for waiting.
READS = 24
LONGEST_PAUSE = 0.25


class TooMany(Invalid):
    """More places than one booking may hold, or none."""

    code = "wrong_quantity"


class LeavesAlone(DomainError):
    """The choice parts a row as the event does not allow, while there is a better one. `left` are the
    NamedPlaces that would hardly be sold."""

    code = "leaves_places_alone"

    def __init__(self, left):
        names = [place.name for place in left[:3]]
        more = len(left) - len(names)
        places = ", ".join(names) + (f" and {more} more" if more else "")
        super().__init__(
            f"This choice would leave {places} on its own. Choose places that leave no such gap."
            if len(left) == 1
            else f"This choice would leave a gap that cannot be sold: {places}.",
            left=[place.ordinal for place in left],
        )


class TooManyHolds(DomainError):
    """The client has as many unpaid reservations as one may have."""

    code = TOO_MANY_HOLDS
    status = 429


@dataclass(frozen=True)
class Sale:
    """Through which channel and key places are sold, to which customer if that is known, and at
    whose call. `stock` is whose allotment may be sold beside what is open to all, `seconds` how
    long the places are kept unpaid if not as long as the event says; what is complimentary costs
    nothing. `codes` are those of promotions, as typed: each takes something off, or nothing is
    sold. `admitted` is the Pass of who comes through the presale by which the event is seen.
    """

    channel: str = Channel.WEB
    seller_key: UUID | None = None
    customer_id: UUID | None = None
    client: Client = ANYBODY
    stock: str = StockChannel.WEB
    seconds: int | None = None
    is_complimentary: bool = False
    codes: tuple[str, ...] = ()
    admitted: Pass | None = None


WEB_SALE = Sale()


def or_to_all(reserve):
    """Reserves an event that is seen through a presale by the Pass of the sale. A presale that ends
    while its buyer asks ends into the sale to all: there he is asked for nothing."""

    @wraps(reserve)
    def reserved(*, event, sale=WEB_SALE, **wanted):
        if event.presale_id is None:
            return reserve(event=event, sale=replace(sale, admitted=None), **wanted)
        try:
            return reserve(event=event, sale=sale, **wanted)
        except NotOnSale:
            event = copy(event)
            event.presale_id = event.presale_most = None
            return reserve(event=event, sale=replace(sale, admitted=None), **wanted)

    return reserved


@or_to_all
def reserve(*, event, ordinals, sale=WEB_SALE):
    """Reserves these places of an event for one buyer; returns the Booking, its BookingItems with
    their tickets as `item_list`.

    Raises NotOnSale, TooMany, LeavesAlone, TooManyHolds, OverLimit, CodeRefused, NotRedeemed, or
    SeatsTaken naming the places lost: those sold or reserved, and those that somebody else is taking
    at this moment. Nothing is written then.
    """
    ordinals = _checked(event, ordinals)
    _check_split(event, ordinals, sale)
    for pause in PAUSES:
        try:
            return _take(event, ordinals, sale)
        except SeatsLocked:
            _stand_back(pause)
    return _take(event, ordinals, sale, claim_unlocked)


def _stand_back(seconds):
    time.sleep(random.uniform(0.5, 1.5) * seconds)  # noqa: S311 - jitter, no secret


def _take(event, ordinals, sale, how=claim):
    """The Booking of these places; they may have been another's whose time is over."""
    claimed = partial(how, event=event, ordinals=ordinals, channel=sale.stock)
    try:
        return _reserve(event, claimed, sale)
    except SeatsLocked:
        raise
    except SeatsTaken as taken:
        lapsed = lapsed_claims(event=event, ordinals=taken.ordinals)
        if not lapsed:
            raise
    return _take_over(event, ordinals, claimed, sale, lapsed)


@dataclass(frozen=True)
class Wish:
    """What the best places should be like: `level` a PriceLevel id, `section` a label, `at_most` the
    price before fees that none of them exceeds, `near` the ordinal of a place to be close to."""

    quantity: int
    level: UUID | None = None
    section: str | None = None
    together: bool = True
    wheelchair: bool = False
    at_most: Decimal | None = None
    near: int | None = None

    def party_in(self, house, event):
        """The Party that wishes this in an event's House; raises Invalid for an unknown place."""
        if self.near is not None and not 0 <= self.near < len(house):
            raise Invalid("There is no such place to be near to.")
        return Party(
            size=self.quantity,
            section=self.section,
            together=self.together,
            wheelchair=self.wheelchair,
            near=None if self.near is None else house.middle([self.near]),
            split=Split.of(event),
        )


@or_to_all
def reserve_best(*, event, wish, sale=WEB_SALE):
    """Chooses and reserves the best places for a Wish; returns and raises like `reserve`, or raises
    NoSuchGroup when nothing that is free fits.

    Nobody waits in a queue: who loses a place looks at once for another, farther around. Only when
    all that is left is what others are just taking does he stand back until they have it or not.
    """
    _check_quantity(event, wish.quantity)
    Split.of(event).check(wish.quantity)
    _check_sale(event)
    lost, last, pause = set(), None, PAUSES[0]
    for read in range(READS):
        try:
            return _take_best(event, wish, sale, lost, SPREAD * 4 ** min(read, 8))
        except SeatsTaken as taken:
            last = taken
            lost.update(taken.ordinals)
        except NoSuchGroup:
            if not lost:
                raise
            lost.clear()
            _stand_back(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
    raise SeatsTaken(last.ordinals)


def _take_best(event, wish, sale, lost, spread):
    """One try; raises SeatsTaken with places that are not to be tried again now."""
    house = house_of(event.layout_id)
    now = stands(event, level=wish.level, at_most=wish.at_most, channel=sale.stock)
    if not wish.wheelchair and not _has_seats(house, now, wish.section):
        try:
            return _reserve(event, _any_standing(event, wish, sale), sale)
        except SeatsTaken:
            pass  # what others are at, or have let lapse, is looked for below
    now = bytearray(now)
    for ordinal in lost:
        now[ordinal] = TAKEN
    return _take(event, choose(house, now, wish.party_in(house, event), spread=spread), sale)


def best_places(event, wish, *, channel=StockChannel.WEB):
    """The ordinals a Wish would be given now, without taking them; raises NoSuchGroup."""
    house = house_of(event.layout_id)
    now = stands(event, level=wish.level, at_most=wish.at_most, channel=channel)
    return choose(house, now, wish.party_in(house, event))


def best_groups(event, wish, *, count=1, channel=StockChannel.WEB, is_seated=False):
    """Up to `count` groups (lists of ordinals) that a Wish would be given now, the best first, no place
    in two of them, without taking any; seats only where it `is_seated`.

    Raises NoSuchGroup when there is none, TooMany and NotOnSale as `reserve_best` does.
    """
    _check_quantity(event, wish.quantity)
    Split.of(event).check(wish.quantity)
    _check_sale(event)
    house = house_of(event.layout_id)
    now = bytearray(stands(event, level=wish.level, at_most=wish.at_most, channel=channel))
    for ordinal in house.standing if is_seated else ():
        now[ordinal] = TAKEN
    party, groups = wish.party_in(house, event), []
    while len(groups) < count:
        try:
            groups.append(choose(house, now, party))
        except NoSuchGroup:
            if not groups:
                raise
            break
        for ordinal in groups[-1]:
            now[ordinal] = TAKEN
    return groups


def objections(*, event, ordinals, sale=WEB_SALE):
    """[DomainError]: what `reserve` would refuse these places for now, as far as looking tells; takes
    nothing. What one person may have, and codes, are asked when he reserves."""
    found = _refusals(lambda: _checked(event, ordinals))
    now = stands(event, channel=sale.stock)
    lost = {ordinal for ordinal in ordinals if ordinal >= len(now) or now[ordinal] == TAKEN}
    if lost:
        return [*found, SeatsTaken(lost)]
    return found or _refusals(lambda: _check_split(event, ordinals, sale))


def _refusals(check):
    try:
        check()
    except DomainError as refused:
        return [refused]
    return []


def _has_seats(house, now, section):
    """Whether any place but standing ones fits."""
    return any(
        FREE in now[bench.start : bench.end]
        for bench in (house.benches if section is None else house.sections.get(section, ()))
    )


def _any_standing(event, wish, sale):
    return partial(
        claim_standing,
        event=event,
        within={"level": wish.level, "section": wish.section, "at_most": wish.at_most},
        quantity=wish.quantity,
        channel=sale.stock,
    )


def _checked(event, ordinals):
    """The wanted places, known to be a sensible set for an event that sells now."""
    ordinals = list(ordinals)
    _check_quantity(event, len(ordinals))
    if len(set(ordinals)) != len(ordinals):
        raise TooMany("The same place was asked for twice.")
    _check_sale(event)
    return ordinals


def _check_split(event, ordinals, sale):
    """Whether a row may be parted like this, judged on what this buyer could take instead."""
    split = Split.of(event)
    split.check(len(ordinals))
    if split.rule != SplitRule.ANY:
        dearest = max((place.price or 0 for place in named_places(event.pk, ordinals)), default=0)
        now = stands(event, at_most=dearest, channel=sale.stock)
        left = left_odd(house_of(event.layout_id), now, ordinals, split)
        if left:
            raise LeavesAlone(named_places(event.pk, left))


def _check_sale(event):
    """Says no early; the claim asks again, of the event as it is then, by the database's clock."""
    if event.presale_id is None and not event.sells_at(timezone.now()):
        raise NotOnSale(f"{event} is not on sale at the moment.")


def _check_quantity(event, quantity):
    most = event.most_in_a_booking
    if not 1 <= quantity <= most:
        of = "this event" if most == event.max_per_booking else "this event's presale"
        raise TooMany(f"One booking holds 1 to {most} places of {of}.")


@use_case
def _reserve(event, claimed, sale):
    return claim_and_write(event, claimed, sale)


@use_case
def _take_over(event, ordinals, claimed, sale, lapsed):
    seats = EventSeat.objects.at(event, ordinals).values_list("pk", flat=True)
    expire_in(lapsed, and_lock=seats)
    return claim_and_write(event, claimed, sale)


def claim_and_write(event, claimed, sale):
    """The Booking of what `claimed(reference=, seconds=)` takes, inside the caller's transaction."""
    booking_id = uuid7()
    seats = claimed(reference=booking_id, seconds=sale.seconds or event.reservation_ttl)
    failpoints.reach("reserve.after_claim")
    booking = _write(booking_id, event, seats, sale)
    failpoints.reach("reserve.before_commit")
    return booking


def _write(booking_id, event, seats, sale):
    """Tickets, booking, payment and items in one statement: each round trip costs as much as the
    rows do."""
    tickets = new_tickets(event=event, seats=seats)
    terms = sold_under(event, sale.channel)
    buyer = email_of(sale.customer_id) if sale.codes or sale.admitted else ""
    charged, applied = _reckoned(event, seats, sale, terms, buyer)
    items = _items(booking_id, seats, tickets, charged)
    booking = _booking(booking_id, event, charged, sale, kept(terms), until=seats[0].until)
    payments = [_payment(booking)] if booking.total else []
    try:
        with refused_in_words(booking):
            insert(tickets, [booking], *([payment] for payment in payments), items)
    except IntegrityError as error:
        _refuse_hoarding(error, booking)
    redeem(
        applied,
        reference=booking_id,
        until=booking.reserved_until,
        email=buyer,
        admitted=sale.admitted,
    )
    booking.item_list = items
    return booking


def _booking(booking_id, event, charged, sale, terms_id, until):
    return Booking(
        id=booking_id,
        number=_number(),
        event=event,
        customer_id=sale.customer_id,
        channel=sale.channel,
        seller_key=sale.seller_key,
        client=sale.client.name,
        client_may_hold=sale.client.may_hold,
        status=Status.RESERVED,
        ticket_count=len(charged.lines),
        **{name: charged.sum(name).amount for name in AMOUNTS},
        waived=charged.waived.amount,
        currency=event.currency,
        terms_id=terms_id,
        reserved_until=until,
    )


def _refuse_hoarding(error, booking):
    """Raises TooManyHolds if that is what the database said, else the error."""
    if broken_constraint(error) != TOO_MANY_HOLDS:
        raise error
    raise TooManyHolds(
        f"You already have {booking.client_may_hold} unpaid reservations. Pay one or let it go, "
        "then reserve more. Nothing was reserved."
    ) from error


def _payment(booking):
    return new_payment(reference=booking.pk, money=booking.money, description=booking.in_words)


def _reckoned(event, seats, sale, terms, buyer):
    """(Reckoning, Applied) of these places; what is complimentary costs nothing."""
    prices = [Money(0 if sale.is_complimentary else seat.price, seat.currency) for seat in seats]
    applied = apply(
        sale.codes,
        event=event,
        seats=[seat.id for seat in seats],
        prices=prices,
        terms=terms,
        context=Context(event.currency, sale.channel, email=buyer),
    )
    for no in applied.refused:
        raise CodeRefused(no)
    return reckon_with(applied, prices, terms)


def _items(booking_id, seats, tickets, charged):
    """The prices of this moment; what a seat costs the buyer never changes afterwards."""
    return [
        BookingItem(
            booking_id=booking_id,
            ticket=ticket,
            event_seat_id=seat.id,
            position=position,
            **{name: getattr(line, name).amount for name in AMOUNTS},
            cost=seat.cost,
            currency=seat.currency,
        )
        for position, (seat, ticket, line) in enumerate(
            zip(seats, tickets, charged.lines, strict=True), start=1
        )
    ]


def _number():
    """BCDF-2345: random, never sequential; readable aloud."""
    letters = reference(8)
    return f"{letters[:4]}-{letters[4:]}"
