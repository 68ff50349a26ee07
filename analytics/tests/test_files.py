"""Files of a report: what fits them and what is refused before anything is read."""

import pytest

from analytics.reports.base import SHEET_LINES, Report
from analytics.reports.columns import count
from core.errors import Invalid


class Long(Report):
    """So many lines, none of which may be read to find out that they are too many."""

    columns = (count("seats", "Seats"),)

    def __init__(self, lines):
        self.lines_in_all = lines

    def count(self, chosen):
        return self.lines_in_all

    def rows(self, chosen):
        return [{"seats": number} for number in range(3)]


def test_a_workbook_of_more_lines_than_a_sheet_has_is_refused_before_it_is_begun():
    with pytest.raises(Invalid, match="1,048,575 lines"):
        Long(SHEET_LINES + 1).file("xlsx", {})
    assert b"".join(Long(SHEET_LINES).file("xlsx", {}))


def test_a_csv_may_be_of_any_length():
    assert "".join(Long(SHEET_LINES + 1).file("csv", {})) == "Seats\r\n0\r\n1\r\n2\r\n"
