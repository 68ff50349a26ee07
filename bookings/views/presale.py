"""The door of a presale: a code, a mailed link, and the way out again."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from bookings.clients import address_digest
from bookings.presales import ask_again, come_in, leave
from bookings.views.booking import may_seek
from bookings.views.sale import event_context, public_event, seen
from core.errors import DomainError
from core.ids import uuid7
from core.outbox import record
from core.transactions import use_case
from customers.links import exchange
from promotions.codes import LONGEST
from promotions.facts import PresaleLinkAsked
from promotions.guessing import counted_guesses
from promotions.presales import admit

PART = "#presale"


@never_cache
def presale(request, slug):
    """Comes in by a `code`, asks for the link to an `email`, or goes (`leave`); a mailed key (`k`)
    comes in by itself. Come back to, it is the event's page."""
    found = public_event(slug)
    if request.method == "POST":
        return _posted(request, found)
    if "k" in request.GET:
        exchange(request, request.GET["k"])
        ask_again(request, found)
    return _back(found)


def _posted(request, found):
    if "leave" in request.POST:
        leave(request, found)
        return _back(found)
    if "email" in request.POST:
        return _mailed(request, found, request.POST["email"].strip()[:254])
    return _entered(request, found, request.POST.get("code", "").strip()[: 3 * LONGEST])


def _entered(request, found, text):
    try:
        with counted_guesses(f"web:{address_digest(request)}", [text]) as tell:
            come_in(request, found, admit(found, text))
            tell([])
    except DomainError as no:
        return _again(request, found, {"code": text, "problem": no.message})
    return _back(found)


def _mailed(request, found, email):
    """The answer is the same whether he is on a list or not, and takes as long."""
    try:
        validate_email(email)
    except ValidationError:
        words = "This does not look like an e-mail address, such as noor@post.example."
        return _again(request, found, {"email": email, "mail_problem": words})
    if may_seek(request, email):
        _ask(found, email)
    return _again(request, found, {"email": email, "is_sent": True})


@use_case
def _ask(found, email):
    record(PresaleLinkAsked(event_id=found.pk, email=email, request_id=uuid7()))


def _back(found):
    return redirect(f"{reverse('event', args=[found.slug])}{PART}")


def _again(request, found, typed):
    found = seen(request, found.slug)
    context = event_context(request, found) | {"typed": typed}
    return render(request, "events/event.html", context)
