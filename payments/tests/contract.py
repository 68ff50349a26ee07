"""What every adapter must do, told against its real peer over HTTP.

A new provider: a peer like `payments.peers.stripe`, a class with the methods of `Peer` that runs it and

    @pytest.fixture(scope="module")
    def peer(tmp_path_factory):
        with running(SquarePeer(tmp_path_factory.mktemp("square") / "its.sqlite3")) as peer:
            yield peer

    class TestSquare(ProviderContract):
        pass
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Protocol
from uuid import uuid4

import pytest

from core.money import Money
from payments.adapters import (
    Provider,
    ProviderRefund,
    ProviderRefused,
    ProviderSession,
    ProviderUnavailable,
    WebhookRefused,
)
from payments.adapters.patience import LONG, SHORT, patience, time_out


class Peer(Protocol):
    """A provider's stand-in as a process, and what a test can have it do."""

    routes: dict
    """Of "open", "find" and "refund": the route of that call, such as POST /v1/refunds."""
    webhook_secrets: list
    """All that are accepted at present; the peer signs with the first."""
    longest_told: int
    """How many seconds old a notice may be and still count."""

    def adapter(self, **changed) -> Provider:
        """The adapter that speaks to this peer; `changed` are url, secret or webhook_secrets."""

    def play(self, session_ref, outcome="pay"):
        """What the buyer does on the page: pay or decline."""

    def decide_refund(self, ref, status):
        """What becomes of a refund: pending, succeeded or failed."""

    def break_next(self, route, kind, times=1, seconds=0):
        """The next calls of a route go wrong in one of the ways of payments.simulator.api.FAULTS."""

    def signed(self, body, secret, at) -> dict:
        """The headers of a notice with this body, signed at a moment (unix seconds)."""

    def dated(self, body, at) -> bytes:
        """The body as of another moment, where no signature says the time; else the body."""

    def kill(self):
        """As a power cut would."""

    def start(self):
        """Again, with all it knew."""


def wish(**changed):
    """The arguments of open_session for Noor's booking of 96.00 euros."""
    payment_id = changed.pop("payment_id", uuid4())
    return {
        "payment_id": payment_id,
        "reference": uuid4(),
        "amount": Decimal("96.00"),
        "currency": "EUR",
        "description": "2 tickets, Nuit à l’Opéra",
        "payee": "Parterre",
        "email": "noor@post.example",
        "success_url": "http://shop.example/return/",
        "cancel_url": "http://shop.example/checkout/",
        "expires_at": datetime.now(UTC) + timedelta(minutes=15),
        "idempotency_key": f"{payment_id}:open",
        **changed,
    }


def opened(adapter, **changed):
    return adapter.open_session(**wish(**changed))


def paid(peer, adapter, **changed):
    session = opened(adapter, **changed)
    peer.play(session.ref)
    return taken(adapter, session.ref)


def taken(adapter, ref):
    """The session as it is once its money was taken, where that is for us to do."""
    session = adapter.find_session(ref=ref)
    if not adapter.captures:
        return session
    assert session.state == "approved"
    return adapter.capture(ref=ref, idempotency_key=f"{ref}:capture")


def refund_of(session, amount="6.00", refund_id=None):
    """The arguments of refund for a part of a paid session."""
    refund_id = refund_id or uuid4()
    return {
        "refund_id": refund_id,
        "attempt": 1,
        "payment_ref": session.payment_ref,
        "amount": Decimal(amount),
        "currency": session.currency,
        "idempotency_key": f"{refund_id}:refund:1",
    }


def find_refund(adapter, refund, **changed):
    asked = {name: refund[name] for name in ("refund_id", "attempt", "payment_ref")}
    return adapter.find_refund(**{**asked, **changed})


def by_our_id(adapter, payment_id):
    return adapter.find_session(payment_id=payment_id, since=datetime.now(UTC))


