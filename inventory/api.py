"""What is left of an event and for how much. Public and the same for all."""

from django.core.signing import BadSignature
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api import Problem, Strict
from core.errors import NotFound
from core.money import Money
from events.charges import terms_of
from events.models import Channel
from events.queries import public_event
from inventory.overview import levels_now, overview_of
from inventory.presales import seen_by_key


class OnMap(Strict):
    """What names places by their ordinals."""

    drawn = serializers.CharField(
        required=False,
        max_length=32,
        help_text="The layout your ordinals are of: its hash, as the event names it. 409 `map_redrawn` "
        "when the event is on another one. Without it they are ordinals of the layout that the event "
        "has when this arrives, and other places once it has moved.",
    )


def found_event(event_id, key=""):
    """The public event with this id, as seen through the presale whose key this is; NotFound when there
    is no such event or key."""
    event = public_event(id=event_id)
    if event is None:
        raise NotFound("There is no such event.")
    try:
        return seen_by_key(event, key)
    except BadSignature as error:
        raise NotFound("There is no such event.") from error


class EventAvailability(APIView):
    """How many places are left and for how much, by level: `price` is that of the cheapest place left,
    `price_to` of the dearest, both null at a level of which nothing is sold here. All-in."""

    permission_classes = [AllowAny]
    authentication_classes = []

    @extend_schema(responses={200: OpenApiTypes.OBJECT, 404: Problem})
    def get(self, request, event_id, key=""):
        event = found_event(event_id, key)
        overview = overview_of(event)
        levels = [
            _level(event, level, overview.levels.get(level.pk), overview.our_levels.get(level.pk))
            for level in levels_now(event)
        ]
        return Response(
            {
                "event": str(event.pk),
                "status": event.status,
                "left": sum(level["left"] for level in levels),
                "currency": event.currency,
                "levels": levels,
            }
        )


def _level(event, level, left, ours):
    priced = left or ours
    return {
        "id": str(level.pk),
        "name": level.name,
        "price": priced and _all_in(event, priced.low),
        "price_to": priced and _all_in(event, priced.high),
        "left": left.count if left else 0,
    }


def _all_in(event, amount):
    price = Money(amount, event.currency)
    return str(terms_of(event, Channel.API).all_in(price).amount)
