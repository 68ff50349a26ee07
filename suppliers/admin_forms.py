"""Forms of a purchase order: its draft, a line, what has arrived."""

import hashlib

from django import forms
from django.db.models import Q

from core.admin_forms import AmountField
from core.errors import DomainError, Invalid
from core.money import Money, total
from suppliers.models import Acquisition, PaymentTerms, PurchaseOrder, Supplier
from suppliers.services.landed import amount_of
from venues.models import LayoutSeat, LayoutSection
from venues.places import examples, in_words, places_in

ALL, PART, NOTHING = "all", "part", "nothing"


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


def expected_of(lines):
    """{line id: [ordinal still expected]} in map order."""
    arrived = {}
    rows = Acquisition.objects.filter(line__in=lines).values_list("line_id", "event_seat__ordinal")
    for line_id, ordinal in rows:
        arrived.setdefault(line_id, set()).add(ordinal)
    return {line.pk: sorted(set(line.ordinals) - arrived.get(line.pk, set())) for line in lines}


def _with_rows(section, example):
    """Stalls (250 places, rows such as A-C, F)"""
    rows = f", rows such as {example}" if example else ""
    return f"{section.label} ({section.places:,} places{rows})"


class ReceiveForm(forms.Form):
    """What has arrived: of each line all, a part by rows and seats or a number, or nothing."""

    delivery_reference = forms.CharField(
        label="Delivery reference", max_length=60, required=False, help_text="As on their note."
    )

    def __init__(self, *args, lines, **kwargs):
        super().__init__(*args, **kwargs)
        self.expected = expected_of(lines)
        self.lines = [line for line in lines if self.expected[line.pk]]
        self.examples = examples(self._coming())
        for number, _ in enumerate(self.lines):
            self._add_line(number)

    def _add_line(self, number):
        choices = [(ALL, "All of it"), (PART, "A part"), (NOTHING, "Nothing")]
        self.fields[f"take_{number}"] = forms.ChoiceField(choices=choices, initial=ALL)
        for name in ("rows", "seats"):
            self.fields[f"{name}_{number}"] = forms.CharField(required=False)
        self.fields[f"quantity_{number}"] = forms.IntegerField(required=False, min_value=1)

    def _coming(self):
        coming = Q(pk__in=[])
        for line in self.lines:
            coming |= Q(section=line.section_id, ordinal__in=self.expected[line.pk])
        return LayoutSeat.objects.filter(coming)

    def shown_lines(self):
        """[(line, how many are expected, how its rows are written, its bound fields)]"""
        return [
            (
                line,
                len(self.expected[line.pk]),
                self.examples.get(line.section_id, ""),
                {name: self[f"{name}_{number}"] for name in ("take", "rows", "seats", "quantity")},
            )
            for number, line in enumerate(self.lines)
        ]

    def clean(self):
        given = super().clean()
        self.parts = {}
        for number, line in enumerate(self.lines):
            try:
                ordinals = self._ordinals(number, line, given)
            except DomainError as error:
                self.add_error(f"rows_{number}", error.message)
                continue
            if ordinals:
                self.parts[line.pk] = ordinals
        if not self.parts and not self.errors:
            raise forms.ValidationError("Nothing is marked as arrived.")
        return given

    def _ordinals(self, number, line, given):
        expected = self.expected[line.pk]
        rows, seats, quantity = (given.get(f"{n}_{number}") for n in ("rows", "seats", "quantity"))
        take = given.get(f"take_{number}")
        if take == NOTHING:
            return []
        if take == ALL and not (rows or seats or quantity):
            return expected
        if not (rows or seats or quantity):
            raise Invalid("Say which part: rows, seats, or how many.")
        named = places_in(line.section, rows=rows, seats=seats, around=set(expected))
        return self._still_expected(line, named, bool(seats), quantity)

    def _still_expected(self, line, named, is_exact, quantity):
        """The named places that are still to come. Seats that are named one by one must all be."""
        expected = set(self.expected[line.pk])
        coming = [place.ordinal for place in named if place.ordinal in expected]
        others = [place for place in named if place.ordinal not in expected]
        if is_exact and others:
            raise Invalid(f"Not expected on this line: {in_words(others)}.")
        if not coming:
            raise Invalid("None of these places is still expected on this line.")
        if quantity and quantity > len(coming):
            raise Invalid(f"Only {len(coming)} of these places are still expected.")
        return coming[:quantity] if quantity else coming

    @property
    def fingerprint(self):
        """Names exactly these places, so that what was previewed is what is received."""
        spelled = repr(sorted((str(line), ordinals) for line, ordinals in self.parts.items()))
        return hashlib.sha256(spelled.encode()).hexdigest()[:16]

    def arriving(self):
        """[(line, LayoutSeats)] of what is marked."""
        return [
            (
                line,
                list(
                    LayoutSeat.objects.filter(
                        layout=line.event.layout_id, ordinal__in=self.parts[line.pk]
                    ).order_by("ordinal")
                ),
            )
            for line in self.lines
            if line.pk in self.parts
        ]

    def amount(self, currency):
        """What is owed for it, as Money."""
        arriving = (line for line in self.lines if line.pk in self.parts)
        return total((amount_of(line, self.parts[line.pk]) for line in arriving), currency)
