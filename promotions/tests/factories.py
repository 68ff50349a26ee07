"""Promotions in reachable states, in an agency acted for, and unsaved ones for arithmetic."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.utils import timezone

from agencies.models import Agency
from core.ids import uuid7
from core.locks import database_now
from core.money import Money
from core.tenancy import as_system
from promotions.models import Promotion
from promotions.reckoning import Item
from promotions.services import Context, activate, name_code, price_with, redeem

NIGHT = UUID("01a1fc84-0000-7000-8000-000000000001")
STALLS = UUID("01a1fc84-0000-7000-8000-000000000002")
CIRCLE = UUID("01a1fc84-0000-7000-8000-000000000003")
WEB = Context(currency="EUR", channel="WEB")


def euros(amount):
    return Money(Decimal(amount), "EUR")


def tickets(*prices, currency="EUR", **about):
    """Items of these prices, in the stalls of one concert unless `about` says otherwise."""
    about = {"event_id": NIGHT, "kind": "CONCERT", "level_id": STALLS, **about}
    return [Item(Money(Decimal(price), currency), **about) for price in prices]


def terms(**given):
    """The fields of a promotion of ten percent, changed as `given`."""
    kind = given.get("type", "PERCENTAGE_DISCOUNT")
    usual = {"percent": Decimal(10)} if kind == "PERCENTAGE_DISCOUNT" else {}
    if kind == "BUY_ONE_GET_ONE":
        usual = {"percent": Decimal(100), "buy": 1, "get": 1}
    return {"type": kind, **usual, **given}


def unsaved(**given):
    """A promotion for arithmetic, of nobody's."""
    return Promotion(agency_id=NIGHT, **terms(**given))


def promotion(name="Early bird", **given):
    """A draft."""
    return Promotion.objects.create(name=name, **terms(**given))


def running(code="EARLY", name=None, code_limit=None, **given):
    """An active promotion with a code."""
    made = promotion(name or f"With {code}", **given)
    name_code(promotion=made, text=code, usage_limit=code_limit)
    return activate(made.pk)


def applied(*codes, items=None, context=WEB):
    return price_with(codes, items or tickets("40.00"), context)


def used(*codes, minutes=15, email="", reference=None, **words):
    """The id of a booking that redeemed these codes, held for so many minutes of the database."""
    reference = reference or uuid7()
    until = database_now() + timedelta(minutes=minutes)
    found = applied(*codes, **words)
    assert not found.refused, found.refused
    redeem(found, reference=reference, until=until, email=email)
    return reference


def in_days(days):
    return timezone.now() + timedelta(days=days)


def agency(slug="parterre"):
    with as_system():
        return Agency.objects.create(slug=slug, name=slug.title(), host=f"{slug}.example")
