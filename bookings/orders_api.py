"""Orders over the API: what is paid for together, as one thing. Each event of an order keeps a booking
of its own (docs/orders.md), and the id of an order is that of its first."""

from collections import defaultdict
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import KeyAuthentication
from bookings import services
from bookings.api import (
    BestRequest,
    BookingReply,
    ContactRequest,
    describe,
    reserve_for,
)
from bookings.callers import (
    SELLERS,
    SELLERS_AND_STAFF,
    Selling,
    handled,
    name_of,
    seen,
    seen_by,
    told_to,
)
from bookings.models import Status
from bookings.money_told import BOOKING_STATES, payment_status_of
from bookings.orders import order_of
from bookings.reading_api import BookingRow, BookingsQuestion, narrowed, row_of
from core.api import IDEMPOTENCY, PROBLEM_RESPONSES, CursorPagination, Strict
from core.idempotency import once
from core.money import total
from core.transactions import use_case
from payments.models import Payment
from promotions.codes import LONGEST

MOST_ITEMS = 10
# The state of an order is the first of these that any of its bookings has.
STATES = (
    *(Status.PENDING, Status.RESERVED, Status.CONFIRMED, Status.PAID),
    *(Status.CANCELLED, Status.REFUNDED, Status.EXPIRED),
)


class OrderItem(BestRequest):
    """So many places of one event: the best there are of a `tier` (a price level), or the `seats`."""

    event = serializers.UUIDField()
    tier = serializers.CharField(required=False, help_text="Id or name of a price level.")
    quantity = serializers.IntegerField(min_value=1, max_value=100, required=False)
    seats = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=2**31 - 1),
        required=False,
        allow_empty=False,
        max_length=100,
    )

    def validate(self, attrs):
        if ("seats" in attrs) == ("quantity" in attrs):
            raise serializers.ValidationError("Give either seats or quantity.")
        if attrs.get("tier") and attrs.get("level"):
            raise serializers.ValidationError("Give either tier or level: they are the same.")
        return attrs


class BuyersOrderRequest(Strict):
    items = OrderItem(many=True, allow_empty=False, max_length=MOST_ITEMS)
    contact = ContactRequest(required=False)
    accepts_terms = serializers.BooleanField(required=False)
    code = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=3 * LONGEST,
        help_text="It has to be good for the first item, and is taken into others as far as it is.",
    )


class BuyersOrderRow(serializers.Serializer):
    """`status` is that of the bookings in it, or of those that still can be paid; `total` what all that
    live or were sold cost together, a decimal string in `currency`."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(Status.choices)
    payment_status = serializers.ChoiceField(BOOKING_STATES)
    currency = serializers.CharField()
    total = serializers.CharField()
    created_at = serializers.DateTimeField()
    bookings = BookingRow(many=True)


class BuyersOrderReply(BuyersOrderRow):
    bookings = BookingReply(many=True)


class Orders(Selling, generics.ListAPIView):
    """The orders that a key sold, and what its customer bought; for staff all of the agency. The newest
    first, narrowed by what their first booking is."""

    permission_classes = [SELLERS_AND_STAFF]
    serializer_class = BuyersOrderRow
    pagination_class = CursorPagination

    def get_permissions(self):
        return [SELLERS()] if self.request.method == "POST" else super().get_permissions()

    def get_queryset(self):
        firsts = seen_by(self.request.user).filter(order=None)
        return narrowed(firsts, self.request.query_params)

    def get_serializer(self, firsts, **kwargs):
        return BuyersOrderRow(_rows(self.request.user, firsts), many=True)

    @extend_schema(parameters=[BookingsQuestion], responses={200: BuyersOrderRow(many=True)})
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)

    @extend_schema(
        description="Reserves all items, or none, to be paid together. Refused as bookings are; 409 "
        "`not_together` for what cannot be paid with the rest.",
        request=BuyersOrderRequest,
        parameters=[IDEMPOTENCY],
        responses={201: BuyersOrderReply, **PROBLEM_RESPONSES},
    )
    def post(self, request):
        asked = BuyersOrderRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        status, body = once(
            caller=name_of(request.user),
            key=request.headers.get("Idempotency-Key"),
            request=[request.path, request.data],
            work=lambda: (201, _ordered(request, asked.validated_data)),
        )
        return Response(body, status=status)


class OneOrder(Selling, APIView):
    """An order by its id, or by that of any booking in it; anybody else's looks like none."""

    @extend_schema(responses={200: BuyersOrderReply, **PROBLEM_RESPONSES})
    def get(self, request, order_id):
        return Response(_described(request.user, seen(request.user, order_id)))


