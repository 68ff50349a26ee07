"""Purchase orders over the API: the same use cases as the pages of the back office."""

from django.db.models import Sum
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from agencies.api import StaffView, may, said_once
from core.api import IDEMPOTENCY, PROBLEM_RESPONSES, CursorPagination
from core.errors import Invalid, NotFound
from core.locks import lock_one
from core.money import Money
from core.transactions import use_case
from events.models import Event
from inventory.services import check_drawn
from suppliers import services
from suppliers.api.order_fields import (
    CancelRequest,
    ChangeRequest,
    OrderReply,
    OrderRequest,
    OrderRow,
    ReceiptReply,
    ReceiveRequest,
    amount,
    describe,
)
from suppliers.models import PurchaseOrder, Status, Supplier

BUYERS = may("suppliers.purchaseorder", write="step")


class OrdersQuestion(serializers.Serializer):
    status = serializers.ChoiceField(Status.choices, required=False)
    supplier = serializers.UUIDField(required=False)


class ByNewest(CursorPagination):
    ordering = ("-created_at", "pk")


class Orders(StaffView, generics.ListAPIView):
    """The purchase orders, the newest first; `status` and `supplier` narrow the list."""

    permission_classes = [BUYERS]
    serializer_class = OrderRow
    pagination_class = ByNewest

    def get_queryset(self):
        asked = OrdersQuestion(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        orders = PurchaseOrder.objects.filter(**asked.validated_data)
        return orders.annotate(
            seats_ordered=Sum("lines__ordered"), seats_received=Sum("lines__received")
        )

    @extend_schema(parameters=[OrdersQuestion])
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)

    @extend_schema(
        request=OrderRequest,
        parameters=[IDEMPOTENCY],
        responses={201: OrderReply, **PROBLEM_RESPONSES},
    )
    def post(self, request):
        """A draft with its lines, all or nothing."""
        asked = OrderRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        return said_once(request, 201, lambda: describe(_draft(asked.validated_data, request.user)))


class OneOrder(StaffView, APIView):
    """A purchase order."""

    permission_classes = [BUYERS]

    @extend_schema(responses={200: OrderReply, **PROBLEM_RESPONSES})
    def get(self, request, po_id):
        return Response(describe(order_of(po_id)))

    @extend_schema(request=ChangeRequest, responses={200: OrderReply, **PROBLEM_RESPONSES})
    def put(self, request, po_id):
        """Changes the fields that are sent."""
        order = order_of(po_id)
        asked = ChangeRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        return Response(describe(services.change_order(order=order, **asked.validated_data)))


class _Move(StaffView, APIView):
    """One step of an order; answers with the order as it is then."""

    permission_classes = [BUYERS]

    @extend_schema(
        request=None, parameters=[IDEMPOTENCY], responses={200: OrderReply, **PROBLEM_RESPONSES}
    )
    def post(self, request, po_id):
        order = order_of(po_id)
        return said_once(request, 200, lambda: describe(self.move(order, request.user)))


class SubmitOrder(_Move):
    """DRAFT → PENDING: its lines are fixed."""

    def move(self, order, by):
        return services.submit_order(order=order, by=by)


class WithdrawOrder(_Move):
    """PENDING → DRAFT: it can be changed again."""

    def move(self, order, by):
        return services.withdraw_order(order=order)


class ApproveOrder(_Move):
    """The second person agrees to a submitted order."""

    def move(self, order, by):
        return services.approve_order(order=order, by=by)


class ConfirmOrder(_Move):
    """PENDING → CONFIRMED: the supplier has agreed."""

    def move(self, order, by):
        return services.confirm_order(order=order, by=by)


class CancelOrder(StaffView, APIView):
    """Cancels an order, or calls off what has not arrived of it."""

    permission_classes = [BUYERS]

    @extend_schema(
        request=CancelRequest,
        parameters=[IDEMPOTENCY],
        responses={200: OrderReply, **PROBLEM_RESPONSES},
    )
    def post(self, request, po_id):
        order = order_of(po_id)
        asked = CancelRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        return said_once(
            request, 200, lambda: describe(_called_off(order, asked.validated_data, request.user))
        )


