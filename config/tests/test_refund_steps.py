"""A refund that failed, in the hands of those who may send it again."""

import pgtrigger
import pytest

from bookings.models import Booking
from config.tests import world
from config.tests.world import address, of, told
from core.models import OutboxMessage
from payments.models import Payment, Refund
from payments.services import request_refund

pytestmark = pytest.mark.django_db


@pytest.fixture
def refund(agency):
    """A refund the provider refused."""
    _, layout = world.venue()
    event = world.event_on_sale(layout)
    world.received_order(event, rows="A")
    booking = world.sold_booking(event, [0])
    payment = Payment.objects.get(reference=booking.pk)
    asked = request_refund(
        payment_id=payment.pk, money=payment.money, reason="FRAUD", request_key="once"
    )
    Refund.objects.filter(pk=asked.pk).update(status="FAILED", failure="The card is closed.")
    OutboxMessage.objects.all().delete()
    return asked


def test_finance_sees_what_goes_back_and_why_it_did_not_then_sends_it_again(agency, refund):
    piet = world.client_of(world.staff(agency, "FINANCE"), agency)
    page = piet.get(of(refund, "retry"))
    assert {"€42.40", "Fraud", "The card is closed."} <= cells(page)
    assert Refund.objects.get().status == "FAILED"
    done = piet.post(of(refund, "retry"))
    assert "on its way" in told(piet, done["Location"])[0]
    assert Refund.objects.get().status == "PROCESSING"
    assert OutboxMessage.objects.get().payload == {"refund_id": str(refund.pk)}
    again = told(piet, piet.post(of(refund, "retry"))["Location"])
    assert "not possible now" in again[0]
    assert OutboxMessage.objects.count() == 1


def cells(page):
    return {
        str(cell) for panel in page.context["panels"] for row in panel.table.rows for cell in row
    }


@pytest.mark.parametrize("role", ["BOX_OFFICE", "PURCHASING", "GATE_MANAGER", "PROMOTER"])
def test_nobody_else_sends_money_back(agency, refund, role):
    client = world.client_of(world.staff(agency, role), agency)
    for ask in (client.get, client.post):
        assert ask(of(refund, "retry")).status_code in (302, 403)
    assert Refund.objects.get().status == "FAILED"
    assert not OutboxMessage.objects.exists()


# All that failed, at once


def listed(client, **said):
    page = client.get(address("payments.refund"), said)
    return {refund.pk for refund in page.context["cl"].result_list}


def test_the_desk_says_what_did_not_go_back_to_who_may_send_it_again(agency, refund):
    for role in ("OWNER", "FINANCE"):
        client = world.client_of(world.staff(agency, role), agency)
        page = client.get("/admin/")
        assert "Nothing failed" not in page.content.decode()
        [told_of] = [each for each in page.context["desk"]["failed"] if "refund" in each.what]
        assert told_of.what == "1 refund of €42.40"
        assert [*client.get(told_of.address).context["cl"].result_list] == [refund]
    box = world.client_of(world.staff(agency, "BOX_OFFICE"), agency)
    assert "failed" not in box.get("/admin/").context["desk"]
    Refund.objects.update(status="PROCESSING")
    assert "Nothing failed" in client.get("/admin/").content.decode()


def test_refunds_are_found_by_booking_and_guest(agency, refund):
    owner = world.client_of(world.staff(agency, "OWNER"), agency)
    booking = Booking.objects.get()
    customer = booking.customer
    for words in (booking.number, customer.email, customer.name):
        assert listed(owner, q=words) == {refund.pk}, words
    assert listed(owner, q="nobody@post.example") == set()
    assert listed(owner, q=booking.number, status__exact="COMPLETED") == set()


@pytest.fixture
def three(refund):
    """Refunds that failed of two bookings, and one of the first that the provider works on."""
    event = Booking.objects.get().event
    other = world.sold_booking(event, [1])
    payment = Payment.objects.get(reference=other.pk)
    money = payment.money
    second = request_refund(payment_id=payment.pk, money=money, reason="FRAUD", request_key="2")
    Refund.objects.filter(pk=second.pk).update(status="FAILED", failure="No such payment.")
    third = world.sold_booking(event, [2])
    payment = Payment.objects.get(reference=third.pk)
    going = request_refund(payment_id=payment.pk, money=money, reason="FRAUD", request_key="3")
    OutboxMessage.objects.all().delete()
    return [refund, second, going]


def test_many_are_sent_again_once_it_was_said_how_much_and_each_of_them_once(agency, three):
    piet = world.client_of(world.staff(agency, "FINANCE"), agency)
    chosen = {"action": "retry_selected", "_selected_action": [each.pk for each in three]}
    page = piet.post(address("payments.refund"), chosen)
    assert "Send 2 refunds again?" in page.content.decode()
    assert {"EUR", "2", "€84.80", "No such payment."} <= cells(page)
    assert not OutboxMessage.objects.exists()
    confirmed = {**chosen, "confirmed": "yes"}
    done = piet.post(address("payments.refund"), confirmed)
    assert told(piet, done["Location"]) == ["2 refunds are on the way to the provider again."]
    assert OutboxMessage.objects.count() == 2
    assert [*Refund.objects.order_by("created_at").values_list("attempt", flat=True)] == [2, 2, 1]
    again = piet.post(address("payments.refund"), confirmed)
    assert told(piet, again["Location"]) == ["None of these has failed."]
    assert OutboxMessage.objects.count() == 2


def test_what_cannot_be_sent_is_said_one_by_one_and_keeps_no_other_waiting(agency, three):
    first, second, _ = three
    payment = first.payment
    with pgtrigger.ignore("payments.Refund:never_above_captured"):  # as long ago
        request_refund(payment_id=payment.pk, money=payment.money, reason="FRAUD", request_key="4")
    OutboxMessage.objects.all().delete()
    piet = world.client_of(world.staff(agency, "FINANCE"), agency)
    chosen = {"action": "retry_selected", "_selected_action": [first.pk, second.pk]}
    done = piet.post(address("payments.refund"), {**chosen, "confirmed": "yes"})
    words = told(piet, done["Location"])
    assert words[0] == "1 refund is on the way to the provider again."
    assert "€42.40 is more than is left" in words[1]
    assert OutboxMessage.objects.get().payload == {"refund_id": str(second.pk)}


def test_who_may_only_look_does_not_send_many(agency, three):
    box = world.client_of(world.staff(agency, "BOX_OFFICE"), agency)
    chosen = {"action": "retry_selected", "_selected_action": [each.pk for each in three]}
    box.post(address("payments.refund"), {**chosen, "confirmed": "yes"})
    assert not OutboxMessage.objects.exists()
