"""What was written to whom, and whether it left."""

from django.contrib import admin

from bookings.evidence import Section, evidence, moment
from core.admin_base import ReadOnlyAdmin
from core.admin_parts import Panel, Table, columns, linked, panel, status_column, status_of, when
from notifications.models import Message


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
        return message.subject or message.kind.replace("_", " ")

    @admin.display(description="Made", ordering="created_at")
    def made(self, message):
        return when(message.created_at)

    @admin.display(description="Sent", ordering="sent_at")
    def sent(self, message):
        return when(message.sent_at)


@panel("bookings.booking", needs="notifications.message")
def messages_of_booking(request, booking):
    found = Message.objects.filter(subject_id=booking.pk).order_by("created_at", "pk")
    rows = [
        [
            linked(each, each.subject or each.kind),
            each.recipient,
            status_of(each),
            when(each.sent_at),
        ]
        for each in found
    ]
    table = Table(columns("Message", "To", "State", "Sent"), rows, empty="Nothing was written yet.")
    return Panel("Messages", table)


@evidence
def delivered(booking):
    """The mails about a booking, for the bank of a buyer who disputes his payment."""
    found = Message.objects.filter(subject_id=booking.pk).order_by("created_at", "pk")
    rows = [
        (moment(each.sent_at), each.recipient, each.subject or each.kind, each.get_status_display())
        for each in found
    ]
    return Section("Delivered by mail", ("Sent", "To", "Subject", "State"), rows)
