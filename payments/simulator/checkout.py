"""What a provider does: sessions, payments, refunds, and the events that tell of them.

Every function runs in the caller's `store.transaction()` and takes `now` in unix seconds.
"""

import random

from payments.simulator.parameters import ApiError

REFUND_STATES = ("pending", "succeeded", "failed")
OUTCOMES = (
    "pay",
    "decline",
    "late_notice",
    "lost_notice",
    "repeated_notice",
    "late_money",
    "risky",
)
NOTICE_DELAY = MONEY_DELAY = 10  # seconds
COPIES = 5
SPREAD = 3  # seconds within which repeated notices arrive


def shown(found):
    """An object as the outside sees it."""
    return {name: value for name, value in found.items() if not name.startswith("_")}


def get(store, kind, object_id, now, status=404, param="id"):
    """The object as it is now; raises ApiError when there is none."""
    found = store.get(kind, object_id)
    if found is None:
        raise ApiError(
            status, f"No such {kind}: '{object_id}'", code="resource_missing", param=param
        )
    if kind == "checkout.session" and found["status"] == "open" and found["expires_at"] <= now:
        expire(store, found, now)
    return found


def open_session(store, now, **fields):
    if fields["expires_at"] <= now:
        raise ApiError(400, "expires_at must be in the future.", param="expires_at")
    return store.add(
        "checkout.session",
        created=int(now),
        livemode=False,
        mode="payment",
        status="open",
        payment_status="unpaid",
        payment_intent=None,
        **fields,
    )


def expire(store, session, now):
    """Shuts an open session; raises ApiError for any other."""
    if session["status"] != "open":
        raise ApiError(400, f"Only open sessions can be expired; this is {session['status']}.")
    session["status"] = "expired"
    store.save(session)
    announce(store, "checkout.session.expired", session, now)


def act_out(store, session, outcome, now, seconds=None):
    """Plays one outcome of the hosted page. `seconds` is the delay of what comes late (10)."""
    if outcome == "late_money":
        _pay_late(store, session, now, MONEY_DELAY if seconds is None else seconds)
        return
    if session["status"] != "open":
        raise ApiError(400, f"This session is {session['status']}.", code="session_not_open")
    if outcome in ("decline", "repeated_notice"):
        _decline(store, session, now, times=arrivals(outcome, now, seconds))
    if outcome != "decline":
        risk = "highest" if outcome == "risky" else ""
        _capture(store, session, now, times=arrivals(outcome, now, seconds), risk=risk)


def arrivals(outcome, now, seconds):
    """When notices of this outcome arrive: one at once, one late, none, or many in disorder."""
    if outcome == "lost_notice":
        return []
    if outcome == "late_notice":
        return [now + (NOTICE_DELAY if seconds is None else seconds)]
    if outcome == "repeated_notice":
        return [now + random.uniform(0, SPREAD) for _ in range(COPIES)]  # noqa: S311
    return [now]


def _pay_late(store, session, now, seconds):
    if session["payment_status"] == "paid":
        raise ApiError(400, "This session is paid.", code="session_not_open")
    if session["status"] == "open":
        expire(store, session, now)
        session["_money_due_at"] = now + seconds
        store.save(session)
    elif not session.get("_money_due_at"):
        _capture(store, session, now, times=[now])


def _decline(store, session, now, times):
    intent = _intent(store, session, now)
    intent["last_payment_error"] = {
        "type": "card_error",
        "code": "card_declined",
        "message": "Your card was declined.",
    }
    store.save(intent)
    announce(store, "payment_intent.payment_failed", session, now, times)


def _capture(store, session, now, times, risk=""):
    intent = _intent(store, session, now)
    intent |= {
        "status": "succeeded",
        "amount_received": intent["amount"],
        "last_payment_error": None,
        "risk_level": risk,
    }
    store.save(intent)
    session |= {"status": "complete", "payment_status": "paid"}
    session.pop("_money_due_at", None)
    store.save(session)
    announce(store, "checkout.session.completed", session, now, times)


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
        last_payment_error=None,
        livemode=False,
        metadata=session["_intent_metadata"],
        risk_level="",
        status="requires_payment_method",
    )
    session["payment_intent"] = intent["id"]
    store.save(session)
    return intent


def refund(store, now, *, payment_intent, amount, metadata, reason):
    """Sends money back; never more than is left. `amount` None means all that is left."""
    intent = get(store, "payment_intent", payment_intent, now, 400, "payment_intent")
    made = store.list("refund", payment_intent=payment_intent)
    sent = sum(one["amount"] for one in made if one["status"] != "failed")
    left = intent["amount_received"] - sent
    wanted = left if amount is None else amount
    if not 0 < wanted <= left:
        raise ApiError(
            400,
            f"Refund amount ({wanted}) is greater than what is left of the payment ({left}).",
            code="charge_already_refunded" if left == 0 < sent else "amount_too_large",
            param="amount",
        )
    made = store.add(
        "refund",
        amount=wanted,
        created=int(now),
        currency=intent["currency"],
        metadata=metadata,
        payment_intent=payment_intent,
        reason=reason,
        status="succeeded",
    )
    announce(store, "charge.refunded", made, now)
    return made


def change_refund(store, refund, status, now):
    """What becomes of a refund in the end: a bank may refuse what the provider had accepted."""
    refund["status"] = status
    store.save(refund)
    announce(store, f"refund.{'failed' if status == 'failed' else 'updated'}", refund, now)


def announce(store, kind, about, now, times=None):
    """An event about an object as it is now, delivered at each of `times` (once, at once)."""
    event = store.add(
        "event", type=kind, created=int(now), livemode=False, data={"object": shown(about)}
    )
    for due_at in [now] if times is None else times:
        store.rows("INSERT INTO deliveries (event_id, due_at) VALUES (?, ?)", event["id"], due_at)


def pass_time(store, now):
    """Expires what is past its time and lets late money arrive."""
    for session in store.past_their_time(now):
        expire(store, session, now)
    for session in store.with_money_due(now):
        _capture(store, session, now, times=[now])
