"""The event page with its seat step, and the step as a list of sections."""

from django.conf import settings
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from bookings.calendar import calendar_of
from bookings.changing import why_cancelled
from bookings.drawing import phases
from bookings.forms import SectionsForm
from bookings.listing import MANY, PARTS, best_first, listing, lowest_prices, parts
from bookings.offers import where
from bookings.parties import (
    numbers_in_words,
    parting_in_words,
    quantities_of,
    usual_of,
)
from bookings.presales import pass_in
from bookings.showing import (
    BUYABLE,
    all_in,
    giving_back,
    left_of,
    levels_of,
    once_a_booking,
    sale_of,
    sections_of,
    shown,
)
from bookings.views.choice import again_of, best_of, refused_choice
from bookings.views.given import given_for
from bookings.views.prices import prices_url
from customers.draws import draws_of
from events import queries
from events.cancelling import policy_of
from events.models import Event
from inventory.overview import overview_of
from inventory.picking import MOST_COMPANY
from inventory.presales import running_presales, view_key

# Asked for together with the page: each import would otherwise wait for the file that names it.
MAP_PARTS = "index live map geometry state gaps view draw dots house gestures keyboard page words"
MAP_MODULES = ["js/labels.js", *(f"js/seatmap/{name}.js" for name in MAP_PARTS.split())]

PRESOLD = ("soon", "open", "sold_out")  # sales beside which a presale may run


def public_event(slug):
    """The public event of this slug; 404 otherwise."""
    found = queries.public_event(slug=slug)
    if found is None:
        raise Http404
    return found


def seen(request, slug):
    """The public event of this slug as this browser sees it, perhaps through a presale; 404
    otherwise."""
    found = public_event(slug)
    pass_in(request, found)
    return found


@require_safe
def event(request, slug):
    """Everything about one date, and the choice of seats while it is on sale."""
    found = seen(request, slug)
    return render(request, "events/event.html", event_context(request, found))


def event_context(request, found):
    """The event page's context, with the choice that was refused if the address carries one."""
    left = overview_of(found).left
    sale = sale_of(found, left, timezone.now())
    priced = left if sale in BUYABLE else None
    page_url = request.build_absolute_uri(reverse("event", args=[found.slug]))
    dates = _dates(found)
    presales = running_presales(found) if sale in PRESOLD else []
    context = {
        "nav": "events",
        "event": shown(found, left),
        "sale": sale,
        "why_cancelled": why_cancelled(found) if sale == "cancelled" else "",
        "presales": presales,
        "has_lists": any(each.has_lists for each in presales),
        "draws": phases(draws_of(found)) if sale in PRESOLD else [],
        "page_url": page_url,
        "price_low": priced and all_in(found, priced.low),
        "price_high": priced and all_in(found, priced.high),
        "once": once_a_booking(found),
        "left": priced.count if priced else 0,
        "noun": left.noun if left else "seat",
        "capacity": found.layout.capacity if found.layout else 0,
        "dates": dates,
        "other_date": next((date for date in dates if date.left and date.pk != found.pk), None),
        "summary": _summary(found),
        "giving_back": giving_back(policy_of(found), found, timezone.now()),
        "structured_data": _structured_data(found, priced, page_url),
    }
    return context | (seat_step_context(request, found) if sale == "open" else {})


