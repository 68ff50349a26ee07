"""The Square peer as a real process. A test takes the fixture `square`."""

import json
from datetime import UTC, datetime

import pytest
import requests

from payments.adapters.square import SquareProvider
from payments.adapters.square_notices import HEADER, sign
from payments.peers.square.objects import API_VERSION, MERCHANT
from payments.tests.simulator_process import Simulator, running

TOKEN = "EAAA-token-of-the-peer"
KEYS = ["key-new", "key-old"]
LOCATION, CURRENCY = "LOCATIONINPARIS", "EUR"


class SquarePeer(Simulator):
    """Like the Simulator, in Square's language."""

    module = "payments.peers.square"
    routes = {
        "open": "POST /v2/online-checkout/payment-links",
        "find": "GET /v2/orders/*",
        "refund": "POST /v2/refunds",
    }
    longest_told = 4 * 86_400

    def __init__(self, store, webhook_url=""):
        super().__init__(store, webhook_url)
        self.secret = TOKEN
        self.webhook_secrets = KEYS

    def secrets(self):
        return {
            "SQUARE_ACCESS_TOKEN": self.secret,
            "SQUARE_WEBHOOK_SIGNATURE_KEYS": ",".join(self.webhook_secrets),
            "SQUARE_LOCATION_ID": LOCATION,
            "SQUARE_CURRENCY": CURRENCY,
            "SQUARE_MERCHANT_ID": MERCHANT,
        }

    def ask(self, method, path, body=None, version=API_VERSION, secret=None):
        """The raw answer to one of Square's own calls, whose body is JSON."""
        headers = {"Authorization": f"Bearer {secret or self.secret}", "Square-Version": version}
        return requests.request(method, self.url + path, headers=headers, json=body, timeout=60)

    def play(self, session_ref, outcome="pay", seconds=None, card="visa"):
        """What the buyer does on the page; returns the order as a dict."""
        order_id = session_ref.partition(":")[0]
        fields = {"outcome": outcome, "seconds": seconds, "card": card}
        return self._done(self.call("POST", f"/_control/sessions/{order_id}/pay", fields))

    def dispute(self, ref, state="EVIDENCE_REQUIRED", amount=None):
        """Disputes a payment, or moves a dispute on; returns the dispute as a dict."""
        fields = {"state": state, "amount": amount}
        return self._done(self.call("POST", f"/_control/disputes/{ref}", fields))

    def change_session(self, session_ref, **fields):
        """Has an order say another amount (units), currency, payment_id or location_id."""
        order_id = session_ref.partition(":")[0]
        return self._done(self.call("POST", f"/_control/sessions/{order_id}", fields))

    def decide_payment(self, ref, status):
        """What becomes of a payment under way: COMPLETED, CANCELED or FAILED."""
        self._done(self.call("POST", f"/_control/payments/{ref}", {"status": status}))

    def events(self, kind=None):
        """Notices so far as they are told, the newest first."""
        told = [event["told"] for event in self.objects("event")]
        return [event for event in told if kind in (None, event["type"])]

    def objects(self, kind):
        """All of a kind, such as order or refund, the newest first."""
        return self._done(self.call("GET", "/_control/objects", {"kind": kind}))["data"]

    def signed(self, body, secret, at):
        return {HEADER: sign(body, secret, self.notification_url)}

    def dated(self, body, at):
        """Square signs no moment: its notices say in their bodies when they were made."""
        told = {**json.loads(body), "created_at": datetime.fromtimestamp(at, UTC).isoformat()}
        return json.dumps(told).encode()

    @property
    def notification_url(self):
        return self.webhook_url or "http://shop.example/webhooks/payments/square/"

    def _adapter(self, secret_key, webhook_secrets, **changed):
        given = {
            "location_id": LOCATION,
            "currency": CURRENCY,
            "notification_url": self.notification_url,
            "api_base": self.url,
            "merchant_id": MERCHANT,
            **changed,
        }
        return SquareProvider(access_token=secret_key, signature_keys=webhook_secrets, **given)


@pytest.fixture
def square(tmp_path):
    """A Square of this test's own, whose notices wait for an address."""
    with running(SquarePeer(tmp_path / "square.sqlite3")) as peer:
        yield peer
