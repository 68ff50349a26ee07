"""What a buyer typed on the checkout and what is to be said about it, in his session until the checkout
shows it once. Like this every page is one that was fetched, and the browser's Back never asks to send a
form again."""

from django.shortcuts import redirect

from bookings.forms import ContactForm

TYPED = "typed"
PROVIDER = "provider"
"""Field of the way to pay, where there is a choice."""
CREDIT = "credit"
"""Field of the credit that is used: the amount that was shown, where it is ticked."""
KEPT = (*ContactForm.base_fields, PROVIDER, CREDIT)
SILENT = "silent"
"""What was said because the provider did not answer: the page that waits for it says it at once."""
LONGEST = 400  # letters of a field that are kept; more than any field allows


def send_back(request, booking, *, part="", ticked=None, **said):
    """To the checkout (its `part`), with the contact as it was typed and what is `said`; with so much
    credit (Money) `ticked`, where that is given."""
    fields = {name: request.POST.get(name, "")[:LONGEST] for name in KEPT}
    if ticked is not None:
        fields[CREDIT] = str(ticked.amount)
    request.session[TYPED] = {"booking": str(booking.pk), "fields": fields, **said}
    answer = redirect("payment_return" if SILENT in said else "checkout", booking.pk)
    answer["Location"] += part
    return answer


def refused_by_silence(request, booking):
    """What could not be done because the provider is silent, once; the checkout has the rest."""
    typed = request.session.get(TYPED, {})
    if typed.get("booking") != str(booking.pk) or SILENT not in typed:
        return ""
    request.session.modified = True
    return typed.pop(SILENT)


def take_typed(request, booking):
    """{"fields", and what was said} of this booking, once; empty if there is nothing."""
    typed = request.session.pop(TYPED, {})
    return typed if typed.get("booking") == str(booking.pk) else {}
