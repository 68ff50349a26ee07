"""Square's adapter against a Square of our own: the contract, and what only Square does."""

import pytest

from payments.tests.contract import ProviderContract
from payments.tests.simulator_process import running
from payments.tests.square_process import SquarePeer


@pytest.fixture(scope="module")
def peer(tmp_path_factory):
    with running(SquarePeer(tmp_path_factory.mktemp("square") / "its.sqlite3")) as peer:
        yield peer


@pytest.fixture
def adapter(peer):
    return peer.adapter()


class TestSquare(ProviderContract):
    """Every promise an adapter makes; a location sells in one currency."""

    amounts = (("48.00", "EUR"), ("0.55", "EUR"))
