"""Settling what was sold on consignment: a look at it, then the numbered statement."""

from datetime import datetime

from django import forms
from django.contrib import admin
from django.db.models import Count, Sum
from django.http import HttpResponse
from django.shortcuts import render

from agencies.queries import current_agency, local_today
from core.admin_base import BackOfficeAdmin, step
from core.admin_parts import Panel, Table, amount, columns, linked, money_column, when
from core.errors import DomainError
from core.money import Money
from core.words import many
from payments.admin_ledger import entries_of, entries_table
from suppliers import services
from suppliers.admin_choosing import Choosing, chosen, link_to_add
from suppliers.admin_forms import day_field
from suppliers.models import ConsignmentSale, SettlementStatement, Supplier
from suppliers.services.consignment import balance, end_of, unsettled
from suppliers.settlement_paper import parts_of
from suppliers.settlement_paper import render as render_statement


class UpToForm(forms.Form):
    """Of which supplier, until the end of which day, in which currency."""

    supplier = forms.ModelChoiceField(Supplier.objects.all())
    up_to = day_field("Sales up to and on")
    currency = forms.CharField(min_length=3, max_length=3)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["up_to"].required = True

    def clean_up_to(self):
        if self.cleaned_data["up_to"] > local_today():
            raise forms.ValidationError("Choose a day that has gone by, or today.")
        return self.cleaned_data["up_to"]


@admin.register(SettlementStatement)
class SettlementStatementAdmin(Choosing, BackOfficeAdmin):
    list_display = [
        "number",
        "supplier",
        "until",
        "seats",
        money_column("amount", "Amount"),
        "made",
    ]
    list_filter = [
        ("supplier", admin.RelatedOnlyFieldListFilter),
        ("made_at", admin.DateFieldListFilter),
        "currency",
    ]
    list_select_related = ["supplier"]
    list_before_template = "admin/waiting.html"
    search_fields = ["number", "supplier__name"]
    ordering = ["-made_at", "pk"]
    fields = ["supplier_link", "until", "seats", "sum", "made", "made_by"]
    readonly_fields = fields
    steps = ["print_out", "pdf"]
    export_columns = {
        "Number": "number",
        "Supplier": "supplier__name",
        "Up to": "up_to",
        "Seats": "seats",
        "Amount": "amount",
        "Currency": "currency",
        "Made": "made_at",
    }

    def changelist_view(self, request, extra_context=None):
        extra = {"waiting": waiting_panel(), **(extra_context or {})}
        return super().changelist_view(request, extra)

    @admin.display(description="Up to", ordering="up_to")
    def until(self, statement):
        return when(statement.up_to)

    @admin.display(description="Made", ordering="made_at")
    def made(self, statement):
        return when(statement.made_at)

    @admin.display(description="Amount")
    def sum(self, statement):
        return amount(statement.amount, statement.currency)

    @admin.display(description="Supplier")
    def supplier_link(self, statement):
        return linked(statement.supplier)

    def under_title(self, statement):
        return [linked(statement.supplier), many(statement.seats, "seat")]

    def panels(self, request, statement):
        booked = entries_of(source="statement", source_id=statement.pk)
        debts = statement.payables.order_by("pk")
        owed = Table(columns("Debt", "Left#"), [[linked(d), d.left.display()] for d in debts])
        return [
            sales_panel(statement.sales.all(), statement.money),
            *([Panel("Owed by it", owed)] if owed.rows else []),
            Panel("In the ledger", entries_table(booked)),
        ]

    # Making one

    def add_view(self, request, form_url="", extra_context=None):
        """Until when, then a look at what was sold, then the statement."""
        self.check_may_add(request)
        if "seen" in request.POST:
            return self._settle(request)
        supplier = chosen(Supplier.objects.all(), request.GET.get("supplier"))
        initial = {
            "supplier": supplier,
            "up_to": local_today(),
            "currency": request.GET.get("currency") or current_agency().currency,
        }
        return self.form_page(
            request,
            UpToForm(request.POST or None, initial=initial),
            lambda form: self._preview(request, **form.cleaned_data),
            title="New settlement statement",
            note="What was sold on consignment, less what came back, is settled up to a day. The next "
            "page shows it before anything is made.",
            submit="Preview",
        )

    def _preview(self, request, *, supplier, up_to, currency):
        services.accrue()
        moment = end_of(up_to)
        sales = unsettled(supplier=supplier, currency=currency.upper(), up_to=moment)
        _, owed = balance(sales)
        if not sales.exists():
            raise services.NothingToSettle(f"Nothing of {supplier} waits for a statement.")
        owed = Money(owed, currency.upper())
        return self.page(
            request,
            "admin/do_it.html",
            title=f"Settle with {supplier}",
            note=_consequence(supplier, owed),
            hidden=[
                *(("supplier", supplier.pk), ("up_to", moment.isoformat())),
                *(("currency", owed.currency), ("seen", owed.amount)),
            ],
            submit=f"Make the statement over {owed.display()}",
            back=request.path,
            panels=[sales_panel(sales, owed)],
        )

    def _settle(self, request):
        given = request.POST
        try:
            statement = services.settle(
                supplier=Supplier.objects.get(pk=given.get("supplier")),
                currency=given["currency"],
                up_to=datetime.fromisoformat(given["up_to"]),
                amount=Money(forms.DecimalField().clean(given["seen"]), given["currency"]),
                by=request.user,
            )
        except DomainError as refused:
            form = UpToForm(initial={"supplier": given.get("supplier"), "up_to": local_today()})
            self.message_user(request, refused.message, level="error")
            return self.form_page(request, form, None, title="New settlement statement")
        done = f"{statement} over {statement.money.display()} is made and goes to {statement.supplier}."
        return self.back(request, statement, done=done)

    # Paper

    @step("Print", is_page=True, right="view")
    def print_out(self, request, statement):
        context = {
            "statement": statement,
            "agency": current_agency(),
            "parts": parts_of(statement.sales.all()),
            "total": statement.money,
        }
        return render(request, "admin/statement_print.html", context)

    @step("PDF", is_page=True, right="view")
    def pdf(self, request, statement):
        named = {"Content-Disposition": f'inline; filename="{statement.number}.pdf"'}
        return HttpResponse(
            render_statement(statement), content_type="application/pdf", headers=named
        )


