"""Banks take money back: what is booked, who still comes in, and that nothing goes back twice."""

import io
import json
import random
import zipfile
from datetime import UTC, datetime
from decimal import Decimal

import pgtrigger
import pypdfium2
import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from agencies.models import Agency
from bookings.evidence import sections_of
from bookings.links import mailed_key
from bookings.services import confirm, follow_disputes, reserve
from config.tests import world
from config.tests.selling_by_stripe import (
    at_stripe,
    deliver_everything,
    event,
    lapse,
    paid_unheard,
    payment_of,
    status,
    stripe,
)
from config.tests.servers import at_once
from config.tests.test_stripe import notices, post
from config.tests.world import of, told
from core import invariants
from core.errors import DomainError
from core.memory import Remembered
from core.models import OutboxMessage
from core.money import Money
from core.tenancy import acting_for, as_system, current_agency_id
from payments.adapters import ProviderDispute
from payments.models import Dispute, InboxMessage, Journal, LedgerEntry, Payment, Refund
from payments.services import (
    evidence_sent,
    read_disputes,
    record_disputes,
    request_refund,
    retry_refund,
    send_refund,
    settle,
)
from payments.services import refund as refunding
from payments.tasks import look_for_disputes
from tickets.models import Gate, Ticket
from tickets.services import admit, code_of

__all__ = ["event", "stripe"]  # fixtures


@pytest.fixture
def booking(stripe, event):
    """Sold and paid through Stripe, who tells nobody what comes after."""
    booking = at_stripe(event, 0, 1)
    stripe.play(payment_of(booking).provider_ref, "lost_notice")
    settle(payment_of(booking).pk)
    deliver_everything()
    assert status(booking) == "CONFIRMED"
    return booking


def disputed(stripe, booking, state="needs_response", amount=None):
    """The provider's id of a new dispute about the booking's payment."""
    return stripe.dispute(payment_of(booking).provider_payment_ref, state, amount)["id"]


def heard(booking):
    """What is known after asking: the only dispute."""
    read_disputes(payment_of(booking).pk)
    deliver_everything()
    return Dispute.objects.get()


def balances():
    """{account: balance} of those that disputes touch, without zeros."""
    wanted = ("provider_clearing", "disputed", "dispute_losses", "provider_fees")
    sums = dict.fromkeys(wanted, Decimal(0))
    for entry in LedgerEntry.objects.filter(account__in=wanted):
        sums[entry.account] += entry.amount
    return {account: str(amount) for account, amount in sums.items() if amount}


def shown_at_the_gate(booking, nonce="one"):
    gate, _ = Gate.objects.get_or_create(event=booking.event, name="Gate A")
    ticket = Ticket.objects.select_related("event", "signing_key").filter(items__booking=booking)
    ticket = ticket.order_by("ordinal").first()
    return admit(code=code_of(ticket), gate=gate, device_id=gate.pk, nonce=nonce)


# What is booked and who comes in


def test_a_dispute_takes_the_money_and_locks_the_tickets_until_it_is_won(stripe, booking):
    ref = disputed(stripe, booking)
    dispute = heard(booking)
    assert (dispute.status, payment_of(booking).status) == ("OPENED", "DISPUTED")
    assert balances() == {
        "disputed": "90.000",
        "provider_fees": "20.000",
        "provider_clearing": "-20.000",
    }
    refused = shown_at_the_gate(booking)
    assert refused.verdict == "not_valid"
    assert "the buyer’s bank took the payment back" in refused.message
    stripe.dispute(ref, "won")
    assert heard(booking).status == "WON"
    assert payment_of(booking).status == "SUCCEEDED"
    assert balances() == {"provider_clearing": "70.000", "provider_fees": "20.000"}
    assert shown_at_the_gate(booking, "two").verdict == "admitted"
    assert invariants.violations() == {}


def test_a_lost_one_is_a_loss_and_stays_locked(stripe, booking):
    ref = disputed(stripe, booking)
    heard(booking)
    stripe.dispute(ref, "lost")
    dispute = heard(booking)
    assert (dispute.status, dispute.closed_at is None) == ("LOST", False)
    assert balances() == {
        "dispute_losses": "90.000",
        "provider_fees": "20.000",
        "provider_clearing": "-20.000",
    }
    assert payment_of(booking).status == "DISPUTED"
    assert shown_at_the_gate(booking).verdict == "not_valid"
    assert invariants.violations() == {}


def test_a_mere_question_moves_no_money_and_locks_nobody_out(stripe, booking):
    ref = disputed(stripe, booking, "warning_needs_response")
    assert heard(booking).status == "INQUIRY"
    assert balances() == {"provider_clearing": "90.000"}
    stripe.dispute(ref, "warning_closed")
    assert heard(booking).status == "CLOSED"
    assert shown_at_the_gate(booking).verdict == "admitted"
    assert Journal.objects.filter(source="dispute").count() == 0


