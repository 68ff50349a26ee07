"""A refund that its provider refuses for good goes back another way: booked to where the money came
from, told to the guest, never paid twice."""

import threading
from contextlib import nullcontext

import pgtrigger
import pytest
from django.db import DatabaseError, transaction
from django.db.models.functions import Now
from django.test import Client

from agencies.models import Agency
from agencies.queries import local_today
from bookings.cancelling import Wish
from bookings.cancelling.carrying_out import cancel_as_it_is
from bookings.links import mailed_key
from bookings.models import Booking, Invoice
from config.tests import world
from config.tests.scenarios import shop
from config.tests.servers import at_once, refusals, simulator, without_locks
from config.tests.test_credit_paid_out import OFF
from config.tests.test_late_money import at_the_provider, dead_provider, deliver_everything
from config.tests.test_late_money import money_arrives as arrives
from config.tests.world import of, told
from core import failpoints, invariants
from core.locks import alone
from core.models import OutboxMessage
from core.money import Money
from core.status import WrongState
from core.tenancy import acting_for
from events.models import Event
from notifications.models import Message
from payments.models import (
    CashCount,
    DeskTaking,
    Dispute,
    InboxMessage,
    LedgerEntry,
    OtherWay,
    Payment,
    Payout,
    PayoutLine,
    Refund,
)
from payments.services import (
    NotThisWay,
    ProviderAway,
    SentAfterAll,
    count_cash,
    in_drawer,
    retry_refund,
    send_refund,
    went_another_way,
    work_notice,
)
from payments.services.payout_lines import judge
from payments.services.refund import RefundTooHigh, complete
from payments.tasks import _questions

WAYS = [("BANK", "bank"), ("CASH", "cash"), ("PROVIDER", "provider_clearing")]


@pytest.fixture
def provider(tmp_path, settings, agency_id):
    with simulator(tmp_path) as running:
        settings.PAYMENT_SIMULATOR_URL = running.url
        settings.MAIL_DIR = tmp_path / "mail"
        yield running


@pytest.fixture
def agency_id(committed_db):
    return shop(owned={"sections": ["A"]})["agency"]["id"]


@pytest.fixture
def refused(agency_id, provider):
    """The refund of a cancelled ticket that its provider took on, and then could not send."""
    with acting_for(agency_id):
        booking = at_the_provider(Event.objects.get(), [0])
        arrives(provider, booking, "pay")
        refund = cancel_as_it_is(booking.pk, Wish(**OFF)).refund
        provider.break_next("POST /v1/refunds", "timeout_after_success")
        deliver_everything()
        [sent] = provider.objects("refunds")
        provider.decide_refund(sent["id"], "failed")
        assert send_refund(refund.pk).status == "FAILED"
        refund.refresh_from_db()
        yield refund


@pytest.fixture
def ines(agency_id):
    with acting_for(agency_id):
        return world.staff(Agency.objects.get(pk=agency_id), "OWNER")


def given(refund, by, way="CASH", note="Noor got it at the desk"):
    return went_another_way(refund.pk, way=way, note=note, by=by)


def posted(refund):
    found = LedgerEntry.objects.filter(journal__source="refund", journal__source_id=refund.pk)
    return {each.account: each.amount for each in found}


@pytest.mark.crash
@pytest.mark.parametrize(("way", "account"), WAYS)
def test_it_is_booked_to_where_the_money_came_from_and_all_follows(
    refused, ines, provider, way, account, mailoutbox
):
    made = given(refused, ines, way, "re_abc")
    assert (made.status, made.other_way, made.other_way_note) == ("COMPLETED", way, "re_abc")
    assert (made.other_way_by, made.completed_at is not None) == (ines, True)
    assert posted(refused) == {"customer_deposits": refused.amount, account: -refused.amount}
    takings = [(each.way, each.amount) for each in DeskTaking.objects.all()]
    assert takings == ([("CASH", -refused.amount)] if way == "CASH" else [])
    deliver_everything()
    assert Booking.objects.get().status == "REFUNDED"
    assert Payment.objects.get().status == "REFUNDED"
    assert len(provider.objects("refunds")) == 1  # the one that failed
    assert [service for service, *_ in _questions(True, 50) if service is send_refund] == []
    [mail] = [each for each in mailoutbox if "back to you" in each.subject]
    words = {
        "BANK": "sent to you by bank transfer",
        "CASH": "given back to you in cash",
        "PROVIDER": "sent to where you paid from, at the payment provider’s own site",
    }
    assert words[way] in mail.body.replace("\n", " ")
    assert made.money.display() in mail.body
    assert [words[other] in mail.body for other in words].count(True) == 1
    assert Message.objects.get(kind="refund_other_way").status == "SENT"
    assert invariants.violations() == {}


