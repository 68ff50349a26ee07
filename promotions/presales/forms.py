"""What staff say of a presale."""

from django import forms
from django.db.models import Q
from django.db.models.functions import Now
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from core.admin_forms import BackOfficeForm
from core.errors import Invalid
from customers.models import BuyerList
from events.models import Event, PriceLevel
from inventory.forms import StockForm
from inventory.models import Presale
from promotions.forms import Keys, event_words, level_words
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


class PresaleForm(BackOfficeForm):
    """Terms of a presale; after it was valid, `terms`."""

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
            coming = Event.objects.filter(starts_at__gt=Now(), layout__isnull=False)
            self.fields["event"].queryset = coming.order_by("starts_at", "pk")
            self.fields["event"].label_from_instance = event_words
        event = self._known_event()
        of_event = Q(event=event) if event else Q(event__starts_at__gt=Now())
        levels = PriceLevel.objects.filter(of_event).select_related("event")
        self.fields["levels"].queryset = levels.order_by("event__starts_at", "position", "pk")
        self.fields["levels"].label_from_instance = level_words
        if event:
            only = f"Choose price levels of {event} only."
            self.fields["levels"].error_messages["invalid_choice"] = only
        self.fields["lists"].queryset = BuyerList.objects.order_by("name", "pk")
        if not self.instance._state.adding:
            offer = offer_of(self.instance)
            self.initial |= {name: getattr(offer, column) for name, (_, column) in LIMITS.items()}

    def _known_event(self):
        """The Event that it is of, as far as that is said yet, or None."""
        if not self.instance._state.adding:
            return self.instance.event
        field = self["event"]
        try:
            return field.field.clean(field.data if self.is_bound else field.initial)
        except forms.ValidationError:
            return None

    def clean(self):
        given = super().clean()
        event = given.get("event") or (None if self.instance._state.adding else self.instance.event)
        if event and {"name", "starts_at"} <= given.keys() and not self.errors:
            try:
                check(event, self.terms)
            except Invalid as no:
                self.add_error(None, no.message)
        return given

    @property
    def terms(self):
        names = ("name", "starts_at", "ends_at", "levels", "lists", *LIMITS)
        return Terms(**{name: self.cleaned_data[name] for name in names})


class PresalePlacesForm(StockForm):
    TERMS = ()
