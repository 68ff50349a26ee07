"""The buyers of an agency. Personal data lives here and is referred to by id elsewhere."""

from django.db import models
from django.db.models import F, Func
from django.db.models.functions import Lower, Now

from core.ids import uuid7
from core.tenancy import TenantModel


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
            models.UniqueConstraint("agency_id", Lower("email"), name="one_customer_per_email")
        ]
        indexes = [models.Index(fields=["person"], name="customers_of_person")]

    def __str__(self):
        return self.name
