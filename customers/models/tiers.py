"""The steps of a loyalty programme."""

from django.db import models


class Tier(models.TextChoices):
    """In rising order."""

    BRONZE = "BRONZE", "Bronze"
    SILVER = "SILVER", "Silver"
    GOLD = "GOLD", "Gold"
    PLATINUM = "PLATINUM", "Platinum"

    @property
    def reached(self):
        """This tier and all below it."""
        tiers = list(Tier)
        return tiers[: tiers.index(self) + 1]
