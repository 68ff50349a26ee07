"""Square's own SDK, with each call made once, for as long as the caller's patience allows, and its
errors as ours."""

import re

import httpx
from square import Square
from square.core.api_error import ApiError

from payments.adapters import ProviderRefused, ProviderUnavailable
from payments.adapters.patience import time_out

API_VERSION = "2026-09-16"  # of the SDK that is pinned; a webhook subscription must have the same
REFUSALS = (400, 402, 404, 422)
PROVES_NOTHING = frozenset(
    [
        *("IDEMPOTENCY_KEY_REUSED", "REFUND_ALREADY_PENDING", "VERSION_MISMATCH", "CONFLICT"),
        *("RATE_LIMITED", "GATEWAY_TIMEOUT", "SERVICE_UNAVAILABLE", "TEMPORARY_ERROR"),
        *("UNAUTHORIZED", "ACCESS_TOKEN_EXPIRED", "ACCESS_TOKEN_REVOKED", "FORBIDDEN"),
    ]
)
"""Codes of a 4xx that do not say that nothing happened, or nothing for good."""
LOOKED_THROUGH = 20_000  # of a list; beyond that nothing is concluded
IDS = re.compile(r"[A-Za-z0-9_-]{1,200}")


class SquareClient:
    """Any number of threads may share one."""

    def __init__(self, access_token, api_base):
        self.sdk = Square(
            token=access_token,
            base_url=api_base.rstrip("/"),
            version=API_VERSION,
            httpx_client=httpx.Client(trust_env=False, follow_redirects=False),
        )

    def ask(self, call, *arguments, **wanted):
        """What a `call` of the SDK answers, as a dict of Square's own words."""
        connect, answer = time_out()
        # The SDK would repeat it up to two times, asleep for minutes between them.
        options = {"max_retries": 0, "timeout_in_seconds": httpx.Timeout(answer, connect=connect)}
        try:
            found = call(*arguments, **wanted, request_options=options)
            return getattr(found, "response", found).dict()
        except ApiError as error:
            trouble = _as_ours(error)
        except (httpx.HTTPError, AttributeError, TypeError, ValueError) as error:
            # All but the first are the SDK's way with an answer of another shape than promised.
            trouble = ProviderUnavailable(type(error).__name__)
        raise trouble  # without the SDK's own, which carries all that was answered

    def find(self, call, object_id, name):
        """The object that a `call` answers under this name, or None when there is none."""
        if not IDS.fullmatch(object_id or ""):
            return None  # it would be part of the address
        try:
            return only(self.ask(call, object_id), name)
        except Missing:
            return None

    def each(self, call, name, **wanted):
        """Everything a `call` lists under this name, page by page."""
        seen, cursor = 0, None
        while True:
            page = {"cursor": cursor} if cursor else {}
            told = self.ask(call, **wanted, **page)
            for found in told.get(name) or []:
                seen += 1
                if seen > LOOKED_THROUGH:
                    raise ProviderUnavailable(f"more {name} than can be looked through")
                yield found
            cursor = told.get("cursor")
            if not cursor:
                return


class Missing(ProviderRefused):
    """Square has nothing of this id."""


def only(told, name):
    """What was answered under this name; ProviderUnavailable when nothing was."""
    if not told.get(name):
        raise ProviderUnavailable(f"an answer without {name}")
    return told[name]


def _as_ours(error):
    """The exception for an ApiError. Of what Square writes only its codes are told: the rest may name
    a buyer."""
    codes = [one.code for one in error.errors if one.code and one.code != "Unknown"]
    if error.status_code not in REFUSALS or PROVES_NOTHING.intersection(codes):
        return ProviderUnavailable(f"status {error.status_code} {' '.join(codes)}".strip())
    kind = Missing if error.status_code == 404 else ProviderRefused
    return kind(f"Square refused: {', '.join(codes) or error.status_code}.")
