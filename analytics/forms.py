"""What a report can be asked: forms bound to the address, so that an answer can be kept as a link.
What the address leaves out is as usual (`initial`)."""

from datetime import date, timedelta

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from agencies.queries import current_agency, local_today
from events.models import Event

FIRST, LAST = date(2000, 1, 1), date(2100, 1, 1)


class DayField(forms.DateField):
    """A day of the agency's calendar, 2026-11-21 in the address."""

    def __init__(self, **kwargs):
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        kwargs = {"widget": widget, "input_formats": ["%Y-%m-%d"], **kwargs}
        super().__init__(**kwargs)
        self.validators += [MinValueValidator(FIRST), MaxValueValidator(LAST)]
        self.error_messages["invalid"] = "Write the day as 2026-11-21."


class CurrencyField(forms.CharField):
    """Three letters; empty is every currency."""

    def __init__(self, **kwargs):
        super().__init__(**{"max_length": 3, "required": False, **kwargs})
        self.widget.attrs |= {"size": 4, "autocapitalize": "characters"}

    def clean(self, value):
        currency = super().clean(value).strip().upper()
        if currency and not (len(currency) == 3 and currency.isalpha() and currency.isascii()):
            raise forms.ValidationError("Write a currency as its three letters, such as EUR.")
        return currency


def first_of_month():
    return local_today().replace(day=1)


def four_weeks_ago():
    return local_today() - timedelta(days=27)


def thirty_days():
    """The first of the last thirty days, today among them."""
    return local_today() - timedelta(days=29)


def a_year_ago():
    return local_today() - timedelta(days=364)


def own_currency():
    return current_agency().currency


class AskForm(forms.Form):
    """The base of all: takes the address's parameters (a QueryDict or dict)."""

    def __init__(self, asked):
        usual = {name: self._usual(field) for name, field in self.base_fields.items()}
        given = {name: asked.get(name) for name in asked if name in self.base_fields}
        super().__init__({**usual, **given})

    @staticmethod
    def _usual(field):
        return field.initial() if callable(field.initial) else field.initial

    @property
    def in_address(self):
        """{name: text} of what was asked, for links to the same answer."""
        shown = {name: self[name].value() for name in self.fields}
        return {name: value for name, value in shown.items() if value not in (None, "")}


class AsOfForm(AskForm):
    """`on` is a day; the answer is as of its end."""

    on = DayField(label="At the end of", initial=local_today)


class PeriodForm(AskForm):
    """`since` and `until` are days, both within the period."""

    since = DayField(label="From", initial=first_of_month)
    until = DayField(label="To", initial=local_today)

    def clean(self):
        given = super().clean()
        since, until = given.get("since"), given.get("until")
        if since and until and since > until:
            self.add_error("until", "The period ends before it begins.")
        return given


class EventField(forms.ModelChoiceField):
    """One event, or all of them."""

    def __init__(self, **kwargs):
        events = Event.objects.order_by("-starts_at", "pk")
        super().__init__(events, **{"required": False, "empty_label": "All events", **kwargs})

    def label_from_instance(self, event):
        return f"{event.title}, {event.local_start:%-d %b %Y}"


DIVISIONS = [
    ("event", "Event"),
    ("section", "Section"),
    ("level", "Price level"),
    ("supplier", "Supplier"),
    ("order", "Purchase order"),
]


class ByField(forms.ChoiceField):
    """What a report has a row for; "event" where the address leaves it out."""

    def __init__(self, choices=DIVISIONS, **kwargs):
        super().__init__(**{"label": "By", "choices": choices, "initial": choices[0][0], **kwargs})


class StockForm(AsOfForm):
    WHICH = [("all", "All"), ("coming", "Still to come"), ("over", "Over")]

    by = ByField()
    which = forms.ChoiceField(label="Events", choices=WHICH, initial="all")
    event = EventField()


class MovementForm(PeriodForm):
    STEPS = [("period", "The whole period"), ("day", "Day"), ("week", "Week"), ("month", "Month")]
    EACH = [("event", "Each event"), ("all", "All events together")]

    since = DayField(label="From", initial=four_weeks_ago)
    by = ByField(choices=STEPS)
    each = ByField(choices=EACH, label="Rows for")
    event = EventField()


class AgeForm(AsOfForm):
    AGES = [("owned", "Days owned"), ("to_event", "Days to the event")]

    by = ByField(choices=AGES)
    event = EventField()


class ProfitForm(PeriodForm):
    since = DayField(label="Sold from", initial=a_year_ago)
    by = ByField()
    event = EventField()


class OrdersForm(PeriodForm):
    since = DayField(label="Confirmed from", initial=a_year_ago)
