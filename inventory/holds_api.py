"""Holds over the API, for staff."""

from django.db.models import Count, Q
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from agencies.api import StaffView, may, said_once
from core.api import IDEMPOTENCY, PROBLEM_RESPONSES, CursorPagination
from core.errors import Invalid, NotFound
from events.models import Event
from inventory import services
from inventory.api import OnMap
from inventory.models import Hold, HoldStatus, Status
from inventory.services import Terms, Wanted

HOLDERS = may("inventory.hold", write="step")
HELD = Count("seats", filter=Q(seats__status=Status.HELD))


class HoldRequest(OnMap):
    """Places by `seats` (ordinals), or a `quantity` of those free in a `section` (label) or of a
    `price_level` (id); `pool` is the hold they are taken from. `notice_at`: when owner and contact
    are told that it runs out."""

    event = serializers.UUIDField()
    hold_type = serializers.ChoiceField(Hold.Kind.choices)
    name = serializers.CharField(max_length=120)
    seats = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=2**31 - 1),
        required=False,
        allow_empty=False,
        max_length=20_000,
    )
    quantity = serializers.IntegerField(required=False, min_value=1, max_value=20_000)
    section = serializers.CharField(required=False, max_length=80)
    price_level = serializers.UUIDField(required=False)
    order = serializers.ChoiceField(["BEST", "LAST"], default="BEST")
    pool = serializers.UUIDField(required=False)
    hold_until = serializers.DateTimeField(required=False, allow_null=True)
    notice_at = serializers.DateTimeField(required=False, allow_null=True)
    contact = serializers.EmailField(required=False, allow_blank=True)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=200)

    def validate(self, attrs):
        if ("seats" in attrs) == ("quantity" in attrs):
            raise serializers.ValidationError("Give either seats or a quantity.")
        return attrs


class ReleaseRequest(OnMap):
    """Which places go back (`seats`, or so many by `quantity`, the last first); without both, all."""

    seats = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=2**31 - 1),
        required=False,
        allow_empty=False,
        max_length=20_000,
    )
    quantity = serializers.IntegerField(required=False, min_value=1, max_value=20_000)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=200)


class HoldReply(serializers.Serializer):
    """`quantity` is how many places were asked for, `held` how many it has now."""

    id = serializers.UUIDField()
    event = serializers.UUIDField()
    hold_type = serializers.ChoiceField(Hold.Kind.choices)
    name = serializers.CharField()
    reason = serializers.CharField()
    status = serializers.ChoiceField(HoldStatus.choices)
    is_active = serializers.BooleanField()
    pool = serializers.UUIDField(allow_null=True)
    quantity = serializers.IntegerField()
    held = serializers.IntegerField()
    hold_until = serializers.DateTimeField(allow_null=True)
    notice_at = serializers.DateTimeField(allow_null=True)
    contact = serializers.CharField()
    made_at = serializers.DateTimeField()
    released_at = serializers.DateTimeField(allow_null=True)


class OneHoldReply(HoldReply):
    seats = serializers.ListField(child=serializers.IntegerField(), help_text="Ordinals.")


class HoldsQuestion(serializers.Serializer):
    event = serializers.UUIDField(required=False)
    hold_type = serializers.ChoiceField(Hold.Kind.choices, source="kind", required=False)
    status = serializers.ChoiceField(HoldStatus.choices, required=False)


class ByNewest(CursorPagination):
    ordering = ("-made_at", "pk")


class Holds(StaffView, generics.ListAPIView):
    """The holds, the newest first; `event`, `hold_type` and `status` narrow the list."""

    permission_classes = [HOLDERS]
    serializer_class = HoldReply
    pagination_class = ByNewest

    def get_queryset(self):
        asked = HoldsQuestion(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        return Hold.objects.filter(**asked.validated_data).annotate(held=HELD)

    def get_serializer(self, holds, **kwargs):
        return HoldReply([describe(hold) for hold in holds], many=True)

    @extend_schema(parameters=[HoldsQuestion], responses={200: HoldReply(many=True)})
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)

    @extend_schema(
        request=HoldRequest,
        parameters=[IDEMPOTENCY],
        responses={201: OneHoldReply, **PROBLEM_RESPONSES},
    )
    def post(self, request):
        """Holds places, all or none."""
        asked = HoldRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        return said_once(
            request, 201, lambda: with_seats(_made(asked.validated_data, request.user))
        )


