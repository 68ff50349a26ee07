"""A report: one question, asked with a form that stands in the address, answered by one query as a
table with sums, a chart and files."""

from dataclasses import dataclass, field
from itertools import groupby

from analytics.forms import PeriodForm
from analytics.reports.columns import Kind
from core.errors import Invalid
from core.exports import csv_parts, xlsx_parts

PER_PAGE = 100
# A worksheet has no more lines (and one of them has the titles).
SHEET_LINES = 1_048_575


@dataclass(frozen=True)
class File:
    """A kind of file. `write(report, chosen)` gives its parts as text or bytes."""

    label: str
    extension: str
    content_type: str
    write: object
    says: str = ""


@dataclass(frozen=True)
class Found:
    """One page of an answer: its rows, how many there are in all, a row of sums for each currency,
    a chart or None, and what must be said about it: [(tone, sentence)], tone ok, bad or nothing."""

    rows: list
    count: int
    sums: list
    chart: object = None
    notes: list = field(default_factory=list)


def write_csv(report, chosen):
    return csv_parts(report.titles(chosen), report.lines(chosen))


def write_xlsx(report, chosen):
    return xlsx_parts(report.titles(chosen), report.lines(chosen))


CSV = File("CSV", "csv", "text/csv; charset=utf-8", write_csv)
XLSX = File(
    "XLSX",
    "xlsx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    write_xlsx,
)


class Report:
    """`name` stands in its address, `right` in config.admin_site; `says` is the question it answers.

    A subclass gives `columns` and `rows(chosen)`: dicts with a value for each column and `currency`.
    `chosen` is the form's cleaned data. One that is too long to be read whole has `look` and `lines` of
    its own and does not sort.
    """

    name = ""
    title = ""
    group = ""
    right = ""
    says = ""
    form = PeriodForm
    columns = ()
    files = {"csv": CSV, "xlsx": XLSX}
    sorts = True
    sums_first = False
    """Whether its page begins with the sums, for whoever asks for them and not for the rows."""
    empty = "Nothing fits what was asked for."

    def columns_for(self, chosen):
        """The columns of this answer; more or fewer by what was asked for."""
        return self.columns

    def rows(self, chosen):
        raise NotImplementedError

    def chart(self, chosen, rows):
        """A chart of all rows, or None."""

    def notes(self, chosen, rows):
        """What must be said about the rows: [(tone, sentence)]."""
        return []

    def look(self, chosen, *, page=1, order=""):
        """One page of the answer, its rows in the order of a column: "cost", or "-cost" downwards."""
        rows = in_order(self.rows(chosen), self.columns_for(chosen), order)
        shown = rows[PER_PAGE * (page - 1) : PER_PAGE * page]
        return Found(
            rows=shown,
            count=len(rows),
            sums=self.sums(chosen, rows),
            chart=self.chart(chosen, rows),
            notes=self.notes(chosen, rows),
        )

    def sums(self, chosen, rows):
        """A row for each currency with the sum of every column that adds up."""
        return sums_of(rows, [c.key for c in self.columns_for(chosen) if c.adds_up])

    def count(self, chosen):
        """How many lines a file will have, or None where it can only be few."""

    def lines(self, chosen):
        """The rows of a file: lists of values in the order of the columns."""
        columns = self.columns_for(chosen)
        return ([column.value(row) for column in columns] for row in self.every_row(chosen))

    def every_row(self, chosen):
        return self.rows(chosen)

    def titles(self, chosen):
        return [column.title for column in self.columns_for(chosen)]

    def file(self, kind, chosen):
        """The parts of a file. Raises Invalid when the rows do not fit its kind."""
        if kind == "xlsx" and (self.count(chosen) or 0) > SHEET_LINES:
            raise Invalid("A worksheet holds 1,048,575 lines; ask for fewer days, or take the CSV.")
        return self.files[kind].write(self, chosen)


def sums_of(rows, keys):
    """[{currency, key: sum, …}] of rows, a currency after the other; counts and amounts alike."""
    by_currency = sorted(rows, key=lambda row: row.get("currency") or "")
    return [
        {"currency": currency, **_added(list(group), keys)}
        for currency, group in groupby(by_currency, key=lambda row: row.get("currency") or "")
    ]


def _added(rows, keys):
    return {key: sum(row[key] for row in rows if row[key] is not None) for key in keys}


def in_order(rows, columns, order):
    """The rows by one column, those without a value last; as they are when there is no such column."""
    wanted = next((column for column in columns if column.key == order.lstrip("-")), None)
    if wanted is None:
        return rows
    having = [row for row in rows if wanted.value(row) is not None]
    rest = [row for row in rows if wanted.value(row) is None]
    plain = str.casefold if wanted.kind is Kind.TEXT else lambda value: value
    ordered = sorted(having, key=lambda row: plain(wanted.value(row)), reverse=order[:1] == "-")
    return ordered + rest
