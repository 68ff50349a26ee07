"""Static files with the hash of their content in their name, imports between our modules included."""

import re

from django.contrib.staticfiles.storage import HashedFilesMixin, ManifestStaticFilesStorage
from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

# Only our own modules: packages ship files whose imports are not meant to be resolved here.
OUR_MODULES = ("js/*.js", HashedFilesMixin._js_module_import_aggregation_patterns[1])
COMMENTS = re.compile(rb"^[ \t]*(?:/\*\*.*?\*/|//[^\n]*)[ \t]*\n", re.DOTALL | re.MULTILINE)


class Remembering:
    """Names do not change while a process lives: each is looked up once."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._addresses = {}

    def url(self, name, force=False):
        if name not in self._addresses or force:
            self._addresses[name] = super().url(name, force)
        return self._addresses[name]


class Uncommented:
    """Comments of our modules that have lines of their own are for who reads the source: they are a
    fifth of it, and not sent."""

    def save(self, name, content, max_length=None):
        if name.startswith("js/") and name.endswith(".js"):
            content = ContentFile(without_comments(content.read()))
        return super().save(name, content, max_length=max_length)


def without_comments(module):
    """The bytes of a module without comments that have lines of their own."""
    return COMMENTS.sub(b"", module)


class Hashed(Uncommented, Remembering, ManifestStaticFilesStorage):
    """For the demo: hashed, not compressed, because compressing well takes a minute."""

    patterns = (*ManifestStaticFilesStorage.patterns, OUR_MODULES)


class HashedAndCompressed(Uncommented, Remembering, CompressedManifestStaticFilesStorage):
    """For production: brotli and gzip beside each file, made once."""

    patterns = (*CompressedManifestStaticFilesStorage.patterns, OUR_MODULES)
