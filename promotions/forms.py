"""What is asked for a promotion, a code, and many codes."""

from django import forms
from django.db.models import Q
from django.db.models.functions import Now
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectMultipleWidget

from core.admin_forms import AmountField, BackOfficeForm
from events.forms import event_words
from events.models import Channel, Event, PriceLevel
from promotions.codes import LONGEST
from promotions.models import MOST_CODES, TERMS, Promotion
from promotions.terms import OFFERED, problems_of, problems_of_limits, tidied

LIMITS = ("usage_limit", "usage_limit_per_customer")
LEVELS = "None: any. Once it is saved with its events, only theirs are offered."


def _boxes(choices, **options):
    return forms.MultipleChoiceField(
        choices=choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="None: any.",
        **options,
    )


class Keys(forms.ModelMultipleChoiceField):
    """Rows of a model, kept as a list of their keys."""

    widget = UnfoldAdminSelectMultipleWidget

    def clean(self, value):
        return [row.pk for row in super().clean(value)]


def level_words(level):
    """The Low Lanterns, 13 Mar 2027: Stalls, €40.00"""
    return f"{event_words(level.event)}: {level}, {level.money.display()}"


class PromotionForm(BackOfficeForm):
    """The terms of a promotion, as long as it is a draft; its name, window and limits always."""

    kinds = _boxes(Event.Kind.choices, label="Kinds of events")
    channels = _boxes(Channel.choices, label="Sold through")
    events = Keys(Event.objects.none(), required=False, help_text="None: any.")
    levels = Keys(PriceLevel.objects.none(), required=False, label="Price levels", help_text=LEVELS)

    class Meta:
        model = Promotion
        fields = [*TERMS, *("name", "description", "starts_at", "ends_at"), *LIMITS]
        field_classes = {"percent": AmountField}
        labels = {"percent": "Percent off", "amount": "Amount off", "buy": "Buy", "get": "Get"}
        help_texts = {
            "percent": "Of the tickets; for buy some, get some: of those that are got, 100 for free.",
            "per": "For an amount: once a booking, or off each ticket.",
            "get": "The cheapest of all are those that are got.",
            "min_amount": "Of the tickets it is good for, as listed.",
            "usage_limit": "Reservations count until they are paid or over. Empty: any number.",
            "usage_limit_per_customer": "Known by e-mail. Empty: any number.",
            "is_stackable": "If not, a buyer gets either this alone or the others: what gives more.",
            "priority": "The lowest is taken off first; at the same, percent before amounts.",
            "starts_at": "On the agency’s clock. Empty: when it is activated.",
            "ends_at": "Empty: until somebody ends it.",
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in self.declared_fields.keys() - set(self._meta.fields):
            self.fields.pop(name)  # not asked on this page
        if "type" in self.fields:
            self.fields["type"].choices = OFFERED
        if "events" in self.fields:
            known = Q(starts_at__gt=Now()) | Q(pk__in=self.instance.events)
            self.fields["events"].queryset = Event.objects.filter(known).order_by("starts_at", "pk")
            self.fields["events"].label_from_instance = event_words
        if "levels" in self.fields:
            of_events = Q(event__starts_at__gt=Now())
            if self.instance.events and not self.is_bound:
                of_events = Q(event__in=self.instance.events)
            known = of_events | Q(pk__in=self.instance.levels)
            levels = PriceLevel.objects.filter(known).select_related("event")
            self.fields["levels"].queryset = levels.order_by("event__starts_at", "position", "pk")
            self.fields["levels"].label_from_instance = level_words

    def clean_currency(self):
        currency = self.cleaned_data["currency"].strip().upper()
        if not (currency.isascii() and currency.isalpha() and len(currency) == 3):
            raise forms.ValidationError("Three letters, such as EUR.")
        return currency

    def clean(self):
        given = super().clean()
        if {"type", "currency"} <= given.keys():
            given.update(tidied(given))
            self._say(problems_of(given))
        self._say(problems_of_limits(given, self.instance))
        return given

    def _say(self, problems):
        for name, words in problems:
            if name not in self.errors:
                self.add_error(name, words)


class CodeForm(forms.Form):
    text = forms.CharField(
        label="Code",
        max_length=LONGEST,
        help_text="Letters and figures. Capitals, hyphens and blanks make no difference.",
    )
    usage_limit = forms.IntegerField(
        label="Uses, at most",
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="Empty: any number.",
    )


class CodesForm(forms.Form):
    count = forms.IntegerField(label="How many", min_value=1, max_value=MOST_CODES)
    prefix = forms.CharField(
        label="Beginning with",
        max_length=12,
        required=False,
        help_text="Such as SPRING. Twelve letters that nobody can guess follow.",
    )
    usage_limit = forms.IntegerField(
        label="Uses of each, at most", initial=1, min_value=1, max_value=2**31 - 1
    )

    def clean_prefix(self):
        return self.cleaned_data["prefix"].strip().upper()
