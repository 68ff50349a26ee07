"""What about bookings somebody should look at: two that are alike side by side, all of one card, what
speaks for a fraud."""

from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.http import HttpResponseRedirect
from django.urls import reverse

from bookings.models import Alert, AlertStatus, Booking, Cancellation, Concern
from bookings.services import dismiss_alert, hold_tickets
from core.admin_base import ReadOnlyAdmin, step
from core.admin_parts import (
    Panel,
    Table,
    columns,
    linked,
    panel,
    status_column,
    status_of,
    timeline,
    when,
)
from payments.models import Payment

LAST = 20


class NoteForm(forms.Form):
    note = forms.CharField(
        label="What you found",
        max_length=200,
        required=False,
        help_text="Such as: he buys for his neighbour, too. It stays with the alert.",
    )


def is_open(alert):
    return alert.status == AlertStatus.OPEN


def is_open_fraud(alert):
    return is_open(alert) and alert.concern == Concern.FRAUD


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    list_display = [
        "number",
        "concern",
        "score",
        "concert",
        "guest",
        "alike",
        status_column(),
        "made",
    ]
    list_filter = [
        *("status", "concern", ("booking__event", admin.RelatedOnlyFieldListFilter)),
        ("made_at", admin.DateFieldListFilter),
    ]
    list_select_related = ["booking__event", "booking__customer", "other"]
    search_fields = ["booking__number", "other__number", "booking__customer__email"]
    search_help_text = "Booking or e-mail"
    ordering = ["-made_at", "pk"]
    fields = ["concern", "made", "note", "decided", "decider"]
    readonly_fields = fields
    steps = ["refund_duplicate", "refund_fraud", "lock_tickets", "unlock_tickets", "dismiss"]
    export_columns = {
        "Booking": "booking__number",
        "Concern": "concern",
        "Score": "score",
        "Event": "booking__event__title",
        "Guest": "booking__customer__name",
        "E-mail": "booking__customer__email",
        "Like": "other__number",
        "Status": "status",
        "Note": "note",
        "Made": "made_at",
        "Decided": "decided_at",
    }

    @admin.display(description="Booking", ordering="booking__number")
    def number(self, alert):
        return alert.booking.number

    @admin.display(description="Event", ordering="booking__event__starts_at")
    def concert(self, alert):
        return alert.booking.event.title

    @admin.display(description="Guest", ordering="booking__customer__name")
    def guest(self, alert):
        return alert.booking.customer or "–"

    @admin.display(description="Like")
    def alike(self, alert):
        return alert.other.number if alert.other else "–"

    @admin.display(description="Noted", ordering="made_at")
    def made(self, alert):
        return when(alert.made_at)

    @admin.display(description="Decided", ordering="decided_at")
    def decided(self, alert):
        return when(alert.decided_at)

    @admin.display(description="Decided by")
    def decider(self, alert):
        """Who dismissed it, or who of the staff cancelled the last tickets it was about."""
        if alert.decided_by or alert.status != AlertStatus.RESOLVED:
            return alert.decided_by or "–"
        about = [pk for pk in (alert.booking_id, alert.other_id) if pk]
        made = Cancellation.objects.filter(booking__in=about, made_at__lte=alert.decided_at)
        last = made.select_related("made_by").order_by("made_at", "pk").last()
        return (last and last.made_by) or "–"

    def history_of(self, request, alert):
        """With that of its tickets: who locked and unlocked them."""
        items = alert.booking.items.select_related("ticket")
        return timeline([alert, *(item.ticket for item in items)])

    def panels(self, request, alert):
        if alert.concern == Concern.DUPLICATE:
            return [_side_by_side(alert.booking, alert.other)]
        if alert.concern == Concern.FRAUD:
            return [_reasons(alert), _of_one_guest(alert.booking)]
        return [_of_one_card(alert.booking)]

    @step("Refund as duplicate", when=lambda alert: is_open(alert) and alert.other, is_page=True)
    def refund_duplicate(self, request, alert):
        """To cancelling the later booking, filled in; it is previewed and confirmed there."""
        page = reverse("admin:bookings_booking_cancel_tickets", args=[alert.booking_id])
        said = urlencode({"duplicate_of": alert.other.number})
        return HttpResponseRedirect(f"{page}?{said}")

    @step("Refund as fraud", when=is_open_fraud, is_page=True)
    def refund_fraud(self, request, alert):
        """To cancelling the booking, filled in; it is previewed and confirmed there."""
        page = reverse("admin:bookings_booking_cancel_tickets", args=[alert.booking_id])
        return HttpResponseRedirect(f"{page}?fraud=1")

    @step(
        "Lock its tickets",
        when=lambda alert: is_open_fraud(alert) and not alert.holds_tickets,
        says="They admit nobody until you unlock them, or find nothing wrong. The guest is not told.",
    )
    def lock_tickets(self, request, alert):
        hold_tickets(alert.pk)
        return "Its tickets are locked."

    @step(
        "Unlock its tickets",
        when=lambda alert: is_open_fraud(alert) and alert.holds_tickets,
        says="They admit again. The alert stays open.",
    )
    def unlock_tickets(self, request, alert):
        hold_tickets(alert.pk, hold=False)
        return "Its tickets admit again, unless a dispute locks them."

    @step("Nothing wrong", when=is_open, is_page=True)
    def dismiss(self, request, alert):
        form = NoteForm(request.POST or None)

        def work(form):
            dismiss_alert(alert.pk, by=request.user, note=form.cleaned_data["note"])
            return self.back(request, alert, done="The alert is closed; the booking stays.")

        title = f"Nothing wrong: {alert.booking}"
        return self.form_page(request, form, work, title=title, thing=alert, submit="Close it")


