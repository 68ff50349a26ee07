"""Payouts that are not what we booked, providers that fall silent, agencies that share an account, and
many who read at once."""

import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from agencies.models import Agency
from config.tests.paying_out import (
    adjustment,
    asked_back,
    balances,
    line_of,
    payout_of,
    payouts_of,
    piet,
    read,
    settled_at_stripe,
    sold,
    told,
    told_payout,
)
from config.tests.selling_by_stripe import event, stripe
from config.tests.servers import at_once, manage, without_locks
from core import invariants
from core.errors import DomainError
from core.memory import Remembered
from core.status import WrongState
from core.tenancy import acting_for, as_system, current_agency_id
from payments.adapters import ProviderRefused, ProviderUnavailable
from payments.models import Payout, PayoutLine, Refund
from payments.services import (
    NeedsWords,
    explain_line,
    explaining,
    follow_payout,
    read_disputes,
    record_payout,
    send_refund,
)
from payments.services import payouts as module
from payments.tasks import look_for_payouts

__all__ = ["event", "stripe"]  # fixtures


# What differs


def test_what_the_provider_does_not_explain_waits_for_words_and_nothing_is_booked(stripe, event):
    sold(stripe, event, 0)
    stripe.adjust(-500, description="Correction of May")
    stripe.pay_out(status="paid")
    read()
    line = PayoutLine.objects.get(status="OPEN")
    assert line.problem == "The provider says: Correction of May."
    # What it is stays at the provider by our books: 5.00 more than he says.
    books = {
        "provider_clearing": "5.00",
        "money_on_its_way": "39.08",
        "provider_fees": "0.92",
    }
    assert balances() == books
    with pytest.raises(NeedsWords):
        explain_line(line.pk, note="", is_fee=True, by=piet())
    assert balances() == books
    done = explain_line(line.pk, note="Card scheme costs of May", is_fee=True, by=piet())
    assert (done.status, done.explained_by.name) == ("EXPLAINED", "Piet")
    with pytest.raises(WrongState):
        explain_line(line.pk, note="Again", is_fee=True, by=piet())
    assert balances() == {"money_on_its_way": "39.08", "provider_fees": "5.92"}
    assert read() == 0
    assert invariants.violations() == {}


def test_an_explanation_that_is_no_fee_books_nothing(stripe, event):
    stripe.adjust(800, description="Goodwill")
    stripe.pay_out(status="paid")
    read()
    explain_line(PayoutLine.objects.get().pk, note="Ask them", is_fee=False, by=piet())
    assert balances() == {"provider_clearing": "-8.00", "money_on_its_way": "8.00"}
    assert invariants.violations() == {}


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"amount": 4400, "net": 4308}, "€45.00 were booked, and €44.00 came."),
        ({"net": 4400}, "€45.00 less €0.92 is not €44.00."),
        ({"currency": "usd"}, "It is in USD, and the payout in EUR."),
    ],
)
def test_a_sale_that_came_as_something_else_is_open(stripe, event, changed, problem):
    payment = sold(stripe, event, 0)
    sold(stripe, event, 1)
    ref = stripe.pay_out(status="paid")["id"]
    [own] = [one for one in stripe.transactions(payout=ref) if one["type"] == "charge"][-1:]
    stripe.change_transaction(own["id"], **changed)
    read()
    payout = Payout.objects.get()
    line = payout.lines.get(status="OPEN")
    assert (line.problem, line.payment_ref) == (problem, payment.provider_payment_ref)
    assert payout.is_unexplained, "its lines are not what was sent"
    assert balances()["provider_fees"] == "0.92", "of the other one only"
    assert invariants.violations() == {}


