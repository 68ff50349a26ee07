"""Files that cost many times their bytes: refused before anything is built of them."""

import tracemalloc

import pytest

from venues.importers import flat_csv, reading
from venues.tests.charts import problems_in

MANY = 200_000
TOO_MANY_PARTS = "File: has more than 1,000 objects and lists"
TOO_MANY_LINES = "File: has more than 1,000 lines"
ROW = '{"row_number":"A","seats":[{}]}'


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("section,row,seat\n" + "1\n" * MANY, TOO_MANY_LINES),
        ("section,row,seat\r" + "1\r" * MANY, TOO_MANY_LINES),
        ("[" + "[]," * MANY + "1]", TOO_MANY_PARTS),
        ('{"zones":[{"rows":[' + ",".join([ROW] * (MANY // 10)) + "]}]}", TOO_MANY_PARTS),
        ('{"a":' * MANY, TOO_MANY_PARTS),
        ("[" * 900 + "1", "File: is not sound JSON: Expecting ',' delimiter at line 1, column 902"),
    ],
)
def test_what_a_file_holds_is_counted_before_it_is_built(monkeypatch, content, problem):
    monkeypatch.setattr(reading, "MOST_PARTS", 1_000)
    monkeypatch.setattr(flat_csv, "MOST_PLACES", 1_000)
    tracemalloc.start()
    try:
        assert problems_in(content, "plan.csv") == [problem]
        assert tracemalloc.get_traced_memory()[1] < 10 * len(content) + 1_000_000
    finally:
        tracemalloc.stop()


def test_a_file_nested_deeper_than_anybody_reads_is_refused():
    assert problems_in("[" * 100_000) == ["File: is nested too deeply"]