class ConfirmOrder(APIView):
    """Confirms an order that was paid for: the provider is asked what became of its payment, and what
    was paid for is sold, as it is without asking as soon as we hear of the money. What costs nothing is
    sold at once. Nothing is confirmed without money: 409 `not_paid`, with its `booking_status`. 503
    `payment_provider_unavailable` when nobody answers. Safe to repeat."""

    authentication_classes = [KeyAuthentication]
    permission_classes = [SELLERS]

    @extend_schema(
        request=None,
        parameters=[IDEMPOTENCY],
        responses={200: BuyersOrderReply, **PROBLEM_RESPONSES},
    )
    def post(self, request, order_id):
        booking = handled(request.user, order_id)
        services.ask_provider(booking.pk)
        return Response(_described(request.user, handled(request.user, order_id)))


@use_case
def _ordered(request, wanted):
    first = None
    for item in wanted["items"]:
        made = reserve_for(request, _booking_request(item, wanted, first))
        if first:
            services.take_codes_of_order(UUID(made["id"]))
        first = first or made["order"]
    return _described(request.user, seen(request.user, UUID(first)))


def _booking_request(item, wanted, first):
    """What a BookingRequest says for an item of an order."""
    of_all = ("contact", "accepts_terms") if first else ("contact", "accepts_terms", "code")
    said = {"event": item["event"]} | {name: wanted[name] for name in of_all if name in wanted}
    if "seats" in item:
        said["seats"] = item["seats"]
    else:
        said["best"] = {**item, "level": item.get("tier") or item.get("level")}
    if first:
        said["order"] = UUID(first)
    return said


def _rows(caller, firsts):
    """These first bookings as orders, with a fixed number of questions."""
    keys = [first.pk for first in firsts]
    others = defaultdict(list)
    for each in seen_by(caller).filter(order__in=keys).select_related("customer").order_by("pk"):
        others[each.order_id].append(each)
    payments = _payments_of(keys, [each for found in others.values() for each in found])
    return [
        _order([first, *others[first.pk]], payments) | {"bookings": _told(first, others)}
        for first in firsts
    ]


def _told(first, others):
    return [row_of(each) for each in (first, *others[first.pk])]


def _described(caller, booking):
    """The order that a booking is in, as BuyersOrderReply shows it."""
    bookings = list(order_of(booking).filter(pk__in=seen_by(caller).values("pk")))
    payments = _payments_of([booking.order_key], bookings)
    return _order(bookings, payments) | {
        "bookings": [told_to(caller, describe(each)) for each in bookings]
    }


def _payments_of(keys, others):
    """[Payment] of orders (their keys) and of bookings that were put to them, with their refunds."""
    wanted = {*keys, *(each.pk for each in others)}
    found = Payment.objects.filter(reference__in=wanted)
    return list(found.prefetch_related("refunds").order_by("created_at", "pk"))


def _order(bookings, payments):
    first, ids = bookings[0], {each.pk for each in bookings}
    status = min((each.status for each in bookings), key=STATES.index)
    counted = [each for each in bookings if each.confirmed_at or each.status == Status.RESERVED]
    of_status = [each for each in bookings if each.status == status]
    return {
        "id": str(first.order_key),
        "status": status,
        "payment_status": payment_status_of(
            of_status, [each for each in payments if ids & set(each.covers)]
        ),
        "currency": first.currency,
        "total": str(total((each.money for each in counted), first.currency).amount),
        "created_at": first.reserved_at.isoformat(),
    }
