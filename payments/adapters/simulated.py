"""The payment simulator (`payments.simulator`) as a provider, over HTTP."""

import json
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote

import requests

from core.money import Money
from payments.adapters import (
    ProviderCharge,
    ProviderRefund,
    ProviderRefused,
    ProviderSession,
    ProviderUnavailable,
    WebhookEvent,
    WebhookRefused,
)
from payments.adapters.patience import time_out
from payments.webhook_signature import verify

REFUND_STATES = {"succeeded": "completed", "pending": "pending"}
PREFERENCE = ("paid", "open", "failed", "expired")


class SimulatedProvider:
    """A `payments.adapters.Provider`; `webhook_secrets` are all that are accepted at present."""

    captures = False
    pays_out = False

    def __init__(self, base_url, secret_key, webhook_secrets):
        self.base_url = base_url.rstrip("/")
        self.secret_key = secret_key
        self.webhook_secrets = list(webhook_secrets)
        self._threads = threading.local()

    def takes(self, money):
        """It takes everything."""
        return True

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
        fields = {
            "mode": "payment",
            "line_items[0][price_data][currency]": currency.lower(),
            "line_items[0][price_data][unit_amount]": Money(amount, currency).minor,
            "line_items[0][price_data][product_data][name]": description,
            "line_items[0][quantity]": 1,
            "branding_settings[display_name]": payee,
            "success_url": success_url,
            "cancel_url": cancel_url,
            "client_reference_id": str(payment_id),
            "customer_email": email or None,
            "expires_at": int(expires_at.timestamp()),
            **{f"metadata[{key}]": value for key, value in ours.items()},
            **{f"payment_intent_data[metadata][{key}]": value for key, value in ours.items()},
        }
        return _session(self._post("/v1/checkout/sessions", fields, idempotency_key))

    def find_session(self, *, ref=None, payment_id=None, since=None, until=None):
        if ref:
            found = self._get(f"/v1/checkout/sessions/{quote(ref, safe='')}")
            return found and _session(found)
        if not payment_id:
            return None
        listed = self._get("/v1/checkout/sessions", {"client_reference_id": str(payment_id)})
        sessions = [_session(found) for found in listed["data"]]
        return min(sessions, key=lambda one: PREFERENCE.index(one.state), default=None)

    def expire_session(self, ref):
        try:
            return _session(self._post(f"/v1/checkout/sessions/{quote(ref, safe='')}/expire", {}))
        except ProviderRefused:
            session = self.find_session(ref=ref)
            if session and session.state == "open":
                raise
            return session and replace(session, was_over=True)

    def refund(self, *, refund_id, attempt, payment_ref, amount, currency, idempotency_key):
        fields = {
            "payment_intent": payment_ref,
            "amount": Money(amount, currency).minor,
            "metadata[refund_id]": str(refund_id),
            "metadata[attempt]": attempt,
        }
        return _refund(self._post("/v1/refunds", fields, idempotency_key))

    def find_refund(self, *, refund_id, attempt, payment_ref):
        if not payment_ref:
            return None
        listed = self._get("/v1/refunds", {"payment_intent": payment_ref})["data"]
        ours = [found for found in listed if found["metadata"].get("refund_id") == str(refund_id)]
        tries = [(_refund(found), found["metadata"].get("attempt", "1")) for found in ours]
        alive = [made for made, _ in tries if made.state != "failed"]
        failed = [made for made, number in tries if number == str(attempt)]
        return next(iter(alive + failed), None)

    def find_charge(self, payment_ref):
        """It takes no fee, and judges only who asked for it on its page."""
        found = self._get(f"/v1/payment_intents/{quote(payment_ref, safe='')}")
        if not found or found["status"] != "succeeded":
            return None
        money = Money.from_minor(found["amount_received"], found["currency"].upper())
        zero = Money.zero(money.currency).amount
        return ProviderCharge(
            found["id"],
            money.amount,
            money.currency,
            fee=zero,
            fee_currency=money.currency,
            risk_level=found.get("risk_level", ""),
        )

    def find_disputes(self, payment_ref):
        """Nobody disputes anything here."""
        return []

    def disputes_since(self, moment):
        """Nor ever did."""
        return []

    def verify_webhook(self, body, headers):
        verify(body, headers.get("Stripe-Signature"), self.webhook_secrets, time.time())
        try:
            return _event(json.loads(body))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise WebhookRefused("The notice cannot be read.") from error

    def _get(self, path, query=None):
        """The object at `path`, or None when there is none."""
        return self._ask("GET", path, params=query, absent_is_none=True)

    def _post(self, path, fields, idempotency_key=None):
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self._ask("POST", path, data=fields, headers=headers)

    def _ask(self, method, path, absent_is_none=False, **request):
        try:
            answer = self._connection().request(
                method, self.base_url + path, timeout=time_out(), allow_redirects=False, **request
            )
            told = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise ProviderUnavailable(f"{method} {path}: {type(error).__name__}") from error
        if answer.status_code == requests.codes.ok:
            return told
        if answer.status_code == requests.codes.not_found and absent_is_none:
            return None
        if _is_refusal(answer.status_code, told):
            raise ProviderRefused(_message(told))
        raise ProviderUnavailable(f"{method} {path}: status {answer.status_code}")

    def _connection(self):
        """This thread's own requests.Session; it is not safe to share one."""
        if not hasattr(self._threads, "session"):
            session = requests.Session()
            session.trust_env = False
            session.headers["Authorization"] = f"Bearer {self.secret_key}"
            self._threads.session = session
        return self._threads.session


def _is_refusal(status, told):
    """4xx that says nothing happened. Not so: a wrong key of ours (401, 403), a call still running
    (409), too many calls (429), and an idempotency key that was already used for something."""
    error = told.get("error") if isinstance(told, dict) else None
    used_before = isinstance(error, dict) and error.get("type") == "idempotency_error"
    return 400 <= status < 500 and status not in (401, 403, 409, 429) and not used_before


def _message(told):
    error = told.get("error") if isinstance(told, dict) else None
    return str(error.get("message", "")) if isinstance(error, dict) else "The provider refused."


def _session(found):
    money = Money.from_minor(found["amount_total"], found["currency"].upper())
    return ProviderSession(
        ref=found["id"],
        url=found["url"],
        state=_state(found),
        amount=money.amount,
        currency=money.currency,
        payment_ref=found["payment_intent"],
        metadata=found["metadata"],
    )


def _state(found):
    if found["payment_status"] == "paid":
        return "paid"
    return "expired" if found["status"] == "expired" else "open"


def _refund(found):
    money = Money.from_minor(found["amount"], found["currency"].upper())
    return ProviderRefund(
        ref=found["id"],
        state=REFUND_STATES.get(found["status"], "failed"),
        amount=money.amount,
        currency=money.currency,
    )


def _event(told):
    about = told["data"]["object"]
    is_session = about["object"] == "checkout.session"
    return WebhookEvent(
        id=told["id"],
        kind=told["type"],
        session_ref=about["id"] if is_session else "",
        payment_ref=about["payment_intent"] or "",
        created_at=datetime.fromtimestamp(told["created"], UTC),
    )
