"""Events as the Ticketmaster Discovery API answers them: one event, or a page of a list.

The local date and time are what is printed; the UTC instant must be the same moment in the venue's
time zone, else the event is refused. Sale windows without a date are left open.
"""

import html
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from babel import Locale

from core.errors import Invalid

LONGEST = {
    "title": 120,
    "venue_name": 120,
    "city": 80,
    "address": 200,
    "postcode": 12,
    "external_id": 80,
    "source_url": 500,
}
LONGEST_NOTE = 4_000
UNKNOWN_BEFORE = datetime(1990, 1, 1, tzinfo=UTC)
"""The API writes 1900-01-01 where it knows no date."""

LAST_YEAR = 2200
TO_BE_ANNOUNCED = ("dateTBD", "dateTBA", "timeTBA", "noSpecificTime")

KINDS = {
    "music": "CONCERT",
    "sports": "SPORTS",
    "arts & theatre": "THEATER",
    "comedy": "COMEDY",
    "family": "FAMILY",
    "children's theatre": "FAMILY",
    "lecture/seminar": "CONFERENCE",
    "convention": "CONFERENCE",
    "conference": "CONFERENCE",
}
STATUSES = {
    "onsale": "ON_SALE",
    "offsale": "PUBLISHED",
    "rescheduled": "PUBLISHED",
    "postponed": "PUBLISHED",
    "canceled": "CANCELLED",
    "cancelled": "CANCELLED",
}
COUNTRIES = {
    "united states of america": "US",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "czech republic": "CZ",
    "turkey": "TR",
}


class EventsRefused(Invalid):
    """A file whose events cannot all be taken. `drafts` are those that could be."""

    code = "events_refused"

    def __init__(self, problems, drafts=()):
        self.problems, self.drafts = list(problems), list(drafts)
        more = len(self.problems) - 3
        also = f"; and {more:,} more" if more > 0 else ""
        shown = "; ".join(self.problems[:3])
        super().__init__(f"These events were refused. {shown}{also}.", problems=self.problems[:200])


@dataclass(frozen=True)
class EventDraft:
    """One event as it was announced. Times are aware; `starts_at` is in the venue's zone."""

    title: str
    kind: str
    venue_name: str
    city: str
    country: str
    address: str
    postcode: str
    time_zone: str
    starts_at: datetime
    doors_at: datetime | None
    sale_starts_at: datetime | None
    sale_ends_at: datetime | None
    currency: str
    price_min: Decimal | None
    price_max: Decimal | None
    status: str
    source_status: str
    please_note: str
    external_id: str
    source_url: str


def parse(content):
    """The one event of a document (text, bytes or read JSON). Raises EventsRefused."""
    drafts = parse_all(content)
    if len(drafts) != 1:
        raise EventsRefused([f"File: has {len(drafts)} events, not one"], drafts)
    return drafts[0]


def parse_all(content):
    """The events of a document: an event, a page of a list or a list of events.

    Raises EventsRefused with every problem, as 'event: reason'.
    """
    forms = _events(_document(content))
    drafts, problems = [], []
    for form in forms:
        reader = _Reader(form)
        draft = reader.draft()
        drafts += [] if reader.problems else [draft]
        problems += reader.problems
    if problems or not forms:
        raise EventsRefused(problems or ["File: has no events in it"], drafts)
    return drafts


def _document(content):
    if not isinstance(content, str | bytes):
        return content
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise EventsRefused(["File: is not sound JSON"]) from None


def _events(document):
    if isinstance(document, list):
        return [form for form in document if isinstance(form, dict)]
    listed = _list(_dict(document, "_embedded"), "events")
    if listed:
        return listed
    return [document] if isinstance(document, dict) and "dates" in document else []


def _dict(form, key):
    value = form.get(key) if isinstance(form, dict) else None
    return value if isinstance(value, dict) else {}


