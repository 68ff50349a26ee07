"""Bookings with their money, seat by seat, beside what the ledger says about them."""

from django.contrib import admin
from django.db.models.functions import Now
from django.http import HttpResponse
from django.utils.html import format_html

from bookings import (  # noqa: F401 - they register
    admin_alerts,
    admin_credit,
    admin_invoices,
    admin_promotions,
)
from bookings.admin_cancelling import cancel_page, cancellations_panel, changed_panel
from bookings.admin_changes import EventChangeAdmin
from bookings.admin_codes import TakesCodes
from bookings.admin_desk import AtTheDesk
from bookings.admin_exchanging import exchange_page
from bookings.admin_giving import hand_over_page
from bookings.admin_holds import HoldAdmin
from bookings.admin_panels import (
    books_panel,
    came_back,
    chosen_panel,
    items_panel,
    money_panels,
    order_panel,
)
from bookings.admin_selling import SellsAtDesk
from bookings.evidence import pack_of
from bookings.models import Booking, Status
from bookings.orders import payments_of
from bookings.services import abandon
from bookings.telling import changed_for, codes_in_and_out, prolonged, tickets_told
from core.admin_base import ReadOnlyAdmin, step
from core.admin_parts import (
    amount,
    linked,
    money_column,
    pill,
    status_column,
    timeline,
    when,
)
from core.errors import DomainError
from payments.models import Dispute, Refund
from tickets.models import Transfer


def _back(booking):
    return sum(each.refunded + each.credited for each in booking.cancellations.all())


class ReservedFilter(admin.SimpleListFilter):
    title = "reservation"
    parameter_name = "kept"

    def lookups(self, request, model_admin):
        return [("running", "Waiting for payment"), ("over", "Time is over")]

    def queryset(self, request, queryset):
        rules = {"running": {"reserved_until__gt": Now()}, "over": {"reserved_until__lte": Now()}}
        if self.value() not in rules:
            return queryset
        return queryset.filter(status=Status.RESERVED, **rules[self.value()])