def test_an_agency_may_let_disputed_tickets_stay_valid(stripe, booking):
    with as_system():
        Agency.objects.update(when_disputed="NOTHING")
    Remembered.forget_everything()
    disputed(stripe, booking)
    heard(booking)
    assert shown_at_the_gate(booking).verdict == "admitted"


def test_an_agency_may_sell_what_was_lost_again(stripe, booking):
    with as_system():
        Agency.objects.update(when_disputed="CANCEL")
    Remembered.forget_everything()
    came = shown_at_the_gate(booking).ticket
    ref = disputed(stripe, booking)
    heard(booking)
    assert not Ticket.objects.filter(status="CANCELLED").exists()
    stripe.dispute(ref, "lost")
    heard(booking)
    follow_disputes(payment_of(booking).pk)
    [gone] = Ticket.objects.filter(items__booking=booking, status="CANCELLED")
    assert gone.event_seat.status == "AVAILABLE"
    assert status(came) == "USED"
    assert not Refund.objects.exists()
    assert invariants.violations() == {}


def test_a_part_is_disputed_decided_and_taken_again(stripe, booking):
    """Banks change their minds: what is booked follows, each time once."""
    ref = disputed(stripe, booking, amount=3000)
    heard(booking)
    for state in ("lost", "won", "lost"):
        stripe.dispute(ref, state)
        heard(booking)
        heard(booking)
    assert balances()["dispute_losses"] == "30.000"
    assert Dispute.objects.get().withdrawn == 30
    assert invariants.violations() == {}


# How it is heard


@pytest.mark.parametrize("seed", range(2))
def test_notices_five_times_in_any_order_book_each_movement_once(stripe, booking, seed):
    ref = disputed(stripe, booking)
    stripe.dispute(ref, "under_review")
    stripe.dispute(ref, "lost")
    shuffled = notices(stripe) * 5
    random.Random(seed).shuffle(shuffled)
    assert {post(body).status_code for body in shuffled} == {200}
    deliver_everything()
    assert Dispute.objects.get().status == "LOST"
    assert balances()["dispute_losses"] == "90.000"
    kinds = sorted(Journal.objects.filter(source="dispute").values_list("kind", flat=True))
    assert kinds == ["fee 3", "held 1", "lost 2"]
    assert set(InboxMessage.objects.values_list("state", flat=True)) == {"done"}
    assert invariants.violations() == {}


def test_a_dispute_that_nobody_told_is_found_and_one_that_moved_too(stripe, booking):
    ref = disputed(stripe, booking)
    assert look_for_disputes() == {"asked": 1, "unreachable": 0}
    assert Dispute.objects.get().status == "OPENED"
    assert look_for_disputes() == {"asked": 0, "unreachable": 0}
    stripe.dispute(ref, "won")
    assert look_for_disputes(everything=True) == {"asked": 1, "unreachable": 0}
    assert Dispute.objects.get().status == "WON"
    assert invariants.violations() == {}


def test_while_the_provider_is_silent_nothing_is_assumed(stripe, booking):
    disputed(stripe, booking)
    stripe.break_next("GET /v1/disputes", "status_500")
    assert look_for_disputes() == {"asked": 0, "unreachable": 1}
    assert not Dispute.objects.exists()


def test_who_was_slow_reads_again_instead_of_writing_what_is_past(stripe, booking):
    payment = payment_of(booking)
    ref = disputed(stripe, booking)
    before = stripe.adapter().find_disputes(payment.provider_payment_ref)
    stripe.dispute(ref, "won")
    assert heard(booking).status == "WON"
    assert record_disputes(payment.pk, before, read=payment.disputes_read) is False
    assert Dispute.objects.get().status == "WON"


def test_control_without_the_count_the_past_is_written(stripe, booking):
    payment = payment_of(booking)
    ref = disputed(stripe, booking)
    before = stripe.adapter().find_disputes(payment.provider_payment_ref)
    stripe.dispute(ref, "won")
    heard(booking)
    assert record_disputes(payment.pk, before, read=payment_of(booking).disputes_read)
    assert Dispute.objects.get().status == "OPENED"


# A dispute and a refund of the same money


def a_dispute_of(payment, **changed):
    """What a provider tells of a dispute about the whole payment."""
    facts = {
        "ref": "du_1",
        "payment_ref": payment.provider_payment_ref,
        "state": "needs_response",
        "reason": "fraudulent",
        "amount": payment.amount,
        "currency": payment.currency,
        "is_withdrawn": True,
        "created_at": datetime.now(UTC),
    }
    return ProviderDispute(**{**facts, **changed})


