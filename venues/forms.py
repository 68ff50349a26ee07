"""Forms about the places of a layout."""

from dataclasses import dataclass, field

from django import forms
from django.urls import reverse

from core.errors import DomainError
from venues import ranges
from venues.models import LayoutSection
from venues.places import in_words, places_in


class PlacesForm(forms.Form):
    """Which places of a layout are meant: chosen on the map, named in words, or both together.

    `among` are the ordinals that may be chosen (None: all); `what` names them in a refusal. After it
    was valid, `ordinals` are the chosen ones in map order. Places named by section or row stand for
    those of them that may be chosen; seats named one by one and places of the map must all be. `drawn`
    is the hash of the layout that the map showed: ordinals of another one are not taken.
    """

    places = forms.CharField(required=False, max_length=200_000, widget=forms.HiddenInput)
    drawn = forms.CharField(required=False, max_length=32, widget=forms.HiddenInput)
    section = forms.ModelChoiceField(LayoutSection.objects.none(), required=False)
    rows = forms.CharField(required=False, max_length=500, help_text="Such as A-C. Empty: all.")
    seats = forms.CharField(
        required=False, max_length=500, help_text="Such as 1-12 odd, 15. Empty: all."
    )
    WORDS = ("section", "rows", "seats")

    def __init__(self, *args, layout, among=None, what="free", is_required=True, **kwargs):
        super().__init__(*args, **kwargs)
        self.layout, self.what, self.must_choose = layout, what, is_required
        self.among = None if among is None else set(among)
        sections = LayoutSection.objects.filter(layout=layout).order_by("position")
        self.fields["section"].queryset = sections

    def clean(self):
        given = super().clean()
        chosen = self._from_map(self._current(given)) | self._from_words(given)
        self.ordinals = sorted(chosen)
        if self.must_choose and not chosen and not self.errors:
            self.add_error(None, "Choose places on the map, or name their section.")
        return given

    def _current(self, given):
        """The ranges chosen on the map, unless it has been redrawn since."""
        places = given.get("places") or ""
        if not places or given.get("drawn") in ("", self.layout.content_hash):
            return places
        self.data = self.data.copy()
        self.data["places"] = ""
        self.add_error(
            None, "The house was moved to another version of its layout. Choose the places again."
        )
        return ""

    def _from_map(self, text):
        try:
            chosen = set(ranges.read(text, count=self.layout.capacity))
        except DomainError as refused:
            self.add_error(None, refused.message)
            return set()
        return self._allowed(chosen, chosen, None)

    def _from_words(self, given):
        section, rows, seats = (given.get(name) for name in self.WORDS)
        if not section:
            if rows or seats:
                self.add_error("section", "Say in which section.")
            return set()
        named = self._named("rows", section, rows=rows)
        named = named and self._named("seats", section, rows=rows, seats=seats)
        if not named:
            return set()
        ordinals = {place.ordinal for place in named}
        chosen = self._allowed(ordinals, ordinals if seats else set(), named)
        if not chosen and not self.errors:
            self.add_error("section", f"None of these places is {self.what}.")
        return chosen

    def _named(self, name, section, **words):
        """The LayoutSeats the words mean, or None with a complaint at the field of this name."""
        try:
            return places_in(section, **words)
        except DomainError as refused:
            self.add_error(name, refused.message)
            return None

    def _allowed(self, ordinals, must, named):
        """Those that may be chosen; complains about others that `must` be."""
        if self.among is None:
            return ordinals
        others = must - self.among
        if others and named:
            words = in_words([place for place in named if place.ordinal in others])
            self.add_error("seats", f"Not {self.what}: {words}.")
        elif others:
            count = (
                "One of the chosen places is"
                if len(others) == 1
                else (f"{len(others):,} of the chosen places are")
            )
            self.add_error(None, f"{count} not {self.what} any more.")
        return ordinals & self.among


@dataclass(frozen=True)
class SelectMap:
    """A map on which places are chosen, for `admin/_select_map.html`: its picture (SVG), the form that
    takes the choice, and a legend of [(class, words, how many)]."""

    picture: str
    form: PlacesForm
    legend: list = field(default_factory=list)

    @property
    def geometry(self):
        return reverse("venues:geometry", args=[self.form.layout.content_hash])

    @property
    def among(self):
        """What may be chosen, as ranges; empty: everything."""
        return "" if self.form.among is None else ranges.spelled(self.form.among) or "none"
