"""A buyer's code: taken in, or out again, by a button of the checkout's one form, so that nothing else
that was typed is lost."""

from django.shortcuts import redirect
from django.views.decorators.cache import never_cache

from bookings import services
from bookings.clients import address_digest
from bookings.links import own_booking
from bookings.views.typed import LONGEST, send_back
from core.errors import DomainError
from payments.adapters.patience import SHORT, patience
from payments.services import ProviderAway
from promotions.guessing import TooManyGuesses, counted_guesses

PART = "#code"


@never_cache
def code(request, booking_id):
    """The press of Apply or of Take out; come back to, it is the checkout."""
    if request.method != "POST":
        return redirect("checkout", booking_id)
    booking = own_booking(request, booking_id)
    if "remove" in request.POST:
        return _take_out(request, booking, request.POST["remove"])
    return enter(request, booking, typed_code(request))


def typed_code(request):
    """The code in the form, but not one of which the page has just said that it is no good."""
    text = request.POST.get("code", "").strip()[:LONGEST]
    return "" if text == request.POST.get("refused") else text


def enter(request, booking, text):
    """Takes a code in and leads back to the checkout, which says what became of it."""
    if not text:
        return send_back(request, booking, part=PART)
    try:
        told = _entered(request, booking, text)
    except TooManyGuesses as no:
        told = {"text": text, "problem": no.message}
    return send_back(request, booking, part=PART, **_said(told))


def _said(told):
    """What the checkout says of the code. Where the provider is silent it has been asked just now, so
    the page that waits for it says so at once."""
    is_silent = told.pop("is_silent", False)
    return {"code": told, **({"silent": told["problem"]} if is_silent else {})}


def _entered(request, booking, text):
    """{"news"}, or {"text", "problem"} when everything stays as it is."""
    with counted_guesses(f"web:{address_digest(request)}", [text]) as tell:
        try:
            with patience(SHORT):
                given_way = services.enter_code(booking.pk, text)
        except services.CodeRefused as no:
            tell([no.refused])
            return _unchanged(text, no)
        except DomainError as no:
            return _unchanged(text, no)
    instead = f" It takes the place of {', '.join(given_way)}." if given_way else ""
    return {"news": f"{text} is in your order.{instead}"}


def _unchanged(text, no):
    return {
        "text": text,
        "problem": f"{no.message} Your order and its total have not changed.",
        "is_silent": isinstance(no, ProviderAway),
    }


def _take_out(request, booking, text):
    try:
        with patience(SHORT):
            services.take_out_code(booking.pk, text)
        told = {"news": f"{text} is out of your order."}
    except DomainError as no:
        told = {"problem": no.message, "is_silent": isinstance(no, ProviderAway)}
    return send_back(request, booking, part=PART, **_said(told))
