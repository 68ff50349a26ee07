"""Square's adapter against a Square of our own: the contract, and what only Square does."""

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from square.core.client_wrapper import SyncClientWrapper

from core.money import Money
from payments.adapters import ProviderRefused, ProviderUnavailable
from payments.adapters import square_client as client_module
from payments.adapters.square_client import API_VERSION
from payments.adapters.square_objects import dispute_of, money_of, units_of
from payments.peers.square.objects import TOKYO
from payments.tests.contract import (
    ProviderContract,
    by_our_id,
    find_refund,
    opened,
    paid,
    refund_of,
    wish,
)
from payments.tests.simulator_process import running
from payments.tests.square_process import SquarePeer

LINKS = "/v2/online-checkout/payment-links"


@pytest.fixture(scope="module")
def peer(tmp_path_factory):
    with running(SquarePeer(tmp_path_factory.mktemp("square") / "its.sqlite3")) as peer:
        yield peer


@pytest.fixture
def adapter(peer):
    return peer.adapter()


class TestSquare(ProviderContract):
    """Every promise an adapter makes; a location sells in one currency."""

    amounts = (("48.00", "EUR"), ("0.55", "EUR"))


def requests_so_far(peer):
    return len(peer.witness()["requests"])


def asked_since(peer, before):
    """[method and path] of what was asked of Square."""
    asked = peer.witness()["requests"][before:]
    return [
        f"{one['method']} {one['path']}"
        for one in asked
        if not one["path"].startswith("/_control/")
    ]


def order_of(peer, session):
    ref = session.ref.partition(":")[0]
    return peer.ask("GET", f"/v2/orders/{ref}").json()["order"]


def link_of(session):
    return f"{LINKS}/{session.ref.partition(':')[2]}"


# Pages and their end


def test_a_page_offers_what_is_paid_at_once_and_our_price_as_it_is(peer, adapter):
    options = peer.ask("GET", link_of(opened(adapter))).json()["payment_link"]["checkout_options"]
    assert options == {
        "redirect_url": "http://shop.example/return/",
        "allow_tipping": False,
        "ask_for_shipping_address": False,
        "enable_coupon": False,
        "enable_loyalty": False,
        "accepted_payment_methods": {
            "apple_pay": True,
            "google_pay": True,
            "cash_app_pay": False,
            "afterpay_clearpay": False,
        },
    }


def test_a_deleted_link_is_a_cancelled_order(peer, adapter):
    session = opened(adapter)
    order_id, before = session.ref.partition(":")[0], requests_so_far(peer)
    assert adapter.expire_session(session.ref).state == "expired"
    assert asked_since(peer, before) == [
        f"GET /v2/orders/{order_id}",
        f"DELETE {link_of(session)}",
        f"GET /v2/orders/{order_id}",
    ]
    assert peer.ask("GET", link_of(session)).status_code == 404
    assert order_of(peer, session)["state"] == "CANCELED"


def test_a_page_on_which_a_card_has_failed_is_shut_though_square_leaves_it_open(peer, adapter):
    session = opened(adapter)
    peer.play(session.ref, "decline")
    before = requests_so_far(peer)
    shut = adapter.expire_session(session.ref)
    assert (shut.state, shut.was_over) == ("expired", False)
    order = order_of(peer, session)
    assert order["state"] == "CANCELED"
    asked = asked_since(peer, before)
    assert asked.count(f"PUT /v2/orders/{order['id']}") == 2  # what is to be handed out, first


def test_control_deleting_its_link_alone_leaves_it_open(peer, adapter):
    session = opened(adapter)
    peer.play(session.ref, "decline")
    assert peer.ask("DELETE", link_of(session)).json() == {"id": link_of(session).split("/")[-1]}
    assert adapter.find_session(ref=session.ref).state == "open"
    peer.play(session.ref)
    assert adapter.find_session(ref=session.ref).state == "paid"