def test_a_fee_that_is_not_the_one_that_was_booked_is_open_until_it_is(stripe, event):
    payment = sold(stripe, event, 0)
    stripe.dispute(payment.provider_payment_ref, "needs_response")
    ref = stripe.pay_out(status="paid")["id"]
    [taken] = [one for one in stripe.transactions(payout=ref) if one["type"] == "adjustment"]
    assert read() == 1
    line = PayoutLine.objects.get(kind="DISPUTE")
    assert (line.status, line.problem[:16]) == ("OPEN", "No dispute of ou")
    read_disputes(payment.pk)  # our books catch up
    assert read() == 0
    line.refresh_from_db()
    assert (line.status, line.problem, line.ref) == ("MATCHED", "", taken["id"])
    assert balances() == {"money_on_its_way": "-20.92", "provider_fees": "20.92"}
    assert invariants.violations() == {}


def test_a_dearer_dispute_than_was_booked_is_open_and_the_rest_can_be_booked_as_a_fee(
    stripe, event
):
    payment = sold(stripe, event, 0)
    stripe.dispute(payment.provider_payment_ref, "needs_response")
    [dispute] = read_disputes(payment.pk)
    line = line_of(payment, kind="dispute", about=dispute.provider_ref, gross="-45", fee="25")
    payout_of([line_of(payment), line])
    open_line = PayoutLine.objects.get(status="OPEN")
    assert open_line.problem == "The fee was €25.00, and €20.00 is booked."
    explain_line(open_line.pk, note="Dearer since June", is_fee=True, by=piet())
    assert balances() == {"money_on_its_way": "-25.92", "provider_fees": "25.92"}
    assert invariants.violations() == {}


def test_a_won_dispute_comes_back_in_a_later_payout(stripe, event):
    payment = sold(stripe, event, 0)
    ref = stripe.dispute(payment.provider_payment_ref, "needs_response")["id"]
    read_disputes(payment.pk)
    stripe.pay_out(status="paid")
    stripe.dispute(ref, "won")
    read_disputes(payment.pk)
    stripe.pay_out(status="paid")
    read()
    lines = PayoutLine.objects.filter(kind="DISPUTE").order_by("pk")
    assert [(f"{line.net:.2f}", line.status) for line in lines] == [
        ("-65.00", "MATCHED"),
        ("45.00", "MATCHED"),
    ]
    assert balances() == {"money_on_its_way": "24.08", "provider_fees": "20.92"}
    assert invariants.violations() == {}


def test_a_refund_that_failed_was_taken_and_given_back(stripe, event):
    made = asked_back(sold(stripe, event, 0), 9)
    stripe.break_next("POST /v1/refunds", "timeout_after_success")
    with pytest.raises(ProviderUnavailable):
        send_refund(made.pk)
    [at_stripe_] = stripe.objects("refunds")
    stripe.pay_out(status="paid")
    stripe.decide_refund(at_stripe_["id"], "failed")
    send_refund(made.pk)
    assert Refund.objects.get().status == "FAILED"
    read()
    assert PayoutLine.objects.get(kind="REFUND").problem == "By our books this refund is failed."
    stripe.pay_out(status="paid")
    read()
    assert [line.status for line in PayoutLine.objects.filter(kind="REFUND")] == ["MATCHED"] * 2
    assert balances() == {"money_on_its_way": "44.08", "provider_fees": "0.92"}
    assert invariants.violations() == {}


def test_a_sale_of_nobody_is_open_and_says_which(event):
    stranger = adjustment(9, kind="payment")
    assert told(payout_of([stranger])) == [
        ("PAYMENT", "9.00", "OPEN", "No payment of ours is called nothing.")
    ]


def test_lines_that_are_not_the_amount_are_said_to_be_so(stripe, event):
    payment = sold(stripe, event, 0)
    payout = payout_of([line_of(payment)], amount="50")
    assert payout.problem == "Its lines come to €44.08, and €50.00 were sent."
    assert payout.is_unexplained
    assert follow_payout("stripe", told_payout(amount="51", ref=payout.provider_ref))
    payout.refresh_from_db()
    assert payout.problem == "The provider says €51.00 now; €50.00 were written down."
    assert payout.amount == 50
    assert invariants.violations() == {}


