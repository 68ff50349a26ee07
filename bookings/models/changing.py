"""Events that were cancelled, put off or moved after tickets were sold, booking by booking."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from bookings.models.bookings import Booking
from core.audit import Audited, status_machine
from core.ids import uuid7
from core.status import Movable
from core.tenancy import TenantKey, TenantModel
from events.models import Event
from venues.models import Venue


class ChangeStatus(models.TextChoices):
    PROPOSED = "PROPOSED", "Proposed"
    RUNNING = "RUNNING", "Under way"
    DONE = "DONE", "Done"
    WITHDRAWN = "WITHDRAWN", "Withdrawn"


# DONE → RUNNING: what stood in the way of some bookings was mended.
CHANGE_MOVES = {
    ChangeStatus.PROPOSED: {ChangeStatus.RUNNING, ChangeStatus.WITHDRAWN},
    ChangeStatus.RUNNING: {ChangeStatus.DONE},
    ChangeStatus.DONE: {ChangeStatus.RUNNING},
    ChangeStatus.WITHDRAWN: set(),
}
UNFINISHED = (ChangeStatus.PROPOSED, ChangeStatus.RUNNING)


class EventChange(Movable, TenantModel):
    """One action over all bookings of an event: everything back, or a notice with the choice to keep
    the tickets or to have everything back until `choose_until`."""

    class Kind(models.TextChoices):
        CANCELLED = "CANCELLED", "Cancelled"
        POSTPONED = "POSTPONED", "Put off to another day"
        MOVED = "MOVED", "Moved to another house"

    MOVES = CHANGE_MOVES

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event = TenantKey(Event, related_name="changes")
    kind = models.CharField(max_length=9, choices=Kind)
    message = models.CharField(
        max_length=400, help_text="Why, as buyers read it in their mail and on their page."
    )
    new_starts_at = models.DateTimeField(null=True, blank=True)
    new_venue = TenantKey(Venue, null=True, blank=True, related_name="+")
    choose_until = models.DateTimeField(
        null=True, blank=True, help_text="Until then buyers can have all their money back."
    )
    old_starts_at = models.DateTimeField()
    old_venue = TenantKey(Venue, related_name="+")
    needs_approval = models.BooleanField(default=False)
    status = models.CharField(
        max_length=9, choices=ChangeStatus, default=ChangeStatus.PROPOSED, editable=False
    )
    made_at = models.DateTimeField(db_default=Now())
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    begun_at = models.DateTimeField(null=True)
    begun_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-made_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["event"],
                condition=Q(status__in=UNFINISHED),
                name="one_change_of_an_event_at_a_time",
            ),
            models.CheckConstraint(condition=~Q(message=""), name="a_change_has_a_reason"),
            models.CheckConstraint(
                condition=Q(kind="CANCELLED", new_starts_at=None, new_venue=None, choose_until=None)
                | Q(kind="POSTPONED", new_starts_at__isnull=False, choose_until__isnull=False)
                | Q(kind="MOVED", new_venue__isnull=False, choose_until__isnull=False),
                name="a_change_says_what_changes",
            ),
            models.CheckConstraint(
                condition=Q(needs_approval=False)
                | Q(begun_at=None)
                | (Q(begun_by__isnull=False) & ~Q(begun_by=F("made_by"))),
                name="a_large_change_has_two_people",
            ),
        ]
        triggers = [
            status_machine(CHANGE_MOVES),
            Audited("agency_id", "event_id", "kind", "status", "needs_approval", "choose_until"),
        ]

    def __str__(self):
        return f"{self.event}: {self.get_kind_display().lower()}"

    @property
    def is_cancelled(self):
        return self.kind == self.Kind.CANCELLED

    def is_open_at(self, now):
        """Whether buyers can still say that they want their money back."""
        is_told = self.status in (ChangeStatus.RUNNING, ChangeStatus.DONE)
        return is_told and self.choose_until is not None and now <= self.choose_until


class ChangedBooking(TenantModel):
    """A booking that an EventChange is about: whether it was dealt with, what stood in the way, and
    what its buyer chose."""

    class Answer(models.TextChoices):
        KEEP = "KEEP", "Keeps the tickets"
        REFUND = "REFUND", "Wants the money back"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    change = TenantKey(EventChange, related_name="bookings")
    booking = TenantKey(Booking, related_name="changes")
    done_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)
    answer = models.CharField(max_length=6, choices=Answer, blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["change", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["change", "booking"], name="a_booking_is_changed_once_by_a_change"
            )
        ]
        indexes = [
            models.Index(
                fields=["change", "id"], condition=Q(done_at=None), name="bookings_to_be_changed"
            )
        ]

    def __str__(self):
        return f"{self.booking_id}"
