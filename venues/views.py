"""The immutable geometry file of a layout."""

from django.http import Http404, HttpResponse, HttpResponseNotModified

from venues.models import Layout

FOR_EVER = "public, max-age=31536000, immutable"
ENCODINGS = (("br", "geometry_brotli"), ("gzip", "geometry_gzip"))


def geometry(request, content_hash):
    """The geometry as brotli or gzip, named by the hash of its content, so it never changes."""
    etag = f'"{content_hash}"'
    if request.headers.get("If-None-Match") == etag:
        return _cached(HttpResponseNotModified(), etag)
    encoding, column = _best(request.headers.get("Accept-Encoding", ""))
    found = Layout.objects.filter(content_hash=content_hash).values_list(column, flat=True).first()
    if found is None:
        raise Http404
    response = HttpResponse(bytes(found), content_type="application/octet-stream")
    response["Content-Encoding"] = encoding
    return _cached(response, etag)


def _best(accepted):
    return ENCODINGS[0] if "br" in accepted else ENCODINGS[1]


def _cached(response, etag):
    response["ETag"] = etag
    response["Cache-Control"] = FOR_EVER
    response["Vary"] = "Accept-Encoding"
    return response
