"""The life of a draw as staff lead it: written, opened, frozen, drawn, more let in, called off."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from core.errors import DomainError, Invalid
from core.locks import database_now, lock, lock_one
from core.outbox import record
from core.status import WrongState
from core.transactions import broken_constraint, take_time, use_case
from customers.draws.reckoning import value_of
from customers.facts import DrawCalledOff, DrawDecided
from customers.models import BuyerList, Draw, DrawStatus, DrawWave
from customers.models.draw_rules import AN_HOUR, EVENT_OVER, SECOND, TOO_EARLY, TOO_LATE
from events.models import OVER, Event
from events.models import Status as EventStatus

HOUR = timedelta(hours=1)


class ListNameTaken(DomainError):
    """There is a buyer list of this name."""

    code = "list_name_taken"


class NeedsSecondPerson(DomainError):
    """Somebody else than who typed the value has to confirm it."""

    code = "needs_second_person"


@dataclass(frozen=True)
class Terms:
    """Said of a draw. A lottery draws `source_count` numbers, none above `source_highest`; a beacon
    has neither."""

    name: str
    opens_at: datetime
    closes_at: datetime
    places: int
    source: str
    source_kind: str
    source_at: datetime
    source_count: int | None = None
    source_highest: int | None = None
    source_url: str = ""
    reserve: int = 0


@use_case
def make(*, event, terms, by=None):
    """A draft, with the buyer list that it is for. Raises Invalid or ListNameTaken."""
    check(event, terms)
    buyers = _named(
        lambda: BuyerList.objects.create(name=terms.name, kind="DRAWN", made_by=by), terms
    )
    return Draw.objects.create(event=event, buyers=buyers, made_by=by, **vars(terms))


@use_case
def change(draw_id, terms):
    """Writes other terms of a draft. Returns the Draw; raises Invalid, ListNameTaken or WrongState."""
    draw = _locked(draw_id)
    if not draw.is_draft:
        raise WrongState(f"{draw} is published: what it says stays. Call it off and write another.")
    check(draw.event, terms)
    for name, value in vars(terms).items():
        setattr(draw, name, value)
    draw.save(update_fields=list(vars(terms)))
    draw.buyers.name = terms.name
    _named(lambda: draw.buyers.save(update_fields=["name"]), terms)
    return draw


@use_case
def open_registration(draw_id):
    """Everybody sees it from now on, and may enter while it is open. What it says stays. A registration
    that was to be open already is so from now on: its page never says that it was before."""
    draw = _locked(draw_id)
    if draw.closes_at - max(draw.opens_at, database_now()) < HOUR:
        raise Invalid("It would be open for less than an hour: give it another end.")
    draw.move_to(DrawStatus.OPEN)
    return _moved(draw, "status")


@use_case
def freeze(draw_id):
    """The list of entries as it is stays so, and its digest is public. Raises WrongState before the
    registration has closed, and once the source may be known."""
    draw = _locked(draw_id)
    draw.move_to(DrawStatus.FROZEN)
    take_time()
    return _moved(draw, "status")


@use_case
def type_value(draw_id, *, typed, by):
    """The source's value, once it is known. Draws at once, or waits for a second person if the agency
    has approvals. Returns the Draw; raises Invalid or WrongState."""
    draw = _locked(draw_id)
    draw.value = value_of(draw, typed)
    draw.typed_by = by
    draw.move_to(DrawStatus.TYPED)
    draw = _moved(draw, "status", "value", "typed_by")
    return draw if draw.needs_second else _draw(draw, by)


@use_case
def confirm_value(draw_id, *, typed, by):
    """A second person has read the source himself, and types what it says: the same, so it is drawn.
    Returns the Draw; raises NeedsSecondPerson, Invalid or WrongState."""
    draw = _locked(draw_id)
    if not draw.can_move_to(DrawStatus.DRAWN):
        raise WrongState(f"No value of {draw} waits to be confirmed.")
    if draw.typed_by_id == by.pk:
        raise NeedsSecondPerson("You have typed it: somebody else confirms it.")
    if value_of(draw, typed) != draw.value:
        raise Invalid("This is not what was typed first. Look at the source; one of you is wrong.")
    return _draw(draw, by)


@use_case
def refuse_value(draw_id, *, by):
    """A second person finds another value at the source: what was typed is taken back, and anybody may
    type it again. The audit trail keeps both. Returns the Draw."""
    draw = _locked(draw_id)
    if draw.typed_by_id == by.pk:
        raise NeedsSecondPerson("You have typed it: somebody else looks at it.")
    draw.move_to(DrawStatus.FROZEN)
    return _moved(draw, "status")


def _draw(draw, by):
    draw.confirmed_by = by
    draw.move_to(DrawStatus.DRAWN)
    take_time()
    draw = _moved(draw, "status", "confirmed_by")
    if draw.entered:
        record(DrawDecided(draw_id=draw.pk, after=0, last=draw.entered))
        DrawWave.objects.create(draw=draw, first=1, last=min(draw.places, draw.entered), made_by=by)
        draw.refresh_from_db()
    return draw


@use_case
def let_in(draw_id, *, count, after, by):
    """The next `count` of the reserve list, in its order. `after` is how many were in when staff
    looked, so that two who do it at once let in one wave. Returns the DrawWave; raises Invalid or
    WrongState."""
    draw = _locked(draw_id)
    if not draw.is_drawn:
        raise WrongState(f"{draw} is not drawn.")
    if draw.is_event_over:
        raise WrongState(WHY_NOT[EVENT_OVER])
    if draw.let_in != after:
        raise WrongState("Somebody has let in more meanwhile. Look at it again.")
    if not 0 < count <= draw.most - draw.let_in:
        raise Invalid(f"{draw.most - draw.let_in:,} more can be let in, not {count:,}.")
    wave = DrawWave.objects.create(draw=draw, first=after + 1, last=after + count, made_by=by)
    record(DrawDecided(draw_id=draw.pk, after=after, last=wave.last))
    return wave


@use_case
def call_off(draw_id, *, why):
    """Nobody is drawn, or nobody any more: its list opens nothing from now on, and who has bought keeps
    what he has. The page stays, and says why and since when, and who had entered is told. Returns the
    Draw."""
    draw = _locked(draw_id)
    draw.move_to(DrawStatus.CALLED_OFF)
    draw.why_off = why
    record(DrawCalledOff(draw_id=draw.pk, after=UUID(int=0)))
    return _moved(draw, "status", "why_off")


@use_case
def call_off_all(event_id):
    """Calls off the draws of an event that is over, but for those that are drawn."""
    event = Event.objects.get(pk=event_id)
    if event.status not in OVER:
        return
    was = "cancelled" if event.status == EventStatus.CANCELLED else "over"
    undrawn = [status for status, moves in Draw.MOVES.items() if DrawStatus.CALLED_OFF in moves]
    undrawn = [status for status in undrawn if status != DrawStatus.DRAWN]
    for draw in lock(Draw.objects.filter(event=event_id, status__in=undrawn)):
        call_off(draw.pk, why=f"The event is {was}.")


def check(event, terms):
    """Raises Invalid for what cannot be."""
    if event.status in OVER:
        raise Invalid(f"{event} is {event.get_status_display().lower()}: nothing of it is sold.")
    if terms.closes_at <= terms.opens_at:
        raise Invalid("The registration closes after it has opened.")
    if terms.closes_at - terms.opens_at < HOUR:
        raise Invalid("The registration is open for an hour, at least.")
    if terms.source_at - terms.closes_at < HOUR:
        raise Invalid("The source is known an hour after the registration closes, at the earliest.")
    if terms.source_at >= event.starts_at:
        raise Invalid("The source is known before the event begins.")


def _locked(draw_id):
    return lock_one(Draw.objects.select_related("event", "buyers").filter(pk=draw_id))


def _moved(draw, *fields):
    """Saves these, and reads what the database has made of it."""
    try:
        with transaction.atomic():
            draw.save(update_fields=fields)
    except IntegrityError as error:
        if broken_constraint(error) not in WHY_NOT:
            raise
        raise WrongState(WHY_NOT[broken_constraint(error)]) from error
    draw.refresh_from_db()
    return draw


WHY_NOT = {
    AN_HOUR: "It would be open for less than an hour: give it another end.",
    EVENT_OVER: "Its event is cancelled or over: nobody is drawn or let in any more.",
    TOO_EARLY: "It is too early for this, by the database’s clock.",
    TOO_LATE: "The source may be known by now, so a list frozen now would prove nothing. Call the draw "
    "off, and write another with a source that is still to come.",
    SECOND: "Somebody else than who typed the value has to confirm it.",
}


def _named(write, terms):
    try:
        with transaction.atomic():
            return write()
    except IntegrityError as error:
        if broken_constraint(error) != "one_buyer_list_per_name":
            raise
        raise ListNameTaken(
            f"There is a buyer list called {terms.name}. Give the draw another name."
        ) from error
