"""Tickets, the keys that sign their codes, gates, and every scan at them."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.audit import Audited, append_only, status_machine
from core.ids import uuid7
from core.status import Movable
from core.tenancy import TenantKey, TenantModel
from customers.models import Customer
from events.models import Event
from inventory.models import EventSeat
from venues.labels import named


class Status(models.TextChoices):
    RESERVED = "RESERVED", "Reserved"
    CONFIRMED = "CONFIRMED", "Valid"
    TRANSFERRED = "TRANSFERRED", "Transferred"
    USED = "USED", "Used"
    CANCELLED = "CANCELLED", "Cancelled"
    REFUNDED = "REFUNDED", "Refunded"


# CANCELLED → RESERVED is only for late money, and only before a code was ever given out.
MOVES = {
    Status.RESERVED: {Status.CONFIRMED, Status.CANCELLED},
    Status.CONFIRMED: {Status.USED, Status.TRANSFERRED, Status.CANCELLED, Status.REFUNDED},
    Status.TRANSFERRED: {Status.CONFIRMED, Status.USED, Status.CANCELLED, Status.REFUNDED},
    Status.USED: {Status.REFUNDED},
    Status.CANCELLED: {Status.REFUNDED, Status.RESERVED},
    Status.REFUNDED: set(),
}
LIVE = (Status.RESERVED, Status.CONFIRMED, Status.TRANSFERRED, Status.USED)
VALID = (Status.CONFIRMED, Status.TRANSFERRED)
"""What admits: in the hands of its buyer, or of whom it was passed on to."""


class SigningKey(TenantModel):
    """A key that signs ticket codes. Its private half is derived from TICKET_SIGNING_SECRET and never
    stored; `key_id` is the hexadecimal id that stands in each code."""

    class Status(models.TextChoices):
        ACTIVE = "ACTIVE", "Signs and verifies"
        VERIFY_ONLY = "VERIFY_ONLY", "Verifies only"
        RETIRED = "RETIRED", "Retired"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key_id = models.CharField(max_length=8, unique=True, editable=False)
    public_key = models.BinaryField(editable=False)
    status = models.CharField(max_length=11, choices=Status, default=Status.ACTIVE, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["agency_id"], condition=Q(status="ACTIVE"), name="one_active_signing_key"
            )
        ]
        triggers = [Audited("agency_id", "key_id", "status")]

    def __str__(self):
        return self.key_id


class Ticket(Movable, TenantModel):
    """The right to one place at one event. It exists from the reservation on; a code can be made
    only once it is confirmed (`generation` ≥ 1). Section, row and seat are kept as sold.

    `holder` is whom it was passed on to; empty: it is in the hands of its buyer, whom this app does not
    know. `offered_until` is written by the database alone, while a Transfer of it is open.
    """

    MOVES = MOVES

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event = TenantKey(Event, related_name="tickets")
    event_seat = TenantKey(EventSeat, related_name="tickets")
    ordinal = models.PositiveIntegerField(help_text="The place's key on the event's map.")
    number = models.CharField(max_length=14, editable=False)
    status = models.CharField(
        max_length=11, choices=Status, default=Status.RESERVED, editable=False
    )
    section = models.CharField(max_length=60)
    row = models.CharField(max_length=60, blank=True)
    seat = models.CharField(max_length=60)
    seat_kind = models.CharField(max_length=10)
    entrance = models.CharField(max_length=60, blank=True)
    restricted_view = models.BooleanField(default=False)
    disclosure = models.CharField(
        max_length=120, blank=True, db_default="", help_text="What the buyer was told of the place."
    )
    view_note = models.CharField(
        max_length=300, blank=True, db_default="", help_text="What is seen from its section."
    )
    holder_name = models.CharField(max_length=120, blank=True)
    holder_email = models.EmailField(blank=True, db_default="")
    holder_phone = models.CharField(max_length=32, blank=True, db_default="")
    locked_because = models.CharField(
        max_length=120,
        blank=True,
        db_default="",
        editable=False,
        help_text="Why it admits nobody for now, as a sentence for the door; empty: it is not locked.",
    )
    holder = TenantKey(Customer, related_name="tickets_held", null=True, editable=False)
    offered_until = models.DateTimeField(
        null=True,
        editable=False,
        help_text="Offered to somebody else, it admits nobody before that.",
    )
    generation = models.PositiveSmallIntegerField(default=0, editable=False)
    signing_key = TenantKey(SigningKey, null=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    confirmed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["event", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["event_seat"], condition=Q(status__in=LIVE), name="one_live_ticket_per_seat"
            ),
            models.UniqueConstraint(fields=["agency_id", "number"], name="one_ticket_per_number"),
            models.CheckConstraint(
                condition=Q(generation=0, signing_key=None)
                | Q(generation__gt=0, signing_key__isnull=False),
                name="a_code_needs_a_key",
            ),
            models.CheckConstraint(
                condition=Q(status__in=("RESERVED", "CANCELLED")) | Q(generation__gt=0),
                name="confirmed_tickets_have_a_code",
            ),
            models.CheckConstraint(
                condition=~Q(status="RESERVED") | Q(generation=0),
                name="reserved_tickets_have_no_code",
            ),
            models.CheckConstraint(
                condition=~Q(status="TRANSFERRED") | Q(holder__isnull=False),
                name="transferred_tickets_have_a_holder",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=("RESERVED", "CONFIRMED")) | Q(holder=None),
                name="other_tickets_are_their_buyers",
            ),
        ]
        triggers = [
            status_machine(MOVES),
            pgtrigger.Trigger(
                name="live_tickets_stand_on_taken_seats",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("status", "event_seat_id"),
                func="""
                    IF NEW.status IN ('RESERVED', 'CONFIRMED', 'TRANSFERRED', 'USED') AND NOT EXISTS (
                      SELECT 1 FROM inventory_eventseat s
                      WHERE s.id = NEW.event_seat_id AND s.event_id = NEW.event_id
                        AND s.agency_id = NEW.agency_id AND s.ownership = 'OWNED'
                        AND s.status IN ('RESERVED', 'SOLD')
                    ) THEN
                      RAISE EXCEPTION 'a live ticket needs a taken seat the agency owns'
                        USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="new_hands_need_a_new_code",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("holder_id"),
                condition=pgtrigger.AnyChange("holder"),
                func="""
                    IF NEW.generation <= OLD.generation OR NEW.number = OLD.number THEN
                      RAISE EXCEPTION 'a ticket changes hands with a new code and a new number'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'new_hands_need_a_new_code';
                    END IF;
                    RETURN NEW;
                """,
            ),
            Audited(
                "agency_id", "status", "generation", "event_seat_id", "locked_because", "holder_id",
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.number

    def is_offered_at(self, now):
        """Whether somebody may still take it who was offered it, so that it admits nobody."""
        return self.offered_until is not None and now < self.offered_until

    @property
    def place(self):
        """Section, row and seat in words."""
        if self.seat_kind == "STANDING":
            return f"{self.section}, standing place {self.seat}"
        row = [named(self.row, "row")] if self.row else []
        return ", ".join([self.section, *row, named(self.seat, "seat")])


class Download(TenantModel):
    """The tickets of what `reference` names (a booking, opaque here) were fetched as a PDF."""

    id = models.BigAutoField(primary_key=True)
    reference = models.UUIDField()
    ticket_count = models.PositiveSmallIntegerField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["reference"], name="downloads_of_reference")]
        triggers = append_only()

    def __str__(self):
        return f"{self.reference} at {self.at}"


