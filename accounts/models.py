"""People who sign in, and keys for machines."""

import hashlib
import secrets

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

from core.audit import Audited
from core.ids import uuid7
from core.tenancy import TenantModel


class UserManager(BaseUserManager):
    def create_user(self, email, password=None, **fields):
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, email, password=None, **fields):
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, email):
        return self.get(email__iexact=email)


class User(AbstractBaseUser, PermissionsMixin):
    """A person. What they may do for an agency is said by their membership (agencies)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_staff = models.BooleanField(
        "may open the back office", default=False, help_text="Still needs a role in the agency."
    )
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(db_default=Now(), editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        ordering = ["email"]
        constraints = [models.UniqueConstraint(Lower("email"), name="one_user_per_email")]

    def __str__(self):
        return self.name or self.email

    def get_short_name(self):
        return self.name.split(" ")[0] or self.email


class ApiKeyQuerySet(models.QuerySet):
    def usable(self):
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=Now()), revoked_at=None)

    def make(self, *, role, name, gate_id=None, customer_id=None, user=None, expires_at=None):
        """A new key of the current agency: (ApiKey, its secret). The secret is shown only here."""
        secret = f"tsr_{role}_{secrets.token_urlsafe(32)}"
        key = self.create(
            role=role,
            name=name,
            gate_id=gate_id,
            customer_id=customer_id,
            user=user,
            expires_at=expires_at,
            digest=digest(secret),
            hint=secret[-4:],
        )
        return key, secret


def digest(secret):
    """What is stored of a key: its SHA-256. A random 256-bit secret needs no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiKey(TenantModel):
    """A key of the agency for a device or partner. Only its hash is stored.

    `gate_id` binds a gate device to its gate, `customer_id` a buyer's key to its customer; both are
    opaque here because those tables lie above. A staff key acts as its `user`, with whatever the
    user's role in the agency allows at that moment.
    """

    class Role(models.TextChoices):
        BUYER = "buyer", "Buyer"
        GATE = "gate", "Gate device"
        PROMOTER = "promoter", "Promoter"
        PARTNER = "partner", "Partner"
        STAFF = "staff", "Staff"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=80)
    role = models.CharField(max_length=10, choices=Role)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField("ends in", max_length=4, editable=False)
    gate_id = models.UUIDField(null=True, blank=True)
    customer_id = models.UUIDField(null=True, blank=True)
    user = models.ForeignKey(
        User, models.CASCADE, null=True, blank=True, related_name="keys", editable=False
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"
        ordering = ["-created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(role="staff", user__isnull=False) | ~Q(role="staff") & Q(user=None),
                name="staff_keys_act_as_somebody",
            )
        ]
        triggers = [
            Audited("agency_id", "name", "role", "revoked_at", "expires_at", "gate_id", "user_id")
        ]

    def __str__(self):
        return f"{self.name} (…{self.hint})"
