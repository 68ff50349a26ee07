"""`python -m payments.peers.paypal`: runs the peer until SIGTERM or Ctrl-C."""

import os

from payments.peers.command import begun, prepared, required, serve
from payments.peers.paypal.api import PayPal, PayPalHandler
from payments.peers.paypal.objects import PREFIXES, pass_time
from payments.peers.paypal.signing import Signer, SigningCourier
from payments.simulator.server import started
from payments.simulator.store import Store


def main(environment=os.environ):
    options = begun("payments.peers.paypal", "PayPal", environment)
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


if __name__ == "__main__":
    main()