class OneHold(StaffView, APIView):
    """A hold with its places. DELETE releases it whole: what was held stays on record."""

    permission_classes = [HOLDERS]

    @extend_schema(responses={200: OneHoldReply, **PROBLEM_RESPONSES})
    def get(self, request, hold_id):
        return Response(with_seats(hold_of(hold_id)))

    @extend_schema(responses={204: None, **PROBLEM_RESPONSES})
    def delete(self, request, hold_id):
        services.release_hold(hold_of(hold_id))
        return Response(status=204)


class ReleaseHold(StaffView, APIView):
    """Gives places of a hold back to its pool or to sale."""

    permission_classes = [HOLDERS]

    @extend_schema(request=ReleaseRequest, responses={200: OneHoldReply, **PROBLEM_RESPONSES})
    def put(self, request, hold_id):
        hold = hold_of(hold_id)
        asked = ReleaseRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        services.check_drawn(hold.event, wanted.pop("drawn", None))
        _release(hold, **wanted)
        return Response(with_seats(hold_of(hold_id)))


def hold_of(hold_id):
    """The hold with this id, with `held` places; raises NotFound."""
    hold = Hold.objects.select_related("event__layout").annotate(held=HELD).filter(pk=hold_id)
    if not hold:
        raise NotFound("There is no such hold.")
    return hold[0]


def _release(hold, seats=None, quantity=None, reason=""):
    if seats is None and quantity is None:
        services.release_hold(hold, reason=reason)
    else:
        services.release_places(hold, ordinals=seats, quantity=quantity, reason=reason)


def _made(asked, by):
    event = Event.objects.select_related("layout").filter(pk=asked["event"]).first()
    if event is None or event.layout is None:
        raise Invalid("There is no such event, or it has no layout yet.")
    services.check_drawn(event, asked.get("drawn"))
    wanted = Wanted(
        ordinals=tuple(asked.get("seats", ())),
        quantity=asked.get("quantity"),
        section_id=_section_id(event, asked.get("section")),
        level_id=asked.get("price_level"),
        order=asked["order"],
    )
    terms = Terms(
        kind=asked["hold_type"],
        name=asked["name"],
        until=asked.get("hold_until"),
        notice_at=asked.get("notice_at"),
        owner=by,
        contact=asked.get("contact", ""),
        reason=asked.get("reason", ""),
    )
    pool = hold_of(asked["pool"]) if "pool" in asked else None
    hold = services.make_hold(event=event, wanted=wanted, terms=terms, by=by, pool=pool)
    return hold_of(hold.pk)


def _section_id(event, label):
    if label is None:
        return None
    section = event.layout.sections.filter(label=label).first()
    if section is None:
        raise Invalid(f"{event} has no section {label}.")
    return section.pk


def with_seats(hold):
    """A hold as OneHoldReply shows it."""
    held = hold.seats.filter(status=Status.HELD).order_by("ordinal")
    return {**describe(hold), "seats": list(held.values_list("ordinal", flat=True))}


def describe(hold):
    """A hold, with `held` annotated, as HoldReply shows it."""
    return {
        "id": str(hold.pk),
        "event": str(hold.event_id),
        "hold_type": hold.kind,
        "name": hold.name,
        "reason": hold.reason,
        "status": hold.status,
        "is_active": hold.is_active,
        "pool": hold.pool_id and str(hold.pool_id),
        "quantity": hold.quantity,
        "held": hold.held,
        "hold_until": hold.until and hold.until.isoformat(),
        "notice_at": hold.notice_at and hold.notice_at.isoformat(),
        "contact": hold.contact,
        "made_at": hold.made_at.isoformat(),
        "released_at": hold.released_at and hold.released_at.isoformat(),
    }
