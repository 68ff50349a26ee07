"""Orders at their edges: what changes under the hands of buyer, cashier, bank and provider."""

import json
import sys
from contextlib import suppress

import pytest
from django.core import mail
from django.db.models.functions import Now
from django.test import Client

from accounts.models import ApiKey
from agencies.models import Agency, WhenDisputed
from agencies.terms import publish_terms
from bookings import services
from bookings.evidence import sections_of
from bookings.links import mailed_key
from bookings.models import Booking, Grounds, Rule
from bookings.orders import payments_of
from bookings.services import confirm, contact, join, pay
from bookings.services.at_desk import OtherSum
from config.tests import world
from config.tests.test_several_events import (
    GUEST,
    deliver_everything,
    houses,
    lapse,
    nights,
    paid,
    paid_at_the_desk,
    reserved,
    the_open_payment,
    two_in_one,
)
from core import invariants
from core.errors import DomainError
from core.memory import Remembered
from core.status import WrongState
from core.tenancy import as_system
from payments.models import Dispute, Payment, Refund
from payments.services import waiting_at_desk
from payments.services.refund import complete
from promotions.tests.factories import running
from tickets.models import Ticket

__all__ = ["houses", "nights"]  # fixtures


def of_agency(**fields):
    with as_system():
        Agency.objects.update(**fields)
    Remembered.forget_everything()


def begun(payment, status="PROCESSING"):
    Payment.objects.filter(pk=payment.pk).update(status="PROCESSING", opened_at=Now())
    if status != "PROCESSING":
        Payment.objects.filter(pk=payment.pk).update(status=status, settled_at=Now())


def given_back_whole(booking):
    booking.refresh_from_db()
    wish = world.GivingBack(grounds=Grounds.STAFF, rule=Rule.ALL_BACK, reason="Ill")
    seen = world.preview(booking, wish, now=world.timezone.now()).name
    return world.cancel(booking.pk, wish, seen=seen)


def late_money_for_a_lost_place(nights):
    """(what stays held, what was lost) of an order whose money came too late for one of them."""
    first, other = two_in_one(nights)
    payment = the_open_payment(first)
    begun(payment)
    lapse(other)
    reserved(nights[1], [2])
    world.received(payment)
    confirm(payment.reference, payment_id=payment.pk)
    return first, other


# At the provider


@pytest.mark.race
def test_who_paid_on_the_page_of_the_second_event_comes_back_to_his_tickets(houses):
    _, event, provider = houses
    first, other = reserved(event, [0]), reserved(event, [5])
    contact(first.pk, **GUEST)
    join(other.pk, to=first.pk)
    pay(other.pk)
    payment = payments_of(first).get(status="PROCESSING")
    provider.pay(payment.provider_ref, "pay")
    back = f"/checkout/{other.pk}/return/?k={mailed_key(other)}"
    page = Client().get(back, follow=True)
    assert page.redirect_chain[-1][0] == f"/bookings/{other.pk}/"


@pytest.mark.race
@pytest.mark.parametrize("before", ["a page was shut", "it was free"])
def test_what_is_added_to_an_order_without_an_open_payment_is_paid_with_it(houses, before):
    _, event, _ = houses
    first = reserved(event, [0])
    contact(first.pk, **GUEST)
    if before == "it was free":
        running("ALLFREE", name="All", percent=100)
        services.enter_code(first.pk, "ALLFREE")
    else:
        pay(first.pk)
        with suppress(DomainError):
            services.take_out_code(first.pk, "NOSUCHCODE")
    other = reserved(event, [5])
    join(other.pk, to=first.pk)
    assert pay(other.pk).startswith("http")
    other.refresh_from_db()
    asked = payments_of(other).get(status="PROCESSING")
    assert (asked.reference, set(asked.covers)) == (first.pk, {first.pk, other.pk})
    assert invariants.violations() == {}


@pytest.mark.django_db
def test_a_price_that_comes_back_while_nothing_is_due_is_not_given_away(nights, monkeypatch):
    running("ALLFREE", name="All", percent=100)
    first = reserved(nights[0], [0])
    contact(first.pk, **GUEST)
    services.enter_code(first.pk, "ALLFREE")
    paying = sys.modules["bookings.services.pay"]
    sum_of, seen = paying.sum_of, []

    def then_the_code_is_taken_out(bookings):
        due = sum_of(bookings)
        if not seen:
            seen.append(due)
            services.take_out_code(first.pk, "ALLFREE")
        return due

    monkeypatch.setattr(paying, "sum_of", then_the_code_is_taken_out)
    with pytest.raises(WrongState):
        pay(first.pk)
    assert not seen[0]
    assert Booking.objects.get(pk=first.pk).status == "RESERVED"


