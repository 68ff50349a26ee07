"""The lines of a draft: which places of which event, at what cost."""

from datetime import timedelta

from django.db.models import Max

from agencies.queries import local_today
from core.locks import lock_one
from core.money import Money
from core.transactions import use_case
from core.words import many
from events.models import Event
from inventory.models import EventSeat, Ownership
from inventory.services import ensure_laid_out
from suppliers.models import LineStatus, PurchaseOrderLine, Status
from suppliers.services.drafting import NotOrderable, drafts_only, locked, touch
from venues.labels import section_name
from venues.models import LayoutSeat
from venues.places import in_words, named, places_in

CHANGEABLE = (
    *("item_code", "description", "unit_cost", "retail_price", "face_value"),
    *("expected_on", "in_hand_on", "return_by"),
)


@use_case
def add_line(*, order, event, unit_cost, section=None, level=None, quantity=None, **fields):
    """Orders places of a section, of a price level, or of what both cover, at `unit_cost` (Money) each.

    `fields` may have `rows` and `seats` of the section, words as in venues.places; everything else are
    plain columns of the line. `quantity` takes only so many of the places, the first still free to
    order. Without `return_by` the supplier's usual days before the event count.
    """
    order = locked(order)
    words = {name: fields.pop(name, "") or "" for name in ("rows", "seats")}
    _check(order, event, unit_cost)
    with_places(event)
    places = orderable(event, _places(event, section, level, words), quantity)
    fields["return_by"] = fields.get("return_by") or usual_return(order.supplier, event)
    check_days(event, fields)
    line = PurchaseOrderLine.objects.create(
        order=order,
        position=next_position(order),
        event=event,
        section=section,
        level=level,
        description=described(places, section, level),
        ordinals=[place.ordinal for place in places],
        ordered=len(places),
        unit_cost=unit_cost.amount,
        currency=unit_cost.currency,
        **fields,
    )
    touch(order)
    return line


def with_places(event):
    """Lays the event out, alone with its order lines until the transaction ends: no place is ordered
    twice by two who order at once."""
    locked = lock_one(Event.objects.filter(pk=event.pk))
    if locked.layout_id != event.layout_id:
        raise NotOrderable(
            f"{event} was moved to another version of its layout meanwhile. Choose the places again."
        )
    ensure_laid_out(event)


def _check(order, event, unit_cost):
    drafts_only(order)
    if unit_cost.currency != order.currency or event.currency != order.currency:
        raise NotOrderable(
            f"{order} is in {order.currency}; this line is in {unit_cost.currency} for an event "
            f"in {event.currency}."
        )


def _places(event, section, level, words):
    """The places, as `named`, that a section, a level or both mean."""
    _check_belonging(event, section, level)
    if section is None:
        if any(words.values()):
            raise NotOrderable("Rows and seats are those of a section: choose it too.")
        return _of_level(event, level)
    places = places_in(section, **words)
    if level is None:
        return places
    covered = {place.ordinal for place in _of_level(event, level)}
    return [place for place in places if place.ordinal in covered]


def _check_belonging(event, section, level):
    if section is None and level is None:
        raise NotOrderable("Choose a section or a price level.")
    if section is not None and section.layout_id != event.layout_id:
        raise NotOrderable(f"Section {section} is not part of the layout of {event}.")
    if level is not None and level.event_id != event.pk:
        raise NotOrderable(f"{level} is not a price level of {event}.")


def _of_level(event, level):
    ordinals = EventSeat.objects.filter(event=event, level=level).values("ordinal")
    return named(LayoutSeat.objects.filter(layout=event.layout_id, ordinal__in=ordinals))


