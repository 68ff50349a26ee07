"""Delivery receipts, and what suppliers sent with them: their own barcodes and files."""

from django.contrib import admin
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header

from agencies.queries import current_agency
from core.admin_base import ReadOnlyAdmin, step
from core.admin_parts import (
    Entry,
    Panel,
    Table,
    columns,
    day,
    linked,
    money_column,
    timeline,
    when,
)
from core.money import Money
from core.words import many
from payments.admin_ledger import entries_of, entries_table
from suppliers.admin_receiving_panels import document_of, file_of
from suppliers.models import AccountsPayable, DeliveryDocument, DeliveryReceipt, SupplierCode
from suppliers.receipt_paper import extra_of, parts_of
from suppliers.receipt_paper import render as render_paper
from venues.labels import named, section_name

# What a browser may show; anything else of a stranger is only ever saved.
SHOWN_TYPES = ("application/pdf", "text/plain", "text/csv", "image/png", "image/jpeg")


@admin.register(DeliveryReceipt)
class DeliveryReceiptAdmin(ReadOnlyAdmin):
    list_display = [
        "number",
        "order",
        "supplier",
        "received",
        "seats",
        money_column("amount", "Amount"),
    ]
    list_filter = [
        ("order__supplier", admin.RelatedOnlyFieldListFilter),
        ("received_at", admin.DateFieldListFilter),
    ]
    list_select_related = ["order__supplier"]
    search_fields = ["number", "order__number", "delivery_reference", "order__supplier__name"]
    ordering = ["-received_at", "pk"]
    fields = [
        *("number", "order_link", "supplier", "delivery_reference", "delivered_on", "fulfillment"),
        *("transfer_details", "received", "received_by"),
    ]
    readonly_fields = ["order_link", "supplier", "received"]
    steps = ["as_pdf", "print_out"]
    export_columns = {
        "Number": "number",
        "Order": "order__number",
        "Supplier": "order__supplier__name",
        "Received": "received_at",
        "Seats": "seats",
        "Amount": "amount",
        "Currency": "currency",
        "Their reference": "delivery_reference",
    }

    @admin.display(description="Order")
    def order_link(self, receipt):
        return linked(receipt.order)

    @admin.display(description="Supplier", ordering="order__supplier__name")
    def supplier(self, receipt):
        return receipt.order.supplier

    @admin.display(description="Received", ordering="received_at")
    def received(self, receipt):
        return when(receipt.received_at)

    def panels(self, request, receipt):
        parts = list(parts_of(receipt))
        rows = [
            [
                *(part.line.event, part.places, f"{part.quantity:,}"),
                *(each.display() for each in (part.line.cost, part.extra, part.money)),
            ]
            for part in parts
        ]
        foot = [
            "All together",
            "",
            f"{receipt.seats:,}",
            "",
            extra_of(receipt, parts).display(),
            Money(receipt.amount, receipt.currency).display(),
        ]
        titles = columns("Event", "Places", "Seats#", "Each#", "Extra costs#", "Total#")
        found = [Panel("What arrived", Table(titles, rows, foot))]
        if self.admin_site.allows(request, "view", SupplierCode):
            found += filter(None, [_codes(receipt)])
        if self.admin_site.allows(request, "view", "payments.journal"):
            booked = entries_of(source="receipt", source_id=receipt.pk)
            found.append(Panel("In the ledger", entries_table(booked)))
        return found

    def history_of(self, request, receipt):
        """A receipt is written once; what can still happen is that it is paid."""
        owed = Money(receipt.amount, receipt.currency).display()
        arrived = Entry(
            receipt.received_at,
            str(receipt.received_by or "the system"),
            f"{many(receipt.seats, 'seat')} of {receipt.order} received, {owed} owed for them",
        )
        payables = AccountsPayable.objects.filter(receipt=receipt)
        return timeline(payables, [arrived])

    @step("PDF", is_page=True, right="view")
    def as_pdf(self, request, receipt):
        response = HttpResponse(render_paper(receipt), content_type="application/pdf")
        name = f"{receipt.number}.pdf"
        response["Content-Disposition"] = content_disposition_header(False, name)
        response["Cache-Control"] = "private, no-store"
        return response

    @step("Print", is_page=True, right="view")
    def print_out(self, request, receipt):
        parts = list(parts_of(receipt))
        context = {
            "receipt": receipt,
            "agency": current_agency(),
            "parts": parts,
            "extra": extra_of(receipt, parts),
            "total": Money(receipt.amount, receipt.currency),
        }
        return render(request, "admin/receipt_print.html", context)


