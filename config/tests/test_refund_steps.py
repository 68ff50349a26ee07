"""A refund that failed, in the hands of those who may send it again."""

import pytest

from config.tests import world
from config.tests.world import of, told
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
