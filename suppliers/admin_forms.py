"""Forms of a purchase order: its draft, its terms, lines, extra costs, calling off, the mail."""

import json

from django import forms

from core.admin_forms import AmountField, BackOfficeForm
from core.errors import DomainError
from core.money import Money
from core.words import many
from events.models import Event, PriceLevel
from suppliers.admin_panels import OPEN_EVENTS
from suppliers.models import Basis, LandedCost, PaymentTerms, PurchaseOrder, Supplier
from suppliers.services.drafting import TERMS
from venues.models import LayoutSeat, LayoutSection
from venues.places import examples, places_in

MONEY = {"min_value": 0, "max_digits": 14, "decimal_places": 3}


def day_field(label, help_text=""):
    return forms.DateField(
        label=label,
        required=False,
        help_text=help_text,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


def text_field(label, **options):
    return forms.CharField(
        label=label, required=False, widget=forms.Textarea(attrs={"rows": 3}), **options
    )


class DraftForm(forms.Form):
    supplier = forms.ModelChoiceField(Supplier.objects.filter(is_active=True))
    currency = forms.ChoiceField(required=False)
    basis = forms.ChoiceField(
        label="Basis",
        choices=Basis.choices,
        required=False,
        help_text="Firm is owed on delivery; the others only when a seat is sold.",
    )
    payment_terms = forms.ChoiceField(
        choices=[("", "As agreed with the supplier"), *PaymentTerms.choices], required=False
    )
    fulfillment = forms.ChoiceField(
        label="How the seats arrive", choices=PurchaseOrder.Fulfillment.choices
    )
    fulfillment_notes = text_field("About the delivery")
    ship_to = text_field("Shipping address")
    supplier_reference = forms.CharField(
        label="The supplier’s reference", max_length=60, required=False
    )
    expected_on = day_field("Expected on")
    notes = text_field("Notes", help_text="For us; they are not on the order’s document.")

    def __init__(self, *args, currency, **kwargs):
        super().__init__(*args, **kwargs)
        others = Event.objects.filter(status__in=OPEN_EVENTS).exclude(currency=currency)
        found = others.order_by("currency").values_list("currency", flat=True).distinct()
        self.fields["currency"].choices = [(each, each) for each in (currency, *found)]

    @property
    def fields_of_order(self):
        """What was filled in, as keywords of `draft_order`."""
        return {name: value for name, value in self.cleaned_data.items() if value}


class OrderForm(BackOfficeForm):
    """The terms of an order. `seen` is the version it shows and `before` what that says, so that
    nobody's change is overwritten unseen."""

    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)
    before = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = PurchaseOrder
        fields = TERMS

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("fulfillment_notes", "ship_to", "notes"):
            if name in self.fields:
                self.fields[name].widget.attrs["rows"] = 3
        self.initial["seen"] = self.instance.version
        self.initial["before"] = values_of(self.instance)

    def clean_before(self):
        try:
            before = json.loads(self.cleaned_data["before"] or "{}")
        except ValueError:
            before = {}
        return before if isinstance(before, dict) else {}

    def changes(self):
        """{name: value} of every field of the form that is the order's."""
        return {name: self.cleaned_data[name] for name in TERMS if name in self.cleaned_data}


def values_of(order):
    """An order's terms as JSON text."""
    return json.dumps({name: _plain(getattr(order, name)) for name in TERMS})


def _plain(value):
    return value if value is None else str(value)


class PricesOfLine(forms.Form):
    """What a line's forms share: amounts in the order's currency, days, a code."""

    unit_cost = AmountField(label="Cost of each", **MONEY)
    retail_price = AmountField(
        label="Price of each",
        required=False,
        help_text="Before the buyer’s fee. Empty: the price of its level.",
        **MONEY,
    )
    face_value = AmountField(
        label="Face value of each",
        required=False,
        help_text="As printed on the organizer’s own ticket.",
        **MONEY,
    )
    item_code = forms.CharField(label="The supplier’s code", max_length=40, required=False)
    expected_on = day_field("Expected on")
    in_hand_on = day_field("In hand on")
    return_by = day_field("Returnable until")
    AMOUNTS = ("unit_cost", "retail_price", "face_value")

    def __init__(self, *args, order, **kwargs):
        super().__init__(*args, **kwargs)
        self.currency = order.currency
        for name in self.AMOUNTS:
            self.fields[name].label += f" ({order.currency})"

    def clean(self):
        given = super().clean()
        for name in self.AMOUNTS:
            if given.get(name) is not None:
                self.attempt(name, Money, given[name], self.currency)
        return given

    def attempt(self, name, work, *arguments, **words):
        """Whether the work is done without a refusal; if not, the field says why."""
        try:
            work(*arguments, **words)
        except DomainError as refused:
            self.add_error(name, refused.message)
            return False
        return True