class Gate(TenantModel):
    """A door of an event, and the entrances whose sections it serves (none named: all)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event = TenantKey(Event, models.CASCADE, related_name="gates")
    name = models.CharField(max_length=60)
    entrances = ArrayField(models.CharField(max_length=60), default=list, blank=True)

    class Meta:
        ordering = ["event", "name"]
        constraints = [models.UniqueConstraint(fields=["event", "name"], name="one_gate_per_name")]
        triggers = [Audited("agency_id", "event_id", "name")]

    def __str__(self):
        return self.name

    def serves(self, entrance):
        return not self.entrances or not entrance or entrance in self.entrances


class Admission(TenantModel):
    """The entry a ticket gave: one row per ticket and entry, so two gates can never both admit."""

    id = models.BigAutoField(primary_key=True)
    ticket = TenantKey(Ticket, related_name="admissions")
    entry = models.PositiveSmallIntegerField(default=1)
    gate = TenantKey(Gate, related_name="admissions")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["ticket", "entry"], name="one_admission_per_entry")
        ]
        triggers = append_only()

    def __str__(self):
        return f"{self.ticket_id} at {self.at}"


class Scan(TenantModel):
    """One attempt at a gate, refused ones too. A nonce repeated by the same device repeats the
    answer instead of scanning again."""

    class Verdict(models.TextChoices):
        ADMITTED = "admitted", "Admitted"
        DUPLICATE = "duplicate", "Already in"
        WRONG_EVENT = "wrong_event", "Another event"
        WRONG_GATE = "wrong_gate", "Another gate"
        NOT_VALID = "not_valid", "Not valid"
        UNKNOWN = "unknown", "Unknown code"

    id = models.BigAutoField(primary_key=True)
    gate = TenantKey(Gate, related_name="scans")
    ticket = TenantKey(Ticket, null=True, related_name="scans")
    device_id = models.UUIDField()
    nonce = models.CharField(max_length=64)
    code_digest = models.CharField(max_length=16, blank=True, db_default="", editable=False)
    verdict = models.CharField(max_length=11, choices=Verdict)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["agency_id", "device_id", "nonce"], name="one_scan_per_nonce"
            )
        ]
        triggers = append_only()

    def __str__(self):
        return f"{self.verdict} at {self.at}"
