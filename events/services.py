"""An event from its draft to the end of its sale."""

from datetime import timedelta

from django.utils import timezone
from django.utils.text import slugify

from core.errors import DomainError
from core.locks import lock, lock_one
from core.outbox import record
from core.transactions import use_case
from events.facts import EventOver, EventPublished
from events.importers import ticketmaster
from events.models import OVER, CancellationPolicy, Event, PriceArea, PriceLevel, Status
from venues.models import Venue


class NotReady(DomainError):
    """The event cannot be shown or sold yet; the sentence names what is missing."""

    code = "event_not_ready"


def free_slug(title, starts_at):
    """A slug of the title and date that no event of the agency has yet."""
    stem = f"{slugify(title)[:100] or 'event'}-{starts_at:%Y-%m-%d}"
    taken = set(Event.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    candidates = [stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 2))]
    return next(slug for slug in candidates if slug not in taken)


@use_case
def price_sections(*, event, name, price, position, areas):
    """A price level over `areas` [(LayoutSection, [row labels] or [] for all)]; returns it."""
    if price.currency != event.currency:
        raise NotReady(f"{event} is sold in {event.currency}, not in {price.currency}.")
    level = PriceLevel.objects.create(
        event=event,
        name=name,
        price=price.amount,
        currency=price.currency,
        position=position,
    )
    PriceArea.objects.bulk_create(
        PriceArea(level=level, section=section, rows=list(rows)) for section, rows in areas
    )
    return level


def missing_for_publication(event):
    """What the event still lacks before the public may see it, as sentences."""
    missing = []
    if event.layout_id is None:
        missing.append("It has no layout of its venue.")
    if not event.levels.exists():
        missing.append("It has no price level.")
    elif not PriceArea.objects.filter(level__event=event).exists():
        missing.append("No section has a price level.")
    return missing


@use_case
def publish(event_id):
    """DRAFT → PUBLISHED; its places are laid out. Raises NotReady naming what is missing."""
    event = lock_one(Event.objects.filter(pk=event_id))
    missing = missing_for_publication(event)
    if missing:
        raise NotReady(f"{event} cannot be published. {' '.join(missing)}", missing=missing)
    record(EventPublished(event_id=event.pk))
    return _move(event, Status.PUBLISHED)


@use_case
def withdraw(event_id):
    """PUBLISHED → DRAFT, or ON_SALE → PUBLISHED: takes the last step back. A sale stopped so stays
    stopped until `open_sale`, whatever its window says."""
    event = lock_one(Event.objects.filter(pk=event_id))
    if event.status != Status.ON_SALE:
        return _move(event, Status.DRAFT)
    event.is_sale_stopped = True
    return _move(event, Status.PUBLISHED)


@use_case
def open_sale(event_id):
    """PUBLISHED → ON_SALE. The sale window still decides when buyers can reserve."""
    event = lock_one(Event.objects.filter(pk=event_id))
    event.is_sale_stopped = False
    return _move(event, Status.ON_SALE)


def cancel_event(event):
    """The locked event is cancelled, in the caller's transaction: nothing of it sells any more."""
    return _move(event, Status.CANCELLED)


def move_event(event, *, starts_at=None, venue=None):
    """The locked event gets another start, or another house that is drawn alike, in the caller's
    transaction. What goes by its start goes along."""
    if venue:
        event.venue = venue
    if starts_at:
        by = starts_at - event.starts_at
        for name in ("doors_at", "ends_at"):
            moment = getattr(event, name)
            setattr(event, name, moment and moment + by)
        if event.sale_ends_at == event.starts_at or event.sale_ends_at > starts_at:
            event.sale_ends_at = max(starts_at, event.sale_starts_at + timedelta(seconds=1))
        event.starts_at = starts_at
    event.save(update_fields=["venue", "starts_at", "doors_at", "ends_at", "sale_ends_at"])
    return event


@use_case
def roll_over(event_id, *, now):
    """Moves an event to where its clock says it is; returns whether it moved."""
    event = lock_one(Event.objects.filter(pk=event_id))
    target = _due(event, now)
    if target is None:
        return False
    _move(event, target)
    return True


def _due(event, now):
    over = (event.ends_at or event.starts_at + timedelta(hours=6)) <= now
    if over and event.can_move_to(Status.COMPLETED):
        return Status.COMPLETED
    in_window = event.sale_starts_at <= now < event.sale_ends_at
    waits = event.status == Status.PUBLISHED and not event.is_sale_stopped
    return Status.ON_SALE if waits and in_window else None


def _move(event, status):
    event.move_to(status)
    event.save(update_fields=["status", "is_sale_stopped"])
    if status in OVER:
        record(EventOver(event_id=event.pk))
    return event


@use_case
def make_default(policy_id, *, is_default=True):
    """The policy counts, or no longer does, for all events in its currency that have none of their
    own; returns it."""
    currency = CancellationPolicy.objects.get(pk=policy_id).currency
    for policy in lock(CancellationPolicy.objects.filter(currency=currency, is_default=True)):
        CancellationPolicy.objects.filter(pk=policy.pk).update(is_default=False)
    CancellationPolicy.objects.filter(pk=policy_id).update(is_default=is_default)
    return CancellationPolicy.objects.get(pk=policy_id)


def import_events(content, *, currency):
    """Drafts events from a Ticketmaster Discovery answer (bytes or str); returns [(Event, made)].

    The venue is found by name or made. An event imported before is left as it is. Raises
    a DomainError listing every problem; nothing is written then.
    """
    drafts = ticketmaster.parse_all(content)
    return _write_drafts(drafts, currency)


@use_case
def _write_drafts(drafts, currency):
    return [_write_draft(draft, currency) for draft in drafts]


def _write_draft(draft, currency):
    known = Event.objects.filter(external_id=draft.external_id).first()
    if known:
        return known, False
    return _new_draft(draft, _venue_of(draft), currency), True


def _venue_of(draft):
    venue, _ = Venue.objects.get_or_create(
        name=draft.venue_name,
        defaults={
            "city": draft.city,
            "country": draft.country,
            "address": draft.address,
            "postcode": draft.postcode,
            "time_zone": draft.time_zone,
        },
    )
    return venue


def _sale_window(draft):
    """When the file names no window: from now, or the day before, to the start."""
    ends_at = draft.sale_ends_at or draft.starts_at
    starts_at = draft.sale_starts_at or min(timezone.now(), ends_at - timedelta(days=1))
    return starts_at, ends_at


def _new_draft(draft, venue, currency):
    sale_starts_at, sale_ends_at = _sale_window(draft)
    return Event.objects.create(
        slug=free_slug(draft.title, draft.starts_at),
        title=draft.title[:120],
        description=draft.please_note,
        kind=draft.kind,
        venue=venue,
        layout=venue.layouts.order_by("-version").first(),
        starts_at=draft.starts_at,
        time_zone=draft.time_zone,
        sale_starts_at=sale_starts_at,
        sale_ends_at=sale_ends_at,
        currency=draft.currency or currency,
        external_id=draft.external_id,
    )
