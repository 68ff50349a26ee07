"""What the generators draw with: letters, arcs, stages."""

import math
from itertools import count
from string import ascii_uppercase

from venues.plan import PITCH, PlanRow, PlanSeat, PlanShape, normalise, validate


def row_labels():
    """A, B … Z, AA, AB … ZZ, AAA …"""
    for number in count(1):
        label, rest = "", number
        while rest:
            rest, letter = divmod(rest - 1, 26)
            label = ascii_uppercase[letter] + label
        yield label


def row(label, points, kind="STANDARD", first=1):
    """A row whose seats are numbered along the points, from `first`."""
    return PlanRow(
        label,
        tuple(PlanSeat(str(number), x, y, kind) for number, (x, y) in enumerate(points, first)),
    )


def line(x, y, seats):
    """Points of a straight row of so many seats, centred on x."""
    return [(x + (i - (seats - 1) / 2) * PITCH, y) for i in range(seats)]


def on_circle(centre, radius, degrees):
    """The point of a circle at an angle counted from straight down, positive to the right."""
    turn = math.radians(degrees)
    return centre[0] + radius * math.sin(turn), centre[1] + radius * math.cos(turn)


def arc(centre, radius, middle, seats):
    """Points of a curved row of so many seats, centred on an angle, left to right."""
    step = math.degrees(PITCH / radius)
    return [on_circle(centre, radius, middle + (i - (seats - 1) / 2) * step) for i in range(seats)]


def seats_in(length):
    """How many seats a stretch between two aisles holds."""
    return max(1, int(length // PITCH))


def band(centre, inner, outer, start, end):
    """Outline of the part of a ring between two radii and two angles."""
    steps = max(2, round(abs(end - start) / 3))
    turns = [start + (end - start) * step / steps for step in range(steps + 1)]
    near = [on_circle(centre, inner, turn) for turn in turns]
    far = [on_circle(centre, outer, turn) for turn in reversed(turns)]
    return tuple(near + far)


def stage(width, depth, front=0):
    """A stage whose front edge lies on y = `front`, centred on x = 0, a little narrower there."""
    half, narrow = width / 2, width * 0.44
    back = front - depth
    points = ((-half, back), (half, back), (narrow, front), (-narrow, front))
    return PlanShape("stage", "STAGE", points)


def finished(plan):
    """The plan, sound and normalised."""
    validate(plan)
    return normalise(plan)
