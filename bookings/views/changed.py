"""The event was put off or moved: the buyer keeps the tickets or has all the money back."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from bookings.cancelling import own_left_of
from bookings.changing import answer, open_change_of
from bookings.links import exchange_key, own_booking
from bookings.models import ChangedBooking
from bookings.showing import shown
from core.errors import DomainError
from core.locks import database_now
from core.money import total

Answer = ChangedBooking.Answer
SAID = {
    Answer.KEEP: "You keep your tickets. They are valid as they are.",
    Answer.REFUND: "Your tickets are cancelled. All you paid is on its way back to you.",
}


@never_cache
def changed(request, booking_id):
    """Says what changed and takes the buyer's answer, until the deadline."""
    if "k" in request.GET:
        return exchange_key(request, booking_id, "changed")
    booking = own_booking(request, booking_id)
    row = open_change_of(booking, database_now())
    if row is None or not booking.is_sold:
        return redirect("booking", booking.pk)
    if request.method == "POST":
        return _answered(request, booking, row)
    items = own_left_of(booking)
    return render(request, "bookings/changed.html", {
        "nav": "tickets",
        "booking": booking,
        "event": shown(booking.event, None),
        "change": row.change,
        "row": row,
        "tickets": items,
        "money": total((item.sum_of("total") for item in items), booking.currency),
    })  # fmt: skip


def _answered(request, booking, row):
    choice = request.POST.get("answer")
    if choice not in Answer.values:
        raise Http404
    try:
        answer(row.pk, choice)
        messages.success(request, SAID[Answer(choice)])
    except DomainError as refused:
        messages.error(request, refused.message)
    return redirect("booking", booking.pk)
