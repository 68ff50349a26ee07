"""From the held seats to the provider's page and back."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from math import ceil

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from bookings import services
from bookings.cancelling import policy_of
from bookings.forms import ContactForm
from bookings.links import bought_here, exchange_key, own_booking
from bookings.models import Status
from bookings.orders import arrived_for, due_of, present_payment, sum_of
from bookings.queries import items_with_tickets
from bookings.receipt import receipt_of
from bookings.showing import giving_back, shown
from bookings.views.codes import enter, typed_code
from bookings.views.credit import chosen_credit, offered_credit
from bookings.views.exchange import exchanged_for, note_exchanged, open_terms
from bookings.views.points import offered_points
from bookings.views.sale import site
from bookings.views.typed import PROVIDER, refused_by_silence, send_back, take_typed
from bookings.views.ways import ways_of
from core.errors import DomainError
from core.locks import database_now
from core.money import total
from core.network import client_address, shortened
from core.postgres.prepared import prepared
from payments.adapters import ProviderUnavailable
from payments.adapters.patience import SHORT, patience
from payments.models import CAPTURED, NOT_PAID, PAGE_SHUT, Refund
from payments.models import Status as PaymentStatus
from payments.services import DECLINED, settle

UNPAID = {PaymentStatus.PROCESSING: "unfinished", PaymentStatus.FAILED: "failed"}
ASKED_AGAIN = timedelta(seconds=30)
"""How long money may still turn up for a page that ended by itself, so that nobody pays twice."""
CHANGES = ["status", "confirmed_at", "closed_at", "payment_id", "reserved_until"]
"""What of a booking may have changed when its money has come."""
PHONE = "phone"
"""Key of the session: the phone number of the order last paid for here, as {"order", "number"}. Of a
customer known before it is kept nowhere else: a guest changes nothing of what is known of him."""


@never_cache
@prepared()
def checkout(request, booking_id):
    """Review, contact and the way to pay, or what became of the reservation."""
    if "k" in request.GET:
        return exchange_key(request, booking_id, "checkout")
    booking = own_booking(request, booking_id)
    payment, is_known = _ask_provider(booking)
    if booking.is_sold:
        return redirect("booking", booking.pk)
    if _is_held_back(booking, payment, is_known):
        return redirect("payment_return", booking.pk)
    typed = take_typed(request, booking)
    if "problem" in typed:
        form = ContactForm(typed["fields"], terms=open_terms(booking))
        return _page(
            request, booking, payment, form, problem=typed["problem"], typed=typed["fields"]
        )
    if typed:
        form = ContactForm(initial=typed["fields"], terms=open_terms(booking))
        said = {"code": typed.get("code"), "points_news": typed.get("points")}
        fields = typed["fields"]
        return _page(request, booking, payment, form, is_known=is_known, typed=fields, **said)
    return _page(request, booking, payment, _form_for(request, booking), is_known=is_known)


def _form_for(request, booking):
    """What this guest typed before, never what is known of the customer behind the e-mail."""
    terms = open_terms(booking)
    if booking.customer is None:
        return ContactForm(terms=terms)
    typed = booking.items.values_list("ticket__holder_name", flat=True).first()
    given = request.session.get(PHONE, {})
    phone = given["number"] if given.get("order") == str(booking.order_key) else ""
    said = {"name": typed, "email": booking.customer.email, "phone": phone}
    said["remind"] = booking.reminders.exists()
    return ContactForm(initial=said, terms=terms)


def _is_held_back(booking, payment, is_known):
    """Whether paying (again) waits until the provider has told what became of the last attempt, its
    present payment."""
    return _is_unheard(payment, is_known) and _is_held(booking, database_now())


def _is_held(booking, now):
    return booking.status == Status.RESERVED and booking.reserved_until > now


def _is_unheard(payment, is_known=True):
    """Whether the buyer was on the provider's page and we have not heard what he did there: the
    provider is silent (not `is_known`), or its page ended so lately that money may be on its way. It
    is not where we shut the page ourselves: the provider has promised that nobody pays there any more.
    """
    if payment is None or not payment.provider_url:
        return False
    if payment.status == PaymentStatus.PROCESSING:
        return not is_known
    if payment.status != PaymentStatus.FAILED or payment.failure in (DECLINED, PAGE_SHUT):
        return False
    return payment.settled_at > database_now() - ASKED_AGAIN


@never_cache
@prepared()
def pay(request, booking_id):
    """Keeps the contact and goes to the provider's page; come back to, it is the checkout. Who left a
    code in its field sees first what he pays with it."""
    if request.method != "POST":
        return redirect("checkout", booking_id)
    booking = own_booking(request, booking_id)
    if typed_code(request):
        return enter(request, booking, typed_code(request))
    form = ContactForm(request.POST, terms=open_terms(booking))
    if not form.is_valid():
        return send_back(request, booking, problem="")
    if _is_held_back(booking, present_payment(booking), is_known=True):
        return redirect("payment_return", booking.pk)
    request.session[PHONE] = {
        "order": str(booking.order_key),
        "number": form.cleaned_data["phone"],
    }
    try:
        _note(request, booking, form)
        chosen = request.POST.get(PROVIDER, "")
        credit = chosen_credit(request, booking)
        url = services.pay(booking.pk, site=site(request), provider=chosen, **credit)
        return redirect(url)
    except DomainError as refused:
        return send_back(request, booking, problem=refused.message)


def _note(request, booking, form):
    """What the buyer says of himself and agrees to."""
    services.contact(booking.pk, **form.contact)
    if form.terms:
        network = shortened(client_address(request))
        services.accept_terms(booking.pk, network=network, digest=form.terms.digest)
    services.ask_reminder(booking.pk, wanted=form.cleaned_data["remind"])


@require_POST
@never_cache
def release(request, booking_id):
    """The buyer lets the seats go, and goes on with the rest of his order."""
    booking = own_booking(request, booking_id)
    try:
        services.abandon(booking.pk)
    except DomainError:
        return redirect("checkout", booking.pk)
    rest = next(iter(due_of(booking)), None)
    return redirect("checkout", rest.pk) if rest else redirect("event", booking.event.slug)


@require_POST
@never_cache
def renew(request, booking_id):
    """More time, once; the page it comes back to says how much."""
    booking = own_booking(request, booking_id)
    with suppress(DomainError):  # the checkout says what the reservation has become
        services.renew(booking.pk)
    return redirect("checkout", booking.pk)


@require_safe
@never_cache
@prepared()
def payment_return(request, booking_id):
    """Where the provider sends the buyer, perhaps in a browser that has no session but the address's
    key: asks the provider what happened and says so."""
    if "k" in request.GET:
        return exchange_key(request, booking_id, "payment_return")
    booking = own_booking(request, booking_id)
    if refused := refused_by_silence(request, booking):
        return _waiting(request, booking, present_payment(booking), refused)
    payment, is_known = _ask_provider(booking)
    if booking.is_sold:
        note_exchanged(request, booking)
        return _go(request, reverse("booking", args=[booking.pk]))
    if _is_waiting(booking, payment) or _is_unheard(payment, is_known):
        return _waiting(request, booking, payment)
    return _go(request, reverse("checkout", args=[booking.pk]))


def _waiting(request, booking, payment, refused=""):
    is_shut = _is_shut_by_us(payment) and _is_held(booking, database_now())
    context = {
        "booking": booking,
        "event": booking.event,
        "is_shut": is_shut,
        "refused": refused,
    }
    return render(request, "bookings/waiting.html", context)


def _ask_provider(booking):
    """(the present payment, whether we know how it stands), after asking if that may have changed."""
    payment = present_payment(booking)
    is_open = payment is not None and payment.status == PaymentStatus.PROCESSING
    try:
        if is_open or _is_unheard(payment):
            with patience(SHORT):
                settle(payment.pk)
            booking.refresh_from_db(fields=CHANGES)
            payment = payment if booking.is_sold else present_payment(booking)
        if _is_being_sold(booking, payment):
            services.sell_paid(payment.pk)
            booking.refresh_from_db(fields=CHANGES)
    except ProviderUnavailable:
        return payment, False  # the webhook or reconciliation will tell
    return payment, True


def _is_being_sold(booking, payment):
    """Whether the money has come, and who heard of it first is selling at this moment."""
    has_come = payment is not None and payment.status == PaymentStatus.SUCCEEDED
    return has_come and booking.status == Status.RESERVED


def _is_waiting(booking, payment):
    if payment is None:
        return False
    in_flight = payment.status == PaymentStatus.PROCESSING and booking.status == Status.RESERVED
    if in_flight or booking.is_sold or booking.status == Status.REFUNDED:
        return in_flight
    return arrived_for(booking).exists()


def _go(request, url):
    """A redirect, also for a request that htmx made."""
    if request.htmx:
        response = HttpResponse()
        response["HX-Redirect"] = url
        return response
    return redirect(url)


def _page(request, booking, payment, form, *, is_known=False, typed=None, **said):
    """The checkout of a booking and its present payment, with what is `said` on it: problem, code,
    points_news."""
    now = database_now()
    is_held = _is_held(booking, now)
    bookings = _together(booking) if is_held else [booking]
    parts = [_part(each, now) for each in bookings]
    held_until = min(each.reserved_until for each in bookings)
    due = sum_of(bookings)
    credit = offered_credit(request, due, payment, typed) if is_held else None
    noun = parts[0]["noun"] if len({part["noun"] for part in parts}) == 1 else "seat"
    context = {
        "booking": booking,
        "event": parts[0]["event"],
        "parts": parts,
        "items": parts[0]["items"],
        "noun": noun,
        "stay_words": f"Your {noun}s stay held meanwhile.",
        "order_words": f"The {noun}s",
        "total": due,
        "codes": _codes(parts),
        "spared": total((part["receipt"].spared for part in parts), due.currency),
        "saved": total((part["receipt"].saved for part in parts), due.currency),
        "form": form,
        "problem": "",
        "code": None,
        **said,
        "state": _state(booking, is_held),
        "bought": bought_here(request, booking) if is_held else [],
        "rest": None if is_held else next(iter(due_of(booking)), None),
        "held_until": held_until,
        "more_minutes": _more_minutes(bookings),
        "seconds_left": max(ceil((held_until - now).total_seconds()), 0),
        "payment_is": _unpaid(payment) if is_known else None,
        "payment": payment,
        "ways": ways_of(due, payment, (typed or {}).get(PROVIDER)),
        "exchanging": exchanged_for(request, booking) if is_held else None,
        "credit": credit,
        "points": offered_points(request, due, credit) if is_held else None,
        "is_asking": _is_asking(payment),
        "is_over_limit": booking.status == Status.REFUNDED
        and _went_back(payment, Refund.Reason.OVER_LIMIT),
        "is_not_exchanged": is_held and _went_back(payment, Refund.Reason.NOT_EXCHANGED),
    }
    return render(request, "bookings/checkout.html", context)


def _went_back(payment, reason):
    """Whether the money of this payment went back for that reason."""
    is_there = payment is not None and payment.status in CAPTURED
    return is_there and payment.refunds.filter(reason=reason).exists()


def _together(booking):
    """What is paid for together with a held booking, itself first."""
    return sorted(due_of(booking), key=lambda each: each.pk != booking.pk) or [booking]


def _part(booking, now):
    """One booking of the order, as the page shows it."""
    items = items_with_tickets(booking)
    receipt = receipt_of(booking, items)
    return {
        "booking": booking,
        "event": shown(booking.event, None),
        "items": lines_of(items, receipt),
        "noun": noun_of(items),
        "total": booking.money,
        "receipt": receipt,
        "giving_back": giving_back(policy_of(booking), booking.event, now),
    }


def _codes(parts):
    """The codes taken into any part of the order, each once, with what they are worth in all."""
    found = {}
    for each in (code for part in parts for code in part["receipt"].codes):
        known = found.get(each.text)
        found[each.text] = replace(each, worth=each.worth + known.worth) if known else each
    return list(found.values())


def _more_minutes(bookings):
    """By how many minutes the time can still be prolonged."""
    left = [each.event.reservation_ttl for each in bookings if not each.renewed_at]
    return min(left) // 60 if left else 0


def _unpaid(payment):
    """What became of the buyer's last visit to the provider; None if there was none."""
    if payment is None or not payment.opened_at:
        return None
    return "shut" if _is_shut_by_us(payment) else UNPAID.get(payment.status)


