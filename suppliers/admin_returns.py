"""Sending seats back: what may go and why it should, the request, the supplier's answer, the credit."""

from django.contrib import admin
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.html import format_html

from agencies.queries import current_agency
from core.admin_base import BackOfficeAdmin, step
from core.admin_forms import styled
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
    when,
)
from core.errors import DomainError
from core.money import Money, total
from core.templatetags.back_office import due
from core.words import many
from payments.admin_ledger import entries_of, entries_table
from suppliers import services
from suppliers.admin_choosing import Choosing, address_to_add
from suppliers.admin_return_forms import AnswerForm, NarrowForm, WantedForm, seat_in_words
from suppliers.models import CreditNote, ReturnLine, ReturnStatus, SupplierReturn
from suppliers.return_paper import parts_of, with_places
from suppliers.return_paper import render as render_return
from suppliers.returnable import returns_running_out

SHOWN = 8


def is_awaiting_credit(asked):
    return asked.status == ReturnStatus.ACCEPTED


def is_open(asked):
    return asked.status == ReturnStatus.REQUESTED


@admin.register(SupplierReturn)
class SupplierReturnAdmin(Choosing, BackOfficeAdmin):
    list_display = [
        *("number", "supplier", status_column(), "seats", money_column("expected", "Credit due")),
        *("asked_at", "credit_note"),
    ]
    list_filter = [
        "status",
        ("supplier", admin.RelatedOnlyFieldListFilter),
        ("requested_at", admin.DateFieldListFilter),
    ]
    list_select_related = ["supplier", "credit_note"]
    list_before_template = "admin/waiting.html"
    search_fields = ["number", "supplier__name", "supplier_reference", "reason"]
    ordering = ["-requested_at", "pk"]
    fields = [
        *("supplier_link", "reason", "supplier_reference", "due", "credited", "difference"),
        *("requested_by", "answered_by"),
    ]
    readonly_fields = fields
    steps = ["accept", "refuse", "withdraw", "print_out", "pdf"]
    export_columns = {
        "Number": "number",
        "Supplier": "supplier__name",
        "Status": "status",
        "Seats": "seat_count",
        "Credit due": "expected",
        "Credited": "credit_note__amount",
        "Currency": "currency",
        "Asked": "requested_at",
        "Answered": "answered_at",
    }

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(seat_count=Count("lines"))

    def changelist_view(self, request, extra_context=None):
        extra = {"waiting": running_out_panel(), **(extra_context or {})}
        return super().changelist_view(request, extra)

    @admin.display(description="Seats", ordering="seat_count")
    def seats(self, asked):
        return f"{asked.seat_count:,}"

    @admin.display(description="Asked", ordering="requested_at")
    def asked_at(self, asked):
        return when(asked.requested_at)

    @admin.display(description="Supplier")
    def supplier_link(self, asked):
        return linked(asked.supplier)

    @admin.display(description="Credit due")
    def due(self, asked):
        return amount(asked.expected, asked.currency)

    @admin.display(description="Credit note")
    def credited(self, asked):
        return linked(asked.credit_note)

    @admin.display(description="Credited above or below")
    def difference(self, asked):
        if asked.credit_note is None:
            return "–"
        return amount(asked.credit_note.amount - asked.expected, asked.currency)

    def under_title(self, asked):
        return [status_of(asked), linked(asked.supplier)]

    def panels(self, request, asked):
        found = [*self._credit(request, asked), seats_panel(asked)]
        if self.admin_site.allows(request, "view", "payments.journal"):
            booked = entries_of(source="return", source_id=asked.pk)
            found.append(Panel("In the ledger", entries_table(booked)))
        return found

    def _credit(self, request, asked):
        """Where the credit note is entered, for who may, while it is awaited."""
        if not is_awaiting_credit(asked):
            return []
        rows = [[asked.supplier, Money(asked.expected, asked.currency).display()]]
        may = self.admin_site.allows(request, "add", CreditNote)
        link = (address_to_add(CreditNote, asked=asked.pk), "Enter it") if may else ()
        return [Panel("A credit note is due", Table(columns("From", "Over#"), rows), link=link)]

    # Asking

    def add_view(self, request, form_url="", extra_context=None):
        """What may go back with its evidence, how many of it, a look, then the request."""
        self.check_may_add(request)
        narrow = styled(NarrowForm(request.GET or None))
        found = narrow.proposals()
        form = styled(WantedForm(request.POST or None, found=found))
        if request.method == "POST" and form.is_valid():
            if "asked" in request.POST:
                return self._ask(request, form)
            return self._preview(request, form)
        return self.page(
            request,
            "admin/return_propose.html",
            title="Send seats back",
            form=form,
            narrow=narrow,
            address=request.get_full_path(),
        )

    def _preview(self, request, form):
        hidden = [(name, value) for name, value in form.data.items() if name in form.fields]
        suppliers = sorted({each.supplier for each, _ in form.chosen()})
        return self.page(
            request,
            "admin/do_it.html",
            title="Send seats back",
            note=f"These seats are blocked at once: nobody can buy them. {' and '.join(suppliers)} "
            "will be asked by mail, where an address is known, and may take all, a part or none.",
            hidden=[*hidden, ("asked", "yes")],
            submit=f"Ask for {many(sum(form.wanted.values()), 'seat')} to go back",
            back=request.get_full_path(),
            panels=[_chosen_panel(form)],
        )

    def _ask(self, request, form):
        try:
            asked = services.request_returns(
                wanted=form.wanted, reason=form.cleaned_data["reason"], by=request.user
            )
        except DomainError as refused:
            form.add_error(None, refused.message)
            return self.page(
                request,
                "admin/return_propose.html",
                title="Send seats back",
                form=form,
                narrow=styled(NarrowForm(request.GET or None)),
                address=request.get_full_path(),
            )
        names = ", ".join(map(str, asked))
        return self.back(request, asked[0], done=f"Asked for: {names}. The seats are off sale.")

    # The answer

    @step("Taken back", when=is_open, tone="primary", is_page=True)
    def accept(self, request, asked):
        return self.form_page(
            request,
            AnswerForm(request.POST or None, asked=asked),
            lambda form: self._accepted(request, asked, form),
            template="admin/return_answer.html",
            title=f"{asked.supplier} takes seats back: {asked}",
            thing=asked,
            note="What is taken back stops being ours and leaves the map; what is left with us sells "
            "again. This is not undone.",
            submit="They take them back",
        )

    def _accepted(self, request, asked, form):
        found = services.accept_return(asked=asked, by=request.user, **form.answer)
        credit = Money(found.expected, found.currency)
        due = f"a credit of {credit.display()} is due" if credit else "no credit is due"
        return self.back(request, asked, done=f"{asked} is accepted; {due}.")

    @step(
        "Refused",
        when=is_open,
        says="They take nothing back. The seats are ours and sell again.",
    )
    def refuse(self, request, asked):
        services.refuse_return(asked=asked, by=request.user)
        return f"{asked} is refused. Its seats sell again."

    @step(
        "Withdraw",
        when=is_open,
        tone="danger",
        says="We keep the seats after all, and they sell again. Tell the supplier.",
    )
    def withdraw(self, request, asked):
        services.withdraw_return(asked=asked, by=request.user)
        return f"{asked} is withdrawn. Its seats sell again."

    def refuse_preview(self, request, asked):
        return [seats_panel(asked)]

    withdraw_preview = refuse_preview

    # Paper

    @step("Print", is_page=True, right="view")
    def print_out(self, request, asked):
        context = {
            "asked": asked,
            "agency": current_agency(),
            "parts": parts_of(asked),
            "total": Money(asked.expected, asked.currency),
        }
        return render(request, "admin/return_print.html", context)

    @step("PDF", is_page=True, right="view")
    def pdf(self, request, asked):
        named = {"Content-Disposition": f'inline; filename="{asked.number}.pdf"'}
        return HttpResponse(render_return(asked), content_type="application/pdf", headers=named)


