"""`python -m payments.peers.stripe`: runs the peer until SIGTERM or Ctrl-C."""

import argparse
import logging
import os
import signal
import sys

from payments.peers.stripe.api import ROUTES
from payments.peers.stripe.objects import PREFIXES, pass_time
from payments.simulator.__main__ import STOPS, prepared, required, serve
from payments.simulator.server import Provider, started
from payments.simulator.store import Store
from payments.simulator.webhooks import Courier


def main(environment=os.environ):
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    if environment.get("TESSERA_MODE") == "production":
        sys.exit("This is not Stripe: it never runs in production (TESSERA_MODE).")
    options = read_options()
    # Kept waiting from before the port opens until serve() asks for them: none is missed.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    store = Store(prepared(options.store), PREFIXES)
    secret = required(environment, "STRIPE_WEBHOOK_SECRETS").split(",")[0].strip()
    courier = Courier(store, secret, options.webhook_url, pass_time)
    key = required(environment, "STRIPE_SECRET_KEY")
    serve(started(options.port, Provider(store, courier, "", key, ROUTES)))


def read_options():
    parser = argparse.ArgumentParser(
        prog="python -m payments.peers.stripe", description="Stripe, to test against."
    )
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--store", required=True, help="the file of its objects")
    parser.add_argument("--webhook-url", default="", help="without it notices wait")
    return parser.parse_args()


if __name__ == "__main__":
    main()