class ProviderContract:
    amounts = (("4800", "JPY"), ("12.340", "KWD"), ("0.55", "EUR"))
    finds_by_our_id = True
    """Whether a session whose opening we have not heard of can be found."""

    def heard_of_later(self, adapter, wanted):
        """The session of an open_session whose answer was lost."""
        return by_our_id(adapter, wanted["payment_id"])

    @pytest.fixture
    def adapter(self, peer) -> Provider:
        return peer.adapter()

    # Sessions

    def test_a_session_carries_our_ids_and_is_the_same_for_the_same_key(self, adapter):
        wanted = wish()
        session = adapter.open_session(**wanted)
        assert session == ProviderSession(
            ref=session.ref,
            url=session.url,
            state="open",
            amount=Decimal("96.00"),
            currency="EUR",
            payment_ref=None,
            metadata={
                "payment_id": str(wanted["payment_id"]),
                "reference": str(wanted["reference"]),
            },
        )
        assert session.url.startswith("http")
        assert adapter.open_session(**wanted) == session

    def test_amounts_keep_their_scale(self, adapter):
        for amount, currency in self.amounts:
            assert adapter.takes(Money(Decimal(amount), currency))
            session = opened(adapter, amount=Decimal(amount), currency=currency)
            assert (str(session.amount), session.currency) == (amount, currency)

    def test_a_buyer_without_an_address_can_pay(self, adapter):
        assert opened(adapter, email="").state == "open"

    def test_a_session_is_found_by_either_id(self, peer, adapter):
        wanted = wish()
        session = adapter.open_session(**wanted)
        assert adapter.find_session(ref=session.ref) == session
        ours = by_our_id(adapter, wanted["payment_id"])
        assert ours == (session if self.finds_by_our_id else None)
        peer.play(session.ref)
        after = taken(adapter, session.ref)
        assert (after.state, bool(after.payment_ref)) == ("paid", True)
        ours = by_our_id(adapter, wanted["payment_id"])
        assert ours == (after if self.finds_by_our_id else None)

    def test_of_several_sessions_the_paid_one_counts(self, peer, adapter):
        payment_id = uuid4()
        first = paid(peer, adapter, payment_id=payment_id)
        opened(adapter, payment_id=payment_id, idempotency_key=str(uuid4()))
        assert by_our_id(adapter, payment_id) == first

    def test_what_is_not_there_is_none(self, peer, adapter):
        assert adapter.find_session(ref="nothing_of_this_name") is None
        assert adapter.find_session(ref="../refunds") is None
        assert by_our_id(adapter, uuid4()) is None
        assert adapter.find_session() is None
        assert adapter.find_session(ref="") is None
        assert adapter.expire_session("nothing_of_this_name") is None
        assert adapter.find_charge("nothing_of_this_name") is None
        payment_ref = paid(peer, adapter).payment_ref
        for ref in (payment_ref, "nothing_of_this_name", ""):
            assert adapter.find_refund(refund_id=uuid4(), attempt=1, payment_ref=ref) is None
        assert adapter.find_disputes(payment_ref) == []
        assert payment_ref not in [
            one.payment_ref for one in adapter.disputes_since(datetime.now(UTC))
        ]

    def test_expiring_says_how_it_ended(self, peer, adapter):
        session = opened(adapter)
        shut = adapter.expire_session(session.ref)
        assert (shut.state, shut.was_over) == ("expired", False)
        again = adapter.expire_session(session.ref)
        # Who only takes what he captures knows that nothing is on its way.
        assert (again.state, again.was_over) == ("expired", not adapter.captures)
        if not adapter.captures:  # else nothing need be remembered: nobody will take the money
            assert adapter.find_session(ref=session.ref).state == "expired"
        assert adapter.expire_session(paid(peer, adapter).ref).state == "paid"

    def test_a_declined_card_leaves_the_session_open(self, peer, adapter):
        session = opened(adapter)
        peer.play(session.ref, "decline")
        assert adapter.find_session(ref=session.ref).state == "open"

    def test_a_payment_says_what_it_came_to(self, peer, adapter):
        session = paid(peer, adapter)
        charge = adapter.find_charge(session.payment_ref)
        assert (charge.amount, charge.currency) == (Decimal("96.00"), "EUR")
        assert charge.fee is None or charge.fee >= 0

    # Refunds

    def test_a_refund_is_made_once_and_found_by_our_id(self, peer, adapter):
        wanted = refund_of(paid(peer, adapter))
        sent = adapter.refund(**wanted)
        assert sent == ProviderRefund(
            ref=sent.ref, state="completed", amount=Decimal("6.00"), currency="EUR"
        )
        assert adapter.refund(**wanted) == sent
        assert find_refund(adapter, wanted) == sent

    def test_a_failed_refund_counts_only_for_its_own_attempt_and_a_living_one_for_all(
        self, peer, adapter
    ):
        wanted = refund_of(paid(peer, adapter))
        first = adapter.refund(**wanted)
        peer.decide_refund(first.ref, "pending")
        assert find_refund(adapter, wanted, attempt=2).state == "pending"
        peer.decide_refund(first.ref, "failed")
        assert find_refund(adapter, wanted).state == "failed"
        assert find_refund(adapter, wanted, attempt=2) is None
        again = adapter.refund(**{**wanted, "attempt": 2, "idempotency_key": str(uuid4())})
        assert find_refund(adapter, wanted) == find_refund(adapter, wanted, attempt=2) == again

    def test_more_than_was_paid_is_refused(self, peer, adapter):
        session = paid(peer, adapter)
        adapter.refund(**refund_of(session, amount="96.00"))
        for amount in ("0.01", "96.01"):
            with pytest.raises(ProviderRefused):
                adapter.refund(**refund_of(session, amount=amount))

    # Trouble

    def test_a_key_used_for_other_words_and_a_key_of_ours_refused_prove_nothing(
        self, peer, adapter
    ):
        wanted = wish()
        adapter.open_session(**wanted)
        with pytest.raises(ProviderUnavailable):
            adapter.open_session(**{**wanted, "amount": Decimal("9.00")})
        stranger = peer.adapter(secret="sk_test_guessed")
        with pytest.raises(ProviderUnavailable):
            stranger.open_session(**wish())
        with pytest.raises(ProviderUnavailable):
            stranger.find_session(ref="nothing_of_this_name")

    @pytest.mark.parametrize("kind", ["status_500", "close"])
    def test_an_unknown_outcome_is_unavailable_and_the_same_key_repairs_it(
        self, peer, adapter, kind
    ):
        peer.break_next(peer.routes["open"], kind)
        wanted = wish()
        with pytest.raises(ProviderUnavailable):
            adapter.open_session(**wanted)
        assert by_our_id(adapter, wanted["payment_id"]) is None
        assert adapter.open_session(**wanted).state == "open"

    @pytest.mark.parametrize("kind", ["timeout_after_success", "sticky_500_after_success"])
    def test_what_happened_without_an_answer_is_found(self, peer, adapter, kind):
        peer.break_next(peer.routes["open"], kind)
        peer.break_next(peer.routes["refund"], kind)
        wanted = wish()
        with pytest.raises(ProviderUnavailable):
            adapter.open_session(**wanted)
        session = self.heard_of_later(adapter, wanted)
        assert session.state == "open"
        peer.play(session.ref)
        refund = refund_of(taken(adapter, session.ref))
        with pytest.raises(ProviderUnavailable):
            adapter.refund(**refund)
        assert find_refund(adapter, refund).state == "completed"

    def test_a_sticky_500_that_did_nothing_stays_unknown_and_nothing_is_found(self, peer, adapter):
        peer.break_next(peer.routes["open"], "sticky_500")
        wanted = wish()
        for _ in range(3):
            with pytest.raises(ProviderUnavailable):
                adapter.open_session(**wanted)
        assert by_our_id(adapter, wanted["payment_id"]) is None

    def test_a_call_is_made_once_whatever_becomes_of_it(self, peer, adapter):
        """No library below repeats anything behind our back."""
        before = len(peer.witness()["requests"])
        peer.break_next(peer.routes["open"], "status_500")
        peer.break_next(peer.routes["find"], "close")
        with pytest.raises(ProviderUnavailable):
            opened(adapter)
        with pytest.raises(ProviderUnavailable):
            adapter.find_session(ref="nothing_of_this_name")
        asked = peer.witness()["requests"][before:]
        aside = ("/_control/", "/v1/oauth2/")
        made = [one for one in asked if not one["path"].startswith(aside)]
        assert [one["fault"] for one in made] == ["status_500", "close"]

    def test_a_silent_provider_is_given_up_when_our_patience_is_over(self, peer):
        """That is after ten seconds, where nobody looks at a page; here two, before it answers."""
        assert time_out() == LONG == (3, 10)
        adapter = peer.adapter()
        peer.break_next(peer.routes["find"], "delay", seconds=5)
        began = time.monotonic()
        with patience(SHORT), pytest.raises(ProviderUnavailable):
            adapter.find_session(ref="nothing_of_this_name")
        assert time.monotonic() - began < 4
        assert time_out() == LONG

    @pytest.mark.crash
    def test_the_adapter_gets_over_a_restart_of_the_provider(self, peer, adapter):
        session = opened(adapter)
        peer.kill()
        with pytest.raises(ProviderUnavailable):
            adapter.find_session(ref=session.ref)
        peer.start()
        assert adapter.find_session(ref=session.ref) == session

    @pytest.mark.race
    def test_threads_share_an_adapter_and_a_key(self, adapter):
        wanted = wish()
        barrier = threading.Barrier(20)

        def open_it(_):
            barrier.wait()
            return adapter.open_session(**wanted).ref

        with ThreadPoolExecutor(20) as threads:
            assert len(set(threads.map(open_it, range(20)))) == 1

    # Notices

    @pytest.fixture
    def notice(self, peer, receiving, adapter):
        """(session, body, headers) of a notice that the peer sent about a payment. Who asks for the
        adapter, too, asks for it afterwards: it must know where notices are sent."""
        session = paid(peer, adapter)
        _, body, headers = receiving.first_about(session.ref, session.payment_ref)
        return session, body, headers

    def test_a_notice_names_what_it_is_about(self, notice, adapter):
        session, body, headers = notice
        event = adapter.verify_webhook(body, headers)
        assert event.session_ref == session.ref or event.payment_ref == session.payment_ref
        assert abs(event.created_at - datetime.now(UTC)) < timedelta(minutes=1)

    def test_only_a_true_and_young_signature_counts(self, peer, notice):
        _, body, _ = notice
        now = time.time()
        new, old = ("the newer secret", "the older secret")
        adapter = peer.adapter(webhook_secrets=[new, old, ""])
        events = [adapter.verify_webhook(body, peer.signed(body, one, now)) for one in (new, old)]
        assert events[0] == events[1]
        early, late = peer.dated(body, now - peer.longest_told - 1), peer.dated(body, now + 302)
        for told, headers in (
            (body, {}),
            (body, peer.signed(body, "a secret of nobody", now)),
            (body, peer.signed(body, "", now)),
            (early, peer.signed(early, new, now - peer.longest_told - 1)),
            (late, peer.signed(late, new, now + 302)),
            (body, peer.signed(body + b" ", new, now)),
        ):
            with pytest.raises(WebhookRefused):
                adapter.verify_webhook(told, headers)

    @pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"x"', b"{}", b'{"data": 1}', b"\xff"])
    def test_a_signed_notice_that_cannot_be_read_is_refused(self, peer, adapter, body):
        headers = peer.signed(body, peer.webhook_secrets[0], time.time())
        with pytest.raises(WebhookRefused):
            adapter.verify_webhook(body, headers)


