"""Chart drawings of seats.io, as its designer saves them and its API hands them out.

A drawing has one `subChart`, or one a floor, with rows, tables, booths, general-admission areas and
sections; a section has a `subChart` of its own in coordinates local to its `topLeft`. Older charts
drew the inside of sections on a scale of its own, `sectionScaleFactor`.
"""

from dataclasses import replace
from math import isfinite

from venues.importers import reading
from venues.importers.drafts import (
    Drafts,
    drawable,
    kind_of,
    overlap,
    reach,
    room_to_stand,
    shifted,
)
from venues.importers.seatsio_shapes import corners, drawn, rows, text_shape, to_chart_of
from venues.plan import PITCH, Plan, PlanError, PlanSeat, moved

LOOSE = {"SEATS": "Main", "TABLES": "Tables"}
"""Names of the sections of rows and tables drawn outside any section."""


def parse(content):
    """The plan of a chart drawing, in the drawing's own units. Raises PlanError.

    Buyers see the displayed labels; where these are ambiguous, the labels proper.
    """
    chart = reading.json_of(reading.text_of(content))
    if not is_chart(chart):
        raise PlanError(["File: is not a seats.io chart, it has neither subChart nor floors"])
    chart = _unwrapped(chart)
    _refuse_too_many(chart)
    reader = _Reader(chart, ("displayLabel", "label"))
    try:
        return _plan(chart, reader)
    except PlanError:
        if not reader.displayed:
            raise
        return _plan(chart, _Reader(chart, ("label",)))


def _plan(chart, reader):
    floors = _floors(chart)
    sections, shapes = [], []
    for number, floor in enumerate(floors, start=1):
        name = _floor_name(floor, number) if len(floors) > 1 else ""
        new_sections, new_shapes = reader.floor(floor, name)
        dy = _below(new_sections, sections)
        sections += [moved(section, 0, dy) for section in new_sections]
        shapes += [shifted(shape, 0, dy) for shape in new_shapes]
    plan = Plan(
        name=reading.caption(chart.get("name")) or "Seat plan",
        sections=tuple(_told_apart(sections)),
        shapes=tuple(shapes),
        focal=_focal(chart, floors),
        categories=tuple(reader.categories.values()),
    )
    return reading.sound(plan, reader.problems)


def _floors(chart):
    return reading.parts(chart, "subChartFloors") or [reading.part(chart, "subChart")]


def _refuse_too_many(chart):
    insides = _floors(chart)
    insides += [
        reading.part(each, "subChart") for f in insides for each in reading.parts(f, "sections")
    ]
    seats = sum(len(reading.parts(row, "seats")) for inside in insides for row in rows(inside))
    areas = [form for each in insides for form in reading.parts(each, "generalAdmissionAreas")]
    reading.refuse_too_many(seats, [reading.whole(form.get("capacity")) for form in areas])


def is_chart(form):
    """Whether a JSON document looks like a chart drawing."""
    chart = _unwrapped(form)
    return bool(reading.part(chart, "subChart") or reading.decorations(chart, "subChartFloors"))


def _unwrapped(form):
    """The drawing itself; some answers of the API carry it under `chart` or `drawing`."""
    return reading.part(form, "chart") or reading.part(form, "drawing") or form


def _floor_name(floor, number):
    return reading.first_label(
        floor.get("floorDisplayName"), floor.get("floorName"), f"Floor {number}"
    )


def _below(sections, others):
    """How far down a floor must move so that it does not lie on the floors before it."""
    if not sections or not others or not overlap(sections, others):
        return 0
    return reach(others)[3] + 4 * PITCH - reach(sections)[1]


def _told_apart(sections):
    """Sections of the same label on several floors carry the floor in their label."""
    labels = [section.label for section in sections]
    return [
        replace(section, label=f"{section.floor} {section.label}")
        if section.floor and labels.count(section.label) > 1
        else section
        for section in sections
    ]


def _focal(chart, floors):
    """The chart's focal point, else its first zone's. The origin is what an unset one saves as."""
    points = [reading.point(floor, "focalPoint") for floor in floors]
    zones = reading.decorations(reading.part(chart, "zones"), "list")
    points += [reading.point(zone, "focalPoint") for zone in zones]
    return next(((x, y) for x, y in points if isfinite(x + y) and (x or y)), None)


