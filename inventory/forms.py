"""Forms of holds: for whom, until when, and which places."""

from django import forms
from django.db.models import Exists, OuterRef

from accounts.models import User
from agencies.models import Membership
from core.errors import Invalid
from events.models import PriceLevel
from inventory.models import Hold
from inventory.services import Terms, Wanted
from inventory.stock import best_first, last_first
from venues.forms import PlacesForm

ORDERS = [("BEST", "The best first"), ("LAST", "The last first")]


def moment_field(label, help_text=""):
    return forms.DateTimeField(
        label=label,
        required=False,
        help_text=help_text,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )


class StockForm(PlacesForm):
    """Places out of those that are to be had, perhaps only of a level and only so many of them.
    `places` are the StockPlaces of `event`, `may` says of each whether it is one of them."""

    level = forms.ModelChoiceField(PriceLevel.objects.none(), required=False)
    quantity = forms.IntegerField(
        label="How many",
        required=False,
        min_value=1,
        help_text="So many of the places chosen above, or of all that may be taken. Empty: all chosen.",
    )
    order = forms.ChoiceField(label="Which of them", choices=ORDERS, required=False)
    AMOUNT = ("level", "quantity", "order")
    ORDER = "BEST"  # when nobody says which of them

    def __init__(self, *args, event, places, may, **kwargs):
        self.event = event
        self.stock = [place for place in places if may(place)]
        among = {place.ordinal for place in self.stock}
        super().__init__(*args, layout=event.layout, among=among, is_required=False, **kwargs)
        self.fields["level"].queryset = PriceLevel.objects.filter(event=event)
        self.fields["order"].initial = self.ORDER

    def clean(self):
        given = super().clean()
        level, quantity = given.get("level"), given.get("quantity")
        if not self.errors and not (self.ordinals or level or given.get("section") or quantity):
            words = "Choose places on the map, name their section or level, or say how many."
            self.add_error(None, words)
        chosen = set(self.ordinals or (place.ordinal for place in self.stock))
        if level:
            chosen &= {place.ordinal for place in self.stock if place.level_id == level.pk}
        if not chosen and not self.errors:
            self.add_error("level", f"None of these places is {self.what}.")
        if quantity and quantity > len(chosen) and not self.errors:
            self.add_error("quantity", f"Only {len(chosen):,} of these places are {self.what}.")
        self.ordinals = sorted(self._ranked(chosen, quantity) if quantity else chosen)
        return given

    def _ranked(self, chosen, quantity):
        in_order = last_first if self._order() == "LAST" else best_first
        places = [place for place in self.stock if place.ordinal in chosen]
        focus = self.event.layout.plan["focal"]
        return [place.ordinal for place in in_order(places, focus)[:quantity]]

    def _order(self):
        return self.cleaned_data.get("order") or self.ORDER

    @property
    def wanted(self):
        """What was chosen, for the services. A number of a section or level is looked for again when
        it is taken, for others may have been faster."""
        given = self.cleaned_data
        if given["quantity"] and not (given["places"] or given["rows"] or given["seats"]):
            return Wanted(
                quantity=given["quantity"],
                section_id=given["section"] and given["section"].pk,
                level_id=given["level"] and given["level"].pk,
                order=self._order(),
            )
        return Wanted(ordinals=tuple(self.ordinals))


class HoldForm(StockForm):
    kind = forms.ChoiceField(label="For whom", choices=Hold.Kind.choices)
    name = forms.CharField(max_length=120, help_text="Such as The band’s guests.")
    reason = forms.CharField(max_length=200, required=False)
    until = moment_field("Held until", "In the agency’s time. Empty: until somebody releases it.")
    notice_at = moment_field("Tell them at", "Owner and contact get a mail then.")
    owner = forms.ModelChoiceField(User.objects.none(), required=False)
    contact = forms.EmailField(required=False, help_text="Outside the house; told like the owner.")
    TERMS = ("kind", "name", "reason", "until", "notice_at", "owner", "contact")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        member = Membership.objects.filter(user=OuterRef("pk"))
        members = User.objects.filter(Exists(member), is_active=True).order_by("name", "email")
        self.fields["owner"].queryset = members

    @property
    def terms(self):
        given = {name: self.cleaned_data[name] for name in self.TERMS}
        return Terms(**given)


class AddForm(StockForm):
    TERMS = ()


class ReleaseForm(StockForm):
    ORDER = "LAST"
    reason = forms.CharField(max_length=200, required=False)
    TERMS = ("reason",)


class ExtendForm(forms.Form):
    until = moment_field("Held until", "In the agency’s time. Empty: without an end.")
    notice_at = moment_field("Tell them at", "Owner and contact get a mail then.")


class ReasonForm(forms.Form):
    reason = forms.CharField(max_length=200)


def repeated(form):
    """[(name, value)] of everything that was sent, for a second look at the same form."""
    if not form.is_bound:
        raise Invalid("Nothing was sent.")
    return [(name, form.data[name]) for name in form.fields if form.data.get(name)]
