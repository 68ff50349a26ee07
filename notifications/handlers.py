"""Which fact is told to whom."""

from urllib.parse import quote
from uuid import uuid5

from django.contrib.auth.tokens import default_token_generator
from django.db.models import Q
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.models import User
from agencies.facts import MemberInvited, NewPasswordAsked
from agencies.models import Invitation
from agencies.queries import current_agency, site_of
from agencies.views import mailed_key as invitation_key
from bookings.cancelling import own_left_of, policy_of
from bookings.cancelling.exchanging import kept_apart
from bookings.changed_from import changed_from
from bookings.changing import why_cancelled
from bookings.drawing import entry_shown, phase_of
from bookings.facts import (
    BookingChanged,
    BookingConfirmed,
    BookingExpired,
    BookingSought,
    MoneySentBack,
    PaymentAsked,
    TicketsCancelled,
    TransferAsked,
)
from bookings.links import mailed_key
from bookings.models import BookingItem, Cancellation, ChangedBooking, Grounds, Status
from bookings.orders import paid_for, payments_of
from bookings.printing import attached, pdf_of
from bookings.queries import items_with_tickets, told_booking
from bookings.receipt import receipt_of
from bookings.services import due_reminder, note_reminded
from core.locks import database_now
from core.money import Money
from core.outbox import subscribe
from core.postgres.prepared import prepared
from customers import draws
from customers.facts import (
    CustomerSought,
    DrawEntered,
    DrawEntryDecided,
    DrawEntryWithdrawn,
    DrawLinkAsked,
)
from customers.links import mailed_key as customer_key
from customers.models import Customer, Draw, DrawEntry, DrawStatus
from customers.services import remember_customer
from events.models import Event
from events.models import Status as EventStatus
from inventory.facts import HoldRunsOut
from inventory.models import Hold
from notifications import transfers  # noqa: F401 - tells of tickets that change hands
from notifications.services import send_once
from payments.facts import CreditPaidOut, RefundWentAnotherWay
from payments.models import CreditEntry, Refund
from payments.services import credit_of
from payments.statements import in_fours
from promotions.facts import PresaleLinkAsked
from promotions.presales import admit_listed
from suppliers.facts import OrderSent, ReturnAskedFor, StatementMade, StockReceived
from suppliers.models import DeliveryReceipt, OrderMail, SettlementStatement, SupplierReturn
from suppliers.order_paper import render as render_order
from suppliers.queries import readers_of_receipt
from suppliers.receipt_paper import render as render_receipt
from suppliers.return_paper import render as render_return
from suppliers.services.mailing import letter_of
from suppliers.settlement_paper import render as render_statement
from tickets.facts import TicketRenamed


def _context(booking):
    items = items_with_tickets(booking)
    page = reverse("booking", args=[booking.pk])
    receipt = receipt_of(booking, items)
    return {
        "booking": booking,
        "event": booking.event,
        "customer": booking.customer,
        "receipt": receipt,
        "changed": changed_from(booking),
        "total": booking.money,
        "items": [
            {"ticket": item.ticket, "total": item.sum_of("total"), "lower_by": lower}
            for item, lower in zip(items, receipt.lower_by, strict=True)
        ],
        "booking_url": f"{site_of(current_agency())}{page}?k={mailed_key(booking)}",
    }


def _own(booking):
    """What of a booking's tickets its buyer has got, for mails about them."""
    return {"items": [{"ticket": item.ticket} for item in own_left_of(booking)]}


@subscribe(BookingConfirmed)
@prepared()
def mail_tickets(fact):
    booking = told_booking(fact.booking_id)
    if not booking.is_sold or booking.customer is None:
        return
    send_once(
        kind="booking_confirmed",
        subject_id=booking.pk,
        recipient=booking.customer.email,
        context=_context(booking),
        attachments=lambda: attached(booking.number, pdf_of(booking)),
    )


