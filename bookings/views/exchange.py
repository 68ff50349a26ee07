"""Changing seats: which tickets, then the event's own page for the new seats, then the money and the
press that does it. What was chosen is kept in the session meanwhile; no script is needed."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from agencies.queries import current_terms
from bookings.cancelling import (
    NotCancellable,
    QuoteChanged,
    left_of,
    may_choose,
    may_exchange,
    policy_of,
    preview,
    terms_of,
)
from bookings.links import own_booking
from bookings.models import Booking, GoesTo, Status
from bookings.orders import due_of, order_of, present_payment
from bookings.receipt import discount_of
from bookings.services import accept_terms, has_accepted
from bookings.services.exchange import (
    WORTH_NOTHING,
    difference,
    exchange,
    pay_difference,
    wish_of,
)
from bookings.showing import shown
from bookings.views.given import SESSION_KEY, chosen_for_others, given_for
from bookings.views.hands import is_free, told_of
from bookings.views.sale import site
from bookings.views.typed import PROVIDER
from bookings.views.ways import ways_of
from core.errors import DomainError
from core.locks import database_now
from core.money import Money, total
from core.network import client_address, shortened


@never_cache
def exchange_tickets(request, booking_id):
    """Chooses tickets of a paid booking to be given for other seats; goes on at the event's page."""
    booking = own_booking(request, booking_id)
    if not may_exchange(booking, database_now()):
        return redirect("booking", booking.pk)
    if request.method != "POST":
        return _choice(request, booking)
    tickets = _chosen(request.POST)
    if not tickets <= {item.ticket_id for item in _exchangeable(booking)}:
        return _choice(request, booking, problem="These tickets are not in this booking any more.")
    if not tickets:
        return _choice(request, booking, problem="Choose at least one ticket first.")
    said = {"booking": str(booking.pk), "tickets": sorted(map(str, tickets))}
    if chosen_for_others(request):
        said["new"] = chosen_for_others(request)
    request.session[SESSION_KEY] = said
    return redirect("event", booking.event.slug)


def _choice(request, booking, problem=""):
    context = {
        "nav": "tickets",
        "booking": booking,
        "event": shown(booking.event, None),
        "items": _exchangeable(booking),
        "problem": problem,
        **told_of(booking, database_now()),
    }
    status = 422 if problem else 200
    return render(request, "bookings/exchange.html", context, status=status)


def _exchangeable(booking):
    """Those that are its buyer's own, not locked and not offered to anybody."""
    now = database_now()
    return [item for item in left_of(booking) if is_free(item.ticket, now)]


def _chosen(said):
    """The ticket ids that a form names; 404 for what no form of ours says."""
    try:
        return {UUID(each) for each in said.getlist("ticket")[:200]}
    except ValueError:
        raise Http404 from None


def open_terms(booking):
    """The TermsOfSale that are still to be accepted for this booking or its order, or None."""
    terms = current_terms()
    asked = {each.pk: each for each in [booking, *due_of(booking)]} if terms else {}
    return terms if any(not has_accepted(each, terms) for each in asked.values()) else None


def exchanged_for(request, new):
    """The paid Booking whose tickets somebody wants to give for a reservation of the same event, or
    None."""
    given = given_for(request, new.event)
    if given is None or given[0].pk == new.pk or order_of(new).count() > 1:
        return None
    return given[0]


def note_exchanged(request, new):
    """Says that seats were changed to whoever comes back from paying the difference."""
    given = given_for(request, new.event)
    if given and given[0].cancellations.filter(exchanged_for=new).exists():
        _note(request)


def _note(request):
    del request.session[SESSION_KEY]
    messages.success(request, "Your seats are changed. These are your new tickets.")