def back(payment, key="once", money=None):
    with transaction.atomic():
        return request_refund(
            payment_id=payment.pk, money=money or payment.money, reason="FRAUD", request_key=key
        )


def wrong():
    """Invariants that do not hold; these refunds cancelled no ticket, which is another's affair."""
    return sorted(set(invariants.violations()) - {"INV-4 a sold booking was paid for once"})


def sent(stripe):
    asked = stripe.witness()["requests"]
    return [one for one in asked if (one["method"], one["path"]) == ("POST", "/v1/refunds")]


@pytest.mark.race
@pytest.mark.parametrize("round_", range(3))
def test_refund_and_dispute_at_one_moment_never_give_the_money_back_twice(stripe, booking, round_):
    """Stripe knows nothing of this dispute and would pay: it is our own guard that holds."""
    payment = payment_of(booking)
    told = a_dispute_of(payment)
    at_once(
        current_agency_id(),
        lambda: back(payment),
        lambda: record_disputes(payment.pk, [told], read=payment.disputes_read),
    )
    deliver_everything()
    assert Dispute.objects.get().withdrawn == payment.amount
    assert sent(stripe) == []
    assert not Refund.objects.exclude(status="FAILED").exists()
    assert invariants.violations() == {}


@pytest.mark.race
def test_control_without_the_guard_it_goes_back_twice(stripe, booking, monkeypatch):
    monkeypatch.setattr(refunding, "is_taken_back", lambda payment: False)
    monkeypatch.setattr("payments.services.disputes.is_taken_back", lambda payment: False)
    payment = payment_of(booking)
    told = a_dispute_of(payment)
    with pgtrigger.ignore("payments.Refund:never_above_captured"):
        record_disputes(payment.pk, [told], read=payment.disputes_read)
        back(payment)
        deliver_everything()
    assert len(sent(stripe)) == 1
    assert Refund.objects.get().status == "COMPLETED"


def test_a_refund_that_waits_is_stopped_and_one_that_was_sent_is_a_fact(stripe, booking):
    payment = payment_of(booking)
    gone = back(payment, "first", Money(20, "EUR"))
    assert send_refund(gone.pk).status == "COMPLETED"
    waiting = back(payment, "second", Money(30, "EUR"))
    record_disputes(payment.pk, [a_dispute_of(payment)], read=payment.disputes_read)
    assert (status(gone), status(waiting)) == ("COMPLETED", "FAILED")
    assert "bank has taken" in waiting.failure
    with pytest.raises(DomainError, match=r"bank has taken back €90\.00"):
        back(payment, "third", Money(1, "EUR"))
    assert len(sent(stripe)) == 1
    assert wrong() == []


def test_what_was_on_its_way_when_the_bank_came_is_looked_up_and_not_sent(stripe, booking):
    payment = payment_of(booking)
    refund = back(payment)
    stripe.break_next("POST /v1/refunds", "status_500")
    deliver_everything()
    assert status(refund) == "PROCESSING"
    record_disputes(payment.pk, [a_dispute_of(payment)], read=payment.disputes_read)
    assert send_refund(refund.pk).status == "FAILED"
    assert stripe.objects("refunds") == []


@pytest.fixture
def too_late(stripe, event, monkeypatch):
    """Paid on a page that could not be shut, after the place was sold to somebody else; nobody has yet
    decided what becomes of it."""
    late = at_stripe(event, 0)
    lapse(late)
    reserve(event=event, ordinals=[0])
    paid_unheard(stripe, late)
    with monkeypatch.context() as patched:
        patched.setattr("bookings.services.paid.confirm", lambda *told, **more: None)
        settle(payment_of(late).pk)
        deliver_everything()
    assert (status(late), payment_of(late).status) == ("EXPIRED", "SUCCEEDED")
    return late


@pytest.mark.parametrize(("is_all", "sent_back"), [(True, []), (False, [(30, "COMPLETED")])])
def test_late_money_that_a_bank_holds_waits_for_a_person_and_the_rest_goes_back(
    stripe, too_late, is_all, sent_back
):
    payment = payment_of(too_late)
    if is_all:
        disputed(stripe, too_late)
        heard(too_late)
    else:  # Stripe knows nothing of this one: it refunds nothing of a disputed charge
        record_disputes(payment.pk, [a_dispute_of(payment, amount=Decimal("15.00"))], read=0)
    for _ in range(2):
        confirm(too_late.pk, payment_id=payment.pk)
        deliver_everything()
    assert (status(too_late), status(payment)) == ("REFUNDED", "DISPUTED")
    held = Refund.objects.get(status="FAILED")
    assert "bank has taken" in held.failure
    alive = Refund.objects.exclude(pk=held.pk)
    assert [(refund.amount, refund.status) for refund in alive] == sent_back
    assert not OutboxMessage.objects.failed().exists()
    assert invariants.violations() == {}