@subscribe(TicketRenamed)
def mail_new_names(fact):
    """One mail a booking, however many of its places are called otherwise since."""
    item = BookingItem.objects.filter(ticket=fact.ticket_id).first()
    booking = item and told_booking(item.booking_id)
    if booking is None or not booking.is_sold or booking.customer is None:
        return
    own = _own(booking)
    if not own["items"]:
        return  # all are in other hands, and those are told
    send_once(
        kind="places_renamed",
        subject_id=uuid5(fact.move_id, str(booking.pk)),
        recipient=booking.customer.email,
        context={**_context(booking), **own},
        attachments=lambda: attached(booking.number, pdf_of(booking)),
    )


@subscribe(MoneySentBack)
def mail_money_sent_back(fact):
    """Why, and what became of each booking that it was for."""
    refund = Refund.objects.select_related("payment").get(pk=fact.refund_id)
    parts = paid_for(refund.payment)
    customer = parts[0].customer or _changing_seats(refund.payment)
    if customer is None:
        return
    send_once(
        kind="payment_refunded",
        subject_id=refund.pk,
        recipient=customer.email,
        context={
            "amount": refund.money,
            "credit": refund.payment.by_credit,
            "reason": refund.reason,
            "parts": [_became(booking) for booking in parts],
        },
    )


@subscribe(RefundWentAnotherWay)
def mail_other_way(fact):
    """How money came back that could not be sent to where it was paid from, and for which booking."""
    refund = Refund.objects.select_related("payment").get(pk=fact.refund_id)
    parts = _cancelled_by(refund) or paid_for(refund.payment)
    customer = parts[0].customer or _changing_seats(refund.payment)
    if customer is None:
        return
    send_once(
        kind="refund_other_way",
        subject_id=refund.pk,
        recipient=customer.email,
        context={
            "amount": refund.money,
            "way": refund.other_way,
            "parts": [_became(booking) for booking in parts],
        },
    )


def _cancelled_by(refund):
    """[Booking] whose cancelled tickets a Refund is of, also by way of credit."""
    of_credit = CreditEntry.objects.filter(refund=refund).values("reference")
    made = Cancellation.objects.filter(Q(refund=refund) | Q(pk__in=of_credit))
    found = made.select_related("booking__event__venue", "booking__customer")
    return list({each.booking_id: each.booking for each in found.order_by("pk")}.values())


def _changing_seats(payment):
    """The Customer who paid what dearer seats cost more, or None: until they are his, they are
    nobody's."""
    plan = payment.exchanges.select_related("old__customer").first()
    return plan and plan.old.customer


def _became(booking):
    """What a booking is by now that money was sent back for: "yours", "kept" or "over", and the page
    to go on."""
    if booking.is_sold:
        became, page = "yours", reverse("booking", args=[booking.pk])
    elif booking.status == Status.RESERVED and booking.reserved_until > database_now():
        became, page = "kept", reverse("checkout", args=[booking.pk])
    else:
        became, page = "over", reverse("event", args=[booking.event.slug])
    key = "" if became == "over" else f"?k={mailed_key(booking)}"
    link = f"{site_of(current_agency())}{page}{key}"
    return {"booking": booking, "event": booking.event, "became": became, "link": link}


@subscribe(CreditPaidOut)
def mail_credit_paid_out(fact):
    """How much credit goes back to where it was paid from."""
    entry = CreditEntry.objects.select_related("customer").get(refund=fact.refund_id)
    send_once(
        kind="credit_paid_out",
        subject_id=fact.refund_id,
        recipient=entry.customer.email,
        context={
            "amount": -entry.money,
            "left": credit_of(entry.customer_id, entry.currency),
            "reason": entry.reason,
        },
    )


@subscribe(TicketsCancelled)
@prepared()
def mail_cancellation(fact):
    """What was cancelled and what comes back."""
    cancellation = Cancellation.objects.get(pk=fact.cancellation_id)
    booking = told_booking(cancellation.booking_id)
    if booking.customer is None:
        return
    given_back = cancellation.items.select_related("item__ticket").order_by("item__position")
    is_exchange = cancellation.grounds == Grounds.EXCHANGE
    is_event = cancellation.grounds == Grounds.EVENT
    is_off = is_event and booking.event.status == EventStatus.CANCELLED
    send_once(
        kind="seats_changed" if is_exchange else "tickets_cancelled",
        subject_id=cancellation.pk,
        recipient=booking.customer.email,
        context={
            **_context(booking),
            "cancellation": cancellation,
            "lines": [{"ticket": each.item.ticket, "back": each.money} for each in given_back],
            "is_event": is_event,
            "is_off": is_off,
            "why": why_cancelled(booking.event) if is_off else "",
            **(_changed_for(cancellation, booking, given_back) if is_exchange else {}),
        },
    )


