"""Who comes with which ticket."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from bookings.forms import AttendeesForm
from bookings.links import own_booking
from bookings.showing import shown
from bookings.views.hands import told_of
from core.errors import DomainError
from core.locks import database_now
from tickets.services import NAMEABLE, name_attendees


@never_cache
def names(request, booking_id):
    """The names on a booking's tickets, to be changed until they are used."""
    booking = own_booking(request, booking_id)
    if not booking.is_sold:
        raise Http404
    items = booking.items.select_related("ticket").order_by("position")
    now = database_now()
    tickets = [item.ticket for item in items if _is_nameable(item.ticket, now)]
    shown_for = " ".join(str(each.pk) for each in tickets)
    form = AttendeesForm(request.POST or None, tickets=tickets)
    if request.method == "POST" and request.POST.get("of", shown_for) != shown_for:
        form = AttendeesForm(tickets=tickets)
        messages.error(request, "These tickets have changed since you looked. Please look again.")
    elif request.method == "POST" and form.is_valid():
        try:
            name_attendees(form.attendees)
            return redirect("booking", booking.pk)
        except DomainError as refused:
            form.add_error(None, refused.message)
    told = told_of(booking, now)
    status = 422 if request.method == "POST" else 200
    context = {
        "nav": "tickets",
        "booking": booking,
        "event": shown(booking.event, None),
        "form": form,
        "of": shown_for,
        "offered": [each for each in told["staying"] if each["hand"]],
        **told,
    }
    return render(request, "bookings/names.html", context, status=status)


def _is_nameable(ticket, now):
    """What is offered to somebody keeps the name it is offered with."""
    return ticket.status in NAMEABLE and not ticket.is_offered_at(now)
