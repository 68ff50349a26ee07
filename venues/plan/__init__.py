"""The pure description of a seat plan: sections, rows and seats in physical order.

A drawing comes in (importers, generators) in any unit and order. `validate` refuses what cannot be
sold from; `normalise` brings the rest to the plan's own units (seat pitch 20, whole numbers from 0
to 65,535), orders every row along the room and numbers its blocks. Everything after that (tables,
geometry file, picture, seat picker) reads normalised plans only.
"""

from venues.plan import outlines
from venues.plan.canonical import canonical, content_hash, from_canonical
from venues.plan.laying_out import in_front_of_a_stage, in_rows, standing
from venues.plan.normal import authored, moved, normalise, section_box
from venues.plan.parts import (
    MARGIN,
    PITCH,
    SEAT_KINDS,
    SECTION_KINDS,
    Plan,
    PlanError,
    PlanRow,
    PlanSeat,
    PlanSection,
    PlanShape,
    corners,
    extent,
    ordinals,
    size,
)
from venues.plan.settled import settled
from venues.plan.soundness import MOST_PLACES, faults_of, problems_of, validate

__all__ = [
    "MARGIN",
    "MOST_PLACES",
    "PITCH",
    "SEAT_KINDS",
    "SECTION_KINDS",
    "Plan",
    "PlanError",
    "PlanRow",
    "PlanSeat",
    "PlanSection",
    "PlanShape",
    "authored",
    "canonical",
    "content_hash",
    "corners",
    "extent",
    "faults_of",
    "from_canonical",
    "in_front_of_a_stage",
    "in_rows",
    "moved",
    "normalise",
    "ordinals",
    "outlines",
    "problems_of",
    "section_box",
    "settled",
    "size",
    "standing",
    "validate",
]
