"""An event is cancelled, put off or moved: nobody is forgotten, nobody is paid or told twice."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Sum
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from agencies.models import Agency
from bookings import changing
from bookings.admin_changes import STANDINGS
from bookings.changing import NotChangeable, carrying_on, extent_of, standing_of, ways_of
from bookings.links import mailed_key
from bookings.models import Booking, Cancellation, ChangedBooking, EventChange
from bookings.services import buy_with_credit, confirm, contact, reserve
from config.tests import world
from config.tests.test_cancelling import policy
from config.tests.test_exchanging import changed, tickets_of
from config.tests.test_several_events import second_night
from core import outbox
from core.money import Money
from core.tenancy import as_system
from customers.services import remember_customer
from events.models import Event
from inventory.services import NotOnSale
from payments.models import CreditEntry, Payment, Refund
from payments.services import give_credit
from payments.services.credit import hold_credit
from payments.services.refund import complete
from tickets.models import Gate, Ticket
from tickets.services import admit, code_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("right_books")]
Kind = EventChange.Kind


@pytest.fixture
def stocked(event):
    world.received_order(event, rows="A-C")
    return event


def cancelled(event, by=None, approver=None):
    change = changing.propose(event=event, kind=Kind.CANCELLED, message="The tenor is ill", by=by)
    return changing.begin(change.pk, by=approver or by)


def put_off(event, days=30):
    now = timezone.now()
    change = changing.propose(
        event=event, kind=Kind.POSTPONED, message="The hall is flooded", by=None,
        new_starts_at=event.starts_at + timedelta(days=days), choose_until=now + timedelta(days=9),
    )  # fmt: skip
    return changing.begin(change.pk, by=None)


def finished(change):
    while changing.carry_on(change.pk):
        pass
    change.refresh_from_db()
    return change


def deliver(*handlers):
    """Runs the facts for these handlers, each twice, as a broken connection would have it."""
    with as_system():
        for row in outbox.claim(limit=100):
            if row.handler.rpartition(".")[2] in handlers:
                outbox.run(row)
                outbox.run(row)


def test_all_the_money_goes_back_whatever_the_policy_says(stocked, mailoutbox):
    policy((2, 90, 0))
    bookings = [world.sold_booking(stocked, [n, n + 1]) for n in (0, 2, 4)]
    unpaid = world.reservation(stocked, [8])
    change = cancelled(stocked)
    stocked.refresh_from_db()
    assert (stocked.status, change.status) == ("CANCELLED", "RUNNING")
    assert finished(change).status == "DONE"
    assert set(Refund.objects.values_list("amount", "reason")) == {
        (booking.total, "EVENT_CANCELLED") for booking in bookings
    }
    assert Refund.objects.count() == 3
    unpaid.refresh_from_db()
    assert unpaid.status == "CANCELLED"
    assert set(Booking.objects.values_list("status", flat=True)) == {"CANCELLED"}
    deliver("mail_cancellation")
    assert len(mailoutbox) == 3
    assert "The event is cancelled. We are sorry." in mailoutbox[0].body


def test_buyers_read_why_in_their_mail_and_on_every_page(stocked, agency, mailoutbox):
    booking = world.sold_booking(stocked, [0, 1])
    client = Client(headers={"host": agency.host})
    page, event_page = reverse("booking", args=[booking.pk]), f"/events/{stocked.slug}/"
    client.get(page, {"k": mailed_key(booking)})
    why = "The tenor is ill & sorry"
    change = changing.propose(event=stocked, kind=Kind.CANCELLED, message=why, by=None)
    for address in (page, event_page):
        assert "The tenor is ill" not in client.get(address).content.decode()
    changing.begin(change.pk, by=None)
    before = client.get(page).content.decode()
    finished(change)
    assert Booking.objects.get(pk=booking.pk).status == "CANCELLED"
    after = client.get(page).content.decode()
    for text in (before, after, client.get(event_page).content.decode()):
        assert "is cancelled.</h2>" in text
        assert "The tenor is ill &amp; sorry" in text
    for text in (before, after):
        assert "Event cancelled" in text
    deliver("mail_cancellation")
    [mail] = mailoutbox
    [(html, _)] = mail.alternatives
    assert mail.subject.startswith(f"The event is cancelled: {stocked.title}, ")
    assert f"{stocked.title} is cancelled.\n" in mail.body
    assert why in mail.body
    assert "The tenor is ill &amp; sorry" in html
    assert "tickets are cancelled" not in mail.body + html


def test_who_gives_back_what_was_put_off_is_not_told_that_it_is_cancelled(stocked, mailoutbox):
    booking = world.sold_booking(stocked, [0])
    finished(put_off(stocked))
    changing.answer(ChangedBooking.objects.get(booking=booking).pk, "REFUND")
    deliver("mail_cancellation")
    [mail] = mailoutbox
    assert mail.subject.startswith("1 ticket cancelled")
    assert "As you wished, since the event was changed." in mail.body


def test_nobody_can_reserve_any_more_once_it_has_begun(stocked):
    cancelled(stocked)
    with pytest.raises(NotOnSale):
        world.reservation(Event.objects.select_related("layout").get(pk=stocked.pk), [0])


def test_who_was_let_in_gets_his_money_too_and_what_was_cancelled_before_is_left_alone(stocked):
    policy((2, 50, 0))
    booking = world.sold_booking(stocked, [0, 1])
    gate = Gate.objects.create(event=stocked, name="A")
    ticket = Ticket.objects.select_related("event", "signing_key").get(items__position=1)
    admit(code=code_of(ticket), gate=gate, device_id=gate.pk, nonce="in")
    from config.tests.test_cancelling import give_back, wish

    give_back(booking, wish(booking, 2))
    finished(cancelled(stocked))
    assert sorted(Cancellation.objects.values_list("grounds", "refunded")) == [
        ("BUYER", 20),
        ("EVENT", booking.total / 2),
    ]


@pytest.mark.parametrize("trouble", [RuntimeError("a bug"), OperationalError("away")])
def test_one_booking_that_cannot_be_dealt_with_keeps_no_other_waiting(
    stocked, monkeypatch, trouble
):
    """What is broken waits for a person, what was held by somebody is tried again."""
    world.sold_booking(stocked, [0, 1])
    world.sold_booking(stocked, [4, 5])
    change = cancelled(stocked)
    broken, fine = change.bookings.order_by("pk")

    def give_all_back(booking_id, change):
        if booking_id == broken.booking_id:
            raise trouble
        return back(booking_id, change)

    back = carrying_on.give_all_back
    monkeypatch.setattr(carrying_on, "give_all_back", give_all_back)
    changing.carry_on(change.pk, seconds=1)
    for row in (broken, fine):
        row.refresh_from_db()
    assert (broken.done_at, bool(fine.done_at)) == (None, True)
    assert bool(broken.problem) == isinstance(trouble, RuntimeError)
    monkeypatch.undo()
    changing.try_again(change.pk)
    finished(change)
    assert set(Booking.objects.values_list("status", flat=True)) <= {"CANCELLED", "REFUNDED"}


def test_what_stands_in_the_way_is_left_to_a_person_and_tried_again(stocked):
    booking, other = world.sold_booking(stocked, [0]), world.sold_booking(stocked, [1])
    Payment.objects.filter(pk=booking.payment_id).update(status="DISPUTED")
    change = finished(cancelled(stocked))
    assert change.status == "DONE"
    row = change.bookings.get(booking=booking)
    assert "disputed" in row.problem
    assert Refund.objects.count() == 1
    Payment.objects.filter(pk=booking.payment_id).update(status="SUCCEEDED")
    assert changing.try_again(change.pk) == 1
    assert finished(change).status == "DONE"
    assert Refund.objects.count() == 2
    assert Booking.objects.get(pk=other.pk).status == "CANCELLED"


def test_going_over_it_once_more_pays_and_tells_nobody_twice(stocked, mailoutbox):
    for n in range(3):
        world.sold_booking(stocked, [n])
    change = finished(cancelled(stocked))
    ChangedBooking.objects.update(done_at=None)
    EventChange.objects.update(status="RUNNING")
    finished(change)
    deliver("mail_cancellation")
    assert Refund.objects.count() == Cancellation.objects.count() == len(mailoutbox) == 3


def test_a_large_sum_needs_a_second_person(stocked, agency, mireille):
    with as_system():
        Agency.objects.update(approval_above=50)
    world.sold_booking(stocked, [0, 1])
    first = world.staff(agency, "FINANCE")
    second = Agency and world.person("second@x.example")
    change = changing.propose(event=stocked, kind=Kind.CANCELLED, message="Ill", by=first)
    assert change.needs_approval
    for person in (first, second):
        with pytest.raises(NotChangeable):
            changing.begin(change.pk, by=person)
    with pytest.raises(IntegrityError), transaction.atomic():
        EventChange.objects.update(status="RUNNING", begun_at=timezone.now(), begun_by=first)
    page = mireille.get(world.of(change)).content.decode()
    assert "€84.80" in page
    assert "Owed to suppliers for its seats" in page
    mireille.post(world.of(change, "begin"))
    change.refresh_from_db()
    assert (change.status, change.begun_by.email) == ("RUNNING", "owner@parterre.example")
    finished(change)


def test_the_dry_run_says_which_way_the_money_goes_and_so_it_does(stocked, mireille):
    """By card, PayPal, bank, cash, all credit, part credit of which some went back before, disputed."""
    noor = remember_customer(email="noor@post.example", name="Noor Vance")
    give_credit(
        noor.pk,
        Money(Decimal(100), "EUR"),
        reason="The long queue",
        by=world.person("ida@x.example"),
    )
    for ordinal, provider in enumerate(["stripe", "paypal", "bank", "cash", "stripe"]):
        booking = world.sold_booking(stocked, [ordinal])
        Payment.objects.filter(pk=booking.payment_id).update(provider=provider)
    disputed = booking
    Payment.objects.filter(pk=disputed.payment_id).update(status="DISPUTED")
    paid_with_credit(stocked, [5], noor)
    mixed = paid_with_credit(stocked, [6, 7], noor, part=Decimal(20))
    Payment.objects.filter(pk=mixed.payment_id).update(provider="paypal")
    change = changing.propose(event=stocked, kind=Kind.CANCELLED, message="Ill", by=None)
    told = {way.name: (way.bookings, way.tickets, way.money.amount) for way in ways_of(stocked)}
    price = disputed.total
    assert told == {
        "stripe": (1, 1, price),
        "paypal": (2, 3, 3 * price - 20),
        "bank": (1, 1, price),
        "cash": (1, 1, price),
        "credit": (2, 3, price + 20),
        "disputed": (1, 1, price),
    }
    assert sum(money for _, _, money in told.values()) == extent_of(stocked).money.amount
    for page in (mireille.get(world.of(change)), mireille.get(world.of(change, "begin"))):
        words = " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).split())
        assert f"PayPal 2 3 €{3 * price - 20:.2f} goes back by itself" in words
        assert f"Bank transfer 1 1 €{price:.2f} somebody transfers it" in words
        assert f"Together €{8 * price:,.2f}" in words
    changing.begin(change.pk, by=None)
    finished(change)
    sent = Refund.objects.values_list("payment__provider").annotate(Sum("amount"))
    assert dict(sent) == {
        "stripe": price, "paypal": 3 * price - 20, "bank": price, "cash": price,
    }  # fmt: skip
    back = CreditEntry.objects.filter(kind="BACK").aggregate(sum=Sum("amount"))
    assert back["sum"] == price + 20
    stands = {each.name: (each.count, each.money.amount) for each in standing_of(change)}
    assert stands == {
        "back": (0, 0),
        "under_way": (3, 4 * price - 20),
        "by_hand": (2, 2 * price),
        "failed": (0, 0),
        "credit": (2, price + 20),
        "left": (1, price),
    }
    assert sum(money for _, money in stands.values()) == 8 * price


def test_its_page_says_how_the_money_stands_and_leads_to_what_failed(stocked, mireille, agency):
    there, lost, _ = (world.sold_booking(stocked, [n]) for n in (0, 1, 2))
    world.sold_booking(stocked, [3])
    elsewhere = world.sold_booking(second_night(stocked), [0])
    payment = Payment.objects.get(pk=elsewhere.payment_id)
    change = changing.propose(event=stocked, kind=Kind.CANCELLED, message="Ill", by=None)
    assert "How its money stands" not in mireille.get(world.of(change)).content.decode()
    changing.begin(change.pk, by=None)
    assert shown_words(mireille, change)["left"] == "Not dealt with yet 4 €169.60"
    finished(change)
    other = Refund.objects.create(  # of no change
        payment=payment, request_key="1", amount=9, currency="EUR", reason="FRAUD", status="FAILED"
    )
    own = {refund.payment_id: refund.pk for refund in Refund.objects.exclude(pk=other.pk)}
    complete(own[there.payment_id], "re_1")
    Refund.objects.filter(pk=own[lost.payment_id]).update(status="FAILED")
    page = mireille.get(world.of(change))
    words = " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).split())
    assert "Sent back, and there 1 €42.40 On its way, at the provider 2 €84.80" in words
    assert "Failed: it did not go back 1 €42.40 Became credit 0 €0.00" in words
    assert "Together €169.60" in words
    failed = f"{world.address('payments.refund')}?change={change.pk}&status__exact=FAILED"
    assert escape(failed) in page.content.decode()
    found = mireille.get(failed).context["cl"].result_list
    assert [refund.pk for refund in found] == [own[lost.payment_id]]
    box = world.client_of(world.staff(agency, "BOX_OFFICE"), agency)
    page = box.get(world.of(change)).content.decode()
    assert "Failed: it did not go back" in page
    assert world.address("payments.refund") not in page
    wrong = mireille.get(f"{world.address('payments.refund')}?change=nothing")
    assert wrong.status_code in (200, 302)


def shown_words(client, change):
    """{standing: words of its row} on the page of a change."""
    page = client.get(world.of(change)).content.decode()
    words = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    return {
        name: found[0]
        for name, label in STANDINGS.items()
        if (found := re.findall(rf"{label} \S+ \S+", words))
    }


def paid_with_credit(event, ordinals, customer, part=None):
    """A sold booking whose buyer pays with credit, or only this part of it."""
    booking = world.reservation(event, ordinals)
    contact(booking.pk, email=customer.email, name=customer.name)
    payment = Payment.objects.get(reference=booking.pk)
    if part is None:
        buy_with_credit(booking.pk)
        return Booking.objects.get(pk=booking.pk)
    payment.status, payment.credit, payment.opened_at = "PROCESSING", part, timezone.now()
    payment.save()
    with transaction.atomic():
        hold_credit(payment, customer.pk)
    world.received(payment)
    return confirm(booking.pk, payment_id=payment.pk)


def test_the_dry_run_does_not_ask_for_each_booking(stocked, django_assert_max_num_queries):
    """Only where seats were changed, or something went back: beyond `most` of these it says so."""
    policy((2, 0, 0), fees_refundable=True)
    noor = remember_customer(email="noor@post.example", name="Noor Vance")
    by = world.person("ida@x.example")
    give_credit(noor.pk, Money(Decimal(500), "EUR"), reason="The long queue", by=by)
    for start in (0, 2, 4, 6):
        paid_with_credit(stocked, [start, start + 1], noor)
    part = paid_with_credit(stocked, [8, 9], noor, part=Decimal(20))
    with django_assert_max_num_queries(5):
        found = {way.name: way for way in ways_of(stocked)}
    assert (found["credit"].bookings, found["simulated"].bookings) == (5, 1)
    assert found["credit"].money.amount == 4 * part.total + 20
    assert found["simulated"].money.amount == part.total - 20
    for start in (10, 12):
        sold = world.sold_booking(stocked, [start, start + 1])
        changed(reserve(event=stocked, ordinals=[start + 10]), sold, tickets_of(sold, 1))
    by_itself = {way.name: way for way in ways_of(stocked)}
    assert (by_itself["credit"].bookings, by_itself["simulated"].bookings) == (5, 5)
    with django_assert_max_num_queries(5):
        found = {way.name: way for way in ways_of(stocked, most=1)}
    assert (found["mixed"].bookings, found["mixed"].money.amount) == (2, part.total)
    assert found["credit"] == by_itself["credit"]
    sums = [sum(way.money.amount for way in ways.values()) for ways in (found, by_itself)]
    assert sums == [extent_of(stocked).money.amount] * 2


def test_who_proposed_a_large_sum_is_told_who_begins_it_and_they_see_it_on_their_desk(
    stocked, agency, mireille
):
    with as_system():
        Agency.objects.update(approval_above=50)
    world.sold_booking(stocked, [0, 1])
    first = world.staff(agency, "FINANCE")
    change = changing.propose(event=stocked, kind=Kind.CANCELLED, message="Ill", by=first)
    finance = world.client_of(first, agency)
    page = finance.get(world.of(change)).content.decode()
    assert "€84.80 are at stake: somebody else has to begin it" in page
    assert "<td>Owner</td>" in page.replace(' data-l="Role"', "")
    assert world.of(change, "begin") not in page
    assert world.of(change, "withdraw") in page
    assert "Was to start" in page
    assert world.of(change) not in finance.get("/admin/").content.decode()
    assert world.of(change, "begin") in mireille.get(world.of(change)).content.decode()
    assert world.of(change) in mireille.get("/admin/").content.decode()
    listed = mireille.get(world.address("bookings.eventchange"))
    [row] = listed.context["cl"].result_list
    assert (row.count, row.left) == (1, 0)
    mireille.post(world.of(change, "begin"))
    [row] = mireille.get(world.address("bookings.eventchange")).context["cl"].result_list
    assert (row.count, row.left) == (1, 1)
    finished(change)


def test_put_off_it_moves_and_the_buyer_chooses_by_the_link_in_his_mail(
    stocked, agency, mailoutbox
):
    keeps, leaves = world.sold_booking(stocked, [0]), world.sold_booking(stocked, [1])
    before = stocked.starts_at
    change = put_off(stocked)
    assert finished(change).status == "DONE"
    stocked.refresh_from_db()
    assert stocked.starts_at == before + timedelta(days=30)
    assert stocked.sale_ends_at == stocked.starts_at
    deliver("mail_changed_event")
    assert len(mailoutbox) == 2
    assert "The hall is flooded" in mailoutbox[0].body
    for booking, said in ((keeps, "KEEP"), (leaves, "REFUND")):
        buyer = Client(headers={"host": agency.host})
        booking = Booking.objects.select_related("event").get(pk=booking.pk)
        page = reverse("changed", args=[booking.pk])
        assert f"{page}?k=" in "".join(mail.body for mail in mailoutbox)
        shown = buyer.get(page, {"k": mailed_key(booking)}, follow=True)
        assert "get €42.40" in shown.content.decode()
        answered = buyer.post(page, {"answer": said}, follow=True)
        assert answered.status_code == 200
        assert buyer.post(page, {"answer": said}).status_code == 302
    assert list(Refund.objects.values_list("payment__reference", "amount")) == [
        (leaves.pk, leaves.total)
    ]
    assert Ticket.objects.get(items__booking=keeps).status == "CONFIRMED"
    assert change.bookings.get(booking=keeps).answer == "KEEP"


def test_who_pays_after_it_was_put_off_is_told_as_well(stocked, mailoutbox):
    booking = world.reservation(stocked, [0])
    change = finished(put_off(stocked))
    assert change.status == "RUNNING"
    payment = Payment.objects.get()
    world.received(payment)
    confirm(booking.pk, payment_id=payment.pk)
    assert finished(change).status == "DONE"
    deliver("mail_changed_event")
    assert [mail.subject for mail in mailoutbox] == ["New date: The Low Lanterns"]


def test_after_the_deadline_tickets_stay_valid(stocked):
    booking = world.sold_booking(stocked, [0])
    change = finished(put_off(stocked))
    EventChange.objects.update(choose_until=timezone.now() - timedelta(minutes=1))
    with pytest.raises(NotChangeable, match="stay valid"):
        changing.answer(change.bookings.get(booking=booking).pk, "REFUND")


def test_a_proposal_changes_nothing_and_there_is_one_at_a_time(stocked):
    booking = world.sold_booking(stocked, [0])
    change = changing.propose(event=stocked, kind=Kind.CANCELLED, message="Ill", by=None)
    with pytest.raises(NotChangeable):
        changing.propose(event=stocked, kind=Kind.CANCELLED, message="Ill", by=None)
    changing.withdraw(change.pk)
    assert changing.carry_on(change.pk) == 0
    stocked.refresh_from_db()
    assert (stocked.status, booking.is_sold) == ("ON_SALE", True)


def test_staff_propose_it_from_the_page_of_the_event(mireille, stocked):
    world.sold_booking(stocked, [0])
    new = f"{world.address('bookings.eventchange', 'add')}?event={stocked.pk}"
    assert new in mireille.get(world.of(stocked)).content.decode()
    wrong = mireille.post(new, {"kind": "POSTPONED", "message": "Flooded"})
    assert "This is needed for what happens." in wrong.content.decode()
    mireille.post(new, {"kind": "CANCELLED", "message": "The tenor is ill"})
    change = EventChange.objects.get()
    page = mireille.get(world.of(change, "begin")).content.decode()
    assert "Goes back to buyers" in page
    mireille.post(world.of(change, "begin"))
    finished(change)
    page = mireille.get(world.of(change)).content.decode()
    assert 'of <b class="num">1</b> bookings are dealt with' in page
    assert "Begun: booking after booking is dealt with" in page
    assert "Cancelling proposed" in page
