"""Which payment providers this installation has, and which of them an agency sells with. Adding one
is a function here and a module in adapters."""

from functools import lru_cache
from importlib import import_module

from django.conf import settings

from core.errors import NotFound
from payments.adapters.by_hand import ByHand
from payments.adapters.paypal import PayPalProvider
from payments.adapters.simulated import SimulatedProvider
from payments.fuse import Fused

IN_WORDS = {
    "stripe": "Card or wallet",
    "paypal": "PayPal",
    "square": "Card or wallet by Square",
    "simulated": "Simulated payment",
}
"""What buyers call them."""
BY_HAND = ("cash", "terminal", "bank", "credit")
"""What no provider moves: nobody is asked about it, and nobody finds it on a page of ours. "credit" is
what is paid with a customer's credit alone."""

_simulated = lru_cache(SimulatedProvider)
_paypal_of = lru_cache(PayPalProvider)
_by_hand = lru_cache(ByHand)


def _simulator():
    if not settings.PAYMENT_SIMULATOR_URL:
        return None
    return _simulated(
        settings.PAYMENT_SIMULATOR_URL,
        settings.PAYMENT_SIMULATOR_SECRET,
        tuple(settings.PAYMENT_WEBHOOK_SECRETS),
    )


def _stripe():
    if not settings.STRIPE_SECRET_KEY:
        return None
    return _stripe_of(
        settings.STRIPE_SECRET_KEY,
        tuple(settings.STRIPE_WEBHOOK_SECRETS),
        settings.STRIPE_API_BASE,
        tuple(settings.STRIPE_PAYMENT_METHODS),
    )


@lru_cache
def _stripe_of(*arguments):
    """Its SDK is big: only who uses it loads it."""
    return import_module("payments.adapters.stripe").StripeProvider(*arguments)


def _paypal():
    if not settings.PAYPAL_CLIENT_ID:
        return None
    return _paypal_of(
        settings.PAYPAL_CLIENT_ID,
        settings.PAYPAL_CLIENT_SECRET,
        tuple(settings.PAYPAL_WEBHOOK_IDS),
        settings.PAYPAL_API_BASE,
        settings.PAYPAL_MERCHANT_ID,
    )


def _square():
    if not settings.SQUARE_ACCESS_TOKEN:
        return None
    return _square_of(
        access_token=settings.SQUARE_ACCESS_TOKEN,
        location_id=settings.SQUARE_LOCATION_ID,
        currency=settings.SQUARE_CURRENCY,
        signature_keys=tuple(settings.SQUARE_WEBHOOK_SIGNATURE_KEYS),
        notification_url=settings.SQUARE_NOTIFICATION_URL,
        api_base=settings.SQUARE_API_BASE,
        merchant_id=settings.SQUARE_MERCHANT_ID,
    )


@lru_cache
def _square_of(**arguments):
    """Its SDK is big: only who uses it loads it."""
    return import_module("payments.adapters.square").SquareProvider(**arguments)


ADAPTERS = {
    "simulated": _simulator,
    "stripe": _stripe,
    "paypal": _paypal,
    "square": _square,
    **dict.fromkeys(BY_HAND, _by_hand),
}


def provider(name):
    """The adapter of this name, behind its fuse; NotFound when this installation does not have it."""
    adapter = ADAPTERS[name]() if name in ADAPTERS else None
    if adapter is None:
        raise NotFound(f"There is no payment provider called {name} here.")
    return adapter if name in BY_HAND else Fused(adapter, name)


def paying_out():
    """Names of the providers of this installation that send money to the bank by themselves and say of
    what it is made."""
    found = {name: adapter_of() for name, adapter_of in ADAPTERS.items()}
    return [name for name, adapter in found.items() if getattr(adapter, "pays_out", False)]


def providers_for(agency, currency):
    """Names of the providers a buyer of this agency may choose from, the default first.

    PAYMENT_PROVIDERS names them for "slug EUR", "slug", "EUR" or "*", the first of these that it has;
    without any it is PAYMENT_PROVIDER. What this installation does not have is left out.
    """
    chosen = settings.PAYMENT_PROVIDERS
    keys = (f"{agency.slug} {currency}", agency.slug, currency, "*")
    names = next((chosen[key] for key in keys if key in chosen), [settings.PAYMENT_PROVIDER])
    return [name for name in names if name in ADAPTERS and ADAPTERS[name]() is not None]


def ways_to_pay(agency, money):
    """Names of the providers at which exactly this Money can be paid, the default first."""
    return [name for name in providers_for(agency, money.currency) if provider(name).takes(money)]


def default_provider(agency, money):
    """Name of the provider a payment of this Money begins with, empty when none is named."""
    return next(iter(ways_to_pay(agency, money)), settings.PAYMENT_PROVIDER)
