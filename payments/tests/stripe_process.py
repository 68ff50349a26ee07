"""The Stripe peer as a real process. A test takes the fixture `stripe`."""

import pytest

from payments.adapters.stripe import StripeProvider
from payments.tests.simulator_process import Simulator, running

KEY = "sk_test_of_the_peer"
WEBHOOK_SECRETS = ["whsec_new", "whsec_old"]


class StripePeer(Simulator):
    """Like the Simulator, in Stripe's language."""

    module = "payments.peers.stripe"

    def __init__(self, store, webhook_url=""):
        super().__init__(store, webhook_url)
        self.secret = KEY
        self.webhook_secrets = WEBHOOK_SECRETS

    def secrets(self):
        return {
            "STRIPE_SECRET_KEY": self.secret,
            "STRIPE_WEBHOOK_SECRETS": ",".join(self.webhook_secrets),
        }

    def play(self, session_ref, outcome="pay", seconds=None, card="visa"):
        """What the buyer does on the hosted page; returns the session as a dict."""
        fields = {"outcome": outcome, "seconds": seconds, "card": card}
        return self._done(self.call("POST", f"/_control/sessions/{session_ref}/pay", fields))

    def dispute(self, ref, status, amount=None):
        """Disputes a payment, or moves a dispute on; returns the dispute as a dict."""
        fields = {"status": status, "amount": amount}
        return self._done(self.call("POST", f"/_control/disputes/{ref}", fields))

    def change_session(self, session_ref, **fields):
        """Has a session say other money, another currency or other metadata (JSON)."""
        return self._done(self.call("POST", f"/_control/sessions/{session_ref}", fields))

    def pay_out(self, **fields):
        """Pays out what has come in since; returns the payout as a dict."""
        return self._done(self.call("POST", "/_control/payouts", fields))

    def change_payout(self, ref, **fields):
        return self._done(self.call("POST", f"/_control/payouts/{ref}", fields))

    def adjust(self, amount, **fields):
        """Money that comes or goes for a reason of Stripe's own, in units; returns the transaction."""
        return self._done(self.call("POST", "/_control/adjustments", {"amount": amount, **fields}))

    def change_transaction(self, ref, **fields):
        return self._done(self.call("POST", f"/_control/balance_transactions/{ref}", fields))

    def transactions(self, **asked):
        found = self.call("GET", "/v1/balance_transactions", {"limit": 100, **asked})
        return self._done(found)["data"]

    def events(self, kind=None):
        found = self._done(self.call("GET", "/v1/events", {"limit": 100}))["data"]
        return [event for event in found if kind in (None, event["type"])]

    def objects(self, kind):
        """All of a kind, such as refunds or checkout/sessions, the newest first."""
        return self._done(self.call("GET", f"/v1/{kind}", {"limit": 100}))["data"]

    def _adapter(self, **given):
        return StripeProvider(api_base=self.url, **given)


@pytest.fixture
def stripe(tmp_path):
    """A Stripe of this test's own, whose notices wait for an address."""
    with running(StripePeer(tmp_path / "stripe.sqlite3")) as peer:
        yield peer