def test_the_database_keeps_what_was_said(stripe, event):
    payment = sold(stripe, event, 0)
    payout = payout_of([line_of(payment)])
    line = payout.lines.get()
    refused = [
        lambda: Payout.objects.update(amount=50),
        lambda: Payout.objects.update(status="PENDING"),
        lambda: Payout.objects.update(status="ARRIVED"),
        lambda: Payout.objects.all().delete(),
        lambda: PayoutLine.objects.update(net=50),
        lambda: PayoutLine.objects.update(status="OPEN", problem="x"),
        lambda: PayoutLine.objects.all().delete(),
        lambda: PayoutLine.objects.create(**copied(line)),
        lambda: PayoutLine.objects.create(**{**copied(line), "ref": "txn_9", "payment": None}),
        lambda: PayoutLine.objects.create(**{**copied(line), "ref": "txn_9"}),
    ]
    for change in refused:
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    another = {**copied(line), "ref": "txn_9", "status": "OPEN", "problem": "x", "to_fees": 0}
    with pytest.raises(DatabaseError, match="are not its amount"), transaction.atomic():
        PayoutLine.objects.create(**another)


def copied(line):
    """The values of a line, for another one."""
    names = [
        field.name for field in PayoutLine._meta.fields if field.name not in ("id", "agency_id")
    ]
    return {name: getattr(line, name) for name in names}


# Trouble, agencies, races


def test_the_job_asks_whoever_pays_out_and_goes_on_where_it_stood(stripe, event):
    assert look_for_payouts() == {"new": 0, "unreachable": 0}
    sold(stripe, event, 0)
    long_ago = int((timezone.now() - timedelta(days=20)).timestamp())
    stripe.pay_out(status="pending", created=long_ago)
    assert look_for_payouts(days=14) == {"new": 0, "unreachable": 0}
    assert look_for_payouts(days=21) == {"new": 1, "unreachable": 0}
    stripe.change_payout(Payout.objects.get().provider_ref, status="paid")
    assert look_for_payouts() == {"new": 1, "unreachable": 0}, "what had not arrived is followed"
    stripe.break_next("GET /v1/payouts", "status_500")
    assert look_for_payouts() == {"new": 0, "unreachable": 1}


def test_what_breaks_off_between_the_pages_is_read_whole_the_next_time(stripe, event, monkeypatch):
    for at in range(3):
        sold(stripe, event, at)
    stripe.pay_out(status="paid")
    monkeypatch.setattr("payments.adapters.stripe.PAGE", 2)
    stripe.break_next("GET /v1/balance_transactions", "status_500")
    with pytest.raises(ProviderUnavailable):
        read()
    assert not Payout.objects.exists()
    assert read() == 1
    assert PayoutLine.objects.count() == 3


@pytest.mark.crash
@pytest.mark.parametrize("place", ["payouts.before_record", "payouts.before_commit"])
def test_killed_while_it_is_written_down_a_payout_is_read_whole_the_next_time(stripe, event, place):
    sold(stripe, event, 0)
    stripe.pay_out(status="paid")
    keys = {**stripe.secrets(), "STRIPE_API_BASE": stripe.url}
    code, _ = manage("reconcile_payments", **keys, TESSERA_FAIL_POINT=f"{place}=kill")
    assert code == -9
    assert not Payout.objects.exists()
    assert balances() == {"provider_clearing": "45.00"}
    for new in (1, 0):
        code, said = manage("reconcile_payments", **keys)
        assert (code, said["payouts"]) == (0, {"new": new, "unreachable": 0})
    assert balances() == {"money_on_its_way": "44.08", "provider_fees": "0.92"}
    assert invariants.violations() == {}


