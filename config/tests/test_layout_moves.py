"""An event goes to another version of its layout, with all that hangs on its places."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import Func
from django.test import Client

from accounts.models import ApiKey
from bookings.offers import best_groups, places_of
from bookings.queries import alternatives_for
from bookings.services import Wish, reserve, reserve_best
from bookings.views.prices import prices_of
from config.tests import world
from config.tests.scenarios import with_rule
from core import invariants, outbox
from core.errors import Invalid
from core.models import AuditEntry
from core.money import Money
from core.tenancy import acting_for
from events.models import Event, SplitRule
from inventory.models import (
    AllocationPlan,
    EventSeat,
    Hold,
    HouseState,
    LayoutMove,
    Ownership,
    PriceChange,
    PricingRule,
    SeatEntry,
    StockChannel,
)
from inventory.moving import GONE, CannotMove, look_ahead, move_event
from inventory.overview import seen_and_priced
from inventory.picking import stands
from inventory.pricing.undoing import undoable
from inventory.services import (
    Redrawn,
    Terms,
    Wanted,
    add_places,
    apply_plan,
    lay_out,
    look,
    make_hold,
    release_places,
)
from suppliers.models import PurchaseOrderLine
from suppliers.services.drafting import NotOrderable
from tickets.models import Ticket
from venues.models import LayoutSeat
from venues.plan import PlanRow, from_canonical, normalise
from venues.services import publish_layout

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    made = world.agency()
    with acting_for(made.pk):
        yield made


@pytest.fixture
def layout(house):
    return world.venue()[1]


def version(layout, *, without=(), renamed=None, added=(), sections=None):
    """Another version of a layout: `without` and `renamed` name seats of the stalls as (row, seat),
    `added` are rows of the stalls as (label, number of seats), `sections` {label: new label}."""
    plan = from_canonical(layout.plan)
    stalls, *others = plan.sections
    rows = [
        PlanRow(
            row.label,
            tuple(
                replace(seat, label=(renamed or {}).get((row.label, seat.label), seat.label))
                for seat in row.seats
                if (row.label, seat.label) not in without
            ),
        )
        for row in stalls.rows
    ]
    for label, count in added:
        last = rows[-1].seats
        seats = [replace(last[i], label=str(i + 1), y=last[i].y + 24) for i in range(count)]
        rows.append(PlanRow(label, tuple(seats)))
    changed = (replace(stalls, rows=tuple(rows)), *others)
    names = sections or {}
    changed = tuple(replace(s, label=names.get(s.label, s.label)) for s in changed)
    plan = normalise(replace(plan, sections=changed))
    return publish_layout(venue=layout.venue, plan=plan, name=layout.name)[0]


def names(event):
    """{ordinal: (section, row, label)} of the event's places as they are kept."""
    seats = EventSeat.objects.filter(event=event).select_related("seat__section")
    return {s.ordinal: (s.seat.section.label, s.seat.row, s.seat.label) for s in seats}


def ordinal(layout, row, label, section="Stalls"):
    return LayoutSeat.objects.get(
        layout=layout, section__label=section, row=row, label=label
    ).ordinal


def test_every_place_keeps_what_it_is_and_gets_its_new_ordinal(layout):
    event = world.event_on_sale(layout)
    world.received_order(event, section="Circle")
    seats = {s.pk: s for s in EventSeat.objects.filter(event=event)}
    after = version(layout, without={("A", "1"), ("B", "4")}, added=[("F", 10)])
    move = move_event(event=event, layout=after, reason="Two seats made room for a camera")

    event = Event.objects.get(pk=event.pk)
    assert event.layout == after
    assert names(event) == {
        s.ordinal: (s.section.label, s.row, s.label)
        for s in LayoutSeat.objects.filter(layout=after).select_related("section")
    }
    assert (move.kept, move.added, move.removed, move.renamed) == (88, 10, 2, 0)
    for seat in EventSeat.objects.filter(event=event, pk__in=seats):
        old = seats[seat.pk]
        for column in ("ownership", "status", "cost", "price", "level_id", "currency", "hold_id"):
            assert getattr(seat, column) == getattr(old, column), column
    new = EventSeat.objects.filter(event=event).exclude(pk__in=seats)
    assert set(new.values_list("ownership", flat=True)) == {"NOT_OWNED"}
    assert invariants.violations() == {}