@pytest.mark.crash
def test_the_drawer_is_counted_with_what_was_handed_out(refused, ines):
    count_cash(
        counted=Money(100, "EUR"), banked=Money(0, "EUR"), by=ines, note="Change for the evening"
    )
    given(refused, ines)
    left = Money(100, "EUR") - refused.money
    assert in_drawer("EUR") == left
    count_cash(counted=left, banked=Money(0, "EUR"), by=ines)
    assert CashCount.objects.filter(note="").count() == 1
    assert invariants.violations() == {}


@pytest.mark.crash
class TestNeverTwice:
    def test_it_is_neither_sent_again_nor_given_again(self, refused, ines):
        given(refused, ines)
        for again in (lambda: retry_refund(refused.pk), lambda: given(refused, ines, "BANK")):
            with pytest.raises(WrongState):
                again()
        assert posted(refused)["customer_deposits"] == refused.amount

    def test_what_is_sent_again_is_not_given_as_well(self, refused, ines, provider):
        retry_refund(refused.pk)
        with pytest.raises(WrongState):
            given(refused, ines)
        deliver_everything()
        assert state(refused) == "COMPLETED"
        assert not DeskTaking.objects.exists()

    def test_who_is_sending_it_is_waited_for(self, refused, ines, agency_id):
        def give():
            with acting_for(agency_id):
                return given(refused, ines)

        with alone(f"refund {refused.pk}"):
            [no] = refusals(at_once(agency_id, give))
        assert no.code == "wrong_state"
        assert state(refused) == "FAILED"

    def test_what_the_provider_sends_after_all_is_not_given_as_well(self, refused, ines, provider):
        [sent] = provider.objects("refunds")
        provider.decide_refund(sent["id"], "succeeded")
        with pytest.raises(SentAfterAll):
            given(refused, ines)
        retry_refund(refused.pk)
        deliver_everything()
        assert (state(refused), len(provider.objects("refunds"))) == ("COMPLETED", 1)
        assert invariants.violations() == {}

    def test_while_the_provider_is_silent_nothing_is_booked(self, refused, ines, settings):
        with dead_provider(settings), pytest.raises(ProviderAway):
            given(refused, ines)
        assert (state(refused), posted(refused)) == ("FAILED", {})

    def test_a_provider_that_is_ours_no_more_need_not_be_asked(self, refused, ines, settings):
        settings.PAYMENT_SIMULATOR_URL = ""
        assert given(refused, ines).status == "COMPLETED"

    def test_what_a_bank_took_is_not_given_back_as_well(self, refused, ines):
        Dispute.objects.create(
            payment=refused.payment,
            provider_ref="dp_1",
            amount=refused.amount,
            withdrawn=refused.amount,
            currency="EUR",
            fee_currency="EUR",
            status="OPENED",
            opened_at=Now(),
        )
        with pytest.raises(RefundTooHigh, match="bank has taken back"):
            given(refused, ines)
        assert not DeskTaking.objects.exists()

    def test_what_it_says_later_stands_as_an_exception_and_is_booked_once(
        self, refused, ines, provider
    ):
        given(refused, ines)
        deliver_everything()
        [sent] = provider.objects("refunds")
        self.noticed(refused)
        assert not Payment.objects.get().needs_attention
        provider.decide_refund(sent["id"], "succeeded")
        self.noticed(refused)
        payment = Payment.objects.get()
        assert payment.needs_attention
        assert payment.failure == (
            f"{refused.money.display()} went back in cash, and the provider sent it, too: {sent['id']}"
        )
        assert Refund.objects.get().failure == payment.failure
        assert posted(refused)["cash"] == -refused.amount
        Payment.objects.update(needs_attention=False)  # a person has dealt with it
        self.noticed(refused)
        complete(refused.pk, sent["id"])
        assert not Payment.objects.get().needs_attention
        assert invariants.violations() == {}

    def noticed(self, refund):
        message = InboxMessage.objects.create(
            provider="simulated",
            event_id=f"evt_{InboxMessage.objects.count()}",
            kind="charge.refund.updated",
            payment_ref=refund.payment.provider_payment_ref,
        )
        assert work_notice(message.pk)
        message.refresh_from_db()
        assert message.state == "done"

    @pytest.mark.parametrize(
        ("way", "says"),
        [("BANK", "By our books this refund is refunded by bank transfer."), ("PROVIDER", "")],
    )
    def test_a_payout_that_takes_it_is_open_unless_the_provider_did_send_it(
        self, refused, ines, way, says
    ):
        given(refused, ines, way, "re_by_hand")
        Refund.objects.update(provider_ref="re_by_hand")
        payout = Payout(provider="simulated", currency="EUR", made_at=local_today())
        line = PayoutLine(
            payout=payout,
            kind=PayoutLine.Kind.REFUND,
            payment_ref=refused.payment.provider_payment_ref,
            about="re_by_hand",
            gross=-refused.amount,
            fee=0,
            net=-refused.amount,
            currency="EUR",
        )
        with transaction.atomic():
            judge("simulated", [line])
        assert line.problem == says


