"""EventSeat: the one record of every sellable place at every event, and the ledger of its changes."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.audit import append_only, status_machine
from core.money import DECIMAL_PLACES, MAX_DIGITS, fits_currency
from core.tenancy import TenantKey, TenantModel
from events.models import Event, PriceLevel
from inventory.models.holds import Hold
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
    Status.RESERVED: {Status.SOLD, Status.AVAILABLE, Status.HELD},
    Status.SOLD: {Status.AVAILABLE, Status.BLOCKED, Status.HELD},
    Status.BLOCKED: {Status.AVAILABLE},
    Status.HELD: {Status.AVAILABLE, Status.BLOCKED, Status.RESERVED},
}
OWNERSHIP_MOVES = {
    Ownership.NOT_OWNED: {Ownership.OWNED},
    Ownership.OWNED: {Ownership.RETURNED_TO_SUPPLIER},
    Ownership.RETURNED_TO_SUPPLIER: {Ownership.OWNED},
}
TAKEN = (Status.RESERVED, Status.SOLD)


class StockChannel(models.TextChoices):
    """Through whom a place may be sold. An empty one is open to all."""

    WEB = "WEB", "Website"
    BOX_OFFICE = "BOX_OFFICE", "Box office"
    PARTNER = "PARTNER", "Partners"
    PRESALE = "PRESALE", "Presale"
    GROUP = "GROUP", "Groups"


# What a statement did to places, one entry each. FULL, although every place has both sides: such a join
# is never done by loops within loops, and the plan made for two places is kept for fifty thousand.
WRITE_ENTRIES = """
INSERT INTO inventory_seatentry (agency_id, event_id, event_seat_id, at, kind, stock, cost, list_price,
  currency, price_before, price_after, reason, actor)
SELECT agency_id, event_id, id,
  coalesce(nullif(current_setting('tessera.at', true), '')::timestamptz, now()), kind,
  stays - was,
  stays * coalesce(cost_after, 0) - was * coalesce(cost_before, 0),
  stays * coalesce(listed_after, 0) - was * coalesce(listed_before, 0),
  currency, listed_before, listed_after,
  left(coalesce(current_setting('tessera.reason', true), ''), 200),
  left(coalesce(current_setting('tessera.actor', true), ''), 80)
