"""Presales over the API: a code is shown, and the addresses at which its buyer sees the event are
told."""

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import role
from core.api import PROBLEM_RESPONSES, Strict
from inventory.api import found_event
from inventory.models import Presale
from inventory.presales import view_key
from promotions.codes import LONGEST
from promotions.guessing import counted_guesses
from promotions.presales import admit, visited

PLACES = ("status", "changes", "stream", "availability")


class EntryRequest(Strict):
    code = serializers.CharField(max_length=3 * LONGEST)


class EntryReply(serializers.Serializer):
    """What the buyer may be shown, at addresses that say nothing about who he is."""

    presale = serializers.CharField()
    until = serializers.DateTimeField()
    status = serializers.CharField()
    changes = serializers.CharField()
    stream = serializers.CharField()
    availability = serializers.CharField()


class EnterPresale(APIView):
    """Shows an access code. It is sent again, as `access_code`, with what is reserved. 409
    `no_entry` for everything that lets nobody in here now, whether such a code exists or not; 429
    `too_many_guesses`."""

    permission_classes = [role("buyer", "partner")]

    @extend_schema(request=EntryRequest, responses={200: EntryReply, **PROBLEM_RESPONSES})
    def post(self, request, event_id):
        event = found_event(event_id)
        asked = EntryRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        admitted = admitted_by(request.user, event, asked.validated_data["code"])
        visited(admitted)
        return Response(_described(event))


def admitted_by(caller, event, code):
    """The Pass of an access code, through whose presale the event is seen from here on. Raises
    NoEntry or TooManyGuesses."""
    with counted_guesses(str(caller), [code]) as tell:
        admitted = admit(event, code)
        tell([])
    event.presale_id, event.presale_most = admitted.presale_id, admitted.tickets_each
    return admitted


def _described(event):
    presale = Presale.objects.with_end().get(pk=event.presale_id)
    key = view_key(event)
    addresses = {name: reverse(f"api:presale_{name}", args=[event.pk, key]) for name in PLACES}
    return {"presale": presale.name, "until": presale.over_at.isoformat(), **addresses}
