"""The double-entry ledger. It only grows: a correction is another posting."""

from django.db import connection

from core.ids import uuid7
from core.postgres.rows import insert
from core.tenancy import current_agency_id
from payments.models import Account, LedgerEntry, OtherWay

# Where money lies that no provider holds for us, by what Payment.provider says.
LIES_IN = {"cash": Account.CASH, "bank": Account.BANK}
# Where money came from that went back another way than it came.
OTHER_WAYS = {
    OtherWay.BANK: Account.BANK,
    OtherWay.CASH: Account.CASH,
    OtherWay.PROVIDER: Account.PROVIDER_CLEARING,
}

POST = """
INSERT INTO payments_journal (id, agency_id, source, source_id, kind, memo, posted_at)
VALUES (%s, %s, %s, %s, %s, %s, coalesce(%s::timestamptz, statement_timestamp()))
ON CONFLICT (agency_id, source, source_id, kind) DO NOTHING
"""


def account_of(provider):
    """The account in which money paid by this provider lies, and from which it is refunded."""
    return LIES_IN.get(provider, Account.PROVIDER_CLEARING)


def refunded_from(refund):
    """The account out of which a Refund was paid."""
    return OTHER_WAYS.get(refund.other_way) or account_of(refund.payment.provider)


def source_of(provider):
    """The account from which a payment by this provider is captured: what comes to the bank is on no
    booking's account until it was matched."""
    return Account.UNASSIGNED_MONEY if provider == "bank" else account_of(provider)


def post(*, source, source_id, kind, lines, memo="", at=None):
    """Writes one journal of `lines` [(Account, Money), …]: debits positive, credits negative, posted
    now or at the moment `at`.

    Posting the same (source, source_id, kind) again does nothing. Returns whether it was written.
    The database refuses a journal that does not sum to zero.
    """
    journal_id = uuid7()
    with connection.prepared_cursor() as cursor:
        named = [journal_id, current_agency_id(), source, source_id, kind, memo[:200]]
        cursor.execute(POST, [*named, at])
        if not cursor.rowcount:
            return False
    entries = [
        LedgerEntry(
            journal_id=journal_id, account=account, amount=money.amount, currency=money.currency
        )
        for account, money in lines
        if money
    ]
    if entries:
        insert(entries)
    return True
