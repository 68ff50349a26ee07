"""What a provider sent to the bank: of which sales, refunds, disputes and fees it is made, and where
the money is meanwhile."""

from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.utils import timezone

from config.tests.paying_out import (
    balances,
    line_of,
    payout_of,
    piet,
    read,
    refunded,
    sold,
    told,
    took_in,
)
from config.tests.selling_by_stripe import event, stripe
from core import invariants
from core.money import Money
from core.status import WrongState
from payments.ledger import post
from payments.models import Account, Journal, Payout, PayoutLine
from payments.services import (
    NeedsWords,
    NotThisPayout,
    assign_payout,
    bank_debited,
    explain_line,
    explain_payout,
    read_charge,
    read_disputes,
)

__all__ = ["event", "stripe"]  # fixtures


# What a payout is made of


def test_a_payout_is_made_of_sales_refunds_disputes_and_fees_as_booked(stripe, event):
    first, second = sold(stripe, event, 0, 1), sold(stripe, event, 2)
    refund = refunded(second, 9)
    stripe.dispute(first.provider_payment_ref, "needs_response")
    [dispute] = read_disputes(first.pk)
    stripe.adjust(-200, type="stripe_fee", description="Radar")
    sold(stripe, event, 3, 4)
    stripe.pay_out(status="paid")
    assert read() == 1
    payout = Payout.objects.get()
    assert told(payout) == [
        ("DISPUTE", "-110.00", "MATCHED", ""),
        ("FEE", "-2.00", "MATCHED", ""),
        ("PAYMENT", "44.08", "MATCHED", ""),
        ("PAYMENT", "88.40", "MATCHED", ""),
        ("PAYMENT", "88.40", "MATCHED", ""),
        ("REFUND", "-5.00", "MATCHED", ""),
    ]
    lines = {line.kind: line for line in payout.lines.all()}
    assert (lines["REFUND"].refund, lines["DISPUTE"].dispute) == (refund, dispute)
    assert (payout.status, payout.problem) == ("PAID", "")
    # 225.00 were paid, 5.00 went back, a bank holds 90.00; 20.00, 2.00 and 4.12 are fees.
    assert balances() == {"money_on_its_way": "103.88", "provider_fees": "26.12"}
    # A part went back of a booking that nobody cancelled.
    assert [name for name in invariants.violations() if "INV-4" not in name] == []


def charged(payment, fee):
    """The fee of a sale is booked before anything is paid out, as whoever reads charges does."""
    money = Money(fee, payment.currency)
    lines = [(Account.PROVIDER_FEES, money), (Account.PROVIDER_CLEARING, -money)]
    post(source="charge", source_id=payment.pk, kind="fee", lines=lines)


def test_a_fee_that_was_booked_with_the_sale_is_not_booked_again(stripe, event):
    charged(sold(stripe, event, 0), Decimal("0.92"))
    sold(stripe, event, 1)
    stripe.pay_out(status="paid")
    read()
    assert {line.status for line in PayoutLine.objects.all()} == {"MATCHED"}
    assert balances() == {"money_on_its_way": "88.16", "provider_fees": "1.84"}
    assert invariants.violations() == {}


@pytest.mark.parametrize("is_read_first", [True, False])
def test_a_fee_is_booked_once_whether_the_charge_or_the_payout_is_read_first(
    stripe, event, is_read_first
):
    payment = sold(stripe, event, 0)
    stripe.pay_out(status="paid")
    for ask in (partial(read_charge, payment.pk), read)[:: 1 if is_read_first else -1]:
        ask()
    assert PayoutLine.objects.get().status == "MATCHED"
    assert balances() == {"money_on_its_way": "44.08", "provider_fees": "0.92"}
    assert invariants.violations() == {}


def test_a_fee_that_differs_from_the_one_that_was_booked_is_open_and_only_the_rest_is_booked(
    stripe, event
):
    charged(sold(stripe, event, 0), Decimal("0.80"))
    stripe.pay_out(status="paid")
    read()
    line = PayoutLine.objects.get()
    assert (line.status, line.problem) == ("OPEN", "The fee was €0.92, and €0.80 is booked.")
    books = {"provider_clearing": "0.12", "money_on_its_way": "44.08", "provider_fees": "0.80"}
    assert balances() == books
    explain_line(line.pk, note="Dearer cards since May", is_fee=True, by=piet())
    assert balances() == {"money_on_its_way": "44.08", "provider_fees": "0.92"}
    assert invariants.violations() == {}


