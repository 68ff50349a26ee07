"""Piet, of finance, and the payouts on his desk."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from agencies.models import Agency
from config.tests import world
from config.tests.paying_out import (
    adjustment,
    balances,
    line_of,
    payout_of,
    read,
    settled_at_stripe,
    sold,
    took_in,
)
from config.tests.paying_out import piet as himself
from config.tests.selling_by_stripe import event, stripe
from config.tests.world import of, problems, told
from core.tenancy import acting_for, current_agency_id
from payments.models import BankLine, Payment, Payout, PayoutLine
from payments.queries import late_payouts, not_paid_out, under_way
from payments.services import preview_statement

__all__ = ["event", "stripe"]  # fixtures

PAYOUTS = reverse("admin:payments_payout_changelist")
LINES = reverse("admin:payments_payoutline_changelist")


@pytest.fixture
def piet(event):
    agency = Agency.objects.get()
    return world.client_of(world.staff(agency, "FINANCE"), agency)


def page(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_piet_asks_and_sees_of_what_the_money_on_his_account_is_made(stripe, event, piet):
    payment = sold(stripe, event, 0, 1)
    stripe.adjust(-500, description="Correction of May")
    stripe.pay_out(status="paid")
    assert "Ask the providers now" in page(piet, PAYOUTS)
    asked = piet.post(reverse("admin:payments_payout_ask"))
    assert told(piet, asked["Location"]) == ["1 payout new or moved."]
    payout = Payout.objects.get()
    assert "€83.40" in page(piet, PAYOUTS)
    shown = page(piet, of(payout))
    assert "What €83.40 is made of" in shown
    for words in ("Needs a person", "Correction of May", "Adjustment", "€90.00", "€1.60"):
        assert words in shown, words
    assert of(payment) in shown
    found = page(piet, f"{PAYOUTS}?q={payment.provider_payment_ref}")
    assert payout.provider_ref in found
    assert payout.provider_ref not in page(piet, f"{PAYOUTS}?q=pi_of_nobody")
    assert "Correction" not in page(
        piet, f"{LINES}?payout__id__exact={payout.pk}&kind__exact=PAYMENT"
    )
    assert payout.provider_ref in page(piet, of(payment)), "the sale says in which payout it is"
    assert told(piet, piet.post(of(payout, "ask_provider"))["Location"]) == ["Nothing is new."]
    stripe.break_next("GET /v1/payouts", "status_500")
    silent = problems(piet.post(reverse("admin:payments_payout_ask")))
    assert "gives no answer" in silent[0]


def test_the_desk_names_what_differs_until_somebody_says_what_it_is(stripe, event, piet):
    sold(stripe, event, 0)
    stripe.adjust(-500, description="Correction of May")
    stripe.pay_out(status="paid")
    read()
    line = PayoutLine.objects.get(status="OPEN")
    assert "1 line not as booked: say what it is" in page(piet, reverse("admin:index"))
    assert "1 line" in page(piet, f"{PAYOUTS}?waits=person")
    explain = of(line, "explain")
    assert "Correction of May" in page(piet, explain)
    for wrong in ({"note": "Costs", "booked": ""}, {"note": " ", "booked": "fee"}):
        assert piet.post(explain, wrong).context["form"].errors
    assert PayoutLine.objects.get(pk=line.pk).status == "OPEN"
    done = piet.post(explain, {"note": "Costs of May", "booked": "fee"})
    assert told(piet, done["Location"]) == ["It is explained."]
    assert balances() == {"money_on_its_way": "39.08", "provider_fees": "5.92"}
    assert "not as booked" not in page(piet, reverse("admin:index"))
    assert "Costs of May" in page(piet, of(line))
    assert "is not possible now" in told(piet, piet.get(explain)["Location"])[0]


def test_a_payout_is_explained_and_money_on_the_statement_is_said_to_be_one(event, piet):
    payment = settled_at_stripe("pi_1", "45.00")
    payout = payout_of([line_of(payment)], amount="44.00")
    assert payout.problem in page(piet, reverse("admin:index"))
    done = piet.post(of(payout, "explain"), {"note": "They rounded"})
    assert told(piet, done["Location"]) == ["It is explained."]
    [line] = took_in((timezone.now().date(), "44.00", "Zahlung 77"))
    assert line.status == "EXCEPTION"
    assert str(payout) in page(piet, of(line, "assign_payout"))
    assert piet.post(of(line, "assign_payout"), {"payout": str(line.pk)}).context["form"].errors
    done = piet.post(of(line, "assign_payout"), {"payout": str(payout.pk)})
    assert told(piet, done["Location"]) == [f"It is {payout}."]
    assert of(payout) in page(piet, of(line))
    assert str(payout) in page(piet, of(line.statement))
    assert of(line) in page(piet, of(payout))
    assert BankLine.objects.get().status == "PAYOUT"


def test_lines_leave_as_a_file_and_a_name_that_is_a_formula_is_plain(event, piet):
    payment = settled_at_stripe("pi_1", "45.00")
    Payment.objects.filter(pk=payment.pk).update(description="=1+1")
    payout = payout_of([line_of(payment), adjustment("-3.00", "@SUM(A1)")])
    with acting_for(current_agency_id()):
        address = f"{LINES}export/?payout__id__exact={payout.pk}"
        rows = piet.post(address, {"format": "0"}).content.decode().splitlines()
    assert len(rows) == 3
    assert "Gross,Fee,Net,Currency,Booked as fee" in rows[0]
    assert any(",45.00,0.92,44.08,EUR,0.92," in row and "'=1+1" in row for row in rows)
    assert any(",-3.00,0.00,-3.00,EUR,0.00," in row and "'@SUM(A1)" in row for row in rows)


def test_only_finance_and_the_owner_see_payouts(event):
    payout = payout_of([line_of(settled_at_stripe("pi_1", "45.00"))])
    agency = Agency.objects.get()
    for role, code in {"OWNER": 200, "BOX_OFFICE": 403, "PURCHASING": 403}.items():
        client = world.client_of(world.staff(agency, role), agency)
        for address in (PAYOUTS, LINES, of(payout), reverse("admin:payments_payout_ask")):
            assert client.get(address).status_code == code, (role, address)


def test_a_sale_that_no_payout_brings_is_named(event, piet):
    now = timezone.now()
    first, missing, last = (settled_at_stripe(f"pi_{n}", "45.00") for n in range(3))
    for payment, days in ((first, 30), (missing, 20), (last, 1)):
        Payment.objects.filter(pk=payment.pk).update(settled_at=now - timedelta(days=days))
    payout_of([line_of(first, at=now - timedelta(days=30))])
    assert list(not_paid_out()) == []
    payout_of([line_of(last, at=now - timedelta(days=1))])
    assert list(not_paid_out()) == [missing]
    assert "In no payout, though later sales are: 1 sale" in page(piet, PAYOUTS)
    payout_of([line_of(missing)])
    assert list(not_paid_out()) == []


def test_a_payout_that_no_statement_shows_in_time_is_late(event, piet):
    payout = payout_of([line_of(settled_at_stripe("pi_1", "45.00"))])
    day = payout.arrives_on
    assert list(under_way()) == [("EUR", 0, payout.amount)]
    took_in((day + timedelta(days=3), "9.00", "Noor"))
    assert list(late_payouts()) == []
    took_in((day + timedelta(days=4), "9.00", "Noor"))
    assert list(late_payouts()) == [payout]
    assert "on no bank statement" in page(piet, reverse("admin:index"))
    content = f"date;amount;text\n{day + timedelta(days=4)};44.08;STRIPE".encode()
    _, [seen], _ = preview_statement(filename="june.csv", content=content, by=himself())
    assert (seen.status, list(seen.payouts.all())) == ("PAYOUT", [payout])
    assert list(late_payouts()) == [payout], "it was only looked at"
    took_in((day + timedelta(days=4), "44.08", "STRIPE"))
    assert list(late_payouts()) == []
