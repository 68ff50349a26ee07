"""Suppliers over the API, in the words of the owner's documents."""

from decimal import Decimal

from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.response import Response

from agencies.api import StaffView, may
from core.api import PROBLEM_RESPONSES, CursorPagination, Strict
from core.money import DECIMAL_PLACES, MAX_DIGITS
from suppliers.models import PaymentTerms, Supplier

HUNDRED = Decimal(100)


class Rate(serializers.DecimalField):
    """A share such as 0.20, kept as percent."""

    def __init__(self, **kwargs):
        super().__init__(max_digits=5, decimal_places=4, **kwargs)

    def to_internal_value(self, data):
        rate = super().to_internal_value(data)
        if not 0 <= rate <= 1:
            raise serializers.ValidationError("A rate is between 0 and 1.")
        return rate * HUNDRED

    def to_representation(self, value):
        return super().to_representation(value / HUNDRED)


def _limit(**kwargs):
    return serializers.DecimalField(
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        min_value=0,
        required=False,
        allow_null=True,
        **kwargs,
    )


class SupplierFields(Strict, serializers.ModelSerializer):
    """`credit_limit` is what the agency advances at most, `credit_line` what the supplier lets it owe,
    both in `currency`; `wholesale_discount_rate` 0.20 means 20 percent off the retail price;
    `return_days`: seats may go back until so many days before the event."""

    supplier_type = serializers.ChoiceField(Supplier.Kind.choices, source="kind", required=False)
    contact_person = serializers.CharField(
        source="contact_name", max_length=120, required=False, allow_blank=True
    )
    wholesale_discount_rate = Rate(source="wholesale_discount", required=False)
    payment_terms = serializers.ChoiceField(PaymentTerms.choices, required=False)
    credit_limit = _limit()
    credit_line = _limit()
    contract_start_date = serializers.DateField(
        source="contract_starts_on", required=False, allow_null=True
    )
    contract_end_date = serializers.DateField(
        source="contract_ends_on", required=False, allow_null=True
    )

    class Meta:
        model = Supplier
        fields = [
            "id", "name", "supplier_type", "contact_person", "email", "phone", "address", "tax_id",
            "business_license", "bank_account", "currency", "payment_terms",
            "wholesale_discount_rate", "credit_limit", "credit_line", "contract_start_date",
            "contract_end_date", "return_days", "gets_receipts", "is_active", "notes",
        ]  # fmt: skip
        read_only_fields = ["id"]

    def validate_name(self, name):
        others = Supplier.objects.filter(name=name)
        if self.instance is not None:
            others = others.exclude(pk=self.instance.pk)
        if others.exists():
            raise serializers.ValidationError("There is a supplier of this name already.")
        return name

    def validate(self, attrs):
        """What the database would refuse, with the field's name."""
        start, end = (
            self._given(attrs, name) for name in ("contract_starts_on", "contract_ends_on")
        )
        if start and end and end < start:
            raise serializers.ValidationError(
                {"contract_end_date": "The contract ends before it starts."}
            )
        return attrs

    def _given(self, attrs, name):
        return attrs.get(name, getattr(self.instance, name, None))


class SupplierQuestion(serializers.Serializer):
    is_active = serializers.BooleanField(required=False, default=None, allow_null=True)
    q = serializers.CharField(required=False, max_length=100, help_text="A part of the name.")


class ByName(CursorPagination):
    ordering = ("name", "pk")


class Suppliers(StaffView, generics.ListCreateAPIView):
    """The suppliers of the agency by name; `is_active` and `q` narrow the list."""

    permission_classes = [may("suppliers.supplier", write="add")]
    serializer_class = SupplierFields
    pagination_class = ByName

    def get_queryset(self):
        asked = SupplierQuestion(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        found, wanted = Supplier.objects.all(), asked.validated_data
        if wanted["is_active"] is not None:
            found = found.filter(is_active=wanted["is_active"])
        return found.filter(name__icontains=wanted.get("q", ""))

    @extend_schema(parameters=[SupplierQuestion])
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)

    @extend_schema(responses={201: SupplierFields, **PROBLEM_RESPONSES})
    def post(self, request, *args, **kwargs):
        return super().post(request, *args, **kwargs)


@extend_schema(responses={200: SupplierFields, **PROBLEM_RESPONSES})
class OneSupplier(StaffView, generics.RetrieveUpdateAPIView):
    """A supplier. PUT and PATCH change the fields that are sent; DELETE deactivates: whoever was bought
    from is never deleted."""

    permission_classes = [may("suppliers.supplier", write="change")]
    serializer_class = SupplierFields
    lookup_url_kwarg = "supplier_id"

    def get_queryset(self):
        return Supplier.objects.all()

    def put(self, request, *args, **kwargs):
        return self.partial_update(request, *args, **kwargs)

    @extend_schema(responses={204: None, **PROBLEM_RESPONSES})
    def delete(self, request, supplier_id):
        supplier = self.get_object()
        supplier.is_active = False
        supplier.save(update_fields=["is_active"])
        return Response(status=204)