def test_tickets_go_with_their_places_and_bear_their_new_names(layout, mailoutbox):
    event = world.event_on_sale(layout)
    world.received_order(event)
    booking = world.sold_booking(event, [ordinal(layout, "B", "2"), ordinal(layout, "B", "3")])
    after = version(
        layout, added=[("F", 4)], renamed={("B", "3"): "3A"}, sections={"Stalls": "Parterre"}
    )
    move = move_event(event=event, layout=after, reason="New signs")
    tickets = Ticket.objects.filter(items__booking=booking).order_by("ordinal")
    assert [(t.section, t.row, t.seat) for t in tickets] == [
        ("Parterre", "B", "2"), ("Parterre", "B", "3A"),
    ]  # fmt: skip
    for ticket in tickets:
        assert ticket.ordinal == ticket.event_seat.ordinal
        assert ticket.event_seat.status == "SOLD"
        assert ticket.event_seat.claimed_by == booking.pk
    assert (move.renamed, move.tickets_renamed) == (50, 2)
    while sum(outbox.deliver(limit=20)):
        pass
    [mail] = [m for m in mailoutbox if "new name" in m.subject]
    assert mail.to == ["noor@post.example"]
    assert "Parterre, row B, seat 3A" in mail.body
    assert invariants.violations() == {}


def test_a_sold_seat_that_would_vanish_stops_the_move_and_is_named(layout):
    event = world.event_on_sale(layout)
    world.received_order(event)
    sold = ordinal(layout, "A", "1")
    world.sold_booking(event, [sold])
    before = names(event)
    after = version(layout, without={("A", "1"), ("E", "10")})
    with pytest.raises(CannotMove) as refused:
        move_event(event=event, layout=after, reason="Camera")
    assert refused.value.details["problems"] == [
        "Stalls, row A, seat 1 is not in the new version and is sold: move its holder to another place "
        "first.",
        "Stalls, row E, seat 10 is not in the new version and is ours: send it back to its supplier "
        "first.",
    ]
    assert names(event) == before
    assert Event.objects.get(pk=event.pk).layout == layout
    assert not LayoutMove.objects.exists()


def test_reserved_held_and_ordered_places_are_not_lost_either(layout):
    event = world.event_on_sale(layout)
    world.received_order(event, rows="A-B")
    world.drafted_order(event, rows="C", cost="20.00")
    world.reservation(event, [ordinal(layout, "A", "1")])
    make_hold(
        event=event,
        wanted=Wanted(ordinals=[ordinal(layout, "A", "2")]),
        terms=Terms(kind="ARTIST", name="The band"),
    )
    after = version(layout, without={("A", "1"), ("A", "2"), ("C", "3"), ("D", "1")})
    outlook = look_ahead(event=Event.objects.get(pk=event.pk), layout=after)
    assert [sorted(o.ordinals) for o in outlook.obstacles] == [[0], [1], [22]]
    assert [("reserved" in outlook.obstacles[0].reason, "held" in outlook.obstacles[1].reason)] == [
        (True, True)
    ]
    assert "has ordered C 3" in outlook.obstacles[2].reason


def test_standing_places_are_exchanged_so_that_none_that_is_sold_is_lost(layout):
    event = world.event_on_sale(layout)
    world.received_order(event, section="Floor", quantity=6)
    sold = sorted(
        EventSeat.objects.filter(event=event, ownership="OWNED").values_list("ordinal", flat=True)
    )
    world.sold_booking(event, sold[-2:])
    plan = from_canonical(layout.plan)
    floor = plan.sections[2]
    fewer = replace(floor, rows=(PlanRow("", floor.rows[0].seats[2:9]),))
    plan = normalise(replace(plan, sections=(*plan.sections[:2], fewer)))
    after, _ = publish_layout(venue=layout.venue, plan=plan, name="Small floor")
    move_event(event=event, layout=after, reason="Fire officer")
    ours = EventSeat.objects.filter(event=event, ownership="OWNED")
    assert (ours.count(), ours.filter(status="SOLD").count()) == (6, 2)
    assert EventSeat.objects.filter(event=event).count() == 77
    assert invariants.violations() == {}


