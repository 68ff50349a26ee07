"""The booking with its tickets, and how a guest finds it again."""

import hashlib
import re

from django.core.cache import cache
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from agencies.queries import current_agency, current_terms
from bookings.calendar import calendar_of
from bookings.cancelling import may_exchange, may_give_back, policy_of
from bookings.changed_from import changed_from
from bookings.changing import open_change_of, why_cancelled
from bookings.clients import address_digest, are_limited
from bookings.facts import BookingSought
from bookings.forms import FindForm
from bookings.invoice_paper import paper_of
from bookings.invoicing import issue_invoice
from bookings.links import exchange_key, own_booking
from bookings.models import Booking, CancelledItem, Invoice, Status
from bookings.orders import paid_with
from bookings.printing import items_with_codes, pdf_of
from bookings.receipt import receipt_of
from bookings.showing import giving_back, shown
from bookings.views.checkout import line_of, lines_of
from bookings.views.hands import given_away, hands, is_free
from core.ids import uuid7
from core.locks import database_now
from core.outbox import record
from core.postgres.prepared import prepared
from core.transactions import use_case
from customers.links import customer_of
from customers.services import seek_customer
from events.models import Status as EventStatus
from payments.models import OtherWay, Payment
from tickets.models import Download
from tickets.models import Status as TicketStatus
from tickets.services import code_of, why_event_stays
from tickets.services.keys import NoCode

TRIES_PER_HOUR = 20
MAILS_PER_HOUR = 5
MOST_ADDED = 6
"""Seats that are added to a booking at once; who wants more chooses them on the map."""


@require_safe
@never_cache
@prepared()
def booking(request, booking_id):
    """The tickets, the money and what can be done with them; a mailed key opens it."""
    if "k" in request.GET:
        return exchange_key(request, booking_id, "booking")
    found = own_booking(request, booking_id)
    if found.status == Status.RESERVED:
        return redirect("checkout", found.pk)
    items, now = items_with_codes(found), database_now()
    is_cancelled = found.event.status == EventStatus.CANCELLED
    valid_first = sorted(items, key=_is_given_back)
    together = paid_with(found)
    receipt = receipt_of(found, items)
    made = _cancellations(found)
    became = _became(made, items)
    others = hands(found, items, now)
    return render(request, "bookings/booking.html", {
        "nav": "tickets",
        "booking": found,
        "event": shown(found.event, None),
        "is_cancelled": is_cancelled,
        "why_cancelled": why_cancelled(found.event) if is_cancelled else "",
        "tickets": [
            _shown_ticket(item, is_cancelled, others) | {"became": became.get(item.pk)}
            for item in valid_first
        ],
        "may_give": _may_give(found, items, now),
        "given_to": given_away(items, others) if found.is_sold else "",
        "has_own": any(_is_own(item, now) for item in items),
        "ticket_count": sum(not _is_given_back(item) for item in items) or len(items),
        "items": lines_of(items, receipt),
        "total": found.money,
        "receipt": receipt,
        "cancellations": made,
        "other_ways": any(each["by_other_way"] for each in made),
        "became": list(dict.fromkeys(became.values())),
        "is_all_changed": not found.is_sold and bool(items) and len(became) == len(items),
        "changed_from": changed_from(found),
        "changed": open_change_of(found, now) if found.is_sold else None,
        "may_give_back": _may_give_back(found, items, now),
        "may_exchange": any(is_free(item.ticket, now) for item in items)
        and may_exchange(found, now),
        "giving_back": giving_back(policy_of(found), found.event, now),
        "customer": found.customer,
        "together": together,
        "paid": Payment.objects.get(pk=found.payment_id) if together else None,
        "near": _near(found, items, now),
        "more": range(1, min(found.event.max_per_booking, MOST_ADDED) + 1),
    })  # fmt: skip


def _near(found, items, now):
    """The ordinal of a seat of the booking that others can be added next to, while they are sold to
    all; None otherwise."""
    valid = [item.ticket for item in items if item.ticket.status == TicketStatus.CONFIRMED]
    if not found.is_sold or not valid or not found.event.sells_at(now):
        return None
    return valid[0].ordinal


def _cancellations(found):
    """What was given back, the first first, with how far its money is."""
    made = found.cancellations.select_related("refund", "exchanged_for").prefetch_related(
        "credit_notes"
    )
    made = made.order_by("made_at", "pk")
    return [
        {
            "count": each.ticket_count,
            "at": each.made_at,
            "kept": each.kept_money,
            "back": each.back,
            "credited": each.credited_money - _used(each),
            "became": each.exchanged_for,
            "used": _used(each),
            "sent": each.refunded_money,
            "note": next((note.number for note in each.credit_notes.all()), ""),
            "is_back": each.is_back,
            "by_other_way": _other_ways(each),
        }
        for each in made
    ]


def _other_ways(cancellation):
    """in cash; by bank transfer: how money of it came back otherwise than it was paid, or empty."""
    if not cancellation.refunded:
        return ""
    found = cancellation.refunds.exclude(other_way__in=("", OtherWay.PROVIDER))
    return " and ".join(sorted({refund.by_other_way for refund in found}))


