"""What staff say of a presale."""

from django import forms
from django.utils.safestring import mark_safe
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget

from customers.models import BuyerList
from events.forms import TermsForm, coming_events, event_words
from events.models import Event, PriceLevel
from inventory.forms import StockForm
from inventory.models import Presale
from promotions.forms import Keys
from promotions.presales.making import Terms, check, offer_of

LIMITS = {
    "bookings": ("Bookings in all, at most", "usage_limit"),
    "bookings_each": ("Bookings of one buyer, at most", "usage_limit_per_customer"),
    "tickets_each": ("Tickets of one buyer, at most", "tickets_per_customer"),
}


def _limit(label):
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Reservations count until they are paid or over. Empty: any number.",
    )


class EventForm(forms.Form):
    """Of which event? Asked first, for what is asked next goes by it."""

    event = forms.ModelChoiceField(
        Event.objects.none(), empty_label="Choose an event", widget=UnfoldAdminSelectWidget
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["event"].queryset = coming_events().filter(layout__isnull=False)
        self.fields["event"].label_from_instance = event_words


class PresaleForm(TermsForm):
    """Terms of a presale of an event, which is in `initial` or given; after it was valid, `terms`."""

    check_terms = staticmethod(check)

    levels = Keys(
        PriceLevel.objects.none(), required=False, label="Price levels", help_text="None: all."
    )
    lists = Keys(
        BuyerList.objects.none(),
        required=False,
        help_text="Who is on one comes in without a code, by a link mailed to his address.",
    )
    bookings = _limit(LIMITS["bookings"][0])
    bookings_each = _limit(LIMITS["bookings_each"][0])
    tickets_each = _limit(LIMITS["tickets_each"][0])

    class Meta:
        model = Presale
        fields = ["event", "name", "starts_at", "ends_at", "levels", "lists"]
        help_texts = {
            "starts_at": "On the agency’s clock.",
            "ends_at": "Empty: when the sale to all begins. Places set aside for presales in an "
            "allocation plan are everybody’s from then on.",
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "event" in self.fields:
            self.fields["event"].queryset = coming_events().filter(layout__isnull=False)
            self.fields["event"].label_from_instance = event_words
        event = self._known_event()
        if event:
            self._ask_about(event)
        self.fields["lists"].queryset = BuyerList.objects.order_by("name", "pk")
        if not self.instance._state.adding:
            offer = offer_of(self.instance)
            self.initial |= {name: getattr(offer, column) for name, (_, column) in LIMITS.items()}

    def _ask_about(self, event):
        """Offers the price levels of this event, and no other event but on the page before."""
        if "event" in self.fields:
            self.fields["event"].queryset = Event.objects.filter(pk=event.pk)
            self.fields["event"].empty_label = None
            self.fields["event"].help_text = mark_safe('<a href="?">Of another event</a>')
        levels = PriceLevel.objects.filter(event=event).order_by("position", "pk")
        self.fields["levels"].queryset = levels
        self.fields["levels"].label_from_instance = _level_words
        only = f"Choose price levels of {event} only."
        self.fields["levels"].error_messages["invalid_choice"] = only

    def _known_event(self):
        """The Event that it is of, as far as that is said yet, or None."""
        if not self.instance._state.adding:
            return self.instance.event
        field = self["event"]
        try:
            return field.field.clean(field.data if self.is_bound else field.initial)
        except forms.ValidationError:
            return None

    @property
    def terms(self):
        names = ("name", "starts_at", "ends_at", "levels", "lists", *LIMITS)
        said = {name: self.cleaned_data[name] for name in names}
        said |= {name: self._moment(name, said[name]) for name in ("starts_at", "ends_at")}
        return Terms(**said)

    def _moment(self, name, said):
        """What is stored, to the microsecond, where the form said the same as far as it shows it."""
        stored = None if self.instance._state.adding else self.initial.get(name)
        if not said or not stored:
            return said
        shown = (stored.replace(microsecond=0), stored.replace(second=0, microsecond=0))
        return stored if said in shown else said


def _level_words(level):
    """Stalls, €40.00"""
    return f"{level}, {level.money.display()}"


class PresalePlacesForm(StockForm):
    TERMS = ()
