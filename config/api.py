"""The routes of /api/v1/."""

from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView

from analytics import api as reports
from bookings import api as bookings
from bookings import cancelling_api as cancelling
from bookings import choosing_api as choosing
from bookings import orders_api as bookings_orders
from bookings import payments_api as payments
from bookings import presales_api as bookings_presales
from bookings import reading_api as reading
from events import api as events
from inventory import api as inventory
from inventory import holds_api as holds
from inventory import live_api as live
from inventory import plans_api as plans
from inventory import staff_api as stock
from payments.views import webhook
from promotions import api as promotions
from suppliers.api import orders, payables, returns, suppliers
from tickets import api as tickets

# An event as it is seen through a presale, whose key the address has.
PRESALE = [
    path("status", live.EventStatus.as_view(), name="presale_status"),
    path("changes", live.EventChanges.as_view(), name="presale_changes"),
    path("stream", live.EventStream.as_view(), name="presale_stream"),
    path("availability", inventory.EventAvailability.as_view(), name="presale_availability"),
]
# Looking for places of an event, before any is reserved.
SEATS = [
    path("validate", choosing.ValidateSeats.as_view(), name="validate_seats"),
    path("best-available", choosing.BestSeats.as_view(), name="best_seats"),
    path("find-adjacent", choosing.AdjacentSeats.as_view(), name="adjacent_seats"),
]
urlpatterns = [
    path("events", events.Events.as_view(), name="events"),
    path("events/<uuid:event_id>", events.OneEvent.as_view(), name="event"),
    path("events/<uuid:event_id>/status", live.EventStatus.as_view(), name="status"),
    path("events/<uuid:event_id>/changes", live.EventChanges.as_view(), name="changes"),
    path("events/<uuid:event_id>/stream", live.EventStream.as_view(), name="stream"),
    path(
        "events/<uuid:event_id>/availability",
        inventory.EventAvailability.as_view(),
        name="availability",
    ),
    path(
        "events/<uuid:event_id>/presales", bookings_presales.EnterPresale.as_view(), name="presales"
    ),
    path("events/<uuid:event_id>/presales/<str:key>/", include(PRESALE)),
    path("events/<uuid:event_id>/seats/", include(SEATS)),
    path("inventory/events/<uuid:event_id>", stock.OwnedSeats.as_view(), name="stock"),
    path("inventory/events/<uuid:event_id>/seats", stock.EventSeats.as_view(), name="seats"),
    path("inventory/events/<uuid:event_id>/available", stock.AvailableSeats.as_view(), name="free"),
    path(
        "inventory/events/<uuid:event_id>/seats/<int:event_seat_id>",
        stock.OneSeat.as_view(),
        name="seat",
    ),
    path(
        "inventory/events/<uuid:event_id>/seats/<int:event_seat_id>/price",
        stock.SeatPrice.as_view(),
        name="seat_price",
    ),
    path(
        "inventory/events/<uuid:event_id>/seats/<int:event_seat_id>/return",
        returns.ReturnSeat.as_view(),
        name="seat_return",
    ),
    path("inventory/allocation/plan", plans.MakePlan.as_view(), name="plan_make"),
    path("inventory/allocation/plans", plans.Plans.as_view(), name="plans"),
    path("inventory/allocation/plans/<uuid:plan_id>", plans.OnePlan.as_view(), name="plan"),
    path("inventory/allocation/apply", plans.ApplyPlan.as_view(), name="plan_apply"),
    path("inventory/allocation/visualization", plans.PlanPicture.as_view(), name="plan_picture"),
    path("inventory/holds", holds.Holds.as_view(), name="holds"),
    path("inventory/holds/<uuid:hold_id>", holds.OneHold.as_view(), name="hold"),
    path(
        "inventory/holds/<uuid:hold_id>/release", holds.ReleaseHold.as_view(), name="hold_release"
    ),
    path(
        "inventory/events/<uuid:event_id>/availability",
        inventory.EventAvailability.as_view(),
        name="inventory_availability",
    ),
    path(
        "inventory/events/<uuid:event_id>/availability/realtime",
        live.EventStatus.as_view(),
        name="inventory_status",
    ),
    path("inventory/reports/value", reports.StockValue.as_view(), name="stock_value"),
    path("inventory/reports/movement", reports.StockMovement.as_view(), name="stock_movement"),
    path("inventory/reserve", bookings.Reserve.as_view(), name="reserve"),
    path("inventory/reserve/batch", bookings.ReserveBatch.as_view(), name="reserve_batch"),
    path("inventory/release", bookings.Release.as_view(), name="release"),
    path("suppliers", suppliers.Suppliers.as_view(), name="suppliers"),
    path("suppliers/<uuid:supplier_id>", suppliers.OneSupplier.as_view(), name="supplier"),
    path("purchase-orders", orders.Orders.as_view(), name="orders"),
    path("purchase-orders/<uuid:po_id>", orders.OneOrder.as_view(), name="order"),
    path("purchase-orders/<uuid:po_id>/submit", orders.SubmitOrder.as_view(), name="submit"),
    path("purchase-orders/<uuid:po_id>/withdraw", orders.WithdrawOrder.as_view(), name="withdraw"),
    path("purchase-orders/<uuid:po_id>/approve", orders.ApproveOrder.as_view(), name="approve"),
    path("purchase-orders/<uuid:po_id>/cancel", orders.CancelOrder.as_view(), name="cancel"),
    path("purchase-orders/<uuid:po_id>/confirm", orders.ConfirmOrder.as_view(), name="confirm"),
    path("purchase-orders/<uuid:po_id>/receive", orders.ReceiveOrder.as_view(), name="receive"),
    path("purchase-orders/<uuid:po_id>/pay", payables.PayOrder.as_view(), name="pay_order"),
    path("accounts-payable", payables.Payables.as_view(), name="payables"),
    path("accounts-payable/<uuid:invoice_id>", payables.OnePayable.as_view(), name="payable"),
    path("accounts-payable/<uuid:invoice_id>/pay", payables.PayPayable.as_view(), name="pay_debt"),
    path("promotions", promotions.Promotions.as_view(), name="promotions"),
    path("promotions/validate", promotions.ValidateCodes.as_view(), name="validate_codes"),
    path("promotions/<uuid:promotion_id>", promotions.OnePromotion.as_view(), name="promotion"),
    path("bookings", reading.Bookings.as_view(), name="bookings"),
    path(
        "bookings/customer/<uuid:customer_id>",
        reading.BookingsOfCustomer.as_view(),
        name="bookings_of_customer",
    ),
    path("bookings/<uuid:booking_id>", reading.OneBooking.as_view(), name="booking"),
    path(
        "bookings/<uuid:booking_id>/tickets",
        reading.BookingTickets.as_view(),
        name="booking_tickets",
    ),
    path("bookings/<uuid:booking_id>/summary", reading.BookingSummary.as_view(), name="summary"),
    path("bookings/<uuid:booking_id>/renew", bookings.BookingRenew.as_view(), name="renew"),
    path("bookings/<uuid:booking_id>/contact", bookings.BookingContact.as_view(), name="contact"),
    path("bookings/<uuid:booking_id>/pay", bookings.BookingPay.as_view(), name="pay"),
    path(
        "bookings/<uuid:booking_id>/cancellation",
        cancelling.CancellationPreview.as_view(),
        name="cancellation",
    ),
    path(
        "bookings/<uuid:booking_id>/tickets/cancel",
        cancelling.CancelTickets.as_view(),
        name="cancel_tickets",
    ),
    path("orders", bookings_orders.Orders.as_view(), name="buyers_orders"),
    path("orders/<uuid:order_id>", bookings_orders.OneOrder.as_view(), name="buyers_order"),
    path(
        "orders/<uuid:order_id>/confirm",
        bookings_orders.ConfirmOrder.as_view(),
        name="confirm_buyers_order",
    ),
    path("payments/process", payments.ProcessPayment.as_view(), name="process_payment"),
    path("payments/<uuid:transaction_id>", payments.OnePayment.as_view(), name="payment"),
    path(
        "payments/<uuid:transaction_id>/refund",
        payments.RefundPayment.as_view(),
        name="refund_payment",
    ),
    path("payments/webhooks/<slug:provider>", webhook, name="webhook"),
    path("gate", tickets.DeviceGate.as_view(), name="gate"),
    path("tickets/<uuid:ticket_id>/attendee", bookings.TicketAttendee.as_view(), name="attendee"),
    path("tickets/scan", tickets.ScanTicket.as_view(), name="scan"),
    path("schema/", SpectacularJSONAPIView.as_view(), name="schema"),
]
