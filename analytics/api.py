"""The reports of inventory over /api/v1/: what the stock is worth on any day, and how it moved."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from agencies.api import StaffView, may
from analytics.forms import EventField, MovementForm, StockForm
from analytics.queries import stock
from analytics.reports.base import sums_of
from core.api import PROBLEM_RESPONSES
from core.money import Money

MONEY = ("cost", "list", "gain", "opening_cost", "closing_cost")


class ValueRow(serializers.Serializer):
    """Seats owned and not sold; amounts are decimal strings in `currency`, `list` before fees. The
    event is there by event, section and level, the supplier by order."""

    name = serializers.CharField()
    id = serializers.CharField(source="name_id", allow_null=True)
    currency = serializers.CharField()
    seats = serializers.IntegerField()
    cost = serializers.CharField()
    list = serializers.CharField()
    event = serializers.CharField(required=False)
    event_id = serializers.UUIDField(required=False)
    starts_at = serializers.DateTimeField(required=False)
    supplier = serializers.CharField(required=False)
    supplier_id = serializers.UUIDField(required=False)


class ValueSum(serializers.Serializer):
    currency = serializers.CharField()
    seats = serializers.IntegerField()
    cost = serializers.CharField()
    list = serializers.CharField()


class ValueReply(serializers.Serializer):
    on = serializers.DateField()
    by = serializers.CharField()
    rows = ValueRow(many=True)
    totals = ValueSum(many=True)


class MovementRow(serializers.Serializer):
    """`day` is the first of the day, week or month; null for the whole period. `returned` went back to
    suppliers, `unsold` came back from buyers."""

    day = serializers.DateField(allow_null=True)
    event = serializers.CharField(allow_null=True)
    event_id = serializers.UUIDField(allow_null=True)
    currency = serializers.CharField()
    opening = serializers.IntegerField()
    bought = serializers.IntegerField()
    returned = serializers.IntegerField()
    sold = serializers.IntegerField()
    unsold = serializers.IntegerField()
    closing = serializers.IntegerField()
    opening_cost = serializers.CharField()
    closing_cost = serializers.CharField()


class MovementReply(serializers.Serializer):
    since = serializers.DateField()
    until = serializers.DateField()
    rows = MovementRow(many=True)


def parameters(form):
    """What a report's form can be asked, for the OpenAPI document."""
    return [
        OpenApiParameter(
            name,
            OpenApiTypes.UUID if isinstance(field, EventField) else _kind(field),
            description=str(field.label or name),
            enum=None if isinstance(field, EventField) else _choices(field),
        )
        for name, field in form.base_fields.items()
    ]


def _kind(field):
    return OpenApiTypes.DATE if hasattr(field, "input_formats") else OpenApiTypes.STR


def _choices(field):
    return [key for key, _ in getattr(field, "choices", ())] or None


def asked(form, request):
    """The cleaned question of a report's form; raises ValidationError with what is wrong with it."""
    found = form(request.query_params)
    if not found.is_valid():
        raise serializers.ValidationError(found.errors.get_json_data())
    event = found.cleaned_data["event"]
    return found.cleaned_data | {"event": event and event.pk}


def told(row):
    """The row with its amounts in the decimals of their currency."""
    amounts = {
        name: str(Money.rounded(row[name], row["currency"]).amount) for name in MONEY if name in row
    }
    return row | amounts


class StockValue(StaffView, APIView):
    """What the seats owned and not sold stand for at the end of a day (today), at cost and at list
    price, by event, section, level, supplier or order. No later change alters a past answer."""

    permission_classes = [may("analytics.stock")]

    @extend_schema(
        parameters=parameters(StockForm), responses={200: ValueReply, **PROBLEM_RESPONSES}
    )
    def get(self, request):
        question = asked(StockForm, request)
        rows = stock.value(**question)
        sums = sums_of(rows, ["seats", "cost", "list"])
        return Response(
            {
                "on": question["on"].isoformat(),
                "by": question["by"],
                "rows": ValueRow(map(told, rows), many=True).data,
                "totals": ValueSum(map(told, sums), many=True).data,
            }
        )


class StockMovement(StaffView, APIView):
    """How the stock got from what it was to what it is, for a period or each of its days, weeks or
    months, event by event or for all together."""

    permission_classes = [may("analytics.stock")]

    @extend_schema(
        parameters=parameters(MovementForm), responses={200: MovementReply, **PROBLEM_RESPONSES}
    )
    def get(self, request):
        question = asked(MovementForm, request)
        rows = stock.movement(
            since=question["since"],
            until=question["until"],
            step=None if question["by"] == "period" else question["by"],
            per_event=question["each"] == "event",
            event=question["event"],
        )
        return Response(
            {
                "since": question["since"].isoformat(),
                "until": question["until"].isoformat(),
                "rows": MovementRow(map(told, rows), many=True).data,
            }
        )
