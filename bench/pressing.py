"""The buyer at the simulated provider's page."""

import os
from urllib.request import Request, urlopen


def press(session_ref):
    """He presses Pay."""
    address = f"{os.environ['PAYMENT_SIMULATOR_URL']}/_control/sessions/{session_ref}/pay"
    headers = {"Authorization": f"Bearer {os.environ['PAYMENT_SIMULATOR_SECRET']}"}
    pressed = Request(address, b"outcome=pay&seconds=0", headers)  # noqa: S310 - on loopback
    with urlopen(pressed):  # noqa: S310
        return
