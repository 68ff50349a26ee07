"""What shows that a sale was real, for the bank of a buyer who says that it was not: the order, what
was delivered and who came in."""

import json
import zipfile
from dataclasses import dataclass, replace
from io import BytesIO

from django.utils import timezone

from agencies.queries import current_agency, current_zone
from bookings.evidence_paper import paper_of
from bookings.orders import paid_with, payments_of
from bookings.receipt import receipt_of
from core.money import Money
from payments.models import CreditEntry, Dispute, Refund
from tickets.models import Admission, Download, Scan, TransferredTicket, TransferStatus

Kind = CreditEntry.Kind
GIVEN_AS_CREDIT = (Kind.BACK, Kind.PAID_OUT, Kind.WITHHELD, Kind.FREED)


@dataclass(frozen=True)
class Section:
    """A titled part of the evidence: rows of texts under columns, or a sentence when there are none."""

    title: str
    columns: tuple
    rows: list
    empty: str = "None."


_sections = []


def evidence(function):
    """Has a higher app add to the evidence: function(booking) → Section."""
    _sections.append(function)
    return function


def sections_of(booking):
    """All Sections about a Booking (with event, its venue, and customer), in the order of the story."""
    payments = list(payments_of(booking).order_by("created_at", "pk"))
    money = [_payments(payments), _refunds(payments), _credit(payments), _disputes(payments)]
    before, after = _story(booking)
    told = [*before, *money, *after]
    for other in paid_with(booking):
        parts = [section for half in _story(other) for section in half]
        told += [replace(each, title=f"{each.title}, booking {other.number}") for each in parts]
    return told


def _story(booking):
    """(the Sections of a booking before its money, those after)."""
    tickets = [item.ticket_id for item in booking.items.all()]
    return (
        [_sale(booking), _tickets(booking), _terms(booking), *_accepted(booking)],
        [
            *(function(booking) for function in _sections),
            _downloads(booking),
            _given(tickets),
            _scans(tickets),
            _admissions(tickets),
        ],
    )


def pack_of(booking):
    """A ZIP (bytes) with all of it for people, as a PDF, and for machines, as JSON."""
    sections = sections_of(booking)
    title = f"Evidence for booking {booking.number}"
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr(f"evidence-{booking.number}.pdf", paper_of(title, sections))
        pack.writestr(f"evidence-{booking.number}.json", _as_json(title, sections))
    return file.getvalue()


def _as_json(title, sections):
    told = {
        "title": title,
        "agency": current_agency().name,
        "made_at": timezone.now().isoformat(),
        "sections": [
            {
                "title": one.title,
                "rows": [dict(zip(one.columns, row, strict=True)) for row in one.rows],
            }
            for one in sections
        ],
    }
    return json.dumps(told, ensure_ascii=False, indent=1)


def moment(at):
    """13 Mar 2027, 20:00:05 CET, on the agency's clock; a dash for None."""
    return f"{at.astimezone(current_zone()):%-d %b %Y, %H:%M:%S %Z}" if at else "–"


def _sale(booking):
    event, customer = booking.event, booking.customer
    known = [
        ("Booking", booking.number),
        ("Sold by", current_agency().name),
        ("Event", event.title),
        ("Where", f"{event.venue.name}, {event.venue.city}"),
        ("When", f"{event.local_start:%-d %b %Y, %H:%M %Z}"),
        ("Buyer", customer.name if customer else "–"),
        ("E-mail", customer.email if customer else "–"),
        ("Phone", customer.phone if customer else ""),
        ("Sold through", booking.get_channel_display()),
        ("Chosen", moment(booking.reserved_at)),
        ("Confirmed", moment(booking.confirmed_at)),
        ("Total", booking.money.display()),
    ]
    return Section("The sale", ("What", "Was"), [row for row in known if row[1]])


def _numbers(ticket_ids):
    """{ticket id: the number it was sold with} of those that were given to others since: the present
    one opens the door to whoever reads it."""
    taken = TransferredTicket.objects.filter(
        ticket__in=ticket_ids, transfer__status=TransferStatus.ACCEPTED
    )
    return dict(taken.order_by("-generation").values_list("ticket", "number"))


def _given(ticket_ids):
    """What the buyer, or who had them from him, gave to others: of who took them only. Each is named by
    the number that it was sold with."""
    found = TransferredTicket.objects.filter(
        ticket__in=ticket_ids, transfer__status=TransferStatus.ACCEPTED
    )
    found = list(found.select_related("transfer").order_by("pk"))
    sold_as = {}
    for row in sorted(found, key=lambda row: row.generation):
        sold_as.setdefault(row.ticket_id, row.number)
    rows = [
        (
            moment(row.transfer.begun_at),
            sold_as[row.ticket_id],
            row.transfer.recipient_name,
            moment(row.transfer.decided_at),
        )
        for row in found
    ]
    columns = ("Offered", "Ticket", "To", "Taken")
    return Section("Given to others", columns, rows, "None were given to others.")


