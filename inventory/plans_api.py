"""Allocation plans over the API, for staff."""

from django.db import IntegrityError, transaction
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from agencies.api import StaffView, may, said_once
from core.api import IDEMPOTENCY, PROBLEM_RESPONSES, CursorPagination, Strict
from core.errors import Invalid, NotFound
from core.locks import lock_one
from core.money import Money
from core.status import WrongState
from core.transactions import use_case
from events.models import Event
from inventory import services
from inventory.models import AllocationPlan, AllocationShare, PlanStatus, StockChannel

PLANNERS = may("inventory.allocationplan", write="step")


class ShareFields(Strict):
    """What a channel gets of a section (label), of a price level (id), or of the whole event: a
    `quantity` or a `percent`, the BEST or the LAST places first."""

    channel = serializers.ChoiceField(StockChannel.choices)
    section = serializers.CharField(required=False, allow_null=True, max_length=80)
    price_level = serializers.UUIDField(required=False, allow_null=True)
    quantity = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=1_000_000
    )
    percent = serializers.DecimalField(
        required=False, allow_null=True, max_digits=5, decimal_places=2
    )
    order = serializers.ChoiceField(AllocationShare.Order.choices, default="BEST")

    def validate(self, attrs):
        quantity, percent = attrs.get("quantity"), attrs.get("percent")
        if (quantity is None) == (percent is None):
            raise serializers.ValidationError("Give either a quantity or a percentage.")
        if percent is not None and not 0 < percent <= 100:
            raise serializers.ValidationError({"percent": "A percentage is above 0, at most 100."})
        return attrs


class PlanChange(Strict):
    name = serializers.CharField(required=False, max_length=120)
    notes = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    shares = ShareFields(many=True, required=False, allow_empty=False, max_length=100)


class PlanRequest(PlanChange):
    event = serializers.UUIDField()
    name = serializers.CharField(max_length=120)


class PlanReply(serializers.Serializer):
    id = serializers.UUIDField()
    event = serializers.UUIDField()
    name = serializers.CharField()
    notes = serializers.CharField()
    status = serializers.ChoiceField(PlanStatus.choices)
    made_at = serializers.DateTimeField()
    applied_at = serializers.DateTimeField(allow_null=True)
    undone_at = serializers.DateTimeField(allow_null=True)
    changed = serializers.IntegerField(help_text="Places whose channel applying it changed.")
    shares = ShareFields(many=True)


class ApplyRequest(Strict):
    plan = serializers.UUIDField()


class PictureQuestion(serializers.Serializer):
    """Of a `plan`, as it would be now."""

    plan = serializers.UUIDField()


class ChannelTotal(serializers.Serializer):
    channel = serializers.CharField(help_text="Empty: open to every channel.")
    places = serializers.IntegerField()
    value = serializers.CharField(help_text="Before fees, in the event's currency.")


class MisfitReply(serializers.Serializer):
    share = ShareFields()
    wanted = serializers.IntegerField()
    given = serializers.IntegerField()


class PictureReply(serializers.Serializer):
    """`channels` has for each free place (ordinal, as text) the channel it would get."""

    plan = serializers.UUIDField()
    currency = serializers.CharField()
    changes = serializers.IntegerField()
    totals = ChannelTotal(many=True)
    misfits = MisfitReply(many=True)
    channels = serializers.DictField(child=serializers.CharField())


class PlansQuestion(serializers.Serializer):
    event = serializers.UUIDField(required=False)
    status = serializers.ChoiceField(PlanStatus.choices, required=False)


class ByNewest(CursorPagination):
    ordering = ("-made_at", "pk")


class Plans(StaffView, generics.ListAPIView):
    """The allocation plans, the newest first; `event` and `status` narrow the list."""

    permission_classes = [PLANNERS]
    serializer_class = PlanReply
    pagination_class = ByNewest

    def get_queryset(self):
        asked = PlansQuestion(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        plans = AllocationPlan.objects.filter(**asked.validated_data)
        return plans.prefetch_related("shares__section")

    def get_serializer(self, plans, **kwargs):
        return PlanReply([describe(plan) for plan in plans], many=True)

    @extend_schema(parameters=[PlansQuestion], responses={200: PlanReply(many=True)})
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)


class MakePlan(StaffView, APIView):
    """A new draft plan; nothing changes until it is applied."""

    permission_classes = [PLANNERS]

    @extend_schema(
        request=PlanRequest,
        parameters=[IDEMPOTENCY],
        responses={201: PlanReply, **PROBLEM_RESPONSES},
    )
    def post(self, request):
        asked = PlanRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        return said_once(
            request, 201, lambda: describe(_made(dict(asked.validated_data), request.user))
        )


