"""Money that comes late, twice, or whose notice was lost: the tickets, or all of it back."""

import json
import time
from contextlib import contextmanager
from datetime import timedelta

import pgtrigger
import psycopg
import pytest
from django.db import connections, transaction
from django.db.models import Sum
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from agencies.queries import current_agency
from bookings.models import Booking
from bookings.services import AlreadyPaid, confirm, contact, expire_lapsed, pay, reserve
from bookings.tasks import expire
from config.tests import world
from config.tests.servers import free_port, simulator, together
from core import failpoints, invariants, outbox
from core.locks import alone
from core.models import OutboxMessage
from core.money import Money
from core.status import WrongState
from core.tenancy import acting_for, as_system
from events.models import Event
from inventory.models import EventSeat
from inventory.services import SeatsTaken, release
from notifications.models import Message
from payments.models import InboxMessage, Journal, LedgerEntry, Payment, Refund
from payments.services import request_refund, retry_refund, send_refund, settle
from payments.services.refund import RefundTooHigh
from payments.tasks import reconcile, work_inbox
from payments.webhook_signature import sign
from tickets.models import Ticket
from tickets.services import cancel_tickets

pytestmark = pytest.mark.crash
HOUR = timedelta(hours=1)


@pytest.fixture
def provider(tmp_path, settings):
    with simulator(tmp_path) as running:
        settings.PAYMENT_SIMULATOR_URL = running.url
        settings.MAIL_DIR = tmp_path / "mail"
        yield running


@pytest.fixture
def event(committed_db, provider, made_house):
    world = made_house
    with acting_for(world["agency"]["id"]):
        yield Event.objects.select_related("layout", "venue").get()


def at_the_provider(event, ordinals):
    """A buyer who is on the provider's page."""
    booking = reserve(event=event, ordinals=ordinals)
    contact(booking.pk, email="noor@post.example", name="Noor Vance")
    pay(booking.pk)
    return booking


def lapse(booking):
    Booking.objects.filter(pk=booking.pk).update(reserved_until=Now())
    EventSeat.objects.filter(claimed_by=booking.pk).update(claimed_until=Now())