def _changed_for(cancellation, booking, given):
    """The new seats, what they cost more than those that were given, or what became of the rest."""
    new = told_booking(cancellation.exchanged_for_id)
    counted = cancellation.credited_money
    fees, of_rest = kept_apart(cancellation, [each.item for each in given], policy_of(booking))
    nothing = Money.zero(new.currency)
    return {
        "new": _context(new),
        "lines": [
            {"ticket": each.item.ticket, "paid": each.item.sum_of("total")} for each in given
        ],
        "fees": fees,
        "kept_of_rest": of_rest,
        "more": max(new.money - counted, nothing),
        "became_credit": max(counted - new.money, nothing),
    }


@subscribe(BookingChanged)
def mail_changed_event(fact):
    """What changed, and the way to keep the tickets or not."""
    row = ChangedBooking.objects.select_related("change__old_venue").get(pk=fact.changed_id)
    booking = told_booking(row.booking_id)
    if booking.customer is None or not booking.is_sold:
        return
    own = _own(booking)
    if not own["items"]:
        return  # all are in other hands, and those are told
    page = reverse("changed", args=[booking.pk])
    link = f"{site_of(current_agency())}{page}?k={mailed_key(booking)}"
    send_once(
        kind="event_changed",
        subject_id=row.pk,
        recipient=booking.customer.email,
        context={**_context(booking), **own, "change": row.change, "choice_url": link},
    )


@subscribe(BookingExpired)
def mail_reminder(fact):
    """Once, and only to whoever asked for it, as long as there is something left for him."""
    reminder, chance = due_reminder(fact.booking_id)
    if reminder is None:
        return
    booking = told_booking(fact.booking_id)
    page = reverse("event", args=[booking.event.slug])
    again = f"?again={','.join(map(str, chance.ordinals))}" if chance.ordinals else ""
    send_once(
        kind="cart_reminder",
        subject_id=booking.pk,
        recipient=booking.customer.email,
        context={
            **_context(booking),
            "is_same": bool(chance.ordinals),
            "link": f"{site_of(current_agency())}{page}{again}#seatmap",
        },
    )
    note_reminded(reminder.pk)


@subscribe(BookingSought)
def mail_booking_link(fact):
    booking = told_booking(fact.booking_id)
    send_once(
        kind="find_booking",
        subject_id=fact.request_id,
        recipient=booking.customer.email,
        context=_context(booking),
    )


@subscribe(CustomerSought)
def mail_customer_link(fact):
    customer = Customer.objects.get(pk=fact.customer_id)
    link = f"{site_of(current_agency())}{reverse('mine')}?k={quote(customer_key(customer))}"
    send_once(
        kind="find_bookings",
        subject_id=fact.request_id,
        recipient=customer.email,
        context={"customer": customer, "link": link},
    )


@subscribe(PresaleLinkAsked)
def mail_presale_link(fact):
    """Only to who is on a list of a presale that runs. He proves his mailbox by it, and nothing
    else."""
    event = Event.objects.select_related("venue").get(pk=fact.event_id)
    if admit_listed(event, fact.email) is None:
        return
    customer = remember_customer(email=fact.email, name=fact.email.partition("@")[0])
    page = reverse("presale", args=[event.slug])
    send_once(
        kind="presale_link",
        subject_id=fact.request_id,
        recipient=customer.email,
        context={
            "event": event,
            "link": f"{site_of(current_agency())}{page}?k={quote(customer_key(customer))}",
        },
    )


@subscribe(DrawLinkAsked)
def mail_draw_link(fact):
    """To whoever may enter now, or has an entry. It proves his mailbox, and nothing else."""
    draw = _draw(fact.draw_id)
    takes_entries = Draw.objects.taking_entries().filter(pk=draw.pk).exists()
    if not takes_entries and draws.entry_of(draw.pk, fact.email) is None:
        return
    send_once(
        kind="draw_link",
        subject_id=fact.request_id,
        recipient=fact.email,
        context=_of_draw(draw, draws.link_key(draw, fact.email)) | {"is_open": takes_entries},
    )