def orderable(event, places, quantity=None):
    """Those of the places that are neither owned nor on another open line: all of them, or none with a
    NotOrderable that names the others; or the first `quantity`."""
    taken = taken_places(event, [place.ordinal for place in places])
    free = [place for place in places if place.ordinal not in taken]
    if not free:
        raise NotOrderable("All of these places are already owned or on order.")
    if quantity is None:
        if len(free) < len(places):
            clash = in_words([place for place in places if place.ordinal in taken])
            raise NotOrderable(f"Already owned or on order: {clash}.")
        return free
    if quantity < 1 or quantity > len(free):
        raise NotOrderable(
            f"{many(quantity, 'place was', 'places were')} asked for; {len(free)} can be ordered here."
        )
    return free[:quantity]


def taken_places(event, ordinals):
    """{ordinal, …} of those of the places that are owned or on an open line."""
    owned = EventSeat.objects.at(event, ordinals).filter(ownership=Ownership.OWNED)
    lines = PurchaseOrderLine.objects.filter(event=event).exclude(
        status__in=(LineStatus.CANCELLED, LineStatus.RECEIVED)
    )
    asked = set(ordinals)
    on_order = set().union(*map(asked.intersection, lines.values_list("ordinals", flat=True)))
    return on_order | set(owned.values_list("ordinal", flat=True))


def usual_return(supplier, event):
    """Until when the supplier usually takes seats of the event back; None when never, or too late."""
    if supplier.return_days is None:
        return None
    day = night_of(event) - timedelta(days=supplier.return_days)
    return day if day >= local_today() else None


def night_of(event):
    """The date of the event where it takes place."""
    return event.starts_at.astimezone(event.zone).date()


def check_days(event, days):
    """Raises NotOrderable for seats in hand, expected or returnable only after the event."""
    night = night_of(event)
    names = {
        "in_hand_on": "The seats would be in hand",
        "expected_on": "The seats are expected",
        "return_by": "The seats would be returnable",
    }
    for name, words in names.items():
        day = days.get(name)
        if day and day > night:
            until = "until" if name == "return_by" else "on"
            raise NotOrderable(
                f"{words} {until} {day:%-d %b %Y}, after the event on {night:%-d %b %Y}."
            )


def next_position(order):
    return (order.lines.aggregate(last=Max("position"))["last"] or 0) + 1


def described(places, section, level):
    """Stalls: A 1-12; of a level with its name in front."""
    words = (
        f"{section_name(section.label)}: {in_words(places)}"
        if section
        else words_by_section(places)
    )
    words = f"{level.name}, {words}" if level else words
    return words if len(words) <= 200 else f"{words[:199]}…"


def words_for(line, ordinals):
    """Places of an order line in words: A 1-12, with their sections where the line has several."""
    layout = line.event.layout_id
    places = named(LayoutSeat.objects.filter(layout=layout, ordinal__any=ordinals))
    return in_words(places) if line.section_id else words_by_section(places)


def words_by_section(places):
    """Places of several sections in words: Stalls: A 1-12; Section 112: B 3."""
    found = {}
    for place in places:
        found.setdefault(place.section__label, []).append(place)
    return "; ".join(f"{section_name(label)}: {in_words(each)}" for label, each in found.items())


@use_case
def change_line(*, line, **fields):
    """Changes the cost, prices, days, code or description of a line of a draft. Amounts are Decimals of
    the order's currency. Raises NotOrderable, WrongScale."""
    order = locked(line.order)
    drafts_only(order)
    line = lock_one(PurchaseOrderLine.objects.filter(pk=line.pk))
    unknown = set(fields) - set(CHANGEABLE)
    if unknown:
        raise NotOrderable(f"This is not changed on a line: {', '.join(sorted(unknown))}.")
    check_days(line.event, fields)
    for name, value in fields.items():
        if name in ("unit_cost", "retail_price", "face_value") and value is not None:
            value = Money(value, line.currency).amount
        setattr(line, name, value)
    line.save(update_fields=list(fields))
    touch(order)
    return line


@use_case
def remove_line(*, line):
    """Takes a line out of a draft."""
    order = locked(line.order)
    if order.status != Status.DRAFT:
        raise NotOrderable(f"{order} is {order.status}; its lines stay as they are.")
    PurchaseOrderLine.objects.filter(pk=line.pk).delete()
    touch(order)
