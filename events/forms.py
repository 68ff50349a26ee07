"""What staff type about events."""

import re

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

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
