"""A registration draw in public: how it is done, the way in and out, and all that proves it."""

import csv

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.core.validators import validate_email
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_POST, require_safe

from bookings.drawing import entry_shown, phase_of
from bookings.views.booking import may_seek
from core.errors import DomainError
from customers import draws
from customers.same_person import person_of

ON_A_PAGE = 200
TRIES_PER_HOUR = 120  # from one address: a whole town may be behind one when everybody registers
NO_MAILBOX = "This does not look like an e-mail address, such as noor@post.example."


def draw(request, draw_id):
    """The page of a draw; posted to, it mails the link to an `email`."""
    found = _public(draw_id)
    if request.method == "POST":
        return _mailed(request, found, request.POST.get("email", "").strip()[:254])
    return _page(request, found)


def _mailed(request, found, email):
    """The answer is the same whether he is in or not, and takes as long."""
    try:
        validate_email(email)
    except ValidationError:
        return _page(request, found, {"email": email, "problem": NO_MAILBOX}, status=422)
    if may_seek(request, person_of(email), what="draw", tries=TRIES_PER_HOUR):
        draws.ask_for_link(found, email)
    return _page(request, found, {"email": email, "is_sent": True})


def _page(request, found, typed=None, status=200):
    context = {"nav": "events", "shown": phase_of(found), "event": found.event, "typed": typed}
    if found.was_drawn:
        context |= _order(request, found)
    return render(request, "events/draw.html", context, status=status)


def _order(request, found):
    """A page of the drawn order, and the place of a number that was asked for."""
    places = Paginator(range(1, found.entered + 1), ON_A_PAGE).get_page(request.GET.get("page"))
    shown = found.entries.filter(rank__range=(places.start_index(), places.end_index()))
    asked = request.GET.get("number", "").replace("\0", "").strip().upper()[:20]
    return {
        "places": places,
        "entries": shown.order_by("rank").values("number", "rank"),
        "asked": asked,
        "place": asked
        and found.entries.listed().filter(number=asked).values("number", "rank").first(),
        "waves": found.waves.all(),
    }


# What proves it


@require_safe
@cache_control(public=True, max_age=300)
def numbers(request, draw_id):
    """The frozen list, exactly as its SHA-256 was taken of it."""
    found = _frozen(draw_id)
    text = "".join(f"{number}\n" for number in draws.numbers_of(found))
    return _file(text, "text/plain", f"numbers-{found.pk}.txt")


@require_safe
@cache_control(public=True, max_age=300)
def order(request, draw_id):
    """The drawn order as CSV: the place, the entry's number, and by what it is ranked."""
    found = _drawn(draw_id)
    response = _file("", "text/csv", f"draw-{found.pk}.csv")
    table = csv.writer(response)
    table.writerow(["place", "number", "sha256"])
    for place, number in enumerate(draws.drawn_of(found), start=1):
        table.writerow([place, number, draws.lot_of(found.value, number)])
    return response


@require_safe
@cache_control(public=True, max_age=60)
def proof(request, draw_id):
    """All that is needed to reckon it again, as JSON: what `manage verify_draw` reads."""
    return JsonResponse(draws.proof_of(_drawn(draw_id)), json_dumps_params={"indent": 1})


def _file(text, kind, name):
    response = HttpResponse(text, content_type=f"{kind}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


# One's own entry


@require_safe
@never_cache
def own(request, draw_id):
    """Opened by a mailed key (`k`), which is exchanged for a line in the session."""
    found = _public(draw_id)
    if "k" in request.GET:
        if draws.exchange(request, found, request.GET["k"]):
            return redirect("draw_entry", found.pk)
        return _own(request, found, "", None, is_stale=True)
    return _own(request, found, *draws.proven_in(request, found))


@require_POST
@never_cache
def enter(request, draw_id):
    """Who has proven a mailbox goes in."""
    found = _public(draw_id)
    email, entry = draws.proven_in(request, found)
    if email and entry is None:
        try:
            draws.enter(found.pk, email)
        except DomainError as no:
            return _own(request, found, email, None, problem=no.message)
    return redirect("draw_entry", found.pk)


@require_POST
@never_cache
def withdraw(request, draw_id):
    """Who has proven a mailbox, or has the key of an entry, takes it out."""
    found = _public(draw_id)
    email, entry = draws.proven_in(request, found)
    if entry is not None:
        draws.withdraw(entry.pk)
    return _own(request, found, email, None, is_out=entry is not None)


def _own(request, found, email, entry, **said):
    context = {
        "nav": "events",
        "shown": phase_of(found),
        "event": found.event,
        "email": email or (entry.email if entry else ""),
        "mine": entry and entry_shown(found, entry),
        **said,
    }
    return render(request, "events/draw_entry.html", context)


def _public(draw_id):
    found = draws.public_draw(draw_id)
    if found is None:
        raise Http404
    return found


def _frozen(draw_id):
    found = _public(draw_id)
    if not found.is_frozen:
        raise Http404
    return found


def _drawn(draw_id):
    found = _public(draw_id)
    if not found.was_drawn:
        raise Http404
    return found
