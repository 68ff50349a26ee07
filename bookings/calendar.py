"""A date for the reader's calendar."""

from datetime import timedelta

from django.http import HttpResponse
from django.utils import timezone
from icalendar import Calendar
from icalendar import Event as CalendarEntry

from events.models import Status

USUAL_LENGTH = timedelta(hours=3)


def calendar_of(event, url, *, places=""):
    """An .ics download of the event (with its venue loaded) and its page; `places` are the reader's
    seats."""
    entry = CalendarEntry()
    entry.add("uid", f"{event.pk}@tessera")
    entry.add("dtstamp", timezone.now())
    entry.add("dtstart", event.local_start)
    entry.add("dtend", (event.ends_at or event.starts_at + USUAL_LENGTH).astimezone(event.zone))
    entry.add("summary", event.title)
    entry.add("location", f"{event.venue}, {event.venue.address}".strip(", "))
    entry.add("description", f"{places}\n{url}".strip())
    entry.add("url", url)
    if event.status == Status.CANCELLED:
        entry.add("status", "CANCELLED")
    calendar = Calendar()
    calendar.add("prodid", "-//Tessera//EN")
    calendar.add("version", "2.0")
    calendar.add_component(entry)
    calendar.add_missing_timezones()  # not every calendar knows zones by their name alone
    response = HttpResponse(calendar.to_ical(), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{event.slug}.ics"'
    return response
