"""Payments, refunds, what the providers told us, and the books. All of it is history: read-only."""

from django.contrib import admin, messages
from django.db.models.functions import Now

from core.admin_base import ReadOnlyAdmin, step
from core.admin_parts import (
    Panel,
    Table,
    amount,
    columns,
    linked,
    money_column,
    status_column,
    timeline,
    when,
)
from core.errors import DomainError
from core.money import total
from core.words import many
from payments.adapters import ProviderRefused, ProviderUnavailable
from payments.admin_bank import BankLineAdmin, BankStatementAdmin
from payments.admin_credit import CreditEntryAdmin
from payments.admin_desk import CashCountAdmin, DeskTakingAdmin
from payments.admin_disputes import DisputeAdmin, NoAnswer
from payments.admin_ledger import entries_of, entries_table
from payments.admin_other_way import AnotherWay, how_back
from payments.admin_payout_lines import PayoutLineAdmin
from payments.admin_payouts import PayoutAdmin
from payments.models import (
    InboxMessage,
    Payment,
    Refund,
    RefundStatus,
    Status,
)
from payments.services import (
    dealt_with,
    retry_refund,
    settle,
    transferred_back,
    work_notice,
)

WITH_THE_PROVIDER = (Status.PENDING, Status.PROCESSING, Status.FAILED)


def ask(payment):
    """Has the provider say what became of a payment; returns a sentence. Raises NoAnswer."""
    try:
        settled = settle(payment.pk)
    except (ProviderUnavailable, ProviderRefused) as error:
        raise NoAnswer(
            "The provider gives no answer at the moment. Nothing was changed."
        ) from error
    return f"The provider was asked: {settled.money} is {settled.get_status_display().lower()}."


def refunds_table(refunds):
    rows = [
        [
            when(refund.created_at),
            linked(refund, refund.money.display()),
            refund.get_reason_display(),
            status_column()(refund),
            how_back(refund),
            refund.failure or "–",
        ]
        for refund in refunds
    ]
    return Table(columns("Asked", "Amount", "Reason", "State", "How", "Problem"), rows)


AT_ONCE = 500  # a form bears no more fields than a thousand
SHOWN = 20


def again_panel(refunds):
    """How many refunds and how much, in each currency."""
    money = {}
    for refund in refunds:
        money.setdefault(refund.currency, []).append(refund.money)
    rows = [
        [currency, f"{len(each):,}", total(each, currency).display()]
        for currency, each in sorted(money.items())
    ]
    table = Table(columns("Currency", "Refunds#", "Goes back#"), rows)
    return Panel("Goes out once more, none of it twice", table)


def chosen_panel(refunds):
    rows = [
        [when(refund.created_at), linked(refund, refund.money.display()),
         refund.payment.description, refund.failure or "–"]
        for refund in refunds
    ]  # fmt: skip
    table = Table(columns("Asked", "Amount", "For", "Failed because"), rows)
    return Panel("One by one", table, count=len(rows))


