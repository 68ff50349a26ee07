"""The list of sections as a buyer asks for it: those that suit his party, the best ones first."""

import math
from dataclasses import dataclass

from venues.labels import section_name

PAGE = 60  # sections
PARTS = ("floor", "zone")
MANY = 12  # sections from which on the list can be searched
ORDERS = {
    "best": lambda section: (not section.left, section.far),
    "price": lambda section: (not section.left, _dearness(section), section.far),
    "left": lambda section: (-section.left, section.far),
}


@dataclass(frozen=True)
class Listing:
    """A page of the ShownSections that suit; `found` counts all of them, `pages` their pages."""

    sections: list
    found: int
    page: int
    pages: int

    @property
    def numbers(self):
        return range(1, self.pages + 1)


def listing(sections, asked):
    """The Listing of these sections; `asked` as of SectionsForm."""
    suiting = suitable(sections, asked)
    pages = max(math.ceil(len(suiting) / PAGE), 1)
    page = min(asked["page"] or 1, pages)
    return Listing(suiting[(page - 1) * PAGE : page * PAGE], len(suiting), page, pages)


def suitable(sections, asked):
    """The sections that suit what was asked, those with places left first, in the order asked for."""
    found = [section for section in sections if _suits(section, asked)]
    return sorted(found, key=ORDERS[asked["order"] or "best"])


def best_first(sections):
    """All the sections, as if nothing was asked."""
    return sorted(sections, key=ORDERS["best"])


def _suits(section, asked):
    party, price, name = (asked[key] for key in ("party", "price", "name"))
    return (
        (not party or section.has_room_for(party))
        and (not price or _dearness(section) <= price)
        and all(not asked[part] or getattr(section, part) == asked[part] for part in PARTS)
        and (not name or name.casefold() in section_name(section.name).casefold())
        and (not asked["spaces"] or section.spaces > 0)
    )


def _dearness(section):
    return section.price_from.amount if section.price_from else math.inf


def parts(sections, kind):
    """The names of the house's parts (of PARTS) that sections say, in their order; none where there
    is one."""
    named = (getattr(section, kind) for section in sections)
    found = list(dict.fromkeys(name for name in named if name))
    return found if len(found) > 1 else []


def lowest_prices(sections):
    """The all-in prices (Money) from which sections are to be had, ascending; none where one is."""
    found = {section.price_from.amount: section.price_from for section in sections if section.left}
    return [found[amount] for amount in sorted(found)] if len(found) > 1 else []
