"""What went wrong and waits for somebody."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from bookings.models import Alert, AlertStatus
from config.desk.parts import SHOWN, Part
from core.models import OutboxMessage
from notifications.models import Message
from payments.models import InboxMessage, Payment

LATE_MESSAGE = timedelta(minutes=10)


@dataclass(frozen=True)
class Trouble:
    what: str
    detail: str
    tries: int
    address: str


def failed(agency):
    """Money that is not what was asked for, facts that were given up, notices nobody could work on,
    messages that did not leave."""
    payments = Payment.objects.filter(needs_attention=True).order_by("-created_at", "pk")[:SHOWN]
    facts = OutboxMessage.objects.failed().order_by("-pk")[:SHOWN]
    notices = InboxMessage.objects.filter(state=InboxMessage.State.FAILED).order_by("-pk")[:SHOWN]
    stuck = Q(status=Message.Status.FAILED) | Q(
        status=Message.Status.PENDING, created_at__lt=timezone.now() - LATE_MESSAGE
    )
    messages = Message.objects.filter(stuck).order_by("-created_at", "pk")[:SHOWN]
    return [
        *(_trouble(row, f"Payment of {row.money.display()}", row.failure, 1) for row in payments),
        *(_trouble(row, _fact_name(row), row.last_error, row.attempts) for row in facts),
        *(_trouble(row, f"Notice {row.kind}", row.last_error, row.attempts) for row in notices),
        *(_trouble(row, f"{row.kind} to {row.recipient}", "Not sent", 1) for row in messages),
    ][:SHOWN]


def _fact_name(message):
    return f"{message.fact.rpartition('.')[2]} for {message.handler.rpartition('.')[2]}"


def _trouble(row, what, error, tries):
    meta = row._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
    return Trouble(what.replace("_", " "), error.strip().rpartition("\n")[2][:90], tries, address)


def alerts(agency):
    """Bookings that somebody should look at, the oldest first."""
    waiting = Alert.objects.filter(status=AlertStatus.OPEN)
    read = waiting.select_related("booking__event", "booking__customer", "other")
    return Part(list(read.order_by("made_at", "pk")[:SHOWN]), waiting.count())
