"""Debts to suppliers and their payment."""

from datetime import timedelta

from django import forms
from django.contrib import admin
from django.db.models import F, Q

from agencies.queries import local_today
from core.admin_base import ReadOnlyAdmin, step
from core.admin_forms import AmountField
from core.admin_parts import (
    Panel,
    Table,
    amount,
    columns,
    day,
    linked,
    money_column,
    panel,
    pill,
    status_of,
    when,
)
from core.ids import uuid7
from core.money import Money
from suppliers import services
from suppliers.admin_forms import day_field
from suppliers.due import BUCKETS, ageing, bucket
from suppliers.models import (
    AccountsPayable,
    Allocation,
    CreditNote,
    SupplierPayment,
)
from suppliers.queries import OPEN_DEBTS

RECENT = 20
MONEY_IN = {"max_digits": 14, "decimal_places": 3, "min_value": 0}


def allocations_table(parts, *, of_debt):
    """Allocations as a Table: of a debt what was set against it, else the debts."""
    rows = [
        [
            when(part.at),
            linked(part.payment or part.credit_note, _source(part)) if of_debt else _target(part),
            amount(part.amount, part.currency),
            str(part.by or "the system"),
        ]
        for part in parts.select_related(
            "payment", "credit_note", "payable__order", "payable__receipt", "by"
        )
    ]
    titles = columns("When", "With" if of_debt else "For", "Amount#", "By")
    return Table(titles, rows, empty="Nothing yet.")


def _source(part):
    return f"Payment of {part.payment}" if part.payment_id else f"Credit note {part.credit_note}"


def _target(part):
    return linked(part.payable) if part.payable_id else "Paid back in money"


class DueFilter(admin.SimpleListFilter):
    title = "due"
    parameter_name = "due"

    def lookups(self, request, model_admin):
        late = [(name, words) for name, (words, days) in BUCKETS.items() if days]
        return [("late", "Overdue"), ("week", "Within 7 days"), ("open", "Unpaid"), *late]

    def queryset(self, request, queryset):
        today = local_today()
        is_open = Q(status__in=OPEN_DEBTS)
        rules = {
            "late": is_open & Q(due_on__lt=today),
            "week": is_open & Q(due_on__range=(today, today + timedelta(days=7))),
            "open": is_open,
        }
        if self.value() in BUCKETS:
            return queryset.annotate(bucket=bucket(today)).filter(is_open, bucket=self.value())
        return queryset.filter(rules.get(self.value(), Q()))


class PayForm(forms.Form):
    """How much of a debt, or of an order, is paid now. `key` makes that a second click pays nothing."""

    amount = AmountField(**MONEY_IN)
    method = forms.ChoiceField(choices=SupplierPayment.Method.choices)
    bank_reference = forms.CharField(max_length=80, required=False)
    paid_on = day_field("Paid on", "Empty: today.")
    key = forms.CharField(widget=forms.HiddenInput, max_length=100)

    def __init__(self, *args, left, **kwargs):
        super().__init__(*args, **kwargs)
        self.currency = left.currency
        self.fields["amount"].label = f"Amount ({left.currency})"
        self.fields["amount"].initial = left.amount
        self.fields["key"].initial = str(uuid7())

    @property
    def payment(self):
        """What was filled in, as keywords of the services; raises WrongScale."""
        given = self.cleaned_data
        return {
            "key": given["key"],
            "money": Money(given["amount"], self.currency),
            "transfer": services.Transfer(
                method=given["method"],
                bank_reference=given["bank_reference"],
                paid_on=given["paid_on"],
            ),
        }


class CreditForm(forms.Form):
    """Which credit note of the supplier is set against a debt, and how much of it."""

    note = forms.ModelChoiceField(CreditNote.objects.none(), label="Credit note")
    amount = AmountField(required=False, help_text="Empty: as far as it goes.", **MONEY_IN)

    def __init__(self, *args, debt, **kwargs):
        super().__init__(*args, **kwargs)
        self.currency = debt.currency
        self.fields["note"].queryset = usable_notes(debt)
        self.fields["note"].label_from_instance = lambda note: f"{note}: {note.left.display()} left"
        self.fields["amount"].label = f"Amount ({debt.currency})"

    @property
    def money(self):
        given = self.cleaned_data["amount"]
        return None if given is None else Money(given, self.currency)


def usable_notes(debt):
    return CreditNote.objects.filter(
        supplier=debt.supplier_id, currency=debt.currency, used__lt=F("amount")
    ).order_by("issued_on", "pk")


def can_be_settled(debt):
    return debt.status in OPEN_DEBTS and not debt.is_held


def state_of(debt):
    """The pill of a debt's state; that it is held is said before what is paid."""
    return pill("HELD", "Held") if debt.is_held else status_of(debt)


