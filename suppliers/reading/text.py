"""A supplier's file as the text that people correct: the lines keep their numbers."""

from suppliers.reading import workbook
from suppliers.reading.files import lines_of, refuse_foreign, refuse_too_many, text_of


def as_text(content):
    """The text of a file's bytes; a workbook becomes lines with tabs. Raises Unreadable."""
    refuse_foreign(content)
    if not workbook.is_workbook(content):
        return "\n".join(lines_of(text_of(content)))
    rows = dict(workbook.rows_of(content))
    refuse_too_many(max(rows, default=0))
    return "\n".join(_line(rows.get(number, [])) for number in range(1, max(rows, default=0) + 1))


def _line(cells):
    return "\t".join(" ".join(cell.split()) for cell in cells)