def money_arrives(provider, booking, outcome="late_money"):
    payment = Payment.objects.get(reference=booking.pk)
    provider.pay(payment.provider_ref, outcome)
    deadline = time.monotonic() + 15
    while settle(payment.pk).settled_at is None or payment_is(payment, "FAILED"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    deliver_everything()
    booking.refresh_from_db()
    return Payment.objects.get(pk=payment.pk)


def paid_but_not_confirmed(provider, settings, booking, outcome="pay"):
    """The money is booked, and what should have sold the places has failed so far."""
    settings.FAIL_POINT = "confirm.after_lock=raise"
    payment = money_arrives(provider, booking, outcome)
    settings.FAIL_POINT = ""
    assert payment.status == "SUCCEEDED"
    assert booking.status != "CONFIRMED"
    return payment


def payment_is(payment, status):
    return Payment.objects.filter(pk=payment.pk, status=status).exists()


def deliver_everything():
    with as_system():
        while sum(outbox.deliver(limit=50)):
            pass


def balance(account):
    return sum(entry.amount for entry in LedgerEntry.objects.filter(account=account))


def test_money_in_time_confirms_and_the_mail_carries_the_tickets(provider, event, mailoutbox):
    booking = at_the_provider(event, [0, 1])
    money_arrives(provider, booking, "pay")
    assert booking.status == "CONFIRMED"
    assert set(booking.items.values_list("ticket__status", flat=True)) == {"CONFIRMED"}
    assert Message.objects.get().status == "SENT"
    (mail,) = mailoutbox
    assert mail.to == ["noor@post.example"]
    assert [(name, kind) for name, _, kind in mail.attachments] == [
        (f"tickets-{booking.number}.pdf", "application/pdf")
    ]
    assert (balance("ticket_revenue"), balance("cost_of_sales")) == (-90, 60)
    assert invariants.violations() == {}


def test_late_money_gets_the_same_seats_when_all_are_free(provider, event):
    booking = at_the_provider(event, [0, 1])
    lapse(booking)
    assert expire_lapsed(booking.pk)
    money_arrives(provider, booking)
    assert booking.status == "CONFIRMED"
    assert set(
        EventSeat.objects.filter(claimed_by=booking.pk).values_list("status", "ordinal")
    ) == {
        ("SOLD", 0),
        ("SOLD", 1),
    }
    assert not Refund.objects.exists()
    assert invariants.violations() == {}


def test_late_money_goes_back_in_full_when_one_seat_is_gone(provider, event):
    late = at_the_provider(event, [0, 1])
    lapse(late)
    quick = reserve(event=event, ordinals=[1])
    payment = money_arrives(provider, late)
    refund = Refund.objects.get()
    assert (late.status, payment.status, refund.status) == ("REFUNDED", "REFUNDED", "COMPLETED")
    assert (refund.amount, refund.reason) == (90, "TOO_LATE")
    assert EventSeat.objects.get(ordinal=1).claimed_by == quick.pk
    assert EventSeat.objects.get(ordinal=0).status == "AVAILABLE"
    assert [sum(r["amount"] for r in provider.objects("refunds"))] == [9000]
    assert balance("provider_clearing") == balance("customer_deposits") == 0
    assert Message.objects.get(kind="payment_refunded").status == "SENT"
    assert invariants.violations() == {}


def test_late_money_gets_its_seats_from_one_who_did_not_pay_in_time(provider, event):
    late = at_the_provider(event, [0, 1])
    lapse(late)
    rival = reserve(event=event, ordinals=[1, 2])
    lapse(rival)
    money_arrives(provider, late)
    rival.refresh_from_db()
    assert (late.status, rival.status) == ("CONFIRMED", "EXPIRED")
    assert dict(EventSeat.objects.filter(ordinal__lt=3).values_list("ordinal", "status")) == {
        0: "SOLD",
        1: "SOLD",
        2: "AVAILABLE",
    }
    assert set(rival.items.values_list("ticket__status", flat=True)) == {"CANCELLED"}
    assert not Refund.objects.exists()
    assert invariants.violations() == {}


def test_money_that_came_in_time_keeps_its_seats_however_late_we_hear_of_it(
    provider, event, settings
):
    booking = at_the_provider(event, [0])
    payment = paid_but_not_confirmed(provider, settings, booking)
    lapse(booking)
    with pytest.raises(SeatsTaken):
        reserve(event=event, ordinals=[0])
    assert expire() == 0
    assert confirm(booking.pk, payment_id=payment.pk).status == "CONFIRMED"
    assert invariants.violations() == {}


def test_two_who_pay_late_for_one_seat_at_one_moment_get_it_once(provider, event, settings):
    """Each drives out a third who never paid. Locks are taken in one order, so nobody hangs."""
    for number in range(8):
        rivals = [lapsed_at_the_provider(event, number) for _ in range(2)]
        lapse(reserve(event=event, ordinals=[number]))
        for booking in Booking.objects.filter(pk__in=rivals):
            paid_but_not_confirmed(provider, settings, booking, "late_money")
        answers = together([confirming(event.agency_id, booking_id) for booking_id in rivals])
        assert sorted(map(str, answers)) == ["CONFIRMED", "REFUNDED"]
        assert EventSeat.objects.get(ordinal=number).status == "SOLD"
    assert Refund.objects.filter(reason="TOO_LATE").count() == 8
    assert invariants.violations() == {}


def lapsed_at_the_provider(event, ordinal):
    booking = at_the_provider(event, [ordinal])
    lapse(booking)
    return booking.pk


def confirming(agency_id, booking_id):
    def run():
        try:
            with acting_for(agency_id):
                payment = Payment.objects.get(reference=booking_id)
                return confirm(booking_id, payment_id=payment.pk).status
        finally:
            connections.close_all()

    return run


def test_a_booking_that_has_lost_a_place_on_the_way_is_not_sold_at_all(provider, event):
    booking = at_the_provider(event, [0, 1])
    payment = Payment.objects.get()
    provider.pay(payment.provider_ref, "pay")
    with transaction.atomic():
        seat, ticket = booking.items.values_list("event_seat", "ticket").first()
        release(seat_ids=[seat], reference=booking.pk)
        cancel_tickets([ticket])
    settle(payment.pk)
    booking.refresh_from_db()
    assert booking.status == "RESERVED"
    assert not EventSeat.objects.filter(status="SOLD").exists()
    assert not Ticket.objects.filter(status="CONFIRMED").exists()
    assert OutboxMessage.objects.filter(last_error__contains="Nothing was sold").exists()
    with pytest.raises(WrongState, match="Of 2 places"):
        confirm(booking.pk, payment_id=payment.pk)


def test_the_same_money_told_five_times_is_booked_once(provider, event):
    booking = at_the_provider(event, [0])
    payment = money_arrives(provider, booking, "pay")
    for _ in range(5):
        settle(payment.pk)
    deliver_everything()
    assert balance("ticket_revenue") == -45
    assert Message.objects.count() == 1


def test_a_fact_delivered_again_after_a_crash_changes_nothing(provider, event):
    booking = at_the_provider(event, [0])
    money_arrives(provider, booking, "pay")
    with as_system():
        OutboxMessage.objects.update(done_at=None, due_at=Now())
    deliver_everything()
    booking.refresh_from_db()
    assert booking.status == "CONFIRMED"
    assert not Refund.objects.exists()
    assert Message.objects.count() == 1
    assert invariants.violations() == {}


def test_a_second_payment_goes_back_whichever_is_heard_first(provider, event):
    booking = at_the_provider(event, [0])
    first = money_arrives(provider, booking, "pay")
    second = Payment.objects.create(
        reference=booking.pk, covers=[booking.pk], provider="simulated", amount=45, currency="EUR"
    )
    world.received(second)
    confirm(booking.pk, payment_id=second.pk)
    confirm(booking.pk, payment_id=first.pk)
    assert [(r.payment_id, r.reason) for r in Refund.objects.all()] == [(second.pk, "DUPLICATE")]
    assert invariants.violations() == {}


def test_money_whose_notice_was_lost_is_found_by_reconciliation(provider, event):
    booking = at_the_provider(event, [0])
    provider.pay(Payment.objects.get().provider_ref, "lost_notice")
    assert reconcile(everything=True) == {"asked": 1, "unreachable": 0}
    deliver_everything()
    booking.refresh_from_db()
    assert booking.status == "CONFIRMED"


def test_a_declined_card_keeps_the_seats_and_may_be_tried_again(provider, event):
    booking = at_the_provider(event, [0])
    payment = Payment.objects.get()
    provider.pay(payment.provider_ref, "decline")
    assert settle(payment.pk).status == "PROCESSING"
    assert pay(booking.pk) == Payment.objects.get().provider_url
    money_arrives(provider, booking, "pay")
    assert booking.status == "CONFIRMED"


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [("amount", 1, "not 1.00 EUR"), ("currency", "SEK", "45.00 EUR, not 45.00 SEK")],
)
def test_a_provider_that_names_other_money_confirms_nothing_and_calls_for_a_person(
    provider, event, client, column, value, said
):
    booking = at_the_provider(event, [0])
    payment = Payment.objects.get()
    provider.pay(payment.provider_ref, "pay")
    with pgtrigger.ignore("payments.Payment:what_is_paid_for_stays"):
        Payment.objects.filter(pk=payment.pk).update(**{column: value})
    for _ in range(2):
        settle(payment.pk)
    deliver_everything()
    booking.refresh_from_db()
    payment.refresh_from_db()
    assert (booking.status, payment.status) == ("RESERVED", "PROCESSING")
    assert said in payment.failure
    assert 'tessera_failed{queue="payments"} 1.0' in client.get("/metrics").content.decode()
    mireille = world.client_of(world.staff(current_agency(), "OWNER"), current_agency())
    desk = mireille.get(reverse("admin:index")).content.decode()
    assert world.of(payment) in desk
    listed = world.address("payments.payment") + "?needs_attention__exact="
    assert payment.description in mireille.get(listed + "1").content.decode()
    assert payment.description not in mireille.get(listed + "0").content.decode()
    mireille.post(world.of(payment, "settle_by_hand"))
    assert settle(payment.pk).status == "FAILED"
    assert 'tessera_failed{queue="payments"} 0.0' in client.get("/metrics").content.decode()
    assert not Journal.objects.filter(source="payment").exists()


