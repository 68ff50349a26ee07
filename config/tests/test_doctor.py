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


def test_people_read_a_line_a_check_and_programs_one_object(settings):
    settings.PAYMENT_SIMULATOR_URL = "nonsense"
    out = StringIO()
    with suppress(SystemExit):
        call_command("doctor", stdout=out)
    lines = out.getvalue().splitlines()
    assert "ok   migrations        pending none" in lines
    assert "BAD  payment provider  PAYMENT_SIMULATOR_URL is no address such as" in out.getvalue()
    assert lines[-1].endswith("of 10 checks failed.")
    assert not set(out.getvalue()) & set('{}[]"')


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


def test_stripe_without_a_secret_for_its_notices_is_a_finding(settings):
    settings.PAYMENT_SIMULATOR_URL, settings.PAYMENT_PROVIDER = "", "stripe"
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRETS = "sk_test_x", []
    assert "STRIPE_WEBHOOK_SECRETS is empty" in payment_provider()["error"]
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_x"]
    assert payment_provider() == {"ok": True, "provider": "stripe"}


def test_paypal_without_what_it_needs_or_with_money_it_does_not_take_is_a_finding(settings):
    settings.PAYMENT_SIMULATOR_URL, settings.PAYMENT_PROVIDER = "", "paypal"
    settings.PAYPAL_CLIENT_ID = "client"
    assert "PAYPAL_CLIENT_SECRET is empty" in payment_provider()["error"]
    settings.PAYPAL_CLIENT_SECRET = "secret"
    assert "PAYPAL_WEBHOOK_IDS is empty" in payment_provider()["error"]
    settings.PAYPAL_WEBHOOK_IDS = ["WH-1"]
    settings.PAYMENT_PROVIDERS = {"parterre KWD": ["stripe", "paypal"]}
    assert "PayPal does not take KWD" in payment_provider()["error"]
    settings.PAYMENT_PROVIDERS = {"parterre KWD": ["stripe"], "*": ["paypal"], "HUF": ["paypal"]}
    assert payment_provider() == {"ok": True, "provider": "paypal"}


def test_square_without_what_it_needs_or_with_money_its_location_does_not_take_is_a_finding(
    settings,
):
    settings.PAYMENT_SIMULATOR_URL, settings.PAYMENT_PROVIDER = "", "square"
    settings.SQUARE_ACCESS_TOKEN = "token"
    assert "SQUARE_LOCATION_ID is empty" in payment_provider()["error"]
    settings.SQUARE_LOCATION_ID = "LOCATION"
    assert "SQUARE_WEBHOOK_SIGNATURE_KEYS is empty" in payment_provider()["error"]
    settings.SQUARE_WEBHOOK_SIGNATURE_KEYS = ["key"]
    for wrong in ("", "SEK", "eur"):
        settings.SQUARE_CURRENCY = wrong
        assert f"SQUARE_CURRENCY {wrong!r} is none" in payment_provider()["error"]
    settings.SQUARE_CURRENCY = "EUR"
    settings.PAYMENT_PROVIDERS = {"parterre USD": ["stripe", "square"]}
    assert "takes EUR, not USD" in payment_provider()["error"]
    settings.PAYMENT_PROVIDERS = {"parterre USD": ["stripe"], "*": ["square"], "EUR": ["square"]}
    assert payment_provider() == {"ok": True, "provider": "square"}


def test_redis_away_is_a_finding_and_so_are_streams_of_which_nobody_hears(settings):
    nowhere = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {**settings.CACHES, "default": nowhere}
    settings.STREAM_URL = "/"
    out = StringIO()
    with suppress(SystemExit):
        call_command("doctor", "--json", stdout=out)
    checks = json.loads(out.getvalue())["checks"]
    assert [checks[name]["ok"] for name in ("redis", "streams", "migrations")] == [
        False,
        False,
        True,
    ]