def _became(made, items):
    """{item id: the Booking that its ticket was changed for}; asks only where seats were changed."""
    if not any(each["became"] for each in made):
        return {}
    rows = CancelledItem.objects.filter(item__in=items, cancellation__exchanged_for__isnull=False)
    rows = rows.select_related("cancellation__exchanged_for").order_by("cancellation__made_at")
    return {each.item_id: each.cancellation.exchanged_for for each in rows}


def _used(cancellation):
    """What of it paid for the seats that it became."""
    new, credited = cancellation.exchanged_for, cancellation.credited_money
    return min(credited, new.money) if new else credited - credited


def _may_give_back(found, items, now):
    return _is_any_valid(items) and may_give_back(found, now)


def _is_given_back(item):
    return item.ticket.status in (TicketStatus.CANCELLED, TicketStatus.REFUNDED)


def _is_any_valid(items):
    return any(item.ticket.status == TicketStatus.CONFIRMED for item in items)


def _is_own(item, now):
    """Whether its buyer has a ticket that admits."""
    ticket = item.ticket
    return ticket.status == TicketStatus.CONFIRMED and not ticket.is_offered_at(now)


def _may_give(found, items, now):
    is_open = found.is_sold and found.customer_id and found.event.is_transferable
    return (
        is_open
        and not why_event_stays(found.event, now)
        and any(_is_own(item, now) for item in items)
    )


def _shown_ticket(item, is_cancelled, others):
    """What is in other hands has a code and a number that are nobody's here."""
    ticket, hand = item.ticket, others.get(item.ticket_id)
    is_theirs = hand is not None or ticket.holder_id is not None
    return line_of(item) | {
        "number": hand.number if hand else ticket.number if not is_theirs else "",
        "status": ticket.status,
        "holder": "" if is_theirs else ticket.holder_name,
        "entrance": ticket.entrance,
        "code": "" if is_cancelled or is_theirs else _code(ticket),
        "hand": hand,
        "is_cancelled": is_cancelled,
    }


def _code(ticket):
    try:
        return code_of(ticket)
    except NoCode:
        return ""


@require_safe
@never_cache
def tickets_pdf(request, booking_id):
    """All tickets of the booking in one PDF."""
    found = own_booking(request, booking_id)
    if not found.is_sold:
        raise Http404
    pdf = pdf_of(found)
    if not pdf:
        raise Http404
    Download.objects.create(reference=found.pk, ticket_count=found.ticket_count)
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="tickets-{found.number}.pdf"'
    return response


@require_safe
@never_cache
def invoice_pdf(request, booking_id):
    """The invoice of a paid booking; `note` names one of its credit notes instead."""
    found = own_booking(request, booking_id)
    invoice = issue_invoice(found.pk)
    if "note" in request.GET:
        notes = found.invoices.filter(kind=Invoice.Kind.CREDIT_NOTE)
        invoice = next((each for each in notes if each.number == request.GET["note"]), None)
    if invoice is None:
        raise Http404
    response = HttpResponse(paper_of(invoice), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{invoice.number}.pdf"'
    return response


@require_safe
@never_cache
def booking_calendar(request, booking_id):
    """The date with the buyer's seats, for the calendar. It names the event's page: the booking's
    opens only where its key was, and calendars are shared."""
    found = own_booking(request, booking_id)
    own = found.items.filter(ticket__holder=None).select_related("ticket")
    places = ", ".join(item.ticket.place for item in own)
    url = request.build_absolute_uri(reverse("event", args=[found.event.slug]))
    return calendar_of(found.event, url, places=places)


@never_cache
def find_booking(request):
    """Mails the link to a booking, or to all of them. The answer is the same whether there are any."""
    form = FindForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        if may_seek(request, form.cleaned_data["email"]):
            _seek(form.cleaned_data)
        return redirect(f"{reverse('find_booking')}?sent=yes")
    status = 422 if request.method == "POST" else 200
    context = {
        "nav": "tickets",
        "form": form,
        "sent": "sent" in request.GET,
        "customer": customer_of(request),
    }
    return render(request, "bookings/find.html", context, status=status)


def may_seek(request, email, *, what="find", tries=TRIES_PER_HOUR):
    """At most 20 look-ups an hour from one address, and 5 mails to one mailbox; without the counter
    none. `what` has a counter of its own, and may have another number of `tries`."""
    if not are_limited():
        return True
    mailbox = hashlib.sha256(email.strip().lower().encode()).hexdigest()
    return _counted(f"{what}:{address_digest(request)}", tries) and _counted(
        f"{what}-mail:{mailbox}", MAILS_PER_HOUR
    )


def _counted(name, most):
    """Whether this was done at most so often within an hour."""
    key = f"{name}:{current_agency().pk}"
    cache.add(key, 0, 3600)
    try:
        return (cache.incr(key) or most + 1) <= most
    except ValueError:
        return False


def _seek(wanted):
    if wanted["number"]:
        _seek_booking(wanted)
    else:
        seek_customer(wanted["email"])


@use_case
def _seek_booking(wanted):
    letters = re.sub(r"[^0-9A-Z]", "", wanted["number"].upper())
    number = f"{letters[:4]}-{letters[4:]}"
    found = Booking.objects.filter(number=number, customer__email__iexact=wanted["email"]).first()
    if found:
        record(BookingSought(booking_id=found.pk, request_id=uuid7()))


def help_page(request):
    """Answers to what buyers ask."""
    return render(request, "bookings/help.html", {"nav": "help", "terms": current_terms()})
