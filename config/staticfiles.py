"""Static files with the hash of their content in their name, imports between our modules included."""

import re

from django.contrib.staticfiles.storage import HashedFilesMixin, ManifestStaticFilesStorage
from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

# Only our own modules: packages ship files whose imports are not meant to be resolved here.
OUR_MODULES = ("js/*.js", HashedFilesMixin._js_module_import_aggregation_patterns[1])
COMMENTS = re.compile(rb"(?ms)^[ \t]*(?:/\*\*.*?\*/|/\*[^*\n]*\*/|//[^\n]*)[ \t]*\n")
# What stands behind `//` with no quote after it is in no string.
ASIDES = re.compile(rb"(?m)(?<=[;,{}(]) // [^\n\"'`]*$")
MARGINS = re.compile(rb"(?m)^[ \t\n]+")


class Remembering:
    """Names do not change while a process lives: each is looked up once."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._addresses = {}

    def url(self, name, force=False):
        if name not in self._addresses or force:
            self._addresses[name] = super().url(name, force)
        return self._addresses[name]


class Condensed:
    """Comments and indentation of our modules are for who reads the source: they are a fourth of what
    would be sent."""

    def save(self, name, content, max_length=None):
        if name.startswith("js/") and name.endswith(".js"):
            content = ContentFile(condensed(content.read()))
        return super().save(name, content, max_length=max_length)


def condensed(module):
    """The bytes of a module without its comments, as far as they are told for sure, its indentation
    and its empty lines. No line of a template string may begin with a blank."""
    return MARGINS.sub(b"", ASIDES.sub(b"", COMMENTS.sub(b"", module)))


class Hashed(Condensed, Remembering, ManifestStaticFilesStorage):
    """For the demo: hashed, not compressed, because compressing well takes a minute."""

    patterns = (*ManifestStaticFilesStorage.patterns, OUR_MODULES)


class HashedAndCompressed(Condensed, Remembering, CompressedManifestStaticFilesStorage):
    """For production: brotli and gzip beside each file, made once."""

    patterns = (*CompressedManifestStaticFilesStorage.patterns, OUR_MODULES)