def _codes(receipt):
    """How many barcodes and files the supplier gave, with the way to them."""
    codes = SupplierCode.objects.filter(acquisition__receipt=receipt)
    given = codes.aggregate(
        barcodes=Count("pk", filter=~Q(barcode="")), files=Count("pk", filter=Q(barcode=""))
    )
    if not any(given.values()):
        return None
    table = Table(columns("Barcodes#", "Files without one#"), [[f"{n:,}" for n in given.values()]])
    page = reverse("admin:suppliers_suppliercode_changelist")
    return Panel("From the supplier", table, link=(f"{page}?q={receipt.number}", "Show them"))


@admin.register(SupplierCode)
class SupplierCodeAdmin(ReadOnlyAdmin):
    """The suppliers' own barcodes and files by place. No gate knows them and no buyer sees them."""

    list_display = ["barcode_shown", "file", "place", "event", "supplier", "receipt"]
    list_filter = [("acquisition__supplier", admin.RelatedOnlyFieldListFilter)]
    list_select_related = [
        "acquisition__supplier",
        "acquisition__receipt",
        "acquisition__event_seat__event",
        "acquisition__event_seat__seat__section",
    ]
    search_fields = ["barcode", "file_name", "acquisition__receipt__number"]
    ordering = ["-pk"]
    fields = ["barcode_shown", "document", "place", "event", "supplier", "receipt", "in_hand"]
    readonly_fields = fields
    export_columns = {
        "Barcode": "barcode",
        "Link": "link",
        "File": "file_name",
        "Event": "acquisition__event_seat__event__title",
        "Section": "acquisition__event_seat__seat__section__label",
        "Row": "acquisition__event_seat__seat__row",
        "Seat": "acquisition__event_seat__seat__label",
        "Supplier": "acquisition__supplier__name",
        "Receipt": "acquisition__receipt__number",
    }

    @admin.display(description="Their barcode", ordering="barcode")
    def barcode_shown(self, code):
        return code.barcode or "–"

    @admin.display(description="Their file")
    def file(self, code):
        return file_of(code)

    @admin.display(description="Their file")
    def document(self, code):
        return document_of(code)

    @admin.display(description="Place")
    def place(self, code):
        seat = code.acquisition.event_seat.seat
        row = seat.row and named(seat.row, "row")
        parts = [section_name(seat.section.label), row, named(seat.label, "seat")]
        return ", ".join(filter(None, parts))

    @admin.display(description="Event")
    def event(self, code):
        return linked(code.acquisition.event_seat.event)

    @admin.display(description="Supplier")
    def supplier(self, code):
        return linked(code.acquisition.supplier)

    @admin.display(description="Receipt")
    def receipt(self, code):
        return linked(code.acquisition.receipt)

    @admin.display(description="In hand on")
    def in_hand(self, code):
        return day(code.acquisition.in_hand_on)


@admin.register(DeliveryDocument)
class DeliveryDocumentAdmin(ReadOnlyAdmin):
    """Files that suppliers sent, as they came."""

    list_display = ["name", "order", "bytes", "added_by", "added"]
    list_filter = [("added_at", admin.DateFieldListFilter)]
    list_select_related = ["order", "added_by"]
    search_fields = ["name", "order__number", "order__supplier__name"]
    ordering = ["-added_at", "pk"]
    fields = ["name", "order_link", "content_type", "bytes", "sha256", "added_by", "added"]
    readonly_fields = fields
    steps = ["open_file"]
    export_columns = {
        "Name": "name",
        "Order": "order__number",
        "Type": "content_type",
        "Bytes": "size",
        "SHA-256": "sha256",
        "Added": "added_at",
    }

    def get_queryset(self, request):
        return super().get_queryset(request).defer("content")

    @admin.display(description="Order")
    def order_link(self, document):
        return linked(document.order)

    @admin.display(description="Bytes", ordering="size")
    def bytes(self, document):
        return f"{document.size:,}"

    @admin.display(description="Added", ordering="added_at")
    def added(self, document):
        return when(document.added_at)

    @step("Save the file", is_page=True, right="view")
    def open_file(self, request, document):
        """The file as it came, to be saved: what strangers send runs nowhere on this site."""
        kind = document.content_type if document.content_type in SHOWN_TYPES else ""
        response = HttpResponse(
            bytes(document.content), content_type=kind or "application/octet-stream"
        )
        response["Content-Disposition"] = content_disposition_header(True, document.name)
        response["Content-Security-Policy"] = "sandbox; default-src 'none'"
        response["X-Content-Type-Options"] = "nosniff"
        response["Cache-Control"] = "private, no-store"
        return response
