"""What a customer has bought, paid and got back, for whoever has opened the link in his mail."""

from datetime import timedelta

from django.core.paginator import Paginator
from django.db.models import Count, Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from bookings.forms import ProfileForm
from bookings.models import Booking, Cancellation
from bookings.orders import payments_of
from bookings.views.points import points_shown
from customers.links import customer_of, exchange, forget
from customers.services import describe_customer
from payments.models import CreditEntry
from payments.queries import money_moved
from payments.services import credit_of
from tickets.models import Status as TicketStatus
from tickets.models import Transfer, TransferStatus

A_PAGE = 20
MOST_GIVEN = 50
A_DAY = timedelta(days=1)


@require_safe
@never_cache
def bookings(request):
    """All bookings of a customer: those to come, those that were, a page at a time (`page`), with the
    money; a mailed key (`k`) opens it."""
    if "k" in request.GET:
        is_ours = exchange(request, request.GET["k"])
        return redirect("mine" if is_ours else "find_booking")
    customer = customer_of(request)
    if customer is None:
        return redirect("find_booking")
    return _page(request, customer)


@never_cache
def profile(request):
    """Keeps what a customer says of himself; come back to, it is his page."""
    customer = customer_of(request)
    if customer is None:
        return redirect("find_booking")
    if request.method != "POST":
        return redirect("mine")
    form = ProfileForm(request.POST)
    if not form.is_valid():
        return _page(request, customer, form, status=422)
    describe_customer(customer.pk, **form.cleaned_data)
    return redirect("mine")


@require_POST
@never_cache
def leave(request):
    """This browser is the customer's no more."""
    forget(request)
    return redirect("home")


def _page(request, customer, form=None, status=200):
    bought = Booking.objects.filter(customer=customer, confirmed_at__isnull=False)
    bought = bought.select_related("event__venue").annotate(
        over_at=Coalesce("event__ends_at", "event__starts_at"),
        valid_count=Count("items", filter=Q(items__cancelled=None)),
        was_changed=~Exists(_given_up(exchanged_for=None)) & Exists(_given_up()),
    )
    now = timezone.now()
    to_come = list(bought.filter(over_at__gte=now).order_by("event__starts_at", "pk"))
    over = bought.filter(over_at__lt=now).order_by("-event__starts_at", "pk")
    shown = Paginator(over, A_PAGE).get_page(request.GET.get("page"))
    numbers = {each.pk: each.number for each in [*to_come, *shown]}
    given = {"name": customer.name, "phone": customer.phone}
    moved = money_moved(payments_of(*to_come, *shown))
    context = {
        "nav": "tickets",
        "customer": customer,
        "to_come": to_come,
        "past": shown,
        "moved": [(_numbers(each.covers, numbers), each) for each in moved],
        "credit": _credit(customer),
        "given": _given(customer, now),
        "points": points_shown(request, customer),
        "form": form or ProfileForm(initial=given),
    }
    return render(request, "bookings/mine.html", context, status=status)


def _given_up(**only):
    """Cancellations of the booking that a query is about."""
    return Cancellation.objects.filter(booking=OuterRef("pk"), **only)


def _given(customer, now):
    """[Transfer] of tickets that others gave to this mailbox and he has still got, or may take now, the
    next event first."""
    to_him = Transfer.objects.filter(
        recipient_email=customer.email, event__starts_at__gte=now - A_DAY
    )
    has_got = Q(
        status=TransferStatus.ACCEPTED,
        rows__ticket__holder=customer,
        rows__ticket__status__in=[TicketStatus.TRANSFERRED, TicketStatus.USED],
        rows__ticket__generation=F("rows__generation") + 1,
    )
    may_take = Q(status=TransferStatus.PENDING, expires_at__gt=now)
    found = to_him.filter(has_got | may_take).select_related("event__venue", "giver")
    counted = found.annotate(ticket_count=Count("rows"))
    return list(counted.order_by("event__starts_at", "pk")[:MOST_GIVEN])


def _credit(customer):
    """What he can pay with by currency, and the latest entries, each with the bookings it is about;
    empty where there never were any."""
    entries = list(customer.credit_entries.select_related("payment")[:A_PAGE])
    currencies = sorted({each.currency for each in entries})
    return entries and {
        "entries": _with_bookings(entries),
        "left": [credit_of(customer.pk, currency) for currency in currencies],
    }


def _with_bookings(entries):
    """[(CreditEntry, the Bookings it is about)]: of what came back those of the tickets that were given
    back, otherwise what its payment was for."""
    names = {each.reference for each in entries if each.kind in CreditEntry.CAME_BACK}
    made = Cancellation.objects.filter(pk__in=names).values_list("pk", "booking")
    given = {key: [booking] for key, booking in made} if names - {None} else {}
    about = [
        given.get(each.reference if each.kind in CreditEntry.CAME_BACK else None)
        or (each.payment.covers if each.payment else [])
        for each in entries
    ]
    found = Booking.objects.select_related("event").in_bulk({key for ids in about for key in ids})
    return [
        (entry, [found[key] for key in ids if key in found])
        for entry, ids in zip(entries, about, strict=True)
    ]


def _numbers(covers, numbers):
    """The bookings that money was for, as a text; `numbers` are those on this page."""
    return ", ".join(numbers[booking_id] for booking_id in covers if booking_id in numbers)
