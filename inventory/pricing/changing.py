"""Prices of an event's places changed in one go, at once or, when they are many, by a worker."""

from decimal import Decimal

from django.db import connection
from django.utils import timezone

from core.errors import DomainError
from core.locks import lock_one
from core.outbox import record
from core.progress import teller, told_of
from core.tenancy import acted_by
from core.transactions import use_case
from events.models import Event
from inventory.facts import PriceJobAsked
from inventory.models import PriceChange, PriceJob
from inventory.pricing.looking import Wish, below_cost_in_words, look
from inventory.pricing.selecting import Selection
from inventory.pricing.setting import Setting
from inventory.pricing.writing import Change, NothingToChange, write

IN_A_PAGE = 20_000  # more places than this are changed by a worker
KEEP_LEVELS = "SELECT id FROM events_pricelevel WHERE event_id = %s ORDER BY id FOR SHARE"


class BelowCost(DomainError):
    """Places would sell for less than they and their sale cost, and nobody said why."""

    code = "below_cost"


class PricesMoved(DomainError):
    """The prices or costs of the event are not those that were looked at."""

    code = "prices_moved"


@use_case
def change_prices(*, event, wish, by, as_of=None, tell=None):
    """Does what the Wish says, all of it but places bought meanwhile; returns the PriceChange.

    `as_of` is that of the Look somebody agreed to. `tell(places written)` is called now and then.
    Raises NothingToChange, BelowCost, PricesMoved, PlacesBusy or Invalid; nothing is written then.
    """
    with connection.cursor() as cursor:
        cursor.execute(KEEP_LEVELS, [event.pk])
    found = look(event, wish)
    if as_of is not None and found.as_of != as_of:
        raise PricesMoved(
            f"Prices or costs of {event} have changed since you looked. Nothing was written: look "
            "at the new figures."
        )
    if found.below_cost and not wish.below_cost_reason:
        raise BelowCost(below_cost_in_words(found))
    change = Change(event, PriceChange.Source.STAFF, wish.told, by)
    return write(change, {wish.told: found.moves}, tell)


# Large changes, by a worker


@use_case
def ask_for_change(*, event, wish, by, found):
    """Leaves a Wish to a worker, as far as the Look `found` still holds then; returns the PriceJob.
    What would be refused now is refused at once: BelowCost, NothingToChange."""
    if not found.moves:
        raise NothingToChange("No place would have another price. Nothing was written.")
    if found.below_cost and not wish.below_cost_reason:
        raise BelowCost(below_cost_in_words(found))
    job = PriceJob.objects.create(
        event=event,
        selection=wish.selection.as_json(),
        setting={
            "way": wish.setting.way,
            "value": str(wish.setting.value),
            "rounding": wish.setting.rounding,
        },
        reason=wish.reason,
        below_cost_reason=wish.below_cost_reason,
        seats=found.count,
        as_of=found.as_of,
        made_by=by,
    )
    record(PriceJobAsked(job_id=job.pk))
    return job


@use_case
def carry_out(job_id):
    """Does a PriceJob once; a refusal stands in its `problem`."""
    job = lock_one(PriceJob.objects.filter(pk=job_id))
    if job.done_at:
        return
    event = Event.objects.select_related("layout").get(pk=job.event_id)
    try:
        with acted_by(f"user:{job.made_by_id}"):
            job.change = change_prices(
                event=event,
                wish=_wish_of(job),
                by=job.made_by,
                as_of=job.as_of,
                tell=teller(job),
            )
    except DomainError as refused:
        job.problem = refused.message
    job.done_at = timezone.now()
    job.save(update_fields=["change", "problem", "done_at"])


def written_by(job):
    """How many places the worker has written so far; they count only when all are."""
    places, *_ = told_of(job) or (0,)
    return places


def _wish_of(job):
    setting = {**job.setting, "value": Decimal(job.setting["value"])}
    return Wish(
        Selection.from_json(job.selection), Setting(**setting), job.reason, job.below_cost_reason
    )
