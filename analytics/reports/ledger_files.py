"""The journals of a period in the shapes that bookkeeping programmes import.

QuickBooks Online: the columns of Intuit's sample file for journal entries. Lines of one JournalNo are
one entry; accounts go by name ("Parent:Sub" for a sub-account), account numbers switched off during
the import; days as MM/DD/YYYY; a line has a debit or a credit.
https://quickbooks.intuit.com/learn-support/en-au/help-article/import-export-files/import-journal-entries-quickbooks-online/L4tQBwbs7_AU_en_AU

Xero: the columns of its template for manual journals. Lines with the same narration and day are one
journal; accounts go by code; the tax rate by its full name; days as DD/MM/YYYY; debits are positive,
credits negative. At most 300 lines a file, hence one journal a day. It knows only the organisation's
own currency, so a file has one.
https://help.xero.com/nz/ManualJournalsImport
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.urls import reverse
from django.utils import timezone

from analytics.queries import books
from analytics.reports.base import File
from core.errors import Invalid
from core.exports import csv_parts
from core.money import quantum
from payments.models import Account

QUICKBOOKS_TITLES = [
    *("*JournalNo", "*JournalDate", "*AccountName", "*Debits", "*Credits"),
    *("Description", "Name", "Currency", "Location", "Class"),
]
XERO_TITLES = [
    *("*Narration", "*Date", "Description", "*AccountCode", "*TaxRate", "*Amount"),
    *("TrackingName1", "TrackingOption1", "TrackingName2", "TrackingOption2"),
]
NUMBER_TAIL = 12  # letters of a journal's id: QuickBooks takes 21 in all


@dataclass(frozen=True)
class Line:
    """A line of a journal on its way out: debits positive, in the decimals of the currency."""

    number: str
    day: date
    account: str
    amount: Decimal
    currency: str
    words: str


def ledger_lines(chosen):
    """The Lines of what was asked for, journal after journal, as posted or summed up by day."""
    period = {name: chosen[name] for name in ("since", "until", "currency")}
    if chosen["per"] == "day":
        yield from map(_of_day, books.days_booked(**period))
        return
    for part in books.entries_in_parts(**period):
        yield from map(_of_entry, part)


def _of_day(row):
    noun = "posting" if row["postings"] == 1 else "postings"
    return Line(
        number=f"T-{row['day']:%Y%m%d}-{row['currency']}",
        day=row["day"],
        account=row["account"],
        amount=row["amount"].quantize(quantum(row["currency"])),
        currency=row["currency"],
        words=f"{Account(row['account']).label}: {row['postings']} {noun}",
    )


def _of_entry(row):
    return Line(
        number=f"T-{row['posting_id'].hex[-NUMBER_TAIL:]}",
        day=timezone.localdate(row["posted_at"]),
        account=row["account"],
        amount=row["amount"].quantize(quantum(row["currency"])),
        currency=row["currency"],
        words=" ".join(filter(None, [row["posting"], row["memo"]])),
    )


def write_quickbooks(report, chosen):
    accounts = books.account_codes()
    return csv_parts(
        QUICKBOOKS_TITLES, (_quickbooks(line, accounts) for line in ledger_lines(chosen))
    )


def _quickbooks(line, accounts):
    debit = line.amount if line.amount > 0 else None
    credit = -line.amount if line.amount < 0 else None
    name = accounts[line.account].name
    day = f"{line.day:%m/%d/%Y}"
    return [line.number, day, name, debit, credit, line.words, "", line.currency, "", ""]


def write_xero(report, chosen):
    if not chosen["currency"]:
        raise Invalid("Xero's manual journals have no currency: choose one.")
    accounts = books.account_codes()
    bare = [Account(account).label for account, known in accounts.items() if not known.code]
    if bare:
        raise Invalid(
            f"Xero needs a code for every account. These have none: {', '.join(bare)}.",
            page=reverse("admin:payments_accountcode_changelist"),
        )
    rate = chosen["tax_rate"]
    return csv_parts(
        XERO_TITLES,
        (_xero(line, accounts[line.account].code, rate) for line in ledger_lines(chosen)),
    )


def _xero(line, code, tax_rate):
    return [
        *(f"Tessera {line.number}", f"{line.day:%d/%m/%Y}", line.words, code, tax_rate),
        *(line.amount, "", "", "", ""),
    ]


CSV_TYPE = "text/csv; charset=utf-8"
QUICKBOOKS = File(
    "QuickBooks", "csv", CSV_TYPE, write_quickbooks, "Journal entries for QuickBooks Online"
)
XERO = File("Xero", "csv", CSV_TYPE, write_xero, "Manual journals for Xero")