@pytest.mark.django_db
def test_two_free_events_are_confirmed_together(nights):
    free = services.Sale(is_complimentary=True)
    first, other = (services.reserve(event=night, ordinals=[0], sale=free) for night in nights)
    contact(first.pk, **GUEST)
    join(other.pk, to=first.pk)
    pay(other.pk)
    assert set(Booking.objects.values_list("status", flat=True)) == {"CONFIRMED"}


@pytest.mark.django_db
def test_what_stays_held_after_money_went_back_can_be_reckoned_and_paid_anew(nights):
    running("TENTH", name="A tenth")
    first, _lost = late_money_for_a_lost_place(nights)
    browser = Client()
    browser.get(f"/checkout/{first.pk}/?k={mailed_key(first)}")
    back = browser.get(f"/checkout/{first.pk}/return/")
    assert back.headers["Location"] == f"/checkout/{first.pk}/"
    services.enter_code(first.pk, "TENTH")
    first.refresh_from_db()
    assert paid_at_the_desk(first).amount == first.total
    assert invariants.violations() == {}


def mails_about_money():
    """[(the plain part, the other)] of the mails that say that money comes back."""
    return [
        (each.body, each.alternatives[0].content)
        for each in mail.outbox
        if "comes back" in each.subject
    ]


@pytest.mark.django_db
def test_who_gets_an_orders_money_back_reads_what_became_of_each_event(nights):
    first, lost = late_money_for_a_lost_place(nights)
    deliver_everything()
    [parts] = mails_about_money()
    for words in parts:
        assert "after the time to pay was over" in words
        assert "sold together or not at all" in words
        kept, over = sorted([words.index("The Low Lanterns"), words.index("The Second Night")])
        assert "Still kept for you until" in words[kept:over]
        assert f"/checkout/{first.pk}/?k=" in words[kept:over]
        assert "These seats are not yours" in words[over:]
        assert f"/events/{lost.event.slug}/" in words[over:]


@pytest.mark.django_db
@pytest.mark.parametrize("is_cheaper", [True, False])
def test_who_paid_what_was_not_due_or_paid_before_reads_why_it_comes_back(nights, is_cheaper):
    first, other = two_in_one(nights)
    payment = the_open_payment(first)
    if is_cheaper:
        Payment.objects.filter(pk=payment.pk).update(amount=first.total)
        world.received(Payment.objects.get(pk=payment.pk))
    else:
        begun(payment, "FAILED")
        paid_at_the_desk(first)
        Payment.objects.filter(pk=payment.pk).update(status="SUCCEEDED")
    confirm(first.pk, payment_id=payment.pk)
    confirm(first.pk, payment_id=payment.pk)
    deliver_everything()
    why = "price had changed" if is_cheaper else "had been paid before"
    became = "Still kept for you" if is_cheaper else "yours, and stay so"
    [parts] = mails_about_money()  # told of once
    for words in parts:
        assert why in words
        assert words.count(became) == len([first, other])


# At the desk and the bank


@pytest.mark.django_db
def test_the_desk_takes_what_its_page_said_or_nothing(nights, mireille):
    first = reserved(nights[0], [0, 1])
    contact(first.pk, **GUEST)
    page = f"{world.address('bookings.booking', 'take_card', first.pk)}"
    asked = mireille.get(page).content.decode()
    assert f'value="{first.total}"' in asked
    other = reserved(nights[1], [2])  # the guest’s phone adds an event meanwhile
    join(other.pk, to=first.pk)
    said = {"due": str(first.total), "reference": "slip 7"}
    refused = mireille.post(page, said).content.decode()
    assert "the order has changed" in refused
    assert set(Booking.objects.values_list("status", flat=True)) == {"RESERVED"}
    cashier = world.person("desk@parterre.example")
    with pytest.raises(OtherSum):
        services.pay_at_desk(
            first.pk, way="TERMINAL", by=cashier, reference="slip 7", due=first.money
        )


@pytest.mark.django_db
def test_what_was_paid_after_a_failed_attempt_is_handed_back_at_the_desk(nights):
    first = reserved(nights[0], [0, 1])
    contact(first.pk, **GUEST)
    begun(the_open_payment(first), "FAILED")
    other = reserved(nights[1], [2])
    join(other.pk, to=first.pk)
    paid_at_the_desk(first)
    given_back_whole(first)
    assert waiting_at_desk(payments_of(first)).get().amount == first.total
    assert invariants.violations() == {}