def state(refund):
    return Refund.objects.get(pk=refund.pk).status


# Two at one moment


def sent_and_given(agency_id, refund, by, settings, *, guarded=True, sent=None):
    """One sends it again while another says that it went back in cash."""
    settings.FAIL_POINT = "refund.before_other_way=sleep:0.5"
    off = [] if guarded else ["payments.Refund:what_failed_is_back_only_another_way"]
    off += [] if guarded else ["payments.Refund:status_moves"]

    def give():
        with pgtrigger.ignore(*off) if off else nullcontext():
            return given(refund, by)

    def send():
        try:
            with pgtrigger.ignore(*off) if off else nullcontext():
                return retry_refund(refund.pk)
        finally:
            if sent:
                sent.set()

    return at_once(agency_id, give, send)


@pytest.mark.race
def test_of_who_sends_it_again_and_who_gives_it_one_is_heard(refused, ines, agency_id, settings):
    OutboxMessage.objects.all().delete()
    [late] = refusals(sent_and_given(agency_id, refused, ines, settings))
    assert late.code == "wrong_state"
    settings.FAIL_POINT = ""
    deliver_everything()
    assert state(refused) == "COMPLETED"
    is_given = bool(Refund.objects.get().other_way)
    assert DeskTaking.objects.exists() == is_given
    assert posted(refused)["customer_deposits"] == refused.amount
    assert invariants.violations() == {}


@pytest.mark.race
def test_control_without_locks_both_are_heard(
    refused, ines, agency_id, settings, monkeypatch, provider
):
    """It lies on the counter and is on its way to the card."""
    OutboxMessage.objects.all().delete()
    without_locks(monkeypatch, "payments.services.refund")
    looked, sent = threading.Event(), threading.Event()

    def reach(name):
        if name == "refund.before_other_way":
            looked.set()
            sent.wait(10)
        elif name == "refund.before_retry":
            looked.wait(10)

    monkeypatch.setattr(failpoints, "reach", reach)
    made = sent_and_given(agency_id, refused, ines, settings, guarded=False, sent=sent)
    assert refusals(made) == []
    assert DeskTaking.objects.count() == 1
    assert OutboxMessage.objects.filter(fact__endswith="RefundRequested").count() == 1


# The database


