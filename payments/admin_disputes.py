"""Disputes on the desk: what banks took back, by when evidence is due, and how it ended."""

from django.contrib import admin
from django.utils import timezone

from core.admin_base import ReadOnlyAdmin, step
from core.admin_parts import (
    Panel,
    Table,
    amount,
    columns,
    linked,
    money_column,
    panel,
    status_column,
    status_of,
    timeline,
    when,
)
from core.errors import DomainError
from core.words import many
from payments.adapters import ProviderRefused, ProviderUnavailable
from payments.admin_ledger import entries_of, entries_table
from payments.models import CreditEntry, Dispute, DisputeStatus, RefundStatus
from payments.services import evidence_sent, read_disputes, withheld_of

NOTHING_TO_TELL = (DisputeStatus.WON, DisputeStatus.CLOSED)


class NoAnswer(DomainError):
    """The provider could not be asked; nothing is known that was not known before."""

    code = "provider_away"


class EvidenceFilter(admin.SimpleListFilter):
    title = "evidence"
    parameter_name = "evidence"

    def lookups(self, request, model_admin):
        return [("due", "Still to be sent"), ("late", "Too late")]

    def queryset(self, request, queryset):
        waiting = queryset.filter(status__in=(DisputeStatus.INQUIRY, DisputeStatus.OPENED))
        if self.value() == "due":
            return waiting.exclude(evidence_due_at__lte=timezone.now())
        if self.value() == "late":
            return waiting.filter(evidence_due_at__lte=timezone.now())
        return queryset


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    list_display = [
        *("opened", "words", money_column("amount", "Amount"), "why"),
        *(status_column(), "evidence_until"),
    ]
    list_display_links = ["opened", "words"]
    list_filter = [
        *("status", EvidenceFilter, "reason", "currency", "payment__provider"),
        ("opened_at", admin.DateFieldListFilter),
    ]
    list_select_related = ["payment"]
    search_fields = ["payment__description", "provider_ref", "=payment__reference"]
    search_help_text = "Description, the provider's reference or the booking's id"
    ordering = ["-opened_at", "pk"]
    fields = [
        *("words", "payment_link", "money_shown", "why", "provider_ref", "opened"),
        *("evidence_until", "sent", "closed", "held", "lost", "charged"),
    ]
    readonly_fields = fields
    steps = ["mark_evidence_sent", "ask_provider"]
    export_columns = {
        "Opened": "opened_at",
        "For": "payment__description",
        "Amount": "amount",
        "Currency": "currency",
        "Reason": "reason",
        "Status": "status",
        "Held by the bank": "withdrawn",
        "Lost": "written_off",
        "Evidence due": "evidence_due_at",
        "Evidence sent": "evidence_sent_at",
        "Closed": "closed_at",
        "Provider's reference": "provider_ref",
        "Booking": "payment__reference",
    }

    @admin.display(description="Opened", ordering="opened_at")
    def opened(self, dispute):
        return when(dispute.opened_at)

    @admin.display(description="For", ordering="payment__description")
    def words(self, dispute):
        return dispute.payment.description

    @admin.display(description="The bank says", ordering="reason")
    def why(self, dispute):
        return dispute.reason.replace("_", " ") or "–"

    @admin.display(description="Evidence until", ordering="evidence_due_at")
    def evidence_until(self, dispute):
        return when(dispute.evidence_due_at)

    @admin.display(description="Payment")
    def payment_link(self, dispute):
        return linked(dispute.payment, dispute.payment.money.display())

    @admin.display(description="Amount")
    def money_shown(self, dispute):
        return amount(dispute.amount, dispute.currency)

    @admin.display(description="Evidence sent")
    def sent(self, dispute):
        return when(dispute.evidence_sent_at)

    @admin.display(description="Closed")
    def closed(self, dispute):
        return when(dispute.closed_at)

    @admin.display(description="Held by the bank")
    def held(self, dispute):
        return amount(dispute.withdrawn, dispute.currency)

    @admin.display(description="Lost for good")
    def lost(self, dispute):
        return amount(dispute.written_off, dispute.currency)

    @admin.display(description="Fee of the provider")
    def charged(self, dispute):
        return amount(dispute.fee, dispute.fee_currency)

    def panels(self, request, dispute):
        booked = entries_of(source="dispute", source_id=dispute.pk)
        return [
            *filter(None, [_paid_back_before(dispute), _given_as_credit(dispute)]),
            Panel("In the ledger", entries_table(booked)),
        ]

    def history_of(self, request, dispute):
        return timeline([dispute, dispute.payment])

    @step(
        "The evidence was sent",
        when=lambda dispute: dispute.status == DisputeStatus.OPENED,
        tone="primary",
        says="You have sent the evidence on the provider's own pages. Tickets and money stay as they "
        "are until the bank decides.",
    )
    def mark_evidence_sent(self, request, dispute):
        evidence_sent(dispute.pk)
        return "It is noted that the evidence was sent. Now the bank decides."

    @step(
        "Ask the provider now",
        says="What the provider says now is written down; money that moved is booked.",
    )
    def ask_provider(self, request, dispute):
        try:
            read_disputes(dispute.payment_id)
        except (ProviderUnavailable, ProviderRefused) as error:
            raise NoAnswer(
                "The provider gives no answer at the moment. Nothing was changed."
            ) from error
        dispute.refresh_from_db()
        return f"The provider was asked: {dispute.get_status_display().lower()}."


def _paid_back_before(dispute):
    """A Panel of refunds that went out although the bank takes the money as well, or None."""
    refunds = dispute.payment.refunds.filter(status=RefundStatus.COMPLETED)
    done = list(refunds.order_by("created_at", "pk"))
    if not done or dispute.status in NOTHING_TO_TELL:
        return None
    rows = [
        [when(refund.completed_at), linked(refund, refund.money.display()), refund.provider_ref]
        for refund in done
    ]
    titles = columns("Paid back", "Amount", "Provider's reference")
    sent = many(len(done), "refund")
    return Panel(f"{sent} sent before: tell the bank", Table(titles, rows))


def _given_as_credit(dispute):
    """A Panel of what the buyer has been given as credit of the money that his bank takes, or None."""
    came = dispute.payment.credit_entries.filter(kind=CreditEntry.Kind.BACK)
    came = list(came.order_by("made_at", "pk"))
    if not came or dispute.status in NOTHING_TO_TELL:
        return None
    rows = [
        [linked(lot, when(lot.made_at)), lot.money.display(), withheld_of(lot).display()]
        for lot in came
    ]
    titles = columns("Given as credit", "Amount", "Withheld of it now")
    return Panel("Given as credit before: tell the bank", Table(titles, rows))


def disputes_table(disputes):
    rows = [
        [when(one.opened_at), linked(one, one.money.display()), one.reason.replace("_", " "),
         status_of(one), when(one.evidence_due_at)]
        for one in disputes
    ]  # fmt: skip
    return Table(columns("Opened", "Amount", "The bank says", "State", "Evidence until"), rows)


@panel("payments.payment", needs="payments.dispute")
def disputes_of_payment(request, payment):
    found = list(payment.disputes.order_by("-opened_at", "pk"))
    return Panel("Disputes", disputes_table(found), count=len(found)) if found else None
