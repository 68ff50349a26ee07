"""Files that were read well and wait for somebody to look at the preview: one of each person, since
they lie in memory."""

import zlib

from django import forms
from django.core.cache import cache

from core.errors import Invalid
from core.ids import reference
from core.tenancy import current_agency_id

LARGEST = 20 << 20
KEPT_SECONDS = 1800  # since it was looked at last: a drawing is numbered meanwhile


class UploadForm(forms.Form):
    """`token` names an upload that was previewed and is now meant."""

    file = forms.FileField(label="File", required=False)
    token = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self):
        given = super().clean()
        file = given.get("file")
        if not file and not given.get("token"):
            self.add_error("file", "Choose a file.")
        if file and file.size > LARGEST:
            self.add_error("file", "This file is larger than 20 MB.")
        return given

    def read(self, by):
        """(filename, bytes, token of the kept upload or None when it still must be previewed)."""
        token = self.cleaned_data["token"]
        if self.cleaned_data["file"]:
            return self.cleaned_data["file"].name, self.cleaned_data["file"].read(), None
        return *kept(token, by), token


def keep(filename, content, by):
    """Keeps a person's upload for the current agency in place of the one before; returns its token."""
    token = reference(20)
    cache.set(_key(by), (token, filename, zlib.compress(content, 1)), KEPT_SECONDS)
    return token


def kept(token, by):
    """(filename, bytes) of an upload that was kept; raises Invalid when it is not any more."""
    known, *found = cache.get(_key(by)) or [None]
    if known != token:
        raise Invalid(
            "An upload is kept for half an hour, or until you choose another. Choose the file once "
            "more."
        )
    cache.touch(_key(by), KEPT_SECONDS)
    filename, content = found
    return filename, zlib.decompress(content)


def _key(by):
    return f"upload:{current_agency_id()}:{by.pk}"
