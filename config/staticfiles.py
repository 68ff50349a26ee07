"""Static files with the hash of their content in their name, imports between modules included."""

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage


class Hashed(ManifestStaticFilesStorage):
    """For the demo: hashed, not compressed, because compressing well takes a minute."""

    support_js_module_import_aggregation = True


class HashedAndCompressed(CompressedManifestStaticFilesStorage):
    """For production: brotli and gzip beside each file, made once."""

    support_js_module_import_aggregation = True
