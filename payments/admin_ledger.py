"""The books: journals, their entries and the balances. They only grow."""

from itertools import groupby

from django.contrib import admin
from django.db.models import Sum
from django.urls import reverse
from django.utils.html import format_html

from core.admin_base import BackOfficeAdmin, ReadOnlyAdmin
from core.admin_parts import (
    Panel,
    Table,
    amount,
    columns,
    linked,
    when,
)
from core.money import Money
from payments.models import Account, AccountCode, Journal, LedgerEntry


def entries_table(entries):
    """Ledger entries (with journal) as a Table: debits and credits in columns of their own."""
    rows = [
        [
            when(entry.journal.posted_at),
            linked(entry.journal, entry.journal.kind),
            entry.get_account_display(),
            amount(entry.amount, entry.currency) if entry.amount > 0 else "",
            amount(-entry.amount, entry.currency) if entry.amount < 0 else "",
        ]
        for entry in entries
    ]
    titles = columns("Posted", "Posting", "Account", "Debit#", "Credit#")
    return Table(titles, rows, empty="Nothing is booked.")


def entries_of(**of_journal):
    """Entries of the journals with these values, oldest first."""
    found = LedgerEntry.objects.filter(**{f"journal__{k}": v for k, v in of_journal.items()})
    return found.select_related("journal").order_by("journal__posted_at", "pk")


class EntriesInAccount(admin.SimpleListFilter):
    title = "account"
    parameter_name = "account"

    def lookups(self, request, model_admin):
        return LedgerEntry._meta.get_field("account").choices

    def queryset(self, request, queryset):
        if not self.value():
            return queryset
        wanted = LedgerEntry.objects.filter(account=self.value()).values("journal")
        return queryset.filter(pk__in=wanted)


@admin.register(Journal)
class JournalAdmin(ReadOnlyAdmin):
    list_display = ["posted", "words", "source", "memo", "debits"]
    list_display_links = ["words"]
    list_filter = ["source", "kind", EntriesInAccount, ("posted_at", admin.DateFieldListFilter)]
    list_before_template = "admin/balance.html"
    search_fields = ["memo", "=source_id"]
    search_help_text = "Number in the memo, or the id of what was booked"
    ordering = ["-posted_at", "pk"]
    fields = ["posted", "source", "kind", "memo", "source_id"]
    readonly_fields = ["posted"]

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("entries")

    def changelist_view(self, request, extra_context=None):
        extra = {"balances": trial_balances(), **(extra_context or {})}
        return super().changelist_view(request, extra)

    @admin.display(description="Posted", ordering="posted_at")
    def posted(self, journal):
        return when(journal.posted_at)

    @admin.display(description="Posting", ordering="kind")
    def words(self, journal):
        return f"{journal.source} {journal.kind}"

    @admin.display(description="Debits")
    def debits(self, journal):
        positive = [entry for entry in journal.entries.all() if entry.amount > 0]
        by_currency = {}
        for entry in positive:
            by_currency[entry.currency] = by_currency.get(entry.currency, 0) + entry.amount
        return next((amount(sums, currency) for currency, sums in by_currency.items()), "–")

    def panels(self, request, journal):
        entries = journal.entries.select_related("journal").order_by("pk")
        return [Panel("Entries", entries_table(entries))]


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    list_display = ["posted", "posting", "account", "debit", "credit"]
    list_filter = [
        "account",
        ("journal__source", admin.AllValuesFieldListFilter),
        "currency",
        ("journal__posted_at", admin.DateFieldListFilter),
    ]
    list_select_related = ["journal"]
    search_fields = ["journal__memo"]
    ordering = ["-pk"]
    fields = ["posted", "posting", "account", "debit", "credit"]
    readonly_fields = fields
    export_columns = {
        "Posted": "journal__posted_at",
        "Source": "journal__source",
        "Kind": "journal__kind",
        "Memo": "journal__memo",
        "Account": "account",
        "Amount": "amount",
        "Currency": "currency",
    }

    @admin.display(description="Posted", ordering="journal__posted_at")
    def posted(self, entry):
        return when(entry.journal.posted_at)

    @admin.display(description="Posting", ordering="journal__kind")
    def posting(self, entry):
        return f"{entry.journal.source} {entry.journal.kind} {entry.journal.memo}"

    @admin.display(description="Debit", ordering="amount")
    def debit(self, entry):
        return amount(entry.amount, entry.currency) if entry.amount > 0 else ""

    @admin.display(description="Credit", ordering="-amount")
    def credit(self, entry):
        return amount(-entry.amount, entry.currency) if entry.amount < 0 else ""


@admin.register(AccountCode)
class AccountCodeAdmin(BackOfficeAdmin):
    """What the bookkeeper's programme calls our accounts; the files for it are written with it."""

    list_display = ["ours", "code", "name"]
    list_display_links = ["ours"]
    list_before_template = "admin/balance.html"
    search_fields = ["code", "name"]
    ordering = ["code", "pk"]
    fields = ["account", "code", "name"]
    export_columns = {"Account": "account", "Code": "code", "Name": "name"}

    @admin.display(description="Account", ordering="account")
    def ours(self, row):
        return row.get_account_display()

    def get_readonly_fields(self, request, obj=None):
        return ["account"] if obj else []

    def changelist_view(self, request, extra_context=None):
        extra = {"balances": without_code(), **(extra_context or {})}
        return super().changelist_view(request, extra)


def without_code():
    """A Panel of the accounts that have no code yet, or none."""
    known = set(AccountCode.objects.values_list("account", flat=True))
    new = reverse("admin:payments_accountcode_add")
    rows = [
        [format_html('<a href="{}?account={}">{}</a>', new, account.value, account.label)]
        for account in Account
        if account.value not in known
    ]
    found = Panel("Without a code", Table(columns("Account"), rows), count=len(rows))
    return [found] if rows else []


def trial_balances():
    """A Panel for each currency with the balance of every account; they sum to zero, or the books are
    wrong."""
    sums = LedgerEntry.objects.order_by("currency", "account").values("currency", "account")
    found = sums.annotate(balance=Sum("amount"))
    by_currency = groupby(found, key=lambda row: row["currency"])
    empty = Table([], [], empty="Nothing is booked yet.")
    return [_balances(currency, list(rows)) for currency, rows in by_currency] or [
        Panel("Balances", empty)
    ]


def _balances(currency, found):
    names = dict(LedgerEntry._meta.get_field("account").choices)
    rows = [
        [
            names[row["account"]],
            amount(row["balance"], currency) if row["balance"] > 0 else "",
            amount(-row["balance"], currency) if row["balance"] < 0 else "",
        ]
        for row in found
        if row["balance"]
    ]
    off = sum(row["balance"] for row in found)
    words = f"Off by {Money(off, currency).display()}" if off else "Debits and credits are equal."
    table = Table(columns("Account", "Debit#", "Credit#"), rows, [words, "", ""])
    return Panel(f"Balances in {currency}", table)