def _list(form, key):
    value = form.get(key) if isinstance(form, dict) else None
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _text(value):
    """Plain text: entities read, control characters and stray spaces gone."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    kept = (c if c.isprintable() else " " for c in html.unescape(str(value)))
    return " ".join("".join(kept).split())


class _Reader:
    """Reads one event; gathers problems instead of stopping at the first."""

    def __init__(self, form):
        self.form = form
        self.problems = []
        embedded = _dict(form, "_embedded")
        self.venue = next(iter(_list(embedded, "venues")), {}) or _dict(form, "place")
        self.name = _text(form.get("name")) or _text(form.get("id")) or "Event without a name"

    def draft(self):
        """The draft, or None when the event has problems."""
        starts_at = self._starts_at()
        texts = self._texts()
        opens, closes = self._sale_window()
        currency, low, high = self._prices()
        status, source_status = self._status()
        if self.problems:
            return None
        return EventDraft(
            **texts,
            kind=self._kind(),
            country=self._country(),
            time_zone=starts_at.tzinfo.key,
            starts_at=starts_at,
            doors_at=self._doors_at(starts_at),
            sale_starts_at=opens,
            sale_ends_at=closes,
            currency=currency,
            price_min=low,
            price_max=high,
            status=status,
            source_status=source_status,
            please_note=_text(self.form.get("pleaseNote"))[:LONGEST_NOTE],
        )

    def _refuse(self, reason):
        self.problems.append(f"{self.name[:80]}: {reason}")

    # Texts

    def _texts(self):
        address = _dict(self.venue, "address")
        lines = [_text(address.get(key)) for key in ("line1", "line2", "line3")]
        title = _text(self.form.get("name"))
        texts = {
            "title": title if len(title) <= 120 else f"{title[:119]}…",
            "venue_name": _text(self.venue.get("name")),
            "city": _text(_dict(self.venue, "city").get("name")),
            "address": ", ".join(filter(None, lines)),
            "postcode": _text(self.venue.get("postalCode")),
            "external_id": _text(self.form.get("id")),
            "source_url": self._url(),
        }
        for key, text in texts.items():
            self._check_length(key.replace("_", " "), text, LONGEST[key])
        for key in ("title", "venue_name", "external_id"):
            if not texts[key]:
                self._refuse(f"has no {key.replace('_', ' ')}")
        return texts

    def _check_length(self, what, text, longest):
        if len(text) > longest:
            self._refuse(f"its {what} is {len(text)} characters long, at most {longest}")

    def _url(self):
        """The event's page; anything but a web address is dropped."""
        url = _text(self.form.get("url"))
        return url if url.startswith(("http://", "https://")) else ""

    def _country(self):
        """The two-letter code, from the name when the code is missing; "" when neither is known."""
        country = _dict(self.venue, "country")
        code = _text(country.get("countryCode")).upper()
        if len(code) == 2 and code.isalpha():
            return code
        return _country_code(_text(country.get("name")).lower())

    def _kind(self):
        """From the primary classification, the finer word first."""
        attractions = _list(_dict(self.form, "_embedded"), "attractions")
        forms = _list(self.form, "classifications")
        forms += [each for form in attractions for each in _list(form, "classifications")]
        forms.sort(key=lambda form: form.get("primary") is not True)
        for form in forms:
            for key in ("subGenre", "genre", "segment"):
                kind = KINDS.get(_text(_dict(form, key).get("name")).lower())
                if kind:
                    return kind
        return "OTHER"

    def _status(self):
        code = _text(_dict(_dict(self.form, "dates"), "status").get("code")).lower()
        if code and code not in STATUSES:
            self._refuse(f"its status '{code[:40]}' is not known")
        return STATUSES.get(code, "PUBLISHED"), code

    # Times

    def _starts_at(self):
        """The start in the venue's zone, or None after telling why there is none."""
        start = _dict(_dict(self.form, "dates"), "start")
        if any(start.get(key) is True for key in TO_BE_ANNOUNCED):
            return self._refuse("its date or time is not announced yet")
        local, instant = self._local(start), self._instant(start, "dateTime", "start")
        zones = self._zones()
        if not zones:
            return self._refuse("has no known time zone")
        if instant is None and local is None:
            return self._refuse("has no start time")
        if instant is None:
            return self._from_local(local, zones)
        return self._agreed(instant, local, zones)

    def _agreed(self, instant, local, zones):
        """The instant in the first zone whose clock then shows the local time."""
        for zone in zones:
            seen = instant.astimezone(zone)
            if local is None or seen.replace(tzinfo=None, fold=0) == local:
                return seen
        seen = instant.astimezone(zones[0])
        return self._refuse(
            f"its local start {local:%Y-%m-%d %H:%M} and its UTC start {instant:%Y-%m-%d %H:%M} "
            f"are different moments: in {zones[0].key} the latter is {seen:%Y-%m-%d %H:%M}"
        )

    def _from_local(self, local, zones):
        """A local time that is one moment, whichever zone and whichever turn of the clock."""
        turns = [local.replace(tzinfo=zone, fold=fold) for zone in zones for fold in (0, 1)]
        if len({turn.utcoffset() for turn in turns}) > 1:
            named = " or ".join(zone.key for zone in zones)
            return self._refuse(
                f"its local start {local:%Y-%m-%d %H:%M} in {named} is not one moment, and there "
                "is no UTC start to tell which is meant"
            )
        return turns[0]

    def _local(self, start):
        """The naive local start; None when there is no time of day."""
        day, time = _text(start.get("localDate")), _text(start.get("localTime"))
        if not day or not time:
            return None
        try:
            return datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=None)
        except ValueError:
            return self._refuse(f"its local start '{day[:20]} {time[:20]}' is not a date and time")

    def _instant(self, form, key, what):
        """An aware instant, or None when it is left out or unknown."""
        text = _text(form.get(key))
        if not text:
            return None
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            return self._refuse(f"its {what} '{text[:40]}' is not a date and time")
        if instant.tzinfo is None:
            return self._refuse(f"its {what} '{text[:40]}' has no offset from UTC")
        if instant.year > LAST_YEAR:
            return self._refuse(f"its {what} '{text[:40]}' is not in our time")
        return instant.astimezone(UTC) if instant > UNKNOWN_BEFORE else None

    def _zones(self):
        """The zones the event and its venue name, as far as they are known."""
        names = [_dict(self.form, "dates").get("timezone"), self.venue.get("timezone")]
        zones = []
        for name in dict.fromkeys(filter(None, map(_text, names))):
            try:
                zones.append(ZoneInfo(name))
            except (OSError, ValueError, KeyError):
                self._refuse(f"its time zone '{name[:40]}' is not known")
        return zones

    def _doors_at(self, starts_at):
        """When the doors open; dropped when it is after the start."""
        text = _text(_dict(self.form, "doorsTimes").get("dateTime"))
        doors_at = self._instant({"doors": text}, "doors", "doors time")
        return doors_at.astimezone(starts_at.tzinfo) if doors_at and doors_at <= starts_at else None

    def _sale_window(self):
        public = _dict(_dict(self.form, "sales"), "public")
        announced = public.get("startTBD") is not True and public.get("startTBA") is not True
        opens = self._instant(public, "startDateTime", "sale start") if announced else None
        closes = self._instant(public, "endDateTime", "sale end")
        if opens and closes and closes <= opens:
            self._refuse(
                f"its sale ends ({closes:%Y-%m-%d %H:%M} UTC) before it starts "
                f"({opens:%Y-%m-%d %H:%M} UTC)"
            )
        return opens, closes

    # Prices

    def _prices(self):
        """(currency, lowest, highest) of the standard range, else of the first."""
        ranges = _list(self.form, "priceRanges")
        ranges.sort(key=lambda form: _text(form.get("type")).lower() != "standard")
        if not ranges:
            return "", None, None
        currency = _text(ranges[0].get("currency")).upper()
        if len(currency) != 3 or not (currency.isascii() and currency.isalpha()):
            self._refuse(f"its currency '{currency[:20]}' is not a three-letter code")
        low, high = self._amount(ranges[0], "min"), self._amount(ranges[0], "max")
        if low is not None and high is not None and low > high:
            self._refuse(f"its lowest price {low} is above its highest, {high}")
        return currency, low, high

    def _amount(self, form, key):
        value = form.get(key)
        if value is None or value == "":
            return None
        try:
            amount = Decimal(_text(value))
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite() or not 0 <= amount < 10_000_000:
            return self._refuse(f"its {key}imum price '{_text(value)[:40]}' is not an amount")
        return amount


def _country_code(name):
    territories = Locale("en").territories.items()
    codes = {english.lower(): code for code, english in territories if len(code) == 2}
    return COUNTRIES.get(name) or codes.get(name, "")
