"""The cash desk: what was taken and handed out, and the drawer counted."""

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect

from agencies.queries import current_agency
from core.admin_base import ReadOnlyAdmin
from core.admin_forms import AmountField
from core.admin_parts import Panel, amount, linked, money_column, page_of, when
from core.money import Money
from payments.admin_ledger import entries_of, entries_table
from payments.models import CashCount, DeskTaking
from payments.services import count_cash


class WholeCents:
    """Mixin for forms with amounts of one currency: an amount with too many decimals is refused."""

    def __init__(self, *args, currency, **kwargs):
        super().__init__(*args, **kwargs)
        self.currency = currency

    def money(self, name):
        """The amount typed into a field as Money, zero for none; raises WrongScale."""
        return Money(self.cleaned_data[name] or 0, self.currency)


@admin.register(DeskTaking)
class DeskTakingAdmin(ReadOnlyAdmin):
    list_display = [
        *("number", "moment", "what", money_column("amount", "In, out"), "way", "reference"),
        "person",
    ]
    list_display_links = ["number"]
    list_filter = ["way", "currency", "taken_by", ("at", admin.DateFieldListFilter)]
    list_select_related = ["payment", "refund__payment", "taken_by"]
    search_fields = ["number", "reference", "payment__description"]
    search_help_text = "Number, reference of the slip, or what was paid for"
    ordering = ["-at", "pk"]
    fields = ["number", "moment", "what", "amount_shown", "way", "given_shown", "change_shown"]
    fields += ["reference", "person", "payment_link", "refund_link"]
    readonly_fields = fields
    export_columns = {
        "Number": "number",
        "At": "at",
        "For": "payment__description",
        "Amount": "amount",
        "Currency": "currency",
        "Way": "way",
        "Reference": "reference",
        "By": "taken_by__name",
    }

    @admin.display(description="At", ordering="at")
    def moment(self, taking):
        return when(taking.at)

    @admin.display(description="For")
    def what(self, taking):
        return (taking.payment or taking.refund.payment).description

    @admin.display(description="By", ordering="taken_by__name")
    def person(self, taking):
        return str(taking.taken_by)

    @admin.display(description="In, out")
    def amount_shown(self, taking):
        return amount(taking.amount, taking.currency)

    @admin.display(description="Given")
    def given_shown(self, taking):
        return amount(taking.given, taking.currency)

    @admin.display(description="Change")
    def change_shown(self, taking):
        return "–" if taking.change is None else amount(taking.change.amount, taking.currency)

    @admin.display(description="Payment")
    def payment_link(self, taking):
        return linked(taking.payment)

    @admin.display(description="Refund")
    def refund_link(self, taking):
        return linked(taking.refund)


class CountForm(WholeCents, forms.Form):
    counted = AmountField(
        label="Counted", min_value=0, max_digits=14, decimal_places=3,
        help_text="All that lies in the drawer, coins and notes.",
    )  # fmt: skip
    banked = AmountField(
        label="Of it to the bank", min_value=0, max_digits=14, decimal_places=3, required=False,
        help_text="What you take out now; the rest stays in the drawer.",
    )  # fmt: skip
    note = forms.CharField(
        max_length=200, required=False, help_text="Needed when there is too much or too little."
    )


@admin.register(CashCount)
class CashCountAdmin(ReadOnlyAdmin):
    list_display = [
        *("moment", money_column("counted", "Counted"), money_column("expected", "Booked")),
        *("differs", money_column("banked", "To the bank"), "person", "note"),
    ]
    list_filter = ["currency", "counted_by", ("at", admin.DateFieldListFilter)]
    list_select_related = ["counted_by"]
    search_fields = ["note"]
    ordering = ["-at", "pk"]
    fields = [
        "moment",
        "counted_shown",
        "expected_shown",
        "differs",
        "banked_shown",
        "note",
        "person",
    ]
    readonly_fields = fields
    export_columns = {
        "At": "at",
        "Counted": "counted",
        "Booked": "expected",
        "To the bank": "banked",
        "Currency": "currency",
        "Note": "note",
        "By": "counted_by__name",
    }

    def has_add_permission(self, request, obj=None):
        return self.may(request, "add")

    def add_view(self, request, form_url="", extra_context=None):
        """The count, blind: what should lie there is said only when something else does."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        currency = current_agency().currency
        form = CountForm(request.POST or None, currency=currency)
        return self.form_page(
            request,
            form,
            lambda form: self._count(request, form),
            title="Count the drawer",
            note="Nobody can take or hand out money while this is saved. If it is not what was booked, "
            "you are told by how much, and nothing is saved without a note.",
            submit="Save the count",
        )

    def _count(self, request, form):
        made = count_cash(
            counted=form.money("counted"),
            banked=form.money("banked"),
            note=form.cleaned_data["note"],
            by=request.user,
        )
        self.message_user(request, f"{made}; {made.difference.display()} more or less than booked.")
        return HttpResponseRedirect(page_of(made))

    def panels(self, request, count):
        booked = entries_of(source="cash_count", source_id=count.pk)
        return [Panel("In the ledger", entries_table(booked))]

    @admin.display(description="At", ordering="at")
    def moment(self, count):
        return when(count.at)

    @admin.display(description="Difference")
    def differs(self, count):
        return amount(count.difference.amount, count.currency)

    @admin.display(description="Counted")
    def counted_shown(self, count):
        return amount(count.counted, count.currency)

    @admin.display(description="Booked")
    def expected_shown(self, count):
        return amount(count.expected, count.currency)

    @admin.display(description="To the bank")
    def banked_shown(self, count):
        return amount(count.banked, count.currency)

    @admin.display(description="By", ordering="counted_by__name")
    def person(self, count):
        return str(count.counted_by)
