"""Promotions of a house that likes to see its guests again."""

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from promotions.models import Promotion
from promotions.services import activate, name_code


def make():
    """Two that run, with a code each, and one that is still thought about."""
    _run(
        "EARLY10",
        name="Early bird",
        description="A tenth off for who books before spring.",
        percent=Decimal(10),
        is_stackable=True,
        usage_limit=500,
        ends_at=timezone.now() + timedelta(days=90),
    )
    _run(
        "WELCOME5",
        name="Welcome",
        type=Promotion.Type.FIXED_DISCOUNT,
        amount=Decimal(5),
        min_tickets=2,
        usage_limit_per_customer=1,
    )
    Promotion.objects.create(
        name="Three for two",
        type=Promotion.Type.BUY_ONE_GET_ONE,
        percent=Decimal(100),
        buy=2,
        get=1,
    )


def _run(code, **terms):
    made = Promotion.objects.create(**terms)
    name_code(promotion=made, text=code)
    activate(made.pk)
