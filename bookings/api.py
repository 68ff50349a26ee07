"""Reserving and paying over the API, through the same services as the site."""

from uuid import UUID

from django.db.models import Prefetch, prefetch_related_objects
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from agencies.queries import current_agency, site_of
from bookings import services
from bookings.callers import SELLERS, own, stock_of
from bookings.clients import key_holder
from bookings.links import mailed_key
from bookings.models import BookingItem, Channel
from bookings.orders import lock_order
from bookings.presales_api import admitted_by
from bookings.queries import alternatives_for
from core.api import IDEMPOTENCY, PROBLEM_RESPONSES, Strict
from core.errors import Invalid, NotFound
from core.idempotency import once
from core.network import client_address, shortened
from core.postgres.rows import read
from core.transactions import use_case
from customers.services import remember_customer
from events.models import Event, PriceLevel
from inventory.api import OnMap
from inventory.picking import NoSuchGroup
from inventory.queries import named_places
from inventory.services import SeatsTaken, check_drawn
from promotions.codes import LONGEST
from promotions.guessing import counted_guesses
from promotions.queries import uses_of
from promotions.services.pricing import MOST_CODES
from tickets.services import amended, name_attendees

SOLD_BY = (
    "id",
    "agency_id",
    "title",
    "status",
    "currency",
    "layout_id",
    "starts_at",
    "ends_at",
    "sale_starts_at",
    "sale_ends_at",
    "max_per_booking",
    "reservation_seconds",
    "split_rule",
    "split_sizes",
)


RESERVING = """Reserves places, all or none: the `seats` named, or the `best` for a party.

- 409 `seats_taken`: somebody else has the ordinals in `lost`; `alternatives` are up to three lists of
  ordinals that are as good, not dearer and still free.
- 409 `leaves_places_alone`: the event does not let a row be parted like this; `left` are the ordinals
  that could hardly be sold then, `alternatives` holds one list of as many places near the first of
  those asked for that leaves none, or nothing when there is none. The best places never do it.
- 409 `map_redrawn`: the event is on another layout than `drawn`; read the event again.
- 409 `no_such_group`: nothing that is free fits `best`.
- 409 `code_refused`: a `code` takes nothing off these places; `reason` says why, as where codes are
  validated. 409 `code_not_redeemed`: its last use was taken at this moment. 429 `too_many_guesses`.
- 409 `over_customer_limit`: the buyer would have more tickets than the event's `max_per_customer`
  allows one person, all bookings together: `most` is what he may have, `left` what of it he has not.
  It is said as soon as he is known: here, or with the contact.
- 409 `no_entry`: the `access_code` opens no presale of this event now.
- 409 `not_together`, `payment_begun`, `reservation_over`: it cannot be put to `order`.
- 422 `wrong_quantity`: the event does not sell so many places at once, or more than three companions
  with a wheelchair space.
"""


class BestRequest(Strict):
    quantity = serializers.IntegerField(min_value=1, max_value=100)
    level = serializers.CharField(required=False, allow_null=True, help_text="Id or name.")
    section = serializers.CharField(required=False, allow_null=True)
    together = serializers.BooleanField(default=True)
    accessible = serializers.BooleanField(
        default=False,
        help_text="One of the `quantity` is a wheelchair space, the others, three at most, are beside "
        "it for company.",
    )
    near = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=2**31 - 1,
        help_text="Ordinal of a place, free or not, to be as near to as can be.",
    )


ACCEPTS = (
    "The buyer has accepted the terms of sale (at /terms/) as they are at this moment. Needed before "
    "paying where the agency has any; may be said with any of these calls."
)


class ContactRequest(Strict):
    email = serializers.EmailField()
    name = serializers.CharField(max_length=120)
    phone = serializers.CharField(max_length=32, required=False, allow_blank=True)


class BuyerRequest(ContactRequest):
    accepts_terms = serializers.BooleanField(required=False, help_text=ACCEPTS)


class AttendeeFields(Strict):
    """What is left out stays as it is."""

    attendee_name = serializers.CharField(source="name", max_length=120, required=False)
    attendee_email = serializers.EmailField(source="email", required=False, allow_blank=True)
    attendee_phone = serializers.CharField(
        source="phone", max_length=32, required=False, allow_blank=True
    )