def test_order_lines_name_the_same_places_afterwards(layout):
    event = world.event_on_sale(layout)
    order = world.confirmed_order(event, rows="B-C")
    line = order.lines.get()
    said = [names(event)[o] for o in line.ordinals]
    after = version(layout, without={("A", "5")}, sections={"Stalls": "Parterre"})
    move_event(event=event, layout=after, reason="Camera")
    line = PurchaseOrderLine.objects.get(pk=line.pk)
    assert [names(event)[o][1:] for o in line.ordinals] == [name[1:] for name in said]
    assert line.ordinals[0] == 9
    assert line.section == after.sections.get(label="Parterre")
    world.receive_delivery(order=order)
    assert EventSeat.objects.filter(event=event, ownership=Ownership.OWNED).count() == 20
    assert invariants.violations() == {}


def test_a_cancelled_order_that_named_a_place_that_is_gone_names_no_other(layout):
    from suppliers.services import cancel_order

    event = world.event_on_sale(layout)
    order = world.confirmed_order(event, rows="A", seats="1-2")
    cancel_order(order=order, reason="Not needed", by=None)
    after = version(layout, without={("A", "1")})
    move_event(event=event, layout=after, reason="Camera")
    assert order.lines.get().ordinals == [GONE, 0]


def test_new_rows_get_the_level_of_their_category(layout):
    event = world.event_on_sale(layout)
    after = version(layout, added=[("F", 3)], sections={"Circle": "Balcony"})
    move_event(event=event, layout=after, reason="More seats")
    event = Event.objects.get(pk=event.pk)
    levels = {
        (s.seat.section.label, s.seat.row): s.level.name
        for s in EventSeat.objects.filter(event=event).select_related("seat__section", "level")
    }
    assert levels["Stalls", "F"] == "Stalls"
    assert levels["Balcony", "A"] == "Circle"
    assert sorted((a.level.name, a.section.label, a.rows) for a in _areas(event)) == [
        ("Circle", "Balcony", []), ("Floor", "Floor", []), ("Stalls", "Stalls", []),
    ]  # fmt: skip


def _areas(event):
    return [area for level in event.levels.all() for area in level.areas.select_related("section")]


def test_a_hold_and_an_applied_plan_go_along_and_can_be_ended(layout):
    event = world.event_on_sale(layout)
    world.received_order(event)
    section = layout.sections.get(label="Stalls")
    hold = make_hold(
        event=event,
        wanted=Wanted(ordinals=list(range(40, 50))),
        terms=Terms(kind="PRESS", name="Critics"),
    )
    plan = AllocationPlan.objects.create(event=event, name="Tour")
    plan.shares.create(channel=StockChannel.GROUP, section=section, quantity=10)
    apply_plan(plan)
    grouped = {names(event)[o] for o in AllocationPlan.objects.get().ordinals}
    after = version(layout, added=[("F", 10)])
    move_event(event=event, layout=after, reason="More seats")
    plan = AllocationPlan.objects.get()
    assert {names(event)[o] for o in plan.ordinals} == grouped
    assert plan.shares.get().section.layout == after
    assert {s.seat.row for s in hold.seats.select_related("seat")} == {"E"}
    assert invariants.violations() == {}


def test_a_change_of_prices_before_the_move_is_not_undone_after_it(layout):
    event = world.event_on_sale(layout)
    world.received_order(event)
    seat = EventSeat.objects.get(event=event, ordinal=0)
    change = PriceChange.objects.create(
        event=event, reason="Up", seats=1, currency="EUR", ordinals=[0], before=[None],
        after=[seat.price],
    )  # fmt: skip
    assert undoable(change).back
    move_event(event=event, layout=version(layout, added=[("F", 2)]), reason="More")
    assert undoable(change).back == {}


