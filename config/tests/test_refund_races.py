"""A refused refund that two people send again at one moment is sent once."""

import pytest

from bookings.cancelling import Wish
from bookings.cancelling.carrying_out import cancel_as_it_is
from config.tests.scenarios import shop
from config.tests.servers import at_once, refusals, simulator, without_locks
from config.tests.test_credit_paid_out import OFF
from config.tests.test_late_money import at_the_provider, money_arrives
from core import invariants, outbox
from core.models import OutboxMessage
from core.tenancy import acting_for
from events.models import Event
from payments.models import Refund
from payments.services import retry_refund

pytestmark = pytest.mark.race


@pytest.fixture
def agency_id(committed_db):
    return shop(owned={"sections": ["A"]})["agency"]["id"]


@pytest.fixture
def provider(tmp_path, settings, agency_id):
    with simulator(tmp_path) as running:
        settings.PAYMENT_SIMULATOR_URL = running.url
        yield running


@pytest.fixture
def refused(agency_id, provider):
    """A refund that its provider refused."""
    with acting_for(agency_id):
        booking = at_the_provider(Event.objects.get(), [0])
        money_arrives(provider, booking, "pay")
        refund = cancel_as_it_is(booking.pk, Wish(**OFF)).refund
        for status in ("PROCESSING", "FAILED"):
            Refund.objects.filter(pk=refund.pk).update(status=status)
        OutboxMessage.objects.all().delete()
        return refund


def sending_twice(agency_id, refund, settings):
    settings.FAIL_POINT = "refund.before_retry=sleep:0.3"
    return at_once(agency_id, *[lambda: retry_refund(refund.pk)] * 2)


def orders_to_send():
    return OutboxMessage.objects.filter(fact__endswith="RefundRequested").count()


def test_it_is_sent_once(agency_id, refused, settings, provider):
    [late] = refusals(sending_twice(agency_id, refused, settings))
    assert late.code == "wrong_state"
    with acting_for(agency_id):
        refused.refresh_from_db()
        assert (refused.status, refused.attempt) == ("PROCESSING", 2)
        assert orders_to_send() == 1
    settings.FAIL_POINT = ""
    while sum(outbox.deliver()):
        pass
    with acting_for(agency_id):
        refused.refresh_from_db()
        assert refused.status == "COMPLETED"
    [sent] = provider.objects("refunds")
    assert sent["amount"] == refused.money.minor
    assert invariants.violations() == {}


def test_control_without_locks_both_send_it(agency_id, refused, settings, monkeypatch):
    without_locks(monkeypatch, "payments.services.refund")
    assert refusals(sending_twice(agency_id, refused, settings)) == []
    with acting_for(agency_id):
        assert orders_to_send() == 2
