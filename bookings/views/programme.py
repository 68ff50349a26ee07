"""What's on: the programme with its search."""

import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from itertools import groupby
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_date
from django.core.paginator import Paginator
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_safe

from bookings.showing import left_of, shown, wheelchair_spaces_of
from core.money import Money
from events.models import Event

TIMES = [
    ("", "Any day"),
    ("tonight", "Today"),
    ("weekend", "This weekend"),
    ("month", "Next 30 days"),
    ("dates", "Choose dates"),
]
KINDS = [
    ("CONCERT", "Music", "music"),
    ("THEATER", "Stage", "stage"),
    ("SPORTS", "Sport", "sport"),
    ("COMEDY", "Comedy", "comedy"),
    ("FAMILY", "Family", "family"),
]
NONE_OF = {
    "CONCERT": "No music",
    "THEATER": "Nothing on stage",
    "SPORTS": "No sport",
    "COMEDY": "No comedy",
    "FAMILY": "Nothing for families",
}
# What one keyboard writes as another does not: apostrophes, and letters without a plain part.
ALIKE = str.maketrans(
    {**dict.fromkeys("’‘‛`´ʼʹ′", "'"), "œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d"}
)
PRICES = ("25", "50", "100")
WHEN_WORDS = {"tonight": "today", "weekend": "this weekend", "month": "in the next 30 days"}
PAGE = 24
BILL = 5


@dataclass(frozen=True)
class Search:
    """What the visitor asks for; empty strings ask for nothing."""

    q: str = ""
    when: str = ""
    place: str = ""
    max_price: str = ""
    kind: str = ""
    wheelchair: bool = False
    date_from: str = ""
    date_to: str = ""

    @classmethod
    def from_query(cls, query):
        return cls(
            q=query.get("q", "").strip()[:80],
            when=query.get("when", ""),
            place=query.get("place", ""),
            max_price=query.get("max_price", ""),
            kind=query.get("kind", ""),
            wheelchair=query.get("wheelchair") == "1",
            date_from=query.get("from", ""),
            date_to=query.get("to", ""),
        )

    @property
    def is_active(self):
        return self != Search()

    @property
    def query(self):
        """The query string that asks for this."""
        asked = {**vars(self), "from": self.date_from, "to": self.date_to}
        asked["wheelchair"] = "1" if self.wheelchair else ""
        names = ("q", "when", "place", "max_price", "kind", "wheelchair", "from", "to")
        return urlencode({name: asked[name] for name in names if asked[name]})

    def days(self, today):
        """(first day, last day) asked for, either may be None."""
        if self.when == "tonight":
            return today, today
        if self.when == "weekend":
            saturday = today + timedelta(days=max(5 - today.weekday(), 0))
            return saturday, saturday + timedelta(days=6 - saturday.weekday())
        if self.when == "month":
            return today, today + timedelta(days=30)
        return _day(self.date_from), _day(self.date_to)

    def is_backwards(self, today):
        """Whether the last day asked for is before the first."""
        first, last = self.days(today)
        return bool(first and last and first > last)


def _day(text):
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return day if day and 2000 <= day.year <= 2200 else None


@require_safe
def home(request):
    """The programme: featured events and every date, filtered by the query string."""
    search = Search.from_query(request.GET)
    upcoming = list(
        Event.objects.public().upcoming().select_related("venue").order_by("starts_at", "pk")
    )
    left = left_of([event.pk for event in upcoming])
    listed = [shown(event, left[event.pk]) for event in upcoming]
    found = _found(listed, search, request.agency)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    return render(request, "events/home.html", {
        "nav": "events",
        "search": _search_context(search, listed, request.agency),
        "featured": [] if search.is_active or page.number > 1 else _featured(listed),
        "days": _days(page.object_list),
        "total": len(found),
        "count_dates": len(listed),
        "count_venues": len({event.venue_id for event in upcoming}),
        "heading": "Found" if search.is_active else "By date",
        "more_url": _page_url(request, page.next_page_number()) if page.has_next() else "",
        "more_count": max(len(found) - page.end_index(), 0),
        "earlier_url": (
            _page_url(request, page.previous_page_number()) if page.has_previous() else ""
        ),
        "nothing": "" if found else _nothing(search, request.agency),
        "wider": [] if found else _wider(search, listed, request.agency),
    })  # fmt: skip


def _featured(listed):
    featured = [event for event in listed if event.is_featured]
    return (featured or listed)[:BILL]


