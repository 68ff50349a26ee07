"""The life of a presale: written, at work, over."""

from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_hex

from django.db import IntegrityError, transaction

from core.errors import DomainError, Invalid
from core.locks import database_now, lock_one
from core.status import WrongState
from core.transactions import broken_constraint, use_case
from events.models import Event
from events.models import Status as EventStatus
from events.services import open_sale
from inventory.models import EventSeat, Presale, PresalePlace, PresaleStatus
from inventory.waking import wake
from promotions.models import Code, Promotion, Status, Type

ON_A_LIST = "On a list"
AT_ONCE = 5000


class NameTaken(DomainError):
    """The event has a presale of this name."""

    code = "presale_name_taken"


@dataclass(frozen=True)
class Terms:
    """What staff say of a presale. `levels` and `lists` are ids; limits are None for none: `bookings`
    in all, `bookings_each` and `tickets_each` of one buyer."""

    name: str
    starts_at: datetime
    ends_at: datetime | None = None
    levels: list = field(default_factory=list)
    lists: list = field(default_factory=list)
    bookings: int | None = None
    bookings_each: int | None = None
    tickets_each: int | None = None


OF_PRESALE = ("name", "starts_at", "ends_at", "levels", "lists")


@use_case
def make(*, event, terms, by=None):
    """A draft with the code that counts who is on its lists. Raises Invalid or NameTaken."""
    check(event, terms)
    presale = _named(
        lambda: Presale.objects.create(event=event, made_by=by, **_of_presale(terms)), terms
    )
    offer = Promotion.objects.create(
        name=_offer_name(presale),
        type=Type.PRESALE,
        presale=presale,
        currency=event.currency,
        made_by=by,
        **_limits(terms),
    )
    Code.objects.create(promotion=offer, text=ON_A_LIST, digest=token_hex(16), is_listed=True)
    return presale


@use_case
def change(presale_id, terms):
    """Writes other terms; those who hold or have bought places keep them. Returns the Presale. Raises
    Invalid, NameTaken, or WrongState for one that has ended."""
    presale = lock_one(Presale.objects.select_related("event").filter(pk=presale_id))
    if presale.status == PresaleStatus.ENDED:
        raise WrongState(f"{presale} has ended. Make another.")
    check(presale.event, terms)
    for name, value in _of_presale(terms).items():
        setattr(presale, name, value)
    _named(presale.save, terms)
    offer = lock_one(Promotion.objects.filter(presale=presale))
    offer.name = _offer_name(presale)
    for name, value in _limits(terms).items():
        setattr(offer, name, value)
    offer.save(update_fields=["name", *_limits(terms)])
    wake(presale.event_id)
    return presale


@use_case
def choose_places(presale_id, ordinals):
    """The presale is for these places of its event only; for none of them: for all of its levels."""
    presale = lock_one(Presale.objects.filter(pk=presale_id))
    if presale.status == PresaleStatus.ENDED:
        raise WrongState(f"{presale} has ended. Make another.")
    seats = EventSeat.objects.at(presale.event_id, ordinals).values_list("pk", flat=True)
    presale.places.all().delete()
    PresalePlace.objects.bulk_create(
        (PresalePlace(presale=presale, seat_id=seat) for seat in seats), batch_size=AT_ONCE
    )
    presale.is_by_place = bool(ordinals)
    presale.save(update_fields=["is_by_place"])
    wake(presale.event_id)
    return presale


@use_case
def activate(presale_id):
    """Lets buyers in from its start on. Its event is put on sale, which the hours of its sale still
    bound: so no job stands between the presale and the sale to all. Returns the Presale.

    Raises WrongState for an event that is not published, or whose sale somebody stopped.
    """
    presale = _locked_after_event(presale_id)
    event = presale.event
    if event.status == EventStatus.PUBLISHED and not event.is_sale_stopped:
        open_sale(event.pk)
    elif event.status not in (EventStatus.ON_SALE, EventStatus.SOLD_OUT):
        raise WrongState(f"{event} is {event.get_status_display().lower()}: nothing of it is sold.")
    if (presale.ends_at or event.sale_starts_at) <= max(presale.starts_at, database_now()):
        raise Invalid(
            "It would be over before it begins: give it another end, or an earlier start."
        )
    presale.move_to(PresaleStatus.ACTIVE)
    presale.save(update_fields=["status"])
    _move_offer(presale, Status.ACTIVE)
    wake(event.pk)
    return presale


@use_case
def end(presale_id):
    """It is over at this moment; what is reserved or sold in it stays. Returns the Presale."""
    presale = lock_one(Presale.objects.filter(pk=presale_id))
    presale.move_to(PresaleStatus.ENDED)
    presale.ended_at = database_now()
    presale.save(update_fields=["status", "ended_at"])
    _move_offer(presale, Status.ENDED)
    wake(presale.event_id)
    return presale


def offer_of(presale):
    """The Promotion that has the codes, limits and uses of a presale."""
    return Promotion.objects.get(presale=presale)


def _locked_after_event(presale_id):
    event = Presale.objects.values_list("event", flat=True).get(pk=presale_id)
    lock_one(Event.objects.filter(pk=event))
    return lock_one(Presale.objects.select_related("event").filter(pk=presale_id))


def _move_offer(presale, status):
    offer = lock_one(Promotion.objects.filter(presale=presale))
    offer.move_to(status)
    offer.save(update_fields=["status"])


def check(event, terms):
    """Raises Invalid for a window that cannot be, or levels of another event."""
    if terms.ends_at and terms.ends_at <= terms.starts_at:
        raise Invalid("It ends after it has begun.")
    if terms.ends_at is None and event.sale_starts_at <= terms.starts_at:
        raise Invalid(
            "The sale to all begins before this presale: give it an end of its own, and set places "
            "aside for presales in an allocation plan."
        )
    if terms.starts_at >= event.starts_at:
        raise Invalid("It begins before the event does.")
    if event.levels.filter(pk__in=terms.levels).count() < len(terms.levels):
        raise Invalid(f"Choose price levels of {event} only.")


def _named(write, terms):
    try:
        with transaction.atomic():
            return write()
    except IntegrityError as error:
        if broken_constraint(error) != "one_presale_per_name":
            raise
        raise NameTaken(f"This event has a presale called {terms.name} already.") from error


def _of_presale(terms):
    return {name: getattr(terms, name) for name in OF_PRESALE}


def _offer_name(presale):
    return f"{presale.event.slug[:60]}: {presale.name}"[:120]


def _limits(terms):
    return {
        "usage_limit": terms.bookings,
        "usage_limit_per_customer": terms.bookings_each,
        "tickets_per_customer": terms.tickets_each,
    }
