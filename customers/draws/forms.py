"""What staff say of a draw."""

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminURLInputWidget

from core.errors import Invalid
from customers.draws.making import Terms, check
from customers.draws.reckoning import value_of
from customers.models import BuyerList, Draw
from events.forms import TermsForm, coming_events, event_words


class DrawForm(TermsForm):
    """Terms of a draw; after it was valid, `terms`."""

    check_terms = staticmethod(check)

    source_url = forms.URLField(
        label="Where to read it",
        required=False,
        assume_scheme="https",
        max_length=200,
        widget=UnfoldAdminURLInputWidget,
    )

    class Meta:
        model = Draw
        fields = [
            *("event", "name", "opens_at", "closes_at", "places", "reserve"),
            *("source", "source_kind", "source_count", "source_highest", "source_at"),
            "source_url",
        ]
        help_texts = {
            "opens_at": "On the agency’s clock.",
            "source_at": "An hour after the registration closes, at the earliest. The list is frozen "
            "before it, or never: nobody can know the value then.",
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "event" in self.fields:
            self.fields["event"].queryset = coming_events()
            self.fields["event"].label_from_instance = event_words

    def clean_name(self):
        name = self.cleaned_data["name"]
        others = BuyerList.objects.exclude(pk=self.instance.buyers_id)
        if others.filter(name=name).exists():
            raise ValidationError("There is a buyer list of this name: call the draw otherwise.")
        return name

    @property
    def terms(self):
        names = Terms.__dataclass_fields__
        return Terms(**{name: self.cleaned_data[name] for name in names})


class ConfirmedForm(forms.Form):
    """For who types after somebody else has."""

    value = forms.CharField(max_length=200, label="The source’s value")


class ValueForm(ConfirmedForm):
    """The value, typed twice for `draw`, in its one spelling. `meant` is it, too, once somebody has
    looked at what follows from it."""

    again = forms.CharField(
        max_length=200,
        label="Once more",
        help_text="Look at the source again, and type what it says. What is typed stays.",
    )
    meant = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, draw, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.draw = draw

    def clean(self):
        given = super().clean()
        if self.errors:
            return given
        try:
            value, again = (value_of(self.draw, given[name]) for name in ("value", "again"))
        except Invalid as no:
            raise ValidationError(no.message) from no
        if value != again:
            raise ValidationError(f"You have typed {value} and then {again}. Look at the source.")
        return given | {"value": value}


class CountForm(forms.Form):
    count = forms.IntegerField(min_value=1, max_value=1_000_000, label="How many more")
    after = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class WhyOutForm(forms.Form):
    why = forms.CharField(
        max_length=200,
        label="Why",
        help_text="He reads it in the mail, and on the page of his entry.",
    )


class WhyForm(forms.Form):
    why = forms.CharField(
        max_length=200,
        label="Why",
        help_text="Buyers read it on the page of the draw, and who entered in the mail.",
    )
