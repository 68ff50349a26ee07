"""What is owed to suppliers: debts and their payment, payments made, credit notes."""

from datetime import timedelta

from django import forms
from django.contrib import admin
from django.db.models import F, Q

from agencies.queries import current_agency, local_today
from core.admin_base import BackOfficeAdmin, ReadOnlyAdmin, step
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
from payments.admin_ledger import entries_of, entries_table
from suppliers import services
from suppliers.admin_choosing import Choosing, chosen, link_to_add
from suppliers.admin_forms import day_field
from suppliers.due import BUCKETS, ageing, bucket
from suppliers.models import (
    AGREED,
    AccountsPayable,
    Allocation,
    Basis,
    CreditNote,
    PaymentTerms,
    PurchaseOrder,
    ReturnStatus,
    Supplier,
    SupplierPayment,
    SupplierReturn,
)
from suppliers.queries import OPEN_DEBTS
from suppliers.services.paying import unpaid_of

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


class AdvanceForm(PayForm):
    """An order on immediate terms that is paid, in advance as far as it has not arrived."""

    order = forms.ModelChoiceField(PurchaseOrder.objects.none(), widget=forms.HiddenInput)

    def __init__(self, *args, order, **kwargs):
        super().__init__(*args, left=unpaid_of(order), **kwargs)
        self.fields["order"].queryset = PurchaseOrder.objects.filter(pk=order.pk)
        self.fields["order"].initial = order.pk


def orders_to_pay():
    """Orders that are paid at once, as a queryset."""
    return PurchaseOrder.objects.filter(
        status__in=AGREED, payment_terms=PaymentTerms.IMMEDIATE, basis=Basis.FIRM
    ).select_related("supplier")


@admin.register(SupplierPayment)
class SupplierPaymentAdmin(Choosing, BackOfficeAdmin):
    list_display = [
        *("sent", "supplier", "method", "bank_reference", money_column("amount", "Amount")),
        *("advance", "run"),
    ]
    list_display_links = ["sent"]
    list_filter = [
        "method",
        ("supplier", admin.RelatedOnlyFieldListFilter),
        ("paid_on", admin.DateFieldListFilter),
        "currency",
    ]
    list_select_related = ["supplier", "run"]
    search_fields = ["supplier__name", "bank_reference", "order__number", "run__number"]
    ordering = ["-booked_at", "pk"]
    fields = [
        *("sent", "supplier_link", "method", "bank_reference", "order_link", "run_link"),
        *("sum", "advance"),
    ]
    readonly_fields = fields
    export_columns = {
        "Paid on": "paid_on",
        "Supplier": "supplier__name",
        "Method": "method",
        "Bank reference": "bank_reference",
        "Amount": "amount",
        "Set against debts": "allocated",
        "Currency": "currency",
        "Order": "order__number",
        "Run": "run__number",
    }

    @admin.display(description="Paid on", ordering="paid_on")
    def sent(self, payment):
        return day(payment.paid_on)

    @admin.display(description="Amount")
    def sum(self, payment):
        return amount(payment.amount, payment.currency)

    @admin.display(description="Still an advance")
    def advance(self, payment):
        left = payment.left
        return amount(left.amount, left.currency) if left else "–"

    @admin.display(description="Supplier")
    def supplier_link(self, payment):
        return linked(payment.supplier)

    @admin.display(description="Order")
    def order_link(self, payment):
        return linked(payment.order)

    @admin.display(description="Run")
    def run_link(self, payment):
        return linked(payment.run)

    def under_title(self, payment):
        return [linked(payment.supplier), payment.get_method_display()]

    def panels(self, request, payment):
        parts = Allocation.objects.filter(payment=payment).order_by("pk")
        booked = entries_of(source="supplier_payment", source_id=payment.pk)
        return [
            Panel("What it paid", allocations_table(parts, of_debt=False)),
            Panel("In the ledger", entries_table(booked)),
        ]

    def add_view(self, request, form_url="", extra_context=None):
        """Which order is paid in advance, then how much."""
        self.check_may_add(request)
        order = chosen(orders_to_pay(), request.GET.get("order"))
        if order is None:
            return self.page(
                request,
                "admin/panels.html",
                title="Pay an order: which one?",
                panels=[_orders_panel()],
            )
        form = AdvanceForm(request.POST or None, order=order)
        left = unpaid_of(order)
        return self.form_page(
            request,
            form,
            lambda form: self._paid(request, order, form),
            title=f"Pay {order} to {order.supplier}",
            note=f"{left.display()} of it is unpaid. What has arrived is settled; the rest is an "
            "advance and is counted on its deliveries as they come.",
            submit="Book the payment",
        )

    def _paid(self, request, order, form):
        payment = services.pay_order(order=order, by=request.user, **form.payment)
        done = f"{payment.money.display()} is booked as paid for {order}."
        return self.back(request, payment, done=done)


