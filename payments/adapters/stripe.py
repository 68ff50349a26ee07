"""Stripe through its own SDK: Checkout Sessions, on whose page buyers pay. No card data comes near us.

The SDK never repeats a call by itself (`max_network_retries`): each try would wait the whole time-out
while a buyer waits, and what a failed call has done is looked up here, not tried out.
"""

import json
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import stripe

from core.money import Money
from payments.adapters import (
    ProviderRefused,
    ProviderUnavailable,
    WebhookRefused,
)
from payments.adapters.patience import time_out
from payments.adapters.stripe_objects import (
    charge_of,
    dispute_of,
    event_of,
    refund_of,
    session_of,
)
from payments.adapters.stripe_payouts import is_itself, line_of, payout_of
from payments.adapters.stripe_units import units_of
from payments.webhook_signature import verify

API_VERSION = (
    "2026-10-28.endive"  # of the SDK that is pinned; a webhook endpoint must have the same
)
STAYS_OPEN = timedelta(minutes=31)
"""How long Stripe's page outlives the reservation unless it is shut: Stripe wants half an hour from the
opening on, by its own clock, and the same call must say the same moment each time."""
LONGEST_OPEN = timedelta(hours=24)  # Stripe's own, when no other moment is given
CLOCK_SKEW = timedelta(minutes=2)
PAGE = 100  # the most that Stripe lists at once
LOOKED_THROUGH = 20_000  # sessions; beyond that nothing is concluded
PREFERENCE = ("paid", "open", "failed", "expired")
# Otherwise the SDK writes an id of this machine into the home directory and sends it along.
stripe.enable_telemetry = False


class _Connection(stripe.RequestsClient):
    """The SDK's own, which waits as long as the caller's patience allows."""

    @property
    def _timeout(self):
        return time_out()

    @_timeout.setter
    def _timeout(self, value):
        """The SDK sets its own when it begins."""