def test_notices_are_stored_once_and_only_with_a_true_signature(provider, event, settings):
    booking = at_the_provider(event, [0])
    provider.pay(Payment.objects.get().provider_ref, "lost_notice")
    (notice,) = [n for n in provider.objects("events") if n["type"] == "checkout.session.completed"]
    body = json.dumps(notice).encode()
    client = Client(HTTP_HOST="127.0.0.1")
    url = "/webhooks/payments/simulated/"
    now = int(time.time())
    secret = settings.PAYMENT_WEBHOOK_SECRETS[0]
    for bad in ("", "t=1,v1=00", sign(body, "another secret", now), sign(body, secret, now - 400)):
        refused = client.post(
            url, body, content_type="application/json", headers={"Stripe-Signature": bad}
        )
        assert refused.status_code == 400
    assert InboxMessage.objects.count() == 0
    header = sign(body, secret, now)
    for _ in range(3):
        taken = client.post(
            url, body, content_type="application/json", headers={"Stripe-Signature": header}
        )
        assert taken.status_code == 200
    deliver_everything()
    booking.refresh_from_db()
    assert booking.status == "CONFIRMED"
    assert list(InboxMessage.objects.values_list("state", flat=True)) == ["done"]


def test_a_payment_that_arrived_is_not_asked_for_again(provider, event, settings):
    booking = at_the_provider(event, [0])
    paid_but_not_confirmed(provider, settings, booking)
    with pytest.raises(AlreadyPaid, match="Your payment has arrived") as refused:
        pay(booking.pk)
    assert refused.value.code == "already_paid"
    assert Payment.objects.count() == 1


