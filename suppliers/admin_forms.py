"""Forms of a purchase order: its draft, a line, what has arrived."""

from django import forms

from core.admin_forms import AmountField
from core.errors import DomainError
from core.money import Money
from suppliers.models import PaymentTerms, PurchaseOrder, Supplier
from venues.models import LayoutSeat, LayoutSection
from venues.places import examples, places_in


def day_field(label, help_text=""):
    return forms.DateField(
        label=label,
        required=False,
        help_text=help_text,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class DraftForm(forms.Form):
    supplier = forms.ModelChoiceField(Supplier.objects.filter(is_active=True))
    payment_terms = forms.ChoiceField(
        choices=[("", "As agreed with the supplier"), *PaymentTerms.choices], required=False
    )
    fulfillment = forms.ChoiceField(
        label="How the seats arrive", choices=PurchaseOrder.Fulfillment.choices
    )
    supplier_reference = forms.CharField(
        label="The supplier’s reference", max_length=60, required=False
    )
    expected_on = day_field("Expected on")
    notes = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)

    @property
    def fields_of_order(self):
        """What was filled in, as keywords of `draft_order`."""
        return {name: value for name, value in self.cleaned_data.items() if value}


class LineForm(forms.Form):
    """Seats of one section at one price each."""

    section = forms.ModelChoiceField(LayoutSection.objects.none())
    rows = forms.CharField(required=False, help_text="Empty: all rows.")
    seats = forms.CharField(
        required=False, help_text="Such as 1-12 odd, 15, 17-19. Empty: all seats."
    )
    quantity = forms.IntegerField(
        required=False,
        min_value=1,
        help_text="Only so many of them, the first still free. Empty: all, or none at all if one "
        "is taken.",
    )
    unit_cost = AmountField(label="Cost of each", min_value=0, max_digits=14, decimal_places=3)
    retail_price = AmountField(
        label="Price of each",
        required=False,
        min_value=0,
        max_digits=14,
        decimal_places=3,
        help_text="Before the buyer’s fee. Empty: the price of its level.",
    )
    in_hand_on = day_field("In hand on")
    return_by = day_field("Returnable until")

    def __init__(self, *args, event, order, **kwargs):
        super().__init__(*args, **kwargs)
        self.currency = order.currency
        sections = LayoutSection.objects.filter(layout=event.layout_id).order_by("position")
        self.fields["section"].queryset = sections
        known = examples(LayoutSeat.objects.filter(section__in=sections))
        self.fields["section"].label_from_instance = lambda s: _with_rows(s, known.get(s.pk))
        chosen = str(self["section"].value())
        mine = [example for pk, example in known.items() if str(pk) == chosen]
        for example in [*mine, *known.values()][:1]:
            self.fields["rows"].help_text = f"Such as {example}. Empty: all rows."
        for name in ("unit_cost", "retail_price"):
            self.fields[name].label += f" ({order.currency})"

    def clean(self):
        """Marks every field that cannot stand, so that one look at the form is enough."""
        given = super().clean()
        for name in ("unit_cost", "retail_price"):
            if given.get(name) is not None:
                self._try(name, Money, given[name], self.currency)
        section, rows, seats = (given.get(name) for name in ("section", "rows", "seats"))
        if section and self._try("rows", places_in, section, rows=rows or ""):
            self._try("seats", places_in, section, rows=rows or "", seats=seats or "")
        elif section:
            self._try("seats", places_in, section, seats=seats or "")
        return given

    def _try(self, name, work, *arguments, **words):
        """Whether the work is done without a refusal; if not, the field says why."""
        try:
            work(*arguments, **words)
        except DomainError as refused:
            self.add_error(name, refused.message)
            return False
        return True

    def line(self):
        """What was filled in, as keywords of `add_line`; raises WrongScale."""
        given = self.cleaned_data
        retail = given["retail_price"]
        return {
            **given,
            "unit_cost": Money(given["unit_cost"], self.currency),
            "retail_price": None if retail is None else Money(retail, self.currency).amount,
        }


def _with_rows(section, example):
    """Stalls (250 places, rows such as A-C, F)"""
    rows = f", rows such as {example}" if example else ""
    return f"{section.label} ({section.places:,} places{rows})"
