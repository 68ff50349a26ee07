"""Giving tickets back over the API: what it brings, and doing it."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings.callers import Selling, handled, is_staff, name_of
from bookings.cancelling import Wish, cancel, preview
from bookings.models import GoesTo, Grounds
from core.api import IDEMPOTENCY, PROBLEM_RESPONSES, Strict
from core.idempotency import once
from core.locks import database_now

WHERE = OpenApiParameter(
    "to", str, enum=GoesTo.values, description="Where the money goes, if the terms leave a choice."
)
WHICH = OpenApiParameter(
    "ticket", str, many=True, description="Ticket ids; none for all that are left."
)


class TicketsRequest(serializers.Serializer):
    ticket = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=100)
    to = serializers.ChoiceField(GoesTo.choices, required=False)


class CancelTicketsRequest(Strict):
    tickets = serializers.ListField(
        child=serializers.UUIDField(), allow_empty=False, max_length=100
    )
    quote = serializers.CharField(max_length=32, help_text="The one of the preview.")
    to = serializers.ChoiceField(GoesTo.choices, required=False, help_text="As in the preview.")


class CancellationLine(serializers.Serializer):
    ticket = serializers.UUIDField()
    paid = serializers.CharField()
    kept = serializers.CharField()
    refunded = serializers.CharField()


class QuoteReply(serializers.Serializer):
    """Amounts are decimal strings in `currency`. What was paid is kept or refunded; what of the latter
    becomes credit of the buyer is `credited`."""

    quote = serializers.CharField(help_text="Names this preview; to be confirmed with it.")
    currency = serializers.CharField()
    paid = serializers.CharField()
    kept = serializers.CharField()
    refunded = serializers.CharField()
    credited = serializers.CharField()
    lines = CancellationLine(many=True)


class CancelReply(serializers.Serializer):
    id = serializers.UUIDField()
    booking = serializers.UUIDField()
    tickets = serializers.ListField(child=serializers.UUIDField())
    currency = serializers.CharField()
    kept = serializers.CharField()
    refunded = serializers.CharField()
    credited = serializers.CharField()


class CancellationPreview(Selling, APIView):
    """What cancelling tickets of this caller's booking would bring now; changes nothing."""

    @extend_schema(parameters=[WHICH, WHERE], responses={200: QuoteReply, **PROBLEM_RESPONSES})
    def get(self, request, booking_id):
        booking = handled(request.user, booking_id)
        said = {"ticket": request.query_params.getlist("ticket")}
        if "to" in request.query_params:
            said["to"] = request.query_params["to"]
        asked = TicketsRequest(data=said)
        asked.is_valid(raise_exception=True)
        wish = wish_of(request.user, asked.validated_data["ticket"], asked.validated_data.get("to"))
        return Response(quoted(preview(booking, wish, now=database_now())))


class CancelTickets(Selling, APIView):
    """Cancels tickets of this caller's booking as the quote said, or not at all: 409 `quote_changed`
    names the new quote when something has changed since, 409 `not_cancellable` says why not."""

    @extend_schema(
        request=CancelTicketsRequest,
        parameters=[IDEMPOTENCY],
        responses={200: CancelReply, **PROBLEM_RESPONSES},
    )
    def post(self, request, booking_id):
        booking = handled(request.user, booking_id)
        asked = CancelTicketsRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        wish = wish_of(request.user, wanted["tickets"], wanted.get("to"))
        status, body = once(
            caller=name_of(request.user),
            key=request.headers.get("Idempotency-Key"),
            request=request.data,
            work=lambda: (200, made(cancel(booking.pk, wish, seen=wanted["quote"]))),
        )
        return Response(body, status=status)


def wish_of(caller, tickets=(), to=None):
    """The Wish of a caller for these tickets (ids; none: all that are left). What staff cancel over the
    API goes by the policy, too."""
    to = GoesTo(to) if to else None
    if is_staff(caller):
        return Wish(frozenset(tickets), Grounds.STAFF, by=caller.pk, to=to)
    return Wish(frozenset(tickets), to=to)


def quoted(quote):
    """A Quote as QuoteReply shows it."""
    return {
        "quote": quote.name,
        "currency": quote.booking.currency,
        "paid": str(quote.paid.amount),
        "kept": str(quote.kept.amount),
        "refunded": str(quote.refunded.amount),
        "credited": str(quote.to_credit.amount),
        "lines": [
            {
                "ticket": str(line.item.ticket_id),
                "paid": str(line.paid.amount),
                "kept": str(line.kept.amount),
                "refunded": str(line.refunded.amount),
            }
            for line in quote.lines
        ],
    }


def made(cancellation):
    """A Cancellation as CancelReply shows it."""
    items = cancellation.items.order_by("item__position")
    return {
        "id": str(cancellation.pk),
        "booking": str(cancellation.booking_id),
        "tickets": [str(ticket) for ticket in items.values_list("item__ticket", flat=True)],
        "currency": cancellation.currency,
        "kept": str(cancellation.kept_money.amount),
        "refunded": str(cancellation.back.amount),
        "credited": str(cancellation.credited_money.amount),
    }
