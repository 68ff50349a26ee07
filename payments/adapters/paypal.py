"""PayPal by redirect: a buyer approves an order on PayPal's page, and we take the money, or never do.

An order cannot be cancelled. It need not be: as long as we do not capture it no money moves, and it
ends by itself after hours. An order of which we have not heard cannot be found by our id, and cannot be
paid either: nobody was told its page.
"""

import json
from dataclasses import replace
from urllib.parse import quote

from core.money import Money
from payments.adapters import ProviderRefused, ProviderUnavailable, WebhookRefused
from payments.adapters.patience import LONG, patience
from payments.adapters.paypal_client import PayPalClient
from payments.adapters.paypal_notices import Certificates, verify
from payments.adapters.paypal_objects import (
    TAKEN,
    amount_of,
    charge_of,
    dispute_of,
    event_of,
    is_under_way,
    next_token,
    order_of,
    refund_of,
    session_of,
)

LONGEST_TEXT = 127  # characters of a description or a name
PAGE = 50  # the most disputes that PayPal lists at once
ORDERS, CAPTURES = "/v2/checkout/orders", "/v2/payments/captures"
DISPUTES = "/v1/customer/disputes"


class PayPalProvider:
    """A `payments.adapters.Provider`; `webhook_ids` are those of our webhooks at PayPal that count at
    present, `merchant_id` who must be paid (empty: the account of the key)."""

    captures = True
    pays_out = False  # a withdrawal takes from one balance, and PayPal does not say of what

    def __init__(self, client_id, client_secret, webhook_ids, api_base, merchant_id=""):
        self.webhook_ids = list(webhook_ids)
        self.merchant_id = merchant_id
        self._client = PayPalClient(client_id, client_secret, api_base)
        self._certificates = Certificates(self._client)

    def takes(self, money):
        try:
            return bool(amount_of(money))
        except ProviderRefused:
            return False

    def open_session(  # noqa: PLR0913 - the Provider protocol, keywords only
        self,
        *,
        payment_id,
        reference,
        amount,
        currency,
        description,
        payee,
        email,
        success_url,
        cancel_url,
        expires_at,
        idempotency_key,
    ):
        """`expires_at` is not told: an order has no end that can be named, and needs none."""
        unit = {
            "reference_id": str(reference),
            "custom_id": str(payment_id),
            "description": description[:LONGEST_TEXT],
            "amount": amount_of(Money(amount, currency)),
            **({"payee": {"merchant_id": self.merchant_id}} if self.merchant_id else {}),
        }
        experience = {
            "brand_name": payee[:LONGEST_TEXT],
            "shipping_preference": "NO_SHIPPING",
            "user_action": "PAY_NOW",
            "payment_method_preference": "IMMEDIATE_PAYMENT_REQUIRED",
            "return_url": success_url,
            "cancel_url": cancel_url,
        }
        buyer = {"experience_context": experience, **({"email_address": email} if email else {})}
        wanted = {
            "intent": "CAPTURE",
            "purchase_units": [unit],
            "payment_source": {"paypal": buyer},
        }
        session = self._session(self._client.post(ORDERS, wanted, idempotency_key))
        if (session.amount, session.currency) != (amount, currency) or session.metadata.get(
            "payment_id"
        ) != str(payment_id):
            raise ProviderUnavailable("the key was used before, for another order")
        return session

    def find_session(self, *, ref=None, payment_id=None, since=None, until=None):
        """By PayPal's id only."""
        order = self._order(ref) if ref else None
        return order and self._session(order)

    def capture(self, *, ref, idempotency_key):
        try:
            with patience(LONG):
                self._client.post(f"{ORDERS}/{quote(ref, safe='')}/capture", {}, idempotency_key)
        except ProviderRefused:
            session = self.find_session(ref=ref)
            is_declined = session and session.state in ("open", "approved")
            if is_declined and not is_under_way(session):
                return replace(session, state="failed")
            return session
        return self.find_session(ref=ref)

    def expire_session(self, ref):
        session = self.find_session(ref=ref)
        if session is None or session.state not in ("open", "approved") or is_under_way(session):
            return session
        return replace(session, state="expired")

    def refund(self, *, refund_id, attempt, payment_ref, amount, currency, idempotency_key):
        wanted = {
            "amount": amount_of(Money(amount, currency)),
            "custom_id": f"{refund_id}:{attempt}",
        }
        path = f"{CAPTURES}/{quote(payment_ref, safe='')}/refund"
        return refund_of(self._client.post(path, wanted, idempotency_key))

    def find_refund(self, *, refund_id, attempt, payment_ref):
        capture = self._capture(payment_ref)
        if capture is None:
            return None
        ours = [
            (refund_of(found), found["custom_id"].rpartition(":")[2])
            for found in self._refunds(capture)
            if found.get("custom_id", "").startswith(f"{refund_id}:")
        ]
        alive = [made for made, _ in ours if made.state != "failed"]
        failed = [made for made, number in ours if number == str(attempt)]
        return next(iter(alive + failed), None)

    def _refunds(self, capture):
        """All that was sent back of a capture, as its order tells."""
        order = self._order(order_of(capture))
        if order is not None:
            return order["purchase_units"][0].get("payments", {}).get("refunds", [])
        if capture["status"] == "COMPLETED":
            return []  # not even partly refunded
        raise ProviderUnavailable("the order of a refunded payment is not shown any more")

    def find_charge(self, payment_ref):
        capture = self._capture(payment_ref)
        if capture is None or capture["status"] not in TAKEN:
            return None
        return charge_of(capture, self._order(order_of(capture)))

    def find_disputes(self, payment_ref):
        return self._disputes({"disputed_transaction_id": payment_ref}) if payment_ref else []

    def disputes_since(self, moment):
        return self._disputes({"start_time": moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")})

    def _disputes(self, wanted):
        """PayPal lists summaries, which name no payment: each is asked for."""
        refs, token = [], ""
        while True:
            query = {**wanted, "page_size": PAGE, **({"next_page_token": token} if token else {})}
            listed = self._client.get(DISPUTES, query) or {}
            refs += [one["dispute_id"] for one in listed.get("items", [])]
            token = next_token(listed)
            if not token:
                break
        found = [self._client.get(f"{DISPUTES}/{quote(ref, safe='')}") for ref in refs]
        disputes = [dispute_of(one) for one in found if one]
        return sorted(disputes, key=lambda one: one.created_at, reverse=True)

    def verify_webhook(self, body, headers):
        verify(body, headers, self.webhook_ids, self._certificates)
        try:
            return event_of(json.loads(body))
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise WebhookRefused("The notice cannot be read.") from error

    def _session(self, order):
        return session_of(order, self.merchant_id)

    def _order(self, ref):
        return self._client.get(f"{ORDERS}/{quote(ref, safe='')}") if ref else None

    def _capture(self, ref):
        return self._client.get(f"{CAPTURES}/{quote(ref, safe='')}") if ref else None
