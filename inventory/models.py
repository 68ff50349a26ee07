"""EventSeat: the one record of every sellable place at every event."""

import pgtrigger
from django.db import models
from django.db.models import Q

from core.audit import status_machine
from core.money import DECIMAL_PLACES, MAX_DIGITS, fits_currency
from core.tenancy import TenantKey, TenantModel
from events.models import Event, PriceLevel
from venues.models import LayoutSeat


class Status(models.TextChoices):
    AVAILABLE = "AVAILABLE", "Available"
    RESERVED = "RESERVED", "Reserved"
    SOLD = "SOLD", "Sold"
    BLOCKED = "BLOCKED", "Blocked"
    HELD = "HELD", "Held"


class Ownership(models.TextChoices):
    NOT_OWNED = "NOT_OWNED", "Not owned"
    OWNED = "OWNED", "Owned"
    RETURNED_TO_SUPPLIER = "RETURNED_TO_SUPPLIER", "Returned to supplier"


MOVES = {
    Status.AVAILABLE: {Status.RESERVED, Status.BLOCKED, Status.HELD},
    Status.RESERVED: {Status.SOLD, Status.AVAILABLE},
    Status.SOLD: {Status.AVAILABLE, Status.BLOCKED},
    Status.BLOCKED: {Status.AVAILABLE},
    Status.HELD: {Status.AVAILABLE, Status.BLOCKED},
}
OWNERSHIP_MOVES = {
    Ownership.NOT_OWNED: {Ownership.OWNED},
    Ownership.OWNED: {Ownership.RETURNED_TO_SUPPLIER},
    Ownership.RETURNED_TO_SUPPLIER: {Ownership.OWNED},
}
TAKEN = (Status.RESERVED, Status.SOLD)


class EventSeatQuerySet(models.QuerySet):
    def of(self, event):
        return self.filter(event=event)

    def at(self, event, ordinals):
        return self.filter(event=event, ordinal__in=ordinals)

    def sellable(self):
        """Owned and available: the whole rule. Lapsed reservations join when they are taken over."""
        return self.filter(ownership=Ownership.OWNED, status=Status.AVAILABLE)


class EventSeat(TenantModel):
    """One place at one event: how it stands on the map, who owns it, what it cost, what it sells for.

    `claimed_by` is the public id of the booking that has it; `claimed_until` ends a reservation by
    the database's clock. `price` is the place's own retail price before the buyer's fee; empty means
    its level's. `cost` is what the agency paid.
    """

    id = models.BigAutoField(primary_key=True)
    event = TenantKey(Event, related_name="seats")
    ordinal = models.PositiveIntegerField()
    seat = TenantKey(LayoutSeat)
    level = TenantKey(PriceLevel, null=True, blank=True, related_name="seats")
    ownership = models.CharField(
        max_length=20, choices=Ownership, default=Ownership.NOT_OWNED, editable=False
    )
    status = models.CharField(
        max_length=9, choices=Status, default=Status.AVAILABLE, editable=False
    )
    currency = models.CharField(max_length=3, editable=False)
    price = models.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, null=True, blank=True
    )
    cost = models.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, null=True, editable=False
    )
    claimed_by = models.UUIDField(null=True, editable=False)
    claimed_until = models.DateTimeField(null=True, editable=False)

    objects = EventSeatQuerySet.as_manager()

    class Meta:
        ordering = ["event", "ordinal"]
        constraints = [
            models.UniqueConstraint(fields=["event", "ordinal"], name="one_event_seat_per_ordinal"),
            fits_currency("price", "cost", name="seat_money_fits_currency"),
            models.CheckConstraint(
                condition=(Q(price=None) | Q(price__gte=0)) & (Q(cost=None) | Q(cost__gte=0)),
                name="seat_money_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(ownership=Ownership.OWNED) | ~Q(status__in=(*TAKEN, Status.HELD)),
                name="only_owned_seats_are_sold",
            ),
            models.CheckConstraint(
                condition=Q(ownership=Ownership.NOT_OWNED) | Q(cost__isnull=False),
                name="owned_seats_have_a_cost",
            ),
            models.CheckConstraint(
                condition=Q(status__in=TAKEN, claimed_by__isnull=False)
                | (~Q(status__in=TAKEN) & Q(claimed_by=None)),
                name="taken_seats_have_a_claim",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.RESERVED, claimed_until__isnull=False)
                | (~Q(status=Status.RESERVED) & Q(claimed_until=None)),
                name="reservations_have_an_end",
            ),
        ]
        triggers = [
            status_machine(MOVES),
            status_machine(OWNERSHIP_MOVES, field="ownership", name="ownership_moves"),
            pgtrigger.Trigger(
                name="sold_seats_are_kept",
                when=pgtrigger.Before,
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__ownership=Ownership.OWNED),
                func="RAISE EXCEPTION 'an owned seat is never deleted';",
            ),
        ]

    def __str__(self):
        return f"{self.event_id}/{self.ordinal}"
