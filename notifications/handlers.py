"""Which fact is told to whom."""

from django.urls import reverse

from agencies.queries import current_agency, site_of
from bookings.facts import BookingConfirmed, BookingSought, LateMoneyRefunded
from bookings.links import mailed_key
from bookings.models import Booking
from bookings.printing import pdf_of
from core.money import Money
from core.outbox import subscribe
from notifications.services import send_once
from payments.models import Refund


def _booking(booking_id):
    bookings = Booking.objects.select_related("event__venue", "customer")
    return bookings.get(pk=booking_id)


def _context(booking):
    page = reverse("booking", args=[booking.pk])
    return {
        "booking": booking,
        "event": booking.event,
        "customer": booking.customer,
        "total": booking.money,
        "price": Money(booking.price, booking.currency),
        "fee": Money(booking.fee, booking.currency),
        "items": [
            {"ticket": item.ticket, "total": Money(item.total, item.currency)}
            for item in booking.items.select_related("ticket").order_by("position")
        ],
        "booking_url": f"{site_of(current_agency())}{page}?k={mailed_key(booking)}",
    }


@subscribe(BookingConfirmed)
def mail_tickets(fact):
    booking = _booking(fact.booking_id)
    if not booking.is_sold or booking.customer is None:
        return
    send_once(
        kind="booking_confirmed",
        subject_id=booking.pk,
        recipient=booking.customer.email,
        context=_context(booking),
        attachments=lambda: [(f"tickets-{booking.number}.pdf", pdf_of(booking), "application/pdf")],
    )


@subscribe(LateMoneyRefunded)
def mail_late_refund(fact):
    booking = _booking(fact.booking_id)
    refund = Refund.objects.get(pk=fact.refund_id)
    if booking.customer is None:
        return
    send_once(
        kind="payment_refunded",
        subject_id=refund.pk,
        recipient=booking.customer.email,
        context={**_context(booking), "amount": refund.money, "refund": refund},
    )


@subscribe(BookingSought)
def mail_booking_link(fact):
    booking = _booking(fact.booking_id)
    send_once(
        kind="find_booking",
        subject_id=fact.request_id,
        recipient=booking.customer.email,
        context=_context(booking),
    )