class ReceiveOrder(StaffView, APIView):
    """Takes a delivery in: places owned, receipt, debt and ledger, all or nothing."""

    permission_classes = [BUYERS]

    @extend_schema(
        request=ReceiveRequest,
        parameters=[IDEMPOTENCY],
        responses={201: ReceiptReply, **PROBLEM_RESPONSES},
    )
    def post(self, request, po_id):
        order = order_of(po_id)
        asked = ReceiveRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        return said_once(request, 201, lambda: _received(order, asked.validated_data, request.user))


def order_of(po_id):
    """The order with this id; raises NotFound."""
    order = PurchaseOrder.objects.select_related("supplier").filter(pk=po_id).first()
    if order is None:
        raise NotFound("There is no such purchase order.")
    return order


@use_case
def _draft(asked, by):
    wanted = dict(asked)
    lines, extras = wanted.pop("lines", []), wanted.pop("landed_costs", [])
    supplier = Supplier.objects.filter(pk=wanted.pop("supplier")).first()
    if supplier is None:
        raise Invalid("There is no such supplier.")
    order = services.draft_order(supplier=supplier, created_by=by, **wanted)
    for line in lines:
        _add(order, dict(line))
    for extra in extras:
        money = Money(extra["amount"], order.currency)
        services.add_landed_cost(order=order, **{**extra, "amount": money})
    return order


def _add(order, line):
    event = Event.objects.select_related("layout").filter(pk=line.pop("event")).first()
    if event is None or event.layout is None:
        raise Invalid("There is no such event, or it has no layout yet.")
    section, level = line.pop("section", None), line.pop("level", None)
    services.add_line(
        order=order,
        event=event,
        section=section and _section(event, section),
        level=level and _level(event, level),
        unit_cost=Money(line.pop("unit_price"), order.currency),
        **line,
    )


def _section(event, label):
    section = event.layout.sections.filter(label=label).first()
    if section is None:
        raise Invalid(f"{event} has no section {label}.")
    return section


def _level(event, wanted):
    for level in event.levels.all():
        if wanted in (str(level.pk), level.name):
            return level
    raise Invalid(f"{event} has no price level {wanted}.")


def _called_off(order, asked, by):
    """The whole order while nothing has arrived, else its rest, or that of the lines named."""
    reason = asked["reason"]
    if "lines" in asked:
        lines = list(order.lines.filter(pk__in=asked["lines"]))
        if len(lines) < len(set(asked["lines"])):
            raise Invalid(f"Not all of these are lines of {order}. Nothing was called off.")
        return services.cancel_rest(order=order, reason=reason, lines=lines, by=by)
    if order.status == Status.PARTIALLY_RECEIVED:
        return services.cancel_rest(order=order, reason=reason, by=by)
    return services.cancel_order(order=order, reason=reason, by=by)


@use_case
def _received(order, asked, by):
    parts = asked.get("lines")
    _check_drawn(lock_one(PurchaseOrder.objects.filter(pk=order.pk)), parts or ())
    receipt = services.receive_delivery(
        order=order,
        ordinals_by_line=parts and {part["line"]: part["seats"] for part in parts},
        by=by,
        delivery_reference=asked.get("delivery_reference", ""),
    )
    receipt.refresh_from_db()
    return {
        "id": str(receipt.pk),
        "number": receipt.number,
        "order": str(order.pk),
        "seats": receipt.seats,
        "amount": amount(receipt.amount, receipt.currency),
        "currency": receipt.currency,
        "received_at": receipt.received_at.isoformat(),
    }


def _check_drawn(order, parts):
    """The events of a locked order stay on their layouts."""
    lines = order.lines.select_related("event").in_bulk()
    for part in parts:
        if part["line"] in lines:
            check_drawn(lines[part["line"]].event, part.get("drawn"))