@pytest.mark.parametrize("card", ["visa", "pending"])
@pytest.mark.parametrize("tried", [False, True])
def test_what_was_paid_while_it_was_being_shut_is_not_shut(peer, adapter, monkeypatch, card, tried):
    """The buyer is faster at each of the steps."""
    for step in ("delete", "update") if tried else ("delete",):
        session = opened(adapter)
        if tried:
            peer.play(session.ref, "decline")
        ask, ref = adapter._client.ask, session.ref
        slow = slowed(ask, step, lambda ref=ref: peer.play(ref, card=card))

        with monkeypatch.context() as patched:
            patched.setattr(adapter._client, "ask", slow)
            try:
                shut = adapter.expire_session(session.ref)
            except ProviderUnavailable:  # another version of the order: it is looked at again
                shut = adapter.expire_session(session.ref)
        state = "paid" if card == "visa" else "open"
        assert (step, shut.state, bool(shut.payment_ref)) == (step, state, True)
        assert order_of(peer, session)["state"] == "OPEN"


def slowed(ask, step, act):
    """The client's `ask`, before whose call of this name something happens."""

    def slow(call, *rest, **wanted):
        if call.__name__ == step:
            act()
        return ask(call, *rest, **wanted)

    return slow


def test_an_order_that_changes_while_it_is_being_shut_is_looked_at_again(
    peer, adapter, monkeypatch
):
    session = opened(adapter)
    peer.play(session.ref, "decline")
    slow = slowed(adapter._client.ask, "update", lambda: peer.play(session.ref, "decline"))
    with monkeypatch.context() as patched:
        patched.setattr(adapter._client, "ask", slow)
        with pytest.raises(ProviderUnavailable, match="VERSION_MISMATCH"):
            adapter.expire_session(session.ref)
    assert adapter.find_session(ref=session.ref).state == "open"
    assert adapter.expire_session(session.ref).state == "expired"


def test_money_under_way_is_neither_paid_nor_shut(peer, adapter):
    for card in ("pending", "approved"):
        session = opened(adapter)
        peer.play(session.ref, card=card)
        before = requests_so_far(peer)
        shut = adapter.expire_session(session.ref)
        assert (shut.state, bool(shut.payment_ref), shut.was_over) == ("open", True, False)
        assert not [one for one in asked_since(peer, before) if not one.startswith("GET ")]
        assert adapter.find_charge(shut.payment_ref) is None
        peer.decide_payment(shut.payment_ref, "COMPLETED")
        assert adapter.find_session(ref=session.ref).state == "paid"


def test_money_that_comes_on_a_page_that_was_shut_is_told(peer, adapter):
    session = opened(adapter)
    adapter.expire_session(session.ref)
    peer.play(session.ref, "late_money")
    late = adapter.find_session(ref=session.ref)
    assert (late.state, late.amount) == ("paid", Decimal("96.00"))
    assert adapter.find_charge(late.payment_ref).amount == Decimal("96.00")
    assert order_of(peer, session)["state"] == "CANCELED"


def test_what_was_paid_in_parts_is_their_sum_and_the_biggest_is_what_goes_back(peer, adapter):
    session = opened(adapter)
    peer.play(session.ref, card="gift")
    found = adapter.find_session(ref=session.ref)
    assert (found.state, found.amount) == ("paid", Decimal("96.00"))
    assert adapter.find_charge(found.payment_ref).amount == Decimal("86.00")


def test_a_session_is_found_by_the_order_alone_as_notices_name_it(peer, adapter):
    session = opened(adapter)
    found = adapter.find_session(ref=session.ref.partition(":")[0])
    assert (found.state, found.metadata) == ("open", session.metadata)


def test_ids_that_square_cannot_have_made_are_not_asked_for(peer, adapter):
    before = requests_so_far(peer)
    for ref in ("../refunds", "a/b", "a?b", "a b", "x" * 201, ":LNK1"):
        assert adapter.find_session(ref=ref) is None
        assert adapter.expire_session(ref) is None
    assert asked_since(peer, before) == []


# Finding by our id


def test_a_session_is_found_behind_many_others_and_only_in_its_time(peer, adapter, monkeypatch):
    monkeypatch.setattr("payments.adapters.square_orders.PAGE", 2)
    wanted = wish()
    session = adapter.open_session(**wanted)
    for _ in range(5):
        opened(adapter)
    payment_id, now, hour = wanted["payment_id"], datetime.now(UTC), timedelta(hours=1)
    find = adapter.find_session
    assert find(payment_id=payment_id, since=now) == find(payment_id=payment_id) == session
    assert find(payment_id=payment_id, since=now - hour, until=now - hour / 2) is None
    assert find(payment_id=payment_id, since=now + hour) is None