@subscribe(DrawEntered)
def mail_draw_entered(fact):
    """Unless he has withdrawn since."""
    entry = DrawEntry.objects.filter(pk=fact.entry_id, withdrawn_at=None).first()
    if entry is not None:
        _mail_entry(entry, kind="draw_entered")


@subscribe(DrawEntryWithdrawn)
def mail_draw_withdrawn(fact):
    """To the address that has gone with the entry."""
    draw = _draw(fact.draw_id)
    page = f"{site_of(current_agency())}{reverse('draw', args=[draw.pk])}"
    send_once(
        kind="draw_withdrawn",
        subject_id=fact.entry_id,
        recipient=fact.email,
        context={
            **{"draw": draw, "event": draw.event, "page": page},
            **{"number": fact.number, "why": fact.why},
            "is_open": Draw.objects.taking_entries().filter(pk=draw.pk).exists(),
        },
    )


@subscribe(DrawEntryDecided)
def mail_draw_decided(fact):
    """That he is drawn, his place on the reserve list, or that all is off: each of them once."""
    entry = DrawEntry.objects.filter(pk=fact.entry_id, withdrawn_at=None).first()
    if entry is not None:
        draw = _draw(entry.draw_id)
        if draw.is_drawn and draw.is_event_over:
            return  # what he would be let into is no more, and its buyers are told otherwise
        _mail_entry(entry, draw, kind=_became_of(entry, draw))


def _became_of(entry, draw):
    if draw.status == DrawStatus.CALLED_OFF:
        return "draw_called_off"
    return "draw_drawn" if entry.rank <= draw.let_in else "draw_reserve"


def _draw(draw_id):
    return Draw.objects.select_related("event__venue").get(pk=draw_id)


def _mail_entry(entry, draw=None, *, kind):
    draw = draw or _draw(entry.draw_id)
    send_once(
        kind=kind,
        subject_id=entry.pk,
        recipient=entry.email,
        context=_of_draw(draw, draws.entry_key(entry))
        | {"entry": entry, "mine": entry_shown(draw, entry), "shown": phase_of(draw)},
    )


def _of_draw(draw, key):
    site = site_of(current_agency())
    return {
        "draw": draw,
        "event": draw.event,
        "link": f"{site}{reverse('draw_entry', args=[draw.pk])}?k={quote(key)}",
        "page": f"{site}{reverse('draw', args=[draw.pk])}",
    }


@subscribe(TransferAsked)
def mail_account(fact):
    booking = told_booking(fact.booking_id)
    awaited = payments_of(booking).filter(provider="bank", status="PROCESSING").first()
    if booking.status != Status.RESERVED or awaited is None:
        return
    send_once(
        kind="transfer_asked",
        subject_id=awaited.pk,
        recipient=booking.customer.email,
        context={**_context(booking), **_asked(awaited)},
    )


def _asked(awaited):
    """What a transfer is for: all that is paid together."""
    return {
        "parts": [_context(each) for each in paid_for(awaited)],
        "total": awaited.money,
        "reference": in_fours(awaited.provider_ref),
    }


@subscribe(PaymentAsked)
def mail_payment_link(fact):
    booking = told_booking(fact.booking_id)
    if booking.status != Status.RESERVED:
        return
    page = reverse("checkout", args=[booking.pk])
    link = f"{site_of(current_agency())}{page}?k={mailed_key(booking)}"
    send_once(
        kind="payment_link",
        subject_id=booking.pk,
        recipient=booking.customer.email,
        context={**_context(booking), "link": link},
    )


