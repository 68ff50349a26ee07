"""What buyers are shown of an event's places, in numbered versions. Written by who looks, not by who
sells: see docs/live.md."""

from django.db import models

from core.tenancy import TenantKey, TenantModel
from events.models import Event
from venues.models import Layout


class HouseState(TenantModel):
    """How the places of an event stood when somebody last looked: a byte a place, in the order of
    the layout the event had then. `view` is the event's id, or that of the presale through which it
    was looked at: each way of seeing it has its own versions. `version` grows with each difference,
    in the order of the looks."""

    event = TenantKey(Event, on_delete=models.CASCADE, related_name="+")
    view = models.UUIDField()
    layout = TenantKey(Layout, on_delete=models.CASCADE, null=True, related_name="+")
    version = models.BigIntegerField()
    status = models.BinaryField()
    looked_at = models.DateTimeField()

    class Meta:
        ordering = ["event"]
        constraints = [models.UniqueConstraint(fields=["view"], name="one_state_of_a_view")]

    def __str__(self):
        return f"{self.event_id} at {self.version}"


class HouseChange(TenantModel):
    """A difference that was seen, as `inventory.deltas.packed` writes it. Only the last are kept."""

    id = models.BigAutoField(primary_key=True)
    event = TenantKey(Event, on_delete=models.CASCADE, related_name="+")
    view = models.UUIDField()
    version = models.BigIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ["view", "version"]
        constraints = [
            models.UniqueConstraint(fields=["view", "version"], name="one_change_of_a_view"),
        ]

    def __str__(self):
        return f"{self.event_id} to {self.version}"
