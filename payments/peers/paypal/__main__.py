"""`python -m payments.peers.paypal`: runs the peer until SIGTERM or Ctrl-C."""

import argparse
import logging
import os
import signal
import sys

from payments.peers.paypal.api import PayPal, PayPalHandler
from payments.peers.paypal.objects import PREFIXES, pass_time
from payments.peers.paypal.signing import Signer, SigningCourier
from payments.simulator.__main__ import STOPS, prepared, required, serve
from payments.simulator.server import started
from payments.simulator.store import Store


def main(environment=os.environ):
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    if environment.get("TESSERA_MODE") == "production":
        sys.exit("This is not PayPal: it never runs in production (TESSERA_MODE).")
    options = read_options()
    # Kept waiting from before the port opens until serve() asks for them: none is missed.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    store_file = prepared(options.store)
    store = Store(store_file, PREFIXES)
    signer = Signer(f"{store_file}.pem")
    webhook_id = required(environment, "PAYPAL_WEBHOOK_IDS").split(",")[0].strip()
    courier = SigningCourier(store, webhook_id, options.webhook_url, pass_time)
    courier.signer = signer
    provider = PayPal(
        store,
        courier,
        "",
        required(environment, "PAYPAL_CLIENT_SECRET"),
        client_id=required(environment, "PAYPAL_CLIENT_ID"),
        signer=signer,
    )
    server = started(options.port, provider, PayPalHandler)
    courier.base_url = provider.base_url
    serve(server)


def read_options():
    parser = argparse.ArgumentParser(
        prog="python -m payments.peers.paypal", description="PayPal, to test against."
    )
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--store", required=True, help="the file of its objects")
    parser.add_argument("--webhook-url", default="", help="without it notices wait")
    return parser.parse_args()


if __name__ == "__main__":
    main()