def _orders_panel():
    rows = [
        [
            link_to_add(SupplierPayment, order, order=order.pk),
            order.supplier,
            status_of(order),
            unpaid_of(order).display(),
        ]
        for order in orders_to_pay().order_by("-created_at", "pk")[:200]
        if unpaid_of(order)
    ]
    titles = columns("Order", "Supplier", "State", "Unpaid#")
    table = Table(titles, rows, empty="No order on immediate terms is unpaid.")
    return Panel("Orders on immediate terms", table, count=len(rows))


class NoteForm(forms.Form):
    """A credit note that a supplier gave of his own will."""

    supplier = forms.ModelChoiceField(Supplier.objects.all())
    number = forms.CharField(label="Their number", max_length=60)
    issued_on = day_field("Issued on")
    currency = forms.CharField(max_length=3, min_length=3)
    amount = AmountField(**MONEY_IN)
    reason = forms.CharField(max_length=200)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["issued_on"].required = True

    @property
    def note(self):
        """What was filled in, as keywords of `enter_credit_note`; raises WrongScale."""
        given = dict(self.cleaned_data)
        money = Money(given.pop("amount"), given.pop("currency").upper())
        return {**given, "money": money}


class ReturnNoteForm(forms.Form):
    """The credit note for a return."""

    number = forms.CharField(label="Their number", max_length=60)
    issued_on = day_field("Issued on")
    amount = AmountField(**MONEY_IN)

    def __init__(self, *args, asked, **kwargs):
        super().__init__(*args, **kwargs)
        self.currency = asked.currency
        self.fields["issued_on"].required = True
        self.fields["issued_on"].initial = local_today()
        self.fields["amount"].label = f"Amount ({asked.currency})"

    @property
    def note(self):
        """What was filled in, as keywords of `credit_return`; raises WrongScale."""
        given = self.cleaned_data
        return {
            "number": given["number"],
            "issued_on": given["issued_on"],
            "money": Money(given["amount"], self.currency),
        }


class RefundForm(forms.Form):
    """How much of a credit note was paid back. `seen` is what was left of it on this page."""

    amount = AmountField(**MONEY_IN)
    seen = forms.DecimalField(widget=forms.HiddenInput)

    def __init__(self, *args, note, **kwargs):
        super().__init__(*args, **kwargs)
        self.currency = note.currency
        self.fields["amount"].label = f"Amount ({note.currency})"
        self.fields["amount"].initial = self.fields["seen"].initial = note.left.amount

    @property
    def refund(self):
        """What was filled in, as keywords of `refund_credit`; raises WrongScale."""
        given = self.cleaned_data
        return {
            "money": Money(given["amount"], self.currency),
            "left": Money(given["seen"], self.currency),
        }


class LeftFilter(admin.SimpleListFilter):
    title = "left"
    parameter_name = "left"

    def lookups(self, request, model_admin):
        return [("yes", "Can be used"), ("no", "Used up")]

    def queryset(self, request, queryset):
        rules = {"yes": Q(used__lt=F("amount")), "no": Q(used=F("amount"))}
        return queryset.filter(rules.get(self.value(), Q()))


