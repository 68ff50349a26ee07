"""Tickets on their way to somebody else, and through whose hands they went."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils.functional import cached_property

from agencies.models import TermsOfSale
from core.audit import Audited, append_only, refuse, status_machine
from core.ids import uuid7
from core.status import Movable
from core.tenancy import TenantKey, TenantModel
from customers.models import Customer
from events.models import Event
from tickets.models.tickets import VALID, Status, Ticket


class TransferStatus(models.TextChoices):
    PENDING = "PENDING", "Offered"
    ACCEPTED = "ACCEPTED", "Accepted"
    DECLINED = "DECLINED", "Declined"
    CANCELLED = "CANCELLED", "Taken back"
    EXPIRED = "EXPIRED", "Lapsed"


TRANSFER_MOVES = {
    TransferStatus.PENDING: {
        TransferStatus.ACCEPTED,
        TransferStatus.DECLINED,
        TransferStatus.CANCELLED,
        TransferStatus.EXPIRED,
    },
    TransferStatus.ACCEPTED: set(),
    TransferStatus.DECLINED: set(),
    TransferStatus.CANCELLED: set(),
    TransferStatus.EXPIRED: set(),
}
# As the triggers call what they refuse.
BEGINS_OPEN, IN_TIME, STAYS, ONCE = (
    "transfers_begin_open",
    "transfers_are_taken_in_time",
    "what_was_offered_stays",
    "tickets_are_offered_once",
)
LONGEST_MESSAGE = 300


def _no(words, constraint):
    return (
        f"RAISE EXCEPTION '{words}' USING ERRCODE = 'check_violation', CONSTRAINT = '{constraint}';"
    )


OFFERED = (
    *("agency_id", "event", "giver", "recipient_name", "recipient_email", "message"),
    *("expires_at", "begun_at", "begun_by", "reason"),
)
DECIDE = f"""
    IF OLD.status <> 'PENDING' THEN
      {_no("a transfer is decided once", STAYS)}
    END IF;
    IF NEW.status = 'PENDING' THEN
      IF (NEW.recipient_id, NEW.decided_at, NEW.decided_by_id, NEW.terms_id, NEW.why_over)
         IS DISTINCT FROM (OLD.recipient_id, OLD.decided_at, OLD.decided_by_id, OLD.terms_id,
                           OLD.why_over) THEN
        {_no("it is not decided yet", STAYS)}
      END IF;
      RETURN NEW; -- another link was mailed
    END IF;
    IF NEW.status = 'ACCEPTED' THEN
      IF clock_timestamp() >= OLD.expires_at THEN
        {_no("the time to take the tickets is over", IN_TIME)}
      END IF;
      IF EXISTS (
        SELECT FROM tickets_transferredticket row JOIN tickets_ticket t ON t.id = row.ticket_id
        WHERE row.transfer_id = NEW.id AND (t.generation <> row.generation OR t.locked_because <> ''
          OR t.status NOT IN ('CONFIRMED', 'TRANSFERRED'))
      ) THEN
        {_no("a ticket is not as it was offered", IN_TIME)}
      END IF;
    ELSIF NEW.status = 'EXPIRED' AND clock_timestamp() < OLD.expires_at THEN
      {_no("there is still time to take the tickets", IN_TIME)}
    END IF;
    NEW.decided_at := clock_timestamp();
    RETURN NEW;
"""
FREE = """
    UPDATE tickets_ticket SET offered_until = NULL
      WHERE offered_until IS NOT NULL
        AND id IN (SELECT ticket_id FROM tickets_transferredticket WHERE transfer_id = NEW.id);
    RETURN NULL;
"""
# Whoever is second waits for the ticket's row and finds it offered, or with another code.
OFFER = f"""
    UPDATE tickets_ticket t SET offered_until = o.expires_at FROM tickets_transfer o
      WHERE o.id = NEW.transfer_id AND o.status = 'PENDING' AND t.event_id = o.event_id
        AND t.id = NEW.ticket_id AND t.generation = NEW.generation AND t.number = NEW.number
        AND t.status IN ('CONFIRMED', 'TRANSFERRED')
        AND t.locked_because = '' AND t.offered_until IS NULL;
    IF NOT FOUND THEN
      {_no("only a valid ticket is offered, to one person at a time", ONCE)}
    END IF;
    RETURN NEW;