@pytest.mark.django_db
class TestTheDatabase:
    @pytest.fixture
    def failed(self, event):
        world.received_order(event, rows="A")
        booking = world.sold_booking(event, [0])
        refund = cancel_as_it_is(booking.pk, Wish(**OFF)).refund
        Refund.objects.filter(pk=refund.pk).update(status="FAILED")
        return Refund.objects.get()

    @pytest.fixture
    def said(self, agency):
        by = world.staff(agency, "FINANCE")
        return {"other_way": "BANK", "other_way_note": "June, line 3", "other_way_by": by,
                "completed_at": Now()}  # fmt: skip

    def refuses(self, refund, **said):
        with pytest.raises(DatabaseError) as refusal, transaction.atomic():
            Refund.objects.filter(pk=refund.pk).update(**said)
        return str(refusal.value)

    def test_it_is_back_with_who_when_and_how(self, failed, said):
        Refund.objects.update(status="COMPLETED", **said)
        assert Refund.objects.get().state_in_words == "Refunded by bank transfer"

    @pytest.mark.parametrize(
        "missing", ["other_way", "other_way_note", "other_way_by", "completed_at"]
    )
    def test_not_without_one_of_them(self, failed, said, missing):
        said[missing] = "" if missing in ("other_way", "other_way_note") else None
        self.refuses(failed, status="COMPLETED", **said)

    def test_not_with_blanks_or_a_card_number(self, failed, said):
        for note in ("  ", "4111 1111 1111 1111"):
            self.refuses(failed, status="COMPLETED", **{**said, "other_way_note": note})

    def test_not_without_having_failed_and_only_once(self, failed, said):
        self.refuses(failed, **said)
        Refund.objects.update(status="PROCESSING")
        assert "said when it does" in self.refuses(failed, status="COMPLETED", **said)
        Refund.objects.update(status="COMPLETED")
        assert "said when it does" in self.refuses(failed, **said)

    def test_what_was_said_stays(self, failed, said):
        Refund.objects.update(status="COMPLETED", **said)
        assert "said when it does" in self.refuses(failed, other_way="CASH")
        assert "said when it does" in self.refuses(failed, other_way_note="Another")

    @pytest.mark.parametrize("way", OtherWay.values)
    def test_a_card_number_is_refused_in_words(self, failed, said, way):
        with pytest.raises(NotThisWay, match="card number"):
            given(failed, said["other_way_by"], way, "4111 1111 1111 1111")
        assert state(failed) == "FAILED"

    def test_a_providers_number_may_be_nearly_all_figures(self, failed, said):
        assert given(failed, said["other_way_by"], "PROVIDER", "1JU08902781691411").other_way

    def test_what_no_provider_took_went_back_at_no_provider(self, failed, said):
        Payment.objects.update(provider="cash")
        with pytest.raises(NotThisWay, match="No provider"):
            given(failed, said["other_way_by"], "PROVIDER", "re_1")


# The pages


@pytest.mark.django_db
class TestThePages:
    @pytest.fixture
    def failed(self, event):
        return TestTheDatabase.failed.__wrapped__(self, event)

    def test_finance_looks_at_what_is_booked_and_then_it_is(self, agency, failed):
        piet = world.client_of(world.staff(agency, "FINANCE"), agency)
        page = of(failed, "another_way")
        assert "another_way/" in piet.get(of(failed)).content.decode()
        assert "Say it here once the guest has it." in piet.get(page).content.decode()
        said = {"way": "BANK", "note": "June, line 3"}
        for wrong in ({"way": "BANK"}, {"note": "x"}, {**said, "way": "GOLD"}):
            assert piet.post(page, {**wrong, "seen": "1"}).context["form"].errors
        look = piet.post(page, said).content.decode()
        for words in ("Received, not yet earned", "Bank", failed.money.display(), "June, line 3"):
            assert words in look
        assert state(failed) == "FAILED"
        done = piet.post(page, {**said, "seen": "1"})
        assert "booked as paid back by bank transfer" in told(piet, done["Location"])[0]
        assert "not possible now" in told(piet, piet.post(page, said)["Location"])[0]
        shown = piet.get(of(failed)).content.decode()
        assert "By bank transfer: June, line 3" in shown
        assert "went back by bank transfer, said" in shown
        assert "Nothing failed" in piet.get("/admin/").content.decode()
        assert "differs" not in piet.get(of(Booking.objects.get())).content.decode()
        assert "By bank transfer: June, line 3" in piet.get(of(failed.payment)).content.decode()
        assert invariants.violations() == {}

    def test_the_guest_and_the_credit_note_say_how_it_came_back(self, agency, failed):
        deliver_everything()
        piet = world.staff(agency, "FINANCE")
        given(failed, piet, "CASH", "Noor got it at the desk")
        deliver_everything()
        client = world.client_of(piet, agency)
        note = Invoice.objects.get(kind="CREDIT_NOTE")
        assert "In cash, out of the drawer: Noor" in client.get(of(note)).content.decode()
        booking = Booking.objects.get()
        assert "Refunded in cash" in client.get(of(booking)).content.decode()
        link = f"/bookings/{booking.pk}/?k={mailed_key(booking)}"
        page = Client().get(link, follow=True).content.decode()
        assert "refunded in cash" in page
        assert "to where you paid from" not in page

    @pytest.mark.parametrize("role", ["BOX_OFFICE", "PURCHASING", "GATE_MANAGER", "PROMOTER"])
    def test_nobody_else_says_so(self, agency, failed, role):
        client = world.client_of(world.staff(agency, role), agency)
        said = {"way": "CASH", "note": "mine", "seen": "1"}
        assert client.post(of(failed, "another_way"), said).status_code in (302, 403)
        assert state(failed) == "FAILED"
