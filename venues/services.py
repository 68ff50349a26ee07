"""Publishing a layout: a plan becomes an immutable version of a venue."""

import gzip

import brotli
from django.db import connection
from django.db.models import Max

from core.errors import Invalid
from core.transactions import take_time, use_case
from venues import geometry, importers
from venues.models import Layout, LayoutSection, Venue
from venues.plan import canonical, content_hash, ordinals

WRITE_SEATS = """
INSERT INTO venues_layoutseat (agency_id, layout_id, ordinal, section_id, row, row_position, label,
  kind, block, index, x, y, category, restricted_view, disclosure)
SELECT %s, %s, s.number - 1, s.section_id, s.row, s.row_position, s.label, s.kind, s.block, s.index,
       s.x, s.y, s.category, s.restricted_view, s.disclosure
FROM unnest(%s::uuid[], %s::text[], %s::int[], %s::text[], %s::text[], %s::int[], %s::int[],
            %s::int[], %s::int[], %s::text[], %s::bool[], %s::text[]) WITH ORDINALITY
  AS s(section_id, row, row_position, label, kind, block, index, x, y, category, restricted_view,
       disclosure, number)
"""


class OverLicensed(Invalid):
    """A layout with more places than the house may hold people."""

    code = "over_licensed_capacity"


def import_layout(*, venue, filename, content, name=""):
    """Reads a seating-plan file (bytes) of any known format and publishes it for the venue.

    Returns (Layout, made): the same content again gives the version there is. Raises PlanError
    with every object that is wrong and why; nothing is written then.
    """
    _, plan = importers.read(filename, content)
    return publish_layout(venue=venue, plan=plan, name=name or plan.name, source=filename)


def publish_layout(*, venue, plan, name, source=""):
    """Publishes a normalised plan as the venue's next version; returns (Layout, made).

    Raises OverLicensed when it has more places than the house may hold.
    """
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
    take_time()
    house = Venue.objects.select_for_update(no_key=True).get(pk=venue.pk)
    if house.licensed_capacity is not None and plan.places > house.licensed_capacity:
        raise OverLicensed(
            f"{house.name} is licensed for {house.licensed_capacity:,} people; this layout has "
            f"{plan.places:,} places."
        )
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
                floor=section.floor,
                entrance=section.entrance,
                first_ordinal=first,
                places=len(seats),
                categories=sorted({seat.category or section.category for seat in seats} - {""}),
                view_note=section.view_note,
            )
        )
        first += len(seats)
    return LayoutSection.objects.bulk_create(rows)


def _write_seats(layout, plan, sections):
    """In columns: tens of thousands of places are one statement."""
    seats = [
        _seat(section, written, row, row_position, seat)
        for section, written in zip(plan.sections, sections, strict=True)
        for row_position, row in enumerate(section.rows)
        for seat in row.seats
    ]
    with connection.cursor() as cursor:
        columns = [list(column) for column in zip(*seats, strict=True)]
        cursor.execute(WRITE_SEATS, [layout.agency_id, layout.pk, *columns])


def _seat(section, written, row, row_position, seat):
    """The columns of WRITE_SEATS."""
    return (
        *(written.pk, row.label, row_position, seat.label, seat.kind, seat.block, seat.index),
        *(round(seat.x), round(seat.y), seat.category or section.category, seat.restricted_view),
        seat.disclosure,
    )
