"""What stands on the pages of deliveries: what becomes ours, problems line by line, maps."""

from collections import Counter

from django.urls import reverse
from django.utils.html import format_html, format_html_join

from core.admin_parts import Panel, Table, columns, linked, panel, when
from core.money import total
from inventory.models import EventSeat, Ownership
from suppliers.models import (
    RECEIVABLE,
    Acquisition,
    DeliveryDocument,
    LineStatus,
    PurchaseOrderLine,
)
from suppliers.services.landed import amount_of
from suppliers.services.lines import words_for
from venues.admin import picture
from venues.models import Layout
from venues.plan import from_canonical

# More problems than this are counted, not listed: whoever has so many sends another file.
MOST_SHOWN = 200
# What a place is on the map of a delivery; of several the first.
LEGEND = [
    ("buy-arriving", "Arriving now"),
    ("buy-clash", "Not received: see the problems"),
    ("buy-owned", "Ours already"),
    ("buy-coming", "Still to come"),
    ("buy-open", "Not on this order"),
]


def reading_panels(order, reading):
    """What was read of a delivery: its problems by line, guesses, and what becomes ours."""
    found = [_problems(reading), _matches(reading), _remarks(reading)]
    problems = {}
    for problem in reading.problems:
        problems.setdefault(problem.event_id, set()).update(problem.ordinals)
    return [*filter(None, found), *arriving_panels(order, reading.parts, problems)]


def _problems(reading):
    rows = [
        [f"{problem.number:,}", problem.text or "–", _reason(problem)]
        for problem in reading.problems[:MOST_SHOWN]
    ]
    more = len(reading.problems) - len(rows)
    foot = ["", f"and {more:,} more", ""] if more > 0 else []
    titles = columns("Line#", "What they wrote", "Why it is not received")
    table = Table(titles, rows, foot)
    return Panel("Problems", table, count=len(reading.problems)) if rows else None


def _reason(problem):
    if not problem.candidates:
        return problem.reason
    candidates = format_html_join(", ", "<b>{}</b>", ((name,) for name in problem.candidates))
    return format_html("{}<small>Perhaps {}?</small>", problem.reason, candidates)


def _matches(reading):
    rows = [
        [
            match.written or "(no section)",
            format_html("<b>{}</b>", match.section),
            "A guess" if match.is_guess else "Spelled otherwise",
            f"{match.first_line:,}",
            f"{match.lines:,}",
        ]
        for match in sorted(reading.matches, key=lambda match: not match.is_guess)[:MOST_SHOWN]
    ]
    titles = columns("They wrote", "Read as", "How", "First on line#", "Lines#")
    return Panel("Sections", Table(titles, rows), count=len(rows)) if rows else None


def _remarks(reading):
    rows = [
        [f"{remark.number:,}", remark.text or "–", remark.reason]
        for remark in reading.remarks[:MOST_SHOWN]
    ]
    titles = columns("Line#", "What they wrote", "Remark")
    return Panel("Remarks", Table(titles, rows), count=len(reading.remarks)) if rows else None


def arriving_panels(order, parts, problems=None):
    """What of the order becomes ours by these Parts, as a table and a map of each event; `problems` is
    {event id: ordinals that cannot be received}."""
    lines = {line.pk: line for line in order.lines.select_related("event", "section", "level")}
    given = [(lines[part.line_id], part.ordinals) for part in parts]
    arriving = {}
    for line, ordinals in given:
        arriving.setdefault(line.event, set()).update(ordinals)
    for line in lines.values():
        if (problems or {}).get(line.event_id):
            arriving.setdefault(line.event, set())
    table = Panel("What becomes ours", _arriving_table(order, given))
    unwell = problems or {}
    maps = [_map(event, found, unwell.get(event.pk, ())) for event, found in arriving.items()]
    return [table, *maps]


def _arriving_table(order, given):
    rows = [
        [
            format_html("<b>{}</b><small>{}</small>", line.event, line.section or line.level),
            words_for(line, ordinals),
            f"{len(ordinals):,}",
            amount_of(line, ordinals).display(),
            f"{line.outstanding - len(ordinals):,}",
        ]
        for line, ordinals in given
    ]
    seats = sum(len(ordinals) for _, ordinals in given)
    cost = total((amount_of(line, ordinals) for line, ordinals in given), order.currency)
    foot = ["All together", "", f"{seats:,}", cost.display(), ""]
    titles = columns("Event", "Places", "Seats#", "Amount#", "Still to come#")
    return Table(titles, rows, foot if rows else [], empty="Nothing of it can be received.")


