"""What is on, as plain values: every night of the demo, when it is, what it costs, who sold it to us.

Days count from today, so that the programme is always of the coming weeks. Prices are face values in
the currency of the night; the buyer's fee comes on top.
"""

from dataclasses import dataclass

from events.models import Event

CONCERT, THEATER = Event.Kind.CONCERT, Event.Kind.THEATER
FRIDAY, SATURDAY, SUNDAY, MONDAY = 4, 5, 6, 0
TUESDAY, WEDNESDAY, THURSDAY = 1, 2, 3


@dataclass(frozen=True)
class Level:
    """A price over `areas` {sections in words: rows in words, empty for all}; `position` 1 is the
    cheapest colour, 6 the dearest."""

    name: str
    position: int
    price: str
    areas: dict


@dataclass(frozen=True)
class Lot:
    """Seats bought of a supplier: `sections` and `rows` in words, at `cost` each."""

    supplier: str
    sections: str
    cost: str
    rows: str = ""
    retail: str = ""


@dataclass(frozen=True)
class Night:
    """An event. Its day is the first `weekday` from `in_days` on. `sold` is the share of our seats
    that past sales took; `left`, if given, says instead how many are still free."""

    title: str
    subtitle: str
    kind: str
    house: str
    in_days: int
    weekday: int
    starts: str
    minutes: int
    levels: tuple
    lots: tuple
    description: str = ""
    sold: float = 0.4
    left: int | None = None
    doors: int = 60
    series: str = ""
    organizer: bool = False
    featured: bool = False
    on_sale_in: int = -58
    becomes: str = "ON_SALE"
    currency: str = "EUR"
    most: int = 10


# --- prices of the houses -------------------------------------------------------------------------
HALL = (
    Level("Floor front", 6, "120.00", {"Floor A-C": ""}),
    Level("Floor back, lower sides", 5, "90.00", {"Floor D-F": "", "101-104": "", "113-116": ""}),
    Level("Lower ring", 4, "75.00", {"105-112": "A-J"}),
    Level("Lower ring, upper rows", 3, "60.00", {"105-112": "K-P"}),
    Level("Upper ring, front", 2, "47.50", {"201-220": "A-F"}),
    Level("Upper ring", 1, "35.00", {"201-220": "G-S"}),
)
COURT = (
    Level("Courtside", 6, "62.50", {"101-116": "A-C"}),
    Level("Middle rows", 4, "40.00", {"101-116": "D-H"}),
    Level("Upper rows", 2, "25.00", {"105-112": "I-P"}),
    Level("Upper rows, ends", 1, "15.00", {"101-104": "I-P", "113-116": "I-P"}),
)


def theatre(*, best, good, fair, side, cheap):
    """Prices of the Théâtre de l’Écluse from the first rows of the stalls to the balcony."""
    return (
        Level("Stalls front", 6, best, {"Stalls": "A-H"}),
        Level("Stalls, circle front", 5, good, {"Stalls": "I-P", "Dress circle": "A-C"}),
        Level("Stalls back, circle", 4, fair, {"Stalls": "Q-T", "Dress circle": "D-F"}),
        Level("Boxes", 3, side, {"Boxes left": "", "Boxes right": ""}),
        Level("Balcony", 1, cheap, {"Balcony": ""}),
    )


def club(*, table, balcony, floor):
    """Prices of La Petite Forge."""
    return (
        Level("Balcony tables", 5, table, {"Balcony tables": ""}),
        Level("Balcony", 3, balcony, {"Balcony": ""}),
        Level("Standing", 1, floor, {"Floor": ""}),
    )


def mirador(front, back):
    """Prices of the Salle Mirador, front half first."""
    return (
        Level("Front rows", 4, front, {"Section A": "A-C", "Section B": "A-C"}),
        Level("Back rows", 1, back, {"Section A": "D-F", "Section B": "D-G"}),
    )


TANNERY = (
    Level("Seats", 5, "32.00", {"Main": ""}),
    Level("Front pit", 3, "24.00", {"GA1": ""}),
    Level("Back pit", 1, "18.00", {"GA2": ""}),
)

