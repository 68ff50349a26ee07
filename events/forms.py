"""What staff type about events."""

import re

from django import forms
from django.db.models.functions import Now
from unfold.widgets import UnfoldAdminTextInputWidget

from core.admin_forms import BackOfficeForm
from core.errors import Invalid
from events.models import OVER, Event

MOST = 100  # places of one booking


class SizesField(forms.CharField):
    """Numbers of places as staff write them, "2, 4", as a list in ascending order."""

    widget = UnfoldAdminTextInputWidget

    def to_python(self, value):
        words = re.split(r"[\s,;]+", super().to_python(value).strip())
        sizes = {self._size(word) for word in words if word}
        return sorted(sizes)

    def _size(self, word):
        if not (word.isascii() and word.isdigit() and len(word) <= len(str(MOST))):
            raise forms.ValidationError(
                f"“{word[:20]}” is not a number of places: write 2, 4, for two or four."
            )
        if not 1 <= int(word) <= MOST:
            raise forms.ValidationError(f"Places are sold by 1 to {MOST} at a time, not by {word}.")
        return int(word)

    def prepare_value(self, value):
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def has_changed(self, initial, data):
        return super().has_changed(self.prepare_value(initial), data)


def coming_events():
    """Those that can still be sold, the next first."""
    coming = Event.objects.filter(starts_at__gt=Now()).exclude(status__in=OVER)
    return coming.order_by("starts_at", "pk")


def event_words(event):
    """The Low Lanterns, 13 Mar 2027"""
    return f"{event}, {event.local_start:%-d %b %Y}"


class TermsForm(BackOfficeForm):
    """What staff say of something that belongs to an event. `terms` is what was said, once it is valid;
    `check_terms(event, terms)` raises Invalid for what cannot be."""

    def clean(self):
        given = super().clean()
        event = given.get("event") or (None if self.instance._state.adding else self.instance.event)
        if event and not self.errors:
            try:
                self.check_terms(event, self.terms)
            except Invalid as no:
                self.add_error(None, no.message)
        return given
