"""Promotions over the API: what codes take off, for who sells; terms and life, for staff. In the words
of the owner's documents."""

from decimal import Decimal

from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import role
from agencies.api import StaffView, may
from agencies.queries import current_agency
from core.api import PROBLEM_RESPONSES, CursorPagination, Strict
from core.errors import Invalid, NotFound
from core.money import DECIMAL_PLACES, MAX_DIGITS, Money
from core.transactions import use_case
from events.models import Channel, Event, PriceLevel
from inventory.models import EventSeat
from promotions import services
from promotions.codes import LONGEST
from promotions.guessing import counted_guesses
from promotions.models import TERMS, Promotion, Status, Type
from promotions.reckoning import Item
from promotions.refusals import Why
from promotions.services.pricing import MOST_CODES
from promotions.terms import OFFERED, problems_of, problems_of_limits, tidied

SELLERS = role("buyer", "partner")
MOST_PLACES = 100


class ValidateRequest(Strict):
    """`seats` are ordinals of places of the event. `email` asks the buyer's own limits, too."""

    event = serializers.UUIDField()
    seats = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=2**31 - 1),
        allow_empty=False,
        max_length=MOST_PLACES,
    )
    codes = serializers.ListField(
        child=serializers.CharField(max_length=3 * LONGEST),
        allow_empty=False,
        max_length=MOST_CODES,
    )
    email = serializers.EmailField(required=False, allow_blank=True)


class CodeReply(serializers.Serializer):
    """`reason` is stable and empty for a code that takes something off; `message` is for people."""

    code = serializers.CharField()
    valid = serializers.BooleanField()
    promotion = serializers.CharField(allow_null=True)
    discount = serializers.CharField(allow_null=True)
    reason = serializers.ChoiceField([("", ""), *((why.value, why.value) for why in Why)])
    message = serializers.CharField()


class DiscountedSeat(serializers.Serializer):
    seat = serializers.IntegerField()
    price = serializers.CharField()
    discount = serializers.CharField()


class ValidateReply(serializers.Serializer):
    """Amounts are decimal strings, prices before fees. Nothing is reserved and no use is taken."""

    valid = serializers.BooleanField(help_text="Whether every code takes something off.")
    currency = serializers.CharField()
    discount = serializers.CharField()
    codes = CodeReply(many=True)
    seats = DiscountedSeat(many=True)


class ValidateCodes(APIView):
    """What codes would take off these places now, and why a code takes off nothing. A code that does
    not exist is answered like one of somebody else's; who tries too many of those gets 429."""

    permission_classes = [SELLERS]

    @extend_schema(request=ValidateRequest, responses={200: ValidateReply, **PROBLEM_RESPONSES})
    def post(self, request):
        asked = ValidateRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        event = Event.objects.public().filter(pk=wanted["event"]).first()
        if event is None:
            raise NotFound("There is no such event.")
        items = items_at(event, wanted["seats"])
        context = services.Context(event.currency, Channel.API, email=wanted.get("email", ""))
        with counted_guesses(str(request.user), wanted["codes"]) as tell:
            applied = services.price_with(wanted["codes"], items, context)
            tell(applied.refused)
        return Response(_applied(applied, wanted["seats"], items))


def items_at(event, ordinals):
    """The Items of these places of an event, in this order; raises Invalid for what has no price."""
    places = EventSeat.objects.at(event, ordinals)
    prices = {
        ordinal: (of_level if own is None else own, level)
        for ordinal, own, of_level, level in places.values_list(
            "ordinal", "price", "level__price", "level"
        )
    }
    found = {
        ordinal: Item(Money(price, event.currency), event.pk, event.kind, level)
        for ordinal, (price, level) in prices.items()
        if price is not None
    }
    if len(set(ordinals)) < len(ordinals) or not found.keys() >= set(ordinals):
        raise Invalid("Name places of this event that have a price, each once.")
    return [found[ordinal] for ordinal in ordinals]