class OnePlan(StaffView, APIView):
    """An allocation plan. PUT changes what is sent; `shares` takes the place of all its shares."""

    permission_classes = [PLANNERS]

    @extend_schema(responses={200: PlanReply, **PROBLEM_RESPONSES})
    def get(self, request, plan_id):
        return Response(describe(plan_of(plan_id)))

    @extend_schema(request=PlanChange, responses={200: PlanReply, **PROBLEM_RESPONSES})
    def put(self, request, plan_id):
        plan = plan_of(plan_id)
        asked = PlanChange(data=request.data)
        asked.is_valid(raise_exception=True)
        return Response(describe(_changed(plan, dict(asked.validated_data))))


class ApplyPlan(StaffView, APIView):
    """Gives the event's free places to the plan's channels; another applied plan is undone first."""

    permission_classes = [PLANNERS]

    @extend_schema(
        request=ApplyRequest,
        parameters=[IDEMPOTENCY],
        responses={200: PlanReply, **PROBLEM_RESPONSES},
    )
    def post(self, request):
        asked = ApplyRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        plan = plan_of(asked.validated_data["plan"])
        return said_once(request, 200, lambda: _applied(plan, request.user))


class PlanPicture(StaffView, APIView):
    """What applying a plan would do now, place by place and in sum."""

    permission_classes = [PLANNERS]

    @extend_schema(parameters=[PictureQuestion], responses={200: PictureReply, **PROBLEM_RESPONSES})
    def get(self, request):
        asked = PictureQuestion(data=request.query_params)
        asked.is_valid(raise_exception=True)
        plan = plan_of(asked.validated_data["plan"])
        return Response(_picture(plan, services.simulate_plan(plan)))


def plan_of(plan_id):
    """The plan with this id; raises NotFound."""
    plan = AllocationPlan.objects.select_related("event__layout").filter(pk=plan_id).first()
    if plan is None:
        raise NotFound("There is no such plan.")
    return plan


@use_case
def _made(asked, by):
    event = Event.objects.select_related("layout").filter(pk=asked["event"]).first()
    if event is None or event.layout is None:
        raise Invalid("There is no such event, or it has no layout yet.")
    plan = AllocationPlan(event=event, notes=asked.get("notes", ""), made_by=by)
    _name(plan, asked["name"])
    _share_out(plan, asked.get("shares", []))
    return plan


@use_case
def _changed(plan, asked):
    plan = lock_one(AllocationPlan.objects.filter(pk=plan.pk))
    if plan.status == PlanStatus.APPLIED:
        raise WrongState(f"The plan {plan.name} is applied. Undo it before it is changed.")
    plan.notes = asked.get("notes", plan.notes)
    _name(plan, asked.get("name", plan.name))
    if "shares" in asked:
        plan.shares.all().delete()
        _share_out(plan, asked["shares"])
    return plan


def _name(plan, name):
    plan.name = name
    try:
        with transaction.atomic():
            plan.save()
    except IntegrityError as error:
        raise Invalid(f"{plan.event} has a plan called {name} already.") from error


def _share_out(plan, shares):
    sections = {section.label: section for section in plan.event.layout.sections.all()}
    levels = {level.pk: level for level in plan.event.levels.all()}
    for position, share in enumerate(shares, start=1):
        section, level = share.get("section"), share.get("price_level")
        if section not in (None, *sections) or level not in (None, *levels):
            raise Invalid(f"Share {position}: {plan.event} has no such section or level.")
        AllocationShare.objects.create(
            plan=plan,
            position=position,
            channel=share["channel"],
            section=section and sections[section],
            level=level and levels[level],
            quantity=share.get("quantity"),
            percent=share.get("percent"),
            order=share["order"],
        )


def _applied(plan, by):
    services.apply_plan(plan, by=by)
    return describe(plan_of(plan.pk))


def describe(plan):
    """A plan as PlanReply shows it."""
    return {
        "id": str(plan.pk),
        "event": str(plan.event_id),
        "name": plan.name,
        "notes": plan.notes,
        "status": plan.status,
        "made_at": plan.made_at.isoformat(),
        "applied_at": plan.applied_at and plan.applied_at.isoformat(),
        "undone_at": plan.undone_at and plan.undone_at.isoformat(),
        "changed": len(plan.ordinals),
        "shares": [_share(share) for share in plan.shares.all()],
    }


def _share(share):
    return {
        "channel": share.channel,
        "section": share.section and share.section.label,
        "price_level": share.level_id and str(share.level_id),
        "quantity": share.quantity,
        "percent": share.percent and f"{share.percent:f}",
        "order": share.order,
    }


def _picture(plan, found):
    currency = plan.event.currency
    return {
        "plan": str(plan.pk),
        "currency": currency,
        "changes": found.changes,
        "totals": [
            {"channel": channel, "places": places, "value": str(Money(value, currency).amount)}
            for channel, (places, value) in sorted(found.totals.items())
        ],
        "misfits": [
            {"share": _share(each.share), "wanted": each.wanted, "given": each.given}
            for each in found.misfits
        ],
        "channels": {str(ordinal): channel for ordinal, channel in found.channels.items()},
    }
