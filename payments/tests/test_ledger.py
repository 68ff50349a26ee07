"""The ledger only grows and always balances, whoever writes to it."""

from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from agencies.models import Agency
from core.ids import uuid7
from core.money import Money
from core.tenancy import acting_for, as_system
from payments.ledger import post
from payments.models import Account, Journal, LedgerEntry, Payment, Refund


@pytest.fixture(autouse=True)
def _agency(db):
    with as_system():
        agency = Agency.objects.create(slug="a", name="A", host="a.example")
    with acting_for(agency.pk):
        yield


def lines(amount):
    money = Money(Decimal(amount), "EUR")
    return [(Account.PROVIDER_CLEARING, money), (Account.CUSTOMER_DEPOSITS, -money)]


def post_and_commit(posted):
    with transaction.atomic():
        post(source="payment", source_id=uuid7(), kind="captured", lines=posted)
        connection.check_constraints()


def test_posting_twice_posts_once():
    source_id = uuid7()
    assert post(source="payment", source_id=source_id, kind="captured", lines=lines("12.50"))
    assert not post(source="payment", source_id=source_id, kind="captured", lines=lines("99.00"))
    assert sorted(LedgerEntry.objects.values_list("amount", flat=True)) == [
        Decimal("-12.500"),
        Decimal("12.500"),
    ]


def test_a_journal_that_does_not_sum_to_zero_is_refused_at_commit():
    with pytest.raises(IntegrityError, match="does not sum to zero"):
        post_and_commit(lines("1.00")[:1])


def test_euros_do_not_balance_yen():
    mixed = [
        (Account.PROVIDER_CLEARING, Money(1, "EUR")),
        (Account.CUSTOMER_DEPOSITS, Money(-1, "JPY")),
    ]
    with pytest.raises(IntegrityError, match="does not sum to zero"):
        post_and_commit(mixed)


@pytest.mark.parametrize("table", ["payments_journal", "payments_ledgerentry", "core_auditentry"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET agency_id = agency_id", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
def test_what_is_written_is_never_changed_removed_or_truncated(table, statement):
    post(source="payment", source_id=uuid7(), kind="captured", lines=lines("5.00"))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table))
    assert Journal.objects.exists()


def test_amounts_fit_their_currency():
    journal = Journal.objects.create(source="x", source_id=uuid7(), kind="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerEntry.objects.create(
            journal=journal, account=Account.INVENTORY, amount=Decimal("0.5"), currency="JPY"
        )


def paid(amount):
    payment = Payment.objects.create(
        reference=uuid7(), covers=[uuid7()], provider="simulated", amount=amount, currency="EUR"
    )
    for status in ("PROCESSING", "SUCCEEDED"):
        Payment.objects.filter(pk=payment.pk).update(status=status)
    return payment


def give_back(payment, amount, key):
    return Refund.objects.create(
        payment=payment, request_key=key, amount=amount, currency="EUR", reason="DUPLICATE"
    )


def test_refunds_never_exceed_what_was_captured():
    payment = paid(Decimal("10.00"))
    give_back(payment, Decimal("6.00"), "a")
    with pytest.raises(IntegrityError, match="would exceed"), transaction.atomic():
        give_back(payment, Decimal("4.01"), "b")
    give_back(payment, Decimal("4.00"), "c")


def test_nothing_is_refunded_that_was_never_captured():
    payment = Payment.objects.create(
        reference=uuid7(), covers=[uuid7()], provider="simulated", amount=10, currency="EUR"
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        give_back(payment, Decimal("1.00"), "a")


def test_a_status_moves_only_as_the_machine_allows():
    payment = paid(Decimal("10.00"))
    with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
        Payment.objects.filter(pk=payment.pk).update(status="PENDING")