@admin.register(CreditNote)
class CreditNoteAdmin(Choosing, BackOfficeAdmin):
    list_display = [
        *("number", "supplier", "kind", "issued", money_column("amount", "Amount")),
        "left_over",
    ]
    list_filter = [
        *(LeftFilter, "kind"),
        ("supplier", admin.RelatedOnlyFieldListFilter),
        ("issued_on", admin.DateFieldListFilter),
    ]
    list_select_related = ["supplier"]
    search_fields = ["number", "supplier__name", "reason", "order__number"]
    ordering = ["-issued_on", "pk"]
    fields = [
        *("supplier_link", "kind", "issued", "order_link", "reason", "sum", "left_over"),
        "entered_by",
    ]
    readonly_fields = fields
    steps = ["paid_back"]
    export_columns = {
        "Number": "number",
        "Supplier": "supplier__name",
        "Kind": "kind",
        "Issued": "issued_on",
        "Amount": "amount",
        "Used": "used",
        "Currency": "currency",
        "Reason": "reason",
    }

    @admin.display(description="Issued", ordering="issued_on")
    def issued(self, note):
        return day(note.issued_on)

    @admin.display(description="Amount")
    def sum(self, note):
        return amount(note.amount, note.currency)

    @admin.display(description="Left")
    def left_over(self, note):
        return amount(note.left.amount, note.currency)

    @admin.display(description="Supplier")
    def supplier_link(self, note):
        return linked(note.supplier)

    @admin.display(description="Order")
    def order_link(self, note):
        return linked(note.order)

    def under_title(self, note):
        return [linked(note.supplier), note.get_kind_display()]

    def panels(self, request, note):
        parts = Allocation.objects.filter(credit_note=note).order_by("pk")
        return [Panel("How it was used", allocations_table(parts, of_debt=False))]

    def add_view(self, request, form_url="", extra_context=None):
        """A note that a supplier gave of his own will, or the one for a return that he accepted."""
        self.check_may_add(request)
        accepted = SupplierReturn.objects.filter(status=ReturnStatus.ACCEPTED, expected__gt=0)
        asked = chosen(accepted.select_related("supplier"), request.GET.get("asked"))
        return self._for_return(request, asked) if asked else self._given(request)

    def _for_return(self, request, asked):
        expected = Money(asked.expected, asked.currency)
        return self.form_page(
            request,
            ReturnNoteForm(request.POST or None, asked=asked),
            lambda form: self._credited(request, asked, form),
            title=f"The credit note of {asked.supplier} for {asked}",
            note=f"{expected.display()} was agreed. A difference is booked as bought dearer or "
            "cheaper.",
            submit="Enter the credit note",
        )

    def _credited(self, request, asked, form):
        note = services.credit_return(asked=asked, by=request.user, **form.note)
        difference = note.left - Money(asked.expected, asked.currency)
        words = f" That is {difference.display()} beside what was agreed." if difference else ""
        return self.back(request, note, done=f"{note} of {note.left.display()} is entered.{words}")

    def _given(self, request):
        supplier = chosen(Supplier.objects.all(), request.GET.get("supplier"))
        initial = {
            "supplier": supplier,
            "issued_on": local_today(),
            "currency": (supplier or current_agency()).currency,
        }
        return self.form_page(
            request,
            NoteForm(request.POST or None, initial=initial),
            lambda form: self._entered(request, form),
            title="New credit note",
            note="What a supplier gives of his own will. Credit notes for seats sent back are entered "
            "on their return, where they are compared with what was agreed.",
            submit="Enter the credit note",
        )

    def _entered(self, request, form):
        note = services.enter_credit_note(by=request.user, **form.note)
        return self.back(request, note, done=f"{note} of {note.left.display()} is entered.")

    @step("Paid back", when=lambda note: bool(note.left), is_page=True)
    def paid_back(self, request, note):
        return self.form_page(
            request,
            RefundForm(request.POST or None, note=note),
            lambda form: self._refunded(request, note, form),
            title=f"{note} was paid back in money",
            thing=note,
            note=f"{note.left.display()} of it is left. Book what {note.supplier} has sent to the "
            "bank.",
            submit="Book what came back",
        )

    def _refunded(self, request, note, form):
        money = services.refund_credit(note=note, by=request.user, **form.refund)
        return self.back(request, note, done=f"{money.display()} is booked as paid back.")


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


@panel("suppliers.supplier", needs="suppliers.creditnote")
def owed_by(request, supplier):
    notes = supplier.credit_notes.filter(used__lt=F("amount")).order_by("issued_on", "pk")
    rows = [
        [linked(note), note.get_kind_display(), day(note.issued_on), note.left.display()]
        for note in notes
    ]
    table = Table(columns("Credit note", "For", "Issued", "Left#"), rows)
    return Panel("Owed by them", table, count=len(rows)) if rows else None


@panel("suppliers.purchaseorder", needs="suppliers.accountspayable")
def debts_of(request, order):
    """Debts of an order, and what was paid for it in advance."""
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
    titles = columns("Debt", "For", "Invoice", "Left#", "State")
    return Panel("Owed for it", Table(titles, rows), count=len(debts)) if rows else None