"""  # noqa: S608 - constants only


class TransferQuerySet(models.QuerySet):
    def open_at(self, now):
        """Those that may still be taken: the clock decides, whether or not a job has tidied."""
        return self.filter(status=TransferStatus.PENDING, expires_at__gt=now)

    def lapsed(self):
        return self.filter(status=TransferStatus.PENDING, expires_at__lte=Now())


class Transfer(Movable, TenantModel):
    """Tickets of one event that `giver` offers to somebody, who may take them until `expires_at`. The
    link that lets him is kept as its SHA-256 only, and dies with the decision, or when `link_number` is
    raised for another mail.

    `begun_by` and `reason` are those of staff who offered them for the giver; `decided_by` and
    `why_over` of staff, or of what ended it without anybody.
    """

    MOVES = TRANSFER_MOVES
    Status = TransferStatus

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event = TenantKey(Event, related_name="transfers", editable=False)
    giver = TenantKey(Customer, related_name="tickets_given", editable=False)
    recipient = TenantKey(Customer, null=True, related_name="tickets_taken", editable=False)
    recipient_name = models.CharField(max_length=120, editable=False)
    recipient_email = models.EmailField(editable=False)
    message = models.CharField(max_length=LONGEST_MESSAGE, db_default="", editable=False)
    status = models.CharField(
        max_length=9, choices=TransferStatus, default=TransferStatus.PENDING, editable=False
    )
    token_digest = models.CharField(max_length=64, null=True, unique=True, editable=False)  # noqa: DJ001
    link_number = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    expires_at = models.DateTimeField(editable=False)
    begun_at = models.DateTimeField(db_default=Now(), editable=False)
    begun_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    reason = models.CharField(max_length=200, db_default="", editable=False)
    decided_at = models.DateTimeField(null=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    why_over = models.CharField(max_length=200, db_default="", editable=False)
    terms = TenantKey(TermsOfSale, null=True, related_name="+", editable=False)
    network = models.CharField(max_length=45, db_default="", editable=False)

    objects = TransferQuerySet.as_manager()

    class Meta:
        ordering = ["-begun_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="ACCEPTED", recipient__isnull=False)
                | ~Q(status="ACCEPTED") & Q(recipient=None, terms=None),
                name="accepted_transfers_have_a_recipient",
            ),
            models.CheckConstraint(
                condition=Q(status="PENDING", decided_at=None)
                | ~Q(status="PENDING") & Q(decided_at__isnull=False),
                name="decided_transfers_say_when",
            ),
            models.CheckConstraint(
                condition=Q(begun_by=None) | ~Q(reason=""), name="staff_say_why_they_transfer"
            ),
            models.CheckConstraint(
                condition=Q(recipient_email=Lower("recipient_email")) & ~Q(recipient_name=""),
                name="transfers_name_a_recipient",
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"], condition=Q(status="PENDING"), name="open_transfers_by_end"
            ),
            models.Index(fields=["recipient_email"], name="transfers_to_email"),
        ]
        triggers = [
            status_machine(TRANSFER_MOVES),
            pgtrigger.Trigger(
                name="begins_open",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=f"""
                    IF NEW.status <> 'PENDING' OR NEW.expires_at <= clock_timestamp() THEN
                      {_no("a transfer begins as an open offer", BEGINS_OPEN)}
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="offer_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(*OFFERED),
                func=_no("what was offered stays as it was", STAYS),
            ),
            pgtrigger.Trigger(
                name="decided_once",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=DECIDE,
            ),
            pgtrigger.Trigger(
                name="frees_its_tickets",
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("status"),
                func=FREE,
            ),
            refuse(pgtrigger.Delete, name="is_kept"),
            Audited(
                "agency_id", "event_id", "giver_id", "recipient_id", "status", "expires_at",
                "begun_by_id", "reason", "decided_by_id", "why_over", "terms_id",
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"Tickets for {self.recipient_name}"

    def is_open_at(self, now):
        return self.status == TransferStatus.PENDING and now < self.expires_at

    @cached_property
    def goes_home(self):
        """Whether all its tickets go back to whoever paid for them: who gave them away first."""
        rows = TransferredTicket.objects.filter(
            ticket__in=self.rows.values("ticket"), transfer__status=TransferStatus.ACCEPTED
        )
        first = dict(rows.order_by("-generation").values_list("ticket", "transfer__giver__email"))
        is_his = set(first.values()) == {self.recipient_email}
        return is_his and self.rows.count() == len(first)


class TransferredTicket(TenantModel):
    """A ticket of a transfer, with the code (`generation`) and the number that it was offered with.
    Those of accepted transfers are the chain of its holders."""

    id = models.BigAutoField(primary_key=True)
    transfer = TenantKey(Transfer, related_name="rows")
    ticket = TenantKey(Ticket, related_name="transfers")
    generation = models.PositiveSmallIntegerField()
    number = models.CharField(max_length=14)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["transfer", "ticket"], name="one_row_per_transfer")
        ]
        indexes = [models.Index(fields=["number"], name="tickets_by_former_number")]
        triggers = [
            *append_only(),
            pgtrigger.Trigger(
                name="offered_once",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=OFFER,
            ),
        ]

    def __str__(self):
        return f"{self.number} in {self.transfer_id}"

    @property
    def is_as_offered(self):
        """Whether the ticket (read) is still its giver's, with the code that he offered it with."""
        is_alive = self.ticket.status in (*VALID, Status.USED)
        return is_alive and self.ticket.generation == self.generation

    @property
    def went_along(self):
        """Whether the ticket (read) is still what was given by this: nobody passed it on since."""
        return self.ticket.generation == self.generation + 1
