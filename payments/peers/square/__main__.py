"""`python -m payments.peers.square`: runs the peer until SIGTERM or Ctrl-C."""

import os

from payments.peers.command import begun, prepared, required, serve
from payments.peers.square.api import SquareAccount, SquareCourier, SquareHandler
from payments.peers.square.objects import MERCHANT, PREFIXES, pass_time
from payments.simulator.server import started
from payments.simulator.store import Store


def main(environment=os.environ):
    options = begun("payments.peers.square", "Square", environment)
    store = Store(prepared(options.store), PREFIXES)
    key = required(environment, "SQUARE_WEBHOOK_SIGNATURE_KEYS").split(",")[0].strip()
    account = SquareAccount(
        store,
        SquareCourier(store, key, options.webhook_url, pass_time),
        "",
        required(environment, "SQUARE_ACCESS_TOKEN"),
        merchant_id=environment.get("SQUARE_MERCHANT_ID") or MERCHANT,
        location_id=required(environment, "SQUARE_LOCATION_ID"),
        currency=required(environment, "SQUARE_CURRENCY"),
    )
    serve(started(options.port, account, SquareHandler))


if __name__ == "__main__":
    main()
