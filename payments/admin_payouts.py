"""Payouts on the desk: of what the money is made that a provider has sent, what differs from what we
booked, and what no payout has brought."""

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, Sum
from django.http import HttpResponseRedirect
from django.urls import path, reverse

from core.admin_base import ReadOnlyAdmin, step
from core.admin_parts import (
    Panel,
    Table,
    amount,
    columns,
    day,
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
from payments.admin_payout_lines import NoteForm, lines_table
from payments.models import LineState, Payout, PayoutLine, PayoutStatus
from payments.providers import paying_out
from payments.queries import late_payouts, not_paid_out, open_payouts, under_way
from payments.services import bank_debited, explain_payout, read_payouts
from payments.services.payouts import lately

SHOWN = 50


MANY = {
    PayoutLine.Kind.PAYMENT: "Sales",
    PayoutLine.Kind.REFUND: "Refunds",
    PayoutLine.Kind.DISPUTE: "Disputes",
    PayoutLine.Kind.FEE: "Fees of the provider",
    PayoutLine.Kind.ADJUSTMENT: "Adjustments",
    PayoutLine.Kind.RETURNED: "Earlier payouts that came back",
    PayoutLine.Kind.OTHER: "Other movements",
}


class NoAnswer(DomainError):
    """The provider could not be asked; what is known stays as it was."""

    code = "provider_away"


def ask(names):
    """Has these providers say what they have paid out; returns a sentence about what of it is this
    agency's. Raises NoAnswer."""
    before = _known()
    try:
        for name in names:
            read_payouts(name, since=lately())
    except (ProviderUnavailable, ProviderRefused) as error:
        raise NoAnswer(
            "The provider gives no answer at the moment. What it had told before stays."
        ) from error
    changed = len(_known() - before)
    return f"{many(changed, 'payout')} new or moved." if changed else "Nothing is new."


def _known():
    return set(Payout.objects.order_by().values_list("pk", "status", "problem"))


class WaitsFilter(admin.SimpleListFilter):
    title = "what waits"
    parameter_name = "waits"

    def lookups(self, request, model_admin):
        return [("person", "Needs a person"), ("late", "Not on a statement in time")]

    def queryset(self, request, queryset):
        if self.value() == "person":
            return queryset.filter(pk__in=open_payouts().values("pk"))
        if self.value() == "late":
            return queryset.filter(pk__in=late_payouts().values("pk"))
        return queryset


@admin.register(Payout)
class PayoutAdmin(ReadOnlyAdmin):
    list_display = [
        *("made", "provider", money_column("amount", "Amount"), status_column()),
        *("arrives", "waiting", "provider_ref"),
    ]
    list_display_links = ["made", "provider"]
    list_filter = [
        *("status", WaitsFilter, "provider", "currency"),
        *(("made_at", admin.DateFieldListFilter), ("arrives_on", admin.DateFieldListFilter)),
    ]
    list_before_template = "admin/balance.html"
    search_fields = ["provider_ref", "trace", "=lines__payment_ref", "=lines__about"]
    search_help_text = "The provider’s reference of a payout, or of a sale, refund or dispute in it"
    ordering = ["-made_at", "pk"]
    fields = [
        *("provider", "provider_ref", "money_shown", "whole_shown", "made", "arrives"),
        *("descriptor", "trace", "bank_link", "problem", "note", "explained"),
    ]
    readonly_fields = fields
    steps = ["explain", "debited", "ask_provider"]
    export_columns = {
        "Made": "made_at",
        "Provider": "provider",
        "Reference": "provider_ref",
        "Amount": "amount",
        "Currency": "currency",
        "Status": "status",
        "Arrives": "arrives_on",
        "Booked by the bank": "bank_line__booked_on",
        "Problem": "problem",
        "Explained": "note",
    }

    def get_queryset(self, request):
        waits = Count("lines", filter=Q(lines__status=LineState.OPEN))
        return super().get_queryset(request).annotate(waits=waits)

    def changelist_view(self, request, extra_context=None):
        extra = {"balances": self._overview(request)}
        return super().changelist_view(request, {**extra, **(extra_context or {})})

    def _overview(self, request):
        """What is where at present, and sales that should have been paid out by now."""
        ask_now = (reverse("admin:payments_payout_ask"), "Ask the providers now")
        rows = [
            [currency, amount(held, currency), amount(sent, currency)]
            for currency, held, sent in under_way()
        ]
        titles = columns("Currency", "Held by providers#", "On its way#")
        where = Table(titles, rows, empty="Nothing is under way.")
        link = ask_now if self.may(request, "step") and paying_out() else ()
        found = [Panel("Money under way", where, link=link)]
        missing = list(not_paid_out()[: SHOWN + 1])
        return found + ([_missing(missing)] if missing else [])

    def get_urls(self):
        ask_all = self.admin_site.admin_view(self.ask_all)
        return [path("ask/", ask_all, name="payments_payout_ask"), *super().get_urls()]

    def ask_all(self, request):
        """Asking all providers, also while no payout is known yet."""
        if not self.may(request, "view") or not self.may(request, "step"):
            raise PermissionDenied
        return self.form_page(
            request,
            forms.Form(request.POST if request.method == "POST" else None),
            lambda form: self._ask_all(request),
            title="Ask the providers now",
            note="They are asked each hour, and each night about two weeks. What is new is written "
            "down, held against our books, and booked as it moves.",
            submit="Ask now",
        )

    def _ask_all(self, request):
        self.message_user(request, ask(paying_out()))
        return HttpResponseRedirect(self.list_address())

    @admin.display(description="Made", ordering="made_at")
    def made(self, payout):
        return when(payout.made_at)

    @admin.display(description="To arrive", ordering="arrives_on")
    def arrives(self, payout):
        return day(payout.arrives_on)

    @admin.display(description="Needs a person", ordering="waits")
    def waiting(self, payout):
        found = [many(payout.waits, "line")] if payout.waits else []
        return ", ".join([*found, *(["the payout itself"] if payout.is_unexplained else [])]) or "–"

    @admin.display(description="Amount")
    def money_shown(self, payout):
        return payout.money.display()

    @admin.display(description="Sent in all, with other agencies")
    def whole_shown(self, payout):
        return "–" if payout.whole == payout.amount else amount(payout.whole, payout.currency)

    @admin.display(description="On the statement")
    def bank_link(self, payout):
        return linked(payout.bank_line)

    @admin.display(description="Explained")
    def explained(self, payout):
        by = payout.explained_by
        return f"{payout.explained_at:%-d %b %Y} by {by}" if by else "–"

    def panels(self, request, payout):
        kinds = _sums(payout)
        waiting = payout.lines.filter(status=LineState.OPEN)
        booked = entries_of(source="payout", source_id=payout.pk)
        return [
            *([self._lines("Needs a person", waiting, payout)] if payout.waits else []),
            _made_of(payout, kinds),
            *(
                self._lines(kind.label, payout.lines.filter(kind=kind), payout, kind)
                for kind in kinds
            ),
            Panel("In the ledger", entries_table(booked)),
        ]

    def _lines(self, title, lines, payout, kind=None):
        """The first lines of a kind, with the sums of all, and the way to all."""
        about = ("payment", "refund__payment", "dispute__payment", "returned")
        shown = lines.select_related(*about).order_by("happened_at", "pk")[:SHOWN]
        count = lines.count()
        sums = lines.aggregate(gross=Sum("gross"), fee=Sum("fee"), net=Sum("net"))
        foot = ["", many(count, "line"), *(amount(sums[n], payout.currency) for n in sums), "", ""]
        chosen = f"&kind__exact={kind}" if kind else f"&status__exact={LineState.OPEN}"
        address = f"{reverse('admin:payments_payoutline_changelist')}?payout__id__exact={payout.pk}"
        link = (address + chosen, f"All {count:,}") if count > SHOWN else ()
        return Panel(title, lines_table(shown, foot), count=count, link=link)

    def history_of(self, request, payout):
        return timeline([payout])

    @step(
        "Say why it is so", when=lambda payout: payout.is_unexplained, tone="primary", is_page=True
    )
    def explain(self, request, payout):
        def work(form):
            explain_payout(payout.pk, note=form.cleaned_data["note"], by=request.user)
            return self.back(request, payout, done="It is explained.")

        return self.form_page(
            request,
            NoteForm(request.POST or None),
            work,
            thing=payout,
            title=f"Say why: {payout}",
            note=payout.problem,
            submit="Keep it",
        )

    @step(
        "The bank was debited",
        when=lambda payout: payout.status == PayoutStatus.PAID and payout.amount < 0,
        tone="primary",
        says="You have seen on the bank account that the provider took this money. That is booked.",
    )
    def debited(self, request, payout):
        bank_debited(payout.pk)
        return f"{payout.money.display()} is booked at the bank."

    @step(
        "Ask the provider now",
        when=lambda payout: payout.provider in paying_out(),
        says="What the provider says now is written down, of this payout and of newer ones.",
    )
    def ask_provider(self, request, payout):
        return ask([payout.provider])


def _sums(payout):
    """{kind: its count and sums} in the order of the kinds."""
    found = payout.lines.order_by("kind").values("kind")
    found = found.annotate(count=Count("pk"), gross=Sum("gross"), fee=Sum("fee"), net=Sum("net"))
    by_kind = {row["kind"]: row for row in found}
    return {kind: by_kind[kind] for kind in PayoutLine.Kind if kind in by_kind}


def _made_of(payout, kinds):
    names = ("gross", "fee", "net")
    rows = [
        [MANY[kind], f"{row['count']:,}", *(amount(row[name], payout.currency) for name in names)]
        for kind, row in kinds.items()
    ]
    sums = [sum(row[name] for row in kinds.values()) for name in names]
    foot = ["Together", "", *(amount(each, payout.currency) for each in sums)]
    table = Table(
        columns("Kind", "Lines#", "Gross#", "Fee#", "Net#"),
        rows,
        foot if rows else [],
        empty="The provider tells no lines of it.",
    )
    return Panel(f"What {payout.money.display()} is made of", table)


def _missing(payments):
    rows = [
        [when(one.settled_at), linked(one, one.description), one.provider, one.charged.display()]
        for one in payments[:SHOWN]
    ]
    more = f"{SHOWN} or more" if len(payments) > SHOWN else many(len(payments), "sale")
    table = Table(columns("Paid", "For", "Provider", "Amount"), rows)
    return Panel(f"In no payout, though later sales are: {more}", table)


@panel("payments.payment", needs="payments.payout")
def payouts_of_payment(request, payment):
    found = payment.payout_lines.select_related("payout", *("refund", "dispute", "returned"))
    lines = list(found.order_by("happened_at", "pk"))
    rows = [
        [
            linked(line.payout, line.payout.provider_ref),
            status_of(line.payout),
            line.get_kind_display(),
            linked(line, line.money.display()),
            status_of(line),
        ]
        for line in lines
    ]
    titles = columns("Payout", "Is", "Kind", "Net", "State")
    return Panel("Paid out", Table(titles, rows), count=len(rows)) if rows else None
