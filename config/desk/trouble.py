"""What went wrong and waits for somebody."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Max, Q, Sum
from django.urls import reverse
from django.utils import timezone

from bookings.models import Alert, AlertStatus
from config.desk.parts import SHOWN, Part
from core.models import OutboxMessage
from core.money import Money
from core.words import many
from notifications.models import Message
from payments.models import InboxMessage, LineState, Payment, Refund, RefundStatus
from payments.queries import late_payouts, open_payouts

LATE_MESSAGE = timedelta(minutes=10)


@dataclass(frozen=True)
class Trouble:
    what: str
    detail: str
    tries: int
    address: str


def failed(may_see, agency):
    """Refunds that failed for good, money that is not what was asked for, facts that were given up,
    notices nobody could work on, messages that did not leave: of these what `may_see(label)` says."""
    return [trouble for label, find in FINDERS.items() if may_see(label) for trouble in find()][
        :SHOWN
    ]


def _refunds():
    """One row a currency: how many, how much, and the way to all of them."""
    sums = (
        Refund.objects.filter(status=RefundStatus.FAILED)
        .order_by("currency")
        .values("currency")
        .annotate(count=Count("pk"), money=Sum("amount"), tries=Max("attempt"))
    )
    address = f"{reverse('admin:payments_refund_changelist')}?status__exact=FAILED"
    return [
        Trouble(
            f"{many(each['count'], 'refund')} of {Money(each['money'], each['currency']).display()}",
            "The guests wait for it. Look why, send it again, or give it back another way.",
            each["tries"],
            address,
        )
        for each in sums
    ]


def _payments():
    rows = Payment.objects.filter(needs_attention=True).order_by("-created_at", "pk")[:SHOWN]
    return [_trouble(row, f"Payment of {row.money.display()}", row.failure, 1) for row in rows]


def _payouts():
    """Payouts that are not what we booked, and those that no bank statement shows in time."""
    differ = open_payouts().annotate(
        lines_open=Count("lines", filter=Q(lines__status=LineState.OPEN))
    )
    found = [
        _trouble(row, f"Payout of {row.money.display()}", _why(row), 1)
        for row in differ.order_by("made_at", "pk")[:SHOWN]
    ]
    late = late_payouts().order_by("arrives_on", "pk")[:SHOWN]
    words = "It is on no bank statement, though later money is"
    return found + [_trouble(row, f"Payout of {row.money.display()}", words, 1) for row in late]


def _why(payout):
    if payout.is_unexplained:
        return payout.problem
    return f"{many(payout.lines_open, 'line')} not as booked: say what it is"


def _facts():
    rows = OutboxMessage.objects.failed().order_by("-pk")[:SHOWN]
    return [_trouble(row, _fact_name(row), row.last_error, row.attempts) for row in rows]


def _notices():
    rows = InboxMessage.objects.filter(state=InboxMessage.State.FAILED).order_by("-pk")[:SHOWN]
    return [_trouble(row, f"Notice {row.kind}", row.last_error, row.attempts) for row in rows]


def _messages():
    stuck = Q(status=Message.Status.FAILED) | Q(
        status=Message.Status.PENDING, created_at__lt=timezone.now() - LATE_MESSAGE
    )
    rows = Message.objects.filter(stuck).order_by("-created_at", "pk")[:SHOWN]
    return [_trouble(row, f"{row.kind} to {row.recipient}", "Not sent", 1) for row in rows]


# By what must be seen for it; what is owed to guests comes first.
FINDERS = {
    "payments.refund": _refunds,
    "payments.payment": _payments,
    "payments.payout": _payouts,
    "core.outboxmessage": _facts,
    "payments.inboxmessage": _notices,
    "notifications.message": _messages,
}


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
