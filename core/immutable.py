"""Files that are named by their content: they never change, and are kept compressed."""

from django.http import HttpResponse, HttpResponseNotModified

FOR_EVER = "public, max-age=31536000, immutable"


def is_known(request, content_hash):
    """Whether who asks has this file already."""
    return request.headers.get("If-None-Match") == _etag(content_hash)


def best_encoding(request):
    """The smaller one that the browser reads: br, else gzip."""
    return "br" if "br" in request.headers.get("Accept-Encoding", "") else "gzip"


def not_modified(content_hash):
    return _for_ever(HttpResponseNotModified(), content_hash)


def file_response(content, *, encoding, content_hash, content_type):
    """Compressed bytes, to be kept for ever under their address."""
    response = HttpResponse(content, content_type=content_type)
    response["Content-Encoding"] = encoding
    return _for_ever(response, content_hash)


def _for_ever(response, content_hash):
    response["ETag"] = _etag(content_hash)
    response["Cache-Control"] = FOR_EVER
    response["Vary"] = "Accept-Encoding"
    return response


def _etag(content_hash):
    return f'"{content_hash}"'