def _chosen_panel(form):
    rows = [
        [
            _event_cell(each),
            each.supplier,
            each.line,
            f"{seats:,} of {each.free:,}",
            day(each.return_by),
        ]
        for each, seats in form.chosen()
    ]
    titles = columns("Event", "Supplier", "Seats", "Go back#", "Window until")
    return Panel("What goes back", Table(titles, rows), count=len(rows))


def _event_cell(each):
    return format_html("<b>{}</b><small>{}</small>", each.event, when(each.starts_at))


def seats_panel(asked):
    """The seats of a return with their answer."""
    lines = with_places(asked.lines.all())
    rows = [
        [
            line.acquisition.line.event,
            seat_in_words(seat),
            amount(line.cost, line.currency),
            amount(line.credit, line.currency),
            status_of(line, "state"),
        ]
        for line, seat in lines
    ]
    cost = total((Money(line.cost, line.currency) for line, _ in lines), asked.currency)
    foot = ["All together", "", cost.display(), amount(asked.expected, asked.currency), ""]
    titles = columns("Event", "Seat", "Cost#", "Credit#", "State")
    return Panel("Seats", Table(titles, rows, foot), count=len(rows))


def running_out_panel():
    """Return windows that close first."""
    rows = [
        [
            _event_cell(each),
            each.supplier,
            f"{each.seats:,}",
            each.value.display(),
            day(each.return_by),
            due(each.days_left),
        ]
        for each in returns_running_out(SHOWN)
    ]
    table = Table(
        columns("Event", "Supplier", "Seats#", "Cost#", "Until", "Left"),
        rows,
        empty="No unsold seat may go back.",
    )
    return Panel("Windows that close first", table)


@panel("inventory.eventseat", needs="suppliers.supplierreturn")
def returns_of(request, seat):
    lines = ReturnLine.objects.filter(acquisition__event_seat=seat).select_related(
        "supplier_return__supplier"
    )
    rows = [
        [linked(line.supplier_return), line.supplier_return.supplier, status_of(line, "state")]
        for line in lines.order_by("pk")
    ]
    table = Table(columns("Return", "To", "State"), rows)
    return Panel("Sent back", table) if rows else None
