"""Stripe's objects and what happens to them: sessions, intents, charges, refunds, disputes, events.

Every function runs in the caller's `store.transaction()` and takes `now` in unix seconds.
"""

from payments.simulator.checkout import arrivals, get, shown
from payments.simulator.parameters import ApiError

API_VERSION = "2026-10-28.endive"
PREFIXES = {
    "checkout.session": "cs_test_",
    "payment_intent": "pi_",
    "charge": "ch_",
    "balance_transaction": "txn_",
    "refund": "re_",
    "dispute": "du_",
    "payout": "po_",
    "event": "evt_",
}
REFUND_STATES = ("pending", "requires_action", "succeeded", "failed", "canceled")
NO_MONEY = ("failed", "canceled")
DISPUTE_STATES = (
    *("warning_needs_response", "warning_under_review", "warning_closed"),
    *("needs_response", "under_review", "won", "lost", "prevented"),
)
MONEY_IS_BACK = ("won", "prevented", "warning_needs_response", "warning_under_review")
MONEY_IS_BACK += ("warning_closed",)
DISPUTE_FEE = 2000

# What a card of the hosted page does, as Stripe's test cards do.
CARDS = {
    "visa": {"risk_level": "normal", "risk_score": 12},
    "another": {"fingerprint": "fp2"},
    "elevated": {"risk_level": "elevated", "risk_score": 68, "reason": "elevated_risk_level"},
    "declined": {"code": "card_declined", "decline_code": "generic_decline"},
    "insufficient": {"code": "card_declined", "decline_code": "insufficient_funds"},
    "blocked": {"code": "card_declined", "decline_code": "fraudulent", "risk_level": "highest"},
    "disputed": {"risk_level": "normal", "risk_score": 31, "dispute": "needs_response"},
    "slow_refund": {"risk_level": "normal", "risk_score": 9, "refunds": "pending"},
}
OUTCOMES = ("pay", "decline", "late_notice", "lost_notice", "repeated_notice", "late_money")


def announce(store, kind, about, now, times=None):
    """An event about an object as it is now, delivered at each of `times` (once, at once)."""
    event = store.add(
        "event",
        api_version=API_VERSION,
        created=int(now),
        data={"object": shown(about)},
        livemode=False,
        pending_webhooks=1,
        request={"id": None, "idempotency_key": None},
        type=kind,
    )
    for due_at in [now] if times is None else times:
        store.rows("INSERT INTO deliveries (event_id, due_at) VALUES (?, ?)", event["id"], due_at)


def find(store, kind, object_id, now, **refusal):
    """The object as it is now; a session past its time is over. Raises ApiError when there is none."""
    found = store.get(kind, object_id)
    if found and kind == "checkout.session" and found["status"] == "open":
        if found["expires_at"] <= now:
            end_session(store, found, now)
        return found
    return get(store, kind, object_id, now, **refusal)


def expire(store, session, now):
    """Shuts an open session on demand; ApiError for any other, as Stripe answers."""
    if session["status"] != "open":
        raise ApiError(
            400,
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session '
            f"has a status of {session['status']}.",
            param="session",
        )
    end_session(store, session, now)


def end_session(store, session, now):
    session |= {"status": "expired", "url": None}
    store.save(session)
    announce(store, "checkout.session.expired", session, now)


def pay(store, session, outcome, card, now, seconds=None):
    """A buyer pays with a `card` of CARDS; `outcome` says what becomes of the notices about it."""
    if session["status"] != "open" and outcome != "late_money":
        raise ApiError(400, f"This session is {session['status']}.", code="session_not_open")
    if session["payment_status"] == "paid":
        raise ApiError(400, "This session is paid.", code="session_not_open")
    does = CARDS["declined" if outcome == "decline" else card]
    times = [now] if outcome in ("pay", "decline", "late_money") else None
    times = times or arrivals(outcome, now, seconds)
    if "code" in does:
        _fail(store, session, does, now, times)
        return
    if outcome == "repeated_notice":
        _fail(store, session, CARDS["declined"], now, times)
    _capture(store, session, card, now, [] if outcome == "lost_notice" else times)


