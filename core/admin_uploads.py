"""Files that were read well and wait for somebody to look at the preview."""

import zlib

from django import forms
from django.core.cache import cache

from core.errors import Invalid
from core.ids import reference
from core.tenancy import current_agency_id

LARGEST = 20 << 20
KEPT_SECONDS = 3600


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

    def read(self):
        """(filename, bytes, token of the kept upload or None when it still must be previewed)."""
        token = self.cleaned_data["token"]
        if self.cleaned_data["file"]:
            return self.cleaned_data["file"].name, self.cleaned_data["file"].read(), None
        return *kept(token), token


def keep(filename, content):
    """Keeps an upload of the current agency for an hour; returns its token."""
    token = reference(20)
    cache.set(_key(token), (filename, zlib.compress(content, 1)), KEPT_SECONDS)
    return token


def kept(token):
    """(filename, bytes) of an upload that was kept; raises Invalid when it is not any more."""
    found = cache.get(_key(token))
    if found is None:
        raise Invalid("The upload was only kept for an hour. Choose the file once more.")
    return found[0], zlib.decompress(found[1])


def _key(token):
    return f"upload:{current_agency_id()}:{token}"
