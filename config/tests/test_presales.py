"""Presales as buyers meet them through the services: who is let in, what he sees, what he is sold, and
what becomes of it when it is over."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.models import Booking
from bookings.queries import alternatives_for
from bookings.services import (
    Sale,
    Wish,
    abandon,
    best_places,
    confirm,
    contact,
    enter_code,
    expire_lapsed,
    reserve,
    reserve_best,
)
from config.tests.presaling import (
    HOUR,
    buys,
    draft,
    listed,
    not_on_sale_yet,
    presale,
    set_aside,
    through,
)
from config.tests.world import received
from core import invariants
from core.errors import Invalid
from core.memory import Remembered
from core.status import WrongState
from core.tenancy import acting_for
from events.models import Event
from events.services import withdraw
from inventory.models import EventSeat, Presale
from inventory.overview import read_overview
from inventory.picking import NoSuchGroup, stands
from inventory.presales import running_presales, standing_of
from inventory.queries import left_by_event
from inventory.services import NotOnSale, SeatsTaken, look
from inventory.tasks import mark
from payments.models import Payment, Refund
from promotions.models import Code, PresaleVisit, Promotion, Use
from promotions.presales import (
    NoEntry,
    Terms,
    activate,
    admit,
    admit_listed,
    change,
    choose_places,
    end,
    make,
    offer_of,
    pass_of,
    visited,
)
from promotions.services import (
    NotRedeemed,
    ask_for_codes,
    close_code,
    make_codes,
    name_code,
)
from promotions.tests.factories import running

pytestmark = pytest.mark.django_db
FRONT, BACK, FLOOR = range(200), range(200, 400), range(400, 500)


@pytest.fixture
def world(made_shop):
    return made_shop


@pytest.fixture
def event(world):
    with acting_for(world["agency"]["id"]):
        yield not_on_sale_yet(Event.objects.select_related("venue", "layout").get())
        assert invariants.violations() == {}


def level(event, name):
    return event.levels.get(name=name).pk


def free(event, admitted):
    """The ordinals that a buyer sees as free, which the picker and the map must agree on."""
    seen = through(event, admitted)
    shown = look(event.pk, within=0, presale_id=seen.presale_id).status
    found = [at for at, state in enumerate(stands(seen)) if state == 0]
    if admitted or event.sells_at(timezone.now()):
        assert found == [at for at, state in enumerate(shown) if state == 0]
    return found


def sold(booking, email="noor@post.example"):
    contact(booking.pk, email=email, name="Noor")
    payment = Payment.objects.get(reference=booking.pk, status="PENDING")
    received(payment)
    return confirm(booking.pk, payment_id=payment.pk)


def lapse(booking):
    Booking.objects.filter(pk=booking.pk).update(reserved_until=Now())
    EventSeat.objects.filter(claimed_by=booking.pk).update(claimed_until=Now())
    Use.objects.of(booking.pk).update(held_until=Now())


# What it opens


def test_before_the_sale_to_all_only_who_comes_in_is_sold_anything(event):
    presale(event)
    with pytest.raises(NotOnSale):
        reserve(event=through(event, None), ordinals=[0])
    booking = buys(event, 0, 1)
    use = Use.objects.get(reference=booking.pk)
    assert (use.status, use.tickets, use.discount) == ("HELD", 2, 0)
    assert use.held_until == booking.reserved_until
    assert sold(booking).status == "CONFIRMED"
    use.refresh_from_db()
    assert use.status == "KEPT"


def test_it_opens_its_levels_and_no_other_places(event):
    presale(event, levels=[level(event, "Back")])
    fan = admit(event, "fans")
    assert free(event, fan) == list(BACK)
    assert buys(event, 200).status == "RESERVED"
    with pytest.raises(SeatsTaken):
        buys(event, 0)
    assert free(event, fan) == list(BACK)[1:]
    assert read_overview(through(event, fan)).left.count == 199


def test_it_opens_single_places_which_stay_its_own_whatever_they_are_called(event):
    made = presale(event)
    choose_places(made.pk, [3, 4, 210])
    fan = admit(event, "FANS")
    assert free(event, fan) == [3, 4, 210]
    with pytest.raises(SeatsTaken):
        buys(event, 5)
    change(made.pk, Terms(name="Fans", starts_at=made.starts_at, levels=[level(event, "Back")]))
    assert free(event, fan) == [210]
    choose_places(made.pk, [])
    assert free(event, fan) == list(BACK)


def test_places_set_aside_are_its_own_beside_the_sale_to_all(event):
    Event.objects.update(sale_starts_at=timezone.now() - HOUR)
    event.refresh_from_db()
    set_aside(event, "A")
    made = presale(event, ends_at=timezone.now() + HOUR)
    fan = admit(event, "FANS")
    assert free(event, None) == [*BACK, *FLOOR]
    assert free(event, fan) == [*FRONT, *BACK, *FLOOR]
    assert left_by_event([event.pk])[event.pk].count == 300
    with pytest.raises(SeatsTaken):
        reserve(event=event, ordinals=[0])
    buys(event, 0)
    end(made.pk)
    assert free(event, None) == [*FRONT[1:], *BACK, *FLOOR]
    assert left_by_event([event.pk])[event.pk].count == 499
    reserve(event=event, ordinals=[1])


def test_places_set_aside_wait_for_every_presale_that_covers_them(event):
    Event.objects.update(sale_starts_at=timezone.now() - HOUR)
    event.refresh_from_db()
    set_aside(event, "A", "B")
    assert free(event, None) == list(FLOOR)  # until there was one, nobody's
    early = presale(event, ends_at=timezone.now() + HOUR)
    draft(event, "A thought", ends_at=timezone.now() + HOUR)
    late = presale(
        event,
        "BANK",
        name="Bank",
        starts_in=HOUR,
        ends_at=timezone.now() + 2 * HOUR,
        levels=[level(event, "Back")],
    )
    end(early.pk)
    assert free(event, None) == [*FRONT, *FLOOR]
    end(late.pk)
    assert free(event, None) == [*FRONT, *BACK, *FLOOR]


def test_the_best_places_and_what_is_offered_instead_are_of_what_it_opens(event):
    presale(event, levels=[level(event, "Back")])
    fan = admit(event, "FANS")
    seen = through(event, fan)
    assert set(best_places(seen, Wish(quantity=4))) <= set(BACK)
    booking = reserve_best(event=seen, wish=Wish(quantity=4), sale=Sale(admitted=fan))
    assert {item.ticket.ordinal for item in booking.item_list} <= set(BACK)
    with pytest.raises(NoSuchGroup):
        reserve_best(event=seen, wish=Wish(quantity=2, section="A"), sale=Sale(admitted=fan))
    groups = alternatives_for(seen, [200], without=[200])
    assert groups
    assert {place.ordinal for group in groups for place in group} <= set(BACK)
    assert alternatives_for(through(event, None), [0]) != groups


def test_standing_places_are_sold_in_it_too(event):
    presale(event, levels=[level(event, "Standing")])
    fan = admit(event, "FANS")
    wish = Wish(quantity=3, section="Floor")
    booking = reserve_best(event=through(event, fan), wish=wish, sale=Sale(admitted=fan))
    assert len(booking.item_list) == 3


def test_what_is_seen_through_a_presale_never_mixes_with_what_all_see(event):
    presale(event, levels=[level(event, "Back")])
    presale(event, "BANK", name="Bank", levels=[level(event, "Front")])
    Event.objects.update(sale_starts_at=timezone.now() - HOUR, sale_ends_at=Now() + 2 * HOUR)
    Presale.objects.update(ends_at=timezone.now() + HOUR)
    set_aside(event, "A", "B")
    event.refresh_from_db()
    passes = [None, admit(event, "FANS"), admit(event, "BANK")]
    seen = [free(event, admitted) for admitted in passes]
    assert seen == [list(FLOOR), [*BACK, *FLOOR], [*FRONT, *FLOOR]]
    buys(event, 0, code="BANK")
    assert [len(free(event, admitted)) for admitted in passes] == [100, 300, 299]


# Who is let in


def test_a_code_that_opens_nothing_is_answered_alike_whatever_it_is(event):
    presale(event, code_limit=1)
    draft(event, "Draft")
    name_code(promotion=offer_of(Presale.objects.get(name="Draft")), text="DRAFTED")
    over = presale(event, "OVER", name="Over")
    end(over.pk)
    presale(event, "LATER", name="Later", starts_in=HOUR)
    presale(event, "CLOSED", name="Closed")
    close_code(Code.objects.get(text="CLOSED").pk)
    running("TENTH")
    buys(event, 0)  # FANS is used up
    asked = set()
    for text in (
        "FANS",
        "DRAFTED",
        "OVER",
        "LATER",
        "CLOSED",
        "TENTH",
        "NONE",
        "",
        "\0",
        "x" * 999,
    ):
        with (
            CaptureQueriesContext(
                connection,
            ) as captured,
            pytest.raises(NoEntry) as no,
        ):
            admit(event, text)
        asked.add((str(no.value), len(captured), len(captured[0]["sql"])))
    assert len(asked) == 1


def test_a_code_of_one_event_opens_no_other(event):
    presale(event)
    other = Event.objects.get(pk=event.pk)
    other.pk = other.id = "01a1fc84-1111-7000-8000-000000000000"
    with pytest.raises(NoEntry):
        admit(other, "FANS")


def test_a_code_of_a_presale_takes_nothing_off_and_a_promotion_opens_none(event):
    presale(event)
    running("TENTH")
    booking = buys(event, 0)
    with pytest.raises(Exception, match="There is no such code"):
        enter_code(booking.pk, "FANS")
    enter_code(booking.pk, "TENTH")
    booking.refresh_from_db()
    assert booking.discount > 0
    assert sorted(Use.objects.of(booking.pk).values_list("status", flat=True)) == ["HELD", "HELD"]


def test_unique_codes_are_drawn_by_the_thousand_and_let_one_booking_in_each(event):
    made = presale(event, "")
    batch = ask_for_codes(promotion=offer_of(made), count=30, prefix="FAN")
    make_codes(batch.pk)
    first, second, *_ = Code.objects.filter(batch=batch).values_list("text", flat=True)
    buys(event, 0, code=first)
    buys(event, 1, code=second)
    with pytest.raises(NoEntry):
        admit(event, first)


def test_who_is_on_a_list_comes_in_by_an_address_he_has_proven(event):
    presale(event, "", lists=[listed("noor@post.example")])
    assert admit_listed(event, "ida@post.example") is None
    fan = admit_listed(event, "Noor+tickets@post.example")
    booking = buys(event, 0, admitted=fan)
    contact(booking.pk, email="somebody.else@post.example", name="Ida")
    use = Use.objects.get(reference=booking.pk)
    assert use.is_proven
    assert use.customer == fan.customer != ""


def test_a_pass_is_good_as_long_as_its_code_and_its_presale_are(event):
    made = presale(event)
    fan = admit(event, "FANS")
    assert pass_of(event, fan.code_id) == fan
    close_code(fan.code_id)
    assert pass_of(event, fan.code_id) is None
    listed_code = offer_of(made).codes.get(is_listed=True)
    assert pass_of(event, listed_code.pk, "noor").customer == "noor"
    end(made.pk)
    assert pass_of(event, listed_code.pk) is None


# How often


def test_uses_of_a_code_are_held_given_back_and_kept(event):
    presale(event, code_limit=1)
    fan = admit(event, "FANS")
    booking = buys(event, 0, admitted=fan)
    with pytest.raises(NotRedeemed):
        buys(event, 1, admitted=fan)
    abandon(booking.pk)
    again = buys(event, 1)
    lapse(again)
    sold(buys(event, 2))
    with pytest.raises(NoEntry):
        admit(event, "FANS")
    assert Booking.objects.filter(status="RESERVED").count() == 1


def test_one_buyer_has_so_many_tickets_and_bookings_at_most(event):
    presale(event, tickets_each=4, bookings_each=2)
    sold(buys(event, 0, 1, 2))
    second = buys(event, 3, 4)
    with pytest.raises(
        NotRedeemed,
        match="and this e-mail has 3: let these go, and choose 1",
    ):
        contact(second.pk, email="noor+again@post.example", name="Noor")
    abandon(second.pk)
    sold(buys(event, 5))
    third = buys(event, 6)
    with pytest.raises(NotRedeemed):
        contact(third.pk, email="noor@post.example", name="Noor")
    contact(third.pk, email="ida@post.example", name="Ida")


def test_a_listed_buyer_is_counted_whatever_address_he_types_later(event):
    presale(event, "", lists=[listed("noor@post.example")], tickets_each=2)
    fan = admit_listed(event, "noor@post.example")
    sold(buys(event, 0, 1, admitted=fan), email="other@post.example")
    with pytest.raises(NotRedeemed):
        buys(event, 2, admitted=fan)


def test_the_presale_has_so_many_bookings_in_all(event):
    presale(event, bookings=1)
    buys(event, 0)
    with pytest.raises(NoEntry):
        admit(event, "FANS")


# When it is over


def test_after_its_end_nothing_is_sold_in_it_and_what_was_is_paid(event):
    made = presale(event)
    fan = admit(event, "FANS")
    kept = buys(event, 0)
    end(made.pk)
    with pytest.raises(NotOnSale):
        buys(event, 1, admitted=fan)
    assert sold(kept).status == "CONFIRMED"


def test_whoever_still_has_its_pass_is_sold_what_all_are_sold_once_it_is_over(event):
    presale(event, levels=[level(event, "Back")], tickets_each=1)
    fan = admit(event, "FANS")
    Event.objects.update(sale_starts_at=Now())
    event.refresh_from_db()
    booking = buys(event, 0, 1, admitted=fan)
    assert not Use.objects.filter(reference=booking.pk).exists()
    best = reserve_best(event=through(event, fan), wish=Wish(quantity=2), sale=Sale(admitted=fan))
    assert not Use.objects.filter(reference=best.pk).exists()


def test_late_money_has_its_places_again_while_the_presale_runs_and_goes_back_after_it(event):
    made = presale(event)
    late, later = buys(event, 0), buys(event, 1)
    for booking in (late, later):
        contact(booking.pk, email="noor@post.example", name="Noor")
        lapse(booking)
        expire_lapsed(booking.pk)
    assert paid_late(late).status == "CONFIRMED"
    assert Use.objects.get(reference=late.pk).status == "KEPT"
    end(made.pk)
    assert paid_late(later).status == "REFUNDED"
    assert Refund.objects.count() == 1


def paid_late(booking):
    payment = Payment.objects.get(reference=booking.pk)
    received(payment)
    return confirm(booking.pk, payment_id=payment.pk)


def test_a_stopped_sale_stops_the_presale_too(event):
    made = presale(event)
    fan = admit(event, "FANS")
    withdraw(event.pk)
    with pytest.raises(NoEntry):
        admit(event, "FANS")
    with pytest.raises(NotOnSale):
        buys(event, 0, admitted=fan)
    second = draft(event, "Second")
    with pytest.raises(WrongState):
        activate(second.pk)
    end(made.pk)


def test_an_event_whose_places_are_all_set_aside_is_not_sold_out(event):
    set_aside(event, "A", "B", "Floor")
    presale(event)
    mark(event.pk)
    event.refresh_from_db()
    assert event.status == "ON_SALE"


# Terms


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"ends_at": timezone.now() - 3 * HOUR}, "ends after it has begun"),
        ({"starts_in": 3 * HOUR}, "sale to all begins before"),
        ({"starts_in": timedelta(days=40), "ends_at": timezone.now() + timedelta(days=50)},
         "begins before the event"),
    ],
)  # fmt: skip
def test_a_presale_that_cannot_be_is_refused(event, terms, words):
    with pytest.raises(Invalid, match=words):
        draft(event, **terms)
    assert not Presale.objects.exists()


def test_a_presale_over_before_it_began_is_not_activated(event):
    late = draft(event, starts_in=-2 * HOUR, ends_at=timezone.now() - HOUR)
    with pytest.raises(Invalid, match="over before it begins"):
        activate(late.pk)


def test_two_presales_of_an_event_have_two_names(event):
    draft(event)
    with pytest.raises(Exception, match="presale called Fan club already"):
        draft(event)


def test_how_a_presale_stands(event):
    made = presale(event, levels=[level(event, "Front")])
    visited(admit(event, "FANS"))
    sold(buys(event, 0, 1))
    standing = standing_of(made)
    assert (standing.places, standing.sold, standing.set_aside) == (200, 2, 0)
    assert PresaleVisit.objects.count() == 1
    Remembered.forget_everything()
    [shown] = running_presales(event)
    assert (shown.name, shown.over_at) == ("Fan club", event.sale_starts_at)
    assert Promotion.objects.offers().count() == 0


def test_terms_made_by_staff_are_kept_with_it(event):
    made = make(event=event, terms=Terms("Members", timezone.now(), bookings=5, tickets_each=4))
    offer = offer_of(made)
    assert (offer.usage_limit, offer.tickets_per_customer) == (5, 4)
    change(made.pk, Terms("Friends", timezone.now(), bookings=7))
    offer.refresh_from_db()
    assert (offer.usage_limit, offer.tickets_per_customer) == (7, None)
