"""How the places of an event stand and what has changed since: what the map lives on. Public, the
same for all who come to the event by the same way, and a second old at most where it is remembered.
Who comes through a presale asks at an address of its own, with its key. docs/live.md."""

import brotli
from django.conf import settings
from django.core.cache import cache
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.cache import get_conditional_response
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView

from core.api import Problem, Strict
from core.errors import DomainError
from core.immutable import best_encoding
from inventory import deltas
from inventory.api import found_event
from inventory.services import FRESH_SECONDS, kept_changes, look, rounded

LARGEST_VERSION = 2**53 - 1  # as far as a browser counts


class VersionGone(DomainError):
    """What leads on from a version is not kept any more."""

    code = "version_gone"
    status = 410


class MapRedrawn(DomainError):
    """The map somebody looks at is not the event's any more."""

    code = "map_redrawn"
    status = 410


class NoStreams(DomainError):
    """The web server has none, and knows of no process that has."""

    code = "no_streams"
    status = 404


class Since(Strict):
    """The version somebody has, as it came with `status`, `changes` or `stream`."""

    since = serializers.IntegerField(min_value=0, max_value=LARGEST_VERSION)


SINCE = OpenApiParameter(
    "since",
    OpenApiTypes.INT64,
    required=True,
    description="The version you have. It is rounded down to a multiple of 2000 (two seconds): "
    "do so yourself, then everybody asks for the same address and a shared cache answers.",
)


DRAWN = OpenApiParameter(
    "drawn", OpenApiTypes.STR, description="The layout on your screen: the hash in its address."
)


class LiveView(APIView):
    """Public, without a key."""

    permission_classes = [AllowAny]
    authentication_classes = []


class EventStatus(LiveView):
    """One byte a place, in map order: 0 available, 1 taken, 2 not for sale. The ETag is the version: a
    number that only grows, from which `changes` and `stream` lead on. 410: `drawn` is not the map of
    this event any more; read the event again."""

    @extend_schema(
        parameters=[DRAWN],
        responses={
            200: OpenApiResponse(OpenApiTypes.BINARY),
            304: None,
            404: Problem,
            410: Problem,
        },
    )
    def get(self, request, event_id, key=""):
        event = found_event(event_id, key)
        shared = f"map-status:{event.pk}:{event.layout_id}:{event.presale_id}"
        version, layout_id, status, packed = _shared(shared, lambda: _status(event))
        drawn = {event.layout_id: event.layout.content_hash}.get(layout_id)
        if request.query_params.get("drawn", drawn) != drawn:
            raise MapRedrawn("The map of this house was redrawn. Read the event again.")
        if best_encoding(request) == "br":
            return _answer(request, version, packed, encoding="br")
        return _answer(request, version, status)


class EventChanges(LiveView):
    """What has changed since a version: varint `since`, varint `version`, then for each changed place,
    ascending, varint gap (places passed over since the last one named) and varint state (0 available,
    1 taken, 2 not for sale, as of `version`). A varint has seven bits a byte, the low ones first; all
    bytes but the last have the high bit set. To be read with the version you have if it is not below
    `since`. 204: nothing has changed. 410: too long ago, or no version of this event; read `status`."""

    @extend_schema(
        parameters=[SINCE],
        responses={
            200: OpenApiResponse(OpenApiTypes.BINARY),
            204: None,
            304: None,
            400: Problem,
            404: Problem,
            410: Problem,
        },
    )
    def get(self, request, event_id, key=""):
        event = found_event(event_id, key)
        asked = Since(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        since = asked.validated_data["since"]
        if since != rounded(since) and since == _seen(event, FRESH_SECONDS).version:
            return _answer(request, since, b"", empty=204)
        since = rounded(since)
        shared = f"map-changes:{event.pk}:{event.presale_id}:{since}"
        found = _shared(shared, lambda: _changes(event, since))
        if not found:
            raise VersionGone(f"Nothing leads on from version {since} any more: read the status.")
        return _answer(request, *found, empty=204)


class EventStream(LiveView):
    """Server-sent events: each `data` is, in base64, what `changes` answers, its `id` the version. The
    first leads on from `since` (or `Last-Event-ID`), and one comes at least every five seconds, if only
    to say that nothing has changed. An event `gone` says that nothing leads on: read `status`. A
    process of its own has them, and this leads there; 404 `no_streams` where there is none, 429 and
    503 when there are too many: poll `changes`."""

    @extend_schema(
        parameters=[OpenApiParameter("since", OpenApiTypes.INT64, description=SINCE.description)],
        responses={
            (200, "text/event-stream"): OpenApiTypes.STR,
            307: None,
            404: Problem,
            429: Problem,
            503: Problem,
        },
    )
    def get(self, request, event_id, key=""):
        found_event(event_id, key)
        if not settings.STREAM_URL.startswith("http"):
            raise NoStreams("There are no streams here: poll the changes.")
        return redirect(f"{settings.STREAM_URL}{request.get_full_path()}", preserve_request=True)


def _status(event):
    """(version, layout id, bytes, the same as brotli), of the event's own layout even if it has just
    moved to it."""
    seen = _seen(event, FRESH_SECONDS)
    if seen.layout_id != event.layout_id:
        seen = _seen(event, 0)
    return seen.version, seen.layout_id, seen.status, brotli.compress(seen.status, quality=5)


def _seen(event, within):
    return look(event.pk, within=within, presale_id=event.presale_id)


def _changes(event, since):
    """(version, bytes; none when nothing changed), or () when nothing leads on from `since`."""
    _seen(event, FRESH_SECONDS)
    kept = kept_changes(event.pk, after=since, presale_id=event.presale_id)
    try:
        changes = deltas.following(kept, since)
    except deltas.Gone:
        return ()
    if not changes:
        return since, b""
    return changes[-1].version, deltas.packed(deltas.merged(changes))


def _shared(key, make):
    """What `make` returned for somebody a moment ago. Without Redis everybody asks the database, which
    looks at the places once a second all the same."""
    found = cache.get(key)
    if found is None:
        found = make()
        cache.set(key, found, FRESH_SECONDS)
    return found


def _answer(request, version, content, *, empty=200, encoding=""):
    """What is packed has a weak ETag: the version is the same, the bytes are not."""
    status = 200 if content else empty
    response = HttpResponse(content, status=status, content_type="application/octet-stream")
    response["ETag"] = f'W/"{version}"' if encoding else f'"{version}"'
    response["Vary"] = "Accept-Encoding"
    if encoding:
        response["Content-Encoding"] = encoding
    response["Cache-Control"] = f"public, max-age={FRESH_SECONDS}"
    return get_conditional_response(request, etag=response["ETag"], response=response)
