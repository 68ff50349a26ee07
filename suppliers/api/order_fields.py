"""What a purchase order looks like over the API."""

from rest_framework import serializers

from core.api import Strict
from core.money import DECIMAL_PLACES, MAX_DIGITS, Money, total
from inventory.api import OnMap
from suppliers.models import Basis, Fulfillment, LandedCost, PaymentTerms, PurchaseOrder, Status

SHOWN_TIMES = ("created", "submitted", "approved", "confirmed", "cancelled")


def _price(**kwargs):
    return serializers.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, min_value=0, **kwargs
    )


class LineRequest(Strict):
    """Places of one section, or of one price level, of an event: `rows` and `seats` in words such as
    "A-C, F" and "1-12 odd", empty for all of them; `quantity` takes only so many, the first that can
    be ordered."""

    event = serializers.UUIDField()
    section = serializers.CharField(required=False, max_length=80)
    level = serializers.CharField(required=False, max_length=80, help_text="Id or name.")
    rows = serializers.CharField(required=False, allow_blank=True, max_length=1000)
    seats = serializers.CharField(required=False, allow_blank=True, max_length=4000)
    quantity = serializers.IntegerField(required=False, min_value=1, max_value=100_000)
    unit_price = _price()
    retail_price = _price(required=False, allow_null=True)
    face_value = _price(required=False, allow_null=True)
    item_code = serializers.CharField(required=False, allow_blank=True, max_length=40)
    expected_date = serializers.DateField(source="expected_on", required=False, allow_null=True)
    in_hand_date = serializers.DateField(source="in_hand_on", required=False, allow_null=True)
    return_by = serializers.DateField(required=False, allow_null=True)

    def validate(self, attrs):
        if "section" not in attrs and "level" not in attrs:
            raise serializers.ValidationError({"section": "Name a section or a level."})
        return attrs


class LandedCostFields(Strict):
    kind = serializers.ChoiceField(LandedCost.Kind.choices)
    description = serializers.CharField(required=False, allow_blank=True, max_length=120)
    amount = _price()


class HeaderRequest(Strict):
    """The fields of an order that may be changed while it is a draft; later only the delivery's."""

    payment_terms = serializers.ChoiceField(PaymentTerms.choices, required=False)
    basis = serializers.ChoiceField(Basis.choices, required=False)
    fulfillment_method = serializers.ChoiceField(
        Fulfillment.choices, source="fulfillment", required=False
    )
    fulfillment_notes = serializers.CharField(required=False, allow_blank=True, max_length=4000)
    reference = serializers.CharField(
        source="supplier_reference", required=False, allow_blank=True, max_length=60
    )
    shipping_address = serializers.CharField(
        source="ship_to", required=False, allow_blank=True, max_length=1000
    )
    expected_date = serializers.DateField(source="expected_on", required=False, allow_null=True)
    notes = serializers.CharField(required=False, allow_blank=True, max_length=4000)


