"""Publishing a layout: a plan becomes an immutable version of a venue."""

import gzip

import brotli
from django.db.models import Max

from core.transactions import use_case
from venues import geometry, importers
from venues.models import Layout, LayoutSeat, LayoutSection, Venue
from venues.plan import canonical, content_hash, ordinals

BATCH = 5000


def import_layout(*, venue, filename, content, name=""):
    """Reads a seating-plan file (bytes) of any known format and publishes it for the venue.

    Returns (Layout, made): the same content again gives the version there is. Raises PlanError
    with every object that is wrong and why; nothing is written then.
    """
    _, plan = importers.read(filename, content)
    return publish_layout(venue=venue, plan=plan, name=name or plan.name, source=filename)


def publish_layout(*, venue, plan, name, source=""):
    """Publishes a normalised plan as the venue's next version; returns (Layout, made)."""
    packed = geometry.encode(plan)
    return _publish(
        venue=venue,
        plan=plan,
        name=name,
        source=source,
        content=content_hash(plan),
        packed={
            "geometry_brotli": brotli.compress(packed, quality=9),
            "geometry_gzip": gzip.compress(packed, 9, mtime=0),
        },
    )


@use_case
def _publish(*, venue, plan, name, source, content, packed):
    Venue.objects.select_for_update(no_key=True).get(pk=venue.pk)
    known = Layout.objects.filter(venue=venue, content_hash=content).first()
    if known:
        return known, False
    places = list(ordinals(plan))
    layout = Layout.objects.create(
        venue=venue,
        content_hash=content,
        name=name[:120],
        version=(venue.layouts.aggregate(last=Max("version"))["last"] or 0) + 1,
        capacity=len(places),
        plan=canonical(plan),
        source=source[:200],
        **packed,
    )
    sections = _write_sections(layout, plan)
    _write_seats(layout, plan, sections)
    return layout, True


def _write_sections(layout, plan):
    first, rows = 0, []
    for position, section in enumerate(plan.sections):
        seats = [seat for row in section.rows for seat in row.seats]
        rows.append(
            LayoutSection(
                layout=layout,
                position=position,
                label=section.label,
                kind=section.kind,
                zone=section.zone,
                entrance=section.entrance,
                first_ordinal=first,
                places=len(seats),
                categories=sorted({seat.category or section.category for seat in seats} - {""}),
            )
        )
        first += len(seats)
    return LayoutSection.objects.bulk_create(rows)


def _write_seats(layout, plan, sections):
    ordinal, rows = 0, []
    for section, written in zip(plan.sections, sections, strict=True):
        for row_position, row in enumerate(section.rows):
            for seat in row.seats:
                rows.append(_seat(layout, section, written, row, row_position, seat, ordinal))
                ordinal += 1
    LayoutSeat.objects.bulk_create(rows, batch_size=BATCH)


def _seat(layout, section, written, row, row_position, seat, ordinal):
    return LayoutSeat(
        layout=layout,
        section=written,
        ordinal=ordinal,
        row=row.label,
        row_position=row_position,
        label=seat.label,
        kind=seat.kind,
        block=seat.block,
        index=seat.index,
        x=round(seat.x),
        y=round(seat.y),
        category=seat.category or section.category,
        restricted_view=seat.restricted_view,
    )