class LineForm(PricesOfLine):
    """Seats of a section, of a price level or of what both cover, at one price each."""

    section = forms.ModelChoiceField(LayoutSection.objects.none(), required=False)
    level = forms.ModelChoiceField(
        PriceLevel.objects.none(),
        label="Price level",
        required=False,
        help_text="Instead of a section, or to take only its seats of this level.",
    )
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
    field_order = ("section", "level", "rows", "seats", "quantity")

    def __init__(self, *args, event, order, **kwargs):
        super().__init__(*args, order=order, **kwargs)
        sections = LayoutSection.objects.filter(layout=event.layout_id).order_by("position")
        self.fields["section"].queryset = sections
        self.fields["level"].queryset = event.levels.order_by("position", "pk")
        known = examples(LayoutSeat.objects.filter(section__in=sections))
        self.fields["section"].label_from_instance = lambda s: _with_rows(s, known.get(s.pk))
        chosen = str(self["section"].value())
        mine = [example for pk, example in known.items() if str(pk) == chosen]
        for example in [*mine, *known.values()][:1]:
            self.fields["rows"].help_text = f"Such as {example}. Empty: all rows."
        days = order.supplier.return_days
        if days is not None:
            self.fields["return_by"].help_text = f"Empty: {many(days, 'day')} before the event."

    def clean(self):
        """Marks every field that cannot stand, so that one look at the form is enough."""
        given = super().clean()
        section, rows, seats = (given.get(name) for name in ("section", "rows", "seats"))
        if not section and not given.get("level") and "section" not in self.errors:
            self.add_error("section", "Choose a section or a price level.")
        if section and self.attempt("rows", places_in, section, rows=rows or ""):
            self.attempt("seats", places_in, section, rows=rows or "", seats=seats or "")
        elif section:
            self.attempt("seats", places_in, section, seats=seats or "")
        return given

    def line(self):
        """What was filled in, as keywords of `add_line`; raises WrongScale."""
        given = dict(self.cleaned_data)
        for name in ("retail_price", "face_value"):
            if given[name] is not None:
                given[name] = Money(given[name], self.currency).amount
        return {**given, "unit_cost": Money(given["unit_cost"], self.currency)}


def _with_rows(section, example):
    """Stalls (250 places, rows such as A-C, F)"""
    rows = f", rows such as {example}" if example else ""
    return f"{section.label} ({many(section.places, 'place')}{rows})"


class ChangeLineForm(PricesOfLine):
    """Everything of a line but its places."""

    description = forms.CharField(max_length=200, label="Description")
    field_order = ("description",)


class LandedCostForm(forms.Form):
    kind = forms.ChoiceField(choices=LandedCost.Kind.choices)
    description = forms.CharField(max_length=120, required=False)
    amount = AmountField(**MONEY)

    def __init__(self, *args, order, **kwargs):
        super().__init__(*args, **kwargs)
        self.currency = order.currency
        self.fields["amount"].label = f"Amount ({order.currency})"

    def cost(self):
        """What was filled in, as keywords of `add_landed_cost`; raises WrongScale."""
        given = self.cleaned_data
        return {**given, "amount": Money(given["amount"], self.currency)}


class CancelForm(forms.Form):
    reason = forms.CharField(max_length=200, required=False)


class CallOffForm(forms.Form):
    """Which lines are called off, and why."""

    lines = forms.ModelMultipleChoiceField(
        None,
        error_messages={"required": "Choose at least one line."},
    )
    reason = forms.CharField(max_length=200)

    def __init__(self, *args, lines, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["lines"].queryset = lines


class ApproveForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)


class CopyForm(forms.Form):
    event = forms.ModelChoiceField(
        Event.objects.none(),
        required=False,
        empty_label="The same events",
        help_text="Another night in the same layout gets the same places.",
    )

    def __init__(self, *args, order, **kwargs):
        super().__init__(*args, **kwargs)
        layouts = order.lines.values("event__layout")
        coming = Event.objects.filter(
            status__in=OPEN_EVENTS, currency=order.currency, layout__in=layouts
        )
        self.fields["event"].queryset = coming.upcoming().order_by("starts_at", "pk")
        self.fields["event"].label_from_instance = _with_night


def _with_night(event):
    return f"{event}, {event.starts_at.astimezone(event.zone):%-d %b %Y}"


class MailForm(forms.Form):
    recipient = forms.EmailField(label="To")
    note = text_field("A few words", max_length=2000, help_text="They stand above the order.")