def _found(listed, search, agency):
    first, last = search.days(_today(agency))
    spaces = wheelchair_spaces_of([event.pk for event in listed]) if search.wheelchair else {}
    return [
        event
        for event in listed
        if _matches_words(event, search)
        and _in_days(event, first, last)
        and search.kind in ("", event.kind)
        and search.place in ("", event.venue.city)
        and _affordable(event, search, agency)
        and (not search.wheelchair or spaces[event.pk])
    ]


def _today(agency):
    return timezone.localdate(timezone=ZoneInfo(agency.time_zone))


def _matches_words(event, search):
    text = _folded(f"{event.title} {event.subtitle} {event.venue.name} {event.venue.city}")
    return all(word in text for word in _folded(search.q).split())


def _folded(text):
    """The text in small letters without accents, its apostrophes straight: L’Été is l'ete."""
    plain = text.casefold().translate(ALIKE)
    letters = unicodedata.normalize("NFKD", plain)
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _in_days(event, first, last):
    zone = event.zone
    after = first is None or event.starts_at >= datetime.combine(first, time(), zone)
    before = last is None or event.starts_at < datetime.combine(
        last + timedelta(days=1), time(), zone
    )
    return after and before


def _affordable(event, search, agency):
    try:
        limit = Decimal(search.max_price)
    except InvalidOperation:
        return True
    if not limit.is_finite():
        return True
    return bool(event.price_from) and event.price_from.amount <= limit


def _days(listed):
    """[{date, events, month_pattern}], each event on its day in its own zone."""
    days = groupby(listed, key=lambda event: event.local_start.date())
    this_year = timezone.now().year
    return [
        {
            "date": date,
            "events": list(events),
            "month_pattern": "MMMM" if date.year == this_year else "MMMM y",
        }
        for date, events in days
    ]


def _search_context(search, listed, agency):
    return {
        "q": search.q,
        "when": search.when,
        "place": search.place,
        "max_price": search.max_price,
        "kind": search.kind,
        "wheelchair": search.wheelchair,
        "date_from": search.date_from,
        "date_to": search.date_to,
        "is_active": search.is_active,
        "is_backwards": search.is_backwards(_today(agency)),
        "times": TIMES,
        "kinds": KINDS,
        "places": sorted({event.venue.city for event in listed if event.venue.city}),
        "prices": [(price, _price_words(price, agency)) for price in PRICES],
    }


def _price_words(price, agency):
    return Money(Decimal(price), agency.currency).display().removesuffix(".00")


def _nothing(search, agency):
    """What was asked for in vain: No music for “harpsichord” in Lyon up to €25."""
    first, last = search.days(_today(agency))
    if search.is_backwards(_today(agency)):
        return f"The last day, {_in_words(last)}, is before the first, {_in_words(first)}"
    words = [f"for “{search.q}”"] if search.q else []
    words += [f"in {search.place}"] if search.place else []
    words += [WHEN_WORDS.get(search.when) or _days_words(first, last)]
    words += (
        [f"up to {_price_words(search.max_price, agency)}"] if search.max_price in PRICES else []
    )
    words += ["with wheelchair spaces left"] if search.wheelchair else []
    asked = " ".join(filter(None, words))
    return f"{NONE_OF.get(search.kind, 'Nothing')} {asked}".strip() if asked else _none_of(search)


def _none_of(search):
    return NONE_OF.get(search.kind, "Nothing like that")


def _days_words(first, last):
    words = [f"from {_in_words(first)}"] if first else []
    words += [f"to {_in_words(last)}"] if last else []
    return " ".join(words)


def _in_words(day):
    return format_date(day, "d MMMM y", locale="en")


def _wider(search, listed, agency):
    """[(words, query string, how many dates)] of the search with one wish left out."""
    if search.is_backwards(_today(agency)):
        turned = replace(search, date_from=search.date_to, date_to=search.date_from)
        return [("The other way round", turned.query, len(_found(listed, turned, agency)))]
    left_out = [
        ("Everywhere", {"place": ""}),
        ("Any day", {"when": "", "date_from": "", "date_to": ""}),
        ("Any price", {"max_price": ""}),
        ("All kinds", {"kind": ""}),
        ("Without wheelchair spaces", {"wheelchair": False}),
        (f"Without “{search.q}”", {"q": ""}),
    ]
    tries = [(words, replace(search, **change)) for words, change in left_out]
    counted = [(words, other, len(_found(listed, other, agency))) for words, other in tries]
    return [(words, other.query, count) for words, other, count in counted if count]


def _page_url(request, number):
    query = request.GET.copy()
    query["page"] = number
    return f"?{query.urlencode()}"