# --- what is bought for them ----------------------------------------------------------------------
QUAY, HALLE, ECLUSE = "Quai Productions", "Halle Verdier, box office", "Théâtre de l’Écluse"
BROKER, TEAM, FORGE = "Passage Billets", "Rives 58 Basket", "La Petite Forge"
MIRADOR, LONDON = "Salle Mirador asbl", "The Tannery Yard Ltd"
BALCON = "Les Amis du Petit Balcon"
WHOLE_CLUB = (
    Lot(FORGE, "Floor", "14.00"),
    Lot(FORGE, "Balcony", "19.00"),
    Lot(FORGE, "Balcony tables", "26.00"),
)
WHOLE_MIRADOR = (Lot(MIRADOR, "Section A", "7.50"), Lot(MIRADOR, "Section B", "7.50"))
WHOLE_TANNERY = (
    Lot(LONDON, "Main", "21.00"),
    Lot(LONDON, "GA1", "15.50"),
    Lot(LONDON, "GA2", "11.00"),
)


def whole_theatre(supplier, *, stalls, circle, boxes, balcony):
    """Every seat of the Théâtre de l’Écluse, at these costs."""
    return (
        Lot(supplier, "Stalls", stalls),
        Lot(supplier, "Dress circle", circle),
        Lot(supplier, "Boxes left, Boxes right", boxes),
        Lot(supplier, "Balcony", balcony),
    )


LANTERNS = """Harbour Songs, with the Quayside Brass and a choir of forty. Two parts, one interval.

The Low Lanterns wrote these songs on a barge between Ghent and Lyon and have played them in rooms of
eighty ever since. These three nights are the first with everybody who is on the record: brass,
choir, harmonium and the bell of the lock at Pierre-Bénite.

No support act. The bar closes during the second part."""
SERIES = "The Low Lanterns: Harbour Songs"
ORCHARD = """A house of glass, four sisters, one summer that will not end. Adèle Marchand’s play was
written for this stage and comes back with the whole first cast.

In French with English surtitles. One hour fifty, no interval."""
PUPPETS = """Thirty animals cut from a single sheet of paper cross the ring, and one of them does not
want to be folded up again. For everybody from four years.

Fifty minutes. Afterwards every child folds an elephant to take home."""

