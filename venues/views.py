"""The immutable geometry file of a layout."""

from django.http import Http404

from core.immutable import best_encoding, file_response, is_known, not_modified
from venues.models import Layout

COLUMNS = {"br": "geometry_brotli", "gzip": "geometry_gzip"}


def geometry(request, content_hash):
    """The geometry as brotli or gzip, named by the hash of its content, so it never changes."""
    if is_known(request, content_hash):
        return not_modified(content_hash)
    encoding = best_encoding(request)
    column = COLUMNS[encoding]
    found = Layout.objects.filter(content_hash=content_hash).values_list(column, flat=True).first()
    if found is None:
        raise Http404
    return file_response(
        bytes(found),
        encoding=encoding,
        content_hash=content_hash,
        content_type="application/octet-stream",
    )