def _fail(store, session, does, now, times):
    intent = _intent(store, session, now)
    charge = _charge(store, intent, does, now, paid=False)
    intent["latest_charge"] = charge["id"]
    intent["last_payment_error"] = {
        "type": "card_error",
        "code": does["code"],
        "decline_code": does["decline_code"],
        "message": "Your card was declined.",
    }
    store.save(intent)
    announce(store, "payment_intent.payment_failed", intent, now, times)


def _capture(store, session, card, now, times):
    intent = _intent(store, session, now)
    charge = _charge(store, intent, CARDS[card], now, paid=True)
    intent |= {
        "status": "succeeded",
        "amount_received": intent["amount"],
        "last_payment_error": None,
        "latest_charge": charge["id"],
    }
    store.save(intent)
    session |= {"status": "complete", "payment_status": "paid", "url": None}
    store.save(session)
    announce(store, "payment_intent.succeeded", intent, now, times)
    announce(store, "charge.succeeded", charge, now, times)
    announce(store, "checkout.session.completed", session, now, times)
    if "dispute" in CARDS[card]:
        open_dispute(store, charge, CARDS[card]["dispute"], now)


def _intent(store, session, now):
    """The payment intent of a session, made at the first attempt to pay."""
    if session["payment_intent"]:
        return store.get("payment_intent", session["payment_intent"])
    intent = store.add(
        "payment_intent",
        amount=session["amount_total"],
        amount_received=0,
        created=int(now),
        currency=session["currency"],
        description=session["_intent_description"],
        last_payment_error=None,
        latest_charge=None,
        livemode=False,
        metadata=session["_intent_metadata"],
        status="requires_payment_method",
    )
    session["payment_intent"] = intent["id"]
    store.save(session)
    return intent