@admin.register(Booking)
class BookingAdmin(AtTheDesk, TakesCodes, SellsAtDesk, ReadOnlyAdmin):
    list_display = [
        *("number", "concert", "buyer", "tickets", money_column("total", "Total")),
        *(status_column(), "channel", "reserved"),
    ]
    list_filter = [
        *("status", ReservedFilter, "channel", ("event", admin.RelatedOnlyFieldListFilter)),
        ("reserved_at", admin.DateFieldListFilter),
    ]
    list_select_related = ["event", "customer"]
    search_fields = ["number", "customer__email", "customer__name", "event__title"]
    search_help_text = "Number, guest or event"
    ordering = ["-reserved_at", "pk"]
    fields = [
        *("event_link", "buyer_link", "channel", "price_shown", "discount_shown", "fee_shown"),
        *("tax_shown", "total_shown", "paid", "given_back", "left", "reserved", "kept_until"),
        *("confirmed", "closed", "cancellation_reason"),
    ]
    readonly_fields = fields
    steps = [
        "take_cash",
        "take_card",
        "pay_by_credit",
        "by_transfer",
        "confirm_for_nothing",
        "enter_code",
        "take_codes_out",
        "hand_back",
        "desk_receipt",
        "give_up",
        "cancel_tickets",
        "change_seats",
        "hand_over",
        "evidence",
    ]
    actions = ["give_up_selected"]
    export_columns = {
        "Number": "number",
        "Event": "event__title",
        "Starts": "event__starts_at",
        "Guest": "customer__name",
        "E-mail": "customer__email",
        "Tickets": "ticket_count",
        "Price": "price",
        "Discount": "discount",
        "Fee": "fee",
        "Tax on top": "tax_on_top",
        "Total": "total",
        "Tax contained in prices": "tax_in_price",
        "Tax contained in fees": "tax_in_fee",
        "Currency": "currency",
        "Status": "status",
        "Channel": "channel",
        "Reserved": "reserved_at",
        "Confirmed": "confirmed_at",
    }

    # Columns and facts

    @admin.display(description="Event", ordering="event__starts_at")
    def concert(self, booking):
        return booking.event.title

    @admin.display(description="Guest", ordering="customer__name")
    def buyer(self, booking):
        return booking.customer or "–"

    @admin.display(description="Tickets", ordering="ticket_count")
    def tickets(self, booking):
        return booking.ticket_count

    @admin.display(description="Event")
    def event_link(self, booking):
        return linked(booking.event)

    @admin.display(description="Guest")
    def buyer_link(self, booking):
        return linked(booking.customer)

    @admin.display(description="Price of the tickets")
    def price_shown(self, booking):
        return amount(booking.price, booking.currency)

    @admin.display(description="Discount")
    def discount_shown(self, booking):
        return amount(-booking.discount, booking.currency) if booking.discount else "–"

    @admin.display(description="Tax on top")
    def tax_shown(self, booking):
        return amount(booking.tax_on_top, booking.currency) if booking.tax_on_top else "–"

    @admin.display(description="Fee")
    def fee_shown(self, booking):
        return amount(booking.fee, booking.currency)

    @admin.display(description="Total")
    def total_shown(self, booking):
        return amount(booking.total, booking.currency)

    @admin.display(description="Paid")
    def paid(self, booking):
        return amount(booking.total if booking.confirmed_at else None, booking.currency)

    @admin.display(description="Given back")
    def given_back(self, booking):
        told = came_back(booking) if booking.confirmed_at else "–"
        return format_html('<span class="num amount">{}</span>', told)

    @admin.display(description="Left")
    def left(self, booking):
        left = booking.total - _back(booking) if booking.confirmed_at else None
        return amount(left, booking.currency)

    @admin.display(description="Reserved", ordering="reserved_at")
    def reserved(self, booking):
        return when(booking.reserved_at)

    @admin.display(description="Kept until")
    def kept_until(self, booking):
        return when(booking.reserved_until)

    @admin.display(description="Confirmed")
    def confirmed(self, booking):
        return when(booking.confirmed_at)

    @admin.display(description="Closed")
    def closed(self, booking):
        return when(booking.closed_at)

    # The page

    def under_title(self, booking):
        new = changed_for(booking) if booking.status == Status.REFUNDED else ""
        return [pill("REFUNDED", f"Changed for {new}")] if new else super().under_title(booking)

    def panels(self, request, booking):
        items = self._items(request, booking)
        first = [
            *(items, order_panel(booking)),
            *(changed_panel(booking), cancellations_panel(booking)),
        ]
        found = [*filter(None, first)]
        if self.admin_site.allows(request, "view", "payments.payment"):
            found += money_panels(booking)
        if self.admin_site.allows(request, "view", "payments.journal"):
            found.append(books_panel(booking))
        return found

    def _items(self, request, booking):
        with_costs = self.admin_site.allows(request, "view", "analytics.profit")
        return items_panel(booking, with_costs=with_costs)

    def history_of(self, request, booking):
        payments = payments_of(booking)
        refunds = Refund.objects.filter(payment__in=payments)
        tickets = tickets_told(booking)
        offers = Transfer.objects.filter(rows__ticket__in=tickets).distinct()
        more = [*prolonged(booking), *codes_in_and_out(booking)]
        return timeline([booking, *payments, *refunds, *tickets, *offers], more)

    @step(
        "Give up the reservation",
        when=lambda booking: booking.status == Status.RESERVED,
        tone="danger",
        says="Its seats go back on sale at once. If money still comes for it, it is paid back.",
    )
    def give_up(self, request, booking):
        abandon(booking.pk, reason="given up by the box office")
        return f"{booking} is given up; its seats are on sale again."

    @step("Cancel tickets", when=lambda booking: booking.is_sold, tone="danger", is_page=True)
    def cancel_tickets(self, request, booking):
        return cancel_page(self, request, booking)

    @step("Change seats", when=lambda booking: booking.is_sold, is_page=True)
    def change_seats(self, request, booking):
        return exchange_page(self, request, booking)

    @step(
        "Hand tickets to somebody",
        when=lambda booking: booking.is_sold and booking.customer_id is not None,
        is_page=True,
    )
    def hand_over(self, request, booking):
        return hand_over_page(self, request, booking)

    def give_up_preview(self, request, booking):
        return [self._items(request, booking)]

    @step(
        "Get the evidence pack",
        when=lambda booking: Dispute.objects.filter(payment__in=payments_of(booking)).exists(),
        right="view",
        is_page=True,
    )
    def evidence(self, request, booking):
        """The pack as a download: what shows the buyer's bank that the sale was real."""
        response = HttpResponse(pack_of(booking), content_type="application/zip")
        name = f"evidence-{booking.number}.zip"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    @admin.action(description="Give up these reservations", permissions=["step"])
    def give_up_selected(self, request, bookings):
        """Says first what would happen; does it once that was confirmed."""
        chosen = list(bookings.order_by("-reserved_at", "pk"))
        if "confirmed" not in request.POST:
            return self.page(
                request,
                "admin/confirm_many.html",
                title="Give up these reservations?",
                action="give_up_selected",
                chosen=chosen,
                panels=[chosen_panel(chosen)],
            )
        given_up = [booking for booking in chosen if self._given_up(booking)]
        kept = len(chosen) - len(given_up)
        words = f"{len(given_up)} reservations are given up."
        self.message_user(request, f"{words} {kept} could not be." if kept else words)
        return None

    def _given_up(self, booking):
        try:
            return abandon(booking.pk, reason="given up by the box office")
        except DomainError:
            return None


__all__ = ["BookingAdmin", "EventChangeAdmin", "HoldAdmin"]
