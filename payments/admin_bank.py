"""Bank statements on the desk: read in after a look at them, and money that needs a person."""

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect

from core.admin_base import ReadOnlyAdmin, step
from core.admin_parts import (
    Panel,
    Table,
    columns,
    day,
    linked,
    money_column,
    page_of,
    status_column,
    status_of,
    timeline,
    when,
)
from core.admin_uploads import UploadForm, keep
from core.words import many
from payments.admin_ledger import entries_of, entries_table
from payments.models import BankLine, BankStatement, LineStatus
from payments.services import (
    assign_line,
    assign_payout,
    awaited_payouts,
    import_statement,
    line_sent_back,
    preview_statement,
)
from payments.services.bank import OPEN_LINES


def what_for(line):
    """What money on a statement was for; its payouts are prefetched."""
    things = [line.payment.description] if line.payment else [*line.payouts.all()]
    return str(next(iter(things), "–"))


def lines_table(lines, *, is_linked=True):
    rows = [
        [
            day(line.booked_on),
            line.payer or "–",
            line.text,
            linked(line, line.money.display()) if is_linked else line.money.display(),
            status_of(line),
            line.problem or what_for(line),
        ]
        for line in lines
    ]
    titles = columns("Booked", "From", "Text", "Amount", "State", "Why, or for what")
    return Table(titles, rows, empty="There is nothing new in it.")


