"""Handing tickets of a booking to somebody else at the desk: chosen, looked at, offered to him."""

from uuid import UUID

from django import forms
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from bookings.cancelling import own_left_of
from bookings.forms import NoAddresses
from bookings.services.hand_over import offer_tickets
from core.admin_parts import Panel, Table, columns, panel, pill, status_of
from core.locks import database_now
from core.words import many
from tickets.admin_states import words_of
from tickets.admin_transfers import transfers_table
from tickets.models import Transfer
from tickets.models.transfers import LONGEST_MESSAGE
from tickets.services import Recipient, why_it_stays
from tickets.services.offer import end_of_offer


class HandOverForm(forms.Form):
    """Which tickets, for whom, and why staff do it for the guest."""

    tickets = forms.MultipleChoiceField(
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        error_messages={"required": "Choose at least one ticket."},
    )
    name = forms.CharField(label="For whom", max_length=120, validators=[NoAddresses()])
    email = forms.EmailField(label="E-mail", help_text="The offer goes there.")
    message = forms.CharField(
        label="A few words to go with it",
        max_length=LONGEST_MESSAGE,
        required=False,
        validators=[NoAddresses()],
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    reason = forms.CharField(
        max_length=200, help_text="Why you do it for the guest, who reads it in his mail."
    )

    def __init__(self, data, *, items):
        super().__init__(data)
        self.items = items
        self.fields["tickets"].choices = [
            (str(item.ticket_id), item.ticket.place) for item in items
        ]

    @property
    def ticket_ids(self):
        return [UUID(each) for each in self.cleaned_data["tickets"]]

    @property
    def recipient(self):
        said = self.cleaned_data
        return Recipient(said["name"], said["email"], said["message"])


def hand_over_page(pages, request, booking):
    """The step's pages: choose and say why, look at it, offer what was looked at."""
    now = database_now()
    items = [item for item in own_left_of(booking) if not why_it_stays(item.ticket, now)]
    if not items:
        return _none_to_give(pages, request, booking, now)
    form = HandOverForm(request.POST or None, items=items)

    def work(form):
        if "confirmed" not in request.POST:
            return _look(pages, request, booking, form)
        made = offer_tickets(
            booking.pk, form.ticket_ids, form.recipient,
            by=request.user, reason=form.cleaned_data["reason"],
        )  # fmt: skip
        count = many(len(form.ticket_ids), "ticket is", "tickets are")
        return pages.back(request, booking, done=f"{count} offered to {made.recipient_name}.")

    return pages.form_page(
        request, form, work, title=f"Hand tickets to somebody: {booking}", thing=booking,
        submit="Look at it first",
        note="He gets an offer by mail and has to take it; the guest is told. The booking and its "
        "money stay with the guest.",
    )  # fmt: skip


def _none_to_give(pages, request, booking, now):
    """Says of each ticket why it cannot be given."""
    tickets = [item.ticket for item in booking.items.select_related("ticket").order_by("position")]
    told = words_of(tickets, now)
    rows = [[ticket.number, ticket.place, pill(*told[ticket.pk])] for ticket in tickets]
    return pages.page(
        request,
        "admin/nothing_to_do.html",
        title=f"Hand tickets to somebody: {booking}",
        thing=booking,
        note="None of its tickets can be given now; this is why.",
        panels=[
            Panel("Tickets", Table(columns("Ticket", "Place", "State"), rows), count=len(rows))
        ],
    )


def _look(pages, request, booking, form):
    said = [(name, form.cleaned_data[name]) for name in ("name", "email", "message", "reason")]
    said += [("tickets", str(ticket_id)) for ticket_id in form.ticket_ids]
    chosen = [item for item in form.items if item.ticket_id in form.ticket_ids]
    rows = [[item.ticket.number, item.ticket.place, status_of(item.ticket)] for item in chosen]
    until = end_of_offer(booking.event, database_now())
    return pages.page(
        request,
        "admin/do_it.html",
        title=f"Hand tickets to somebody: {booking}",
        thing=booking,
        hidden=[*said, ("confirmed", "yes")],
        note=f"{form.recipient.name}, {form.recipient.email}, may take them until "
        f"{until.astimezone(booking.event.zone):%-d %b %Y, %H:%M}. Until then nobody gets in with "
        "them; once they are taken, the guest’s codes open no door any more.",
        submit=f"Offer {many(len(rows), 'ticket')}",
        keeps=True,
        panels=[
            Panel("Tickets", Table(columns("Ticket", "Place", "State"), rows), count=len(rows))
        ],
    )


@panel("bookings.booking", needs="tickets.transfer")
def transfers_of_booking(request, booking):
    """All that was ever offered of its tickets."""
    tickets = booking.items.values("ticket")
    found = Transfer.objects.filter(rows__ticket__in=tickets).select_related("giver").distinct()
    found = list(found.order_by("-begun_at", "pk"))
    return Panel("Tickets given", transfers_table(found), count=len(found)) if found else None