def _is_shut_by_us(payment):
    """Whether the buyer was at a provider's page that we took away, because other money is due."""
    is_failed = payment is not None and payment.status == PaymentStatus.FAILED
    return is_failed and payment.failure in (PAGE_SHUT, NOT_PAID)


def _is_asking(payment):
    """Whether the page looks again by itself: what the provider says may change at any moment."""
    if payment is None:
        return False
    return payment.status == PaymentStatus.PROCESSING or _is_unheard(payment)


def noun_of(items):
    """What a page calls these BookingItems: place where all of them stand, else seat."""
    stands = all(item.ticket.seat_kind == "STANDING" for item in items)
    return "place" if stands else "seat"


def lines_of(items, receipt):
    """The seat lines of a page of all BookingItems of a Receipt, which say what the codes spare."""
    return [
        line_of(item) | {"lower_by": lower}
        for item, lower in zip(items, receipt.lower_by, strict=True)
    ]


def line_of(item):
    """A seat line of a page: where, and what it costs."""
    return {
        "ticket": item.ticket,
        "section": item.ticket.section,
        "row": item.ticket.row,
        "seat": item.ticket.seat,
        "is_standing": item.ticket.seat_kind == "STANDING",
        "kind": item.ticket.seat_kind,
        "restricted_view": item.ticket.restricted_view,
        "disclosure": item.ticket.disclosure,
        "view_note": item.ticket.view_note,
        "total": item.sum_of("total"),
    }


def _state(booking, held):
    """held, expired, cancelled or refunded."""
    if held:
        return "held"
    if booking.status in (Status.RESERVED, Status.EXPIRED):
        return "expired"
    return booking.status.lower()
