"""Selling and giving away places out of a hold."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.db.models.functions import Now
from django.utils import timezone

from bookings.models import Booking
from bookings.services import NotForNothing, TooMany, abandon, confirm, give_held, sell_held
from config.tests import world
from core import invariants, outbox
from core.errors import Invalid
from inventory.models import EventSeat, SeatEntry
from inventory.services import SeatsTaken, Terms, Wanted, make_hold, release_hold
from inventory.tasks import notice_holds
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
NOOR = {"email": "noor@post.example", "name": "Noor Vance"}


@pytest.fixture
def event(agency):
    event = world.event_on_sale(world.venue()[1])
    world.received_order(event)
    yield event
    assert invariants.violations() == {}


def hold_of(event, kind="ARTIST", **terms):
    wanted = Wanted(ordinals=tuple(range(10)))
    return make_hold(event=event, wanted=wanted, terms=Terms(kind=kind, name="The band", **terms))


def held(hold):
    return list(hold.seats.filter(status="HELD").values_list("ordinal", flat=True))


def delivered():
    while sum(outbox.deliver(limit=20)):
        pass
    return mail.outbox


def test_places_of_a_hold_are_sold_at_their_price_by_a_mailed_link(event):
    hold = hold_of(event)
    booking = sell_held(hold=hold, ordinals=[0, 1], hours=4, **NOOR)
    assert (booking.channel, booking.price, booking.fee) == (
        "BOX_OFFICE",
        Decimal(80),
        Decimal("4.80"),
    )
    assert booking.reserved_until - timezone.now() > timedelta(hours=3, minutes=59)
    assert set(Ticket.objects.values_list("holder_name", flat=True)) == {"Noor Vance"}
    [asked] = delivered()
    assert asked.to == ["noor@post.example"]
    assert f"/checkout/{booking.pk}/?k=" in asked.body
    assert "Stalls, row A, seat 1, €42.40" in asked.body
    assert "€84.80 in all" in asked.body
    payment = world.Payment.objects.get(reference=booking.pk)
    world.received(payment)
    confirm(booking.pk, payment_id=payment.pk)
    assert held(hold) == list(range(2, 10))
    assert set(hold.seats.filter(status="SOLD").values_list("ordinal", flat=True)) == {0, 1}


def test_what_is_not_paid_goes_back_to_the_hold_and_no_mail_asks_for_it(event):
    hold = hold_of(event)
    booking = sell_held(hold=hold, ordinals=[0], **NOOR)
    abandon(booking.pk)
    assert held(hold) == list(range(10))
    assert delivered() == []


def test_complimentary_tickets_are_confirmed_at_once_with_their_reason(event):
    hold = hold_of(event, kind="PRESS")
    booking = give_held(hold=hold, ordinals=[0, 1], reason="review in the Tribune", **NOOR)
    assert (booking.status, booking.total) == ("CONFIRMED", 0)
    assert set(Ticket.objects.values_list("status", flat=True)) == {"CONFIRMED"}
    assert set(SeatEntry.objects.filter(kind="SOLD").values_list("reason", flat=True)) == {
        "Hold The band, given for nothing: review in the Tribune"
    }
    [tickets] = delivered()
    assert tickets.to == ["noor@post.example"]
    assert [name for name, _, _ in tickets.attachments] == [f"tickets-{booking.number}.pdf"]


@pytest.mark.parametrize(("kind", "reason"), [("ARTIST", "friends"), ("PRESS", " ")])
def test_nothing_is_given_away_out_of_other_holds_or_without_a_reason(event, kind, reason):
    with pytest.raises(NotForNothing):
        give_held(hold=hold_of(event, kind=kind), ordinals=[0], reason=reason, **NOOR)
    assert not Booking.objects.exists()


def test_only_what_is_in_the_hold_can_be_sold_out_of_it(event):
    hold = hold_of(event)
    with pytest.raises(SeatsTaken) as refused:
        sell_held(hold=hold, ordinals=[9, 10], **NOOR)
    assert refused.value.ordinals == [10]
    with pytest.raises(TooMany):
        sell_held(hold=hold, ordinals=[], **NOOR)
    with pytest.raises(Invalid, match="1 to 24 hours"):
        sell_held(hold=hold, ordinals=[0], hours=25, **NOOR)
    release_hold(hold)
    with pytest.raises(SeatsTaken):
        sell_held(hold=hold, ordinals=[0], **NOOR)
    assert not Booking.objects.exists()


def test_staff_sell_out_of_a_hold_before_the_sale_opens(event):
    hold = hold_of(event)
    type(event).objects.update(sale_starts_at=Now() + timedelta(days=1))
    event.refresh_from_db()
    assert sell_held(hold=hold, ordinals=[0], **NOOR).status == "RESERVED"


def test_a_price_of_its_own_is_what_a_held_place_sells_for(event):
    hold = hold_of(event)
    EventSeat.objects.filter(ordinal=3).update(price=Decimal(100))
    assert sell_held(hold=hold, ordinals=[3], **NOOR).price == 100


def test_owner_and_contact_are_told_before_a_hold_ends_and_only_staff_get_the_link(agency, event):
    owner = world.staff(agency, "OWNER")
    until = timezone.now() + timedelta(days=2)
    hold = hold_of(event, until=until, owner=owner, contact="tour@post.example")
    type(hold).objects.update(notice_at=Now())
    assert notice_holds() == 1
    mails = {message.to[0]: message for message in delivered()}
    assert set(mails) == {"owner@parterre.example", "tour@post.example"}
    staff, outside = mails["owner@parterre.example"], mails["tour@post.example"]
    assert staff.subject == "A hold runs out: The band, The Low Lanterns"
    assert "10 places held for “The band”" in outside.body
    assert f"/admin/inventory/hold/{hold.pk}/change/" in staff.body
    assert "/admin/" not in outside.body
    assert "tell Parterre before that" in outside.body


def test_who_left_and_what_is_over_is_not_told(agency, event):
    owner = world.staff(agency, "OWNER")
    hold = hold_of(event, until=timezone.now() + timedelta(days=2), owner=owner)
    type(hold).objects.update(notice_at=Now())
    notice_holds()
    release_hold(hold)
    assert delivered() == []