def _charge(store, intent, does, now, *, paid):
    amount = intent["amount"]
    made = store.add(
        "charge",
        amount=amount,
        amount_captured=amount if paid else 0,
        amount_refunded=0,
        balance_transaction=None,
        captured=paid,
        created=int(now),
        currency=intent["currency"],
        disputed=False,
        livemode=False,
        metadata=intent["metadata"],
        outcome=_outcome(does, paid),
        paid=paid,
        payment_intent=intent["id"],
        payment_method_details={
            "type": "card",
            "card": {"brand": "visa", "fingerprint": does.get("fingerprint", "fp1")},
        },
        refunded=False,
        status="succeeded" if paid else "failed",
        _refunds=does.get("refunds", "succeeded"),
    )
    if paid:
        booked = book(store, "charge", amount, 25 + amount * 15 // 1000, made, now)
        made["balance_transaction"] = booked["id"]
        store.save(made)
    return made


def _outcome(does, paid):
    level = does.get("risk_level", "normal")
    reviewed = "manual_review" if level == "elevated" else "authorized"
    refused = "blocked" if level == "highest" else "issuer_declined"
    return {
        "network_status": "approved_by_network" if paid else "declined_by_network",
        "reason": does.get("reason") or does.get("decline_code"),
        "risk_level": level,
        "risk_score": does.get("risk_score", 50),
        "seller_message": "Payment complete." if paid else "The bank said no.",
        "type": reviewed if paid else refused,
    }


def book(store, kind, amount, fee, about, now):
    """A movement of the balance, of which `about` is the source."""
    return store.add(
        "balance_transaction",
        amount=amount,
        created=int(now),
        currency=about["currency"],
        description=None,
        fee=fee,
        net=amount - fee,
        source=about["id"],
        type=kind,
    )


def refund(store, now, *, payment_intent, amount, metadata, reason):
    """Sends money back, never more than is left; `amount` None means all that is left."""
    intent = get(store, "payment_intent", payment_intent, now, 400, "payment_intent")
    charge = store.get("charge", intent["latest_charge"] or "")
    if not charge or not charge["paid"]:
        raise ApiError(
            400,
            f"This PaymentIntent ({payment_intent}) does not have a successful charge to refund.",
            param="payment_intent",
        )
    if charge["disputed"]:
        raise ApiError(400, "This charge has been charged back.", code="charge_disputed")
    wanted = _within(store, charge, amount)
    made = store.add(
        "refund",
        amount=wanted,
        charge=charge["id"],
        created=int(now),
        currency=intent["currency"],
        metadata=metadata,
        payment_intent=payment_intent,
        reason=reason,
        status=charge["_refunds"],
    )
    book(store, "refund", -wanted, 0, made, now)
    _count_refunds(store, charge)
    announce(store, "refund.created", made, now)
    announce(store, "charge.refunded", charge, now)
    return made


def _within(store, charge, amount):
    left = charge["amount"] - _refunded(store, charge)
    wanted = left if amount is None else amount
    if left == 0:
        raise ApiError(
            400, f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    if not 0 < wanted <= left:
        raise ApiError(
            400,
            f"Refund amount ({wanted}) is greater than unrefunded amount on charge ({left})",
            param="amount",
        )
    return wanted


def _refunded(store, charge):
    made = store.list("refund", payment_intent=charge["payment_intent"])
    return sum(one["amount"] for one in made if one["status"] not in NO_MONEY)


def _count_refunds(store, charge):
    back = _refunded(store, charge)
    charge |= {"amount_refunded": back, "refunded": back == charge["amount"]}
    store.save(charge)


def change_refund(store, made, status, now):
    """What becomes of a refund in the end: a bank may refuse what Stripe had accepted."""
    if status in NO_MONEY and made["status"] not in NO_MONEY:
        book(store, "refund_failure", made["amount"], 0, made, now)
    made["status"] = status
    store.save(made)
    _count_refunds(store, store.get("charge", made["charge"]))
    announce(store, f"refund.{'failed' if status == 'failed' else 'updated'}", made, now)


def open_dispute(store, charge, status, now, amount=None):
    """The buyer's bank takes the money, or only asks about it (warning_…)."""
    amount = amount or charge["amount"]
    made = store.add(
        "dispute",
        amount=amount,
        balance_transactions=[],
        charge=charge["id"],
        created=int(now),
        currency=charge["currency"],
        evidence_details={"due_by": int(now) + 7 * 86400, "has_evidence": False, "past_due": False},
        is_charge_refundable=status in MONEY_IS_BACK,
        livemode=False,
        metadata={},
        payment_intent=charge["payment_intent"],
        reason="fraudulent",
        status=status,
    )
    announce(store, "charge.dispute.created", made, now)
    _move_money(store, made, now)
    return made


def change_dispute(store, dispute, status, now):
    dispute["status"] = status
    store.save(dispute)
    _move_money(store, dispute, now)
    is_over = status in ("won", "lost", "warning_closed", "prevented")
    announce(store, f"charge.dispute.{'closed' if is_over else 'updated'}", dispute, now)


def _move_money(store, dispute, now):
    """Takes the disputed amount and a fee, or gives the amount back, as the state has it."""
    is_gone = sum(one["amount"] for one in dispute["balance_transactions"]) < 0
    should_be_gone = dispute["status"] not in MONEY_IS_BACK
    charge = store.get("charge", dispute["charge"])
    charge["disputed"] = should_be_gone
    store.save(charge)
    if is_gone == should_be_gone:
        return
    amount, fee = (dispute["amount"], 0) if is_gone else (-dispute["amount"], DISPUTE_FEE)
    dispute["balance_transactions"].append(book(store, "adjustment", amount, fee, dispute, now))
    store.save(dispute)
    kind = "funds_reinstated" if is_gone else "funds_withdrawn"
    announce(store, f"charge.dispute.{kind}", dispute, now)


def pass_time(store, now):
    """Ends sessions that are past their time."""
    for session in store.past_their_time(now):
        end_session(store, session, now)
