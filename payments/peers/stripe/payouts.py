"""Stripe's balance: what it pays out to the bank, of what, and `/_control/…` that makes it do so.

Tests say when it pays out; then all that has come in of one currency since goes, as Stripe's daily
payouts do. What a payout took is marked `_payout`, and never stands in another.
"""

from payments.peers.stripe import objects
from payments.peers.stripe.pages import CREATED, PAGE, paged
from payments.simulator.checkout import shown
from payments.simulator.parameters import ApiError, read, whole_number

STATES = ("pending", "in_transit", "paid", "failed", "canceled")
OVER = ("failed", "canceled")
TYPES = ("adjustment", "stripe_fee", "contribution")
A_DAY = 86_400


def get_payout(call):
    read(call.text)
    return shown(objects.find(call.store, "payout", call.object_id, call.now))


def list_payouts(call):
    found = read(call.text, optional=("status", *CREATED, *PAGE))
    payouts = call.store.list("payout")
    if "status" in found:
        payouts = [one for one in payouts if one["status"] == found["status"]]
    return paged(call, found, payouts)


def list_transactions(call):
    """Balance transactions; of one payout only if Stripe made it by itself and is done with it."""
    found = read(call.text, optional=("payout", "type", "currency", "expand[0]", *CREATED, *PAGE))
    if found.get("expand[0]", "data.source") != "data.source":
        raise ApiError(400, "This property cannot be expanded.", param="expand")
    listed = call.store.list("balance_transaction")
    if "payout" in found:
        payout = objects.find(call.store, "payout", found["payout"], call.now, status=400)
        if not payout["automatic"]:
            raise ApiError(
                400,
                "Balance transaction history can only be filtered on automatic transfers, not manual.",
                param="payout",
            )
        listed = [one for one in listed if one.get("_payout") == payout["id"]]
    for name in ("type", "currency"):
        listed = [one for one in listed if found.get(name, one[name]) == one[name]]
    answer = paged(call, found, listed)
    if "expand[0]" in found:
        answer["data"] = [_expanded(call.store, one) for one in answer["data"]]
    return answer


def _expanded(store, transaction):
    """With the whole object that it is about, as far as it is about one."""
    ref = transaction["source"] or ""
    kinds = {prefix: kind for kind, prefix in objects.PREFIXES.items()}
    kind = kinds.get(ref.partition("_")[0] + "_")
    return {**transaction, "source": shown(store.get(kind, ref)) if kind else None}


def control_pay_out(call):
    """Pays out what is there of a currency, at once or by hand (`automatic` 0, `amount`)."""
    found = read(
        call.text, optional=("currency", "status", "automatic", "amount", "created", "lines")
    )
    currency, status = found.get("currency", "eur"), found.get("status", "in_transit")
    if status not in STATES:
        raise ApiError(400, "There is no such state of a payout.")
    is_automatic = found.get("automatic", "1") == "1"
    there = [
        one
        for one in call.store.list("balance_transaction")
        if one["currency"] == currency and "_payout" not in one and is_automatic
    ]
    amount = sum(one["net"] for one in there)
    amount = whole_number(found, "amount") if "amount" in found else amount
    payout = _made(call, currency, amount, is_automatic, found)
    for one in there:
        call.store.save(one | {"_payout": payout["id"]})
    own = objects.book(call.store, "payout", -amount, 0, payout, call.now)
    call.store.save(own | {"_payout": payout["id"]})
    payout["balance_transaction"] = own["id"]
    call.store.save(payout)
    _become(call, payout, status)
    return shown(payout)


def _made(call, currency, amount, is_automatic, found):
    created = whole_number(found, "created") if "created" in found else int(call.now)
    return call.store.add(
        "payout",
        amount=amount,
        arrival_date=created // A_DAY * A_DAY + 2 * A_DAY,
        automatic=is_automatic,
        balance_transaction=None,
        created=created,
        currency=currency,
        description="STRIPE PAYOUT",
        destination="ba_1",
        failure_balance_transaction=None,
        failure_code=None,
        failure_message=None,
        livemode=False,
        metadata={},
        method="standard",
        reconciliation_status=found.get("lines", "completed") if is_automatic else "not_applicable",
        source_type="card",
        statement_descriptor=None,
        status="pending",
        trace_id={"status": "pending", "value": None},
        type="bank_account",
    )


def control_payout(call):
    """What becomes of a payout; one that fails comes back into the balance."""
    found = read(call.text, optional=("status", "lines"))
    payout = objects.find(call.store, "payout", call.object_id, call.now)
    if found.get("status", "paid") not in STATES:
        raise ApiError(400, "There is no such state of a payout.")
    payout["reconciliation_status"] = found.get("lines", payout["reconciliation_status"])
    _become(call, payout, found.get("status", payout["status"]))
    return shown(payout)


def _become(call, payout, status):
    if payout["status"] in OVER:
        raise ApiError(400, f"This payout is {payout['status']}.")
    payout["status"] = status
    if status == "paid":
        payout["trace_id"] = {"status": "supported", "value": f"TR{payout['id'][-10:].upper()}"}
    if status in OVER:
        kind = "payout_failure" if status == "failed" else "payout_cancel"
        back = objects.book(call.store, kind, payout["amount"], 0, payout, call.now)
        payout |= {"failure_balance_transaction": back["id"], "failure_code": "account_closed"}
    call.store.save(payout)


def control_adjust(call):
    """Money that comes or goes for a reason of Stripe's own: `amount` in units, below zero it goes."""
    found = read(call.text, required=("amount",), optional=("currency", "type", "description"))
    kind = found.get("type", "adjustment")
    if kind not in TYPES:
        raise ApiError(400, "There is no such type.")
    about = {"id": None, "currency": found.get("currency", "eur")}
    amount = int(found["amount"])
    made = objects.book(call.store, kind, amount, 0, about, call.now)
    call.store.save(made | {"description": found.get("description")})
    return shown(made)


def control_transaction(call):
    """Makes a balance transaction say something else: `fee`, `net`, `currency`."""
    found = read(call.text, optional=("amount", "fee", "net", "currency"))
    made = objects.find(call.store, "balance_transaction", call.object_id, call.now)
    changed = {name: int(found[name]) for name in ("amount", "fee", "net") if name in found}
    call.store.save(made | changed | {"currency": found.get("currency", made["currency"])})
    return shown(made | changed)
