"""Which providers there are, and which one takes a buyer's money."""

from types import SimpleNamespace

import pytest

from core.errors import NotFound
from payments.adapters.simulated import SimulatedProvider
from payments.adapters.stripe import StripeProvider
from payments.providers import default_provider, provider, providers_for

PARTERRE = SimpleNamespace(slug="parterre")
KVARTAL = SimpleNamespace(slug="kvartal")


@pytest.fixture(autouse=True)
def both(settings):
    settings.PAYMENT_SIMULATOR_URL = "http://127.0.0.1:1"
    settings.STRIPE_SECRET_KEY = "sk_test_x"
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_x"]
    settings.PAYMENT_PROVIDER = "stripe"
    settings.PAYMENT_PROVIDERS = {}


def test_each_name_has_its_adapter_and_keeps_it():
    assert isinstance(provider("stripe"), StripeProvider)
    assert isinstance(provider("simulated"), SimulatedProvider)
    assert provider("stripe") is provider("stripe")


def test_what_is_not_set_up_is_not_there(settings):
    settings.STRIPE_SECRET_KEY = ""
    for name in ("stripe", "cheques", ""):
        with pytest.raises(NotFound):
            provider(name)
    assert providers_for(PARTERRE, "EUR") == []
    assert default_provider(PARTERRE, "EUR") == "stripe"  # found out when it is asked for


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
    assert default_provider(PARTERRE, "EUR") == "simulated"