def _problem_of_sending(refund):
    """Sends it again; returns a sentence if that cannot be."""
    try:
        retry_refund(refund.pk)
    except DomainError as error:
        return f"{refund.money.display()} for {refund.payment.description}: {error.message}"
    return ""


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = [
        "made",
        "description",
        money_column("amount", "Amount"),
        status_column(),
        "trouble",
    ]
    list_display_links = ["description"]
    list_filter = [
        *("status", "needs_attention", "provider", "currency", "risk_level"),
        ("created_at", admin.DateFieldListFilter),
    ]
    search_fields = ["description", "provider_ref", "provider_payment_ref", "=reference"]
    search_help_text = "Description, the provider's reference or the booking's id"
    ordering = ["-created_at", "pk"]
    fields = [
        *(
            "description",
            "money_shown",
            "credit_shown",
            "provider",
            "provider_ref",
            "provider_payment_ref",
        ),
        *("made", "opened", "settled", "asked", "fee_shown", "risk", "trouble", "given_up"),
    ]
    readonly_fields = fields
    steps = ["ask_provider", "settle_by_hand"]
    actions = ["ask_for_selected"]
    export_columns = {
        "Made": "created_at",
        "Description": "description",
        "Amount": "amount",
        "Of it credit": "credit",
        "Currency": "currency",
        "Status": "status",
        "Provider": "provider",
        "Provider's reference": "provider_ref",
        "Provider's fee": "fee",
        "Currency of the fee": "fee_currency",
        "Risk": "risk_level",
        "Risk score": "risk_score",
        "Settled": "settled_at",
        "Booking": "reference",
    }

    @admin.display(description="Amount")
    def money_shown(self, payment):
        return amount(payment.amount, payment.currency)

    @admin.display(description="Of it paid with credit")
    def credit_shown(self, payment):
        return amount(payment.credit or None, payment.currency)

    @admin.display(description="Made", ordering="created_at")
    def made(self, payment):
        return when(payment.created_at)

    @admin.display(description="Sent to the provider", ordering="opened_at")
    def opened(self, payment):
        return when(payment.opened_at)

    @admin.display(description="Settled", ordering="settled_at")
    def settled(self, payment):
        return when(payment.settled_at)

    @admin.display(description="Last asked", ordering="looked_up_at")
    def asked(self, payment):
        return when(payment.looked_up_at)

    @admin.display(description="Provider’s fee")
    def fee_shown(self, payment):
        return amount(payment.fee, payment.fee_currency)

    @admin.display(description="Risk, as the provider sees it", ordering="risk_score")
    def risk(self, payment):
        score = f"{payment.risk_score} of 100" if payment.risk_score is not None else ""
        reason = payment.risk_reason.replace("_", " ")
        return ", ".join(filter(None, [payment.get_risk_level_display(), score, reason])) or "–"

    @admin.display(description="Problem", ordering="failure")
    def trouble(self, payment):
        return payment.problem or "–"

    @admin.display(description="Given up because")
    def given_up(self, payment):
        return "–" if payment.problem else payment.failure or "–"

    def panels(self, request, payment):
        refunds = list(payment.refunds.order_by("-created_at", "pk"))
        booked = [
            *entries_of(source="payment", source_id=payment.pk),
            *entries_of(source="charge", source_id=payment.pk),
        ]
        found = [Panel("In the ledger", entries_table(booked))]
        return [Panel("Refunds", refunds_table(refunds)), *found] if refunds else found

    def history_of(self, request, payment):
        return timeline([payment, *payment.refunds.all()])

    @step(
        "Ask the provider now",
        when=lambda payment: payment.status in WITH_THE_PROVIDER,
        tone="primary",
        says="What the provider says now is written down; if the money came, the booking follows.",
    )
    def ask_provider(self, request, payment):
        return ask(payment)

    @step(
        "It is dealt with",
        when=lambda payment: payment.needs_attention,
        says="You have paid the money back, or kept it for good reason, on the provider's own pages, "
        "or have got back what went back twice. What had not come in counts as failed; nothing is "
        "booked.",
    )
    def settle_by_hand(self, request, payment):
        dealt_with(payment.pk)
        return "It no longer needs anybody's attention."

    @admin.action(description="Ask the provider about these", permissions=["step"])
    def ask_for_selected(self, request, payments):
        asked, silent = 0, 0
        for payment in payments.filter(status__in=WITH_THE_PROVIDER):
            try:
                ask(payment)
                asked += 1
            except DomainError:
                silent += 1
        self.message_user(request, f"{asked} were asked about; {silent} got no answer.")


