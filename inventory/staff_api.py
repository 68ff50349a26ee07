"""The seats of an event as staff see them: who owns them, what they cost and sell for."""

from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from agencies.api import StaffView, may
from core.api import PROBLEM_RESPONSES, CursorPagination, Strict
from core.errors import NotFound
from core.money import DECIMAL_PLACES, MAX_DIGITS, Money
from events.models import Event
from inventory.admin_totals import RETAIL
from inventory.models import EventSeat, Ownership, Status
from inventory.pricing.changing import Wish, change_prices
from inventory.pricing.selecting import Selection
from inventory.pricing.setting import Setting, Way

STAFF_SEATS = may("inventory.eventseat")


class SeatReply(serializers.Serializer):
    """`price` is the retail price before the buyer's fee, `has_own_price` whether it is the place's own
    or its level's; amounts are decimal strings in `currency`."""

    id = serializers.IntegerField()
    ordinal = serializers.IntegerField()
    section = serializers.CharField()
    row = serializers.CharField()
    seat = serializers.CharField()
    kind = serializers.CharField()
    level = serializers.CharField(allow_null=True)
    ownership = serializers.ChoiceField(Ownership.choices)
    status = serializers.ChoiceField(Status.choices)
    cost = serializers.CharField(allow_null=True)
    price = serializers.CharField(allow_null=True)
    has_own_price = serializers.BooleanField()
    currency = serializers.CharField()
    channel = serializers.CharField()
    hold = serializers.UUIDField(allow_null=True)
    booking = serializers.UUIDField(allow_null=True)
    claimed_until = serializers.DateTimeField(allow_null=True)


class SeatsQuestion(serializers.Serializer):
    ownership = serializers.ChoiceField(Ownership.choices, required=False)
    status = serializers.ChoiceField(Status.choices, required=False)
    section = serializers.CharField(required=False, max_length=80)
    level = serializers.UUIDField(required=False)


class ByOrdinal(CursorPagination):
    ordering = ("ordinal", "pk")


class _Seats(StaffView, generics.ListAPIView):
    permission_classes = [STAFF_SEATS]
    serializer_class = SeatReply
    pagination_class = ByOrdinal
    only = {}

    def get_queryset(self):
        event = Event.objects.filter(pk=self.kwargs["event_id"]).first()
        if event is None:
            raise NotFound("There is no such event.")
        asked = SeatsQuestion(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        wanted = dict(asked.validated_data)
        if "section" in wanted:
            wanted["seat__section__label"] = wanted.pop("section")
        return seats_for_staff().filter(event=event, **self.only, **wanted)

    def get_serializer(self, seats, **kwargs):
        return SeatReply([describe(seat) for seat in seats], many=True)


class EventSeats(_Seats):
    """Every place of an event in map order. `ownership`, `status`, `section` and `level` narrow it."""

    @extend_schema(parameters=[SeatsQuestion], responses={200: SeatReply(many=True)})
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)


class OwnedSeats(EventSeats):
    """The places of an event that the agency owns: its inventory."""

    only = {"ownership": Ownership.OWNED}


class AvailableSeats(EventSeats):
    """The places of an event that the agency owns and that nobody has."""

    only = {"ownership": Ownership.OWNED, "status": Status.AVAILABLE}


class OneSeat(StaffView, APIView):
    """One place of an event."""

    permission_classes = [STAFF_SEATS]

    @extend_schema(responses={200: SeatReply, **PROBLEM_RESPONSES})
    def get(self, request, event_id, event_seat_id):
        return Response(describe(seat_of(event_id, event_seat_id)))


class PriceRequest(Strict):
    """`price` before the buyer's fee; null: the price of its level. A price below what the place and
    its sale cost needs a `below_cost_reason`."""

    price = serializers.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, min_value=0, allow_null=True
    )
    reason = serializers.CharField(max_length=200)
    below_cost_reason = serializers.CharField(required=False, allow_blank=True, max_length=200)


class SeatPrice(StaffView, APIView):
    """Sets the retail price of a place that nobody has reserved or bought. Answers with the place."""

    permission_classes = [may("inventory.pricechange", write="add")]

    @extend_schema(request=PriceRequest, responses={200: SeatReply, **PROBLEM_RESPONSES})
    def put(self, request, event_id, event_seat_id):
        seat = seat_of(event_id, event_seat_id)
        asked = PriceRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        _reprice(seat, request.user, **asked.validated_data)
        return Response(describe(seat_of(event_id, event_seat_id)))


def _reprice(seat, by, *, price, reason, below_cost_reason=""):
    if seat.price == price:
        return
    setting = Setting(Way.LEVEL) if price is None else Setting(Way.TO, _exact(price, seat.currency))
    change_prices(
        event=seat.event,
        wish=Wish(Selection(places=str(seat.ordinal)), setting, reason, below_cost_reason),
        by=by,
    )


def _exact(price, currency):
    """A price as Decimal; raises WrongScale when it has more decimals than its currency."""
    return Money(price, currency).amount


def seats_for_staff():
    """EventSeats with all that `describe` reads, in one query."""
    return EventSeat.objects.select_related("event", "seat__section", "level").annotate(
        retail=RETAIL
    )


def seat_of(event_id, event_seat_id):
    """The place of the event with this id; raises NotFound."""
    seat = seats_for_staff().filter(event=event_id, pk=event_seat_id).first()
    if seat is None:
        raise NotFound("This event has no such place.")
    return seat


def describe(seat):
    """A place as SeatReply shows it."""
    return {
        "id": seat.pk,
        "ordinal": seat.ordinal,
        "section": seat.seat.section.label,
        "row": seat.seat.row,
        "seat": seat.seat.label,
        "kind": seat.seat.kind,
        "level": seat.level and seat.level.name,
        "ownership": seat.ownership,
        "status": seat.status,
        "cost": _amount(seat.cost, seat.currency),
        "price": _amount(seat.retail, seat.currency),
        "has_own_price": seat.price is not None,
        "currency": seat.currency,
        "channel": seat.channel,
        "hold": seat.hold_id and str(seat.hold_id),
        "booking": seat.claimed_by and str(seat.claimed_by),
        "claimed_until": seat.claimed_until and seat.claimed_until.isoformat(),
    }


def _amount(value, currency):
    return None if value is None else str(Money(value, currency).amount)
