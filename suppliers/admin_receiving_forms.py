"""Forms of a delivery: what the supplier sent, or line by line what has arrived; files of his."""

import hashlib

from django import forms
from django.db.models import Q

from agencies.queries import local_today
from core.errors import DomainError, Invalid
from core.money import total
from events.models import Event
from suppliers.admin_forms import day_field
from suppliers.models import Acquisition, DeliveryDocument, Fulfillment
from suppliers.reading import Part
from suppliers.reading.files import MOST_BYTES
from suppliers.reading.text import as_text
from suppliers.services.landed import amount_of
from venues.models import LayoutSeat
from venues.places import examples, in_words, places_in

ALL, PART, NOTHING = "all", "part", "nothing"
EXAMPLE = """Sec 112 Row F 1-12 odd
Section Parterre, A 1-5
A rows 1-5, any 40

or cells below headings: section, row, seat, barcode"""


def expected_of(lines):
    """{line id: [ordinal still expected]} in map order."""
    arrived = {}
    rows = Acquisition.objects.filter(line__in=lines).values_list("line_id", "event_seat__ordinal")
    for line_id, ordinal in rows:
        arrived.setdefault(line_id, set()).add(ordinal)
    return {
        line.pk: sorted(set(line.ordinals) - arrived.get(line.pk, set()))
        if line.outstanding
        else []
        for line in lines
    }


class SentForm(forms.Form):
    """What the supplier sent, as text or as a file. After it was valid, `text` says either."""

    text = forms.CharField(
        label="What they sent",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "placeholder": EXAMPLE, "spellcheck": "false"}),
    )
    file = forms.FileField(label="Or their file", required=False, help_text="CSV, text or XLSX.")
    event = forms.ModelChoiceField(
        Event.objects.none(), required=False, help_text="Of lines that name none."
    )

    def __init__(self, *args, order, **kwargs):
        super().__init__(*args, **kwargs)
        events = Event.objects.filter(order_lines__order=order).distinct().order_by("starts_at")
        self.fields["event"].queryset = events
        if events.count() < 2:
            del self.fields["event"]

    def clean(self):
        given = super().clean()
        file = given.get("file")
        if file and file.size > MOST_BYTES:
            self.add_error("file", f"This file is larger than {MOST_BYTES >> 20} MB.")
        elif file:
            self._read(file)
        return given

    def _read(self, file):
        self.content = file.read()
        try:
            self.cleaned_data["text"] = as_text(self.content)
        except DomainError as refused:
            self.add_error("file", refused.message)

    @property
    def kept(self):
        """What was sent, as keywords of `keep_delivery`."""
        file = self.cleaned_data.get("file")
        name = {"file_name": file.name[-120:]} if file else {}
        return {
            "text": self.cleaned_data["text"],
            "event": self.cleaned_data.get("event"),
            **name,
        }


class ReceiveForm(SentForm):
    """What has arrived: what the supplier sent; or of each line all, a part by rows and seats or a
    number, or nothing."""

    delivery_reference = forms.CharField(
        label="Delivery reference", max_length=60, required=False, help_text="As on their note."
    )
    delivered_on = day_field("Delivered on")
    fulfillment = forms.ChoiceField(
        label="How it came", choices=Fulfillment.choices, required=False
    )
    transfer_details = forms.CharField(
        label="Transfer details",
        required=False,
        max_length=500,
        help_text="Account, e-mail or link through which the tickets came.",
    )
    DETAILS = ("delivery_reference", "delivered_on", "fulfillment", "transfer_details")

    def __init__(self, *args, order, lines, **kwargs):
        super().__init__(*args, order=order, **kwargs)
        self.fields["fulfillment"].initial = order.fulfillment
        self.fields["delivered_on"].initial = local_today()
        self.expected = expected_of(lines)
        self.lines = [line for line in lines if self.expected[line.pk]]
        self.examples = examples(self._coming())
        for number, _ in enumerate(self.lines):
            self._add_line(number)

    def _add_line(self, number):
        choices = [(ALL, "All of it"), (PART, "A part"), (NOTHING, "Nothing")]
        self.fields[f"take_{number}"] = forms.ChoiceField(
            choices=choices, initial=ALL, required=False
        )
        for name in ("rows", "seats"):
            self.fields[f"{name}_{number}"] = forms.CharField(required=False)
        self.fields[f"quantity_{number}"] = forms.IntegerField(required=False, min_value=1)

    def _coming(self):
        coming = Q(pk__in=[])
        for line in self.lines:
            coming |= Q(layout=line.event.layout_id, ordinal__in=self.expected[line.pk])
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

    @property
    def was_sent(self):
        """Whether there is something of the supplier to read."""
        return bool((self.cleaned_data.get("text") or "").strip() or "file" in self.errors)

    @property
    def details(self):
        """Columns of the receipt, as JSON."""
        given = {name: self.cleaned_data.get(name) for name in self.DETAILS}
        return {name: str(value) for name, value in given.items() if value}

    def clean(self):
        given = super().clean()
        self.parts = {}
        if self.was_sent:
            self._refuse_both(given)
            return given
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

    def _refuse_both(self, given):
        named = ("rows", "seats", "quantity")
        if any(given.get(f"{n}_{number}") for number, _ in enumerate(self.lines) for n in named):
            self.add_error(None, "Either give what they sent, or fill in lines: not both.")

    def _ordinals(self, number, line, given):
        expected = self.expected[line.pk]
        rows, seats, quantity = (given.get(f"{n}_{number}") for n in ("rows", "seats", "quantity"))
        take = given.get(f"take_{number}") or ALL
        if take == NOTHING:
            return []
        if take == ALL and not (rows or seats or quantity):
            return expected
        if not (rows or seats or quantity):
            raise Invalid("Say which part: rows, seats, or how many.")
        if not line.section and (rows or seats):
            raise Invalid("This line has several sections: name its places in the box above.")
        named = self._named(line, rows, seats)
        return self._still_expected(line, named, bool(seats), quantity)

    def _named(self, line, rows, seats):
        expected = self.expected[line.pk]
        if line.section:
            return places_in(line.section, rows=rows, seats=seats, around=set(expected))
        places = LayoutSeat.objects.filter(layout=line.event.layout_id, ordinal__in=expected)
        return list(places.order_by("ordinal"))

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

    def amount(self, currency):
        """What it costs, extra costs included, as Money."""
        arriving = (line for line in self.lines if line.pk in self.parts)
        return total((amount_of(line, self.parts[line.pk]) for line in arriving), currency)

    def as_parts(self):
        """What is marked, as Parts."""
        return [Part(line, tuple(ordinals)) for line, ordinals in self.parts.items()]


class DocumentForm(forms.Form):
    """A file of the supplier to keep with the order."""

    file = forms.FileField(label="File", help_text="Of any kind, 10 MB at most.")

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > DeliveryDocument.MAX_BYTES:
            raise forms.ValidationError("This file is larger than 10 MB.")
        return file
