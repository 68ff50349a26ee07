"""Invoices and credit notes on the desk, for the bookkeeper."""

from django.contrib import admin
from django.http import HttpResponse

from bookings.invoice_paper import paper_of
from bookings.models import Invoice
from core.admin_base import ReadOnlyAdmin, step
from core.admin_parts import Panel, Table, columns, linked, money_column, when
from payments.admin import refunds_table


@admin.register(Invoice)
class InvoiceAdmin(ReadOnlyAdmin):
    list_display = [
        "number",
        "kind",
        "issued",
        "to_whom",
        "of_booking",
        money_column("total", "Total"),
    ]
    list_display_links = ["number"]
    list_filter = ["kind", "currency", ("issued_at", admin.DateFieldListFilter)]
    list_select_related = ["booking__customer"]
    search_fields = ["number", "booking__number", "booking__customer__email"]
    search_help_text = "Number, booking or e-mail"
    ordering = ["-issued_at", "pk"]
    fields = ["kind", "issued", "to_whom", "booking_link"]
    readonly_fields = fields
    steps = ["download"]
    export_columns = {
        "Number": "number",
        "Kind": "kind",
        "Issued": "issued_at",
        "Booking": "booking__number",
        "To": "booking__customer__name",
        "E-mail": "booking__customer__email",
        "Total": "total",
        "Currency": "currency",
    }

    @admin.display(description="Issued", ordering="issued_at")
    def issued(self, invoice):
        return when(invoice.issued_at)

    @admin.display(description="To")
    def to_whom(self, invoice):
        return ", ".join(invoice.content["buyer"])

    @admin.display(description="Booking", ordering="booking__number")
    def of_booking(self, invoice):
        return invoice.booking.number

    @admin.display(description="Booking")
    def booking_link(self, invoice):
        return linked(invoice.booking)

    def panels(self, request, invoice):
        said = invoice.content
        rows = [
            *said["lines"],
            *said["rows"],
            *([f"of which {w}", a] for w, a in said["contained"]),
        ]
        says = Panel("What it says", Table(columns("", f"{invoice.currency}#"), rows))
        return [says, *self._money_back(invoice)]

    def _money_back(self, invoice):
        """How the money of a credit note goes back: the paper does not change by it."""
        refunds = invoice.cancellation.refunds if invoice.cancellation else []
        return [Panel("Money", refunds_table(refunds))] if refunds else []

    @step("Download the PDF", right="view", is_page=True)
    def download(self, request, invoice):
        response = HttpResponse(paper_of(invoice), content_type="application/pdf")
        response["Content-Disposition"] = f'attachment; filename="{invoice.number}.pdf"'
        return response
