"""Parts that pages of the back office are put together from: states, money, tables, panels, timeline.

A panel may come from any app: `panel("bookings.booking")` in a higher app's admin adds to the page of
a lower one, so the lower app never knows of it.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import groupby

from django.contrib import admin
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from core.admin_names import in_words, names_of, rows_in
from core.models import AuditEntry
from core.money import Money

SHOWN = 60
# What a state means for the reader, whichever table it stands in: the mark and colour of its pill.
TONES = {
    "ok": "CONFIRMED PAID SUCCEEDED COMPLETED RECEIVED ON_SALE OWNED SENT AVAILABLE ACTIVE USED "
    "WON KEPT MATCHED ACCEPTED APPROVED CREDITED CLOSED TAKEN_BACK "
    "ARRIVED PAYOUT EXPLAINED admitted done",
    "warn": "PAUSED PENDING PROCESSING RESERVED PARTIALLY_RECEIVED UNPAID PARTIAL HELD SOLD_OUT "
    "EXCEPTION PROPOSED REQUESTED OPEN PART OPENED INQUIRY EVIDENCE_SENT TRANSFERRED "
    "duplicate wrong_gate received",
    "bad": "FAILED LOST DISPUTED CANCELLED REFUSED BLOCKED VOID not_valid wrong_event unknown failed",
    "idle": "DRAFT EXPIRED REFUNDED NOT_OWNED RETURNED_TO_SUPPLIER SOLD VERIFY_ONLY RETIRED",
    "soon": "PUBLISHED",
}
_TONE = {status: tone for tone, words in TONES.items() for status in words.split()}


def pill(status, words):
    """A state as colour, mark and word."""
    tone = _TONE.get(status, "idle")
    return format_html('<span class="state state--{}">{}</span>', tone, words)


def status_of(thing, name="status"):
    """The pill of a field with choices."""
    return pill(getattr(thing, name), getattr(thing, f"get_{name}_display")())


def status_column(name="status", title="State"):
    """A column for list_display with the pill of a field."""

    @admin.display(description=title, ordering=name)
    def column(thing):
        return status_of(thing, name)

    return column


def amount(value, currency):
    """€1,234.50 in figures that line up; an en dash for none."""
    shown = "–" if value is None else Money(value, currency).display()
    return format_html('<span class="num amount">{}</span>', shown)


def money_column(name, title, currency="currency"):
    """A column for list_display with an amount of its row's currency."""

    @admin.display(description=title, ordering=name)
    def column(thing):
        return amount(getattr(thing, name), getattr(thing, currency))

    column.__name__ = f"money_{name}"
    return column


def when(moment):
    """13 Mar 2027, 20:00 on the clock of the page."""
    if moment is None:
        return "–"
    shown = f"{timezone.localtime(moment):%-d %b %Y, %H:%M}"
    return format_html('<time class="num" datetime="{}">{}</time>', moment.isoformat(), shown)


def day(date):
    """13 Mar 2027"""
    return "–" if date is None else format_html('<span class="num">{}</span>', f"{date:%-d %b %Y}")


def page_of(thing):
    """The address of a thing's page in the back office."""
    meta = thing._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[thing.pk])


def linked(thing, words=None):
    """The thing's name as a link to its page; an en dash for None."""
    if thing is None:
        return "–"
    return format_html('<a href="{}">{}</a>', page_of(thing), words or thing)


@dataclass(frozen=True)
class Column:
    title: str
    is_number: bool = False


def columns(*titles):
    """Columns by title; those ending in # hold figures and are set flush right."""
    return [Column(title.removesuffix("#"), title.endswith("#")) for title in titles]


@dataclass(frozen=True)
class Table:
    """Rows of cells (text or safe HTML) under columns; `foot` is a last row of totals."""

    columns: list
    rows: list
    foot: list = field(default_factory=list)
    empty: str = "Nothing here yet."


@dataclass(frozen=True)
class Panel:
    """A titled part of a page: a Table, or a template with its context."""

    title: str
    table: Table | None = None
    template: str = "admin/_table.html"
    context: dict = field(default_factory=dict)
    count: int | None = None
    link: tuple = ()


_panels = defaultdict(list)


def panel(model_label, *, needs):
    """Decorates function(request, thing) → Panel or None, shown on the pages of `model_label` to who
    may view `needs` (a model label)."""

    def register(function):
        _panels[model_label].append((needs, function))
        return function

    return register


def panels_for(request, site, thing):
    """The panels other apps have for this thing, as far as the reader may see them."""
    found = [
        function(request, thing)
        for needs, function in _panels[thing._meta.label_lower]
        if site.allows(request, "view", needs)
    ]
    return [each for each in found if each]


@dataclass(frozen=True)
class Entry:
    """Something that happened, for a timeline."""

    at: object
    who: str
    words: str


def timeline(things, more=()):
    """The newest changes of these rows from the audit trail, and `more` Entries, as a Panel; None when
    there are none."""
    wanted, rows = defaultdict(list), {}
    for thing in things:
        wanted[thing._meta.db_table].append(str(thing.pk))
        rows[thing._meta.db_table, str(thing.pk)] = thing
    return story(wanted, more, rows)


def story(wanted, more=(), things=None):
    """The timeline of rows known by {table: [id as text]}, and those of them that are at hand as
    {(table, id as text): row}."""
    entries = []
    for table, ids in wanted.items():
        entries += AuditEntry.objects.filter(table=table, row_id__in=ids).order_by("-pk")[:SHOWN]
    actors, names = names_of(entry.actor for entry in entries), rows_in(entries)
    told = [_told(entry, actors, names, things or {}) for entry in entries] + list(more)
    told = [entry for entry in told if entry.words]
    told.sort(key=lambda entry: entry.at, reverse=True)
    shown = {"entries": _folded(told)[:SHOWN]}
    return Panel("What happened", template="admin/_timeline.html", context=shown) if told else None


def _folded(entries):
    """Neighbours that say the same within a second become one entry that counts them."""
    folded = []
    for _, group in groupby(entries, key=lambda e: (e.words, e.who, int(e.at.timestamp()))):
        first, *rest = group
        times = f", {len(rest) + 1} times" if rest else ""
        folded.append(Entry(first.at, first.who, first.words + times))
    return folded


def _told(entry, actors, names, things):
    who = actors.get(entry.actor, entry.actor or "the system")
    row = things.get((entry.table, entry.row_id))
    return Entry(entry.at, who, in_words(entry, names, row))