@admin.register(AccountsPayable)
class AccountsPayableAdmin(ReadOnlyAdmin):
    list_display = [
        *("due", "supplier", "source", "invoice", money_column("amount", "Amount")),
        *(money_column("paid", "Paid"), "open_amount", "state"),
    ]
    list_display_links = ["due"]
    list_filter = [
        *(DueFilter, "status", "is_held", "kind"),
        ("supplier", admin.RelatedOnlyFieldListFilter),
        "currency",
    ]
    list_select_related = ["supplier", "order__supplier", "receipt", "statement", "invoice"]
    list_before_template = "admin/ageing.html"
    search_fields = [
        *("order__number", "receipt__number", "supplier__name", "invoice__number"),
        "statement__number",
    ]
    ordering = ["due_on", "pk"]
    fields = [
        *("due", "supplier_link", "kind", "order_link", "receipt_link", "statement_link"),
        *("invoice_link", "open_amount"),
    ]
    readonly_fields = fields
    steps = ["pay", "use_credit"]
    export_columns = {
        "Due": "due_on",
        "Supplier": "supplier__name",
        "Kind": "kind",
        "Order": "order__number",
        "Receipt": "receipt__number",
        "Statement": "statement__number",
        "Invoice": "invoice__number",
        "Amount": "amount",
        "Paid": "paid",
        "Currency": "currency",
        "Status": "status",
        "Held": "is_held",
    }

    def changelist_view(self, request, extra_context=None):
        response = super().changelist_view(request, extra_context)
        changes = getattr(response, "context_data", None) and response.context_data.get("cl")
        if changes:
            response.context_data["ageing"] = ageing(changes.queryset)
        return response

    @admin.display(description="Due", ordering="due_on")
    def due(self, debt):
        return day(debt.due_on)

    @admin.display(description="For")
    def source(self, debt):
        return debt.receipt or debt.statement or debt.get_kind_display()

    @admin.display(description="State", ordering="status")
    def state(self, debt):
        return state_of(debt)

    @admin.display(description="Supplier")
    def supplier_link(self, debt):
        return linked(debt.supplier)

    @admin.display(description="Order")
    def order_link(self, debt):
        return linked(debt.order)

    @admin.display(description="Receipt")
    def receipt_link(self, debt):
        return linked(debt.receipt)

    @admin.display(description="Statement")
    def statement_link(self, debt):
        return linked(debt.statement)

    @admin.display(description="Invoice")
    def invoice_link(self, debt):
        return linked(debt.invoice)

    @admin.display(description="Still to pay")
    def open_amount(self, debt):
        return amount(debt.amount - debt.paid, debt.currency)

    def under_title(self, debt):
        return [state_of(debt), linked(debt.supplier)]

    def panels(self, request, debt):
        parts = Allocation.objects.filter(payable=debt).order_by("pk")
        runs = debt.run_lines.select_related("run").order_by("-pk")
        rows = [[linked(line.run), status_of(line.run), day(line.run.pay_on)] for line in runs]
        in_runs = Table(columns("Run", "State", "On"), rows)
        return [
            Panel("Paid with", allocations_table(parts, of_debt=True)),
            *([Panel("In payment runs", in_runs)] if rows else []),
        ]

    @step("Pay", when=can_be_settled, tone="primary", is_page=True)
    def pay(self, request, debt):
        form = PayForm(request.POST or None, left=debt.left)
        return self.form_page(
            request,
            form,
            lambda form: self._paid(request, debt, form),
            title=f"Pay {debt.supplier}: {debt}",
            thing=debt,
            note=f"{debt.left.display()} is left to pay. A part of it can be paid; the rest stays due. "
            "What is booked here is not undone.",
            submit="Book the payment",
        )

    def _paid(self, request, debt, form):
        payment = services.pay_payable(payable=debt, by=request.user, **form.payment)
        return self.back(request, debt, done=f"{payment.money.display()} is booked as paid.")

    @step(
        "Use a credit note",
        when=lambda debt: can_be_settled(debt) and usable_notes(debt).exists(),
        is_page=True,
    )
    def use_credit(self, request, debt):
        return self.form_page(
            request,
            CreditForm(request.POST or None, debt=debt),
            lambda form: self._credited(request, debt, form),
            title=f"Use a credit note for {debt}",
            thing=debt,
            note=f"{debt.left.display()} is left to pay to {debt.supplier}.",
            submit="Set it against the debt",
        )

    def _credited(self, request, debt, form):
        note = form.cleaned_data["note"]
        used = services.apply_credit(note=note, payable=debt, by=request.user, money=form.money)
        return self.back(request, debt, done=f"{used.display()} of {note} is used.")


@panel("suppliers.supplier", needs="suppliers.accountspayable")
def owed_to(request, supplier):
    """What is open towards a supplier, by age, and what he owes."""
    open_ones = AccountsPayable.objects.filter(supplier=supplier)
    rows = [
        [
            age.currency,
            *(money.display() for _, money in age.buckets.values()),
            age.total.display(),
        ]
        for age in ageing(open_ones)
    ]
    titles = columns("In", *(f"{words}#" for words, _ in BUCKETS.values()), "All together#")
    table = Table(titles, rows, empty="Nothing is owed.")
    return Panel("Open by age", table)


@panel("suppliers.purchaseorder", needs="suppliers.accountspayable")
def debts_of(request, order):
    """Debts of an order, what was paid for it in advance, and what is credited for it."""
    debts = order.payables.select_related("receipt", "invoice").order_by("due_on", "pk")
    rows = [
        [
            linked(debt),
            str(debt.receipt or debt.get_kind_display()),
            linked(debt.invoice),
            debt.left.display(),
            state_of(debt),
        ]
        for debt in debts
    ]
    advances = sum((each.left.amount for each in order.payments.all()), 0)
    if advances:
        paid = Money(advances, order.currency).display()
        rows.append(["Paid in advance", "", "", f"−{paid}", ""])
    for note in order.credit_notes.filter(used__lt=F("amount")).order_by("issued_on", "pk"):
        rows.append([linked(note), note.get_kind_display(), "", f"−{note.left.display()}", ""])
    titles = columns("Debt", "For", "Invoice", "Left#", "State")
    return Panel("Owed for it", Table(titles, rows), count=len(debts)) if rows else None
