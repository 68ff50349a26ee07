"""What is told of tickets that change hands: to whoever offers them, to whom they are offered, and to
whom they were given, when something happens to them later."""

from urllib.parse import quote
from uuid import uuid5

from django.urls import reverse

from agencies.queries import current_agency, site_of
from bookings.changing import why_cancelled
from bookings.facts import BookingChanged, ProofAsked, TicketsCancelled
from bookings.links import mailed_key as booking_key
from bookings.models import BookingItem, Cancellation, ChangedBooking, Grounds
from bookings.printing import attached, pdf_of_held
from bookings.received import mailed_key, rows_of
from core.outbox import subscribe
from core.postgres.prepared import prepared
from customers.links import mailed_key as customer_key
from customers.models import Customer
from events.models import Status as EventStatus
from notifications.services import send_once, was_sent
from tickets.facts import TicketRenamed, TransferBegun, TransferDecided, TransferSought
from tickets.models import Status, Ticket, Transfer, TransferredTicket, TransferStatus
from tickets.services import new_token

HELD = (Status.TRANSFERRED, Status.USED)


def _transfer(transfer_id):
    found = Transfer.objects.select_related("event__venue", "giver", "recipient")
    return found.get(pk=transfer_id)


def _context(transfer, tickets=None):
    rows = tickets or [row.ticket for row in rows_of(transfer)]
    return {"transfer": transfer, "event": transfer.event, "tickets": rows}


def _link(page, thing, key):
    return f"{site_of(current_agency())}{reverse(page, args=[thing.pk])}?k={quote(key)}"


def _givers_link(transfer):
    """Where whoever offers them sees the tickets: his booking, or what he was given himself."""
    row = transfer.rows.select_related("ticket").order_by("pk").first()
    mine = TransferredTicket.objects.filter(ticket=row.ticket_id, generation=row.generation - 1)
    mine = mine.filter(
        transfer__status=TransferStatus.ACCEPTED, transfer__recipient=transfer.giver_id
    )
    item = BookingItem.objects.select_related("booking__event").get(ticket=row.ticket_id)
    came_by = mine.select_related("transfer__event").first()
    if item.booking.customer_id == transfer.giver_id or came_by is None:
        return _link("booking", item.booking, booking_key(item.booking))
    return _link("received", came_by.transfer, mailed_key(came_by.transfer))


# The offer


@subscribe(TransferBegun)
def mail_transfer_begun(fact):
    """To whoever has the tickets, whoever it was that offered them."""
    transfer = _transfer(fact.transfer_id)
    send_once(
        kind="transfer_begun",
        subject_id=transfer.pk,
        recipient=transfer.giver.email,
        context={**_context(transfer), "link": _givers_link(transfer)},
    )


@subscribe(TransferBegun)
def mail_transfer_offered(fact):
    _mail_offer(_transfer(fact.transfer_id), fact.transfer_id)


@subscribe(TransferSought)
def mail_transfer_again(fact):
    _mail_offer(_transfer(fact.transfer_id), fact.request_id)


def _mail_offer(transfer, subject_id):
    """The secret of the link is made here, so that it stands in the mail and nowhere else."""
    sent = {
        "kind": "transfer_offered",
        "subject_id": subject_id,
        "recipient": transfer.recipient_email,
    }
    token = None if was_sent(**sent) else new_token(transfer.pk)
    if token:
        link = _link("received", transfer, token)
        send_once(**sent, context={**_context(transfer), "link": link})


# The decision


@subscribe(TransferDecided)
@prepared()
def mail_transfer_taken(fact):
    """His tickets, to who took them, unless he has passed them on since."""
    transfer = _transfer(fact.transfer_id)
    if transfer.status != TransferStatus.ACCEPTED:
        return
    tickets = [row.ticket for row in rows_of(transfer) if row.went_along]
    if not tickets:
        return
    send_once(
        kind="transfer_taken",
        subject_id=transfer.pk,
        recipient=transfer.recipient.email,
        context={
            **_context(transfer, tickets),
            "link": _link("received", transfer, mailed_key(transfer)),
        },
        attachments=lambda: attached("given", _pdf(tickets, transfer.event)),
    )


def _pdf(tickets, event):
    """What of them admits by now, as a PDF, or None."""
    valid = [each for each in tickets if each.status in (Status.CONFIRMED, *HELD)]
    return pdf_of_held(valid, event) if valid else None


