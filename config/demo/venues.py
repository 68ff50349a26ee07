"""The houses: two drawn by somebody else and imported, the others built by rule."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from venues.generators import arena, club, grid, theatre
from venues.models import Layout, Venue
from venues.plan import PlanShape, normalise
from venues.services import import_layout, publish_layout

SAMPLES = Path(__file__).parent / "samples"
LYON = ("69007", "Lyon", "FR")


@dataclass(frozen=True)
class House:
    """A venue to be made, and the gates its doors have on a night: {gate: entrances}."""

    name: str
    kind: str
    address: str
    place: tuple
    directions: str
    gates: dict = field(default_factory=lambda: {"Gate A": []})
    time_zone: str = "Europe/Paris"


HOUSES = {
    "halle": House(
        "Halle Verdier",
        Venue.Kind.ARENA,
        "12 quai des Forges",
        LYON,
        "Tram 6, stop Forges. Quay entrance for the floor; stairs west and east of it.",
        {"Gate A": ["Quay entrance"], "Gate B": ["West stairs"], "Gate C": ["East stairs"]},
    ),
    "ecluse": House(
        "Théâtre de l’Écluse",
        Venue.Kind.THEATER,
        "3 rue de l’Écluse-Saint-Félix",
        ("44000", "Nantes", "FR"),
        "Tram 2, stop Saint-Félix, then four minutes along the canal. Lift from the foyer.",
        {"Gate A": ["Foyer"], "Gate B": ["Grand staircase"]},
    ),
    "forge": House(
        "La Petite Forge",
        Venue.Kind.CLUB,
        "41 rue des Emboutisseurs",
        ("69100", "Villeurbanne", "FR"),
        "Métro A, Gratte-Ciel. The street door is in the yard, behind the crane.",
        {"Gate A": ["Street door"], "Gate B": ["Stairs"]},
    ),
    "mirador": House(
        "Salle Mirador",
        Venue.Kind.THEATER,
        "Rue du Mirador 18",
        ("1060", "Bruxelles", "BE"),
        "Tram 81, stop Barrière. Prams may wait in the cloakroom.",
        {"Gate A": ["Entrance 1"], "Gate B": ["Entrance 2"]},
        "Europe/Brussels",
    ),
    "tannery": House(
        "The Tannery Yard",
        Venue.Kind.CLUB,
        "7 Hide Lane, Bermondsey",
        ("SE1 3XQ", "London", "GB"),
        "Ten minutes on foot from London Bridge. Step-free from the yard.",
        time_zone="Europe/London",
    ),
}
QUAY, WEST, EAST = "Quay entrance", "West stairs", "East stairs"


def gates_of(key):
    """{gate: entrances} on a night with the layout of this key."""
    house = HOUSES.get("halle" if key == "court" else key)
    return house.gates if house else {"Gate A": []}


def make_venues():
    """Venues with their layouts: {key of HOUSES: Layout}, and "court" for basketball at the Halle."""
    venues = {key: _venue(house) for key, house in HOUSES.items()}
    hall = _hall()
    return {
        "halle": _publish(venues["halle"], hall, "Concert, floor seated"),
        "court": _publish(venues["halle"], _court(hall), "Basketball"),
        "ecluse": _publish(venues["ecluse"], _theatre(), "Théâtre à l’italienne"),
        "forge": _publish(venues["forge"], club("La Petite Forge"), "Floor and balcony"),
        "mirador": _import(venues["mirador"], "seatsio_sections_small.json", "Gradins"),
        "tannery": _import(venues["tannery"], "seatsio_basic_small.json", "Seats and two pits"),
    }


def make_balcony():
    """The only room of the second agency; returns its Layout."""
    venue = Venue.objects.create(
        name="Le Petit Balcon",
        kind=Venue.Kind.THEATER,
        address="9 rue de la Treille",
        postcode="59000",
        city="Lille",
        country="FR",
        directions="Métro 1, Rihour.",
    )
    plan = grid([{"name": "Parterre", "rows": 6, "seats": 10}], name=venue.name)
    return _publish(venue, plan, "Salle")


def _venue(house):
    postcode, city, country = house.place
    return Venue.objects.create(
        name=house.name,
        kind=house.kind,
        address=house.address,
        postcode=postcode,
        city=city,
        country=country,
        time_zone=house.time_zone,
        directions=house.directions,
    )


def _publish(venue, plan, name) -> Layout:
    return publish_layout(venue=venue, plan=plan, name=name, source="demo")[0]


def _import(venue, sample, name):
    content = (SAMPLES / sample).read_bytes()
    return import_layout(venue=venue, filename=sample, content=content, name=name)[0]


def _hall():
    hall = arena(12_000, "Halle Verdier")
    return replace(hall, sections=tuple(_with_door(section) for section in hall.sections))


def _with_door(section):
    if section.zone == "Floor":
        return replace(section, entrance=QUAY)
    last_in_the_west = 108 if section.label < "200" else 210
    return replace(section, entrance=WEST if int(section.label) <= last_in_the_west else EAST)


def _court(hall):
    """The lower ring around a basketball court; the floor is cleared, the upper ring curtained off."""
    ring = [section for section in hall.sections if section.zone == "Lower ring"]
    floor = [
        seat for s in hall.sections if s.zone == "Floor" for row in s.rows for seat in row.seats
    ]
    middle = sum(seat.x for seat in floor) / len(floor), sum(seat.y for seat in floor) / len(floor)
    width, depth = 640, 1195
    court = PlanShape(
        "rectangle", "Court", x=middle[0] - width / 2, y=middle[1] - depth / 2, w=width, h=depth
    )
    plan = replace(
        hall,
        name="Halle Verdier, court",
        sections=tuple(ring),
        shapes=(court,),
        focal=middle,
    )
    return normalise(plan)


def _theatre():
    house = theatre("Théâtre de l’Écluse")
    doors = {"Stalls": "Foyer"}
    sections = (
        replace(section, entrance=doors.get(section.label, "Grand staircase"))
        for section in house.sections
    )
    return replace(house, sections=tuple(sections))