def test_late_money_that_the_bank_gives_back_is_sent_by_a_person(stripe, too_late):
    payment = payment_of(too_late)
    ref = disputed(stripe, too_late)
    heard(too_late)
    confirm(too_late.pk, payment_id=payment.pk)
    stripe.dispute(ref, "won")
    heard(too_late)
    assert list(invariants.violations())  # somebody owes it to him
    retry_refund(Refund.objects.get().pk)
    deliver_everything()
    assert Refund.objects.get().status == "COMPLETED"
    assert status(payment) == "REFUNDED"
    assert invariants.violations() == {}


def test_money_that_comes_back_from_the_bank_can_be_refunded(stripe, booking):
    payment = payment_of(booking)
    record_disputes(payment.pk, [a_dispute_of(payment)], read=0)
    record_disputes(payment.pk, [a_dispute_of(payment, state="won", is_withdrawn=False)], read=1)
    assert send_refund(back(payment).pk).status == "COMPLETED"
    assert status(payment) == "REFUNDED"
    assert wrong() == []


# The desk


def test_the_evidence_pack_tells_the_whole_story(stripe, booking):
    admitted = shown_at_the_gate(booking)
    disputed(stripe, booking)
    heard(booking)
    agency = Agency.objects.get()
    agency_id = current_agency_id()
    paul = world.client_of(world.staff(agency, "FINANCE"), agency)
    with acting_for(agency_id):
        answer = paul.get(of(booking, "evidence"))
    assert answer["Content-Type"] == "application/zip"
    pack = zipfile.ZipFile(io.BytesIO(answer.content))
    paper, data = sorted(pack.namelist(), reverse=True)
    told_ = {one["title"]: one["rows"] for one in json.loads(pack.read(data))["sections"]}
    assert {"What": "E-mail", "Was": "noor@post.example"} in told_["The sale"]
    assert {"What": "Total", "Amount": "€90.00"} in told_["The terms it was sold under"]
    assert told_["Let in"][0]["Ticket"] == admitted.ticket.number
    assert told_["Shown at the gate"][0]["Answer"] == "Admitted"
    assert told_["Delivered by mail"][0]["To"] == "noor@post.example"
    assert told_["Disputes"][0]["Amount"] == "€90.00"
    words = "".join(
        page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(pack.read(paper))
    )
    assert f"Evidence for booking {booking.number}" in words
    assert admitted.ticket.number in words


def test_what_the_buyer_fetches_is_in_the_evidence(stripe, booking):
    noor = Client(HTTP_HOST="127.0.0.1")
    noor.get(f"/bookings/{booking.pk}/?k={mailed_key(booking)}", follow=True)
    assert noor.get(reverse("tickets_pdf", args=[booking.pk])).status_code == 200
    [fetched] = [one for one in sections_of(booking) if one.title.startswith("Fetched")]
    assert [row[1] for row in fetched.rows] == ["2"]


def test_finance_notes_that_the_evidence_was_sent_and_asks_the_provider(stripe, booking):
    ref = disputed(stripe, booking)
    dispute = heard(booking)
    agency = Agency.objects.get()
    paul = world.client_of(world.staff(agency, "FINANCE"), agency)
    assert paul.get(of(dispute)).status_code == 200
    assert (
        "evidence was sent"
        in told(paul, paul.post(of(dispute, "mark_evidence_sent"))["Location"])[0]
    )
    assert status(dispute) == "EVIDENCE_SENT"
    assert heard(booking).status == "EVIDENCE_SENT"
    with pytest.raises(DomainError, match="No evidence is awaited"):
        evidence_sent(dispute.pk)
    stripe.dispute(ref, "won")
    assert "won" in told(paul, paul.post(of(dispute, "ask_provider"))["Location"])[0]
    assert status(dispute) == "WON"


def test_a_dispute_in_another_currency_is_booked_by_nobody_and_asks_for_a_person(stripe, booking):
    payment = payment_of(booking)
    record_disputes(payment.pk, [a_dispute_of(payment, currency="USD")], read=0)
    assert status(payment) == "SUCCEEDED"
    assert payment.needs_attention
    assert not Dispute.objects.exists()


def test_following_twice_or_without_a_booking_changes_nothing(stripe, booking):
    payment = payment_of(booking)
    for _ in range(2):
        follow_disputes(payment.pk)
    assert not Ticket.objects.exclude(locked_because="").exists()
    assert Payment.objects.get().status == "SUCCEEDED"