def test_what_will_not_fit_any_more_is_said_before(layout):
    plan = from_canonical(layout.plan)
    gated = replace(plan.sections[0], entrance="North")
    first, _ = publish_layout(
        venue=layout.venue, plan=replace(plan, sections=(gated, *plan.sections[1:])), name="Gated"
    )
    PricingRule.objects.create(name="Late", section=first.sections.get(label="Circle"))
    event = world.event_on_sale(first)
    outlook = look_ahead(event=Event.objects.get(pk=event.pk), layout=layout)
    assert outlook.obstacles == []
    assert outlook.notes == [
        "No section has the entrance North any more: look at the gates.",
        "The pricing rule Late is for Circle of the former version: here it will not apply any more.",
    ]


def test_a_plan_or_rule_for_a_section_that_vanishes_must_be_changed_first(layout):
    plan = from_canonical(layout.plan)
    smaller = normalise(replace(plan, sections=(plan.sections[0], plan.sections[2])))
    after, _ = publish_layout(venue=layout.venue, plan=smaller, name="Without circle")
    event = world.event_on_sale(layout)
    circle = layout.sections.get(label="Circle")
    PricingRule.objects.create(name="Late", event=event, section=circle)
    tour = AllocationPlan.objects.create(event=event, name="Tour")
    tour.shares.create(channel=StockChannel.GROUP, section=circle, quantity=10)
    with pytest.raises(CannotMove) as refused:
        move_event(event=event, layout=after, reason="The circle is closed")
    assert refused.value.details["problems"] == [
        "The allocation plan Tour has a share of Circle, which is not in the new version: change the "
        "plan first.",
        "The pricing rule Late is for Circle, which is not in the new version: change it first.",
    ]
    PricingRule.objects.all().delete()
    tour.shares.all().delete()
    move = move_event(event=event, layout=after, reason="The circle is closed")
    assert (move.kept, move.removed) == (70, 20)


def test_what_was_moved_and_why_is_on_record(layout):
    event = world.event_on_sale(layout)
    world.received_order(event, rows="A")
    entries = SeatEntry.objects.count()
    after = version(layout, added=[("F", 2)])
    move = move_event(event=event, layout=after, reason="  More seats ")
    assert (move.before, move.after, move.reason) == (layout, after, "More seats")
    entry = AuditEntry.objects.filter(table="events_event", row_id=str(event.pk)).order_by("-pk")[0]
    assert entry.after["layout_id"] == str(after.pk)
    assert SeatEntry.objects.count() == entries


@pytest.mark.parametrize("reason", ["", "  "])
def test_nobody_moves_an_event_without_a_reason(layout, reason):
    event = world.event_on_sale(layout)
    with pytest.raises(Invalid, match="Say why"):
        move_event(event=event, layout=version(layout, added=[("F", 1)]), reason=reason)


def test_a_layout_of_another_house_and_the_same_one_are_refused(layout):
    event = world.event_on_sale(layout)
    other = world.venue("Salle Rameau")[1]
    with pytest.raises(CannotMove, match="is a layout of another venue"):
        move_event(event=event, layout=other, reason="Why not")
    with pytest.raises(CannotMove, match=r"It is on .* already"):
        move_event(event=event, layout=layout, reason="Why not")


def test_a_draft_without_places_is_moved_with_its_price_areas(layout):
    event = world.draft_event(layout)
    after = version(layout, added=[("F", 1)])
    move_event(event=event, layout=after, reason="Newer")
    event = Event.objects.get(pk=event.pk)
    assert event.layout == after
    assert not event.seats.exists()
    assert {area.section.layout_id for area in _areas(event)} == {after.pk}