class ChangeRequest(HeaderRequest):
    """Some fields of the header as they should be. `version` is that of the order as it was read; if
    it changed since, the answer is 409 `stale` with the difference field by field."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class CancelRequest(Strict):
    """With `lines` only what has not arrived of these is called off; without, the whole order, or what
    has not arrived of it."""

    reason = serializers.CharField(max_length=200)
    lines = serializers.ListField(
        child=serializers.UUIDField(), required=False, allow_empty=False, max_length=200
    )


class OrderRequest(HeaderRequest):
    """A new draft. `currency` is that of all its events."""

    supplier = serializers.UUIDField()
    currency = serializers.CharField(min_length=3, max_length=3)
    lines = LineRequest(many=True, required=False, max_length=200)
    landed_costs = LandedCostFields(many=True, required=False, max_length=20)


class LineReply(serializers.Serializer):
    id = serializers.UUIDField()
    event = serializers.UUIDField()
    section = serializers.CharField(allow_null=True)
    level = serializers.CharField(allow_null=True)
    item_code = serializers.CharField()
    description = serializers.CharField()
    uom = serializers.CharField()
    quantity = serializers.IntegerField()
    received_quantity = serializers.IntegerField()
    cancelled_quantity = serializers.IntegerField()
    returned_quantity = serializers.IntegerField()
    unit_price = serializers.CharField()
    landed = serializers.CharField()
    amount = serializers.CharField()
    retail_price = serializers.CharField(allow_null=True)
    face_value = serializers.CharField(allow_null=True)
    expected_date = serializers.DateField(allow_null=True)
    in_hand_date = serializers.DateField(allow_null=True)
    return_by = serializers.DateField(allow_null=True)
    status = serializers.CharField()
    seats = serializers.ListField(child=serializers.IntegerField(), help_text="Ordinals.")


class OrderReply(serializers.Serializer):
    """An order with its lines. Amounts are decimal strings in `currency`; `total` is what the
    supplier gets for it, `landed_costs` included; `version` grows with every change."""

    id = serializers.UUIDField()
    po_number = serializers.CharField()
    supplier = serializers.UUIDField()
    status = serializers.ChoiceField(Status.choices)
    basis = serializers.ChoiceField(Basis.choices)
    currency = serializers.CharField()
    payment_terms = serializers.CharField()
    fulfillment_method = serializers.CharField()
    fulfillment_notes = serializers.CharField()
    reference = serializers.CharField()
    shipping_address = serializers.CharField()
    expected_date = serializers.DateField(allow_null=True)
    notes = serializers.CharField()
    version = serializers.IntegerField()
    needs_approval = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    created_by = serializers.UUIDField(allow_null=True)
    submitted_at = serializers.DateTimeField(allow_null=True)
    submitted_by = serializers.UUIDField(allow_null=True)
    approved_at = serializers.DateTimeField(allow_null=True)
    approved_by = serializers.UUIDField(allow_null=True)
    confirmed_at = serializers.DateTimeField(allow_null=True)
    confirmed_by = serializers.UUIDField(allow_null=True)
    cancelled_at = serializers.DateTimeField(allow_null=True)
    cancelled_by = serializers.UUIDField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.DateTimeField()
    seats = serializers.IntegerField()
    total = serializers.CharField()
    lines = LineReply(many=True)
    landed_costs = LandedCostFields(many=True)


class OrderRow(serializers.Serializer):
    id = serializers.UUIDField()
    po_number = serializers.CharField(source="number")
    supplier = serializers.UUIDField(source="supplier_id")
    status = serializers.ChoiceField(Status.choices)
    currency = serializers.CharField()
    expected_date = serializers.DateField(source="expected_on", allow_null=True)
    created_at = serializers.DateTimeField()
    quantity = serializers.IntegerField(source="seats_ordered", allow_null=True)
    received_quantity = serializers.IntegerField(source="seats_received", allow_null=True)


class ReceivedPart(OnMap):
    line = serializers.UUIDField()
    seats = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=2**31 - 1),
        allow_empty=False,
        max_length=100_000,
        help_text="Ordinals.",
    )


class ReceiveRequest(Strict):
    """What arrived; without `lines` all that is outstanding."""

    lines = ReceivedPart(many=True, required=False, allow_empty=False, max_length=200)
    delivery_reference = serializers.CharField(required=False, allow_blank=True, max_length=60)


class ReceiptReply(serializers.Serializer):
    id = serializers.UUIDField()
    number = serializers.CharField()
    order = serializers.UUIDField()
    seats = serializers.IntegerField()
    amount = serializers.CharField()
    currency = serializers.CharField()
    received_at = serializers.DateTimeField()


def describe(order):
    """An order as OrderReply shows it, read anew."""
    order = PurchaseOrder.objects.get(pk=order.pk)
    lines = list(order.lines.select_related("section", "level").order_by("position", "pk"))
    extras = list(order.landed_costs.order_by("kind", "pk"))
    costs = [line.amount for line in lines] + [extra.money for extra in extras]
    return {
        "id": str(order.pk),
        "po_number": order.number,
        "supplier": str(order.supplier_id),
        "status": order.status,
        "basis": order.basis,
        "currency": order.currency,
        "payment_terms": order.payment_terms,
        "fulfillment_method": order.fulfillment,
        "fulfillment_notes": order.fulfillment_notes,
        "reference": order.supplier_reference,
        "shipping_address": order.ship_to,
        "expected_date": iso(order.expected_on),
        "notes": order.notes,
        "version": order.version,
        "needs_approval": order.needs_approval,
        **_who_and_when(order),
        "seats": sum(line.ordered for line in lines),
        "total": str(total(costs, order.currency).amount),
        "lines": [_line(line) for line in lines],
        "landed_costs": [_extra(extra) for extra in extras],
    }


def _who_and_when(order):
    found = {"closed_at": iso(order.closed_at), "updated_at": iso(order.updated_at)}
    for name in SHOWN_TIMES:
        by = getattr(order, f"{name}_by_id")
        found[f"{name}_at"] = iso(getattr(order, f"{name}_at"))
        found[f"{name}_by"] = by and str(by)
    return found


def _line(line):
    currency = line.currency
    return {
        "id": str(line.pk),
        "event": str(line.event_id),
        "section": line.section and line.section.label,
        "level": line.level and line.level.name,
        "item_code": line.item_code,
        "description": line.description,
        "uom": line.uom,
        "quantity": line.ordered,
        "received_quantity": line.received,
        "cancelled_quantity": line.cancelled,
        "returned_quantity": line.returned,
        "unit_price": amount(line.unit_cost, currency),
        "landed": amount(line.landed, currency),
        "amount": str(line.amount.amount),
        "retail_price": amount(line.retail_price, currency),
        "face_value": amount(line.face_value, currency),
        "expected_date": iso(line.expected_on),
        "in_hand_date": iso(line.in_hand_on),
        "return_by": iso(line.return_by),
        "status": line.status,
        "seats": line.ordinals,
    }


def _extra(extra):
    return {
        "kind": extra.kind,
        "description": extra.description,
        "amount": str(extra.money.amount),
    }


def amount(value, currency):
    """A column as a decimal string with exactly the decimals of its currency, or None."""
    return None if value is None else str(Money(value, currency).amount)


def iso(moment):
    """A date or moment as ISO 8601, or None."""
    return moment and moment.isoformat()
