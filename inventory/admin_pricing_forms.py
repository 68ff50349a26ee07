"""What is asked for a bulk change of prices and of a pricing rule."""

from decimal import Decimal

from django import forms
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from unfold.widgets import CHECKBOX_CLASSES

from core.admin_forms import AmountField, BackOfficeForm
from events.models import Event, PriceLevel
from inventory.models import PricingRule
from inventory.pricing.looking import Wish
from inventory.pricing.selecting import STATUSES, Selection
from inventory.pricing.setting import Setting, Way, roundings
from inventory.pricing.simulating import AT_MOST
from venues import ranges
from venues.forms import PlacesForm
from venues.models import LayoutSection

NO_LEVEL = "none"
HEAVY = [f"layout__{name}" for name in ("plan", "geometry_brotli", "geometry_gzip")]


class BulkPriceForm(PlacesForm):
    """Which places, what becomes of their prices, and why."""

    level = forms.ChoiceField(required=False, label="Price level")
    status = forms.ChoiceField(required=False, label="State", choices=[("", "Any"), *STATUSES])
    cost_from = AmountField(required=False, min_value=0, label="Cost from")
    cost_to = AmountField(required=False, min_value=0, label="Cost up to")
    owned_days_from = forms.IntegerField(
        required=False, min_value=0, max_value=10_000, label="Owned for at least, days"
    )
    owned_days_to = forms.IntegerField(
        required=False, min_value=0, max_value=10_000, label="Owned for at most, days"
    )
    words = forms.CharField(
        required=False,
        max_length=120,
        label="Words",
        help_text="Part of a section’s name, or an exact row or seat.",
    )
    way = forms.ChoiceField(label="What to do", choices=Way, initial=Way.PERCENT)
    value = AmountField(
        required=False, max_digits=14, label="How much", help_text="An amount, or percent."
    )
    rounding = forms.ChoiceField(required=False, label="Round")
    reason = forms.CharField(
        max_length=100, help_text="Stands in the history of every seat. Such as: last week."
    )
    below_cost_reason = forms.CharField(
        required=False,
        max_length=80,
        label="Below cost because",
        help_text="Only if prices may fall below cost and what a sale costs.",
    )
    FILTERS = (
        *("level", "status", "cost_from", "cost_to"),
        *("owned_days_from", "owned_days_to", "words"),
    )
    CHANGE = ("way", "value", "rounding", "reason", "below_cost_reason")

    def __init__(self, *args, event, among, **kwargs):
        words = {"layout": event.layout, "among": among, "is_required": False}
        super().__init__(*args, what="free to be priced", **words, **kwargs)
        levels = PriceLevel.objects.filter(event=event).order_by("position", "pk")
        self.fields["level"].choices = [
            ("", "All levels"),
            *((str(level.pk), level.name) for level in levels),
            (NO_LEVEL, "No level"),
        ]
        self.fields["rounding"].choices = [
            (key, words) for key, (words, _) in roundings(event.currency).items()
        ]

    def clean(self):
        given = super().clean()
        if (
            given.get("value") is None
            and given.get("way") != Way.LEVEL
            and "value" not in self.errors
        ):
            self.add_error("value", "Say how much.")
        if given.get("way") == Way.TO and (given.get("value") or 0) < 0:
            self.add_error("value", "A price is never less than nothing.")
        low, high = given.get("cost_from"), given.get("cost_to")
        if low is not None and high is not None and high < low:
            self.add_error("cost_to", "This is less than where it begins.")
        return given

    def _allowed(self, ordinals, must, named):
        """What somebody has bought meanwhile is no mistake: the look leaves it out and says so."""
        return ordinals

    @property
    def wish(self):
        """The Wish of a valid form."""
        given = self.cleaned_data
        setting = Setting(given["way"], given["value"] or Decimal(0), given["rounding"])
        rules = {name: given[name] for name in self.FILTERS}
        selection = Selection(places=ranges.spelled(self.ordinals), **rules)
        return Wish(selection, setting, given["reason"], given["below_cost_reason"])

    @property
    def filters(self):
        return [self[name] for name in self.FILTERS]

    @property
    def change(self):
        return [self[name] for name in self.CHANGE]