@subscribe(HoldRunsOut)
def mail_hold_runs_out(fact):
    """To its owner and its contact; an owner who left hears nothing."""
    hold = Hold.objects.select_related("event", "owner").get(pk=fact.hold_id)
    if not hold.is_active:
        return
    owner = hold.owner.email if hold.owner and hold.owner.is_active else ""
    page = reverse("admin:inventory_hold_change", args=[hold.pk])
    held = hold.seats.filter(status="HELD").count()
    for recipient in {owner, hold.contact} - {""}:
        is_staff = recipient == owner
        link = f"{site_of(current_agency())}{page}" if is_staff else ""
        send_once(
            kind="hold_runs_out",
            subject_id=fact.notice_id,
            recipient=recipient,
            context={"hold": hold, "event": hold.event, "held": held, "link": link},
        )


@subscribe(MemberInvited)
def mail_invitation(fact):
    invitation = Invitation.objects.open().filter(pk=fact.invitation_id).first()
    if invitation is None:
        return
    page = reverse("admin:open_invitation", args=[invitation.pk, invitation_key(invitation)])
    send_once(
        kind="member_invited",
        subject_id=invitation.pk,
        recipient=invitation.email,
        context={"invitation": invitation, "link": f"{site_of(current_agency())}{page}"},
    )


@subscribe(NewPasswordAsked)
def mail_new_password_link(fact):
    """The token is made here, so that it stands in the mail and nowhere else."""
    user = User.objects.get(pk=fact.user_id)
    key = urlsafe_base64_encode(force_bytes(user.pk))
    page = reverse("admin:new_password", args=[key, default_token_generator.make_token(user)])
    send_once(
        kind="new_password",
        subject_id=fact.request_id,
        recipient=user.email,
        context={"user": user, "link": f"{site_of(current_agency())}{page}"},
    )


@subscribe(OrderSent)
def mail_purchase_order(fact):
    mail = OrderMail.objects.select_related("order__supplier").get(pk=fact.mail_id)
    order = mail.order
    send_once(
        kind="purchase_order",
        subject_id=mail.pk,
        recipient=mail.recipient,
        context=letter_of(order, mail.note),
        attachments=lambda: [(f"{order.number}.pdf", render_order(order), "application/pdf")],
    )


@subscribe(StockReceived)
def mail_delivery_receipt(fact):
    """To the staff who buy, and to a supplier who wants it."""
    found = DeliveryReceipt.objects.select_related("order__supplier", "received_by")
    receipt = found.get(pk=fact.receipt_id)
    page = reverse("admin:suppliers_deliveryreceipt_change", args=[receipt.pk])
    for recipient, is_staff in readers_of_receipt(receipt):
        send_once(
            kind="delivery_receipt",
            subject_id=receipt.pk,
            recipient=recipient,
            context={
                "receipt": receipt,
                "order": receipt.order,
                "total": Money(receipt.amount, receipt.currency),
                "parts": receipt.lines.select_related("line__event__venue", "line__section"),
                "link": f"{site_of(current_agency())}{page}" if is_staff else "",
            },
            attachments=lambda: [(f"{receipt}.pdf", render_receipt(receipt), "application/pdf")],
        )


@subscribe(StatementMade)
def mail_settlement_statement(fact):
    """To the supplier, where an address is known."""
    statements = SettlementStatement.objects.select_related("supplier")
    statement = statements.get(pk=fact.statement_id)
    if not statement.supplier.email:
        return
    debt = statement.payables.first()
    send_once(
        kind="settlement_statement",
        subject_id=statement.pk,
        recipient=statement.supplier.email,
        context={
            "statement": statement,
            "total": statement.money,
            "due_on": debt and debt.due_on,
        },
        attachments=lambda: [
            (f"{statement.number}.pdf", render_statement(statement), "application/pdf")
        ],
    )


@subscribe(ReturnAskedFor)
def mail_return(fact):
    """To the supplier, where an address is known, unless we have changed our mind meanwhile."""
    asked = SupplierReturn.objects.select_related("supplier").get(pk=fact.return_id)
    if not asked.supplier.email or asked.status == SupplierReturn.Status.WITHDRAWN:
        return
    send_once(
        kind="return_asked_for",
        subject_id=asked.pk,
        recipient=asked.supplier.email,
        context={
            "asked": asked,
            "seats": asked.lines.count(),
            "expected": Money(asked.expected, asked.currency),
        },
        attachments=lambda: [(f"{asked.number}.pdf", render_return(asked), "application/pdf")],
    )