def _tickets(booking):
    items = list(booking.items.select_related("ticket").order_by("position"))
    numbers = _numbers([item.ticket_id for item in items])
    rows = [
        (
            numbers.get(item.ticket_id, item.ticket.number),
            item.ticket.place,
            item.ticket.holder_name or "–",
            item.ticket.get_status_display(),
            Money(item.total, item.currency).display(),
        )
        for item in items
    ]
    return Section("The tickets", ("Ticket", "Place", "Holder", "State", "Paid"), rows)


def _terms(booking):
    """What the buyer was told that he pays for, line by line, and the terms in force at that moment."""
    receipt = receipt_of(booking, list(booking.items.order_by("position")))
    rows = [(words, money.display()) for words, money in [*receipt.rows, *receipt.contained]]
    rows.append(("Total", receipt.total.display()))
    if booking.terms:
        rows.append(
            (
                "Fees, taxes and rules of cancelling, by their fingerprint",
                booking.terms.content_hash,
            )
        )
    return Section("The terms it was sold under", ("What", "Amount"), rows)


def _accepted(booking):
    """When and from where the buyer accepted which terms of sale, and their words."""
    consents = list(booking.consents.select_related("terms"))
    rows = [
        (moment(one.accepted_at), one.terms.digest, one.get_channel_display(), one.network or "–")
        for one in consents
    ]
    columns = ("Accepted", "Version", "Through", "From the network")
    yield Section("Terms of sale accepted", columns, rows, "None were asked for.")
    for one in consents:
        title = f"Terms of sale, version {one.terms.digest}"
        yield Section(title, ("Text",), [(part,) for part in one.terms.text.splitlines() if part])


def _payments(payments):
    rows = [
        (
            moment(payment.opened_at),
            moment(payment.settled_at),
            payment.charged.display(),
            payment.by_credit.display() if payment.credit else "–",
            payment.get_status_display(),
            payment.provider_payment_ref or payment.provider_ref or "–",
        )
        for payment in payments
    ]
    columns = (
        *("Sent to pay", "Settled", "Amount", "With credit", "State"),
        "Reference of the provider",
    )
    return Section("Payments", columns, rows)


def _refunds(payments):
    refunds = Refund.objects.filter(payment__in=payments).order_by("created_at", "pk")
    rows = [
        (
            moment(refund.completed_at),
            refund.money.display(),
            refund.get_reason_display(),
            refund.state_in_words,
            refund.provider_ref or "–",
        )
        for refund in refunds
    ]
    columns = ("Paid back", "Amount", "Because", "State", "Reference of the provider")
    return Section("Refunds", columns, rows, "Nothing was paid back by us.")


def _credit(payments):
    """What of the payments the buyer was given as credit, which he pays other tickets with."""
    entries = CreditEntry.objects.filter(payment__in=payments, kind__in=GIVEN_AS_CREDIT)
    rows = [
        (moment(entry.made_at), entry.money.display(), entry.get_kind_display())
        for entry in entries.order_by("made_at", "pk")
    ]
    columns = ("When", "Amount", "What")
    return Section("Credit", columns, rows, "None of it was given as credit.")


def _disputes(payments):
    disputes = Dispute.objects.filter(payment__in=payments).order_by("opened_at", "pk")
    rows = [
        (
            moment(one.opened_at),
            one.money.display(),
            one.reason,
            one.get_status_display(),
            one.provider_ref,
        )
        for one in disputes
    ]
    columns = ("Opened", "Amount", "Said to be", "State", "Reference of the provider")
    return Section("Disputes", columns, rows)


def _downloads(booking):
    found = Download.objects.filter(reference=booking.pk).order_by("at", "pk")
    rows = [(moment(one.at), str(one.ticket_count)) for one in found]
    return Section(
        "Fetched by the buyer from our site", ("When", "Tickets"), rows, "Not fetched there."
    )


def _scans(ticket_ids):
    found = Scan.objects.filter(ticket__in=ticket_ids).select_related("ticket", "gate")
    numbers = _numbers(ticket_ids)
    rows = [
        (
            moment(scan.at),
            numbers.get(scan.ticket_id, scan.ticket.number),
            scan.gate.name,
            scan.get_verdict_display(),
        )
        for scan in found.order_by("at", "pk")
    ]
    columns = ("When", "Ticket", "Gate", "Answer")
    return Section("Shown at the gate", columns, rows, "Not shown at a gate.")


def _admissions(ticket_ids):
    found = Admission.objects.filter(ticket__in=ticket_ids).select_related("ticket", "gate")
    numbers = _numbers(ticket_ids)
    rows = [
        (moment(one.at), numbers.get(one.ticket_id, one.ticket.number), one.gate.name)
        for one in found.order_by("at", "pk")
    ]
    return Section("Let in", ("When", "Ticket", "Gate"), rows, "Nobody was let in.")