class RuleForm(BackOfficeForm):
    """The terms of a rule. Changing one takes it from work until it has been simulated again."""

    LABELS = {
        "owned_days_from": "Owned for at least, days",
        "days_to_event_from": "Event at least so many days away",
        "days_to_event_to": "Event at most so many days away",
        "sold_percent_from": "Sold at least, %",
        "sold_percent_to": "Sold at most, %",
        "velocity_from": "Seats sold a day, at least",
        "velocity_to": "Seats sold a day, at most",
        "velocity_days": "On average over the last days",
        "percent": "Change, %",
        "plus": "And an amount",
        "round_to": "In steps of",
        "max_change_percent": "In one go at most, %",
        "below_cost_reason": "Below cost because",
        "hours_between": "Hours between changes of a place",
    }
    HELP = {
        "event": "Empty: every coming event in its currency.",
        "section": "Sold and sold a day are counted within level and section.",
        "below_cost_reason": "Empty: never below cost and what a sale costs.",
        "round_to": "Such as 0.50. Empty: the smallest coin.",
    }

    class Meta:
        model = PricingRule
        fields = "__all__"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = self.LABELS.get(name, field.label)
            field.help_text = self.HELP.get(name, field.help_text)
        if "level" in self.fields:
            known = Q(starts_at__gt=Now()) | Q(pk=self.instance.event_id)
            self.fields["event"].queryset = Event.objects.filter(known).order_by("starts_at", "pk")
            levels = PriceLevel.objects.filter(
                Q(event__starts_at__gt=Now()) | Q(pk=self.instance.level_id)
            )
            self.fields["level"].queryset = levels.select_related("event").order_by(
                "event__starts_at", "event", "position", "pk"
            )
            self.fields["level"].label_from_instance = lambda level: f"{level.event}: {level}"
            layouts = Event.objects.filter(known).values("layout")
            sections = LayoutSection.objects.filter(
                Q(layout__in=layouts) | Q(pk=self.instance.section_id)
            )
            sections = sections.select_related("layout__venue").defer(*HEAVY)
            self.fields["section"].queryset = sections.order_by("layout", "position")
            self.fields["section"].label_from_instance = _section_in_words

    def clean(self):
        given = super().clean()
        for low, high in (
            ("days_to_event_from", "days_to_event_to"),
            ("sold_percent_from", "sold_percent_to"),
            ("velocity_from", "velocity_to"),
            ("floor", "ceiling"),
        ):
            least, most = given.get(low), given.get(high)
            if least is not None and most is not None and most < least:
                self.add_error(high, "This is less than where it begins.")
        event, level, section = (given.get(name) for name in ("event", "level", "section"))
        if level and event and level.event_id != event.pk:
            self.add_error("level", f"This is a level of {level.event}, not of {event}.")
        if section and event and section.layout_id != event.layout_id:
            self.add_error("section", f"{event} has no such section.")
        if given.get("basis") == PricingRule.Basis.PRESENT and given.get("hours_between") == 0:
            self.add_error(
                "hours_between",
                "A rule on the present price would change it at every turn: give it hours between.",
            )
        return given


def _section_in_words(section):
    return f"{section.layout.venue.name}, {section.layout}: {section.label}"


class PauseForm(forms.Form):
    until = forms.DateTimeField(
        label="Pause until",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="On the agency’s clock. Empty: it goes back to work now.",
    )

    def clean_until(self):
        until = self.cleaned_data["until"]
        if until and until <= timezone.now():
            raise forms.ValidationError("This moment has passed.")
        return until


class SimulateForm(forms.Form):
    """The past sales that a rule is tried on."""

    events = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": " ".join(CHECKBOX_CLASSES)}),
        label="Past sales",
    )

    def __init__(self, *args, events, **kwargs):
        super().__init__(*args, **kwargs)
        self.offered = {str(event.pk): event for event in events}
        self.fields["events"].choices = [
            (key, f"{event}, {event.local_start:%-d %b %Y}") for key, event in self.offered.items()
        ]
        self.fields["events"].initial = list(self.offered)[:1]

    def clean_events(self):
        chosen = self.cleaned_data["events"]
        if len(chosen) > AT_MOST:
            raise forms.ValidationError(f"Choose at most {AT_MOST}.")
        return [self.offered[key] for key in chosen]
