import pytest

pytest.register_assert_rewrite("payments.tests.contract")

from payments.tests.paypal_process import paypal  # noqa: E402
from payments.tests.simulator_process import receiver, running_receiver, simulator  # noqa: E402
from payments.tests.square_process import square  # noqa: E402
from payments.tests.stripe_process import stripe  # noqa: E402


@pytest.fixture
def receiving(peer):
    """Where the notices of this test's peer arrive."""
    with running_receiver() as running:
        peer.send_notices_to(running.url)
        yield running
        peer.send_notices_to("")


__all__ = ["paypal", "receiver", "receiving", "simulator", "square", "stripe"]