def seat_step_context(request, found):
    """What the seat step needs, on the event page and on the list of sections."""
    wanted, chosen, lost = refused_choice(request, found)
    again, given = again_of(request, found), given_for(request, found)
    quantities, sections = quantities_of(found), sections_of(found)
    return {
        "map": _map(found),
        "levels": levels_of(found),
        "sections": sections,
        "best_sections": best_first(sections),
        "quantities": quantities,
        "numbers": numbers_in_words(found),
        "parting": parting_in_words(found),
        "most_company": MOST_COMPANY,
        "once": once_a_booking(found),
        "given": given,
        "best": best_of(wanted or {}, usual=_usual(quantities, given)),
        "wheelchair_left": overview_of(found).spaces.total(),
        "hold_minutes": max(found.reservation_ttl // 60, 1),
        "chosen": chosen or [place.ordinal for place in again],
        "again": again,
        "again_words": where(again) if again else "",
        "lost": lost,
    }


def _usual(quantities, given):
    """The number that stands in the form: as many as are given, for who changes seats."""
    count = given and len(given[1])
    return count if count in quantities else usual_of(quantities)


def _map(found):
    key = view_key(found)
    status = f"{_live(found, key, 'status')}?drawn={found.layout.content_hash}"
    files = {
        "status_url": status,
        "geo_url": reverse("venues:geometry", args=[found.layout.content_hash]),
        "prices_url": prices_url(found),
    }
    return files | {
        "files": list(files.values()),
        "modules": MAP_MODULES,
        "present_prices_url": reverse("present_prices", args=[found.pk]),
        "stream_url": _stream_url(found, key),
        "section_url": reverse("section", args=[found.slug, 0]).replace("/0/", "/{n}/"),
        "picture_url": reverse("event_picture", args=[found.slug]) + (key and f"?presale={key}"),
    }


def _stream_url(found, key):
    """Where changes of the map are streamed; empty when they are not, and the map polls."""
    return settings.STREAM_URL and settings.STREAM_URL.rstrip("/") + _live(found, key, "stream")


def _live(found, key, name):
    """Where the map reads how the places stand as the event is seen; the key is that of the view."""
    if key:
        return reverse(f"api:presale_{name}", args=[found.pk, key])
    return reverse(f"api:{name}", args=[found.pk])


def _dates(found):
    """Other dates of the same series, this one among them, when there are any."""
    if not found.series:
        return []
    related = list(
        Event.objects.public()
        .upcoming()
        .filter(series=found.series)
        .select_related("venue")
        .order_by("starts_at", "pk")[:6]
    )
    left = left_of([date.pk for date in related])
    return [shown(date, left[date.pk]) for date in related] if len(related) > 1 else []


def _summary(found):
    start = found.local_start
    return f"{found.title}, {start:%-d %B %Y, %H:%M}, {found.venue}. {found.subtitle}".strip()


def _structured_data(found, left, page_url):
    """schema.org Event, as a dict."""
    low = left and all_in(found, left.low)
    return {
        "@context": "https://schema.org",
        "@type": "Event",
        "name": found.title,
        "description": found.subtitle or found.description[:300],
        "startDate": found.local_start.isoformat(),
        "eventStatus": "https://schema.org/EventCancelled"
        if found.status == "CANCELLED"
        else "https://schema.org/EventScheduled",
        "location": {
            "@type": "Place",
            "name": found.venue.name,
            "address": ", ".join(filter(None, [found.venue.address, found.venue.city])),
        },
        "offers": {
            "@type": "AggregateOffer",
            "url": page_url,
            "priceCurrency": found.currency,
            "lowPrice": str(low.amount) if low else None,
            "highPrice": str(all_in(found, left.high).amount) if left else None,
            "availability": "https://schema.org/InStock" if left else "https://schema.org/SoldOut",
        },
    }


@require_safe
def event_calendar(request, slug):
    """The date as a calendar file."""
    return calendar_of(
        public_event(slug), request.build_absolute_uri(reverse("event", args=[slug]))
    )


@require_safe
def seats(request, slug):
    """The seat step as a list of sections."""
    found = seen(request, slug)
    left = overview_of(found).left
    sale = sale_of(found, left, timezone.now())
    noun = left.noun if left else "seat"
    context = {"nav": "events", "event": shown(found, left), "sale": sale, "noun": noun}
    context |= _list_context(request, found) if sale == "open" else {}
    context |= {"presales": running_presales(found)} if sale == "soon" else {}
    return render(request, "events/seats.html", context)


def _list_context(request, found):
    asked = SectionsForm(request.GET).asked
    context = seat_step_context(request, found)
    every = context["sections"]
    return context | {
        "listing": listing(every, asked),
        "asked": asked,
        "is_narrowed": any(asked[name] for name in ("party", "price", *PARTS, "name", "spaces")),
        "floors": parts(every, "floor"),
        "zones": parts(every, "zone"),
        "prices": lowest_prices(every),
        "orders": SectionsForm.ORDERS,
        "is_long": len(every) > MANY,
        "has_spaces": any(section.spaces for section in every),
    }


def site(request):
    """The address of our site as the buyer knows it."""
    return f"{request.scheme}://{request.get_host()}" if request else settings.SITE_URL
