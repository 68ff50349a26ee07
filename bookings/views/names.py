"""Who comes with which ticket."""

from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from bookings.forms import AttendeesForm
from bookings.links import own_booking
from bookings.showing import shown
from core.errors import DomainError
from tickets.services import NAMEABLE, name_attendees


@never_cache
def names(request, booking_id):
    """The names on a booking's tickets, to be changed until they are used."""
    booking = own_booking(request, booking_id)
    if not booking.is_sold:
        raise Http404
    items = booking.items.select_related("ticket").order_by("position")
    tickets = [item.ticket for item in items if item.ticket.status in NAMEABLE]
    form = AttendeesForm(request.POST or None, tickets=tickets)
    if request.method == "POST" and form.is_valid():
        try:
            name_attendees(form.attendees)
            return redirect("booking", booking.pk)
        except DomainError as refused:
            form.add_error(None, refused.message)
    status = 422 if request.method == "POST" else 200
    context = {
        "nav": "tickets",
        "booking": booking,
        "event": shown(booking.event, None),
        "form": form,
    }
    return render(request, "bookings/names.html", context, status=status)