def test_reading_again_changes_nothing_and_what_came_since_is_in_the_next(stripe, event):
    sold(stripe, event, 0)
    stripe.pay_out(status="paid")
    assert read() == 1
    before = list(Payout.objects.values()), list(PayoutLine.objects.values())
    asked = len(stripe.witness()["requests"])
    assert read() == 0
    after = list(Payout.objects.values()), list(PayoutLine.objects.values())
    assert after[1] == before[1]
    assert [{**one, "read_at": None} for one in after[0]] == [
        {**one, "read_at": None} for one in before[0]
    ]
    assert len(stripe.witness()["requests"]) - asked == 1, "lines are not read a second time"
    sold(stripe, event, 1)
    stripe.pay_out(status="paid")
    assert read() == 1
    assert [payout.lines.count() for payout in Payout.objects.all()] == [1, 1]
    assert Journal.objects.filter(source="payout", kind="paid").count() == 2
    assert invariants.violations() == {}


def test_a_long_payout_is_read_page_by_page(stripe, event, monkeypatch):
    payments = [sold(stripe, event, at) for at in range(5)]
    monkeypatch.setattr("payments.adapters.stripe.PAGE", 2)
    stripe.pay_out(status="paid")
    read()
    assert {line.payment for line in PayoutLine.objects.all()} == set(payments)
    assert balances() == {"money_on_its_way": "220.40", "provider_fees": "4.60"}


def test_what_stands_in_two_payouts_is_paid_out_once(stripe, event):
    payment = sold(stripe, event, 0)
    first = payout_of([line_of(payment)])
    again = payout_of([line_of(payment, ref="txn_2")], amount="44.08")
    assert told(again) == [
        ("PAYMENT", "44.08", "OPEN", f"It was paid out before, in {first.provider_ref}.")
    ]
    same = payout_of([line_of(payment)], amount="44.08")
    assert (same.problem, same.lines.count()) == ("1 of its lines stand in another payout.", 0)
    assert balances()["provider_clearing"] == "-88.16"
    assert invariants.violations() == {}


# How far it is


def test_a_payout_is_announced_paid_and_found_on_the_statement(stripe, event):
    sold(stripe, event, 0)
    ref = stripe.pay_out(status="pending")["id"]
    read()
    payout = Payout.objects.get()
    assert (payout.status, balances()) == (
        "PENDING",
        {"provider_clearing": "44.08", "provider_fees": "0.92"},
    )
    stripe.change_payout(ref, status="paid")
    assert read() == 1
    assert balances() == {"money_on_its_way": "44.08", "provider_fees": "0.92"}
    day = payout.arrives_on + timedelta(days=1)
    other, line = took_in((day, "44.07", "STRIPE PAYOUT"), (day, "44.08", "STRIPE PAYOUT"))
    payout.refresh_from_db()
    assert (payout.status, payout.bank_line, line.status) == ("ARRIVED", line, "PAYOUT")
    assert other.status == "EXCEPTION"
    assert balances() == {"bank": "88.15", "unassigned_money": "-44.07", "provider_fees": "0.92"}
    assert read() == 0
    assert invariants.violations() == {}


def test_money_that_was_on_the_statement_first_is_found_when_the_payout_is_paid(stripe, event):
    sold(stripe, event, 0)
    ref = stripe.pay_out()["id"]
    read()
    [line] = took_in((timezone.now().date(), "44.08", "STRIPE-X"))
    assert line.status == "EXCEPTION"
    stripe.change_payout(ref, status="paid")
    read()
    line.refresh_from_db()
    assert (line.status, line.payouts.get().status) == ("PAYOUT", "ARRIVED")
    assert invariants.violations() == {}


def test_of_two_alike_the_banks_number_decides_or_a_person(stripe, event):
    for at in range(2):
        sold(stripe, event, at)
        stripe.pay_out(status="paid")
    read()
    second, first = Payout.objects.order_by("-made_at", "-pk")
    day = first.arrives_on
    one, two = took_in((day, "44.08", "STRIPE 1"), (day, "44.08", f"STRIPE {second.trace}"))
    assert two.payouts.get() == second
    one.refresh_from_db()
    assert (one.status, one.payouts.get()) == ("PAYOUT", first), "then only one is left"