@pytest.mark.django_db
def test_a_transfer_for_an_order_is_mailed_whole_and_stays_whole(nights):
    of_agency(transfer_days=14, bank_account="FR7630004028379876543210943")
    first, other = two_in_one(nights)
    payment = services.await_transfer(first.pk, days=5)
    deliver_everything()
    [asked] = [each for each in mail.outbox if "RF" in each.body]
    for said in (payment.money.display(), "The Low Lanterns", "The Second Night"):
        assert said in asked.body
        assert said in asked.alternatives[0].content
    with pytest.raises(WrongState, match="together with others"):
        services.abandon(other.pk)


# Who sees what


@pytest.mark.django_db
def test_a_mailed_link_opens_nothing_of_another_buyer(nights):
    first = reserved(nights[0], [0])
    contact(first.pk, **GUEST)
    before = the_open_payment(first)
    begun(before, "FAILED")
    other = reserved(nights[1], [2])
    join(other.pk, to=first.pk)
    world.received(before)  # the money for the first alone, found after all
    confirm(before.reference, payment_id=before.pk)
    contact(other.pk, name="Ines", email="ines@post.example")
    paid_at_the_desk(other)
    browser = Client()
    browser.get(f"/bookings/{other.pk}/?k={mailed_key(other)}")
    assert browser.get(f"/bookings/{other.pk}/").status_code == 200
    assert browser.get(f"/bookings/{first.pk}/").status_code == 404
    assert invariants.violations() == {}


@pytest.mark.django_db
def test_a_link_at_another_agencys_address_is_a_link_to_nothing(nights):
    first = reserved(nights[0], [0])
    elsewhere = world.agency(slug="elsewhere")
    browser = Client(headers={"host": elsewhere.host})
    page = browser.get(f"/bookings/{first.pk}/?k={mailed_key(first)}", follow=True)
    assert page.status_code == 404


@pytest.mark.django_db
def test_nobody_puts_his_booking_to_an_order_of_another_key_or_browser(nights):
    keys = [ApiKey.objects.make(role="partner", name=name)[1] for name in ("One", "Two")]

    def call(key, **body):
        return Client().post(
            "/api/v1/bookings",
            json.dumps({"event": str(nights[0].pk), **body}),
            content_type="application/json",
            headers={"Authorization": f"Api-Key {key}"},
        )

    theirs = call(keys[0], seats=[0]).json()
    refused = call(keys[1], seats=[1], order=theirs["id"])
    assert (refused.status_code, Booking.objects.count()) == (404, 1)
    one, another = Client(), Client()
    for browser, ordinal in ((one, 3), (another, 4)):
        browser.post(f"/events/{nights[0].slug}/reserve/", {"seat": [ordinal]})
    assert not Booking.objects.exclude(order=None).exists()
    of_web, of_partner = reserved(nights[1], [0]), Booking.objects.get(pk=theirs["id"])
    with pytest.raises(services.NotTogether):
        join(of_web.pk, to=of_partner.pk)


@pytest.mark.django_db
def test_terms_are_asked_for_until_they_are_accepted_for_all_of_it(nights):
    terms = publish_terms("Terms of sale, all of them.", by=None)
    first = reserved(nights[0], [0])
    contact(first.pk, **GUEST)
    services.accept_terms(first.pk, network="10.0.0.0")
    other = reserved(nights[1], [2])
    join(other.pk, to=first.pk)
    browser = Client()
    browser.get(f"/checkout/{first.pk}/?k={mailed_key(first)}")
    assert 'name="accepts_terms"' in browser.get(f"/checkout/{first.pk}/").content.decode()
    services.accept_terms(first.pk, network="10.0.0.0", digest=terms.digest)
    assert 'name="accepts_terms"' not in browser.get(f"/checkout/{other.pk}/").content.decode()


# Disputes


@pytest.mark.django_db
def test_the_evidence_is_of_all_that_was_paid(nights):
    first, other = two_in_one(nights)
    paid(first)
    first = Booking.objects.select_related("event__venue", "customer").get(pk=first.pk)
    told = sections_of(first)
    words = json.dumps([section.rows for section in told])
    for ticket in Ticket.objects.filter(items__booking__in=[first, other]):
        assert ticket.number in words
    assert any(section.title.endswith(f"booking {other.number}") for section in told)


@pytest.mark.django_db
def test_who_lost_all_that_was_left_of_a_payment_lost_all_of_it(nights):
    of_agency(when_disputed=WhenDisputed.CANCEL)
    first, other = two_in_one(nights)
    payment = paid(first)
    given_back_whole(other)
    back = Refund.objects.get()
    complete(back.pk, "sent")
    lost = payment.amount - back.amount
    Dispute.objects.create(
        payment=payment, provider_ref="dp_1", status="LOST", amount=lost, currency="EUR",
        withdrawn=lost, written_off=lost, opened_at=world.timezone.now(),
    )  # fmt: skip
    services.follow_disputes(payment.pk)
    assert Booking.objects.get(pk=first.pk).status == "CANCELLED"