def test_whoever_orders_places_of_the_former_version_is_told_to_choose_again(layout):
    event = world.event_on_sale(layout)
    stale = Event.objects.get(pk=event.pk)
    move_event(event=event, layout=version(layout, added=[("F", 1)]), reason="Newer")
    with pytest.raises(NotOrderable, match="moved to another version"):
        world.drafted_order(stale, cost=str(Money(Decimal(9), "EUR").amount))


def test_whoever_reserves_places_of_the_former_version_gets_none(layout):
    event = world.event_on_sale(layout)
    world.received_order(event)
    stale = Event.objects.get(pk=event.pk)
    after = version(layout, added=[("F", 1)])
    move_event(event=event, layout=after, reason="Newer")
    with pytest.raises(Exception, match="redrawn"):
        world.reservation(stale, [3])
    assert world.reservation(Event.objects.get(pk=event.pk), [3])


def exchanged(layout):
    """A version in which stalls and circle have changed their positions, and all ordinals with them."""
    plan = from_canonical(layout.plan)
    stalls, circle, *others = plan.sections
    plan = normalise(replace(plan, sections=(circle, stalls, *others)))
    return publish_layout(venue=layout.venue, plan=plan, name=layout.name)[0]


@pytest.fixture
def moved(house, layout):
    """(the event, the hash of its former layout): its sections were exchanged, all of it is ours."""
    event = world.event_on_sale(layout)
    for section in ("Stalls", "Circle"):
        world.received_order(event, section=section)
    move_event(event=event, layout=exchanged(layout), reason="New numbers")
    return Event.objects.select_related("layout").get(pk=event.pk), layout.content_hash


@pytest.mark.parametrize(
    "wish", [{"quantity": 2, "section": 1}, {"quantity": 2, "near": 3}, {"seat": [3, 4]}]
)
def test_a_form_of_the_former_version_sells_nothing_of_this_one(house, moved, wish):
    event, drawn = moved
    browser = world.client_of(None, house)
    answer = browser.post(f"/events/{event.slug}/reserve/", {**wish, "drawn": drawn})
    assert "refused=" in answer.url
    page = browser.get(answer.url)
    assert "was redrawn a moment ago" in page.content.decode()
    best = page.context["best"]
    assert (best["section"], best["near"]) == (None, None)
    assert not Ticket.objects.exists()
    again = {**wish, "drawn": event.layout.content_hash}
    assert "refused=" not in browser.post(f"/events/{event.slug}/reserve/", again).url
    assert Ticket.objects.exists()


@pytest.mark.parametrize(
    "wish",
    [{"seats": [3, 4]}, {"best": {"quantity": 2, "near": 3}}, {"best": {"quantity": 1}}],
)
def test_a_program_that_says_which_layout_it_knows_sells_nothing_of_another(house, moved, wish):
    event, drawn = moved
    _, secret = ApiKey.objects.make(role="buyer", name="Box")
    caller = Client(headers={"authorization": f"Api-Key {secret}", "host": house.host})

    def ask(drawn):
        body = {"event": str(event.pk), **wish, **drawn}
        return caller.post("/api/v1/bookings", body, content_type="application/json")

    answer = ask({"drawn": drawn})
    assert (answer.status_code, answer.json()["code"]) == (409, "map_redrawn")
    assert not Ticket.objects.exists()
    assert ask({"drawn": event.layout.content_hash}).status_code == 201
    assert ask({"best": {"quantity": 1}} if "best" in wish else {"seats": [8]}).status_code == 201


def held(event, ordinals):
    terms = Terms(kind="HOUSE", name="Guests")
    return make_hold(event=event, wanted=Wanted(ordinals=tuple(ordinals)), terms=terms)


