"""The doctor says what is wrong; what is wrong never stops it."""

import json
import socket
from contextlib import suppress
from io import StringIO

import pytest
from django.core.management import call_command

pytestmark = pytest.mark.django_db


def payment_provider():
    out = StringIO()
    with suppress(SystemExit):  # exit code 1: other checks may fail here, too
        call_command("doctor", "--json", stdout=out)
    return json.loads(out.getvalue())["checks"]["payment_provider"]


@pytest.mark.parametrize("url", ["http://127.0.0.1", "http://127.0.0.1:x", "nonsense", "http://:1"])
def test_an_address_without_a_port_or_sense_is_a_finding(settings, url):
    settings.PAYMENT_SIMULATOR_URL = url
    found = payment_provider()
    assert found["ok"] is False
    assert found["error"]


@pytest.mark.parametrize("address", ["http://127.0.0.1:{}", "http://localhost:{}/pay/"])
def test_a_provider_that_listens_is_well(settings, address):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        settings.PAYMENT_SIMULATOR_URL = address.format(listening.getsockname()[1])
        assert payment_provider()["ok"] is True