class _Reader:
    """Reads floors of one chart; gathers problems instead of stopping at the first."""

    def __init__(self, chart, label_keys):
        self.problems = []
        self.label_keys = label_keys
        self.displayed = False
        self.categories = _categories(chart)
        self.accessible = _accessible_keys(chart)
        zones = reading.decorations(reading.part(chart, "zones"), "list")
        self.zones = {zone.get("key"): reading.label(zone.get("label")) for zone in zones}
        self.scale = 100 / (reading.number(chart.get("sectionScaleFactor"), 100) or 100)

    def floor(self, chart, name):
        """(sections, shapes) of one floor."""
        drafts, standing, shapes = Drafts(), [], []
        for form in reading.parts(chart, "sections"):
            self._section(form, drafts, standing, shapes, name)
        self._contents(chart, _Place(drafts, floor=name), standing, shapes)
        return [*drafts.sections(), *standing], shapes

    def _section(self, form, drafts, standing, shapes, floor):
        inside = reading.part(form, "subChart")
        outline = tuple(reading.point(corner) for corner in reading.decorations(form, "points"))
        outline = outline if len(outline) >= 3 and drawable(outline) else ()
        place = _Place(
            drafts,
            section=self._printed(form),
            outline=outline,
            zone=self.zones.get(form.get("zone"), reading.label(form.get("zone"))),
            floor=floor,
            entrance=reading.label(form.get("entrance")),
            category=self._category(form),
            to_chart=to_chart_of(form, inside, outline, self.scale),
        )
        if not place.section:
            self.problems.append(f"{reading.spot('Section', form.get('uuid'))}: has no label")
            return
        self._contents(inside, place, standing, shapes)

    def _contents(self, chart, place, standing, shapes):
        """Everything drawn in a section, or beside the sections."""
        for form in reading.parts(chart, "rows"):
            place.draft(form).add(self._label(form, "Row"), self._seats(form, place))
        for form in reading.parts(chart, "tables"):
            draft = place.draft(form, "TABLES")
            draft.add(self._label(form, "Table"), self._seats(form, place))
            shapes += drawn(form, place.to_chart, "circle")
        for form in reading.parts(chart, "booths"):
            self._booth(form, place)
            shapes += drawn(form, place.to_chart, "rectangle", label="")
        for form in reading.parts(chart, "generalAdmissionAreas"):
            standing += self._area(form, place, chart)
        for form in reading.decorations(chart, "shapes"):
            shapes += drawn(form, place.to_chart, "rectangle")
        for form in reading.decorations(chart, "texts"):
            shapes += text_shape(form, place.to_chart)

    def _printed(self, form):
        label = reading.first_label(*[form.get(key) for key in self.label_keys])
        self.displayed = self.displayed or bool(form.get("displayLabel"))
        return "" if label == "?" else label

    def _label(self, form, *what):
        """The label of a row, table or booth, told as missing when it is.

        The designer writes a missing one as '?'.
        """
        label = self._printed(form)
        if not label:
            self.problems.append(f"{reading.spot(*what, form.get('uuid'))}: has no label")
        return label

    def _seats(self, form, place):
        return [
            PlanSeat(
                self._printed(seat),
                *place.to_chart(*reading.point(seat)),
                kind=self._kind(seat),
                restricted_view=reading.flag(seat.get("restrictedView")),
                category=self._category(seat) or self._category(form) or place.category,
            )
            for seat in reading.parts(form, "seats")
        ]

    def _booth(self, form, place):
        """A booth is sold as one place: a row of its own."""
        label = self._label(form, "Booth")
        named = label if label.lower().startswith("booth") else f"Booth {label}"
        x, y = place.to_chart(*reading.point(form, "center"))
        seat = PlanSeat("1", x, y, category=self._category(form) or place.category)
        place.draft(form, loose="Booths").add(named, [seat])

    def _area(self, form, place, chart):
        """General admission: a standing section of its own, as a list of one or none."""
        label = self._printed(form)
        if place.section and label != place.section:
            label = f"{place.section} {label}".strip()
        outline = [place.to_chart(*corner) for corner in corners(form)]
        names = {**place.names, "category": self._category(form) or place.category}
        names["entrance"] = reading.label(form.get("entrance")) or place.entrance
        capacity = reading.whole(form.get("capacity"))
        section = room_to_stand(label, capacity, outline, self.problems, **names)
        return [section] if section else []

    def _category(self, form):
        """The category's label: of the key if the chart knows it, else as written."""
        known = self.categories.get(str(form.get("categoryKey")))
        return known[1] if known else reading.label(form.get("categoryLabel"))

    def _kind(self, seat):
        if reading.flag(seat.get("companionSeat")):
            return "COMPANION"
        keyed = str(seat.get("categoryKey")) in self.accessible
        if keyed or any(reading.flag(seat.get(k)) for k in ("accessible", "categoryAccessible")):
            return "WHEELCHAIR"
        return kind_of(self._category(seat))


class _Place:
    """Where objects are drawn: a section, or the chart itself when `section` is empty."""

    def __init__(self, drafts, section="", outline=(), to_chart=lambda x, y: (x, y), **names):
        self.drafts, self.section, self.outline = drafts, section, outline
        self.to_chart = to_chart
        self.names = {"zone": "", "floor": "", "entrance": "", "category": "", **names}

    @property
    def entrance(self):
        return self.names["entrance"]

    @property
    def category(self):
        return self.names["category"]

    def draft(self, form, kind="SEATS", loose=""):
        """The section an object belongs to."""
        own = reading.first_label(form.get("sectionDisplayedLabel"), form.get("sectionLabel"))
        label = self.section or own or loose or LOOSE[kind]
        draft = self.drafts.of(label, kind, **self.names)
        if draft.label == self.section:
            draft.outline = self.outline
        return draft


def _categories(chart):
    """(key, label, colour) by key."""
    found = {}
    for form in _category_forms(chart):
        key = reading.label(form.get("key"))
        label = reading.first_label(form.get("label"), key)
        found[key] = (key, label, reading.colour(form.get("color")))
    return found


def _accessible_keys(chart):
    forms = _category_forms(chart)
    return {
        reading.label(form.get("key")) for form in forms if reading.flag(form.get("accessible"))
    }


def _category_forms(chart):
    return reading.decorations(reading.part(chart, "categories"), "list") or reading.decorations(
        chart, "categories"
    )
