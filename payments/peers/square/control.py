"""`/_control/…`: what buyers, banks and Square do, as tests have it."""

from payments.peers.square import objects
from payments.peers.square.objects import find, shown
from payments.simulator import api as common
from payments.simulator.parameters import ApiError, read, whole_number


def press(call):
    """What the buyer does on the page: `outcome` of OUTCOMES, with a `card` of CARDS."""
    found = read(call.text, optional=("outcome", "card", "seconds"))
    outcome, card = found.get("outcome", "pay"), found.get("card", "visa")
    if outcome not in objects.OUTCOMES or card not in objects.CARDS:
        raise ApiError(400, "There is no such outcome, or no such card.")
    order = find(call.store, "order", call.object_id)
    seconds = common.seconds_of(found, None)
    objects.pay(call.store, call.provider, order, outcome, card, call.now, seconds)
    return shown(order)


def change_order(call):
    """Makes an order say what we did not ask for: money, or names of another payment or location."""
    found = read(call.text, optional=("amount", "currency", "payment_id", "location_id"))
    order = find(call.store, "order", call.object_id)
    paid = objects.payments_of(call.store, order)
    for one in (order, *paid):
        money = one["total_money"]
        money["amount"] = int(found.get("amount", money["amount"]))
        money["currency"] = found.get("currency", money["currency"])
        call.store.save(one)
    order["location_id"] = found.get("location_id", order["location_id"])
    if "payment_id" in found:
        order["metadata"] = {**order.get("metadata", {}), "payment_id": found["payment_id"]}
    call.store.save(order)
    return shown(order)


def decide_payment(call):
    """What becomes of a payment under way; COMPLETED for one that is tells its fee."""
    found = read(call.text, required=("status",))
    if found["status"] not in ("COMPLETED", "CANCELED", "FAILED"):
        raise ApiError(400, "There is no such end of a payment.")
    made = find(call.store, "payment", call.object_id)
    objects.decide_payment(call.store, call.provider, made, found["status"], call.now)
    return shown(made)


def decide_refund(call):
    found = read(call.text, required=("status",))
    if found["status"] not in objects.REFUND_STATES:
        raise ApiError(400, "There is no such state of a refund.")
    sent = find(call.store, "refund", call.object_id)
    status = objects.REFUND_STATES[found["status"]]
    objects.change_refund(call.store, call.provider, sent, status, call.now)
    return shown(sent)


def change_dispute(call):
    """Opens a dispute about a payment, or moves a dispute on."""
    found = read(call.text, required=("state",), optional=("amount",))
    if found["state"] not in objects.DISPUTE_STATES:
        raise ApiError(400, "There is no such state of a dispute.")
    dispute = call.store.get("dispute", call.object_id)
    if dispute:
        objects.change_dispute(call.store, call.provider, dispute, found["state"], call.now)
        return shown(dispute)
    made = find(call.store, "payment", call.object_id)
    amount = whole_number(found, "amount") if "amount" in found else None
    about = (call.store, call.provider, made, found["state"], amount, call.now)
    return shown(objects.open_dispute(*about))


def listed(call):
    """All of a kind, such as `order`, the newest first."""
    found = read(call.text, required=("kind",))
    return {"data": [shown(one) for one in call.store.list(found["kind"])]}