class PayoutContract:
    """What an adapter that `pays_out` promises besides; its peer has `pay_out(status)`, which sends to
    the bank what has come in since, and answers with the payout's `id`."""

    def test_a_payout_is_made_of_what_was_paid_refunded_and_charged(self, peer, adapter):
        assert adapter.pays_out
        sold = [paid(peer, adapter) for _ in range(3)]
        back = adapter.refund(**refund_of(sold[0]))
        began = datetime.now(UTC) - timedelta(minutes=1)
        ref = peer.pay_out(status="in_transit")["id"]
        payout = next(one for one in adapter.payouts_since(began) if one.ref == ref)
        assert (payout.state, payout.lines, payout.currency) == ("pending", "ready", "EUR")
        lines = adapter.payout_lines(ref)
        assert sum(line.net for line in lines) == payout.amount
        assert all(line.gross - line.fee == line.net for line in lines)
        assert len({line.ref for line in lines}) == len(lines)
        gross = {line.payment_ref: line.gross for line in lines if line.kind == "payment"}
        assert [gross[one.payment_ref] for one in sold] == [Decimal("96.00")] * 3
        refunds = {
            (line.about, line.payment_ref): line.gross for line in lines if line.kind == "refund"
        }
        assert refunds[back.ref, sold[0].payment_ref] == Decimal("-6.00")

    def test_what_was_paid_out_once_is_in_no_later_payout(self, peer, adapter):
        paid(peer, adapter)
        first = peer.pay_out(status="paid")["id"]
        last = paid(peer, adapter)
        second = peer.pay_out(status="paid")["id"]
        earlier = {line.ref for line in adapter.payout_lines(first)}
        later = adapter.payout_lines(second)
        assert earlier.isdisjoint(line.ref for line in later)
        assert [line.payment_ref for line in later] == [last.payment_ref]

    def test_payouts_are_told_since_a_moment_the_newest_first(self, peer, adapter):
        for _ in range(2):
            paid(peer, adapter)
            peer.pay_out(status="paid")
        told = adapter.payouts_since(datetime.now(UTC) - timedelta(minutes=5))
        assert len(told) >= 2
        assert [one.created_at for one in told] == sorted(
            (one.created_at for one in told), reverse=True
        )
        assert {one.state for one in told} <= {"pending", "paid", "failed"}
        assert adapter.payouts_since(datetime.now(UTC) + timedelta(minutes=5)) == []
