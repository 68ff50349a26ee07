"""Which adapters this installation has. Adding a provider is a line here and a module in adapters."""

from functools import lru_cache

from django.conf import settings

from core.errors import NotFound
from payments.adapters.simulated import SimulatedProvider

_simulated = lru_cache(SimulatedProvider)


def _adapters():
    if not settings.PAYMENT_SIMULATOR_URL:
        return {}
    return {
        "simulated": _simulated(
            settings.PAYMENT_SIMULATOR_URL,
            settings.PAYMENT_SIMULATOR_SECRET,
            tuple(settings.PAYMENT_WEBHOOK_SECRETS),
        )
    }


def provider(name):
    """The adapter of this name; NotFound when this installation does not have it."""
    adapter = _adapters().get(name)
    if adapter is None:
        raise NotFound(f"There is no payment provider called {name} here.")
    return adapter