def test_nothing_is_concluded_from_a_part_of_what_there_is(adapter, monkeypatch):
    opened(adapter)
    opened(adapter)
    monkeypatch.setattr(client_module, "LOOKED_THROUGH", 1)
    with pytest.raises(ProviderUnavailable, match="more orders"):
        by_our_id(adapter, uuid4())


def test_what_was_shut_is_found_too_and_its_page_not_looked_for(peer, adapter):
    wanted = wish()
    adapter.expire_session(adapter.open_session(**wanted).ref)
    before = requests_so_far(peer)
    assert by_our_id(adapter, wanted["payment_id"]).state == "expired"
    assert asked_since(peer, before) == ["POST /v2/orders/search"]


def test_an_order_whose_page_is_nowhere_is_nobodys(peer, adapter):
    """Its link went and its order did not: no one was told the page, so it is as if it were not."""
    wanted = wish()
    session = adapter.open_session(**wanted)
    peer.play(session.ref, "decline")
    peer.ask("DELETE", link_of(session))
    assert by_our_id(adapter, wanted["payment_id"]) is None


def test_while_a_page_is_not_shown_in_the_list_asking_again_gives_it(peer, adapter):
    """The list may run behind; the key does not."""
    wanted = wish()
    session = adapter.open_session(**wanted)
    assert adapter.open_session(**wanted) == session
    assert order_of(peer, session)["version"] == 1


# Amounts, locations, keys


@pytest.mark.parametrize(
    ("amount", "currency", "units"), [("12.50", "EUR", 1250), ("4800", "JPY", 4800)]
)
def test_amounts_are_counted_as_iso_does(amount, currency, units):
    money = Money(Decimal(amount), currency)
    told = {"amount": units, "currency": currency}
    assert (units_of(money, currency), money_of(told)) == (told, money)


@pytest.mark.parametrize(
    ("amount", "currency"), [("12.50", "USD"), ("1.000", "KWD"), ("0.00", "EUR"), ("5", "JPY")]
)
def test_what_the_location_cannot_take_is_refused_before_anybody_is_asked(
    peer, adapter, amount, currency
):
    before = requests_so_far(peer)
    assert not adapter.takes(Money(Decimal(amount), currency))
    with pytest.raises(ProviderRefused):
        opened(adapter, amount=Decimal(amount), currency=currency)
    assert asked_since(peer, before) == []


def test_a_location_in_tokyo_sells_in_yen_and_nothing_is_sold_where_square_is_not(peer):
    adapter = peer.adapter(location_id=TOKYO, currency="JPY")
    session = opened(adapter, amount=Decimal(4800), currency="JPY")
    assert (session.amount, session.currency) == (4800, "JPY")
    assert not peer.adapter(currency="SEK").takes(Money(12, "SEK"))


def test_what_another_location_sells_does_not_bear_our_names(peer, adapter):
    session = paid(peer, adapter)
    assert session.metadata
    peer.change_session(session.ref, location_id=TOKYO)
    assert adapter.find_session(ref=session.ref).metadata == {}


def test_keys_that_are_too_long_for_square_are_made_short(peer, adapter):
    refund = refund_of(paid(peer, adapter))
    refund["idempotency_key"] = f"{refund['refund_id']}:refund:10"
    assert len(refund["idempotency_key"]) == 46
    assert adapter.refund(**refund) == adapter.refund(**refund)
    wanted = wish(idempotency_key="k" * 200)
    assert adapter.open_session(**wanted) == adapter.open_session(**wanted)


def test_the_version_is_that_of_the_sdk():
    told = SyncClientWrapper(token="x", base_url="http://x", httpx_client=None).get_headers()
    assert told["Square-Version"] == API_VERSION


# Charges, refunds, disputes


@pytest.mark.parametrize(
    ("card", "level"),
    [("visa", "normal"), ("moderate", "elevated"), ("high", "highest"), ("unjudged", "")],
)
def test_a_charge_says_its_fee_how_risky_it_is_and_which_card(peer, adapter, card, level):
    session = opened(adapter)
    peer.play(session.ref, card=card)
    charge = adapter.find_charge(adapter.find_session(ref=session.ref).payment_ref)
    assert (charge.fee, charge.fee_currency, charge.risk_level) == (
        *(Decimal("1.59"), "EUR"),
        level,
    )
    assert len(charge.card) == 64


