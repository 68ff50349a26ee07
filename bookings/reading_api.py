"""Bookings over the API: the list, one of them, its tickets and what became of its money."""

from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings import services
from bookings.api import (
    RESERVING,
    AttendeeFields,
    BookingReply,
    BookingRequest,
    ContactRequest,
    Reserve,
    amounts_of,
    describe,
)
from bookings.callers import (
    SELLERS,
    SELLERS_AND_STAFF,
    Selling,
    handled,
    is_staff,
    seen,
    seen_by,
    told_to,
)
from bookings.cancelling_api import CancelReply, QuoteReply, made, quoted, wish_of
from bookings.models import Channel, Status
from bookings.money_told import RefundReply, TransactionReply, tell_payment, tell_refund
from bookings.printing import items_with_codes
from bookings.queries import told_booking
from bookings.summary import summary_of
from core.api import IDEMPOTENCY, PROBLEM_RESPONSES, CursorPagination, Strict
from core.errors import NotFound
from core.locks import database_now
from core.postgres.rows import read
from customers.models import Customer
from events.models import Status as EventStatus
from tickets.models import Status as TicketStatus
from tickets.services import code_of


class BuyerReply(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    email = serializers.CharField()


class BookingRow(serializers.Serializer):
    """A booking without its tickets. Amounts are decimal strings in `currency`, times ISO 8601 with
    offset; `customer` is null until somebody is named."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    event = serializers.UUIDField()
    order = serializers.UUIDField()
    status = serializers.ChoiceField(Status.choices)
    channel = serializers.ChoiceField(Channel.choices)
    customer = BuyerReply(allow_null=True)
    ticket_count = serializers.IntegerField()
    currency = serializers.CharField()
    price = serializers.CharField()
    discount = serializers.CharField()
    fee = serializers.CharField()
    tax = serializers.CharField(help_text="On top of the price; what prices contain is not in it.")
    total = serializers.CharField()
    reserved_at = serializers.DateTimeField()
    reserved_until = serializers.DateTimeField()
    confirmed_at = serializers.DateTimeField(allow_null=True)
    cancelled_at = serializers.DateTimeField(
        allow_null=True, help_text="When it ended, by whatever way; null while it lives."
    )
    cancellation_reason = serializers.CharField()


class BookingsQuestion(serializers.Serializer):
    """`since` and `until` (not included) are of the moment of reservation."""

    status = serializers.ChoiceField(Status.choices, required=False)
    event = serializers.UUIDField(required=False)
    customer = serializers.UUIDField(required=False)
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)


class EndQuestion(serializers.Serializer):
    quote = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=32,
        help_text="Of a paid booking: the one of its cancellation's preview.",
    )


class _List(Selling, generics.ListAPIView):
    serializer_class = BookingRow
    pagination_class = CursorPagination

    def get_queryset(self):
        return narrowed(seen_by(self.request.user), self.request.query_params)

    def get_serializer(self, bookings, **kwargs):
        return BookingRow([row_of(booking) for booking in bookings], many=True)


class Bookings(_List, Reserve):
    """The bookings that a key sold, and what its customer bought; for staff all of the agency. The
    newest first; `status`, `event`, `customer`, `since` and `until` narrow them."""

    permission_classes = [SELLERS_AND_STAFF]

    def get_permissions(self):
        return [SELLERS()] if self.request.method == "POST" else super().get_permissions()

    @extend_schema(parameters=[BookingsQuestion], responses={200: BookingRow(many=True)})
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)

    @extend_schema(
        description=RESERVING,
        request=BookingRequest,
        parameters=[IDEMPOTENCY],
        responses={201: BookingReply, **PROBLEM_RESPONSES},
    )
    def post(self, request, *args, **kwargs):
        return super().post(request)


class BookingsOfCustomer(_List):
    """The bookings of one customer: for staff, and for the key that is bound to him, which sees what he
    bought. To anybody else he does not exist. Narrowed as all bookings are."""

    def get_queryset(self):
        caller, customer_id = self.request.user, self.kwargs["customer_id"]
        is_his = not is_staff(caller) and caller.key.customer_id == customer_id
        if not (is_his or (is_staff(caller) and read(Customer, id=customer_id))):
            raise NotFound("There is no such customer.")
        return super().get_queryset().filter(customer=customer_id)

    @extend_schema(parameters=[BookingsQuestion], responses={200: BookingRow(many=True)})
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)


class NamedAttendee(AttendeeFields):
    ticket = serializers.UUIDField()


class AmendRequest(Strict):
    """What is left out stays as it is."""

    contact = ContactRequest(required=False)
    attendees = NamedAttendee(many=True, required=False, allow_empty=False, max_length=100)

    def validate(self, attrs):
        tickets = [each["ticket"] for each in attrs.get("attendees", ())]
        if not attrs:
            raise serializers.ValidationError("Say contact or attendees: nothing else changes.")
        if len(set(tickets)) < len(tickets):
            raise serializers.ValidationError({"attendees": "Name each ticket once."})
        return attrs


class OneBooking(Selling, APIView):
    """A booking of this caller; anybody else's looks like none. PUT and PATCH say who buys it, until it
    is paid (409 `already_paid`, `reservation_over`), and who comes with its tickets, until they are
    used (409 `ticket_not_nameable`): all of what is sent or nothing. Places and prices are final: who
    wants others changes the seats or lets it go."""

    @extend_schema(responses={200: BookingReply, **PROBLEM_RESPONSES})
    def get(self, request, booking_id):
        booking = seen(request.user, booking_id)
        return Response(told_to(request.user, describe(booking)))

    @extend_schema(request=AmendRequest, responses={200: BookingReply, **PROBLEM_RESPONSES})
    def put(self, request, booking_id):
        booking = handled(request.user, booking_id)
        asked = AmendRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        attendees = {each.pop("ticket"): each for each in wanted.get("attendees", ())}
        services.amend(booking.pk, contact=wanted.get("contact"), attendees=attendees)
        changed = handled(request.user, booking_id)
        return Response(told_to(request.user, describe(changed)))

    @extend_schema(request=AmendRequest, responses={200: BookingReply, **PROBLEM_RESPONSES})
    def patch(self, request, booking_id):
        return self.put(request, booking_id)

    @extend_schema(
        description="Ends a booking: an unpaid reservation is let go (204), and of a paid booking all "
        "tickets are cancelled by its policy, exactly as `quote` said (200). 409 `quote_missing` names "
        "the quote that is needed, `quote_changed` the new one, `not_cancellable` says why not.",
        parameters=[EndQuestion],
        responses={200: CancelReply, 204: None, **PROBLEM_RESPONSES},
    )
    def delete(self, request, booking_id):
        booking = handled(request.user, booking_id)
        asked = EndQuestion(data=request.query_params)
        asked.is_valid(raise_exception=True)
        quote = asked.validated_data.get("quote", "")
        done = services.give_up(booking.pk, wish=wish_of(request.user), seen=quote)
        return Response(made(done)) if done else Response(status=204)


class TicketReply(serializers.Serializer):
    """`code` is what its barcode holds: told to whom the
    ticket belongs while it is valid, null to everybody else, staff too. What is in other hands, or
    offered to them, says neither number nor name."""

    id = serializers.UUIDField()
    number = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(TicketStatus.choices)
    ordinal = serializers.IntegerField()
    section = serializers.CharField()
    row = serializers.CharField()
    seat = serializers.CharField()
    kind = serializers.CharField()
    entrance = serializers.CharField()
    attendee = AttendeeFields(allow_null=True)
    currency = serializers.CharField()
    total = serializers.CharField()
    code = serializers.CharField(allow_null=True)


class BookingTickets(Selling, APIView):
    """The tickets of a booking in their order, those that were given back too."""

    @extend_schema(responses={200: TicketReply(many=True), **PROBLEM_RESPONSES})
    def get(self, request, booking_id):
        booking = seen(request.user, booking_id)
        is_told = (
            booking.is_sold
            and booking.event.status != EventStatus.CANCELLED
            and not is_staff(request.user)
        )
        now = database_now()
        return Response([_ticket(item, is_told, now) for item in items_with_codes(booking)])


class SummaryLine(serializers.Serializer):
    ticket = serializers.UUIDField()
    section = serializers.CharField()
    row = serializers.CharField()
    seat = serializers.CharField()
    price = serializers.CharField()
    discount = serializers.CharField()
    fee = serializers.CharField()
    tax = serializers.CharField()
    total = serializers.CharField()
    is_cancelled = serializers.BooleanField()
    kept = serializers.CharField(allow_null=True)
    given_back = serializers.CharField(allow_null=True)


class SummaryReply(serializers.Serializer):
    """`lines` add up to price, discount, fee, tax and total of the booking. `left` is what was `paid`
    for it less what was `given_back`, arrived or not. `offer` is what giving all back that can be would
    bring now; null, and `stays` says why, where nothing can."""

    booking = BookingRow()
    lines = SummaryLine(many=True)
    paid = serializers.CharField()
    kept = serializers.CharField()
    given_back = serializers.CharField()
    left = serializers.CharField()
    payments = TransactionReply(many=True)
    refunds = RefundReply(many=True)
    offer = QuoteReply(allow_null=True)
    stays = serializers.CharField()


class BookingSummary(Selling, APIView):
    """A booking with its money: what each ticket cost, what was paid and given back, and what giving it
    back would bring now. Changes nothing."""

    @extend_schema(responses={200: SummaryReply, **PROBLEM_RESPONSES})
    def get(self, request, booking_id):
        seen(request.user, booking_id)
        return Response(_summed(summary_of(told_booking(booking_id), wish_of(request.user))))


def narrowed(bookings, query):
    """These Bookings with their buyers, as far as a BookingsQuestion asks for them."""
    asked = BookingsQuestion(data=query)
    asked.is_valid(raise_exception=True)
    wanted = dict(asked.validated_data)
    for said, lookup in {"since": "reserved_at__gte", "until": "reserved_at__lt"}.items():
        if said in wanted:
            wanted[lookup] = wanted.pop(said)
    return bookings.select_related("customer").filter(**wanted)


def row_of(booking):
    """A Booking, whose customer is read, as BookingRow shows it."""
    return {
        "id": str(booking.pk),
        "number": booking.number,
        "event": str(booking.event_id),
        "order": str(booking.order_key),
        "status": booking.status,
        "channel": booking.channel,
        "customer": _buyer(booking.customer) if booking.customer_id else None,
        "ticket_count": booking.ticket_count,
        "currency": booking.currency,
        **amounts_of(booking),
        "reserved_at": _iso(booking.reserved_at),
        "reserved_until": _iso(booking.reserved_until),
        "confirmed_at": _iso(booking.confirmed_at),
        "cancelled_at": _iso(booking.closed_at),
        "cancellation_reason": booking.cancellation_reason,
    }


def _iso(moment):
    return moment and moment.isoformat()


def _buyer(customer):
    return {"id": str(customer.pk), "name": customer.name, "email": customer.email}


def _ticket(item, is_told, now):
    ticket = item.ticket
    is_theirs = ticket.holder_id is not None or ticket.is_offered_at(now)
    is_valid = ticket.status == TicketStatus.CONFIRMED and not is_theirs
    return {
        "id": str(ticket.pk),
        "number": None if is_theirs else ticket.number,
        "status": ticket.status,
        "ordinal": ticket.ordinal,
        "section": ticket.section,
        "row": ticket.row,
        "seat": ticket.seat,
        "kind": ticket.seat_kind,
        "entrance": ticket.entrance,
        "attendee": None if is_theirs else _attendee(ticket),
        "currency": item.currency,
        "total": str(item.sum_of("total").amount),
        "code": code_of(ticket) if is_told and is_valid else None,
    }


def _attendee(ticket):
    return {
        "attendee_name": ticket.holder_name,
        "attendee_email": ticket.holder_email,
        "attendee_phone": ticket.holder_phone,
    }


def _summed(summary):
    return {
        "booking": row_of(summary.booking),
        "lines": [_line(line) for line in summary.lines],
        **{
            name: str(getattr(summary, name).amount)
            for name in ("paid", "kept", "given_back", "left")
        },
        "payments": [tell_payment(payment) for payment in summary.payments],
        "refunds": [tell_refund(refund) for refund in summary.refunds],
        "offer": quoted(summary.offer) if summary.offer else None,
        "stays": summary.stays,
    }


def _line(line):
    ticket, gone = line.item.ticket, line.gone
    return {
        "ticket": str(ticket.pk),
        "section": ticket.section,
        "row": ticket.row,
        "seat": ticket.seat,
        **amounts_of(line.item),
        "is_cancelled": gone is not None,
        "kept": gone and str(gone.kept.amount),
        "given_back": gone and str(gone.money.amount),
    }
