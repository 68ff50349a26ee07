"""The page of a link: buttons say what the card does. No card number is asked for."""

from payments.peers.square import objects
from payments.simulator import pages
from payments.simulator.parameters import ApiError, read

LABELS = {
    "visa": "Pay",
    "another": "Pay with another card",
    "declined": "Pay with a card that is declined",
    "high": "Pay with a card of high risk",
    "pending": "Pay, and have it decided later",
    "gift": "Pay in two parts, the first with a gift card",
    "slow_fee": "Pay, with the fee told later",
    "slow_refund": "Pay with a card whose refunds take time",
}


def show_page(call):
    with call.store.transaction():
        order, link = _found(call)
        choices = _choices(call.store, order)
    return pages.page_of(_as_session(order, link), choices)


def take_choice(call):
    """On to the shop after paying, or back to this page when the card was declined."""
    found = read(call.text, required=("card",))
    if found["card"] not in objects.CARDS:
        raise ApiError(400, "This page has no such button.")
    with call.store.transaction():
        order, link = _found(call)
        if _is_open(call.store, order):
            account, card = call.provider, found["card"]
            outcome = "decline" if card == "declined" else "pay"
            objects.pay(call.store, account, order, outcome, card, call.now)
        is_done = not _is_open(call.store, order) and order["state"] != "CANCELED"
    return pages.see(return_address(order, link) if is_done else f"/pay/{link['id']}")


def _found(call):
    """(order, link) of the page. A deleted link leads here as long as its order can be paid."""
    link = call.store.get("payment_link", call.object_id)
    if link is None:
        raise ApiError(404, "There is no such page.")
    return call.store.get("order", link["order_id"]), link


def _is_open(store, order):
    living = [one for one in objects.payments_of(store, order) if one["status"] != "FAILED"]
    return order["state"] in ("DRAFT", "OPEN") and not living


def return_address(order, link):
    address = link["checkout_options"]["redirect_url"]
    joint = "&" if "?" in address else "?"
    return f"{address}{joint}orderId={order['id']}"


def _as_session(order, link):
    """What `payments.simulator.pages` shows of it. Square's page bears the name of the location, and
    has no way back."""
    return {
        "id": link["id"],
        "amount_total": order["total_money"]["amount"],
        "currency": order["total_money"]["currency"],
        "customer_email": link["pre_populated_data"].get("buyer_email", ""),
        "status": "open",
        "success_url": link["checkout_options"]["redirect_url"],
        "cancel_url": "",
        "_description": order["line_items"][0]["name"],
        "_payee": order["location_id"],
    }


def _choices(store, order):
    if objects.is_paid(store, order):
        return "<h2>This has been paid.</h2>"
    if not _is_open(store, order):
        return "<h2>This page is not available any more.</h2>"
    failed = order.get("tenders")
    alert = '<p class="alert" role="alert">Your card was declined.</p>' if failed else ""
    buttons = "".join(
        f'<li><button name="card" value="{card}">{label}</button></li>'
        for card, label in LABELS.items()
    )
    return f'{alert}<form method="post"><ul class="others">{buttons}</ul></form>'