class StripeProvider:
    """A `payments.adapters.Provider`; `webhook_secrets` are all that are accepted at present and
    `methods` the ways to pay that the page offers."""

    captures = False
    pays_out = True

    def __init__(self, secret_key, webhook_secrets, api_base, methods=("card",)):
        self.webhook_secrets = list(webhook_secrets)
        self.is_live = "_live_" in secret_key
        self.methods = list(methods)
        self._stripe = stripe.StripeClient(
            secret_key,
            stripe_version=API_VERSION,
            base_addresses={"api": api_base.rstrip("/")},
            http_client=_Connection(),
            max_network_retries=0,
        ).v1

    def takes(self, money):
        try:
            return bool(units_of(money))
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
        ours = {"payment_id": str(payment_id), "reference": str(reference)}
        price = {
            "currency": currency.lower(),
            "unit_amount": units_of(Money(amount, currency)),
            "product_data": {"name": description},
        }
        wanted = {
            "mode": "payment",
            "payment_method_types": self.methods,
            "line_items": [{"price_data": price, "quantity": 1}],
            "adaptive_pricing": {"enabled": False},  # the price stays the one we have shown
            "branding_settings": {"display_name": payee},
            "success_url": success_url,
            "cancel_url": cancel_url,
            "client_reference_id": str(payment_id),
            "metadata": ours,
            "payment_intent_data": {"description": description, "metadata": ours},
            **({"customer_email": email} if email else {}),
            **_end(expires_at),
        }
        with _understood():
            opened = self._stripe.checkout.sessions.create(
                wanted, {"idempotency_key": idempotency_key}
            )
        return session_of(opened.to_dict())

    def find_session(self, *, ref=None, payment_id=None, since=None, until=None):
        if ref:
            with _understood():
                found = _or_none(self._stripe.checkout.sessions.retrieve, ref)
            return found and session_of(found.to_dict())
        if not payment_id:
            return None
        ours = [
            session_of(found)
            for found in self._opened(since, until)
            if found["client_reference_id"] == str(payment_id)
        ]
        return min(ours, key=lambda one: PREFERENCE.index(one.state), default=None)

    def _opened(self, since, until):
        """All sessions of a time. Stripe lists what it has at once, but searches only later."""
        wanted = {"gte": int(((since or _a_day_ago()) - CLOCK_SKEW).timestamp())}
        if until:
            wanted["lte"] = int((until + CLOCK_SKEW).timestamp())
        with _understood():
            listed = self._stripe.checkout.sessions.list({"created": wanted, "limit": PAGE})
            for number, found in enumerate(listed.auto_paging_iter()):
                if number >= LOOKED_THROUGH:
                    raise ProviderUnavailable("more sessions than can be looked through")
                yield found.to_dict()

    def expire_session(self, ref):
        try:
            with _understood():
                shut = self._stripe.checkout.sessions.expire(ref)
        except ProviderRefused:
            session = self.find_session(ref=ref)
            return session and replace(session, was_over=True)
        return session_of(shut.to_dict())

    def refund(self, *, refund_id, attempt, payment_ref, amount, currency, idempotency_key):
        wanted = {
            "payment_intent": payment_ref,
            "amount": units_of(Money(amount, currency)),
            "metadata": {"refund_id": str(refund_id), "attempt": str(attempt)},
        }
        with _understood():
            made = self._stripe.refunds.create(wanted, {"idempotency_key": idempotency_key})
        return refund_of(made.to_dict())

    def find_refund(self, *, refund_id, attempt, payment_ref):
        if not payment_ref:
            return None
        ours = [
            (refund_of(found), found["metadata"].get("attempt", "1"))
            for found in self._of_payment(self._stripe.refunds, payment_ref)
            if found["metadata"].get("refund_id") == str(refund_id)
        ]
        alive = [made for made, _ in ours if made.state != "failed"]
        failed = [made for made, number in ours if number == str(attempt)]
        return next(iter(alive + failed), None)

    def find_charge(self, payment_ref):
        expand = {"expand": ["latest_charge.balance_transaction"]}
        with _understood():
            found = _or_none(self._stripe.payment_intents.retrieve, payment_ref, expand)
        charge = found and found.to_dict()["latest_charge"]
        return charge_of(charge) if charge and charge["paid"] else None

    def find_disputes(self, payment_ref):
        found = self._of_payment(self._stripe.disputes, payment_ref)
        return [dispute_of(one) for one in found]

    def disputes_since(self, moment):
        wanted = {"created": {"gte": int(moment.timestamp())}, "limit": PAGE}
        with _understood():
            listed = self._stripe.disputes.list(wanted)
            return [dispute_of(found.to_dict()) for found in listed.auto_paging_iter()]

    def payouts_since(self, moment):
        wanted = {"created": {"gte": int(moment.timestamp())}, "limit": PAGE}
        with _understood():
            listed = self._stripe.payouts.list(wanted)
            return [payout_of(found.to_dict()) for found in listed.auto_paging_iter()]

    def payout_lines(self, ref):
        wanted = {"payout": ref, "limit": PAGE, "expand": ["data.source"]}
        with _understood():
            listed = self._stripe.balance_transactions.list(wanted)
            found = {one["id"]: one.to_dict() for one in listed.auto_paging_iter()}
        return [line_of(one) for one in found.values() if not is_itself(one, ref)]

    def _of_payment(self, kind, payment_ref):
        """Everything of a kind about one payment, or nothing when Stripe knows no such payment."""
        with _understood():
            listed = _or_none(kind.list, {"payment_intent": payment_ref, "limit": PAGE})
            return [found.to_dict() for found in listed.auto_paging_iter()] if listed else []

    def verify_webhook(self, body, headers):
        verify(body, headers.get("Stripe-Signature"), self.webhook_secrets, time.time())
        try:
            told = json.loads(body)
            is_live, event = told["livemode"], event_of(told)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise WebhookRefused("The notice cannot be read.") from error
        if is_live != self.is_live:
            raise WebhookRefused("The notice is of the other mode, test or live, than our key.")
        return event


@contextmanager
def _understood():
    """Stripe's errors as ours. Only 400, 402 and 404 say that nothing happened. All else proves
    nothing: no answer, 5xx, 409 (the first call still runs), 429, our own key refused, an idempotency
    key that was used with other words. Of these only the status is told: the rest may name our key."""
    try:
        yield
    except (stripe.InvalidRequestError, stripe.CardError) as error:
        raise ProviderRefused(error.user_message or "Stripe refused.") from error
    except stripe.StripeError as error:
        told = f"{type(error).__name__}, status {error.http_status}"
        raise ProviderUnavailable(told) from error


def _or_none(ask, *arguments):
    """What a call finds, or None when Stripe says that there is no such thing. That it is there for
    keys of the other mode says only that our key is the wrong one."""
    try:
        return ask(*arguments)
    except stripe.InvalidRequestError as error:
        if error.http_status != 404 and error.code != "resource_missing":
            raise
        if "similar object exists" in str(error.user_message):
            raise ProviderUnavailable("our key is for the other mode, test or live") from error
        return None


def _a_day_ago():
    return datetime.now(UTC) - LONGEST_OPEN


def _end(expires_at):
    """The parameter that ends a page, without which Stripe ends it after 24 hours."""
    end = expires_at + STAYS_OPEN
    if end > datetime.now(UTC) + LONGEST_OPEN - CLOCK_SKEW:
        return {}
    return {"expires_at": int(end.timestamp())}