def test_another_attempt_is_described_like_the_first(provider, event):
    booking = at_the_provider(event, [0])
    Payment.objects.update(status="FAILED")
    pay(booking.pk)
    assert list(Payment.objects.values_list("description", flat=True)) == ["1 ticket, Night"] * 2


def test_one_reservation_that_cannot_be_ended_does_not_keep_the_others(committed_db, event):
    """Somebody holds the first one's row longer than a lock is waited for."""
    stuck, other = (reserve(event=event, ordinals=[number]) for number in range(2))
    lapse(stuck)
    lapse(other)
    with psycopg.connect(committed_db.admin_url) as somebody:
        somebody.execute("SELECT set_config('tessera.system', 'on', false)")
        somebody.execute("SELECT 1 FROM bookings_booking WHERE id = %s FOR UPDATE", [stuck.pk])
        assert expire() == 1
    assert expire() == 1
    assert set(Booking.objects.values_list("status", flat=True)) == {"EXPIRED"}


def test_reconciliation_ends_at_the_first_silence_and_goes_on_behind_it(provider, event, settings):
    bookings = [at_the_provider(event, [number]) for number in range(3)]
    first, *others = Payment.objects.order_by("created_at")
    Payment.objects.update(opened_at=Now() - timedelta(minutes=5), looked_up_at=None)
    with dead_provider(settings):
        assert reconcile() == {"asked": 1, "unreachable": 1}
    assert Payment.objects.filter(looked_up_at=None).count() == 2
    for payment in others:
        provider.pay(payment.provider_ref, "lost_notice")
    Payment.objects.filter(pk=first.pk).update(looked_up_at=Now() - timedelta(minutes=1))
    assert reconcile(limit=2, patience=1) == {"asked": 2, "unreachable": 0}
    deliver_everything()
    assert [Booking.objects.get(pk=booking.pk).status for booking in bookings] == [
        "RESERVED",
        "CONFIRMED",
        "CONFIRMED",
    ]


def test_a_refund_nobody_answers_for_does_not_stand_before_the_payments(provider, event, settings):
    paid = at_the_provider(event, [0])
    payment = money_arrives(provider, paid, "pay")
    with acting_for(event.agency_id), transaction.atomic():
        request_refund(
            payment_id=payment.pk, money=payment.money, reason="FRAUD", request_key="once"
        )
    at_the_provider(event, [1])
    Refund.objects.update(created_at=Now() - timedelta(minutes=5))
    Payment.objects.update(opened_at=Now() - timedelta(minutes=5), looked_up_at=Now() - HOUR)
    with dead_provider(settings):
        assert reconcile() == {"asked": 1, "unreachable": 1}
        assert Refund.objects.get().looked_up_at
        assert reconcile() == {"asked": 1, "unreachable": 1}
    assert not Payment.objects.filter(looked_up_at__lte=Now() - HOUR, status="PROCESSING").exists()


