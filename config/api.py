"""The routes of /api/v1/."""

from django.urls import path
from drf_spectacular.views import SpectacularJSONAPIView

from bookings import api as bookings
from events import api as events
from inventory import api as inventory
from tickets import api as tickets

urlpatterns = [
    path("events", events.Events.as_view(), name="events"),
    path("events/<uuid:event_id>", events.OneEvent.as_view(), name="event"),
    path("events/<uuid:event_id>/status", inventory.EventStatus.as_view(), name="status"),
    path(
        "events/<uuid:event_id>/availability",
        inventory.EventAvailability.as_view(),
        name="availability",
    ),
    path("bookings", bookings.Bookings.as_view(), name="bookings"),
    path("bookings/<uuid:booking_id>", bookings.OneBooking.as_view(), name="booking"),
    path("bookings/<uuid:booking_id>/contact", bookings.BookingContact.as_view(), name="contact"),
    path("bookings/<uuid:booking_id>/pay", bookings.BookingPay.as_view(), name="pay"),
    path("gate", tickets.DeviceGate.as_view(), name="gate"),
    path("tickets/scan", tickets.ScanTicket.as_view(), name="scan"),
    path("schema/", SpectacularJSONAPIView.as_view(), name="schema"),
]