@subscribe(TransferDecided)
def mail_transfer_over(fact):
    """What became of the offer, to whoever made it; what he did himself he knows. One that ended with
    its tickets says why."""
    transfer = _transfer(fact.transfer_id)
    is_ours = transfer.decided_by_id is not None or transfer.why_over
    if transfer.status == TransferStatus.CANCELLED and not is_ours:
        return
    rows = rows_of(transfer)
    left = [row.ticket for row in rows if row.is_as_offered]
    send_once(
        kind="transfer_over",
        subject_id=transfer.pk,
        recipient=transfer.giver.email,
        context={
            **_context(transfer, [row.ticket for row in rows]),
            "left": left,
            "link": _givers_link(transfer),
        },
    )


@subscribe(TransferDecided)
def mail_transfer_withdrawn(fact):
    """To whom tickets were offered that he cannot have any more, if he was told of them."""
    transfer = _transfer(fact.transfer_id)
    known = was_sent(
        kind="transfer_offered", subject_id=transfer.pk, recipient=transfer.recipient_email
    )
    if transfer.status == TransferStatus.CANCELLED and known:
        send_once(
            kind="transfer_withdrawn",
            subject_id=transfer.pk,
            recipient=transfer.recipient_email,
            context=_context(transfer),
        )


@subscribe(ProofAsked)
def mail_proof(fact):
    customer = Customer.objects.get(pk=fact.customer_id)
    sign = "&" if "?" in fact.page else "?"
    link = f"{site_of(current_agency())}{fact.page}{sign}k={quote(customer_key(customer))}"
    send_once(
        kind="proof",
        subject_id=fact.request_id,
        recipient=customer.email,
        context={"customer": customer, "link": link},
    )


# What happens to tickets that somebody was given


def _by_holder(tickets):
    """{Customer: [Ticket]} of tickets (a queryset) that are in other hands than their buyer's."""
    held = {}
    rows = tickets.filter(holder__isnull=False).select_related("holder", "signing_key")
    for ticket in rows.order_by("ordinal", "pk"):
        held.setdefault(ticket.holder, []).append(ticket)
    return held


def _last_transfer(ticket):
    """The Transfer by which its holder got it."""
    rows = TransferredTicket.objects.filter(
        ticket=ticket, transfer__status=TransferStatus.ACCEPTED
    ).select_related("transfer__event__venue", "transfer__giver")
    return rows.order_by("-generation").first().transfer


def _tell_holders(kind, subject_id, tickets, *, with_pdf=False, **said):
    for holder, held in _by_holder(tickets).items():
        transfer = _last_transfer(held[0])
        pdf = {}
        if with_pdf:
            pdf = {
                "attachments": lambda held=held, transfer=transfer: attached(
                    "given", _pdf(held, transfer.event)
                )
            }
        send_once(
            kind=kind,
            subject_id=subject_id,
            recipient=holder.email,
            context={
                **_context(transfer, held),
                "holder": holder,
                "link": _link("received", transfer, mailed_key(transfer)),
                **said,
            },
            **pdf,
        )


@subscribe(TicketsCancelled)
def mail_holders_cancelled(fact):
    """That their tickets open no door any more; the money is between us and whoever paid."""
    cancellation = Cancellation.objects.select_related("booking__event").get(
        pk=fact.cancellation_id
    )
    event = cancellation.booking.event
    is_off = cancellation.grounds == Grounds.EVENT and event.status == EventStatus.CANCELLED
    lost = Ticket.objects.filter(items__cancelled__cancellation=cancellation)
    why = why_cancelled(event) if is_off else ""
    _tell_holders("held_cancelled", cancellation.pk, lost, is_off=is_off, why=why)


@subscribe(BookingChanged)
def mail_holders_changed(fact):
    """That the event was put off or moved."""
    row = ChangedBooking.objects.select_related("change__old_venue").get(pk=fact.changed_id)
    held = Ticket.objects.filter(items__booking=row.booking_id, status__in=HELD)
    _tell_holders("held_changed", row.pk, held, change=row.change)


@subscribe(TicketRenamed)
@prepared()
def mail_holder_renamed(fact):
    """One mail to each holder of tickets of a booking, with all of them."""
    item = BookingItem.objects.filter(ticket=fact.ticket_id).first()
    if item is not None:
        held = Ticket.objects.filter(items__booking=item.booking_id, status__in=HELD)
        told = uuid5(fact.move_id, f"held:{item.booking_id}")
        _tell_holders("held_renamed", told, held, with_pdf=True)
