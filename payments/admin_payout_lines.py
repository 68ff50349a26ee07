"""Each movement of which payouts are made, on the desk: what it is about, and what it is if we did not
book it so."""

from django import forms
from django.contrib import admin

from core.admin_base import ReadOnlyAdmin, step
from core.admin_parts import (
    Panel,
    Table,
    amount,
    columns,
    linked,
    money_column,
    status_column,
    status_of,
    timeline,
    when,
)
from payments.admin_ledger import entries_of, entries_table
from payments.models import LineState, PayoutLine
from payments.services import explain_line


class NoteForm(forms.Form):
    note = forms.CharField(
        label="What it is",
        max_length=300,
        help_text="For whoever looks at it in a year. It stays with your name and cannot be changed.",
    )


class LineForm(NoteForm):
    booked = forms.ChoiceField(
        label="In our books",
        choices=[
            ("", "Choose one"),
            ("fee", "The difference is a fee of the provider: book it"),
            ("nothing", "Book nothing: it is in our books otherwise, or comes back"),
        ],
    )


def what_of(line):
    """What a line is about, as a link to its page, or in the provider's words."""
    thing = line.refund or line.dispute or line.returned or line.payment
    if thing is None:
        return line.description or line.payment_ref or line.about or "–"
    words = line.payment.description if line.payment else str(thing)
    return linked(thing, words[:80])


def lines_table(lines, foot=()):
    rows = [
        [
            linked(line, when(line.happened_at)),
            what_of(line),
            amount(line.gross, line.currency),
            amount(line.fee, line.currency),
            amount(line.net, line.currency),
            status_of(line),
            line.note or line.problem or "–",
        ]
        for line in lines
    ]
    titles = columns("Happened", "For", "Gross#", "Fee#", "Net#", "State", "Why")
    return Table(titles, rows, list(foot))


@admin.register(PayoutLine)
class PayoutLineAdmin(ReadOnlyAdmin):
    list_display = [
        *("happened", "kind", "what", money_column("gross", "Gross"), money_column("fee", "Fee")),
        *(money_column("net", "Net"), status_column(), "problem"),
    ]
    list_display_links = ["happened", "kind"]
    list_filter = [
        *("status", "kind", ("payout__provider", admin.AllValuesFieldListFilter), "currency"),
        ("happened_at", admin.DateFieldListFilter),
    ]
    list_select_related = ["payment", "refund", "dispute", "returned"]
    search_fields = ["ref", "about", "payment_ref", "payment__description", "payout__provider_ref"]
    search_help_text = "Description of the sale, or a reference of the provider"
    ordering = ["-happened_at", "pk"]
    fields = [
        *("payout_link", "kind", "happened", "what", "gross_shown", "fee_shown", "net_shown"),
        *(
            "ref",
            "payment_ref",
            "about",
            "description",
            "problem",
            "fees_shown",
            "note",
            "explained",
        ),
    ]
    readonly_fields = fields
    steps = ["explain"]
    export_columns = {
        "Payout": "payout__provider_ref",
        "Provider": "payout__provider",
        "Paid out": "payout__made_at",
        "Arrives": "payout__arrives_on",
        "Happened": "happened_at",
        "Kind": "kind",
        "For": "payment__description",
        "The provider says": "description",
        "Gross": "gross",
        "Fee": "fee",
        "Net": "net",
        "Currency": "currency",
        "Booked as fee": "to_fees",
        "Status": "status",
        "Problem": "problem",
        "Explained": "note",
        "Movement": "ref",
        "Payment": "payment_ref",
        "About": "about",
    }

    def lookup_allowed(self, lookup, value, request=None):
        """The way from a payout to its lines."""
        return lookup == "payout__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description="Happened", ordering="happened_at")
    def happened(self, line):
        return when(line.happened_at)

    @admin.display(description="For")
    def what(self, line):
        return what_of(line)

    @admin.display(description="Payout")
    def payout_link(self, line):
        return linked(line.payout)

    @admin.display(description="Gross")
    def gross_shown(self, line):
        return amount(line.gross, line.currency)

    @admin.display(description="Fee")
    def fee_shown(self, line):
        return amount(line.fee, line.currency)

    @admin.display(description="Net")
    def net_shown(self, line):
        return amount(line.net, line.currency)

    @admin.display(description="Booked as the provider’s fee")
    def fees_shown(self, line):
        return amount(line.to_fees, line.currency)

    @admin.display(description="Explained")
    def explained(self, line):
        by = line.explained_by
        return f"{line.explained_at:%-d %b %Y} by {by}" if by else "–"

    def above(self, line):
        return [line.payout]

    def panels(self, request, line):
        booked = entries_of(source="payout_line", source_id=line.pk)
        return [Panel("In the ledger", entries_table(booked))] if booked else []

    def history_of(self, request, line):
        return timeline([line])

    @step(
        "Say what it is",
        when=lambda line: line.status == LineState.OPEN,
        tone="primary",
        is_page=True,
    )
    def explain(self, request, line):
        def work(form):
            is_fee = form.cleaned_data["booked"] == "fee"
            note = form.cleaned_data["note"]
            explain_line(line.pk, note=note, is_fee=is_fee, by=request.user)
            return self.back(request, line, done="It is explained.")

        return self.form_page(
            request,
            LineForm(request.POST or None),
            work,
            thing=line,
            title=f"Say what it is: {line}",
            note=line.problem,
            submit="Keep it",
        )