def _applied(applied, ordinals, items):
    good = [
        {
            "code": part.code.text,
            "valid": True,
            "promotion": part.promotion.name,
            "discount": str(part.given.discount.amount),
            "reason": "",
            "message": "",
        }
        for part in applied.parts
    ]
    bad = [
        {
            "code": refused.code,
            "valid": False,
            "promotion": None,
            "discount": None,
            "reason": refused.why,
            "message": refused.says,
        }
        for refused in applied.refused
    ]
    return {
        "valid": not bad,
        "currency": applied.currency,
        "discount": str(applied.discount.amount),
        "codes": good + bad,
        "seats": [
            {"seat": seat, "price": str(item.price.amount), "discount": str(discount.amount)}
            for seat, item, discount in zip(ordinals, items, applied.discounts, strict=True)
        ],
    }


# For staff

# A name of the owner's documents: that of the field.
NAMES = {
    "promotion_type": "type",
    "min_purchase_amount": "min_amount",
    "min_purchase_tickets": "min_tickets",
    "max_discount_amount": "max_discount",
    "applicable_event_types": "kinds",
    "applicable_events": "events",
    "applicable_price_levels": "levels",
    "applicable_channels": "channels",
    "start_date": "starts_at",
    "end_date": "ends_at",
}
OURS = {field: name for name, field in NAMES.items()}


def _amount(**options):
    return serializers.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, required=False, min_value=0, **options
    )


class PromotionFields(Strict, serializers.ModelSerializer):
    """`discount_value` is percent of a PERCENTAGE_DISCOUNT and of what is got for BUY_ONE_GET_ONE (100
    by itself), an amount of a FIXED_DISCOUNT. `is_active` activates and pauses. `code` gives it one
    more code. What it gives is final once it was active."""

    promotion_type = serializers.ChoiceField(OFFERED, source="type")
    discount_value = _amount(allow_null=True)
    min_purchase_amount = _amount(source="min_amount")
    min_purchase_tickets = serializers.IntegerField(
        source="min_tickets", required=False, min_value=1, max_value=1000
    )
    max_discount_amount = _amount(source="max_discount", allow_null=True)
    applicable_event_types = serializers.ListField(
        child=serializers.ChoiceField(Event.Kind.choices), source="kinds", required=False
    )
    applicable_events = serializers.ListField(
        child=serializers.UUIDField(), source="events", required=False, max_length=1000
    )
    applicable_price_levels = serializers.ListField(
        child=serializers.UUIDField(), source="levels", required=False, max_length=1000
    )
    applicable_channels = serializers.ListField(
        child=serializers.ChoiceField(Channel.choices), source="channels", required=False
    )
    start_date = serializers.DateTimeField(source="starts_at", required=False, allow_null=True)
    end_date = serializers.DateTimeField(source="ends_at", required=False, allow_null=True)
    currency = serializers.CharField(required=False, min_length=3, max_length=3)
    is_active = serializers.BooleanField(required=False)
    code = serializers.CharField(required=False, write_only=True, max_length=LONGEST)

    class Meta:
        model = Promotion
        fields = [
            "id", "name", "description", "promotion_type", "discount_value", "per", "buy", "get",
            "currency", "min_purchase_amount", "min_purchase_tickets", "max_discount_amount",
            "applicable_event_types", "applicable_events", "applicable_price_levels",
            "applicable_channels", "start_date", "end_date", "usage_limit",
            "usage_limit_per_customer", "is_stackable", "priority", "status", "is_active", "code",
        ]  # fmt: skip
        read_only_fields = ["id", "status"]

    def to_representation(self, promotion):
        promotion.discount_value = (
            promotion.amount if promotion.type == Type.FIXED_DISCOUNT else promotion.percent
        )
        promotion.is_active = promotion.status == Status.ACTIVE
        return super().to_representation(promotion)

    def validate_name(self, name):
        others = Promotion.objects.filter(name=name)
        if self.instance is not None:
            others = others.exclude(pk=self.instance.pk)
        if others.exists():
            raise serializers.ValidationError("There is a promotion of this name already.")
        return name

    def validate_applicable_events(self, keys):
        return _known(Event, keys)

    def validate_applicable_price_levels(self, keys):
        return _known(PriceLevel, keys)

    def validate(self, attrs):
        """What the database would refuse, with the field's name."""
        kept = self.instance or Promotion(currency=current_agency().currency)
        terms = {field.attname: getattr(kept, field.attname) for field in kept._meta.fields}
        terms |= attrs
        if "discount_value" in attrs or self.instance is None:
            value = attrs.pop("discount_value", None)
            is_amount = terms["type"] == Type.FIXED_DISCOUNT
            usual = Decimal(100) if terms["type"] == Type.BUY_ONE_GET_ONE else None
            terms |= (
                {"amount": value} if is_amount else {"percent": usual if value is None else value}
            )
        terms = tidied(terms)
        problems = dict(problems_of(terms) + problems_of_limits(terms, kept))
        if problems:
            raise serializers.ValidationError({_told(name): why for name, why in problems.items()})
        asked = ("percent", "amount", "buy", "get", "currency")
        return attrs | {name: terms[name] for name in asked if terms[name] != getattr(kept, name)}

    @use_case
    def create(self, attrs):
        code, is_active = attrs.pop("code", ""), attrs.pop("is_active", False)
        made = Promotion.objects.create(
            made_by=self.context["request"].user,
            **{"currency": current_agency().currency, **attrs},
        )
        return _with(made, code, is_active or None)

    @use_case
    def update(self, promotion, attrs):
        code, is_active = attrs.pop("code", ""), attrs.pop("is_active", None)
        changed = [name for name, value in attrs.items() if getattr(promotion, name) != value]
        final = [_told(name) for name in changed if name in TERMS]
        if final and not promotion.is_draft:
            raise Invalid(f"Once a promotion was active its terms are final: {', '.join(final)}.")
        for name in changed:
            setattr(promotion, name, attrs[name])
        if changed:
            promotion.save(update_fields=changed)
        return _with(promotion, code, is_active)


