"""Credit notes: given by a supplier or for a return, set against debts, paid back."""

from django import forms
from django.contrib import admin
from django.db.models import F, Q

from agencies.queries import current_agency, local_today
from core.admin_base import BackOfficeAdmin, step
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
)
from core.money import Money
from suppliers import services
from suppliers.admin_choosing import Choosing, chosen
from suppliers.admin_forms import day_field
from suppliers.admin_payables import MONEY_IN, allocations_table
from suppliers.models import (
    Allocation,
    CreditNote,
    ReturnStatus,
    Supplier,
    SupplierReturn,
)


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
        accepted = SupplierReturn.objects.filter(status=ReturnStatus.ACCEPTED)
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


@panel("suppliers.supplier", needs="suppliers.creditnote")
def owed_by(request, supplier):
    notes = supplier.credit_notes.filter(used__lt=F("amount")).order_by("issued_on", "pk")
    rows = [
        [linked(note), note.get_kind_display(), day(note.issued_on), note.left.display()]
        for note in notes
    ]
    table = Table(columns("Credit note", "For", "Issued", "Left#"), rows)
    return Panel("Owed by them", table, count=len(rows)) if rows else None