class BookingRequest(OnMap):
    """Either `seats` (ordinals of the layout) or `best`; `contact` may follow later."""

    event = serializers.UUIDField()
    seats = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=2**31 - 1),
        required=False,
        allow_empty=False,
        max_length=100,
    )
    best = BestRequest(required=False)
    contact = ContactRequest(required=False)
    accepts_terms = serializers.BooleanField(required=False, help_text=ACCEPTS)
    order = serializers.UUIDField(
        required=False,
        help_text="An unpaid booking of yours that it is to be paid together with.",
    )
    code = serializers.CharField(required=False, allow_blank=True, max_length=3 * LONGEST)
    codes = serializers.ListField(
        child=serializers.CharField(max_length=3 * LONGEST),
        required=False,
        max_length=MOST_CODES,
        help_text="Where there are several that go together.",
    )
    access_code = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=3 * LONGEST,
        help_text="Of a presale: what that opens is sold, too, while it runs.",
    )

    def validate(self, attrs):
        if ("seats" in attrs) == ("best" in attrs):
            raise serializers.ValidationError("Give either seats or best.")
        if "code" in attrs and "codes" in attrs:
            raise serializers.ValidationError("Give either code or codes.")
        return attrs


class ItemReply(serializers.Serializer):
    ticket = serializers.UUIDField()
    ordinal = serializers.IntegerField()
    section = serializers.CharField()
    row = serializers.CharField()
    seat = serializers.CharField()
    kind = serializers.CharField()
    price = serializers.CharField()
    discount = serializers.CharField()
    fee = serializers.CharField()
    tax = serializers.CharField(help_text="On top of the price; what prices contain is not in it.")
    total = serializers.CharField()


