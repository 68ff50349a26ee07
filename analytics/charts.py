"""Pictures of figures that also stand in the table beside them, as SVG drawn on the server."""

from dataclasses import dataclass
from decimal import Decimal

SHOWN = 12
STEPS = (1, 2, 4, 5, 8, 10)


@dataclass(frozen=True)
class Bar:
    """`values` are drawn one below the other, in the order of the chart's legend; `words` say them."""

    label: str
    values: tuple
    words: tuple


@dataclass(frozen=True)
class Bars:
    """Things side by side, the largest first; `legend` names what each value of a bar is."""

    title: str
    legend: tuple
    bars: list
    left_out: int = 0
    template = "admin/reports/_bars.html"

    @property
    def drawn(self):
        """[(label, [(percent of the longest, whether below zero, words)])]."""
        longest = max((abs(value) for bar in self.bars for value in bar.values), default=0) or 1
        return [
            (
                bar.label,
                [
                    (round(float(100 * abs(value) / longest), 1), value < 0, words)
                    for value, words in zip(bar.values, bar.words, strict=True)
                ],
            )
            for bar in self.bars
        ]


def bars(title, rows, *, label, show, in_order=False, lead=None, **series):
    """Bars of the rows with the largest values, or of the first `in_order`; None without any.

    `label(row)` names one, `series` is {name in the legend: column}, `show(row, value)` says a value
    in words, and so does `lead` of the first of the series, where that is said otherwise.
    """
    keys = list(series.values())
    largest = rows if in_order else sorted(rows, key=lambda row: -abs(row[keys[0]] or 0))
    shown = [
        Bar(
            label=label(row),
            values=tuple(row[key] or Decimal(0) for key in keys),
            words=tuple(
                (lead if lead and key == keys[0] else show)(row, row[key] or Decimal(0))
                for key in keys
            ),
        )
        for row in largest[:SHOWN]
    ]
    names = tuple(name.replace("_", " ").capitalize() for name in series)
    return Bars(title, names, shown, left_out=len(rows) - len(shown)) if shown else None


@dataclass(frozen=True)
class Days:
    """A value for each of several days or weeks: [(label, value, words)], oldest first."""

    title: str
    points: list
    template = "admin/reports/_days.html"

    @property
    def top(self):
        """A round number that no value exceeds."""
        highest = max((value for _, value, _ in self.points), default=0)
        unit = 1
        while unit * STEPS[-1] < highest:
            unit *= 10
        return next(unit * step for step in STEPS if unit * step >= highest)

    @property
    def drawn(self):
        """[(x, width, height of 100, label, words)] on 600 units from left to right."""
        pitch = 600 / max(len(self.points), 1)
        return [
            (
                f"{number * pitch:.1f}",
                f"{pitch * 0.7:.1f}",
                round(100 * float(max(value, 0)) / self.top, 1),
                label,
                words,
            )
            for number, (label, value, words) in enumerate(self.points)
        ]
