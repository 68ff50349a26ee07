"""Square through its own SDK: payment links, on whose page buyers pay. No card data comes near us.

A link is a page, and an order of Square's behind it: the order is what is paid, and says what became
of it. A session's `ref` is both, `order:link`, since neither names the other way back: notices know
only the order, and only the link can be shut.
"""

import hashlib
import json
from dataclasses import replace

from core.money import Money
from payments.adapters import ProviderRefused, ProviderUnavailable, WebhookRefused
from payments.adapters.square_client import SquareClient, only
from payments.adapters.square_notices import check_age, verify
from payments.adapters.square_objects import (
    CURRENCIES,
    charge_of,
    dispute_of,
    event_of,
    is_under_way,
    refund_of,
    session_of,
    units_of,
)
from payments.adapters.square_orders import SquareOrders

LONGEST_KEY, LONGEST_NAME, LONGEST_NOTE = 45, 255, 500
UNREADABLE = (
    *(ValueError, KeyError, TypeError, AttributeError),
    *(StopIteration, RecursionError),
)
PREFERENCE = ("paid", "open", "expired")
# All of them are paid at once: of what banks or others send later the seats would be long sold.
METHODS = {
    "apple_pay": True,
    "google_pay": True,
    "cash_app_pay": False,
    "afterpay_clearpay": False,
}
OPTIONS = {
    "allow_tipping": False,  # the price stays the one we have shown
    "ask_for_shipping_address": False,
    "enable_coupon": False,
    "enable_loyalty": False,
    "accepted_payment_methods": METHODS,
}


