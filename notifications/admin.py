"""What was written to whom, and whether it left."""

from urllib.parse import urlencode

from django.contrib import admin
from django.urls import reverse

from bookings.evidence import Section, evidence, moment
from core.admin_base import ReadOnlyAdmin
from core.admin_parts import Panel, Table, columns, linked, panel, status_column, status_of, when
from notifications.models import Message
from notifications.queries import messages_about

# What a message is called before it has a subject.
KINDS = {
    "booking_confirmed": "The tickets",
    "cart_reminder": "Reminder of an unpaid reservation",
    "credit_paid_out": "Credit that is paid out",
    "event_changed": "What becomes of the event",
    "hold_runs_out": "A hold that runs out",
    "payment_link": "A link to pay",
    "payment_refunded": "Money that goes back",
    "places_renamed": "New names of places",
    "seats_changed": "Changed seats",
    "tickets_cancelled": "Cancelled tickets",
    "transfer_begun": "Tickets that are offered: to their giver",
    "transfer_offered": "Tickets that are offered: to who may take them",
    "transfer_over": "An offer of tickets that is over",
    "transfer_taken": "Tickets that were taken",
    "transfer_withdrawn": "Tickets that were taken back",
}


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ["words", "recipient", status_column(), "made", "sent"]
    list_filter = ["status", "kind", ("created_at", admin.DateFieldListFilter)]
    search_fields = ["recipient", "subject", "=subject_id"]
    search_help_text = "Address, subject, or the booking's id"
    ordering = ["-created_at", "pk"]
    fields = ["kind", "recipient", "subject", "made", "sent", "subject_id"]
    readonly_fields = ["made", "sent"]
    export_columns = {
        "Kind": "kind",
        "To": "recipient",
        "Subject": "subject",
        "Status": "status",
        "Made": "created_at",
        "Sent": "sent_at",
    }

    @admin.display(description="Message", ordering="kind")
    def words(self, message):
        return title_of(message)

    @admin.display(description="Made", ordering="created_at")
    def made(self, message):
        return when(message.created_at)

    @admin.display(description="Sent", ordering="sent_at")
    def sent(self, message):
        return when(message.sent_at)


def title_of(message):
    """Its subject; before it is written, what it will be about."""
    plain = message.kind.replace("_", " ").capitalize()
    return message.subject or KINDS.get(message.kind, plain)


@panel("bookings.booking", needs="notifications.message")
def messages_of_booking(request, booking):
    rows = [
        [
            linked(each, title_of(each)),
            each.recipient,
            status_of(each),
            when(each.sent_at),
        ]
        for each in messages_about(booking)
    ]
    table = Table(columns("Message", "To", "State", "Sent"), rows, empty="Nothing was written yet.")
    return Panel("Messages", table, count=len(rows), link=_all_to(booking.customer))


def _all_to(customer):
    """The way to whatever else was written to a guest."""
    if customer is None:
        return ()
    listed = reverse("admin:notifications_message_changelist")
    return f"{listed}?{urlencode({'q': customer.email})}", "All to this guest"


@evidence
def delivered(booking):
    """The mails to a booking's buyer, for his bank when he disputes his payment. Of others it is told
    nothing."""
    buyer = booking.customer.email if booking.customer else ""
    rows = [
        (moment(each.sent_at), each.recipient, title_of(each), each.get_status_display())
        for each in messages_about(booking).filter(recipient__iexact=buyer)
    ]
    return Section("Delivered by mail", ("Sent", "To", "Subject", "State"), rows)