def test_notices_wait_for_a_provider_that_does_not_answer(provider, event, settings):
    for number in range(3):
        at_the_provider(event, [number])
    for payment in Payment.objects.all():
        InboxMessage.objects.create(
            provider="simulated", event_id=str(payment.pk), session_ref=payment.provider_ref
        )
    with dead_provider(settings):
        assert work_inbox() == 1
    assert sorted(InboxMessage.objects.values_list("attempts", "state")) == [
        (0, "received"),
        (0, "received"),
        (1, "received"),
    ]
    assert work_inbox() == 2


@contextmanager
def dead_provider(settings):
    """Nobody listens where the provider was."""
    before = settings.PAYMENT_SIMULATOR_URL
    settings.PAYMENT_SIMULATOR_URL = f"http://127.0.0.1:{free_port()}"
    yield
    settings.PAYMENT_SIMULATOR_URL = before


def test_a_refused_refund_stands_in_the_metrics_and_is_sent_again_by_a_person(
    provider, event, client
):
    payment = money_arrives(provider, at_the_provider(event, [0]), "pay")
    with transaction.atomic():
        refund = request_refund(
            payment_id=payment.pk, money=payment.money, reason="FRAUD", request_key="once"
        )
    Payment.objects.filter(pk=payment.pk).update(provider_payment_ref="pi_of_nobody")
    deliver_everything()
    assert Refund.objects.get().status == "FAILED"
    assert 'tessera_failed{queue="refunds"} 1.0' in client.get("/metrics").content.decode()
    Payment.objects.filter(pk=payment.pk).update(provider_payment_ref=payment.provider_payment_ref)
    retry_refund(refund.pk)
    deliver_everything()
    assert Refund.objects.get().status == "COMPLETED"
    assert 'tessera_failed{queue="refunds"} 0.0' in client.get("/metrics").content.decode()


def asked_back(payment, amount):
    with transaction.atomic():
        return request_refund(
            payment_id=payment.pk, money=Money(amount, "EUR"), reason="FRAUD", request_key="once"
        )


def state_of(refund):
    return Refund.objects.get(pk=refund.pk).status


def test_a_refund_that_the_provider_took_on_and_then_failed_is_sent_again_and_paid_once(
    provider, event
):
    payment = money_arrives(provider, at_the_provider(event, [0]), "pay")
    refund = asked_back(payment, 20)
    provider.break_next("POST /v1/refunds", "timeout_after_success")
    deliver_everything()
    assert state_of(refund) == "PROCESSING"
    [first] = provider.objects("refunds")
    provider.decide_refund(first["id"], "pending")
    assert send_refund(refund.pk).status == "PROCESSING"
    provider.decide_refund(first["id"], "failed")
    for _ in range(2):
        assert send_refund(refund.pk).status == "FAILED"
    assert len(provider.objects("refunds")) == 1
    retry_refund(refund.pk)
    deliver_everything()
    for _ in range(3):
        assert send_refund(refund.pk).status == "COMPLETED"
    second, first = provider.objects("refunds")
    assert [(each["status"], each["metadata"]["attempt"]) for each in (first, second)] == [
        ("failed", "1"),
        ("succeeded", "2"),
    ]
    assert balance("customer_deposits") + balance("ticket_revenue") + balance("fee_revenue") == -25
    assert Refund.objects.get().provider_ref == second["id"]
    # Nothing gives back a part of a booking that stays sold yet; the books must be right all the same.
    assert set(invariants.violations()) == {"INV-4 a sold booking was paid for once"}


def test_a_crash_between_sending_a_second_attempt_and_noting_it_pays_once(
    provider, event, settings
):
    payment = money_arrives(provider, at_the_provider(event, [0]), "pay")
    refund = asked_back(payment, 20)
    provider.break_next("POST /v1/refunds", "timeout_after_success")
    deliver_everything()
    [first] = provider.objects("refunds")
    provider.decide_refund(first["id"], "failed")
    send_refund(refund.pk)
    retry_refund(refund.pk)
    settings.FAIL_POINT = "refund.after_provider=raise"
    with pytest.raises(failpoints.FailPointReached):
        send_refund(refund.pk)
    settings.FAIL_POINT = ""
    assert state_of(refund) == "PROCESSING"
    assert send_refund(refund.pk).status == "COMPLETED"
    assert [each["status"] for each in provider.objects("refunds")] == ["succeeded", "failed"]


