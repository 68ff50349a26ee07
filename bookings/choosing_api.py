"""Looking for places over the API before any is reserved: are these free, which are the best, what do
they cost."""

from dataclasses import replace

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings import services
from bookings.api import BestRequest, level_of
from bookings.callers import SELLERS, stock_of
from bookings.presales_api import admitted_by
from bookings.queries import alternatives_for
from core.api import PROBLEM_RESPONSES
from core.money import Money
from events.charges import Line, terms_of
from events.models import Channel
from inventory.api import OnMap, found_event
from inventory.queries import named_places
from inventory.services import SeatsTaken, check_drawn
from promotions.codes import LONGEST

MOST_GROUPS = 10


class _Looking(OnMap):
    access_code = serializers.CharField(
        required=False, allow_blank=True, max_length=3 * LONGEST, help_text="Of a presale."
    )


class SeatsRequest(_Looking):
    seats = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=2**31 - 1),
        allow_empty=False,
        max_length=100,
    )


class GroupRequest(BestRequest, _Looking):
    pass


class AdjacentRequest(_Looking):
    quantity = serializers.IntegerField(min_value=1, max_value=100)
    level = serializers.CharField(required=False, allow_null=True, help_text="Id or name.")
    section = serializers.CharField(required=False, allow_null=True)
    near = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=2**31 - 1
    )
    groups = serializers.IntegerField(min_value=1, max_value=MOST_GROUPS, default=3)


class OfferedSeat(serializers.Serializer):
    """`total` is what is paid for it, all in. Its share of fees once a booking is in it."""

    seat = serializers.IntegerField(help_text="Its ordinal.")
    section = serializers.CharField()
    row = serializers.CharField()
    label = serializers.CharField()
    kind = serializers.CharField()
    restricted_view = serializers.BooleanField()
    price = serializers.CharField()
    fee = serializers.CharField()
    tax = serializers.CharField(help_text="On top of the price; what prices contain is not in it.")
    total = serializers.CharField()


class SeatGroup(serializers.Serializer):
    seats = OfferedSeat(many=True)
    price = serializers.CharField()
    fee = serializers.CharField()
    tax = serializers.CharField()
    total = serializers.CharField()


class GroupsReply(serializers.Serializer):
    """Amounts are decimal strings in `currency`, before what codes take off."""

    event = serializers.UUIDField()
    currency = serializers.CharField()
    groups = SeatGroup(many=True)


class SeatsProblem(serializers.Serializer):
    """What reserving would be refused for: `code` as there, `seats` the ordinals that it is about."""

    code = serializers.CharField()
    message = serializers.CharField()
    seats = serializers.ListField(child=serializers.IntegerField())


class SeatsReply(SeatGroup):
    """`seats` are those asked for that are free, in map order; they add up to the sums beside them.
    `alternatives` are up to three groups that are as good, not dearer and free, when some are taken."""

    event = serializers.UUIDField()
    currency = serializers.CharField()
    valid = serializers.BooleanField()
    problems = SeatsProblem(many=True)
    alternatives = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField())
    )


class _Look(APIView):
    permission_classes = [SELLERS]

    def _heard(self, request, event_id, shape):
        """(the event as this caller may see it, what he asked)."""
        event = found_event(event_id)
        asked = shape(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        check_drawn(event, wanted.get("drawn"))
        if wanted.get("access_code"):
            admitted_by(request.user, event, wanted["access_code"])
        return event, wanted


class ValidateSeats(_Look):
    """Whether these places could be reserved together now, what they cost all in, and what stands
    against it: `seats_taken`, `leaves_places_alone`, `wrong_quantity`, `not_on_sale`. Always 200 when
    the question was understood. Reserves nothing: somebody may be faster all the same."""

    @extend_schema(request=SeatsRequest, responses={200: SeatsReply, **PROBLEM_RESPONSES})
    def post(self, request, event_id):
        event, wanted = self._heard(request, event_id, SeatsRequest)
        seats, stock = wanted["seats"], stock_of(request.user.key)
        sale = services.Sale(channel=Channel.API, stock=stock)
        problems = services.objections(event=event, ordinals=seats, sale=sale)
        lost = next((each.ordinals for each in problems if isinstance(each, SeatsTaken)), ())
        others = alternatives_for(event, seats, without=lost, channel=stock) if lost else ()
        return Response(
            {
                "event": str(event.pk),
                "valid": not problems,
                "problems": [_problem(each) for each in problems],
                **_priced(event, set(seats).difference(lost)),
                "currency": event.currency,
                "alternatives": [[place.ordinal for place in group] for group in others],
            }
        )


class BestSeats(_Look):
    """The best places for a party now, side by side if it is `together`, with what they cost all in;
    409 `no_such_group` when nothing that is free fits. Reserves nothing."""

    @extend_schema(request=GroupRequest, responses={200: GroupsReply, **PROBLEM_RESPONSES})
    def post(self, request, event_id):
        event, wanted = self._heard(request, event_id, GroupRequest)
        wish = replace(
            _wish(event, wanted), together=wanted["together"], wheelchair=wanted["accessible"]
        )
        return Response(_groups(event, wish, channel=stock_of(request.user.key)))


class AdjacentSeats(_Look):
    """Up to so many groups of seats side by side, the best first, no seat in two of them; 409
    `no_such_group` when there are none. Reserves nothing."""

    @extend_schema(request=AdjacentRequest, responses={200: GroupsReply, **PROBLEM_RESPONSES})
    def post(self, request, event_id):
        event, wanted = self._heard(request, event_id, AdjacentRequest)
        return Response(
            _groups(
                event,
                _wish(event, wanted),
                channel=stock_of(request.user.key),
                count=wanted["groups"],
                is_seated=True,
            )
        )


def _wish(event, wanted):
    return services.Wish(
        quantity=wanted["quantity"],
        level=level_of(event, wanted.get("level")),
        section=wanted.get("section"),
        near=wanted.get("near"),
    )


def _groups(event, wish, **how):
    groups = services.best_groups(event, wish, **how)
    return {
        "event": str(event.pk),
        "currency": event.currency,
        "groups": [_priced(event, group) for group in groups],
    }


def _priced(event, ordinals):
    """A group of places as SeatGroup shows it, as one booking would be charged for them."""
    places = [each for each in named_places(event.pk, ordinals) if each.price is not None]
    nothing = Money.zero(event.currency)
    lines = [Line(Money(each.price, event.currency), nothing) for each in places]
    charged = terms_of(event, Channel.API).reckon(lines, event.currency)
    return {
        "seats": [
            _seat(place) | _amounts(lambda name, line=line: getattr(line, name))
            for place, line in zip(places, charged.lines, strict=True)
        ],
        **_amounts(charged.sum),
    }


def _seat(place):
    return {
        "seat": place.ordinal,
        "section": place.section,
        "row": place.row,
        "label": place.label,
        "kind": place.kind,
        "restricted_view": place.restricted_view,
    }


def _amounts(of):
    names = {"price": "price", "fee": "fee", "tax": "tax_on_top", "total": "total"}
    return {said: str(of(name).amount) for said, name in names.items()}


def _problem(refused):
    about = refused.details.get("lost") or refused.details.get("left") or []
    return {"code": refused.code, "message": refused.message, "seats": about}
