"""The prices of the map: a file that never changes, and which file counts now."""

import gzip
import json
from dataclasses import dataclass
from hashlib import blake2s
from itertools import groupby
from operator import itemgetter

import brotli
from django.http import Http404, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from bookings.showing import all_in
from core.immutable import best_encoding, file_response, is_known, not_modified
from core.memory import Remembered
from events.models import Event
from inventory.overview import prices_now, prices_stand_since

NEWS_SECONDS = 5
_prices = Remembered(seconds=30)


@dataclass(frozen=True)
class Prices:
    """The all-in price of every place in the order of a layout, which `content` names; it is JSON-able.
    `packed` is {encoding: bytes}."""

    content_hash: str
    content: dict
    packed: dict


def prices_of(found):
    """Prices of the event, as old as `prices_now`."""
    return _prices.get(prices_stand_since(found), lambda: _read(found))


def prices_url(found):
    """Where the prices lie that count now."""
    return reverse("event_prices", args=[found.pk, prices_of(found).content_hash])


def _read(found):
    priced = prices_now(found)
    levels, indexes, classes = [], {}, []
    for key, runs in groupby(priced.runs, key=itemgetter(slice(4))):
        level_id, name, position, price = key
        if level_id is not None and key not in indexes:
            indexes[key] = len(levels)
            amount = str(all_in(found, price).amount)
            levels.append({"name": name, "position": position, "price": amount})
        classes.append([indexes.get(key, -1), sum(run.places for run in runs)])
    content = {
        "layout": priced.content_hash,
        "currency": found.currency,
        "levels": levels,
        "classes": classes,
    }
    spelled = json.dumps(content, separators=(",", ":")).encode()
    return Prices(
        content_hash=blake2s(spelled, digest_size=8).hexdigest(),
        content=content,
        packed={"br": brotli.compress(spelled, quality=5), "gzip": gzip.compress(spelled, mtime=0)},
    )


@require_safe
def event_prices(request, event_id, content_hash):
    """The price file of the map. Its address changes when a price does: asked for by an address that
    does not count any more, it has the prices of now and is not kept."""
    prices = prices_of(_public(event_id))
    if content_hash != prices.content_hash:
        response = JsonResponse(prices.content)
        response["Cache-Control"] = "no-store"
        return response
    if is_known(request, content_hash):
        return not_modified(content_hash)
    encoding = best_encoding(request)
    return file_response(
        prices.packed[encoding],
        encoding=encoding,
        content_hash=content_hash,
        content_type="application/json",
    )


@require_safe
def present_prices(request, event_id):
    """Which price file counts now, for pages that are open: the same answer for all, a few seconds."""
    response = JsonResponse({"prices": prices_url(_public(event_id))})
    response["Cache-Control"] = f"public, max-age={NEWS_SECONDS}"
    return response


def _public(event_id):
    found = Event.objects.public().filter(pk=event_id).first()
    if found is None:
        raise Http404
    return found
