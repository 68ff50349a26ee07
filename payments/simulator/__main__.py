"""`python -m payments.simulator`: runs the simulated provider until SIGTERM or Ctrl-C."""

import argparse
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from payments.simulator.server import open_server, port_of

LOCAL = Path(__file__).resolve().parents[2] / ".local"
STORE = "payment-simulator.sqlite3"
WEBHOOK_PATH = "/webhooks/payments/simulated/"
STOPS = {signal.SIGTERM, signal.SIGINT}


def main(environment=os.environ):
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    mode = environment.get("TESSERA_MODE", "")
    if mode == "production":
        sys.exit("The payment simulator never runs in production (TESSERA_MODE).")
    options = read_options(environment, mode)
    # Kept waiting from before the port opens until serve() asks for them: none is missed.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    try:
        server = open_server(
            port=options.port,
            store_file=prepared(options.store),
            secret=required(environment, "PAYMENT_SIMULATOR_SECRET"),
            webhook_secret=required(environment, "PAYMENT_WEBHOOK_SECRETS").split(",")[0].strip(),
            webhook_url=options.webhook_url,
        )
    except OSError as error:
        sys.exit(f"Port {options.port}: {error.strerror}")
    serve(server)


def read_options(environment, mode):
    site = environment.get("SITE_URL", "http://localhost:8000").rstrip("/")
    parser = argparse.ArgumentParser(
        prog="python -m payments.simulator", description="A payment provider to try things with."
    )
    parser.add_argument("--port", type=int, help="that of PAYMENT_SIMULATOR_URL; 0: a free one")
    folder = Path(environment.get("DATA_DIR") or LOCAL / (mode or "demo"))
    parser.add_argument("--store", default=folder / STORE)
    parser.add_argument("--webhook-url", default=site + WEBHOOK_PATH)
    options = parser.parse_args()
    if options.port is None:
        try:
            options.port = port_of(required(environment, "PAYMENT_SIMULATOR_URL"))
        except ValueError as error:
            sys.exit(str(error))
    return options


def required(environment, name):
    value = environment.get(name, "")
    return value or sys.exit(f"{name} is not set.")


def prepared(file):
    """The path of the store, in a folder that exists."""
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def serve(server):
    """Serves until SIGTERM or Ctrl-C; a notice under way may still arrive."""
    logging.info("Simulated payments at %s", server.provider.base_url)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    signal.sigwait(STOPS)
    server.shutdown()
    server.server_close()
    server.provider.courier.stop()
    server.provider.store.close()


if __name__ == "__main__":
    main()
