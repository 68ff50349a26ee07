"""What is owed to suppliers, and paying it, over the API."""

from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from agencies.api import StaffView, may
from core.api import IDEMPOTENCY, PROBLEM_RESPONSES, CursorPagination, Strict
from core.errors import Invalid, NotFound
from core.money import DECIMAL_PLACES, MAX_DIGITS, Money
from suppliers import services
from suppliers.api.order_fields import amount, iso
from suppliers.api.orders import order_of
from suppliers.models import AccountsPayable, SupplierInvoice, SupplierPayment
from suppliers.queries import OPEN_DEBTS
from suppliers.services import Transfer

PAYERS = may("suppliers.accountspayable", write="step")
LONGEST_KEY = 59  # with who pays in front it is a payment's key


class PayRequest(Strict):
    """Without `amount` all that is left is paid."""

    amount = serializers.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, required=False
    )
    method = serializers.ChoiceField(SupplierPayment.Method.choices, required=False)
    bank_reference = serializers.CharField(required=False, allow_blank=True, max_length=80)
    paid_on = serializers.DateField(required=False)


class PaymentReply(serializers.Serializer):
    """`allocated` is what was set against debts, the rest is an advance."""

    id = serializers.UUIDField()
    supplier = serializers.UUIDField()
    amount = serializers.CharField()
    allocated = serializers.CharField()
    currency = serializers.CharField()
    method = serializers.CharField()
    bank_reference = serializers.CharField()
    paid_on = serializers.DateField()


class PayableReply(serializers.Serializer):
    """A debt: `invoice_number` is the supplier's, null until his invoice came; a debt `is_held` while
    its invoice does not match."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(AccountsPayable.Kind.choices)
    supplier = serializers.UUIDField()
    purchase_order = serializers.UUIDField(allow_null=True)
    invoice_number = serializers.CharField(allow_null=True)
    amount = serializers.CharField()
    paid = serializers.CharField()
    left = serializers.CharField()
    currency = serializers.CharField()
    due_date = serializers.DateField()
    status = serializers.ChoiceField(AccountsPayable.Status.choices)
    is_held = serializers.BooleanField()
    paid_at = serializers.DateTimeField(allow_null=True)


class PayablesQuestion(serializers.Serializer):
    status = serializers.ChoiceField(AccountsPayable.Status.choices, required=False)
    supplier = serializers.UUIDField(required=False)
    due_by = serializers.DateField(required=False)


class ByDueDate(CursorPagination):
    ordering = ("due_on", "pk")


class Payables(StaffView, generics.ListAPIView):
    """The debts to suppliers, the first due first; `status`, `supplier` and `due_by` narrow them."""

    permission_classes = [PAYERS]
    serializer_class = PayableReply
    pagination_class = ByDueDate

    def get_queryset(self):
        asked = PayablesQuestion(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        wanted = dict(asked.validated_data)
        if "due_by" in wanted:
            wanted["due_on__lte"] = wanted.pop("due_by")
        return AccountsPayable.objects.select_related("invoice").filter(**wanted)

    def get_serializer(self, payables, **kwargs):
        return PayableReply([describe(payable) for payable in payables], many=True)

    @extend_schema(parameters=[PayablesQuestion], responses={200: PayableReply(many=True)})
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)


class OnePayable(StaffView, APIView):
    """A debt, by its own id or that of the invoice laid on it."""

    permission_classes = [PAYERS]

    @extend_schema(responses={200: PayableReply, **PROBLEM_RESPONSES})
    def get(self, request, invoice_id):
        return Response(describe(payable_of(invoice_id)))


class _Pay(StaffView, APIView):
    """Books money sent to a supplier. The Idempotency-Key is what makes it one payment: said twice
    with the same key it is paid once, for ever; with another body it is refused."""

    permission_classes = [PAYERS]

    @extend_schema(
        request=PayRequest,
        parameters=[IDEMPOTENCY],
        responses={201: PaymentReply, **PROBLEM_RESPONSES},
    )
    def post(self, request, **ids):
        key = request.headers.get("Idempotency-Key", "")
        if not key or len(key) > LONGEST_KEY or not key.isprintable():
            raise Invalid(
                "Send an Idempotency-Key of 1 to 59 printable characters: it keeps a payment from "
                "being made twice. Nothing was paid."
            )
        asked = PayRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = dict(asked.validated_data)
        payment = self.pay(
            f"api:{request.user.pk}:{key}"[:100],
            request.user,
            wanted.pop("amount", None),
            Transfer(**wanted),
            **ids,
        )
        return Response(_payment(payment), status=201)


class PayPayable(_Pay):
    """Pays a debt or a part of it; by the id of an invoice all that is left of its debts, or a part,
    the first due first. Above the agency's limit money leaves in payment runs only."""

    def pay(self, key, by, wanted, transfer, *, invoice_id):
        how = {"key": key, "by": by, "transfer": transfer}
        payable = AccountsPayable.objects.filter(pk=invoice_id).first()
        if payable:
            return services.pay_payable(payable=payable, money=_in(payable, wanted), **how)
        invoice = SupplierInvoice.objects.filter(pk=invoice_id).first()
        if invoice is None:
            raise _unknown()
        return services.pay_invoice(invoice=invoice, money=_in(invoice, wanted), **how)


class PayOrder(_Pay):
    """Pays an order on immediate terms: what has arrived of it is settled, the rest is an advance."""

    def pay(self, key, by, wanted, transfer, *, po_id):
        order = order_of(po_id)
        money = _in(order, wanted)
        return services.pay_order(order=order, key=key, by=by, money=money, transfer=transfer)


def _in(thing, wanted):
    """A wanted amount as Money in the currency of a debt, an invoice or an order; None as it is."""
    return None if wanted is None else Money(wanted, thing.currency)


def payable_of(invoice_id):
    """The debt with this id; or of the invoice with this id the open debt that is due first, the last
    due when none is open. Raises NotFound."""
    payables = AccountsPayable.objects.select_related("invoice")
    found = payables.filter(pk=invoice_id).first()
    if found is None:
        of_invoice = payables.filter(invoice=invoice_id)
        open_ones = of_invoice.filter(status__in=OPEN_DEBTS).order_by("due_on", "pk")
        found = open_ones.first() or of_invoice.order_by("due_on", "pk").last()
    if found is None:
        raise _unknown()
    return found


def _unknown():
    return NotFound("There is no such debt or invoice.")


def describe(payable):
    """A debt as PayableReply shows it."""
    return {
        "id": str(payable.pk),
        "kind": payable.kind,
        "supplier": str(payable.supplier_id),
        "purchase_order": payable.order_id and str(payable.order_id),
        "invoice_number": payable.invoice and payable.invoice.number,
        "amount": amount(payable.amount, payable.currency),
        "paid": amount(payable.paid, payable.currency),
        "left": str(payable.left.amount),
        "currency": payable.currency,
        "due_date": payable.due_on.isoformat(),
        "status": payable.status,
        "is_held": payable.is_held,
        "paid_at": iso(payable.paid_at),
    }


def _payment(payment):
    return {
        "id": str(payment.pk),
        "supplier": str(payment.supplier_id),
        "amount": amount(payment.amount, payment.currency),
        "allocated": amount(payment.allocated, payment.currency),
        "currency": payment.currency,
        "method": payment.method,
        "bank_reference": payment.bank_reference,
        "paid_on": payment.paid_on.isoformat(),
    }
