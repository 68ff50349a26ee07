"""The map as one static picture, for readers without JavaScript and for print."""

from functools import lru_cache
from itertools import chain, repeat

import brotli
from django.core.signing import BadSignature
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from bookings.views.sale import public_event
from core.immutable import best_encoding
from core.memory import Remembered
from inventory.overview import NOT_FOR_SALE, seen_and_priced
from inventory.picking import house_of
from inventory.picking.reading import HOUSES_KEPT
from inventory.picking.states import TAKEN
from inventory.presales import seen_by_key
from venues.models import Layout
from venues.picture import drawing_of, painted
from venues.plan import from_canonical

SECONDS = 5
# The picture is a document of its own when a page shows it: it brings the tokens it needs.
COLOURS = """<style>:root{color-scheme:light dark}
.p1{color:light-dark(#809644,#696e13)}.p2{color:light-dark(#36927d,#338364)}
.p3{color:light-dark(#0e85a2,#2f929e)}.p4{color:light-dark(#2d4b96,#4ea6ff)}
.p5{color:light-dark(#6e2751,#dba0d0)}.p6{color:light-dark(#572214,#f8b2a9)}
.taken{color:light-dark(#857f7a,#7f7974)}.seatmap-hole{stroke:light-dark(#f6f4f1,#1f1b18)}
.off{stroke:none}
.seatmap-section{fill:none;stroke:light-dark(#dbd7d2,#3a3531)}
.seatmap-stage{fill:light-dark(#1a1511,#f1eeea)}.seatmap-shape-label{fill:light-dark(#5d5751,#afaaa4)}
.seatmap-stage-label{fill:light-dark(#fff,#15120f)}
.seatmap-label{fill:light-dark(#1a1511,#f1eeea);
stroke:light-dark(#f6f4f1,#1f1b18);font-family:Arial,sans-serif}</style>"""
MARKS = {TAKEN: "taken", NOT_FOR_SALE: "off"}  # classes of places that cannot be had
_pictures = Remembered(SECONDS)


@require_safe
def event_picture(request, slug):
    """How the places of a date stand, by price."""
    found = public_event(slug)
    try:
        seen_by_key(found, request.GET.get("presale", ""))
    except BadSignature as error:
        raise Http404 from error
    if found.layout_id is None:
        raise Http404
    drawn, packed = _pictures.get(found.as_seen, lambda: _draw(found))
    is_packed = best_encoding(request) == "br"
    response = HttpResponse(packed if is_packed else drawn, content_type="image/svg+xml")
    if is_packed:
        response["Content-Encoding"] = "br"
    response["Vary"] = "Accept-Encoding"
    response["Cache-Control"] = f"public, max-age={SECONDS}"
    return response


def _draw(found):
    """The picture as text, and as brotli."""
    seen, runs = seen_and_priced(found)
    house = house_of(seen.layout_id)
    positions = chain.from_iterable(repeat(run.position, run.places) for run in runs)
    classes = [
        MARKS.get(state) or f"p{position}"
        for state, position in zip(seen.status, positions, strict=True)
    ]
    points = zip(house.xs, house.ys, strict=True)
    title = f"Seats of {found.title}"
    drawn = painted(_drawing_of(seen.layout_id), points, classes, title=title)
    start = drawn.index(">") + 1
    drawn = drawn[:start] + COLOURS + drawn[start:]
    return drawn, brotli.compress(drawn.encode(), quality=5)


@lru_cache(HOUSES_KEPT)
def _drawing_of(layout_id):
    """The Drawing of a layout: like its house it never changes."""
    return drawing_of(
        from_canonical(Layout.objects.values_list("plan", flat=True).get(pk=layout_id))
    )