def test_whoever_holds_places_of_the_former_version_is_told_to_choose_again(layout):
    event = world.event_on_sale(layout)
    world.received_order(event)
    hold = held(event, [3, 4])
    stale = Event.objects.get(pk=event.pk)
    move_event(event=event, layout=exchanged(layout), reason="New numbers")
    now = sorted(hold.seats.values_list("ordinal", flat=True))
    stale_hold = Hold.objects.get(pk=hold.pk)
    stale_hold.event = stale
    for late in (
        lambda: held(stale, [7]),
        lambda: add_places(stale_hold, Wanted(ordinals=(7,))),
        lambda: release_places(stale_hold, ordinals=now[:1]),
    ):
        with pytest.raises(Redrawn):
            late()
    assert sorted(hold.seats.values_list("ordinal", flat=True)) == now


def test_a_delivery_of_places_of_the_former_version_is_refused(house, layout):
    event = world.event_on_sale(layout)
    order = world.confirmed_order(event)
    line = order.lines.get()
    move_event(event=event, layout=exchanged(layout), reason="New numbers")
    line.refresh_from_db()
    _, secret = ApiKey.objects.make(role="staff", name="Desk", user=world.staff(house, "OWNER"))
    caller = Client(headers={"authorization": f"Api-Key {secret}", "host": house.host})

    def ask(drawn):
        part = {"line": str(line.pk), "seats": line.ordinals[:2], "drawn": drawn}
        page = f"/api/v1/purchase-orders/{order.pk}/receive"
        return caller.post(page, {"lines": [part]}, content_type="application/json")

    answer = ask(layout.content_hash)
    assert (answer.status_code, answer.json()["code"]) == (409, "map_redrawn")
    assert ask(Event.objects.get(pk=event.pk).layout.content_hash).status_code == 201


def test_who_read_the_event_before_its_move_is_told_so_and_nothing_breaks(layout):
    """Its house is the old one, its places are the new ones: what is asked of both is refused."""
    event = world.event_on_sale(layout)
    world.received_order(event)
    with_rule(event, SplitRule.NO_SINGLES)
    stale = Event.objects.select_related("layout").get(pk=event.pk)
    last = ordinal(layout, "E", "10")
    fewer = from_canonical(layout.plan)
    fewer = normalise(replace(fewer, sections=fewer.sections[:1]))
    after, _ = publish_layout(venue=layout.venue, plan=fewer, name="Stalls alone")
    move_event(event=event, layout=after, reason="The rest is closed")
    group = Wish(quantity=2)
    asking = [
        lambda: stands(stale),
        lambda: reserve(event=stale, ordinals=[last - 1, last]),
        lambda: reserve_best(event=stale, wish=group),
        lambda: best_groups(stale, group),
        lambda: alternatives_for(stale, [last]),
        lambda: places_of(stale, [last, layout.capacity - 1]),
    ]
    for ask in asking:
        with pytest.raises(Redrawn):
            ask()
    assert not Ticket.objects.exists()


def test_the_seats_shown_and_their_prices_are_of_one_layout(layout):
    """A version of as many places in another order: what was remembered of each is not put together."""
    event = world.event_on_sale(layout)
    for section in ("Stalls", "Circle"):
        world.received_order(event, section=section)
    stale = Event.objects.select_related("layout").get(pk=event.pk)
    after = exchanged(layout)
    look(event.pk, within=0)
    old_prices = prices_of(stale).content
    assert old_prices["layout"] == layout.content_hash
    move_event(event=event, layout=after, reason="New numbers")
    event = Event.objects.get(pk=event.pk)
    orders = {
        layout.pk: ["Stalls", "Circle", "Floor"],
        after.pk: ["Circle", "Stalls", "Floor"],
    }
    for asked in (event, stale):  # somebody has looked a moment before the move
        HouseState.objects.update(looked_at=Func(function="clock_timestamp"))
        seen, runs = seen_and_priced(asked)
        assert [run.level for run in runs] == orders[seen.layout_id]
    assert prices_of(event).content["layout"] == after.content_hash


@pytest.mark.parametrize(
    "work",
    [
        lambda event: lay_out(event),
        lambda event: version(event.layout, added=[("Z", 2)]),
    ],
)
def test_a_stadium_may_take_longer_than_statements_of_a_page(house, layout, work):
    event = world.event_on_sale(layout)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '30s'")
        work(event)
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("5min",)
