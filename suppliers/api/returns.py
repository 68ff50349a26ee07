"""Sending a seat back to its supplier, over the API."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.views import APIView

from agencies.api import StaffView, may, said_once
from core.api import IDEMPOTENCY, PROBLEM_RESPONSES, Strict
from inventory.staff_api import seat_of
from suppliers import services
from suppliers.api.order_fields import amount
from suppliers.models import Acquisition
from suppliers.services import NotReturnable


class ReturnRequest(Strict):
    reason = serializers.CharField(required=False, allow_blank=True, max_length=200)


class ReturnReply(serializers.Serializer):
    """A return that the supplier was asked for; `expected` is the credit that is due."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    supplier = serializers.UUIDField()
    status = serializers.CharField()
    expected = serializers.CharField()
    currency = serializers.CharField()


class ReturnSeat(StaffView, APIView):
    """Asks the supplier of a place to take it back. It is off sale until he has answered."""

    permission_classes = [may("suppliers.supplierreturn", write="add")]

    @extend_schema(
        request=ReturnRequest,
        parameters=[IDEMPOTENCY],
        responses={201: ReturnReply, **PROBLEM_RESPONSES},
    )
    def post(self, request, event_id, event_seat_id):
        seat = seat_of(event_id, event_seat_id)
        asked = ReturnRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        return said_once(
            request, 201, lambda: _asked(seat, asked.validated_data.get("reason", ""), request.user)
        )


def _asked(seat, reason, by):
    bought = Acquisition.objects.filter(event_seat=seat, returned_at=None).first()
    if bought is None:
        raise NotReturnable("This place is not ours, so it cannot go back.")
    (asked,) = services.request_returns(
        wanted={bought.line_id: 1}, among=[seat.pk], reason=reason, by=by
    )
    return {
        "id": str(asked.pk),
        "number": asked.number,
        "supplier": str(asked.supplier_id),
        "status": asked.status,
        "expected": amount(asked.expected, asked.currency),
        "currency": asked.currency,
    }
