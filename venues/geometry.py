"""The geometry file of a layout: a JSON header, then coordinates that compress well.

`TSG1` · uint32 little-endian header length · UTF-8 JSON header · one zero byte if the planes would
start at an odd offset · four planes of N bytes each: x low, x high, y low, y high. Planes hold, row
by row, the first value, the first difference, then second differences, all modulo 65,536: along a
regular row they are nearly all zero.
"""

import json
import struct
from itertools import accumulate, pairwise

from venues.plan import PlanError, ordinals, size

MAGIC = b"TSG1"
FLAGS = {"WHEELCHAIR": "wheelchair", "COMPANION": "companion", "VIP": "vip"}


def encode(plan):
    """The geometry file of a normalised plan, as bytes."""
    spelled = json.dumps(header(plan), ensure_ascii=False, separators=(",", ":")).encode()
    rows = [row.seats for section in plan.sections for row in section.rows]
    xs = b"".join(_differences([seat.x for seat in seats]) for seats in rows)
    ys = b"".join(_differences([seat.y for seat in seats]) for seats in rows)
    planes = (xs[::2], xs[1::2], ys[::2], ys[1::2])
    start = [MAGIC, len(spelled).to_bytes(4, "little"), spelled, b"\0" * (len(spelled) % 2)]
    return b"".join([*start, *planes])


def decode(content):
    """The header of a geometry file, with the lists `x` and `y` added, by ordinal.

    Raises PlanError when the bytes are not a whole geometry file.
    """
    length = int.from_bytes(content[4:8], "little")
    start = 8 + length + length % 2
    if content[:4] != MAGIC or len(content) < start:
        raise PlanError(["Geometry file: does not begin with a TSG1 header"])
    form = json.loads(content[8 : 8 + length])
    count = form["count"]
    if len(content) != start + 4 * count:
        raise PlanError([f"Geometry file: {count:,} places do not fill its planes"])
    planes = [content[start + i * count : start + (i + 1) * count] for i in range(4)]
    rows = [row for section in form["sections"] for row in section["rows"]]
    return {**form, "x": _coordinates(rows, *planes[:2]), "y": _coordinates(rows, *planes[2:])}


def header(plan):
    """Everything of a normalised plan but the coordinates, as JSON-able dicts and lists.

    A section and a row give the ordinal of their `first` place and their `count`; `blocks` are the
    indexes within the row at which a block begins; `numbers` is a rule {start, step} or the labels.
    Where a plan has them: the section's `view_note`, `disclosures` {ordinal: text} and the `focals`
    {zone: [x, y]}.
    """
    width, height = size(plan)
    form = {
        "name": plan.name,
        "width": width,
        "height": height,
        "focal": list(plan.focal),
        "count": plan.places,
        "shapes": [_shape(shape) for shape in plan.shapes],
        "sections": _sections(plan),
        "flags": _flags(plan),
    }
    return {**form, **_extras(plan)}


def _extras(plan):
    """What few plans have stands only in their files, so that all others keep their bytes."""
    disclosures = {
        str(ordinal): seat.disclosure for ordinal, _, _, seat in ordinals(plan) if seat.disclosure
    }
    focals = {zone: list(point) for zone, point in plan.focals.items()}
    return {
        name: found for name, found in (("disclosures", disclosures), ("focals", focals)) if found
    }


def _shape(shape):
    form = {"kind": shape.kind, "label": shape.label}
    if shape.points:
        return {**form, "points": [list(point) for point in shape.points]}
    return {
        **form,
        "x": shape.x,
        "y": shape.y,
        "w": shape.w,
        "h": shape.h,
        "rotation": shape.rotation,
    }


def _sections(plan):
    forms, first = [], 0
    for section in plan.sections:
        forms.append(
            {
                "label": section.label,
                "kind": section.kind,
                "zone": section.zone,
                "floor": section.floor,
                "entrance": section.entrance,
                "outline": [list(point) for point in section.outline],
                "first": first,
                "count": section.places,
                "rows": _rows(section, first),
                **({"view_note": section.view_note} if section.view_note else {}),
            }
        )
        first += section.places
    return forms


def _rows(section, first):
    forms = []
    for row in section.rows:
        forms.append(
            {
                "label": row.label,
                "first": first,
                "count": len(row.seats),
                "blocks": _block_starts(row.seats),
                "numbers": _numbers([seat.label for seat in row.seats]),
            }
        )
        first += len(row.seats)
    return forms


def _block_starts(seats):
    return [i for i, seat in enumerate(seats) if i == 0 or seat.block != seats[i - 1].block]


def _numbers(labels):
    """{"start", "step"} when the labels are such a sequence of plain numbers, else the labels."""
    if not all(label.isascii() and label.isdigit() and len(label) < 10 for label in labels[:2]):
        return labels
    start = int(labels[0])
    step = int(labels[1]) - start if len(labels) > 1 else 1
    ruled = all(label == str(start + i * step) for i, label in enumerate(labels))
    return {"start": start, "step": step} if ruled else labels


def _flags(plan):
    """What is special about a place, by ordinal; several words are parted by a space."""
    flags = {}
    for ordinal, _, _, seat in ordinals(plan):
        words = [FLAGS[seat.kind]] if seat.kind in FLAGS else []
        if seat.restricted_view:
            words.append("restricted")
        if words:
            flags[str(ordinal)] = " ".join(words)
    return flags


def _differences(values):
    """Little-endian uint16: first value, first difference, then second differences."""
    first = [b - a for a, b in zip([0, *values], values, strict=False)]
    second = [first[0], *first[1:2], *(b - a for a, b in pairwise(first[1:]))]
    return struct.pack(f"<{len(second)}H", *[value & 0xFFFF for value in second])


def _coordinates(rows, low, high):
    both = bytearray(2 * len(low))
    both[::2], both[1::2] = low, high
    seconds = struct.unpack(f"<{len(low)}H", both)
    values = []
    for row in rows:
        start, *second = seconds[row["first"] : row["first"] + row["count"]]
        values += accumulate(accumulate(second), initial=start)
    return [value & 0xFFFF for value in values]
