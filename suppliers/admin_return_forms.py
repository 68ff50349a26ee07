"""Forms of sending seats back: what is looked at, how much goes, what the supplier answered."""

from django import forms
from django.utils import timezone

from agencies.queries import local_today
from core.admin_forms import AmountField
from core.money import Money
from events.models import Event
from suppliers.models import ReturnLine, Supplier
from suppliers.return_paper import with_places
from suppliers.returnable import proposals
from venues.labels import section_name
from venues.models import LayoutSeat

WINDOWS = [
    ("", "All windows"),
    ("3", "3 days"),
    ("7", "7 days"),
    ("14", "14 days"),
    ("30", "30 days"),
]
MONEY = {"max_digits": 14, "decimal_places": 3, "min_value": 0}


class NarrowForm(forms.Form):
    """Which proposals are looked at."""

    supplier = forms.ModelChoiceField(
        Supplier.objects.all(), required=False, empty_label="All suppliers"
    )
    event = forms.ModelChoiceField(
        Event.objects.none(), required=False, empty_label="All events to come"
    )
    within = forms.TypedChoiceField(
        label="Window closes within", choices=WINDOWS, required=False, coerce=int, empty_value=None
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        coming = Event.objects.filter(starts_at__gt=timezone.now(), order_lines__isnull=False)
        self.fields["event"].queryset = coming.distinct().order_by("starts_at", "pk")

    def proposals(self):
        given = self.cleaned_data if self.is_valid() else {}
        supplier, event = given.get("supplier"), given.get("event")
        return proposals(
            supplier_id=supplier and supplier.pk,
            event_id=event and event.pk,
            within=given.get("within"),
        )


class WantedForm(forms.Form):
    """How many seats of each proposal go back, and why."""

    reason = forms.CharField(max_length=200, required=False, help_text="The supplier reads it.")

    def __init__(self, *args, found, **kwargs):
        super().__init__(*args, **kwargs)
        self.found = found
        now, today = timezone.now(), local_today()
        for each in found:
            self.fields[f"seats_{each.line_id}"] = forms.IntegerField(
                label=f"Seats of {each.line}", required=False, min_value=0, max_value=each.free
            )
        self.evidence = [
            (each, each.unsold(now), each.days_owned(now), each.days_to_event(now),
             each.days_left(today), self[f"seats_{each.line_id}"])
            for each in found
        ]  # fmt: skip

    def clean(self):
        given = super().clean()
        self.wanted = {
            each.line_id: given[f"seats_{each.line_id}"]
            for each in self.found
            if given.get(f"seats_{each.line_id}")
        }
        if not self.wanted and not self.errors:
            raise forms.ValidationError("Say of at least one line how many seats go back.")
        return given

    def chosen(self):
        """[(Proposal, how many)]"""
        return [
            (each, self.wanted[each.line_id]) for each in self.found if each.line_id in self.wanted
        ]


class AnswerForm(forms.Form):
    """What the supplier takes back and gives for it; `kept` are the seats that stay ours."""

    supplier_reference = forms.CharField(label="Their reference", max_length=60, required=False)
    credit = AmountField(
        label="Credit they give", required=False, help_text="Empty: what the seats cost.", **MONEY
    )
    kept = forms.ModelMultipleChoiceField(
        ReturnLine.objects.none(),
        required=False,
    )

    def __init__(self, *args, asked, **kwargs):
        super().__init__(*args, **kwargs)
        self.currency = asked.currency
        self.fields["credit"].label += f" ({asked.currency})"
        self.fields["kept"].queryset = asked.lines.all()
        self.lines = asked.lines.all()

    def shown_lines(self):
        """[(ReturnLine, its event, its place in words, its cost as Money, whether it is marked)]"""
        marked = set(map(str, self["kept"].value() or []))
        return [
            (line, line.acquisition.line.event, seat_in_words(seat),
             Money(line.cost, line.currency), str(line.pk) in marked)
            for line, seat in with_places(self.lines)
        ]  # fmt: skip

    @property
    def answer(self):
        """What was filled in, as keywords of `accept_return`; raises WrongScale."""
        given = self.cleaned_data
        credit = given["credit"]
        return {
            "supplier_reference": given["supplier_reference"],
            "credit": None if credit is None else Money(credit, self.currency),
            "kept": [line.pk for line in given["kept"]],
        }


def seat_in_words(seat):
    if seat.kind == LayoutSeat.Kind.STANDING:
        return f"{section_name(seat.section.label)}, standing"
    row = f", row {seat.row}" if seat.row else ""
    return f"{section_name(seat.section.label)}{row}, seat {seat.label}"
