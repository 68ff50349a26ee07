"""`python -m payments.peers.stripe`: runs the peer until SIGTERM or Ctrl-C."""

import os

from payments.peers.command import begun, prepared, required, serve
from payments.peers.stripe.api import ROUTES
from payments.peers.stripe.objects import PREFIXES, pass_time
from payments.simulator.server import Provider, started
from payments.simulator.store import Store
from payments.simulator.webhooks import Courier


def main(environment=os.environ):
    options = begun("payments.peers.stripe", "Stripe", environment)
    store = Store(prepared(options.store), PREFIXES)
    secret = required(environment, "STRIPE_WEBHOOK_SECRETS").split(",")[0].strip()
    courier = Courier(store, secret, options.webhook_url, pass_time)
    key = required(environment, "STRIPE_SECRET_KEY")
    serve(started(options.port, Provider(store, courier, "", key, ROUTES)))


if __name__ == "__main__":
    main()
