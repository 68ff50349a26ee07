"""Reads of the double-entry ledger. Debits are positive, credits negative; days are the agency's."""

from decimal import Decimal

from analytics.days import begin_of, end_of, zone
from analytics.queries.reading import rows_of
from payments.models import Account, AccountCode

TRIAL_BALANCE = """
SELECT e.currency, e.account,
  coalesce(sum(e.amount) FILTER (WHERE j.posted_at < %(since)s), 0) AS opening,
  coalesce(sum(e.amount) FILTER (WHERE j.posted_at >= %(since)s AND e.amount > 0), 0) AS debits,
  coalesce(-sum(e.amount) FILTER (WHERE j.posted_at >= %(since)s AND e.amount < 0), 0) AS credits,
  sum(e.amount) AS closing
FROM payments_ledgerentry e JOIN payments_journal j ON j.id = e.journal_id
WHERE j.posted_at < %(until)s
GROUP BY e.currency, e.account ORDER BY e.currency, e.account
"""
OF_ACCOUNT = """
FROM payments_ledgerentry e JOIN payments_journal j ON j.id = e.journal_id
WHERE e.account = %(account)s AND e.currency = %(currency)s
"""
ACCOUNT_SUMS = f"""
SELECT coalesce(sum(e.amount) FILTER (WHERE j.posted_at < %(since)s), 0) AS opening,
  count(*) FILTER (WHERE j.posted_at >= %(since)s) AS entries,
  coalesce(sum(e.amount) FILTER (WHERE j.posted_at >= %(since)s AND e.amount > 0), 0) AS debit,
  coalesce(-sum(e.amount) FILTER (WHERE j.posted_at >= %(since)s AND e.amount < 0), 0) AS credit,
  coalesce(sum(e.amount), 0) AS balance
{OF_ACCOUNT} AND j.posted_at < %(until)s
"""
ENTRY = """
SELECT j.posted_at, j.id AS posting_id, j.source || ' ' || j.kind AS posting, j.memo,
  e.id AS entry_id, e.account, e.currency, e.amount,
  CASE WHEN e.amount > 0 THEN e.amount END AS debit,
  CASE WHEN e.amount < 0 THEN -e.amount END AS credit
"""
STATEMENT = f"""{ENTRY},
  %(opening)s + sum(e.amount) OVER (ORDER BY j.posted_at, e.id) AS balance
{OF_ACCOUNT} AND j.posted_at >= %(since)s AND j.posted_at < %(until)s
ORDER BY j.posted_at, e.id LIMIT %(limit)s OFFSET %(offset)s
"""
STATEMENT_PART = f"""{ENTRY} {OF_ACCOUNT} AND j.posted_at < %(until)s
  AND j.posted_at >= %(at)s AND (j.posted_at, e.id) > (%(at)s, %(entry_id)s)
ORDER BY j.posted_at, e.id LIMIT 2000
"""
IN_PERIOD = """
FROM payments_ledgerentry e JOIN payments_journal j ON j.id = e.journal_id
WHERE j.posted_at >= %(since)s AND j.posted_at < %(until)s
  AND (%(currency)s = '' OR e.currency = %(currency)s)
"""
PERIOD_SUMS = f"""
SELECT e.currency, count(*) AS entries, count(DISTINCT j.id) AS postings,
  coalesce(sum(e.amount) FILTER (WHERE e.amount > 0), 0) AS debit,
  coalesce(-sum(e.amount) FILTER (WHERE e.amount < 0), 0) AS credit
{IN_PERIOD} GROUP BY e.currency ORDER BY e.currency
"""
ENTRIES = f"""{ENTRY} {IN_PERIOD}
  AND j.posted_at >= %(at)s AND (j.posted_at, j.id, e.id) > (%(at)s, %(posting_id)s, %(entry_id)s)
ORDER BY j.posted_at, j.id, e.id LIMIT %(limit)s OFFSET %(offset)s
"""
BY_DAY = f"""
SELECT (j.posted_at AT TIME ZONE %(zone)s)::date AS day, e.currency, e.account,
  sum(e.amount) AS amount, count(DISTINCT j.id) AS postings
{IN_PERIOD} GROUP BY 1, 2, 3 HAVING sum(e.amount) <> 0 ORDER BY 1, 2, 3
"""
NO_ID = "00000000-0000-0000-0000-000000000000"


