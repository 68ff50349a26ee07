"""Events of the Ticketmaster Discovery API: the real sample, and what dirty files get told."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from events.importers.ticketmaster import EventsRefused, parse, parse_all

SAMPLE = json.loads((Path(__file__).parent / "samples/tm_discovery_event.json").read_text())


def changed(path, value):
    """The sample with one value replaced, or removed when it is None; `path` is dotted."""
    form = deepcopy(SAMPLE)
    *way, last = path.split(".")
    target = form
    for key in way:
        target = target[int(key)] if key.isdigit() else target[key]
    if value is None:
        del target[last]
    else:
        target[last] = value
    return form


def problems(form):
    with pytest.raises(EventsRefused) as refusal:
        parse_all(form)
    return refusal.value.problems


def test_the_sample_is_read_to_the_letter():
    draft = parse(SAMPLE)
    assert (draft.title, draft.kind, draft.status) == ("Radiohead", "CONCERT", "ON_SALE")
    assert draft.venue_name == "Madison Square Garden"
    assert (draft.city, draft.country, draft.postcode) == ("New York", "US", "10001")
    assert draft.address == "7th Ave & 32nd Street"
    assert (draft.currency, draft.price_min, draft.price_max) == ("USD", Decimal(80), Decimal(80))
    assert draft.external_id == "G5diZfkn0B-bh"
    assert draft.source_url == "http://ticketmaster.com/event/3B00506AA4EA161B"
    assert draft.please_note.startswith("No tickets will be delivered prior to April 18th.")
    assert draft.doors_at is None


def test_the_start_keeps_its_local_time():
    draft = parse(SAMPLE)
    assert draft.time_zone == "America/New_York"
    assert draft.starts_at == datetime(2016, 7, 27, 23, 30, tzinfo=UTC)
    assert draft.starts_at.strftime("%Y-%m-%d %H:%M") == "2016-07-27 19:30"
    assert draft.sale_starts_at == datetime(2016, 3, 18, 14, 0, tzinfo=UTC)
    assert draft.sale_ends_at == datetime(2016, 7, 27, 21, 30, tzinfo=UTC)


def test_text_and_bytes_are_read_too():
    assert parse(json.dumps(SAMPLE)) == parse(json.dumps(SAMPLE).encode()) == parse(SAMPLE)


def test_a_page_of_a_list_gives_each_event():
    page = {"_embedded": {"events": [SAMPLE, changed("id", "other")]}, "page": {"number": 0}}
    assert [draft.external_id for draft in parse_all(page)] == ["G5diZfkn0B-bh", "other"]


def test_sound_events_of_a_refused_page_are_still_at_hand():
    page = {"_embedded": {"events": [SAMPLE, changed("name", None)]}}
    with pytest.raises(EventsRefused) as refusal:
        parse_all(page)
    assert refusal.value.problems == ["G5diZfkn0B-bh: has no title"]
    assert [draft.title for draft in refusal.value.drafts] == ["Radiohead"]


def test_local_and_utc_start_that_disagree_are_refused():
    assert problems(changed("dates.start.dateTime", "2016-07-27T19:30:00Z")) == [
        "Radiohead: its local start 2016-07-27 19:30 and its UTC start 2016-07-27 19:30 are "
        "different moments: in America/New_York the latter is 2016-07-27 15:30"
    ]


def test_the_zone_that_agrees_with_both_clocks_is_taken():
    draft = parse(changed("dates.timezone", "Europe/Paris"))
    assert draft.time_zone == "America/New_York"


def test_a_local_start_is_enough_where_clocks_do_not_change():
    draft = parse(changed("dates.start.dateTime", None))
    assert draft.starts_at == datetime(2016, 7, 27, 19, 30, tzinfo=ZoneInfo("America/New_York"))


def test_a_local_start_that_happens_twice_is_refused():
    form = changed("dates.start.dateTime", None)
    form["dates"]["start"] |= {"localDate": "2016-11-06", "localTime": "01:30:00"}
    assert problems(form) == [
        "Radiohead: its local start 2016-11-06 01:30 in America/New_York is not one moment, "
        "and there is no UTC start to tell which is meant"
    ]


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("dates.start.dateTBD", True, "its date or time is not announced yet"),
        ("dates.start.timeTBA", True, "its date or time is not announced yet"),
        ("dates.start.dateTime", "soon", "its start 'soon' is not a date and time"),
        ("dates.start.dateTime", "2016-07-27T23:30:00", "has no offset from UTC"),
        ("dates.start.localTime", "half past", "is not a date and time"),
        ("dates.status.code", "maybe", "its status 'maybe' is not known"),
        ("_embedded.venues", [], "has no venue name"),
        ("_embedded.venues.0.postalCode", "1" * 30, "its postcode is 30 characters long"),
        ("sales.public.endDateTime", "2015-01-01T00:00:00Z", "its sale ends"),
        ("priceRanges.0.currency", "dollars", "is not a three-letter code"),
        ("priceRanges.0.min", -1, "its minimum price '-1' is not an amount"),
        ("priceRanges.0.max", "NaN", "its maximum price 'NaN' is not an amount"),
        ("priceRanges.0.max", 20, "its lowest price 80 is above its highest, 20"),
        ("id", None, "has no external id"),
    ],
)
def test_what_cannot_be_repaired_is_told(path, value, told):
    assert any(told in problem for problem in problems(changed(path, value)))


def test_an_unknown_time_zone_is_told():
    form = changed("dates.timezone", "Mars/Base")
    form["_embedded"]["venues"][0]["timezone"] = "Mars/Base"
    assert problems(form) == [
        "Radiohead: its time zone 'Mars/Base' is not known",
        "Radiohead: has no known time zone",
    ]


@pytest.mark.parametrize(
    ("path", "value", "field", "expected"),
    [
        ("priceRanges", None, "price_min", None),
        ("sales", None, "sale_starts_at", None),
        ("sales.public.startDateTime", "1900-01-01T06:00:00Z", "sale_starts_at", None),
        ("sales.public.startTBD", True, "sale_starts_at", None),
        ("pleaseNote", None, "please_note", ""),
        ("url", "javascript:alert(1)", "source_url", ""),
        ("classifications", None, "kind", "CONCERT"),
        ("name", " Tom &amp; Jerry\u0007 ", "title", "Tom & Jerry"),
        ("dates.status.code", "cancelled", "status", "CANCELLED"),
        ("_embedded.venues.0.country", {"countryCode": "fr"}, "country", "FR"),
        ("_embedded.venues.0.country", {"name": "Germany"}, "country", "DE"),
    ],
)
def test_what_can_be_repaired_is(path, value, field, expected):
    assert getattr(parse(changed(path, value)), field) == expected


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '"text"', "[" * 100_000])
def test_what_is_no_event_file_is_told(content):
    with pytest.raises(EventsRefused) as refusal:
        parse_all(content)
    assert refusal.value.problems[0].startswith("File: ")