def _told(name):
    return "discount_value" if name in ("percent", "amount") else OURS.get(name, name)


def _known(model, keys):
    if model.objects.filter(pk__in=keys).count() < len(set(keys)):
        raise serializers.ValidationError("One of these does not exist.")
    return keys


def _with(promotion, code, is_active):
    """The Promotion with another code, and active or resting if that was said."""
    if code:
        services.name_code(promotion=promotion, text=code)
    if is_active and promotion.status != Status.ACTIVE:
        return services.activate(promotion.pk)
    if is_active is False and promotion.status == Status.ACTIVE:
        return services.pause(promotion.pk)
    return promotion


class Newest(CursorPagination):
    ordering = ("-made_at", "pk")


class Promotions(StaffView, generics.ListCreateAPIView):
    """The promotions of the agency, the newest first."""

    permission_classes = [may("promotions.promotion", write="add")]
    serializer_class = PromotionFields
    pagination_class = Newest

    def get_queryset(self):
        return Promotion.objects.offers()

    @extend_schema(responses={201: PromotionFields, **PROBLEM_RESPONSES})
    def post(self, request, *args, **kwargs):
        return super().post(request, *args, **kwargs)


@extend_schema(responses={200: PromotionFields, **PROBLEM_RESPONSES})
class OnePromotion(StaffView, generics.RetrieveUpdateAPIView):
    """A promotion. PUT and PATCH change the fields that are sent."""

    permission_classes = [may("promotions.promotion", write="change")]
    serializer_class = PromotionFields
    lookup_url_kwarg = "promotion_id"

    def get_queryset(self):
        return Promotion.objects.offers()

    def put(self, request, *args, **kwargs):
        return self.partial_update(request, *args, **kwargs)
