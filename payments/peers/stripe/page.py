"""The hosted page: a buyer chooses a card by what it does, and pays. No card number is asked for."""

from payments.peers.stripe import objects
from payments.simulator import pages
from payments.simulator.parameters import ApiError, read

LABELS = {
    "visa": "Pay",
    "another": "Pay with another card",
    "elevated": "Pay with a card of elevated risk",
    "disputed": "Pay, and have the bank dispute it",
    "slow_refund": "Pay with a card whose refunds take time",
    "declined": "Pay with a card that is declined",
    "insufficient": "Pay with a card without funds",
    "blocked": "Pay with a card that is blocked",
}


def show_page(call):
    with call.store.transaction():
        session = objects.find(call.store, "checkout.session", call.object_id, call.now)
        intent = call.store.get("payment_intent", session["payment_intent"] or "")
    return pages.page_of(session, _choices(session, intent))


def take_choice(call):
    """On to the shop after paying, or back to this page when the card was declined."""
    found = read(call.text, required=("card",))
    if found["card"] not in objects.CARDS:
        raise ApiError(400, "This page has no such button.")
    with call.store.transaction():
        session = objects.find(call.store, "checkout.session", call.object_id, call.now)
        if session["status"] == "open":
            objects.pay(call.store, session, "pay", found["card"], call.now)
    is_on = session["status"] == "complete"
    return pages.see(pages.success_address(session) if is_on else f"/pay/{session['id']}")


def _choices(session, intent):
    if session["payment_status"] == "paid":
        return "<h2>This has been paid.</h2>"
    if session["status"] == "expired":
        return "<h2>This Checkout Session has expired.</h2>"
    declined = intent and intent["last_payment_error"]
    alert = '<p class="alert" role="alert">Your card was declined.</p>' if declined else ""
    buttons = "".join(
        f'<li><button name="card" value="{card}">{label}</button></li>'
        for card, label in LABELS.items()
    )
    return f'{alert}<form method="post"><ul class="others">{buttons}</ul></form>'
