"""Which providers there are, and which one takes a buyer's money."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from core.errors import NotFound
from core.money import Money
from payments.adapters.paypal import PayPalProvider
from payments.adapters.simulated import SimulatedProvider
from payments.adapters.square import SquareProvider
from payments.adapters.stripe import StripeProvider
from payments.providers import default_provider, provider, providers_for, ways_to_pay
from payments.tests.simulator_process import ROOT

PARTERRE = SimpleNamespace(slug="parterre")
EURO = Money(1, "EUR")
KVARTAL = SimpleNamespace(slug="kvartal")


@pytest.fixture(autouse=True)
def both(settings):
    settings.PAYMENT_SIMULATOR_URL = "http://127.0.0.1:1"
    settings.STRIPE_SECRET_KEY = "sk_test_x"
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_x"]
    settings.PAYPAL_CLIENT_ID = "client"
    settings.SQUARE_ACCESS_TOKEN = "token"
    settings.SQUARE_CURRENCY = "EUR"
    settings.PAYMENT_PROVIDER = "stripe"
    settings.PAYMENT_PROVIDERS = {}


def test_each_name_has_its_adapter_and_keeps_it():
    assert isinstance(provider("stripe").adapter, StripeProvider)
    assert isinstance(provider("simulated").adapter, SimulatedProvider)
    assert isinstance(provider("paypal").adapter, PayPalProvider)
    assert isinstance(provider("square").adapter, SquareProvider)
    assert provider("stripe").adapter is provider("stripe").adapter
    assert provider("square").adapter is provider("square").adapter


def test_what_is_not_set_up_is_not_there(settings):
    settings.STRIPE_SECRET_KEY = settings.SQUARE_ACCESS_TOKEN = ""
    for name in ("stripe", "square", "cheques", ""):
        with pytest.raises(NotFound):
            provider(name)
    assert providers_for(PARTERRE, "EUR") == []
    assert default_provider(PARTERRE, EURO) == "stripe"  # found out when it is asked for


def test_without_a_choice_everybody_has_the_one():
    assert providers_for(PARTERRE, "EUR") == ["stripe"]


def test_the_closest_choice_counts(settings):
    settings.PAYMENT_PROVIDERS = {
        "parterre KWD": ["simulated"],
        "parterre": ["simulated", "stripe"],
        "SEK": ["simulated", "cheques"],
    }
    assert providers_for(PARTERRE, "KWD") == ["simulated"]
    assert providers_for(PARTERRE, "SEK") == ["simulated", "stripe"]
    assert providers_for(KVARTAL, "SEK") == ["simulated"]
    assert providers_for(KVARTAL, "EUR") == ["stripe"]
    assert default_provider(PARTERRE, EURO) == "simulated"


def test_a_choice_for_all_others_counts_last(settings):
    settings.PAYMENT_PROVIDERS = {"*": ["stripe", "paypal"], "SEK": ["stripe"]}
    assert providers_for(PARTERRE, "EUR") == ["stripe", "paypal"]
    assert providers_for(PARTERRE, "SEK") == ["stripe"]


@pytest.mark.parametrize(
    ("amount", "currency", "ways"),
    [
        ("12.00", "EUR", ["square", "paypal", "stripe"]),
        ("12.00", "HUF", ["paypal", "stripe"]),
        ("12.50", "HUF", ["stripe"]),
        ("1.000", "KWD", ["stripe"]),
        ("1.005", "KWD", []),
    ],
)
def test_where_an_amount_cannot_be_paid_it_is_not_offered(settings, amount, currency, ways):
    settings.PAYMENT_PROVIDERS = {"*": ["square", "paypal", "stripe"]}
    money = Money(amount, currency)
    assert ways_to_pay(PARTERRE, money) == ways
    assert default_provider(PARTERRE, money) == (ways[0] if ways else "stripe")


def in_production(**environment):
    """What the settings of an installation with these say of its providers."""
    told = "import config.settings as s, json; print(json.dumps([s.PAYMENT_PROVIDER, "
    told += "s.PAYMENT_PROVIDERS, s.PAYMENT_PAGES, s.SQUARE_NOTIFICATION_URL]))"
    ours = ("PAYMENT_", "STRIPE_", "PAYPAL_", "SQUARE_", "TESSERA_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    wanted = {"TESSERA_MODE": "production", "SITE_URL": "https://tickets.example/", **environment}
    ended = subprocess.run(
        [sys.executable, "-c", told],
        cwd=ROOT,
        env={**kept, **wanted},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(ended.stdout)


def test_in_production_those_that_have_keys_are_offered_and_forms_may_end_on_their_pages():
    alone = in_production(SQUARE_ACCESS_TOKEN="x")
    assert alone == [
        *("square", {}, ["https://square.link", "https://checkout.square.site"]),
        "https://tickets.example/webhooks/payments/square/",
    ]
    sandbox = "https://connect.squareupsandbox.com"
    keys = {"SQUARE_ACCESS_TOKEN": "x", "SQUARE_API_BASE": sandbox, "STRIPE_SECRET_KEY": "y"}
    first, offered, pages, _ = in_production(**keys)
    assert (first, offered) == ("stripe", {"*": ["stripe", "square"]})
    assert pages == [
        *("https://checkout.stripe.com", "https://sandbox.square.link"),
        "https://connect.squareupsandbox.com",
    ]
    assert in_production()[2] == []