@admin.register(BankStatement)
class BankStatementAdmin(ReadOnlyAdmin):
    list_display = ["filename", "kind", "account", "line_count", "new_count", "person", "read_in"]
    list_filter = ["kind", "imported_by", ("at", admin.DateFieldListFilter)]
    list_select_related = ["imported_by"]
    search_fields = ["filename", "account"]
    ordering = ["-at", "pk"]
    fields = ["filename", "kind", "account", "line_count", "new_count", "person", "read_in"]
    readonly_fields = ["person", "read_in"]
    export_columns = {
        "File": "filename",
        "Kind": "kind",
        "Account": "account",
        "Credits": "line_count",
        "New": "new_count",
        "Read in": "at",
    }

    @admin.display(description="By", ordering="imported_by__name")
    def person(self, statement):
        return str(statement.imported_by)

    @admin.display(description="Read in", ordering="at")
    def read_in(self, statement):
        return when(statement.at)

    def panels(self, request, statement):
        found = statement.lines.select_related("payment").prefetch_related("payouts")
        lines = list(found.order_by("booked_on", "pk"))
        return [Panel("New in this file", lines_table(lines), count=len(lines))]

    def has_add_permission(self, request, obj=None):
        return self.may(request, "add")

    def add_view(self, request, form_url="", extra_context=None):
        """The file, then what would become of each line, then reading it in."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = UploadForm(request.POST or None, request.FILES or None)
        words = "CSV with columns date, amount and text at least, or CAMT.053 (XML)."
        form.fields["file"].help_text = words
        return self.form_page(
            request,
            form,
            lambda form: self._read(request, form),
            title="Read in a bank statement",
            submit="Read the file",
            note="Nothing is booked yet: the next page shows what would become of each line.",
        )

    def _read(self, request, form):
        filename, content, token = form.read(request.user)
        asked = {"filename": filename, "content": content, "by": request.user}
        if token:
            made = import_statement(**asked)
            waiting = made.lines.filter(status__in=OPEN_LINES).count()
            words = (
                f"{many(made.new_count, 'new line')} of {made.line_count}; {waiting} to look at."
            )
            self.message_user(request, words)
            return HttpResponseRedirect(page_of(made))
        statement, lines, skipped = preview_statement(**asked)
        return self.page(
            request,
            "admin/bank_preview.html",
            title=f"Preview: {filename}",
            token=keep(filename, content, request.user),
            statement=statement,
            known=statement.line_count - statement.new_count,
            waiting=sum(line.status in OPEN_LINES for line in lines),
            skipped=[many(count, why) for why, count in skipped.items() if count],
            panels=[
                Panel("New lines", lines_table(lines, is_linked=False), count=len(lines)),
            ],
        )


class ReferenceForm(forms.Form):
    reference = forms.CharField(
        label="Reference or booking",
        max_length=40,
        help_text="RF18 3PXT 7MG5, or 3PXT-7MG5. What is more than was due goes back by your own "
        "transfer.",
    )


class PayoutChoice(forms.ModelChoiceField):
    def label_from_instance(self, payout):
        return f"{payout}, {payout.provider_ref}"


class PayoutForm(forms.Form):
    payout = PayoutChoice(queryset=None, help_text="Those of this amount that providers have sent.")

    def __init__(self, awaited, *arguments):
        super().__init__(*arguments)
        self.fields["payout"].queryset = awaited.order_by("arrives_on", "pk")


def is_exception(line):
    return line.status == LineStatus.EXCEPTION


def is_open(line):
    return line.status in OPEN_LINES


@admin.register(BankLine)
class BankLineAdmin(ReadOnlyAdmin):
    """Money that came to the bank account, and what it was for."""

    list_display = [
        *("booked", "payer", "text", money_column("amount", "Amount"), status_column()),
        "problem",
    ]
    list_display_links = ["booked", "text"]
    list_filter = ["status", "currency", ("booked_on", admin.DateFieldListFilter)]
    search_fields = ["payer", "text", "payment__description", "payment__provider_ref"]
    ordering = ["-booked_on", "pk"]
    fields = [
        *("booked", "payer", "text", "money_shown", "back_shown", "problem"),
        *("payment_link", "payout_link", "statement_link"),
    ]
    readonly_fields = fields
    steps = ["assign", "assign_payout", "send_back"]
    export_columns = {
        "Booked": "booked_on",
        "From": "payer",
        "Text": "text",
        "Amount": "amount",
        "Sent back": "sent_back",
        "Currency": "currency",
        "Status": "status",
        "Problem": "problem",
        "For": "payment__description",
        "File": "statement__filename",
    }

    @admin.display(description="Booked", ordering="booked_on")
    def booked(self, line):
        return day(line.booked_on)

    @admin.display(description="Amount")
    def money_shown(self, line):
        return line.money.display()

    @admin.display(description="Sent back")
    def back_shown(self, line):
        return f"{line.sent_back:f} {line.currency}" if line.sent_back else "–"

    @admin.display(description="Payment")
    def payment_link(self, line):
        return linked(line.payment)

    @admin.display(description="Payout")
    def payout_link(self, line):
        return linked(line.payouts.first())

    @admin.display(description="Statement")
    def statement_link(self, line):
        return linked(line.statement)

    def panels(self, request, line):
        booked = entries_of(source="bank_line", source_id=line.pk)
        return [Panel("In the ledger", entries_table(booked))]

    def history_of(self, request, line):
        return timeline([line])

    @step("Say for which booking", when=is_open, tone="primary", is_page=True)
    def assign(self, request, line):
        def work(form):
            done = assign_line(line.pk, reference=form.cleaned_data["reference"])
            words = done.problem or f"It paid {done.payment.description}."
            return self.back(request, line, done=words)

        return self.form_page(
            request,
            ReferenceForm(request.POST or None),
            work,
            thing=line,
            title=f"For which booking: {line}",
            note=f"{line.payer or 'Somebody'} wrote: {line.text or 'nothing'}.",
            submit="Count it for this booking",
        )

    @step("Say which payout", when=is_exception, is_page=True)
    def assign_payout(self, request, line):
        def work(form):
            payout = assign_payout(line.pk, payout_id=form.cleaned_data["payout"].pk)
            return self.back(request, line, done=f"It is {payout}.")

        awaited = awaited_payouts(line.money)
        none = "" if awaited.exists() else f" No payout of {line.money.display()} is awaited."
        return self.form_page(
            request,
            PayoutForm(awaited, request.POST or None),
            work,
            thing=line,
            title=f"Which payout: {line}",
            note=f"{line.payer or 'Somebody'} wrote: {line.text or 'nothing'}.{none}",
            submit="It is this payout",
        )

    @step(
        "It was sent back",
        when=is_open,
        tone="danger",
        says="You have transferred all of it back to where it came from. That is booked; no booking "
        "is paid by it.",
    )
    def send_back(self, request, line):
        line_sent_back(line.pk)
        return f"{line} is booked as sent back."
