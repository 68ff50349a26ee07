"""Paying for bookings over the API, payments, and giving their money back. What providers tell us is
taken by payments.views."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import KeyAuthentication
from agencies.api import StaffView, may
from bookings import services
from bookings.api import PayPageRequest
from bookings.callers import SELLERS, is_staff, own, seen_by
from bookings.cancelling import Wish, look_at_payment, pay_back
from bookings.cancelling_api import QuoteReply, quoted
from bookings.models import Booking, GoesTo, Grounds, Rule
from bookings.money_told import RefundReply, TransactionReply, tell_payment, tell_refund
from bookings.orders import present_payment
from core.api import IDEMPOTENCY, PROBLEM_RESPONSES, Strict
from core.errors import Invalid, NotFound
from core.idempotency import once
from core.money import DECIMAL_PLACES, MAX_DIGITS
from payments.models import Payment, Refund

REASONS = [
    (reason.value, reason.label)
    for reason in (
        Refund.Reason.CUSTOMER_REQUEST,
        Refund.Reason.EVENT_CANCELLED,
        Refund.Reason.DUPLICATE,
        Refund.Reason.FRAUD,
    )
]
RULES = [(Rule.ALL_BACK.value, Rule.ALL_BACK.label), (Rule.POLICY.value, Rule.POLICY.label)]


class ProcessRequest(Strict, PayPageRequest):
    booking = serializers.UUIDField()


class ProcessReply(serializers.Serializer):
    """Where the buyer goes now. `payment` is null where nothing was due: the booking is confirmed."""

    booking = serializers.UUIDField()
    redirect_url = serializers.CharField()
    payment = TransactionReply(allow_null=True)


class ProcessPayment(APIView):
    """Opens the provider's page for a booking of this key and all that is due of its order, as
    `…/bookings/{id}/pay` does. Nothing is charged here: the buyer pays on that page. Said twice, with
    whichever Idempotency-Key, there is one payment and one page."""

    authentication_classes = [KeyAuthentication]
    permission_classes = [SELLERS]

    @extend_schema(
        request=ProcessRequest,
        parameters=[IDEMPOTENCY],
        responses={200: ProcessReply, **PROBLEM_RESPONSES},
    )
    def post(self, request):
        asked = ProcessRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        booking = own(request.user.key, asked.validated_data["booking"])
        url = services.pay(booking.pk, provider=asked.validated_data.get("provider", ""))
        payment = present_payment(Booking.objects.get(pk=booking.pk))
        return Response(
            {
                "booking": str(booking.pk),
                "redirect_url": url,
                "payment": payment and tell_payment(payment),
            }
        )


class TransactionWithRefunds(TransactionReply):
    refunds = RefundReply(many=True)


class OnePayment(StaffView, APIView):
    """A payment for bookings of this key, or, for staff, any of the agency, as we know it. Anybody
    else's looks like none."""

    permission_classes = [SELLERS | may("payments.payment")]

    @extend_schema(responses={200: TransactionWithRefunds, **PROBLEM_RESPONSES})
    def get(self, request, transaction_id):
        payment = _seen(request.user, transaction_id)
        refunds = payment.refunds.order_by("created_at", "pk")
        return Response({**tell_payment(payment), "refunds": [tell_refund(r) for r in refunds]})


class RefundRequest(Strict):
    """Money goes back for tickets: those named, or all that are left of what was paid for. `amount`, if
    it is said, is what they have to bring. By the `rule` all that was paid for them goes back, or what
    the policy says. `quote`, of a dry run, makes sure that nothing has changed since."""

    tickets = serializers.ListField(
        child=serializers.UUIDField(), required=False, allow_empty=False, max_length=1000
    )
    amount = serializers.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, required=False, min_value=0
    )
    reason = serializers.ChoiceField(REASONS)
    rule = serializers.ChoiceField(RULES, default=Rule.ALL_BACK.value)
    to = serializers.ChoiceField(GoesTo.choices, required=False)
    note = serializers.CharField(required=False, allow_blank=True, max_length=200)
    quote = serializers.CharField(required=False, allow_blank=True, max_length=32)
    dry_run = serializers.BooleanField(default=False)


class RefundDone(QuoteReply):
    """What went back, or in a `dry_run` would. Of `refunded` what is not `credited` is in `refunds`,
    which the provider is asked for from now on; in a dry run there are none."""

    transaction_id = serializers.UUIDField()
    dry_run = serializers.BooleanField()
    refunds = RefundReply(many=True)


class RefundPayment(StaffView, APIView):
    """Gives money of a payment back, for a reason: the tickets it was for are cancelled, their places
    are on sale again. Never more goes back than was captured. Only for whoever may decide on refunds;
    with `dry_run` nothing is changed. Else it wants an Idempotency-Key: said twice it is done once.

    - 409 `not_cancellable`, `not_paid_here` (the money is with the buyer's bank, or nothing was paid),
      `refund_too_high`, `quote_changed`.
    - 422 `amount_not_of_tickets`: `refunded` is what these tickets bring."""

    permission_classes = [may("payments.refund")]

    @extend_schema(
        request=RefundRequest,
        parameters=[IDEMPOTENCY],
        responses={200: RefundDone, 201: RefundDone, **PROBLEM_RESPONSES},
    )
    def post(self, request, transaction_id):
        payment = _seen(request.user, transaction_id)
        asked = RefundRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        wish, amount = _wish(request.user, wanted), wanted.get("amount")
        if wanted["dry_run"]:
            whole = look_at_payment(payment, wish, amount=amount)
            return Response(_done(payment, whole, [], dry_run=True))
        if not request.headers.get("Idempotency-Key"):
            raise Invalid(
                "Send an Idempotency-Key: it keeps money from going back twice. Nothing was changed."
            )
        status, body = once(
            caller=f"user:{request.user.pk}",
            key=request.headers["Idempotency-Key"],
            request=[request.path, request.data],
            work=lambda: (
                201,
                _done(
                    payment,
                    *pay_back(payment, wish, amount=amount, seen=wanted.get("quote")),
                    dry_run=False,
                ),
            ),
        )
        return Response(body, status=status)


def _seen(caller, payment_id):
    """The Payment if the caller may see what it is for; NotFound for anybody else's as for none."""
    payment = Payment.objects.filter(pk=payment_id).first()
    if payment is None or not (
        is_staff(caller) or seen_by(caller).filter(pk__in=payment.covers).exists()
    ):
        raise NotFound("There is no such payment.")
    return payment


def _wish(by, wanted):
    reason, rule = Refund.Reason(wanted["reason"]), Rule(wanted["rule"])
    return Wish(
        frozenset(wanted.get("tickets", ())),
        Grounds.STAFF,
        rule,
        wanted.get("note") or ("" if rule == Rule.POLICY else reason.label),
        by.pk,
        to=GoesTo(wanted["to"]) if "to" in wanted else None,
        refund_reason=reason,
    )


def _done(payment, whole, cancellations, *, dry_run):
    return {
        "transaction_id": str(payment.pk),
        "dry_run": dry_run,
        **quoted(whole),
        "refunds": [tell_refund(each) for made in cancellations for each in made.refunds],
    }
