"""The PayPal peer as a real process. A test takes the fixture `paypal`."""

import pytest

from payments.adapters.paypal import PayPalProvider
from payments.peers.paypal.objects import MERCHANT
from payments.peers.paypal.signing import Signer
from payments.tests.simulator_process import Simulator, running

CLIENT_ID, CLIENT_SECRET = "client-of-the-peer", "secret-of-the-peer"
WEBHOOK_IDS = ["WH-NEW", "WH-OLD"]


class PayPalPeer(Simulator):
    """Like the Simulator, in PayPal's language."""

    module = "payments.peers.paypal"
    routes = {
        "open": "POST /v2/checkout/orders",
        "find": "GET /v2/checkout/orders/*",
        "refund": "POST /v2/payments/captures/*/refund",
        "capture": "POST /v2/checkout/orders/*/capture",
    }
    longest_told = 4 * 86_400

    def __init__(self, store, webhook_url=""):
        super().__init__(store, webhook_url)
        self.secret = CLIENT_SECRET
        self.webhook_secrets = WEBHOOK_IDS

    def secrets(self):
        return {
            "PAYPAL_CLIENT_ID": CLIENT_ID,
            "PAYPAL_CLIENT_SECRET": self.secret,
            "PAYPAL_WEBHOOK_IDS": ",".join(self.webhook_secrets),
        }

    def play(self, session_ref, outcome="pay", seconds=None, account="good"):
        """What the buyer does on the page; returns the order as a dict."""
        fields = {"outcome": outcome, "seconds": seconds, "account": account}
        return self._done(self.call("POST", f"/_control/sessions/{session_ref}/pay", fields))

    def dispute(self, ref, **fields):
        """Disputes a capture (stage, value), or moves a dispute on (stage, status, outcome)."""
        return self._done(
            self.call("POST", f"/_control/disputes/{ref}", fields or {"stage": "CHARGEBACK"})
        )

    def change_session(self, session_ref, **fields):
        """Has an order say other money (value, currency), custom_id or merchant_id."""
        return self._done(self.call("POST", f"/_control/sessions/{session_ref}", fields))

    def decide_capture(self, ref, status):
        """What becomes of a capture under review: COMPLETED or DECLINED."""
        self._done(self.call("POST", f"/_control/captures/{ref}", {"status": status}))

    def take_tokens_back(self):
        self._done(self.call("DELETE", "/_control/tokens"))

    def events(self, kind=None):
        """Notices so far as they are told, the newest first."""
        told = [event["told"] for event in self.objects("event")]
        return [event for event in told if kind in (None, event["event_type"])]

    def objects(self, kind):
        """All of a kind, such as order or refund, the newest first."""
        return self._done(self.call("GET", "/_control/objects", {"kind": kind}))["data"]

    def signed(self, body, secret, at):
        return Signer(f"{self.store}.pem").headers(body, secret, at, self.url)

    def _adapter(self, secret_key, webhook_secrets, merchant_id=MERCHANT):
        return PayPalProvider(CLIENT_ID, secret_key, webhook_secrets, self.url, merchant_id)


@pytest.fixture
def paypal(tmp_path):
    """A PayPal of this test's own, whose notices wait for an address."""
    with running(PayPalPeer(tmp_path / "paypal.sqlite3")) as peer:
        yield peer