class BookingReply(serializers.Serializer):
    """Amounts are decimal strings in `currency`; times ISO 8601 with offset."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    event = serializers.UUIDField()
    order = serializers.UUIDField(
        help_text="Bookings of one order are paid together; it is the id of the first."
    )
    status = serializers.CharField()
    reserved_until = serializers.DateTimeField()
    currency = serializers.CharField()
    price = serializers.CharField()
    discount = serializers.CharField()
    fee = serializers.CharField()
    tax = serializers.CharField(help_text="On top of the price; what prices contain is not in it.")
    total = serializers.CharField()
    codes = serializers.ListField(child=serializers.CharField(), help_text="Those taken in.")
    items = ItemReply(many=True)
    payment_url = serializers.CharField(allow_null=True)


class PayPageRequest(serializers.Serializer):
    provider = serializers.SlugField(required=False, allow_blank=True, max_length=20)


class PayReply(serializers.Serializer):
    redirect_url = serializers.CharField()


class Reserve(APIView):
    """Reserve places, all or none."""

    permission_classes = [SELLERS]

    @extend_schema(
        description=RESERVING,
        request=BookingRequest,
        parameters=[IDEMPOTENCY],
        responses={201: BookingReply, **PROBLEM_RESPONSES},
    )
    def post(self, request):
        asked = BookingRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        status, body = once(
            caller=str(request.user),
            key=request.headers.get("Idempotency-Key"),
            request=request.data,
            work=lambda: (201, reserve_for(request, asked.validated_data)),
        )
        return Response(body, status=status)


class BatchRequest(Strict):
    reservations = BookingRequest(many=True, allow_empty=False, max_length=20)


class BatchReply(serializers.Serializer):
    reservations = BookingReply(many=True)


class ReserveBatch(APIView):
    """Several reservations at once, also of several events: all of them or none."""

    permission_classes = [SELLERS]

    @extend_schema(
        request=BatchRequest,
        parameters=[IDEMPOTENCY],
        responses={201: BatchReply, **PROBLEM_RESPONSES},
    )
    def post(self, request):
        asked = BatchRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data["reservations"]
        status, body = once(
            caller=str(request.user),
            key=request.headers.get("Idempotency-Key"),
            request=request.data,
            work=lambda: (201, {"reservations": _reserve_all(request, wanted)}),
        )
        return Response(body, status=status)


class GiveUpRequest(Strict):
    booking = serializers.UUIDField()


class Release(APIView):
    """Gives a reservation of this caller up; its places go back on sale."""

    permission_classes = [SELLERS]

    @extend_schema(request=GiveUpRequest, responses={204: None, **PROBLEM_RESPONSES})
    def post(self, request):
        asked = GiveUpRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        services.abandon(own(request.user.key, asked.validated_data["booking"]).pk)
        return Response(status=204)


class BookingContact(APIView):
    """Says who buys; 409 `over_customer_limit` when he would have too many tickets."""

    permission_classes = [SELLERS]

    @extend_schema(request=BuyerRequest, responses={200: BookingReply, **PROBLEM_RESPONSES})
    def post(self, request, booking_id):
        booking = own(request.user.key, booking_id)
        asked = BuyerRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        accepts = asked.validated_data.pop("accepts_terms", False)
        services.contact(booking.pk, **asked.validated_data)
        if accepts:
            _accept(request, booking.pk)
        return Response(describe(own(request.user.key, booking_id)))


class BookingRenew(APIView):
    """More time to pay, once, as much as the event gives; 409 `renewed_already` the second time."""

    permission_classes = [SELLERS]

    @extend_schema(request=None, responses={200: BookingReply, **PROBLEM_RESPONSES})
    def post(self, request, booking_id):
        services.renew(own(request.user.key, booking_id).pk)
        return Response(describe(own(request.user.key, booking_id)))


class TicketAttendee(APIView):
    """Who comes with a ticket that this key sold. 409 `ticket_not_nameable` once it was used, passed on
    or is not valid any more."""

    permission_classes = [SELLERS]

    @extend_schema(request=AttendeeFields, responses={200: AttendeeFields, **PROBLEM_RESPONSES})
    def patch(self, request, ticket_id):
        sold = BookingItem.objects.filter(booking__seller_key=request.user.key.pk)
        item = sold.select_related("ticket").filter(ticket=ticket_id).first()
        if item is None:
            raise NotFound("There is no such ticket.")
        asked = AttendeeFields(data=request.data)
        asked.is_valid(raise_exception=True)
        attendee = amended(item.ticket, **asked.validated_data)
        name_attendees({item.ticket.pk: attendee})
        return Response(AttendeeFields(attendee).data)


class BookingPay(APIView):
    """The address of the provider's page, where all is paid that is due of the booking's order; asking
    again gives the same page. Where there are several providers, `provider` says at which one, such as
    `stripe`, `paypal` or `square`: choosing another than before shuts the page that was open. 422
    `no_such_way_to_pay` names those there are, 422 `terms_not_accepted` comes where the agency has
    terms of sale that were not accepted for it."""

    permission_classes = [SELLERS]

    @extend_schema(request=PayPageRequest, responses={200: PayReply, **PROBLEM_RESPONSES})
    def post(self, request, booking_id):
        booking = own(request.user.key, booking_id)
        asked = PayPageRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        provider = asked.validated_data.get("provider", "")
        return Response({"redirect_url": services.pay(booking.pk, provider=provider)})


def _accept(request, booking_id):
    network = shortened(client_address(request))
    services.accept_terms(booking_id, network=network, channel=Channel.API)


def reserve_for(request, asked):
    """Reserves what a BookingRequest asked for; returns it as BookingReply shows it."""
    booking = _reserve_for(request.user, asked)
    if asked.get("accepts_terms"):
        _accept(request, booking["id"])
    return booking


def _reserve_for(caller, asked):
    if "order" in asked:
        return _reserve_to(own(caller.key, asked["order"]), caller, asked)
    return _reserve_alone(caller, asked)


@use_case
def _reserve_to(first, caller, asked):
    """A booking and its place in an order, or neither; who adds to an order has locked it before."""
    lock_order(first.pk)
    made = _reserve_alone(caller, asked)
    services.join(UUID(made["id"]), to=first.pk)
    return describe(own(caller.key, made["id"]))


def _reserve_alone(caller, asked):
    codes = (asked["code"],) if asked.get("code") else tuple(asked.get("codes", ()))
    if not codes:
        return _reserve_with(caller, asked, codes)
    with counted_guesses(str(caller), codes) as tell:
        try:
            return _reserve_with(caller, asked, codes)
        except services.CodeRefused as no:
            tell([no.refused])
            refused = no
    raise refused


def _reserve_with(caller, asked, codes):
    key, event = caller.key, _event(asked["event"])
    check_drawn(event, asked.get("drawn"))
    entry = asked.get("access_code")
    sale = services.Sale(
        channel=Channel.API,
        seller_key=key.pk,
        customer_id=_customer_id(key, asked),
        client=key_holder(key),
        stock=stock_of(key),
        codes=codes,
        admitted=admitted_by(caller, event, entry) if entry else None,
    )
    if "best" in asked:
        return describe(_reserve_best(event, asked["best"], sale))
    return describe(_reserve_seats(event, asked["seats"], sale))


@use_case
def _reserve_all(request, wanted):
    return [reserve_for(request, asked) for asked in wanted]


def _event(event_id):
    """The event with what selling it needs to know; NotFound for missing and foreign ids alike."""
    event = read(Event, SOLD_BY, id=event_id)
    if event is None:
        raise NotFound("There is no such event.")
    return event


def _reserve_seats(event, seats, sale):
    try:
        return services.reserve(event=event, ordinals=seats, sale=sale)
    except services.LeavesAlone as gap:
        gap.details["alternatives"] = _without_gap(event, seats, sale)
        raise
    except SeatsTaken as taken:
        taken.details["alternatives"] = [
            [place.ordinal for place in group]
            for group in alternatives_for(event, seats, without=taken.ordinals, channel=sale.stock)
        ]
        raise


def _without_gap(event, seats, sale):
    """As many places beside these, not dearer, that part no row badly: a list of one group, or an
    empty one."""
    dearest = max(place.price or 0 for place in named_places(event.pk, seats))
    wish = services.Wish(quantity=len(seats), at_most=dearest, near=seats[0])
    try:
        return [services.best_places(event, wish, channel=sale.stock)]
    except NoSuchGroup:
        return []


def _reserve_best(event, best, sale):
    wish = services.Wish(
        quantity=best["quantity"],
        level=level_of(event, best.get("level")),
        section=best.get("section"),
        together=best["together"],
        wheelchair=best["accessible"],
        near=best.get("near"),
    )
    return services.reserve_best(event=event, wish=wish, sale=sale)


def level_of(event, wanted):
    """The id of the price level that a caller named by id or name, or None; raises Invalid."""
    if not wanted:
        return None
    for level in PriceLevel.objects.filter(event=event):
        if wanted in (str(level.pk), level.name):
            return level.pk
    raise Invalid(f"This event has no price level {wanted}.")


def _customer_id(key, asked):
    return remember_customer(**asked["contact"]).pk if "contact" in asked else key.customer_id


def describe(booking):
    """A booking as BookingReply shows it to its seller; reads its items unless it has its `item_list`
    already."""
    items = BookingItem.objects.select_related("ticket").order_by("position")
    prefetch_related_objects([booking], Prefetch("items", items, "item_list"))
    return {
        "id": str(booking.pk),
        "number": booking.number,
        "event": str(booking.event_id),
        "order": str(booking.order_key),
        "status": booking.status,
        "reserved_until": booking.reserved_until.isoformat(),
        "currency": booking.currency,
        **amounts_of(booking),
        "codes": _codes(booking),
        "items": [_item(item) for item in booking.item_list],
        "payment_url": _payment_url(booking),
    }


def amounts_of(row):
    """What is paid: price less discount, with fee and tax, in the decimals of the currency."""
    names = {"price": "price", "discount": "discount", "fee": "fee", "tax": "tax_on_top"}
    return {
        said: str(row.sum_of(name).amount) for said, name in (names | {"total": "total"}).items()
    }


def _codes(booking):
    has_any = booking.discount or booking.waived
    return [use.code.text for use in uses_of(booking.pk)] if has_any else []


def _item(item):
    ticket = item.ticket
    return {
        "ticket": str(ticket.pk),
        "ordinal": ticket.ordinal,
        "section": ticket.section,
        "row": ticket.row,
        "seat": ticket.seat,
        "kind": ticket.seat_kind,
        **amounts_of(item),
    }


def _payment_url(booking):
    if booking.status != "RESERVED":
        return None
    page = reverse("checkout", args=[booking.pk])
    return f"{site_of(current_agency())}{page}?k={mailed_key(booking)}"