def test_a_payout_that_cannot_be_read_keeps_no_other_from_being_read(stripe, event):
    by_hand = stripe.pay_out(status="paid", automatic="0", amount=500)["id"]
    stripe.change_payout(
        by_hand, lines="completed"
    )  # Stripe refuses to tell its lines all the same
    sold(stripe, event, 0)
    stripe.pay_out(status="paid")
    with pytest.raises(ProviderRefused):
        read()
    assert [f"{one.amount:.2f}" for one in Payout.objects.all()] == ["44.08"]
    assert look_for_payouts() == {"new": 0, "unreachable": 1}


def test_agencies_that_share_an_account_see_what_is_theirs(stripe, event):
    ours = sold(stripe, event, 0)
    with as_system():
        Agency.objects.update(is_default=True)
        other = Agency.objects.create(slug="second", name="Second", host="second.example").pk
    Remembered.forget_everything()
    with acting_for(other):
        theirs = settled_at_stripe("pi_theirs", "20.00")
    lines = [line_of(ours), line_of(theirs, gross="20", fee="1"), adjustment(-3, "Of both")]
    sent = told_payout(lines)
    with acting_for(other):  # and then somebody pulled the plug
        record_payout("stripe", sent, lines[1:2], amount=lines[1].net)
    assert payouts_of() == []
    for is_new in (True, False):
        assert module._take_in("stripe", Says(lines), sent) == is_new
    assert payouts_of() == [("41.08", "60.08", 2)]
    with acting_for(other):
        assert payouts_of() == [("19.00", "60.08", 1)]
        assert told(Payout.objects.get()) == [("PAYMENT", "19.00", "MATCHED", "")]
    assert [name for name in invariants.violations() if "INV-4" not in name] == []  # no booking


class Says:
    """An adapter that tells these lines of every payout."""

    def __init__(self, lines):
        self.lines = lines

    def payout_lines(self, ref):
        return self.lines


@pytest.mark.race
def test_many_who_read_at_once_write_a_payout_once(stripe, event):
    sold(stripe, event, 0)
    stripe.pay_out(status="paid")
    assert all(isinstance(one, int) for one in raced(4))
    assert Payout.objects.count() == PayoutLine.objects.count() == 1
    assert balances() == {"money_on_its_way": "44.08", "provider_fees": "0.92"}
    assert invariants.violations() == {}


@pytest.mark.race
def test_control_without_the_lock_only_the_database_refuses_the_others(stripe, event, monkeypatch):
    sold(stripe, event, 0)
    stripe.pay_out(status="paid")
    monkeypatch.setattr(module, "alone", lambda: None)
    monkeypatch.setattr(module, "_once", together_at(module._once))
    results = raced(2)
    assert [one for one in results if not isinstance(one, int)]
    assert Payout.objects.count() == PayoutLine.objects.count() == 1
    assert invariants.violations() == {}


@pytest.mark.race
def test_of_two_who_explain_at_once_one_is_heard(event):
    results = explained_twice()
    assert [type(one) for one in results if isinstance(one, DomainError)] == [WrongState]
    assert balances()["provider_fees"] == "5.00"
    assert invariants.violations() == {}


@pytest.mark.race
def test_control_without_the_lock_both_think_they_were_heard(event, monkeypatch):
    monkeypatch.setattr(explaining, "alone", lambda: None)
    monkeypatch.setattr(explaining, "judge", together_at(explaining.judge))
    without_locks(monkeypatch, "payments.services.explaining")
    assert not [one for one in explained_twice() if isinstance(one, DomainError)]


def explained_twice():
    """What two people hear who explain the same line in their own words at one moment."""
    line, himself = payout_of([adjustment(-5, "Correction")]).lines.get(), piet()
    works = [
        lambda words=words: explain_line(line.pk, note=words, is_fee=True, by=himself)
        for words in ("Costs of May", "Costs of June")
    ]
    return at_once(current_agency_id(), *works)


def raced(readers):
    return at_once(current_agency_id(), *[read] * readers)


def together_at(function):
    """The function, at which both arrive before either goes on."""
    both = threading.Barrier(2)

    def wait(*arguments):
        both.wait(10)
        return function(*arguments)

    return wait
