"""What stands in the columns of a report: its kind decides how a value is shown, added up and sent."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum

from django.urls import reverse
from django.utils.html import format_html

from core.admin_parts import amount, day, when
from core.money import quantum

TENTH = Decimal("0.1")


class Kind(Enum):
    TEXT = "text"
    COUNT = "count"
    MONEY = "money"
    PERCENT = "percent"
    NUMBER = "number"
    DAY = "day"
    MOMENT = "moment"


FIGURES = {Kind.COUNT, Kind.MONEY, Kind.PERCENT, Kind.NUMBER}


@dataclass(frozen=True)
class Column:
    """`key` is the value's name in the row. `adds_up`: it has a sum. `ratio` (part, whole) makes
    it a percentage of two other columns, of sums, too. `page` is the label of the model whose page a
    cell opens; its id is the row's <key>_id. `is_long` holds sentences."""

    key: str
    title: str
    kind: Kind = Kind.TEXT
    adds_up: bool = False
    ratio: tuple = ()
    page: str = ""
    is_long: bool = False

    @property
    def is_number(self):
        return self.kind in FIGURES

    def value(self, row):
        """What a file holds: money in the decimals of its currency, percentages to a tenth."""
        if self.ratio:
            return percent(*(row.get(key) for key in self.ratio))
        value = row.get(self.key)
        if value is None:
            return None
        if self.kind is Kind.MONEY:
            return value.quantize(quantum(row["currency"]))
        return Decimal(value).quantize(TENTH) if self.kind is Kind.NUMBER else value

    def cell(self, row, may_open=lambda label: False):
        """What a page shows."""
        shown = self._shown(row)
        key = row.get(f"{self.key}_id")
        if not self.page or key is None or not may_open(self.page):
            return shown
        address = reverse(f"admin:{self.page.replace('.', '_')}_change", args=[key])
        return format_html('<a href="{}">{}</a>', address, shown)

    def _shown(self, row):
        value = self.value(row)
        if value is None:
            return "–"
        if self.kind is Kind.MONEY:
            return amount(value, row["currency"])
        return SHOWN[self.kind](value)


SHOWN = {
    Kind.TEXT: str,
    Kind.COUNT: "{:,}".format,
    Kind.NUMBER: "{:,}".format,
    Kind.PERCENT: "{} %".format,
    Kind.DAY: day,
    Kind.MOMENT: when,
}


def percent(part, whole):
    """60.0 for (3, 5); None where there is no whole or no part."""
    if not whole or part is None:
        return None
    return (100 * Decimal(part) / Decimal(whole)).quantize(TENTH, ROUND_HALF_UP)


def text(key, title, **more):
    return Column(key, title, **more)


def count(key, title, *, adds_up=True, **more):
    return Column(key, title, Kind.COUNT, adds_up=adds_up, **more)


def money(key, title, *, adds_up=True, **more):
    return Column(key, title, Kind.MONEY, adds_up=adds_up, **more)


def share(title, part, whole, **more):
    """The percentage that one column is of another."""
    return Column(f"{part}_of_{whole}", title, Kind.PERCENT, ratio=(part, whole), **more)


CURRENCY = Column("currency", "Currency")
