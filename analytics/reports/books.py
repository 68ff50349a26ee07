"""The double-entry books: do they balance, what happened on an account, and files for accountants."""

from django import forms

from analytics.charts import bars
from analytics.forms import CurrencyField, PeriodForm, own_currency
from analytics.queries import books
from analytics.reports.base import CSV, PER_PAGE, XLSX, Found, Report
from analytics.reports.columns import CURRENCY, Column, Kind, money, text
from analytics.reports.ledger_files import QUICKBOOKS, XERO
from core.money import Money
from payments.models import Account

ORDER = Account.values  # of the chart of accounts


class BooksReport(Report):
    group = "Books"
    right = "analytics.books"


class TrialBalance(BooksReport):
    name = "trial-balance"
    title = "Trial balance"
    says = "Do the books balance? What stood on every account before, moved, and stands there now."
    columns = (
        text("account_name", "Account"),
        CURRENCY,
        money("opening", "Opening"),
        money("debits", "Debits"),
        money("credits", "Credits"),
        money("closing", "Closing"),
    )
    empty = "Nothing was booked up to this day."

    def rows(self, chosen):
        found = _named(books.trial_balance(chosen["since"], chosen["until"]))
        return sorted(found, key=lambda row: (row["currency"], ORDER.index(row["account"])))

    def chart(self, chosen, rows):
        currency = own_currency()
        return bars(
            f"Balances in {currency}",
            [
                row | {"size": abs(row["closing"])}
                for row in rows
                if row["closing"] and row["currency"] == currency
            ],
            label=lambda row: row["account_name"],
            show=lambda row, _: side(row["closing"], currency),
            balance="size",
        )

    def notes(self, chosen, rows):
        off = books.off_by(rows, "closing") | books.off_by(rows, "opening")
        wrong = [
            ("bad", f"The books are off by {Money(amount, currency).display()}.")
            for currency, amount in off.items()
        ]
        return wrong or ([("ok", "Debits and credits are equal.")] if rows else [])


def side(amount, currency):
    """€120.00 debit; €0.00 has no side."""
    words = {1: " debit", -1: " credit"}.get((amount > 0) - (amount < 0), "")
    return Money(abs(amount), currency).display() + words


class StatementForm(PeriodForm):
    account = forms.ChoiceField(choices=Account, initial=Account.INVENTORY)
    currency = CurrencyField(required=True, initial=own_currency)


POSTED = Column("posted_at", "Posted", Kind.MOMENT)
POSTING = text("posting", "Posting", page="payments.journal")
MEMO = text("memo", "Memo")
DEBIT, CREDIT = money("debit", "Debit"), money("credit", "Credit")


class AccountStatement(BooksReport):
    """Thousands of entries a day: only the page that is looked at is read."""

    name = "account-statement"
    title = "Account statement"
    says = "What happened on one account, entry by entry, and what stood there after each?"
    form = StatementForm
    sorts = False
    columns = (POSTED, POSTING, MEMO, CURRENCY, DEBIT, CREDIT, money("balance", "Balance"))
    empty = "Nothing was booked on this account on these days."

    def look(self, chosen, *, page=1, order=""):
        sums = books.account_sums(**chosen)
        rows = books.statement(
            **chosen, opening=sums["opening"], limit=PER_PAGE, offset=PER_PAGE * (page - 1)
        )
        opening = side(sums["opening"], chosen["currency"])
        closing = side(sums["balance"], chosen["currency"])
        return Found(
            rows=rows,
            count=sums["entries"],
            sums=[sums | {"currency": chosen["currency"]}] if rows else [],
            notes=[("", f"Opening balance {opening}, closing balance {closing}.")],
        )

    def count(self, chosen):
        return books.account_sums(**chosen)["entries"]

    def every_row(self, chosen):
        return books.statement_in_parts(**chosen)


class JournalsForm(PeriodForm):
    PER = [("entry", "As they were posted"), ("day", "One journal a day, net")]

    currency = CurrencyField(initial=own_currency)
    per = forms.ChoiceField(
        label="In files for accountants", choices=PER, initial="day", required=True
    )
    tax_rate = forms.CharField(
        label="Tax rate in Xero", max_length=50, required=False, initial="Tax Exempt"
    )


class Journals(BooksReport):
    name = "journals"
    title = "Journals"
    says = "Everything that was posted, to look at or to hand to the bookkeeper's own programme."
    form = JournalsForm
    sorts = False
    columns = (
        POSTED,
        POSTING,
        MEMO,
        text("account_name", "Account"),
        CURRENCY,
        DEBIT,
        CREDIT,
    )
    files = {"csv": CSV, "xlsx": XLSX, "quickbooks": QUICKBOOKS, "xero": XERO}
    empty = "Nothing was posted on these days."

    def look(self, chosen, *, page=1, order=""):
        period = _period(chosen)
        sums = books.period_sums(**period)
        rows = books.entries(**period, limit=PER_PAGE, offset=PER_PAGE * (page - 1))
        return Found(_named(rows), sum(row["entries"] for row in sums), sums)

    def count(self, chosen):
        return sum(row["entries"] for row in books.period_sums(**_period(chosen)))

    def every_row(self, chosen):
        for part in books.entries_in_parts(**_period(chosen)):
            yield from _named(part)


def _period(chosen):
    return {name: chosen[name] for name in ("since", "until", "currency")}


def _named(rows):
    return [row | {"account_name": Account(row["account"]).label} for row in rows]


REPORTS = [TrialBalance(), AccountStatement(), Journals()]