def trial_balance(since, until):
    """Each account's [{currency, account, opening, debits, credits, closing}] for two days and all
    between them. Each of opening and closing sums to zero per currency, or the books are wrong."""
    return rows_of(TRIAL_BALANCE, {"since": begin_of(since), "until": end_of(until)})


def account_sums(*, account, currency, since, until):
    """{opening, entries, debit, credit, balance} of an account: the balance is the one at the end."""
    [sums] = rows_of(ACCOUNT_SUMS, _of_account(account, currency, since, until))
    return sums


def statement(*, account, currency, since, until, opening, limit=None, offset=0):
    """The account's entries, oldest first, with the running `balance` after each one."""
    asked = _of_account(account, currency, since, until)
    return rows_of(STATEMENT, asked | {"opening": opening, "limit": limit, "offset": offset})


def statement_in_parts(*, account, currency, since, until):
    """The same rows one after the other, read in parts: for files of any length."""
    asked = _of_account(account, currency, since, until)
    balance = account_sums(account=account, currency=currency, since=since, until=until)["opening"]
    part = None
    while part := rows_of(STATEMENT_PART, asked | _after(asked, part and part[-1])):
        for row in part:
            balance += row["amount"]
            yield row | {"balance": balance}


def period_sums(*, since, until, currency=""):
    """[{currency, entries, postings, debit, credit}] of all that was posted on these days."""
    return rows_of(PERIOD_SUMS, _in_period(since, until, currency))


def entries(*, since, until, currency="", limit=None, offset=0):
    """Entries of the journals of these days in the order of posting."""
    return _entries_after(_in_period(since, until, currency), None, limit, offset)


def entries_in_parts(*, since, until, currency="", size=2000):
    """The same in lists of so many, each read by a query of its own: for files of any length."""
    asked, part = _in_period(since, until, currency), None
    while part := _entries_after(asked, part and part[-1], size, 0):
        yield part


def days_booked(*, since, until, currency=""):
    """Net movement by day, currency and account: [{day, currency, account, amount, postings}]."""
    return rows_of(BY_DAY, _in_period(since, until, currency) | {"zone": str(zone())})


def _of_account(account, currency, since, until):
    asked = {"account": account, "currency": currency}
    return asked | {"since": begin_of(since), "until": end_of(until)}


def _in_period(since, until, currency):
    return {"since": begin_of(since), "until": end_of(until), "currency": currency}


def _entries_after(asked, last, limit, offset):
    """The entries after a known one; from the first for None."""
    after = _after(asked, last) | {"limit": limit, "offset": offset}
    return rows_of(ENTRIES, asked | after)


def _after(asked, last):
    """Where to go on after an entry; at the beginning of the period for None."""
    if last is None:
        return {"at": asked["since"], "posting_id": NO_ID, "entry_id": 0}
    return {
        "at": last["posted_at"],
        "posting_id": last["posting_id"],
        "entry_id": last["entry_id"],
    }


def off_by(rows, column):
    """{currency: by how much these rows of a trial balance miss zero}; empty when they are right."""
    sums = {}
    for row in rows:
        sums[row["currency"]] = sums.get(row["currency"], Decimal(0)) + row[column]
    return {currency: amount for currency, amount in sums.items() if amount}


def account_codes():
    """{account: AccountCode} of the whole chart of accounts; those without a code keep our own name."""
    known = {row.account: row for row in AccountCode.objects.all()}
    return {
        account.value: known.get(account.value) or AccountCode(account=account, name=account.label)
        for account in Account
    }
