"""A new draft from an order of before."""

from agencies.queries import local_today
from core.transactions import use_case
from suppliers.models import PurchaseOrderLine
from suppliers.services.drafting import draft_order, touch
from suppliers.services.landed import add_landed_cost
from suppliers.services.lines import (
    described,
    next_position,
    taken_places,
    usual_return,
    with_places,
)
from venues.models import LayoutSeat, LayoutSection
from venues.places import named

OF_ORDER = ("basis", "payment_terms", "fulfillment", "fulfillment_notes", "ship_to", "notes")
OF_LINE = ("item_code", "unit_cost", "retail_price", "face_value", "currency")


@use_case
def copy_order(*, order, event=None, by=None):
    """A draft with the terms, extra costs and lines of an order, as far as its places can be ordered
    now; for another `event` in the same layout, the same places there.

    Returns (the draft, sentences about what was left out).
    """
    fields = {name: getattr(order, name) for name in OF_ORDER}
    draft = draft_order(supplier=order.supplier, currency=order.currency, created_by=by, **fields)
    for cost in order.landed_costs.order_by("pk"):
        add_landed_cost(
            order=draft, kind=cost.kind, amount=cost.money, description=cost.description
        )
    lines = order.lines.select_related("event", "section", "level").order_by("position", "pk")
    left_out = [_copy(line, draft, event or line.event) for line in lines]
    touch(draft)
    return draft, [sentence for sentence in left_out if sentence]


def _copy(line, draft, event):
    """Puts what can be ordered of a line on the draft; returns a sentence about the rest, if any."""
    if event.layout_id != line.event.layout_id:
        return f"{line}: {event} has another layout."
    with_places(event)
    taken = taken_places(event, line.ordinals)
    free = [ordinal for ordinal in line.ordinals if ordinal not in taken]
    if free:
        _make(line, draft, event, free)
    lost = line.ordered - len(free)
    return f"{line}: {lost:,} of {line.ordered:,} are owned or on order already." if lost else ""


def _make(line, draft, event, ordinals):
    places = named(LayoutSeat.objects.filter(layout=event.layout_id, ordinal__any=ordinals))
    level = line.level and event.levels.filter(name=line.level.name).first()
    section = line.section or (None if level else _section_of(event, places[0]))
    return PurchaseOrderLine.objects.create(
        order=draft,
        position=next_position(draft),
        event=event,
        section=section,
        level=level,
        description=described(places, section, level),
        ordinals=ordinals,
        ordered=len(ordinals),
        in_hand_on=_still(line.in_hand_on) if event == line.event else None,
        return_by=usual_return(draft.supplier, event),
        **{name: getattr(line, name) for name in OF_LINE},
    )


def _section_of(event, place):
    return LayoutSection.objects.get(layout=event.layout_id, label=place.section__label)


def _still(day):
    return day if day and day >= local_today() else None