def _reasons(alert):
    rows = [[words, points] for points, words in alert.reasons]
    foot = ["Together", alert.score]
    return Panel("What speaks for a fraud", Table(columns("Reason", "Points#"), rows, foot))


def _of_one_guest(booking):
    """The last bookings of the guest, this one among them."""
    theirs = Booking.objects.filter(customer__person=booking.customer.person)
    return _listed("Bookings of this guest", theirs.order_by("-reserved_at", "pk")[:LAST])


def _side_by_side(booking, other):
    both = [other, booking]
    rows = [
        ["Booking", *(linked(each) for each in both)],
        ["State", *(status_of(each) for each in both)],
        ["Guest", *(linked(each.customer) for each in both)],
        ["E-mail", *(each.customer.email if each.customer else "–" for each in both)],
        ["Tickets", *(each.ticket_count for each in both)],
        ["Places", *(_places(each) for each in both)],
        ["Total", *(each.money.display() for each in both)],
        ["Sold through", *(each.get_channel_display() for each in both)],
        ["Chosen", *(when(each.reserved_at) for each in both)],
        ["Confirmed", *(when(each.confirmed_at) for each in both)],
    ]
    return Panel("Side by side", Table(columns("", "The earlier", "The later"), rows))


def _places(booking):
    items = booking.items.select_related("ticket").order_by("position")
    return "; ".join(item.ticket.place for item in items)


def _of_one_card(booking):
    """Every booking of the event that was paid for with the same card."""
    card = Payment.objects.filter(pk=booking.payment_id).exclude(card="").values("card")
    same = Payment.objects.filter(card__in=card).values("pk")
    found = Booking.objects.filter(event=booking.event_id, payment_id__in=same)
    return _listed("Paid for with one card", found.order_by("confirmed_at", "pk"))


def _listed(title, bookings):
    rows = [
        [linked(each), linked(each.customer), linked(each.event), each.ticket_count,
         each.money.display(), status_of(each), when(each.confirmed_at)]
        for each in bookings.select_related("customer", "event")
    ]  # fmt: skip
    titles = columns("Booking", "Guest", "Event", "Tickets#", "Total#", "State", "Confirmed")
    return Panel(title, Table(titles, rows), count=len(rows))


@panel("bookings.booking", needs="bookings.alert")
def alerts_panel(request, booking):
    rows = [
        [linked(each), status_of(each), linked(each.other), when(each.made_at), each.note or "–"]
        for each in booking.alerts.select_related("other").order_by("made_at", "pk")
    ]
    titles = columns("Alert", "State", "Like", "Noted", "Found")
    return Panel("Alerts", Table(titles, rows), count=len(rows)) if rows else None