def test_of_two_alike_without_a_number_a_person_says_which(stripe, event):
    for at in range(2):
        sold(stripe, event, at)
        stripe.pay_out(status="paid")
    read()
    first, second = Payout.objects.order_by("pk")
    [line] = took_in((first.arrives_on, "44.08", "STRIPE"))
    assert line.status == "EXCEPTION"
    [late] = took_in((first.arrives_on + timedelta(days=30), "9.00", "STRIPE"))
    with pytest.raises(NotThisPayout, match="came, and €44"):
        assign_payout(late.pk, payout_id=first.pk)
    assign_payout(line.pk, payout_id=second.pk)
    for again in (first, second):
        with pytest.raises(WrongState):
            assign_payout(line.pk, payout_id=again.pk)
    first.refresh_from_db()
    assert first.status == "PAID"
    assert invariants.violations() == {}


def test_a_payout_that_fails_comes_back_and_is_in_the_next_one(stripe, event):
    sold(stripe, event, 0)
    ref = stripe.pay_out(status="paid")["id"]
    read()
    stripe.change_payout(ref, status="failed")
    assert read() == 1
    assert balances() == {"provider_clearing": "44.08", "provider_fees": "0.92"}
    stripe.pay_out(status="paid")
    read()
    failed, again = Payout.objects.order_by("pk")
    assert (failed.status, again.status) == ("FAILED", "PAID")
    assert told(again) == [("RETURNED", "44.08", "MATCHED", "")]
    assert again.lines.get().returned == failed
    assert balances() == {"money_on_its_way": "44.08", "provider_fees": "0.92"}
    assert invariants.violations() == {}


def test_an_answer_that_is_older_than_what_is_known_changes_nothing(stripe, event):
    payment = sold(stripe, event, 0)
    payout = payout_of([line_of(payment)], state="failed")
    for state in ("paid", "pending"):
        payout_of([line_of(payment)], state=state, ref=payout.provider_ref)
    payout.refresh_from_db()
    assert (payout.status, payout.problem) == ("FAILED", "")


def test_a_payout_that_failed_after_it_arrived_waits_for_a_person(stripe, event):
    sold(stripe, event, 0)
    ref = stripe.pay_out(status="paid")["id"]
    read()
    took_in((timezone.now().date(), "44.08", "STRIPE"))
    stripe.change_payout(ref, status="failed")
    assert read() == 1
    payout = Payout.objects.get()
    assert (payout.status, payout.is_unexplained) == ("ARRIVED", True)
    assert payout.problem == "The provider says that it failed, and the bank has the money."
    with pytest.raises(NeedsWords):
        explain_payout(payout.pk, note="  ", by=piet())
    explain_payout(payout.pk, note="Their mistake, see ticket 71", by=piet())
    with pytest.raises(WrongState):
        explain_payout(payout.pk, note="Once more", by=piet())
    assert read() == 0
    payout.refresh_from_db()
    assert (payout.is_unexplained, payout.explained_by.name) == (False, "Piet")
    assert invariants.violations() == {}


def test_below_zero_the_bank_is_debited_and_a_person_says_so(stripe, event):
    stripe.adjust(-700, type="stripe_fee")
    stripe.pay_out(status="paid")
    read()
    payout = Payout.objects.get()
    assert balances() == {"money_on_its_way": "-7.00", "provider_fees": "7.00"}
    bank_debited(payout.pk)
    with pytest.raises(WrongState):
        bank_debited(payout.pk)
    assert balances() == {"bank": "-7.00", "provider_fees": "7.00"}
    assert invariants.violations() == {}


def test_a_payout_whose_lines_are_not_ready_is_read_later_and_one_by_hand_needs_words(
    stripe, event
):
    sold(stripe, event, 0)
    ref = stripe.pay_out(status="paid", lines="in_progress")["id"]
    assert (read(), Payout.objects.count()) == (0, 0)
    stripe.change_payout(ref, lines="completed")
    assert read() == 1
    stripe.pay_out(status="paid", automatic="0", amount=500)
    read()
    by_hand = Payout.objects.latest("pk")
    assert by_hand.problem == "It was made by hand at the provider, who does not say of what."
    assert by_hand.is_unexplained
    assert balances()["money_on_its_way"] == "49.08"
