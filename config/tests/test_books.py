"""The books as reports: they balance whatever happened, and their files are what programmes import."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from agencies.queries import local_today
from analytics.queries import books
from config.tests import world
from core.ids import uuid7
from core.money import Money
from core.tenancy import acting_for
from payments.ledger import post
from payments.models import Account, AccountCode, Journal, LedgerEntry

pytestmark = pytest.mark.django_db


def booked(days_ago, account, against, amount, currency="EUR"):
    """One posting of so many days ago: `account` is debited, `against` credited."""
    journal = Journal.objects.create(
        source="story",
        source_id=uuid7(),
        kind="told",
        memo=f"{days_ago} days ago",
        posted_at=timezone.now() - timedelta(days=days_ago),
    )
    for name, sign in ((account, 1), (against, -1)):
        LedgerEntry.objects.create(
            journal=journal, account=name, amount=sign * Decimal(amount), currency=currency
        )
    return journal


@pytest.fixture
def story(agency):
    """Bought for 300 forty days ago, sold for 100 (cost 60) ten days ago, 50 paid today."""
    booked(40, Account.INVENTORY, Account.ACCOUNTS_PAYABLE, "300.00")
    booked(10, Account.PROVIDER_CLEARING, Account.TICKET_REVENUE, "100.00")
    booked(10, Account.COST_OF_SALES, Account.INVENTORY, "60.00")
    booked(0, Account.ACCOUNTS_PAYABLE, Account.PROVIDER_CLEARING, "50.00")


def ago(days):
    return local_today() - timedelta(days=days)


def balances(rows, column="closing"):
    return {row["account"]: row[column] for row in rows}


def test_the_trial_balance_of_a_period_carries_what_stood_there_before(story):
    rows = books.trial_balance(ago(20), ago(5))
    by_account = {row["account"]: row for row in rows}
    stock = by_account["inventory"]
    assert (stock["opening"], stock["debits"], stock["credits"], stock["closing"]) == (
        Decimal(300),
        Decimal(0),
        Decimal(60),
        Decimal(240),
    )
    assert balances(rows) == {
        "accounts_payable": Decimal(-300),
        "inventory": Decimal(240),
        "provider_clearing": Decimal(100),
        "ticket_revenue": Decimal(-100),
        "cost_of_sales": Decimal(60),
    }
    assert books.off_by(rows, "opening") == books.off_by(rows, "closing") == {}


def test_a_trial_balance_of_a_past_day_never_changes(story):
    before = books.trial_balance(ago(20), ago(5))
    booked(0, Account.INVENTORY, Account.ACCOUNTS_PAYABLE, "77.00")
    assert books.trial_balance(ago(20), ago(5)) == before
    assert balances(books.trial_balance(ago(20), ago(0)))["inventory"] == Decimal(317)


def test_books_that_do_not_balance_are_said_to_be_off():
    rows = [
        {"currency": "EUR", "closing": Decimal(5)},
        {"currency": "EUR", "closing": Decimal(-3)},
        {"currency": "JPY", "closing": Decimal(0)},
    ]
    assert books.off_by(rows, "closing") == {"EUR": Decimal(2)}


def test_a_statement_runs_from_the_opening_balance_to_the_closing_one(story, mireille):
    booked(5, Account.INVENTORY, Account.ACCOUNTS_PAYABLE, "10.00", currency="USD")
    asked = {"account": "inventory", "since": ago(20), "until": ago(0), "currency": "EUR"}
    sums = books.account_sums(**asked)
    assert (sums["opening"], sums["entries"], sums["balance"]) == (Decimal(300), 1, Decimal(240))
    page = mireille.get(report_page("account-statement"), asked)
    assert "Opening balance €300.00 debit, closing balance €240.00 debit." in page.content.decode()
    assert f"/admin/payments/journal/{posting_of('60.00').pk}/" in page.content.decode()


def test_a_statement_reads_the_same_in_a_file_as_on_its_pages(agency, mireille):
    for number in range(3):
        booked(3 - number, Account.INVENTORY, Account.ACCOUNTS_PAYABLE, f"{number + 1}.00")
    asked = {"account": "inventory", "since": ago(20), "until": ago(0)}
    rows = table(mireille.get(file_of("account-statement", "csv"), asked))
    assert [row["Balance"] for row in rows] == ["1.00", "3.00", "6.00"]
    found = mireille.get(report_page("account-statement"), asked).context["found"]
    assert [row["balance"] for row in found.rows] == [Decimal(1), Decimal(3), Decimal(6)]
    assert (found.count, found.sums[0]["debit"]) == (3, Decimal(6))


def test_files_of_any_length_are_read_in_parts_and_hold_every_entry_once(agency):
    for _ in range(7):
        booked(1, Account.INVENTORY, Account.ACCOUNTS_PAYABLE, "1.00")
    period = {"since": ago(2), "until": ago(0)}
    parts = list(books.entries_in_parts(**period, size=4))
    assert [len(part) for part in parts] == [4, 4, 4, 2]
    whole = books.entries(**period)
    assert [row for part in parts for row in part] == whole
    assert len({row["entry_id"] for row in whole}) == 14


# Files for accountants


def test_quickbooks_gets_debits_and_credits_by_account_name(story, mireille):
    asked = {"since": ago(15), "until": ago(0), "per": "entry"}
    rows = table(mireille.get(file_of("journals", "quickbooks"), asked))
    assert list(rows[0]) == [
        *("*JournalNo", "*JournalDate", "*AccountName", "*Debits", "*Credits"),
        *("Description", "Name", "Currency", "Location", "Class"),
    ]
    day = f"{ago(10):%m/%d/%Y}"
    assert [
        (row["*JournalDate"], row["*AccountName"], row["*Debits"], row["*Credits"])
        for row in rows[:2]
    ] == [
        (day, "Held by payment providers", "100.00", ""),
        (day, "Ticket sales", "", "100.00"),
    ]
    assert all(len(row["*JournalNo"]) <= 21 for row in rows)
    for number in {row["*JournalNo"] for row in rows}:
        assert balance_of(rows, number) == 0


def test_a_journal_a_day_is_net_and_still_balances(story, mireille):
    asked = {"since": ago(15), "until": ago(0), "per": "day"}
    rows = table(mireille.get(file_of("journals", "quickbooks"), asked))
    assert [row["*JournalNo"] for row in rows] == [f"T-{ago(10):%Y%m%d}-EUR"] * 4 + [
        f"T-{ago(0):%Y%m%d}-EUR"
    ] * 2
    assert {balance_of(rows, row["*JournalNo"]) for row in rows} == {Decimal(0)}


def test_xero_gets_codes_signs_and_one_narration_a_journal(story, mireille):
    for number, account in enumerate(Account.values):
        AccountCode.objects.create(account=account, code=f"{200 + number}", name=account)
    asked = {"since": ago(15), "until": ago(0), "per": "entry", "tax_rate": "No VAT"}
    rows = table(mireille.get(file_of("journals", "xero"), asked))
    assert list(rows[0]) == [
        *("*Narration", "*Date", "Description", "*AccountCode", "*TaxRate", "*Amount"),
        *("TrackingName1", "TrackingOption1", "TrackingName2", "TrackingOption2"),
    ]
    assert [(row["*Date"], row["*AccountCode"], row["*Amount"]) for row in rows[:2]] == [
        (f"{ago(10):%d/%m/%Y}", "202", "100.00"),
        (f"{ago(10):%d/%m/%Y}", "207", "-100.00"),
    ]
    assert {row["*TaxRate"] for row in rows} == {"No VAT"}
    sums = {}
    for row in rows:
        sums[row["*Narration"]] = sums.get(row["*Narration"], 0) + Decimal(row["*Amount"])
    assert set(sums.values()) == {Decimal(0)}
    assert len(sums) == 3


def test_xero_is_refused_what_it_could_not_read(story, mireille):
    told = mireille.get(file_of("journals", "xero"))
    assert told.status_code == 422
    page = told.content.decode()
    assert "These have none: Seats in stock, at cost" in page
    assert f'href="{reverse("admin:payments_accountcode_changelist")}">Put it in here' in page
    for account in Account.values:
        AccountCode.objects.create(account=account, code="1", name=account)
    told = mireille.get(file_of("journals", "xero"), {"currency": ""})
    assert "have no currency: choose one." in told.content.decode()


def test_quickbooks_names_accounts_as_the_agency_does(story, mireille):
    AccountCode.objects.create(account="inventory", code="1400", name="Stock:Tickets")
    rows = table(mireille.get(file_of("journals", "quickbooks"), {"since": ago(15)}))
    assert "Stock:Tickets" in {row["*AccountName"] for row in rows}
    assert "Held by payment providers" in {row["*AccountName"] for row in rows}


def test_finance_writes_down_what_accounts_are_called_and_nobody_twice(agency):
    piet = world.client_of(world.staff(agency, "FINANCE"), agency)
    page = world.address("payments.accountcode", "add")
    piet.post(page, {"account": "inventory", "code": "1400", "name": "Ticket stock"})
    assert str(AccountCode.objects.get()) == "1400 Ticket stock"
    again = piet.post(page, {"account": "inventory", "code": "1500", "name": "Other"})
    told = str(again.context["adminform"].form.errors)
    assert "There is already an account code with this account." in told
    listed = piet.get(world.address("payments.accountcode")).content.decode()
    assert "Without a code" in listed
    assert f'href="{page}?account=bank">Bank</a>' in listed
    assert (
        piet.get(page, {"account": "bank"}).context["adminform"].form["account"].value() == "bank"
    )
    jonas = world.client_of(world.staff(agency, "PURCHASING"), agency)
    assert jonas.get(page).status_code == 403


def test_what_people_typed_is_no_formula_in_any_file(agency, mireille):
    posted = {"source": "story", "source_id": uuid7(), "kind": "told", "memo": '=HYPERLINK("x")'}
    euro = Money(1, "EUR")
    post(**posted, lines=[(Account.INVENTORY, euro), (Account.ACCOUNTS_PAYABLE, -euro)])
    asked = {"since": ago(1), "until": ago(0), "per": "entry"}
    rows = table(mireille.get(file_of("journals", "csv"), asked))
    assert {row["Memo"] for row in rows} == {'\'=HYPERLINK("x")'}
    assert [row["Credit"] for row in rows] == ["", "1.00"]


def test_the_whole_story_of_a_house_leaves_balanced_books(parterre):
    house = parterre
    with acting_for(house.agency.pk):
        rows = books.trial_balance(ago(0), ago(0))
        assert {row["account"] for row in rows} >= {"inventory", "ticket_revenue", "cost_of_sales"}
        assert books.off_by(rows, "closing") == {}
        assert sum(row["debits"] for row in rows) == sum(row["credits"] for row in rows) > 0


def posting_of(amount):
    return Journal.objects.filter(entries__amount=Decimal(amount)).get()


def report_page(name):
    return reverse("admin:report", args=[name])


def file_of(name, kind):
    return reverse("admin:report_file", args=[name, kind])


def table(answer):
    """The rows of a CSV file as dicts."""
    assert answer.status_code == 200, answer.content
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


def balance_of(rows, number):
    """Debits less credits of one journal of a QuickBooks file."""
    lines = [row for row in rows if row["*JournalNo"] == number]
    sides = [Decimal(row["*Debits"] or 0) - Decimal(row["*Credits"] or 0) for row in lines]
    return sum(sides)