UPCOMING = (
    Night(
        "A Moth in the Wardrobe", "Late show: Maud Carlier talks to her clothes",
        Event.Kind.COMEDY, "forge", 2, FRIDAY, "21:00", 80,
        club(table="35.00", balcony="27.50", floor="20.00"), WHOLE_CLUB,
        """Maud Carlier has kept every coat since 1994. Tonight she lets them go, one by one, with
their stories. The funniest evening about moving house you will see this year.

In French, with some Flemish where it hurts.""",
        left=14, on_sale_in=-44,
    ),
    Night(
        "L’ours et la lune", "Théâtre d’ombres, dès 3 ans",
        Event.Kind.FAMILY, "mirador", 6, SUNDAY, "11:00", 45, mirador("14.00", "10.00"),
        WHOLE_MIRADOR,
        """Un ours tombe amoureux de la lune et cherche l’échelle la plus longue du monde. Ombres,
violoncelle et un peu de neige.

Durée 45 minutes. Les enfants restent sur les genoux ou sur un coussin.""",
        left=9, doors=30, on_sale_in=-36,
    ),
    Night(
        "Les heures blanches", "Compagnie du Marais, mise en scène Hélène Perrin",
        THEATER, "ecluse", 9, THURSDAY, "20:30", 125,
        theatre(best="55.00", good="45.00", fair="35.00", side="30.00", cheap="20.00"),
        (
            Lot(ECLUSE, "Stalls", "31.00"),
            Lot(ECLUSE, "Dress circle", "27.00", "A-C"),
            Lot(BROKER, "Boxes left", "24.00", retail="37.50"),
            Lot(ECLUSE, "Balcony", "12.00"),
        ),
        """Une nuit de garde, deux internes, une patiente qui refuse de dormir. La Compagnie du Marais
tient l’hôpital entier dans une seule chambre.

Spectacle en français. Deux heures cinq, sans entracte. Déconseillé aux moins de 14 ans.""",
        sold=0.55, on_sale_in=-52,
    ),
    Night(
        "Rives 58 v Gent Harriers", "European League, group stage",
        Event.Kind.SPORTS, "court", 12, SUNDAY, "17:00", 120, COURT,
        (
            Lot(TEAM, "101-107", "19.00"),
            Lot(TEAM, "113-114", "12.50"),
            Lot(BROKER, "108", "31.00", "A-H"),
        ),
        """The return match: in Ghent the Harriers won by one point, eleven seconds before the end.
The winner goes to the quarter-final.

Sections 113 and 114 are the family stand. Away supporters sit in 115 and 116, by the east stairs.""",
        sold=0.5, featured=True, doors=90, on_sale_in=-31,
    ),
    Night(
        "Small Talk, Large Room", "Improvised stand-up by people who have never met",
        Event.Kind.COMEDY, "ecluse", 17, FRIDAY, "20:00", 105,
        theatre(best="42.50", good="37.50", fair="30.00", side="25.00", cheap="17.50"),
        (
            Lot(QUAY, "Stalls", "26.00"),
            Lot(QUAY, "Dress circle", "23.00"),
            Lot(QUAY, "Boxes left, Boxes right", "18.00"),
        ),
        """Six comedians draw lots for a partner at 19:55. By 21:45 they have written a show. Nobody
knows what it is about, least of all the lighting desk.

In English and French, often in one sentence.""",
        sold=0.35, organizer=True, featured=True, on_sale_in=-27,
    ),
    Night(
        "Papier! A puppet circus", "Compagnie Plis, from 4 years",
        Event.Kind.FAMILY, "mirador", 20, SATURDAY, "15:00", 50, mirador("17.50", "12.50"),
        WHOLE_MIRADOR, PUPPETS, sold=0.6, featured=True, doors=30, series="Papier!", on_sale_in=-34,
    ),
    Night(
        "Papier! A puppet circus", "Compagnie Plis, from 4 years",
        Event.Kind.FAMILY, "mirador", 24, WEDNESDAY, "15:00", 50, mirador("17.50", "12.50"),
        WHOLE_MIRADOR, PUPPETS, sold=0.3, doors=30, series="Papier!", on_sale_in=-34,
    ),
    Night(
        "Orchestre de l’Estuaire: Winter Light", "Sibelius, Saariaho, Grieg",
        CONCERT, "ecluse", 26, SUNDAY, "17:00", 110,
        theatre(best="65.00", good="52.50", fair="42.50", side="35.00", cheap="25.00"),
        whole_theatre(ECLUSE, stalls="36.00", circle="32.00", boxes="22.00", balcony="14.00"),
        """Three pieces for the shortest days: Sibelius’s Fourth, Saariaho’s Ciel d’hiver, and Grieg’s
concerto with Lieke Hendriks at the piano. Conducted by Ciarán Brennan.

Interval of twenty minutes. An introduction is given in the foyer at 16:15.""",
        sold=0.45, on_sale_in=-57,
    ),
    Night(
        "An Evening of Small Disasters", "True stories, told without notes",
        Event.Kind.OTHER, "tannery", 31, TUESDAY, "19:30", 120, TANNERY, WHOLE_TANNERY,
        """Five people tell what went wrong, from a wedding on the wrong island to a very public
spelling mistake. Hosted by Fiona Kelly, with a house band that is never quite ready.

Over 16s. Seats for the first thirty-two; two standing pits for everybody else.""",
        sold=0.5, currency="GBP", most=6, on_sale_in=-23,
    ),
    Night(
        "The Glass Orchard", "A play by Adèle Marchand",
        THEATER, "ecluse", 38, WEDNESDAY, "20:00", 110,
        theatre(best="50.00", good="42.50", fair="35.00", side="27.50", cheap="20.00"),
        whole_theatre(QUAY, stalls="29.00", circle="26.00", boxes="17.00", balcony="11.00"),
        ORCHARD, sold=0.5, organizer=True, featured=True, series="The Glass Orchard", on_sale_in=-48,
    ),
    Night(
        "The Glass Orchard", "A play by Adèle Marchand",
        THEATER, "ecluse", 39, THURSDAY, "20:00", 110,
        theatre(best="50.00", good="42.50", fair="35.00", side="27.50", cheap="20.00"),
        (Lot(QUAY, "Stalls", "29.00"), Lot(QUAY, "Dress circle", "26.00")),
        ORCHARD, sold=0.2, organizer=True, series="The Glass Orchard", on_sale_in=-20,
    ),
    Night(
        "The Low Lanterns", "Harbour Songs tour",
        CONCERT, "halle", 50, FRIDAY, "20:00", 160, HALL,
        (Lot(QUAY, "Floor A-C", "88.00"), Lot(QUAY, "106", "52.00")),
        LANTERNS, left=0, organizer=True, doors=90, series=SERIES, on_sale_in=-40,
    ),
    Night(
        "The Low Lanterns", "Harbour Songs tour",
        CONCERT, "halle", 51, SATURDAY, "20:00", 160, HALL,
        (
            Lot(QUAY, "Floor A-F", "82.00"),
            Lot(QUAY, "104-107, 110-111", "56.00"),
            Lot(BROKER, "112", "64.00", "A-H", retail="82.50"),
            Lot(HALLE, "205-206", "27.00"),
        ),
        LANTERNS, sold=0.45, organizer=True, featured=True, doors=90, series=SERIES, on_sale_in=-40,
    ),
    Night(
        "The Low Lanterns", "Harbour Songs tour",
        CONCERT, "halle", 52, SUNDAY, "18:00", 160, HALL,
        (Lot(QUAY, "Floor B", "92.00"), Lot(QUAY, "109", "52.00")),
        LANTERNS, left=60, organizer=True, doors=90, series=SERIES, on_sale_in=-40,
    ),
    Night(
        "Open Harbour", "A day on rivers, ports and the cities behind them",
        Event.Kind.CONFERENCE, "ecluse", 66, TUESDAY, "09:30", 480,
        theatre(best="95.00", good="95.00", fair="75.00", side="75.00", cheap="45.00"),
        (Lot(ECLUSE, "Stalls", "40.00"),),
        """Twelve talks of twenty minutes, two long tables, one boat. Speakers from Rotterdam, Gdańsk,
Porto and Nantes on what happens when the water comes back into the plan.

Lunch and the boat are included. Talks in English, with French interpreting on headphones.""",
        sold=0.25, doors=45, on_sale_in=-30,
    ),
    Night(
        "Salt Line", "Coastal post-rock, new record",
        CONCERT, "forge", 45, SATURDAY, "20:00", 130,
        club(table="32.50", balcony="27.50", floor="20.00"), WHOLE_CLUB,
        """Four people, two drum kits, and the tide tables of the Gironde. Salt Line play their third
record once from beginning to end, then whatever is asked for.

Earplugs free at the bar. Support: Ostrea.""",
        sold=0, on_sale_in=9, becomes="PUBLISHED",
    ),
    Night(
        "Cartographers", "The unfinished map",
        CONCERT, "forge", 29, SATURDAY, "22:30", 90,
        club(table="30.00", balcony="25.00", floor="17.50"), (),
        """The tour has been called off by the band before tickets went on sale. We are sorry;
nobody was charged anything.""",
        sold=0, on_sale_in=5, becomes="CANCELLED",
    ),
    Night(
        "Spring residency", "Working title",
        CONCERT, "forge", 110, WEDNESDAY, "20:00", 100,
        club(table="30.00", balcony="25.00", floor="17.50"), (),
        sold=0, on_sale_in=60, becomes="DRAFT",
    ),
)  # fmt: skip
PAST = (
    Night(
        "Nocturne for Two Rivers", "Orchestre de l’Estuaire with Nora Haugen, viola",
        CONCERT, "ecluse", -27, SATURDAY, "20:00", 105,
        theatre(best="60.00", good="50.00", fair="40.00", side="32.50", cheap="22.50"),
        whole_theatre(ECLUSE, stalls="34.00", circle="30.00", boxes="20.00", balcony="13.00"),
        sold=0.86, becomes="COMPLETED",
    ),
    Night(
        "Ostrea", "Record release",
        CONCERT, "forge", -19, FRIDAY, "20:30", 110,
        club(table="30.00", balcony="25.00", floor="17.50"), WHOLE_CLUB,
        sold=0.74, becomes="COMPLETED",
    ),
    Night(
        "Papier! A puppet circus", "Compagnie Plis, from 4 years",
        Event.Kind.FAMILY, "mirador", -12, WEDNESDAY, "15:00", 50, mirador("17.50", "12.50"),
        WHOLE_MIRADOR, PUPPETS, left=2, becomes="COMPLETED", series="Papier!",
    ),
    Night(
        "Rives 58 v Ostende Blues", "European League, group stage",
        Event.Kind.SPORTS, "court", -10, SUNDAY, "17:00", 120, COURT,
        (Lot(TEAM, "105-108", "19.00"), Lot(TEAM, "113", "12.00")),
        sold=0.7, becomes="COMPLETED", doors=90,
    ),
)  # fmt: skip
BALCONY = Night(
    "Le Revizor", "Gogol, à six comédiens",
    THEATER, "balcon", 15, SATURDAY, "20:00", 95,
    (Level("Parterre", 3, "18.00", {"Parterre": ""}),),
    (Lot(BALCON, "Parterre", "9.00"),),
    """Une ville de province attend l’inspecteur et accueille n’importe qui.

Salle de soixante places.""",
)  # fmt: skip