def _map(event, arriving, problems):
    """The map of an event: what arrives, what cannot, what is ours, what is still to come."""
    plan = from_canonical(Layout.objects.only("plan").get(pk=event.layout_id).plan)
    state = dict.fromkeys(_still_to_come(event), "buy-coming")
    owned = EventSeat.objects.filter(event=event, ownership=Ownership.OWNED)
    state |= dict.fromkeys(owned.values_list("ordinal", flat=True), "buy-owned")
    state |= dict.fromkeys(problems, "buy-clash")
    state |= dict.fromkeys(arriving, "buy-arriving")
    classes = [state.get(ordinal, "buy-open") for ordinal in range(plan.places)]
    counts = Counter(classes)
    legend = [(name, words, counts[name]) for name, words in LEGEND]
    context = {"picture": picture(plan, f"Arriving at {event}", classes), "legend": legend}
    return Panel(str(event), template="admin/_picture.html", context=context)


def _still_to_come(event):
    """The ordinals of an event that any open order line still expects."""
    lines = PurchaseOrderLine.objects.filter(event=event).exclude(
        status__in=(LineStatus.CANCELLED, LineStatus.RECEIVED)
    )
    return {ordinal for line in lines for ordinal in line.ordinals}


@panel("suppliers.purchaseorder", needs="suppliers.suppliercode")
def deliveries_of_order(request, order):
    """Deliveries that somebody began to receive, or that are being received."""
    begun = order.deliveries.filter(receipt=None)
    if order.status not in RECEIVABLE:
        begun = begun.exclude(asked_at=None)
    rows = [
        [
            format_html('<a href="{}">{}</a>', _address(each), each.file_name or "Pasted text"),
            when(each.made_at),
            str(each.made_by or "the system"),
            _state(each),
        ]
        for each in begun.select_related("made_by").defer("text", "parts")
    ]
    titles = columns("Sent", "Begun", "By", "State")
    table = Table(titles, rows)
    return Panel("Deliveries not yet received", table, count=len(rows)) if rows else None


def _state(delivery):
    if delivery.problem:
        return delivery.problem
    return "Is being received" if delivery.is_under_way else "Waits for you"


def _address(delivery):
    return reverse("admin:suppliers_purchaseorder_delivery", args=[delivery.order_id, delivery.pk])


@panel("suppliers.purchaseorder", needs="suppliers.deliverydocument")
def files_of_order(request, order):
    files = order.documents.defer("content").select_related("added_by")
    rows = [
        [linked(file), f"{file.size:,}", str(file.added_by or "the system"), when(file.added_at)]
        for file in files
    ]
    titles = columns("File", "Bytes#", "Kept by", "When")
    return Panel("Files of the supplier", Table(titles, rows), count=len(rows)) if rows else None


@panel("inventory.eventseat", needs="suppliers.suppliercode")
def supplier_code_of_seat(request, seat):
    """The supplier's own barcode or file, for those who buy."""
    found = Acquisition.objects.filter(event_seat=seat, codes__isnull=False)
    rows = [
        [each.supplier, code.barcode or "–", document_of(code)]
        for each in found.select_related("supplier").prefetch_related("codes__acquisition__line")
        for code in each.codes.all()
    ]
    titles = columns("Supplier", "Their barcode", "Their file")
    return Panel("From the supplier", Table(titles, rows)) if rows else None


def file_of(code):
    """The name of the supplier's file for a place, or a link to it."""
    if code.link:
        return format_html('<a href="{0}" rel="noreferrer">{0}</a>', code.link)
    return code.file_name or "–"


def document_of(code):
    """Like `file_of`, with the way to the file if it was kept with its order."""
    order = code.acquisition.line.order_id
    kept = DeliveryDocument.objects.filter(order=order, name=code.file_name).defer("content")
    document = kept.order_by("-added_at", "pk").first() if code.file_name else None
    return linked(document) if document else file_of(code)