def test_a_retry_finds_the_money_an_earlier_attempt_moved_after_all(provider, event):
    """What was refused was not the last word: nothing is sent beside a refund that lives."""
    payment = money_arrives(provider, at_the_provider(event, [0]), "pay")
    refund = asked_back(payment, 20)
    provider.break_next("POST /v1/refunds", "timeout_after_success")
    deliver_everything()
    Refund.objects.update(status="FAILED", failure="It seemed refused.")
    retry_refund(refund.pk)
    deliver_everything()
    assert state_of(refund) == "COMPLETED"
    assert len(provider.objects("refunds")) == 1


def test_who_sends_a_refund_is_alone_with_it(provider, event):
    payment = money_arrives(provider, at_the_provider(event, [0]), "pay")
    refund = asked_back(payment, 20)

    def meanwhile():
        try:
            with acting_for(event.agency_id):
                return send_refund(refund.pk).status
        finally:
            connections.close_all()

    with alone(f"refund {refund.pk}"):
        assert together([meanwhile]) == ["PENDING"]
    assert provider.objects("refunds") == []
    assert together([meanwhile]) == ["COMPLETED"]


STAYS_OWED = "a refused refund stays owed: nothing else of its payment takes its place"


def another_for_one(payment):
    with transaction.atomic():
        return request_refund(
            payment_id=payment.pk, money=Money(1, "EUR"), reason="FRAUD", request_key="another"
        )


def test_no_other_refund_takes_the_place_of_one_that_failed(provider, event):
    """What it owes stays owed, and it is sent once more."""
    payment = money_arrives(provider, at_the_provider(event, [0]), "pay")
    refund = asked_back(payment, payment.amount)
    Refund.objects.update(status="FAILED")
    owed = payment.money.display()
    with pytest.raises(
        RefundTooHigh, match=f": {owed} was refused and stays owed, to be sent again"
    ):
        another_for_one(payment)
    assert Refund.objects.count() == 1
    retry_refund(refund.pk)
    assert state_of(refund) == "PROCESSING"
    assert STAYS_OWED not in invariants.violations()


def test_what_is_left_besides_a_refund_that_failed_goes_back_all_the_same(provider, event):
    payment = money_arrives(provider, at_the_provider(event, [0]), "pay")
    refund = asked_back(payment, payment.amount - 1)
    Refund.objects.update(status="FAILED")
    another_for_one(payment)
    retry_refund(refund.pk)
    assert Refund.objects.aggregate(all=Sum("amount"))["all"] == payment.amount


def test_control_without_the_trigger_others_take_its_place(provider, event):
    payment = money_arrives(provider, at_the_provider(event, [0]), "pay")
    refund = asked_back(payment, payment.amount)
    Refund.objects.update(status="FAILED")
    with pgtrigger.ignore("payments.Refund:never_above_captured"):
        another_for_one(payment)
    assert STAYS_OWED in invariants.violations()
    with pytest.raises(RefundTooHigh):
        retry_refund(refund.pk)
    assert (state_of(refund), Refund.objects.get(pk=refund.pk).attempt) == ("FAILED", 1)


def test_a_mail_that_does_not_leave_says_so_until_it_does(provider, event, mailoutbox, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_PORT = free_port()
    money_arrives(provider, at_the_provider(event, [0]), "pay")
    assert (Message.objects.get().status, mailoutbox) == ("FAILED", [])
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with as_system():
        OutboxMessage.objects.filter(done_at=None).update(due_at=Now())
    deliver_everything()
    assert (Message.objects.get().status, len(mailoutbox)) == ("SENT", 1)


def test_a_provider_that_is_away_leaves_the_seats_and_says_so(committed_db, settings, made_house):
    world = made_house
    settings.PAYMENT_SIMULATOR_URL = f"http://127.0.0.1:{free_port()}"
    with acting_for(world["agency"]["id"]):
        event = Event.objects.get()
        booking = reserve(event=event, ordinals=[0])
        contact(booking.pk, email="noor@post.example", name="Noor Vance")
        with pytest.raises(Exception, match="Your seats are still kept"):
            pay(booking.pk)
        assert Payment.objects.get().status == "PROCESSING"
        assert reconcile(everything=True)["unreachable"] == 1
