"""What the provider has sent to the bank lately: one payout that has arrived, and one that is not quite
what was booked."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from agencies.models import Membership
from core.money import Money
from payments.adapters import ProviderPayout, ProviderPayoutLine
from payments.models import CAPTURED, Payment
from payments.services import import_statement, record_payout

DAYS = (5, 4)
DESCRIPTOR = "SIMULATED PAYOUT"


def pay_out(staff):
    """The sales of two days, paid out the day after each; the older payout stands on a statement."""
    arrived, _ = [_sent(days, is_odd=days == DAYS[-1]) for days in DAYS]
    finance = staff[Membership.Role.FINANCE]
    day = arrived.arrives_on
    content = (
        "date;amount;currency;text;payer\n"
        f"{day};{arrived.amount:f};{arrived.currency};{DESCRIPTOR};Simulated Payments\n"
        f"{day};250.00;EUR;Membership 2026;Friends of the opera\n"
    )
    import_statement(filename=f"{day}.csv", content=content.encode(), by=finance)


def _sent(days, *, is_odd):
    """The Payout of all sales in euros of a day so many days ago; an odd one has an adjustment that
    says little."""
    since = timezone.now() - timedelta(days=days)
    until = since + timedelta(days=1)
    sold = Payment.objects.filter(
        provider="simulated", currency="EUR", status__in=CAPTURED,
        settled_at__gte=since, settled_at__lt=until,
    )  # fmt: skip
    lines = [_line(payment) for payment in sold.order_by("settled_at", "pk")]
    if is_odd:
        lines.append(
            ProviderPayoutLine(
                ref=f"txn_sim_adjusted_{days}",
                kind="adjustment",
                gross=Decimal("-7.80"),
                fee=Decimal(0),
                net=Decimal("-7.80"),
                currency="EUR",
                created_at=until,
                description="Correction 4471",
            )
        )
    told = ProviderPayout(
        ref=f"po_sim_{datetime.now(UTC):%Y%m%d}{days}",
        state="paid",
        amount=sum((line.net for line in lines), Decimal(0)),
        currency="EUR",
        arrives_on=(until + timedelta(days=1)).date(),
        created_at=until,
        descriptor=DESCRIPTOR,
    )
    return record_payout("simulated", told, lines, amount=told.amount)


def _line(payment):
    fee = Money.rounded(
        payment.amount * Decimal("0.015") + Decimal("0.25"), payment.currency
    ).amount
    return ProviderPayoutLine(
        ref=f"txn_sim_{payment.pk.hex}",
        kind="payment",
        gross=payment.charged.amount,
        fee=fee,
        net=payment.charged.amount - fee,
        currency=payment.currency,
        created_at=payment.settled_at,
        payment_ref=payment.provider_payment_ref,
    )
