"""Which format a file is: its content decides; what is none of them is told what it is."""

import json

import pytest

from venues.importers import read
from venues.tests.charts import problems_in, sample


@pytest.mark.parametrize(
    ("file", "format_name", "places"),
    [
        ("seatsio_basic_small.json", "seats.io", 232),
        ("seatsio_sections_small.json", "seats.io", 71),
        ("pretix_small.json", "pretix", 64),
        ("csv_small.csv", "csv", 142),
    ],
)
@pytest.mark.parametrize("name", ["upload", "seats.csv", "plan.json", ""])
def test_the_content_decides_whatever_the_file_is_called(file, format_name, places, name):
    found, plan = read(name, sample(file))
    assert (found, plan.places) == (format_name, places)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "File: is empty"),
        (b" \n\t ", "File: is empty"),
        (b"PK\x03\x04sheet", "File: is a spreadsheet or archive; save it as CSV"),
        (b"%PDF-1.7", "File: is a PDF document"),
        (b"\x89PNG\r\n", "File: is a picture"),
        ("<p/>", "File: is a web page or other document; drawings come as SVG"),
        (
            "<svg/>",
            "Drawing: no seats were found; draw them as circles, ellipses or rectangles of one size",
        ),
        ("{}", "File: is neither a seats.io chart nor a pretix seating plan"),
        ("[1, 2]", "File: is neither a seats.io chart nor a pretix seating plan"),
        ('{"zones": true}', "File: is neither a seats.io chart nor a pretix seating plan"),
        (
            "Dear sirs",
            "File: is neither a seats.io chart, a pretix seating plan nor a seat list",
        ),
        (
            '{"subChart": {"rows": [}',
            "File: is not sound JSON: Expecting value at line 1, column 24",
        ),
        ("[" * 100_000, "File: is nested too deeply"),
        ('{"subChart":' * 50_000, "File: is nested too deeply"),
        ('{"subChart": ' + "9" * 5000 + "}", "File: has a number of thousands of digits"),
        (b"{" + b" " * (20 * 1024 * 1024), "File: is larger than 20 MB"),
    ],
)
def test_what_is_no_seat_plan_is_told(content, problem):
    assert problems_in(content, "upload") == [problem]


def test_broken_bytes_are_read_as_an_old_encoding():
    form = {"subChart": {"rows": [{"label": "É", "seats": [{"label": "1", "x": 0, "y": 0}]}]}}
    content = json.dumps(form, ensure_ascii=False).encode("cp1252")
    assert read("chart.json", content)[1].sections[0].rows[0].label == "É"