FROM (
  SELECT a.agency_id, a.event_id, a.id, a.currency, b.cost AS cost_before, a.cost AS cost_after,
    (b.ownership = 'OWNED' AND b.status <> 'SOLD')::integer AS was,
    (a.ownership = 'OWNED' AND a.status <> 'SOLD')::integer AS stays,
    coalesce(b.price, (SELECT price FROM events_pricelevel WHERE id = b.level_id)) AS listed_before,
    coalesce(a.price, (SELECT price FROM events_pricelevel WHERE id = a.level_id)) AS listed_after,
    CASE
      WHEN b.ownership <> a.ownership AND a.ownership = 'OWNED' THEN 'BOUGHT'
      WHEN b.ownership <> a.ownership THEN 'RETURNED'
      WHEN b.status <> 'SOLD' AND a.status = 'SOLD' THEN 'SOLD'
      WHEN b.status = 'SOLD' AND a.status <> 'SOLD' THEN 'UNSOLD'
      WHEN a.status = 'BLOCKED' AND b.status <> 'BLOCKED' THEN 'BLOCKED'
      WHEN b.status = 'BLOCKED' AND a.status <> 'BLOCKED' THEN 'UNBLOCKED'
      WHEN a.status = 'HELD' AND (b.status <> 'HELD' OR b.hold_id IS DISTINCT FROM a.hold_id)
        THEN 'HELD'
      WHEN b.status = 'HELD' AND a.status IN ('AVAILABLE', 'RESERVED') THEN 'RELEASED'
      WHEN b.cost IS DISTINCT FROM a.cost THEN 'COSTED'
      ELSE 'REPRICED' END AS kind
  FROM before b FULL JOIN after a ON a.id = b.id
  WHERE (b.ownership = 'OWNED' OR a.ownership = 'OWNED') AND (
    b.ownership <> a.ownership
    OR b.price IS DISTINCT FROM a.price OR b.cost IS DISTINCT FROM a.cost
    OR b.level_id IS DISTINCT FROM a.level_id
    OR (b.hold_id IS DISTINCT FROM a.hold_id AND a.status = 'HELD')
    OR (b.status = 'HELD' AND a.status = 'RESERVED' AND a.hold_id IS NULL)
    OR (b.status <> a.status AND a.status <> 'RESERVED'
        AND NOT (b.status = 'RESERVED' AND a.status IN ('AVAILABLE', 'HELD'))))
  ORDER BY a.id
) changed;
RETURN NULL;
"""


class SeatLedger(pgtrigger.Trigger):
    """Writes a SeatEntry for each change of what a place is worth or to whom it may go, all of a
    statement at once. Reserving a place and giving it up change neither, so the hot path writes
    nothing, unless a buyer takes a place of a hold that ran out."""

    name = "seat_ledger"
    when = pgtrigger.After
    operation = pgtrigger.Update
    level = pgtrigger.Statement
    referencing = pgtrigger.Referencing(old="before", new="after")
    func = WRITE_ENTRIES


@models.PositiveIntegerField.register_lookup
class AnyOf(models.Lookup):
    """`ordinal__any=[…]`, the list as one parameter. With `__in` each of them is one, and only to read
    a statement with fifty thousand takes seconds."""

    lookup_name = "any"
    prepare_rhs = False

    def as_sql(self, compiler, connection):
        column, values = self.process_lhs(compiler, connection)
        return f"{column} = ANY (%s::integer[])", [*values, list(self.rhs)]


class EventSeatQuerySet(models.QuerySet):
    def of(self, event):
        return self.filter(event=event)

    def at(self, event, ordinals):
        return self.filter(event=event, ordinal__any=ordinals)

    def sellable(self):
        """What the website can sell as it is, see `inventory.free`. Lapsed reservations join when they
        are taken over."""
        over = Q(status=Status.HELD, claimed_until__lte=Now())
        return self.filter(
            Q(status=Status.AVAILABLE) | over,
            ownership=Ownership.OWNED,
            channel__in=("", StockChannel.WEB),
        )


class EventSeat(TenantModel):
    """One place at one event: how it stands on the map, who owns it, what it cost, what it sells for.

    `claimed_by` is the public id of the booking that has it; `claimed_until` ends a reservation, and a
    hold that ends, by the database's clock. A place sold out of a hold keeps it, and goes back to it
    when it is given up; one taken off sale with its hold keeps it until it is freed. `price` is the
    place's own retail price before the buyer's fee; empty means its level's. `cost` is what the agency
    paid.
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
    hold = TenantKey(Hold, null=True, editable=False, related_name="seats")
    channel = models.CharField(
        max_length=10, choices=StockChannel, blank=True, db_default="", default="", editable=False
    )

    objects = EventSeatQuerySet.as_manager()

    class Meta:
        ordering = ["event", "ordinal"]
        constraints = [
            # Looked at when a statement ends, so that one can renumber a house: inventory.moving.
            models.UniqueConstraint(
                fields=["event", "ordinal"],
                name="one_event_seat_per_ordinal",
                deferrable=models.Deferrable.IMMEDIATE,
            ),
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
                | Q(status=Status.HELD)
                | (~Q(status__in=(Status.RESERVED, Status.HELD)) & Q(claimed_until=None)),
                name="reservations_have_an_end",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.HELD, hold__isnull=False)
                | Q(status__in=(*TAKEN, Status.BLOCKED))
                | Q(status=Status.AVAILABLE, hold=None),
                name="held_seats_have_a_hold",
            ),
            models.CheckConstraint(
                condition=Q(channel__in=["", *StockChannel.values]),
                name="channel_exists",
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
            SeatLedger(),
        ]

    def __str__(self):
        return f"{self.event_id}/{self.ordinal}"

    def is_free_at(self, now):
        """Whether it can be taken as it is, through whatever channel it is sold."""
        is_over = self.claimed_until is not None and self.claimed_until <= now
        return self.ownership == Ownership.OWNED and (
            self.status == Status.AVAILABLE or (self.status == Status.HELD and is_over)
        )


class SeatEntry(TenantModel):
    """One change of one place, as the database saw it. It only grows; the sum of `stock`, `cost` and
    `list_price` up to a moment is what was in stock then: owned and not sold, at cost, and at the
    retail price before fees. `price_before` and `price_after` are that price of the place itself."""

    class Kind(models.TextChoices):
        BOUGHT = "BOUGHT", "Bought"
        RETURNED = "RETURNED", "Sent back"
        SOLD = "SOLD", "Sold"
        UNSOLD = "UNSOLD", "Came back from a buyer"
        REPRICED = "REPRICED", "New price"
        COSTED = "COSTED", "New cost"
        HELD = "HELD", "Held"
        RELEASED = "RELEASED", "Released"
        BLOCKED = "BLOCKED", "Blocked"
        UNBLOCKED = "UNBLOCKED", "Unblocked"

    id = models.BigAutoField(primary_key=True)
    event = TenantKey(Event, related_name="seat_entries")
    event_seat = TenantKey(EventSeat, related_name="entries")
    at = models.DateTimeField(db_default=Now())
    kind = models.CharField(max_length=9, choices=Kind)
    stock = models.SmallIntegerField()
    cost = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    list_price = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    currency = models.CharField(max_length=3)
    price_before = models.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, null=True
    )
    price_after = models.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, null=True
    )
    reason = models.CharField(max_length=200, blank=True)
    actor = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "seat entries"
        indexes = [
            models.Index(fields=["event_seat", "id"], name="entries_of_a_seat"),
            models.Index(fields=["event", "at"], name="entries_of_an_event"),
        ]
        triggers = append_only()

    def __str__(self):
        return f"{self.get_kind_display()}: {self.event_seat_id}"
