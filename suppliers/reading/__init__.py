"""Turns what a supplier sent into places of an order.

`read_delivery(order, content)` takes text that was pasted or the bytes of a CSV or XLSX file and gives
a `Reading`. It writes nothing. A line that cannot be read, or of which something cannot be received, is
a `Problem` of that line and leaves the others as they are.
"""

from suppliers.reading import tables, words, workbook
from suppliers.reading.expected import Expected
from suppliers.reading.files import (
    MOST_LINES,
    Unreadable,
    lines_of,
    refuse_foreign,
    text_of,
)
from suppliers.reading.judging import Judge
from suppliers.reading.result import Kind, Match, Part, Problem, Reading, Remark

__all__ = [
    "MOST_LINES",
    "Kind",
    "Match",
    "Part",
    "Problem",
    "Reading",
    "Remark",
    "Unreadable",
    "read_delivery",
]


def read_delivery(order, content, *, event_id=None):
    """The Reading of a text, or of the bytes of a CSV or XLSX file, against what `order` expects;
    `event_id` is meant where a line names no event.

    Raises Unreadable when nothing of it can be read: too large, no text, no line.
    """
    judge = Judge(Expected(order, event_id))
    table, lines = _table_or_lines(content)
    if table:
        _read_table(judge, *table)
    else:
        _read_lines(judge, lines)
    if not judge.lines:
        raise Unreadable("There is nothing to read in it.")
    return judge.reading()


def _table_or_lines(content):
    """(table, None) as of `tables.table_of`, else (None, [(line number, words)])."""
    if isinstance(content, bytes):
        refuse_foreign(content)
        if workbook.is_workbook(content):
            rows = workbook.rows_of(content)
            return tables.cells_of(rows), [(number, " ".join(cells)) for number, cells in rows]
        content = text_of(content)
    lines = lines_of(content.removeprefix("\ufeff"))
    return tables.table_of(lines), list(enumerate(lines, start=1))


def _read_table(judge, header, above, rows):
    if above:
        (first, _), (last, _) = above[0], above[-1]
        where = f"Line {first}" if first == last else f"Lines {first} to {last}"
        judge.remark(first, "", f"{where}: above the headings of the columns, not read.")
    for number, cells in rows:
        judge.take(tables.asked(header, number, cells))


def _read_lines(judge, lines):
    """Reads lines of words; a line such as "Section 112:" says the section of those below it."""
    sections, heading = judge.expected.sections, ""
    for number, line in lines:
        if not line.strip():
            continue
        asked = words.asked(number, line, sections)
        if words.is_heading(asked, line) and sections.find(asked.section).name:
            heading = asked.section
        elif heading and not sections.find(asked.section).name:
            judge.take(words.under(heading, asked))
        else:
            judge.take(asked)