@never_cache
def seats_for_seats(request, booking_id):
    """What giving the chosen tickets for a reservation comes to, and doing it."""
    new = own_booking(request, booking_id)
    old = exchanged_for(request, new)
    if old is None or new.status != Status.RESERVED:
        return redirect("checkout", new.pk)
    old = Booking.objects.select_related("event", "terms").get(pk=old.pk)
    tickets = frozenset(map(UUID, request.session[SESSION_KEY]["tickets"]))
    if request.method != "POST":
        return _money(request, new, old, tickets)
    try:
        _accept(request, new)
        url = _change(request, new, old, tickets)
    except QuoteChanged:
        problem = "The money has changed since you looked. Nothing was changed yet."
        return _money(request, new, old, tickets, problem=problem)
    except DomainError as refused:
        return _money(request, new, old, tickets, problem=refused.message)
    return redirect(url)


def _change(request, new, old, tickets):
    """Changes seats as they were seen, or lets the buyer pay what the new ones cost more first; the
    address where he goes now."""
    wanted = {"booking_id": old.pk, "tickets": tickets, "seen": request.POST.get("seen", "")}
    to = _to(request.POST)
    if difference(preview(old, wish_of(new, tickets, to=to), now=database_now())):
        chosen = request.POST.get(PROVIDER, "")
        return pay_difference(new.pk, **wanted, site=site(request), provider=chosen)
    exchange(new.pk, **wanted, to=to)
    _note(request)
    return reverse("booking", args=[new.pk])


def _accept(request, new):
    """What is ticked of the terms of sale; the service refuses without it."""
    digest = request.POST.get("accepts_terms", "")[:32]
    if digest:
        accept_terms(new.pk, network=shortened(client_address(request)), digest=digest)


def _to(said):
    """Where a rest shall go, or None where nothing was chosen; 404 for what no form of ours says."""
    try:
        return GoesTo(said["to"]) if said.get("to") else None
    except ValueError:
        raise Http404 from None


def _money(request, new, old, tickets, problem=""):
    to = _to(request.POST or request.GET)
    try:
        quote = preview(old, wish_of(new, tickets, to=to), now=database_now())
    except NotCancellable as refused:
        quote, problem = None, refused.message
    missing = quote and difference(quote)
    if missing and not quote.refunded:
        quote, problem = None, WORTH_NOTHING
    rest = quote.refunded - new.money if quote and not missing else None
    codes, discount = discount_of(old, [line.item for line in quote.lines]) if quote else ([], None)
    context = {
        "nav": "tickets",
        "booking": old,
        "new": new,
        "codes": codes,
        "discount": discount,
        "event": shown(new.event, None),
        "quote": quote,
        "missing": missing,
        "rest": rest,
        "less": rest is not None and rest + quote.kept_of_rest,
        "how_kept": _how_kept(old, quote) if rest is not None else "",
        "rest_to_credit": rest and quote.to_credit - new.money,
        "to": to or GoesTo.CARD,
        "goes_to": GoesTo if rest and may_choose(old) else (),
        "ways": ways_of(missing, present_payment(new), request.POST.get(PROVIDER)),
        "items": [
            {"ticket": item.ticket, "total": item.sum_of("total")}
            for item in new.items.select_related("ticket").order_by("position")
        ],
        "terms": open_terms(new),
        "problem": problem,
    }
    return render(request, "bookings/exchange.html", context, status=409 if problem else 200)


def _how_kept(old, quote):
    """How what is kept of the difference comes about, such as "50 % of €15.00 and the fee €0.90"; ""
    where these figures would not add up to it."""
    policy, kept = policy_of(old), quote.kept_of_rest
    window = policy.window_at(old.event.starts_at, database_now())
    if not kept or window is None or window.fixed:
        return ""
    less = quote.refunded - quote.wish.towards.money + kept
    fees = [line.item.sum_of("fee") for line in quote.lines]
    fees = total([*fees, *map(terms_of(old).tax_on_top_of, fees)], less.currency)
    fee = Money.rounded(less.amount * fees.amount / quote.paid.amount, less.currency)
    price = less - fee
    share = Money.rounded(price.amount * window.percent / 100, less.currency)
    parts = [f"{window.percent.normalize():f} % of {price.display()}"] if share else []
    if fee and not policy.fees_refundable:
        share += fee
        parts.append(f"the fee {fee.display()}")
    return " and ".join(parts) if share == kept else ""
