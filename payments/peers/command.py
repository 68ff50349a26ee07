"""What `python -m payments.peers.…` does for each of them: options, and never in production."""

import argparse
import logging
import signal
import sys

from payments.simulator.__main__ import STOPS, prepared, required, serve

__all__ = ["begun", "prepared", "required", "serve"]


def begun(module, name, environment):
    """The options (port, store, webhook_url) of the peer of this name, which may now begin: signals
    are kept waiting from before its port opens until serve() asks for them, so none is missed."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    if environment.get("TESSERA_MODE") == "production":
        sys.exit(f"This is not {name}: it never runs in production (TESSERA_MODE).")
    parser = argparse.ArgumentParser(
        prog=f"python -m {module}", description=f"{name}, to test against."
    )
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--store", required=True, help="the file of its objects")
    parser.add_argument("--webhook-url", default="", help="without it notices wait")
    options = parser.parse_args()
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    return options
