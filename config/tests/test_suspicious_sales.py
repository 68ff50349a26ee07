"""What providers took and think of payments, and sales that somebody should look at before the
night: their points, the queue, the lock at the door."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import ApiKey
from agencies.models import Agency
from bookings.cancelling import NotCancellable, Wish, preview
from bookings.models import Alert, Booking, Cancellation
from bookings.services import contact, dismiss_alert, hold_tickets, note_suspicion, pay, reserve
from bookings.services.disputed import LOCKED as DISPUTED
from bookings.services.disputed import SUSPECTED as LOCKED
from bookings.services.disputed import follow_disputes
from bookings.services.exchange import pay_difference, wish_of
from bookings.services.suspicion import reasons_for
from config.tests import world
from config.tests.selling_by_stripe import deliver_everything, event, payment_of, status, stripe
from config.tests.test_cancelling import policy
from config.tests.test_exchanging import changed, tickets_of
from config.tests.world import of, told
from core import invariants
from core.tenancy import acted_by, as_system
from payments.models import Account, LedgerEntry, Payment, Refund
from payments.services import read_charge, read_disputes, settle
from payments.tasks import read_charges
from tickets.models import Gate, Ticket
from tickets.services import admit, code_of

__all__ = ["event", "stripe"]  # fixtures


def bought(stripe, event, *ordinals, email="noor@post.example", card="visa"):
    """A booking paid for at Stripe and sold; nobody has asked what it cost yet."""
    booking = reserve(event=event, ordinals=ordinals)
    contact(booking.pk, email=email, name=email.partition("@")[0].title())
    pay(booking.pk)
    stripe.play(payment_of(booking).provider_ref, "lost_notice", card=card)
    settle(payment_of(booking).pk)
    deliver_everything()
    booking.refresh_from_db()
    return booking


def some_time_later():
    """What was looked at a moment ago may be looked at again."""
    Payment.objects.update(looked_up_at=None)


def asked():
    some_time_later()
    with as_system():
        return read_charges()


def points(booking):
    """{points: words} of why a sale is suspicious."""
    found = reasons_for(booking, Payment.objects.get(pk=booking.payment_id))
    return {reason.points: reason.words for reason in found}


# What the provider took, and thinks


def test_what_the_provider_took_is_read_once_and_booked(stripe, event):
    booking = bought(stripe, event, 0, 1)
    payment = payment_of(booking)
    assert (payment.fee, payment.charge_read_at) == (None, None)
    assert asked() == {"asked": 1, "unreachable": 0}
    payment.refresh_from_db()
    assert payment.fee > 0
    assert (payment.fee_currency, payment.card) == ("EUR", "fp1")
    assert (payment.risk_level, payment.risk_score) == ("normal", 12)
    booked = LedgerEntry.objects.filter(journal__source="charge", journal__source_id=payment.pk)
    assert dict(booked.values_list("account", "amount")) == {
        Account.PROVIDER_FEES: payment.fee,
        Account.PROVIDER_CLEARING: -payment.fee,
    }
    assert asked() == {"asked": 0, "unreachable": 0}
    read_charge(payment.pk)
    assert booked.count() == 2
    assert invariants.violations() == {}


def test_a_fee_that_is_booked_is_never_rewritten(stripe, event):
    payment = payment_of(bought(stripe, event, 0))
    read_charge(payment.pk)
    with pytest.raises(IntegrityError, match="is booked"), transaction.atomic():
        Payment.objects.filter(pk=payment.pk).update(fee=F("fee") + 1)


def test_a_fee_that_is_not_in_the_books_is_found(stripe, event):
    payment = payment_of(bought(stripe, event, 0))
    Payment.objects.filter(pk=payment.pk).update(fee=1, fee_currency="EUR")
    assert "INV-3 what providers took for payments is in the ledger" in invariants.violations()


def test_a_provider_that_is_silent_is_asked_again_and_then_rests(stripe, event):
    booking = bought(stripe, event, 0)
    stripe.break_next("GET /v1/payment_intents/*", "status_500")
    assert asked() == {"asked": 1, "unreachable": 1}
    assert payment_of(booking).charge_read_at is None
    stripe.mend()
    Payment.objects.update(provider_payment_ref="pi_nobody_knows")
    assert asked() == {"asked": 1, "unreachable": 0}
    assert (payment_of(booking).charge_read_at is None, payment_of(booking).fee) == (False, None)
    assert asked() == {"asked": 0, "unreachable": 0}
    Payment.objects.update(charge_read_at=timezone.now() - timedelta(hours=7))
    assert asked() == {"asked": 1, "unreachable": 0}


# The queue


def test_a_risky_card_of_a_new_guest_shortly_before_the_event_is_noted(stripe, event):
    type(event).objects.update(starts_at=timezone.now() + timedelta(hours=30))
    calm = bought(stripe, event, 0, email="ada@post.example")
    risky = bought(stripe, event, 1, card="elevated")
    asked()
    deliver_everything()
    alert = Alert.objects.get()
    assert (alert.booking, alert.concern, alert.score) == (risky, "FRAUD", 55)
    assert alert.reasons == [
        [40, "The payment provider sees a risk: elevated, 68 of 100"],
        [15, "A new guest, within two days of the event"],
    ]
    assert points(calm) == {15: "A new guest, within two days of the event"}
    note_suspicion(payment_of(risky).pk)
    assert Alert.objects.count() == 1
    assert status(risky) == "CONFIRMED"


@pytest.mark.parametrize(("least", "is_noted"), [(40, True), (41, False), (None, False)])
def test_the_agency_says_from_how_many_points(stripe, event, least, is_noted):
    Agency.objects.update(suspicious_from=least)
    bought(stripe, event, 0, card="elevated")
    asked()
    deliver_everything()
    assert Alert.objects.exists() == is_noted


def test_one_card_of_many_people(stripe, event):
    for ordinal, name in enumerate(["ada", "ben", "cleo"]):
        last = bought(stripe, event, ordinal, email=f"{name}@post.example")
        asked()
        last.refresh_from_db()
    assert points(last) == {40: "2 other guests paid with this card within a month"}
    other = bought(stripe, event, 5, email="dan@post.example", card="another")
    asked()
    assert points(other) == {}
    Booking.objects.exclude(pk=last.pk).update(confirmed_at=timezone.now() - timedelta(days=31))
    assert points(last) == {}


def test_one_person_who_buys_again_and_again(stripe, event):
    for ordinal in range(4):
        last = bought(stripe, event, ordinal, email=f"ada+{ordinal}@post.example")
    assert points(last) == {30: "3 other purchases within the hour before"}
    for ordinal in range(4, 7):
        last = bought(stripe, event, ordinal, email="ADA@post.example")
    assert points(last) == {50: "6 other purchases within the day before"}
    assert points(bought(stripe, event, 8, email="ben@post.example")) == {}


def test_many_people_in_one_network(stripe, event):
    sales = [
        bought(stripe, event, ordinal, email=f"{name}@post.example")
        for ordinal, name in enumerate(["ada", "ben", "cleo", "dan"])
    ]
    assert points(sales[-1]) == {}  # nobody knows where they come from
    Booking.objects.update(client="web:abc")
    Booking.objects.filter(pk=sales[0].pk).update(client="web:other")
    sales[-1].refresh_from_db()
    assert points(sales[-1]) == {}
    Booking.objects.update(client="web:abc")
    assert points(sales[-1]) == {
        30: "3 other guests bought from this network within the hour before"
    }
    Booking.objects.update(client="key:partner")
    sales[-1].refresh_from_db()
    assert points(sales[-1]) == {}


def test_payments_that_were_declined_before(stripe, event):
    booking = bought(stripe, event, 0)
    for n in range(3):
        assert points(booking) == {}
        Payment.objects.create(
            reference=booking.pk, covers=[booking.pk], provider="paypal", provider_ref=f"no{n}",
            status="FAILED", failure="The provider declined the payment.", amount=1,
            currency="EUR", settled_at=booking.confirmed_at - timedelta(minutes=5),
        )  # fmt: skip
    assert points(booking) == {40: "3 payments were declined before"}


def test_a_guest_whose_bank_took_money_back_before(stripe, event):
    first = bought(stripe, event, 0)
    stripe.dispute(payment_of(first).provider_payment_ref, "needs_response")
    read_disputes(payment_of(first).pk)
    second = bought(stripe, event, 1)
    third = bought(stripe, event, 2, email="ben@post.example", card="another")
    assert points(second) == {60: "1 earlier payment of this guest was taken back by a bank"}
    assert points(third) == {}
    assert points(first) == {}


def test_a_sale_that_costs_far_more_than_others(stripe, event):
    for ordinal in range(21):
        last = bought(stripe, event, ordinal, email=f"guest{ordinal}@post.example")
    assert points(last) == {}
    dear = bought(stripe, event, *range(30, 36), email="rich@post.example")
    assert points(dear) == {20: "Costs 6 times what half of the last sales cost at most"}


# What somebody does about it


@pytest.fixture
def noted(stripe, event):
    Agency.objects.update(suspicious_from=40)
    booking = bought(stripe, event, 0, card="elevated")
    asked()
    deliver_everything()
    return Alert.objects.get(booking=booking)


def _scanned(alert, n=[0]):  # noqa: B006 - a nonce for each
    n[0] += 1
    ticket = Ticket.objects.select_related("signing_key").get(items__booking=alert.booking)
    gate, _ = Gate.objects.get_or_create(event=alert.booking.event, name="A")
    device = "00000000-0000-4000-8000-000000000001"
    return admit(code=code_of(ticket), gate=gate, device_id=device, nonce=str(n[0]))


def test_the_box_office_looks_locks_and_finds_nothing_wrong(noted):
    agency = Agency.objects.get()
    cashier = world.client_of(world.staff(agency, "BOX_OFFICE"), agency)
    page = cashier.get(of(noted)).content.decode()
    assert "The payment provider sees a risk: elevated, 68 of 100" in page
    assert "Bookings of this guest" in page
    done = cashier.post(of(noted, "lock_tickets"))
    assert told(cashier, done["Location"])[-1] == "Its tickets are locked."
    refused = _scanned(noted)
    assert (refused.verdict, refused.message) == ("not_valid", LOCKED)
    follow_disputes(noted.booking.payment_id)  # no dispute stands; the lock is another's
    assert _scanned(noted).message == LOCKED
    cashier.post(of(noted, "unlock_tickets"))
    cashier.post(of(noted, "lock_tickets"))
    page = cashier.get(of(noted)).content.decode()
    assert f"Locked: {LOCKED}" in page
    assert "Not locked any more" in page
    cashier.post(of(noted, "dismiss"), {"note": "Called her: it is her own card."})
    noted.refresh_from_db()
    assert noted.status == "DISMISSED"
    assert _scanned(noted).verdict == "admitted"


def test_a_scan_is_told_as_by_the_gate(noted):
    _scanned(noted)
    gate = Gate.objects.get(event=noted.booking.event, name="A")
    key, _ = ApiKey.objects.make(role="gate", name="Scanner 3", gate_id=gate.pk)
    ticket = Ticket.objects.get(items__booking=noted.booking)
    with acted_by(f"key:{key.pk}"):
        Ticket.objects.filter(pk=ticket.pk).update(locked_because="Ask inside.")
    owner = world.client_of(world.staff(Agency.objects.get(), "OWNER"), Agency.objects.get())
    page = owner.get(of(noted.booking)).content.decode()
    assert "Gate A" in page
    assert "an API key" not in page


def test_more_that_speaks_for_a_fraud_brings_it_back(stripe, event, noted):
    agency = Agency.objects.get()
    cashier = world.client_of(world.staff(agency, "BOX_OFFICE"), agency)
    cashier.post(of(noted, "dismiss"), {"note": "Fine"})
    note_suspicion(noted.booking.payment_id)
    noted.refresh_from_db()
    assert noted.status == "DISMISSED"
    others = bought(stripe, event, 1, email="noor+two@post.example")
    stripe.dispute(payment_of(others).provider_payment_ref, "needs_response")
    read_disputes(payment_of(others).pk)
    deliver_everything()
    noted.refresh_from_db()
    assert (noted.status, noted.score) == ("OPEN", 100)


def words_of(booking):
    found = Ticket.objects.filter(items__booking=booking)
    return set(found.values_list("locked_because", flat=True))


def test_what_is_locked_follows_from_disputes_and_alerts_alone(stripe, noted):
    hold_tickets(noted.pk)
    ref = payment_of(noted.booking).provider_payment_ref
    disputed = stripe.dispute(ref, "needs_response")
    for decided, words in [(None, DISPUTED), ("won", LOCKED)]:
        if decided:
            stripe.dispute(disputed["id"], decided)
        read_disputes(noted.booking.payment_id)
        deliver_everything()
        assert words_of(noted.booking) == {words}
    hold_tickets(noted.pk, hold=False)
    assert words_of(noted.booking) == {""}


def test_nothing_wrong_unlocks_nothing_that_a_dispute_locks(stripe, noted):
    hold_tickets(noted.pk)
    stripe.dispute(payment_of(noted.booking).provider_payment_ref, "needs_response")
    read_disputes(noted.booking.payment_id)
    deliver_everything()
    dismiss_alert(noted.pk, by=world.person("ida@parterre.example"))
    assert words_of(noted.booking) == {DISPUTED}


def test_locked_tickets_are_neither_cancelled_nor_changed_by_the_guest(event, noted):
    policy((2, 0, 0), exchange_fee=0)
    hold_tickets(noted.pk)
    booking = Booking.objects.select_related("event", "terms").get(pk=noted.booking_id)
    new = Booking.objects.select_related("event").get(pk=reserve(event=event, ordinals=[1]).pk)
    for wish in (Wish(), wish_of(new, tickets_of(booking, 1))):
        with pytest.raises(NotCancellable, match="is locked: please write to us"):
            preview(booking, wish, now=timezone.now())


def test_the_alert_goes_with_seats_that_were_changed(stripe, event):
    policy((2, 0, 0), exchange_fee=0)
    Agency.objects.update(suspicious_from=40)
    old = bought(stripe, event, 0, card="elevated")
    asked()
    deliver_everything()
    new = changed(reserve(event=event, ordinals=[1]), old, tickets_of(old, 1))
    deliver_everything()
    first, second = Alert.objects.order_by("made_at")
    assert (first.booking, first.status) == (old, "RESOLVED")
    assert (second.booking, second.status, second.score) == (new, "OPEN", 40)


def test_a_risky_card_that_pays_what_dearer_seats_cost_more_is_noted(stripe, event):
    Agency.objects.update(suspicious_from=40)
    policy((2, 0, 0), exchange_fee=0)
    old = bought(stripe, event, 50)
    asked()
    deliver_everything()
    old, new = (
        Booking.objects.select_related("event", "terms").get(pk=pk)
        for pk in (old.pk, reserve(event=event, ordinals=[0, 1, 2]).pk)
    )
    tickets = tickets_of(old, 1)
    seen = preview(old, wish_of(new, tickets), now=timezone.now()).name
    pay_difference(new.pk, booking_id=old.pk, tickets=tickets, seen=seen)
    payment = Payment.objects.get(reference=new.pk, status="PROCESSING")
    stripe.play(payment.provider_ref, "lost_notice", card="elevated")
    settle(payment.pk)
    deliver_everything()
    asked()
    deliver_everything()
    assert Alert.objects.get().booking == new
    assert invariants.violations() == {}


def test_where_a_card_has_a_limit_it_is_asked_for_first_and_the_risk_is_noted(stripe, event):
    Agency.objects.update(suspicious_from=40)
    type(event).objects.update(max_per_booking=4, max_per_card=4)
    event.refresh_from_db()
    booking = bought(stripe, event, 0, card="elevated")
    assert (payment_of(booking).card, payment_of(booking).charge_read_at) == ("fp1", None)
    asked()
    deliver_everything()
    assert Alert.objects.get().booking == booking


def test_a_risk_that_the_provider_says_later_is_noted_and_silence_takes_nothing_back(stripe, event):
    Agency.objects.update(suspicious_from=40)
    payments = Payment.objects.filter(pk=payment_of(bought(stripe, event, 0, card="elevated")).pk)
    real = payments.get().provider_payment_ref
    payments.update(provider_payment_ref="pi_nobody_knows")
    asked()
    deliver_everything()
    assert not Alert.objects.exists()
    payments.update(provider_payment_ref=real, charge_read_at=timezone.now() - timedelta(hours=7))
    asked()
    deliver_everything()
    assert Alert.objects.exists()
    payments.update(provider_payment_ref="pi_nobody_knows")
    read_charge(payments.get().pk)
    assert payments.get().risk_level == "elevated"


def test_where_the_agency_wants_it_tickets_are_locked_at_once(stripe, event):
    Agency.objects.update(suspicious_from=40, locks_suspicious=True)
    booking = bought(stripe, event, 0, card="elevated")
    calm = bought(stripe, event, 1, email="ada@post.example", card="another")
    asked()
    deliver_everything()
    assert Ticket.objects.get(items__booking=booking).locked_because == LOCKED
    assert not Ticket.objects.get(items__booking=calm).locked_because


def test_the_box_office_reads_who_gives_all_back_after_a_fraud(noted):
    agency = Agency.objects.get()
    cashier = world.client_of(world.staff(agency, "BOX_OFFICE"), agency)
    page = cashier.get(cashier.post(of(noted, "refund_fraud"))["Location"])
    assert page.context["form"].fields["rule"].choices == [("POLICY", "What the policy says")]
    assert "Owner or finance can give all of it back." in page.content.decode()


def test_refunded_as_a_fraud_the_refund_says_so_and_the_alert_is_closed(noted):
    agency = Agency.objects.get()
    owner = world.client_of(world.staff(agency, "OWNER"), agency)
    page = owner.post(of(noted, "refund_fraud"))["Location"]
    form = owner.get(page).context["form"]
    assert (form["rule"].initial, form["refund_reason"].initial) == ("ALL_BACK", "FRAUD")
    said = {"tickets": [form["tickets"].initial[0]], "rule": "ALL_BACK", "reason": "Fraud"}
    looked = owner.post(page, {**said, "refund_reason": "FRAUD"})
    sent = dict(looked.context["hidden"])
    assert 'name="change"' in looked.content.decode()
    again = owner.post(looked.wsgi_request.path, {**sent, "change": "yes"})
    chosen = again.context["form"]
    assert [chosen[name].value() for name in said] == [[sent["tickets"]], "ALL_BACK", "Fraud"]
    assert chosen["refund_reason"].value() == "FRAUD"
    assert "Owner or finance" not in again.content.decode()
    owner.post(page, sent)
    deliver_everything()
    assert Refund.objects.get().reason == "FRAUD"
    noted.refresh_from_db()
    assert noted.status == "RESOLVED"
    decided = owner.get(of(noted)).content.decode()
    after = decided[decided.index("Decided by") :][:400]
    assert str(Cancellation.objects.get().made_by) in after
    assert invariants.violations() == {}