class SquareProvider:
    """A `payments.adapters.Provider` for one location, which sells in one `currency`.
    `signature_keys` are all that are accepted at present, of notices sent to `notification_url`;
    `merchant_id` is whose notices count (empty: anybody's whose signature holds)."""

    captures = False

    def __init__(
        self,
        *,
        access_token,
        location_id,
        currency,
        signature_keys,
        notification_url,
        api_base,
        merchant_id="",
    ):
        self.location_id = location_id
        self.currency = currency
        self.signature_keys = list(signature_keys)
        self.notification_url = notification_url
        self.merchant_id = merchant_id
        self._client = SquareClient(access_token, api_base)
        self._square = self._client.sdk
        self._orders = SquareOrders(self._client, location_id)

    def takes(self, money):
        if self.currency not in CURRENCIES:
            return False
        try:
            return bool(units_of(money, self.currency))
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
        """Square has no place for `payee` (it shows the name of the location), `cancel_url` (its page
        has no way back) and `expires_at` (its page never ends unless we shut it)."""
        price = units_of(Money(amount, currency), self.currency)
        ours = {"payment_id": str(payment_id), "reference": str(reference)}
        line = {"name": description[:LONGEST_NAME], "quantity": "1", "base_price_money": price}
        wanted = {
            "order": {
                "location_id": self.location_id,
                "reference_id": str(reference),
                "line_items": [line],
                "metadata": ours,
            },
            "checkout_options": {**OPTIONS, "redirect_url": success_url},
            "payment_note": description[:LONGEST_NOTE],
            **({"pre_populated_data": {"buyer_email": email}} if email else {}),
        }
        links = self._square.checkout.payment_links
        made = self._client.ask(links.create, idempotency_key=_key(idempotency_key), **wanted)
        link = only(made, "payment_link")
        orders = only(only(made, "related_resources"), "orders")
        order = next((one for one in orders if one["id"] == link["order_id"]), orders[0])
        session = self._session_of(order, [], link)
        if (session.amount, session.currency, session.metadata) != (amount, currency, ours):
            raise ProviderUnavailable("the key was used before, for another order")
        return session

    def find_session(self, *, ref=None, payment_id=None, since=None, until=None):
        if ref:
            order_id, _, link_id = ref.partition(":")
            order = self._orders.get(order_id)
            return order and self._heard_of(order, ref, link_id)
        if not payment_id:
            return None
        ours = [
            self._with_its_page(order)
            for order in self._orders.opened(since, until)
            if (order.get("metadata") or {}).get("payment_id") == str(payment_id)
        ]
        known = [one for one in ours if one]
        return min(known, key=lambda one: PREFERENCE.index(one.state), default=None)

    def _with_its_page(self, order):
        """The session of an order that we have not heard of, or None for one whose page is nowhere:
        nobody can pay there, and asking for it again with its key gives the same page."""
        link = self._orders.link_of(order)
        session = self._session_of(order, self._orders.payments_of(order), link)
        return None if _can_be_shut(session) and not link else session

    def _heard_of(self, order, ref, link_id):
        """The session of an order as it is now; an open one says where its page is."""
        session = self._session_of(order, self._orders.payments_of(order), ref=ref)
        if session.state != "open" or not link_id:
            return session
        link = self._orders.link(link_id)
        return replace(session, url=link["url"]) if link else session

    def _session_of(self, order, payments, link=None, ref=None):
        return session_of(
            order,
            payments,
            ref=ref or (_ref(order, link) if link else order["id"]),
            url=link["url"] if link else "",
            location_id=self.location_id,
        )

    def expire_session(self, ref):
        """Deletes the link. Square then cancels the order by itself, but not one on which a card has
        failed: its page would take money on. So what counts is what the order says next."""
        order_id, _, link_id = ref.partition(":")
        _, session = self._seen(order_id, ref)
        if not _can_be_shut(session):
            return session and replace(session, was_over=session.state != "open")
        self._orders.delete(link_id)
        order, session = self._seen(order_id, ref)
        if not _can_be_shut(session):
            return session
        self._orders.cancel(order)
        return self._seen(order_id, ref)[1]

    def _seen(self, order_id, ref):
        """(order, its session) as they are now, or (None, None)."""
        order = self._orders.get(order_id)
        if order is None:
            return None, None
        return order, self._session_of(order, self._orders.payments_of(order), ref=ref)

    def refund(self, *, refund_id, attempt, payment_ref, amount, currency, idempotency_key):
        """Square keeps no metadata of refunds: their reason is where our ids stand."""
        made = self._client.ask(
            self._square.refunds.refund_payment,
            idempotency_key=_key(idempotency_key),
            payment_id=payment_ref,
            amount_money=units_of(Money(amount, currency), currency),
            reason=f"{refund_id}:{attempt}",
        )
        return refund_of(only(made, "refund"))

    def find_refund(self, *, refund_id, attempt, payment_ref):
        """The payment names its refunds; Square's list of them runs some seconds behind."""
        payment = self._orders.payment(payment_ref)
        refs = (payment or {}).get("refund_ids") or []
        made = [self._client.find(self._square.refunds.get, ref, "refund") for ref in refs]
        if None in made:
            raise ProviderUnavailable("a refund of a payment is not shown")
        ours = [
            (refund_of(found), found["reason"].rpartition(":")[2])
            for found in made
            if found.get("reason", "").startswith(f"{refund_id}:")
        ]
        alive = [one for one, _ in ours if one.state != "failed"]
        failed = [one for one, number in ours if number == str(attempt)]
        return next(iter(alive + failed), None)

    def find_charge(self, payment_ref):
        payment = self._orders.payment(payment_ref)
        return charge_of(payment) if payment and payment["status"] == "COMPLETED" else None

    def find_disputes(self, payment_ref):
        """Square lists disputes by location and state only."""
        return [one for one in self._disputes() if one.payment_ref == payment_ref]

    def disputes_since(self, since):
        return [one for one in self._disputes() if one.created_at >= since]

    def _disputes(self):
        found = self._client.each(
            self._square.disputes.list, "disputes", location_id=self.location_id
        )
        return sorted(map(dispute_of, found), key=lambda one: one.created_at, reverse=True)

    def verify_webhook(self, body, headers):
        verify(body, headers, self.signature_keys, self.notification_url)
        try:
            told = json.loads(body)
            merchant_id, event = told["merchant_id"], event_of(told)
        except UNREADABLE as error:
            raise WebhookRefused("The notice cannot be read.") from error
        if self.merchant_id and merchant_id != self.merchant_id:
            raise WebhookRefused("The notice is another merchant's.")
        check_age(event.created_at)
        return event


def _can_be_shut(session):
    return session is not None and session.state == "open" and not is_under_way(session)


def _ref(order, link):
    return f"{order['id']}:{link['id']}"


def _key(idempotency_key):
    """The key as it is, or what stands for it where it is longer than Square takes."""
    if len(idempotency_key) <= LONGEST_KEY:
        return idempotency_key
    return hashlib.sha256(idempotency_key.encode()).hexdigest()[:LONGEST_KEY]