def _consequence(supplier, owed):
    if owed.amount > 0:
        terms = supplier.get_payment_terms_display().lower()
        return f"{owed.display()} becomes owed to {supplier}, {terms}."
    if owed.amount < 0:
        return f"More came back than was sold: {(-owed).display()} becomes a credit note."
    return "As much came back as was sold: nothing becomes owed."


def sales_panel(sales, owed):
    """What a statement is about, by event and line."""
    rows = [
        [
            part.event,
            part.line,
            f"{part.sold:,}",
            f"{part.back:,}",
            part.cost.display(),
            part.owed.display(),
        ]
        for part in parts_of(sales)
    ]
    foot = ["All together", "", "", "", "", owed.display()]
    titles = columns("Event", "Seats", "Sold#", "Came back#", "Each#", "Owed#")
    return Panel("Sold on consignment", Table(titles, rows, foot))


def waiting_panel():
    """What waits for a statement, by supplier and currency."""
    sums = (
        ConsignmentSale.objects.filter(statement=None)
        .order_by()
        .values("acquisition__supplier", "acquisition__supplier__name", "currency")
        .annotate(sales=Count("pk"), owed=Sum("amount"))
        .order_by("acquisition__supplier__name", "currency")
    )
    rows = [
        [
            link_to_add(
                SettlementStatement,
                row["acquisition__supplier__name"],
                supplier=row["acquisition__supplier"],
                currency=row["currency"],
            ),
            f"{row['sales']:,}",
            Money(row["owed"], row["currency"]).display(),
        ]
        for row in sums
    ]
    table = Table(
        columns("Supplier", "Sales#", "Owed#"), rows, empty="Nothing waits for a statement."
    )
    return Panel("Waiting for a statement", table, count=len(rows))