def test_a_fee_is_none_until_square_tells_it(peer, adapter):
    session = opened(adapter)
    peer.play(session.ref, card="slow_fee")
    payment_ref = adapter.find_session(ref=session.ref).payment_ref
    assert adapter.find_charge(payment_ref).fee is None
    peer.decide_payment(payment_ref, "COMPLETED")
    assert adapter.find_charge(payment_ref).fee == Decimal("1.59")


def test_the_same_card_has_the_same_mark_and_another_has_another(peer, adapter):
    def mark(card):
        session = opened(adapter)
        peer.play(session.ref, card=card)
        return adapter.find_charge(adapter.find_session(ref=session.ref).payment_ref).card

    assert mark("visa") == mark("high") != mark("another")


def test_a_slow_refund_is_pending_until_it_is_done_and_others_wait_for_it(peer, adapter):
    session = opened(adapter)
    peer.play(session.ref, card="slow_refund")
    payment = adapter.find_session(ref=session.ref)
    wanted, other = refund_of(payment), refund_of(payment)
    made = adapter.refund(**wanted)
    with pytest.raises(ProviderUnavailable, match="REFUND_ALREADY_PENDING"):
        adapter.refund(**other)
    assert find_refund(adapter, other) is None
    seen = [made.state]
    for status in ("succeeded", "rejected"):
        peer.decide_refund(made.ref, status)
        seen.append(find_refund(adapter, wanted).state)
    assert seen == ["pending", "completed", "failed"]
    assert adapter.refund(**other).state == "pending"


def test_a_dispute_holds_the_money_back_until_it_is_won(peer, adapter):
    payment_ref = paid(peer, adapter).payment_ref
    ref, seen = payment_ref, []
    for state in (
        *("INQUIRY_EVIDENCE_REQUIRED", "INQUIRY_PROCESSING", "INQUIRY_CLOSED"),
        *("EVIDENCE_REQUIRED", "PROCESSING", "WON", "LOST", "ACCEPTED"),
    ):
        ref = peer.dispute(ref, state)["id"]
        (now,) = adapter.find_disputes(payment_ref)
        seen.append((now.state, now.is_withdrawn))
    assert seen == [
        *(("inquiry", False), ("inquiry", False), ("closed", False)),
        *(("needs_response", True), ("under_review", True), ("won", False)),
        *(("lost", True), ("lost", True)),
    ]
    assert (now.amount, now.currency, now.reason) == (Decimal("96.00"), "EUR", "not_received")
    assert (now.fee, now.ref) == (0, ref)
    assert timedelta(days=6) < now.evidence_due_at - now.created_at < timedelta(days=8)


def test_a_part_may_be_disputed_and_a_disputed_payment_is_not_refunded(peer, adapter):
    session = paid(peer, adapter)
    peer.dispute(session.payment_ref, amount=1000)
    assert adapter.find_disputes(session.payment_ref)[0].amount == 10
    with pytest.raises(ProviderRefused, match="PAYMENT_NOT_REFUNDABLE"):
        adapter.refund(**refund_of(session))


def test_all_disputes_of_a_time_are_found_page_by_page_the_newest_first(peer, adapter):
    began = datetime.now(UTC) - timedelta(milliseconds=1)
    wanted = [paid(peer, adapter).payment_ref for _ in range(4)]
    for ref in wanted:
        peer.dispute(ref)
        time.sleep(0.002)
    found = [one.payment_ref for one in adapter.disputes_since(began)]
    assert found == wanted[::-1]
    assert adapter.disputes_since(datetime.now(UTC) + timedelta(minutes=1)) == []


def test_a_state_of_disputes_that_nobody_knows_yet_holds_the_money_back():
    told = {
        "dispute_id": "D1",
        "state": "WAITING_THIRD_PARTY",
        "amount_money": {"amount": 1000, "currency": "EUR"},
        "disputed_payment": {},
        "created_at": "2026-11-22T10:00:00Z",
    }
    found = dispute_of(told)
    assert (found.ref, found.state, found.is_withdrawn) == ("D1", "under_review", True)
