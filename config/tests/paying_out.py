"""What providers pay out, for tests: sales, payouts as they are told, and the books."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from config.tests import world
from config.tests.selling_by_stripe import at_stripe, deliver_everything, payment_of
from core.tenancy import current_agency_id
from payments.adapters import ProviderPayout, ProviderPayoutLine
from payments.models import LedgerEntry, Payment, Payout, Refund
from payments.services import (
    import_statement,
    read_payouts,
    record_payout,
    request_refund,
    send_refund,
    settle,
)

WANTED = ("provider_clearing", "money_on_its_way", "bank", "unassigned_money", "provider_fees")


def sold(stripe, event, *ordinals):
    """The Payment of 45.00 a seat that Stripe has taken, less 0.25 and 1.5 percent: 0.92 of 45.00."""
    booking = at_stripe(event, *ordinals)
    stripe.play(payment_of(booking).provider_ref, "lost_notice")
    settle(payment_of(booking).pk)
    deliver_everything()
    return payment_of(booking)


def asked_back(payment, part):
    """The Refund of 1/part of a payment, which nobody has sent."""
    with transaction.atomic():
        return request_refund(
            payment_id=payment.pk,
            money=payment.money.split([1, part - 1])[0],
            reason=Refund.Reason.CUSTOMER_REQUEST,
            request_key="some",
        )


def refunded(payment, part):
    return send_refund(asked_back(payment, part).pk)


def read(days=14):
    return read_payouts("stripe", since=datetime.now(UTC) - timedelta(days=days))


def balances():
    """{account: balance} of those that payouts touch, without zeros."""
    sums = dict.fromkeys(WANTED, Decimal(0))
    for entry in LedgerEntry.objects.filter(account__in=WANTED):
        sums[entry.account] += entry.amount
    return {account: f"{amount:.2f}" for account, amount in sums.items() if amount}


def told(payout):
    """[(kind, net, state, problem)] of its lines, sorted."""
    return sorted(
        (line.kind, f"{line.net:.2f}", line.status, line.problem) for line in payout.lines.all()
    )


def piet():
    known = User.objects.filter(email="piet@parterre.example").first()
    return known or world.person("piet@parterre.example", name="Piet")


def took_in(*rows):
    """The BankLines of a statement [(day, amount, text)] that was read in."""
    lines = [f"{day};{amount};{text};Their bank" for day, amount, text in rows]
    content = "\n".join(["date;amount;text;payer", *lines]).encode()
    made = import_statement(filename="june.csv", content=content, by=piet())
    return list(made.lines.order_by("booked_on", "pk"))


# As a provider tells it, without one


def line_of(payment, *, ref=None, kind="payment", about="", gross=None, fee="0.92", at=None):
    """The line of a payment of 45.00, or of something else about it."""
    gross = payment.amount if gross is None else Decimal(gross)
    return ProviderPayoutLine(
        ref=ref or f"txn_{kind}_{payment.pk}",
        kind=kind,
        gross=gross,
        fee=Decimal(fee),
        net=gross - Decimal(fee),
        currency="EUR",
        created_at=at or timezone.now(),
        payment_ref=payment.provider_payment_ref,
        about=about,
    )


def adjustment(amount, description="", kind="adjustment"):
    amount = Decimal(amount)
    return ProviderPayoutLine(
        ref=f"txn_{uuid4().hex}",
        kind=kind,
        gross=amount,
        fee=Decimal(0),
        net=amount,
        currency="EUR",
        created_at=timezone.now(),
        description=description,
    )


def told_payout(lines=(), *, amount=None, ref=None, state="paid"):
    return ProviderPayout(
        ref=ref or f"po_{uuid4().hex}",
        state=state,
        amount=sum(line.net for line in lines) if amount is None else Decimal(amount),
        currency="EUR",
        arrives_on=timezone.now().date(),
        created_at=timezone.now(),
        descriptor="STRIPE",
    )


def payout_of(lines, **words):
    """The Payout of these lines, written down."""
    made = told_payout(lines, **words)
    return record_payout("stripe", made, lines, amount=made.amount)


def settled_at_stripe(ref, amount):
    """A Payment of the agency acted for that Stripe has taken."""
    payment = Payment.objects.create(
        reference=uuid4(),
        covers=[uuid4()],
        provider="stripe",
        provider_payment_ref=ref,
        amount=Decimal(amount),
        currency="EUR",
    )
    world.received(payment)
    return Payment.objects.get(pk=payment.pk)


def payouts_of(agency_id=None):
    """[(amount, whole, how many lines)] of the agency acted for."""
    assert current_agency_id() == (agency_id or current_agency_id())
    return [
        (f"{one.amount:.2f}", f"{one.whole:.2f}", one.lines.count())
        for one in Payout.objects.order_by("pk")
    ]
