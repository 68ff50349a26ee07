"""What the simulated provider is told of payments that were taken before it ran."""

from payments.simulator.store import Store


def remember(file, taken, returned=()):
    """Writes payments [{"ref", "amount", "currency"}] and refunds of them [{"ref", "payment_ref",
    "refund_id", "attempt", "amount", "currency"}], in minor units, into its store, all or none. Nobody
    is told of them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    store = Store(file)
    try:
        with store.transaction():
            for each in taken:
                store.add("payment_intent", **_intent(each))
            for each in returned:
                store.add("refund", **_refund(each))
    finally:
        store.close()


def _intent(each):
    return {
        "id": each["ref"],
        "amount": each["amount"],
        "amount_received": each["amount"],
        "created": 0,
        "currency": each["currency"].lower(),
        "last_payment_error": None,
        "livemode": False,
        "metadata": {},
        "status": "succeeded",
    }


def _refund(each):
    return {
        "id": each["ref"],
        "amount": each["amount"],
        "created": 0,
        "currency": each["currency"].lower(),
        "metadata": {"refund_id": str(each["refund_id"]), "attempt": str(each["attempt"])},
        "payment_intent": each["payment_ref"],
        "reason": None,
        "status": "succeeded",
    }
