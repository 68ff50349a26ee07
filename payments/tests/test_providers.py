"""Which providers there are, and which one takes a buyer's money."""

from types import SimpleNamespace

import pytest

from core.errors import NotFound
from core.money import Money
from payments.adapters.paypal import PayPalProvider
from payments.adapters.simulated import SimulatedProvider
from payments.adapters.square import SquareProvider
from payments.adapters.stripe import StripeProvider
from payments.providers import default_provider, provider, providers_for, ways_to_pay

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
    assert isinstance(provider("stripe"), StripeProvider)
    assert isinstance(provider("simulated"), SimulatedProvider)
    assert isinstance(provider("paypal"), PayPalProvider)
    assert isinstance(provider("square"), SquareProvider)
    assert provider("stripe") is provider("stripe")
    assert provider("square") is provider("square")


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
