"""The page on which a buyer approves: buttons say what becomes of it. No password is asked for."""

from decimal import Decimal

from payments.peers.paypal import objects
from payments.simulator import pages
from payments.simulator.parameters import ApiError, read

LABELS = {
    "good": "Pay",
    "declined": "Pay with a card that is declined when the shop takes the money",
    "refused": "Pay, and have the payment denied",
    "pending": "Pay, and have PayPal review it",
    "slow_refund": "Pay from an account whose refunds take time",
}


def show_page(call):
    with call.store.transaction():
        order = objects.find(call.store, "order", call.object_id, call.now)
    return pages.page_of(_as_session(order), _choices(order))


def take_choice(call):
    """Back to the shop, which takes the money, or leaves it."""
    found = read(call.text, required=("account",))
    if found["account"] not in objects.ACCOUNTS:
        raise ApiError(400, "This page has no such button.")
    with call.store.transaction():
        order = objects.find(call.store, "order", call.object_id, call.now)
        if order["status"] != "COMPLETED":
            objects.approve(call.store, order, "pay", found["account"], call.now)
    return pages.see(return_address(order))


def return_address(order):
    address = order["_experience"]["return_url"]
    joint = "&" if "?" in address else "?"
    return f"{address}{joint}token={order['id']}&PayerID={order['payer']['payer_id']}"


def _as_session(order):
    """What `payments.simulator.pages` shows of it."""
    unit, experience = order["purchase_units"][0], order["_experience"]
    return {
        "id": order["id"],
        "amount_total": _units(unit["amount"]),
        "currency": unit["amount"]["currency_code"],
        "customer_email": "",
        "status": "complete" if order["status"] == "COMPLETED" else "open",
        "success_url": experience["return_url"],
        "cancel_url": experience["cancel_url"],
        "_description": unit.get("description", ""),
        "_payee": experience["brand_name"],
    }


def _units(amount):
    """As `payments.simulator.pages` counts them: only yen of PayPal's currencies have no parts."""
    return int(Decimal(amount["value"]).scaleb(0 if amount["currency_code"] == "JPY" else 2))


def _choices(order):
    if order["status"] == "COMPLETED":
        return "<h2>This has been paid.</h2>"
    buttons = "".join(
        f'<li><button name="account" value="{account}">{label}</button></li>'
        for account, label in LABELS.items()
    )
    return f'<form method="post"><ul class="others">{buttons}</ul></form>'
