"""The buyers of an agency. Personal data lives here and is referred to by id elsewhere."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Lower, Now

from core.audit import Audited
from core.ids import uuid7
from core.tenancy import TenantKey, TenantModel
from customers.models.tiers import Tier


class Customer(TenantModel):
    """A buyer, known by e-mail within one agency; an account is not needed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField()
    person = models.GeneratedField(
        expression=Func(F("email"), function="customers_person"),
        output_field=models.CharField(max_length=254),
        db_persist=True,
        help_text="Customers of one person have the same, see customers.same_person.",
    )
    name = models.CharField(max_length=120)
    phone = models.CharField(max_length=32, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["agency_id", "email"], name="one_customer_per_email"),
            models.CheckConstraint(
                condition=Q(email=Lower("email")), name="emails_in_small_letters"
            ),
        ]
        indexes = [models.Index(fields=["person"], name="customers_of_person")]

    def __str__(self):
        return self.name


class BuyerList(TenantModel):
    """Addresses to whom something is open, under a name: who was invited, a partner's people. Two kinds
    have none of their own: on the list of a `tier` is whoever has it, or a higher one, at the moment;
    on a drawn one whom its draw has let in (customers.models.draws)."""

    class Kind(models.TextChoices):
        INVITED = "INVITED", "Invited"
        TIER = "TIER", "Tier"
        PARTNER = "PARTNER", "Partner"
        DRAWN = "DRAWN", "Drawn"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=7, choices=Kind, default=Kind.INVITED)
    tier = models.CharField(
        "from the tier",
        max_length=8,
        choices=[each for each in Tier.choices if each[0] != Tier.BRONZE],
        blank=True,
        db_default="",
        help_text="Of a list of a tier: who has it, or a higher one, by the points he has earned.",
    )
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["agency_id", "name"], name="one_buyer_list_per_name"),
            models.CheckConstraint(
                condition=Q(kind="TIER", tier__in=["SILVER", "GOLD", "PLATINUM"])
                | ~Q(kind="TIER") & Q(tier=""),
                name="lists_of_tiers_name_them",
                violation_error_message="A list of a tier says which one, and no other list does.",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="drawn_lists_stay_drawn",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("kind"),
                func="""
                    IF 'DRAWN' IN (OLD.kind, NEW.kind) THEN
                      RAISE EXCEPTION 'a list is drawn from its first day or never'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'drawn_lists_stay_drawn';
                    END IF;
                    RETURN NEW;
                """,
            ),
            Audited("agency_id", "name", "kind", "tier"),
        ]

    def __str__(self):
        return self.name

    @property
    def is_of_tier(self):
        return self.kind == self.Kind.TIER

    @property
    def is_drawn(self):
        return self.kind == self.Kind.DRAWN

    @property
    def has_addresses(self):
        """Whether addresses are written on it."""
        return not (self.is_of_tier or self.is_drawn)


class ListedBuyer(TenantModel):
    """An address on a list; he is found by his `mailbox`, see customers.lists."""

    id = models.BigAutoField(primary_key=True)
    list = TenantKey(BuyerList, models.CASCADE, related_name="buyers")
    email = models.EmailField()
    mailbox = models.CharField(max_length=254, editable=False)
    listed_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["email", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["list", "mailbox"], name="one_entry_per_mailbox")
        ]
        indexes = [models.Index(fields=["mailbox"], name="listed_mailbox")]

    def __str__(self):
        return self.email