@admin.register(Refund)
class RefundAdmin(AnotherWay, ReadOnlyAdmin):
    list_display = [
        "made",
        "words",
        money_column("amount", "Amount"),
        "reason",
        status_column(),
        "failure",
    ]
    list_display_links = ["words"]
    list_filter = ["status", "reason", ("created_at", admin.DateFieldListFilter)]
    list_select_related = ["payment"]
    search_fields = ["payment__description", "provider_ref", "=payment__reference"]
    search_help_text = "Booking number, guest’s e-mail or name, event, or the provider’s reference"
    payments_by_words = []
    """Functions of words to the Payments that they mean, by those who know whom payments are of."""
    ordering = ["-created_at", "pk"]
    fields = [
        *("words", "payment_link", "reason", "made", "done"),
        *("attempt", "provider_ref", "failure", "other_way_shown", "said_by"),
    ]
    readonly_fields = fields
    steps = ["retry", "another_way", "sent_by_bank"]
    actions = ["retry_selected"]
    export_columns = {
        "Asked": "created_at",
        "For": "payment__description",
        "Amount": "amount",
        "Currency": "currency",
        "Reason": "reason",
        "Status": "status",
        "Done": "completed_at",
        "Another way": "other_way",
        "What was done": "other_way_note",
    }

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("cancellations__booking__event")

    def get_search_results(self, request, queryset, search_term):
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if words := search_term.strip():
            for payments in self.payments_by_words:
                found |= queryset.filter(payment__in=payments(words))
        return found, may_repeat

    @admin.display(description="Refund of", ordering="payment__description")
    def words(self, refund):
        """The tickets that were cancelled, where it is for these; else all that was paid for."""
        made = refund.cancellations.all()
        told = [f"{many(each.ticket_count, 'ticket')}, {each.booking.event}" for each in made]
        return "; ".join(told) or refund.payment.description

    @admin.display(description="Payment")
    def payment_link(self, refund):
        return linked(refund.payment)

    @admin.display(description="Asked", ordering="created_at")
    def made(self, refund):
        return when(refund.created_at)

    @admin.display(description="Done", ordering="completed_at")
    def done(self, refund):
        return when(refund.completed_at)

    @step(
        "Send it again",
        when=lambda refund: refund.status == RefundStatus.FAILED,
        tone="primary",
        says="The provider is asked once more to pay it back. It is never paid back twice.",
    )
    def retry(self, request, refund):
        retry_refund(refund.pk)
        return "It is on its way to the provider again."

    @step(
        "It was transferred back",
        when=lambda refund: (
            refund.payment.provider == "bank"
            and refund.status in (RefundStatus.PENDING, RefundStatus.PROCESSING)
        ),
        tone="primary",
        says="You have transferred this money back to the account that it came from.",
    )
    def sent_by_bank(self, request, refund):
        transferred_back(refund.pk)
        return f"{refund.money.display()} are booked as paid back."

    def retry_preview(self, request, refund):
        """What goes back, from what, and why it did not."""
        payment = refund.payment
        rows = [
            ["Goes back", refund.money.display()],
            ["Of the payment", linked(payment, payment.money.display())],
            ["Asked because", refund.get_reason_display()],
            ["Failed because", refund.failure or "–"],
        ]
        return [Panel("Refund", Table(columns("", ""), rows))]

    @admin.action(description="Send again", permissions=["step"])
    def retry_selected(self, request, refunds):
        """Says first how many and how much; what was sent or is done meanwhile is left alone."""
        chosen = refunds.filter(status=RefundStatus.FAILED).order_by("created_at", "pk")
        chosen = list(chosen[:AT_ONCE])
        if not chosen:
            self.message_user(request, "None of these has failed.", messages.WARNING)
            return None
        if "confirmed" not in request.POST:
            return self.page(
                request,
                "admin/confirm_many.html",
                title=f"Send {many(len(chosen), 'refund')} again?",
                action="retry_selected",
                chosen=chosen,
                panels=[again_panel(chosen), chosen_panel(chosen)],
            )
        problems = [*filter(None, map(_problem_of_sending, chosen))]
        sent = len(chosen) - len(problems)
        if sent:
            words = many(sent, "refund is", "refunds are")
            self.message_user(request, f"{words} on the way to the provider again.")
        for problem in problems[:SHOWN]:
            self.message_user(request, problem, messages.ERROR)
        if problems[SHOWN:]:
            words = f"{many(len(problems) - SHOWN, 'other')} could not be sent either."
            self.message_user(request, words, messages.ERROR)
        return None

    def panels(self, request, refund):
        booked = entries_of(source="refund", source_id=refund.pk)
        return [Panel("In the ledger", entries_table(booked))]


@admin.register(InboxMessage)
class InboxAdmin(ReadOnlyAdmin):
    """What providers told us. A notice only makes us look; the provider's object decides."""

    list_display = ["moment", "kind", "provider", status_column("state"), "attempts", "problem"]
    list_display_links = ["kind"]
    list_filter = ["state", "provider", "kind", ("received_at", admin.DateFieldListFilter)]
    search_fields = ["event_id", "session_ref", "payment_ref"]
    ordering = ["-pk"]
    fields = [
        *("provider", "kind", "event_id", "session_ref", "payment_ref"),
        *("moment", "attempts", "done", "problem"),
    ]
    readonly_fields = ["moment", "done", "problem"]
    steps = ["work_now"]

    @admin.display(description="Received", ordering="pk")
    def moment(self, message):
        return when(message.received_at)

    @admin.display(description="Done", ordering="done_at")
    def done(self, message):
        return when(message.done_at)

    @admin.display(description="Problem")
    def problem(self, message):
        return message.last_error[:200] or "–"

    @step(
        "Work on it now",
        when=lambda message: message.state != InboxMessage.State.DONE,
        tone="primary",
        says="The provider is asked about the payment this notice names.",
    )
    def work_now(self, request, message):
        """A notice that was given up gets its tries back first."""
        given_up = InboxMessage.objects.filter(pk=message.pk, state=InboxMessage.State.FAILED)
        given_up.update(state=InboxMessage.State.RECEIVED, attempts=0, due_at=Now())
        work_notice(message.pk)
        message.refresh_from_db()
        if message.state != InboxMessage.State.DONE:
            raise NoAnswer("It failed again and will be tried later. The reason is below.")
        return "It is worked on and done."


__all__ = [
    "BankLineAdmin",
    "BankStatementAdmin",
    "CashCountAdmin",
    "CreditEntryAdmin",
    "DeskTakingAdmin",
    "DisputeAdmin",
    "InboxAdmin",
    "PaymentAdmin",
    "PayoutAdmin",
    "PayoutLineAdmin",
    "RefundAdmin",
    "refunds_table",
]
