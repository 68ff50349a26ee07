"""Publishing a layout: a plan becomes an immutable version of a venue."""

import gzip
from dataclasses import dataclass

import brotli
from django.db import connection
from django.db.models import Max

from core.errors import Invalid
from core.transactions import take_time, use_case
from venues import geometry, importers
from venues.models import Layout, LayoutSection, Venue
from venues.plan import Plan, canonical, content_hash

WRITE_SEATS = """
INSERT INTO venues_layoutseat (agency_id, layout_id, ordinal, section_id, row, row_position, label,
  kind, block, index, x, y, category, restricted_view, disclosure)
SELECT %s, %s, %s + s.number - 1, s.section_id, s.row, s.row_position, s.label, s.kind, s.block,
       s.index, s.x, s.y, s.category, s.restricted_view, s.disclosure
FROM unnest(%s::uuid[], %s::text[], %s::int[], %s::text[], %s::text[], %s::int[], %s::int[],
            %s::int[], %s::int[], %s::text[], %s::bool[], %s::text[]) WITH ORDINALITY
  AS s(section_id, row, row_position, label, kind, block, index, x, y, category, restricted_view,
       disclosure, number)
"""


BATCH = 5_000
"""Places written by one statement: after each is told how far it is."""

CHECKING, PACKING, WRITING = STEPS = ("Reading and checking", "Packing the map", "Writing places")


def unheard(step, done=0, whole=0):
    """What is told of the progress (one of STEPS; so many of so many places) when nobody waits."""


@dataclass(frozen=True)
class PackedPlan:
    """A normalised plan with what is worked out of it before anything is locked."""

    plan: Plan
    content_hash: str
    geometry_brotli: bytes
    geometry_gzip: bytes


class OverLicensed(Invalid):
    """A layout with more places than the house may hold people."""

    code = "over_licensed_capacity"


def import_layout(*, venue, filename, content, name="", tell=unheard):
    """Reads a seating-plan file (bytes) of any known format and publishes it for the venue.

    Returns (Layout, made): the same content again gives the version there is. Raises PlanError
    with every object that is wrong and why; nothing is written then.
    """
    tell(CHECKING)
    _, plan = importers.read(filename, content)
    return publish_layout(
        venue=venue, plan=plan, name=name or plan.name, source=filename, tell=tell
    )


def publish_layout(*, venue, plan, name, source="", tell=unheard):
    """Publishes a normalised plan as the venue's next version; returns (Layout, made).

    Raises OverLicensed when it has more places than the house may hold.
    """
    return write_layout(venue=venue, packed=pack(plan, tell), name=name, source=source, tell=tell)


def pack(plan, tell=unheard):
    """The PackedPlan of a normalised plan."""
    tell(PACKING)
    geometry_file = geometry.encode(plan)
    return PackedPlan(
        plan=plan,
        content_hash=content_hash(plan),
        geometry_brotli=brotli.compress(geometry_file, quality=9),
        geometry_gzip=gzip.compress(geometry_file, 9, mtime=0),
    )


@use_case
def write_layout(*, venue, packed, name, source="", tell=unheard):
    """Writes a PackedPlan as the venue's next version, like `publish_layout`."""
    take_time()
    plan = packed.plan
    house = Venue.objects.select_for_update(no_key=True).get(pk=venue.pk)
    if house.licensed_capacity is not None and plan.places > house.licensed_capacity:
        raise OverLicensed(
            f"{house.name} is licensed for {house.licensed_capacity:,} people; this layout has "
            f"{plan.places:,} places."
        )
    known = Layout.objects.filter(venue=venue, content_hash=packed.content_hash).first()
    if known:
        return known, False
    layout = Layout.objects.create(
        venue=venue,
        content_hash=packed.content_hash,
        name=name[:120],
        version=(venue.layouts.aggregate(last=Max("version"))["last"] or 0) + 1,
        capacity=plan.places,
        plan=canonical(plan),
        source=source[:200],
        geometry_brotli=packed.geometry_brotli,
        geometry_gzip=packed.geometry_gzip,
    )
    sections = _write_sections(layout, plan)
    _write_seats(layout, plan, sections, tell)
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


def _write_seats(layout, plan, sections, tell):
    """In columns: thousands of places are one statement."""
    seats = [
        _seat(section, written, row, row_position, seat)
        for section, written in zip(plan.sections, sections, strict=True)
        for row_position, row in enumerate(section.rows)
        for seat in row.seats
    ]
    tell(WRITING, 0, len(seats))
    with connection.cursor() as cursor:
        for first in range(0, len(seats), BATCH):
            some = seats[first : first + BATCH]
            columns = [list(column) for column in zip(*some, strict=True)]
            cursor.execute(WRITE_SEATS, [layout.agency_id, layout.pk, first, *columns])
            tell(WRITING, first + len(some), len(seats))


def _seat(section, written, row, row_position, seat):
    """The columns of WRITE_SEATS."""
    return (
        *(written.pk, row.label, row_position, seat.label, seat.kind, seat.block, seat.index),
        *(round(seat.x), round(seat.y), seat.category or section.category, seat.restricted_view),
        seat.disclosure,
    )
