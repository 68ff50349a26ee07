"""Figures as they stand in cells, sums and files."""

from decimal import Decimal

from analytics.charts import Days, bars
from analytics.reports.base import in_order, sums_of
from analytics.reports.columns import count, money, percent, share, text
from core.exports import csv_parts

ROWS = [
    {"name": "b", "currency": "EUR", "seats": 3, "cost": Decimal("10.500"), "gain": Decimal(-2)},
    {"name": "A", "currency": "EUR", "seats": 2, "cost": None, "gain": Decimal(4)},
    {"name": "c", "currency": "JPY", "seats": 1, "cost": Decimal("700.000"), "gain": Decimal(7)},
]


def test_money_has_the_decimals_of_its_currency_and_nothing_stays_nothing():
    cost = money("cost", "Cost")
    assert [str(cost.value(row)) for row in ROWS] == ["10.50", "None", "700"]
    assert "€10.50" in cost.cell(ROWS[0])
    assert cost.cell(ROWS[1]) == "–"


def test_sums_are_made_for_each_currency_and_percentages_of_the_sums():
    euro, yen = sums_of(ROWS, ["seats", "cost", "gain"])
    assert euro == {"currency": "EUR", "seats": 5, "cost": Decimal("10.500"), "gain": Decimal(2)}
    assert yen["seats"] == 1
    assert share("Gain", "gain", "cost").value(euro) == Decimal("19.0")
    assert percent(1, 0) is None
    assert percent(2, 3) == Decimal("66.7")


def test_rows_without_a_value_stand_last_whichever_way_they_are_sorted():
    columns = [text("name", "Name"), money("cost", "Cost"), count("seats", "Seats")]

    def names(order):
        return [row["name"] for row in in_order(ROWS, columns, order)]

    assert names("cost") == ["b", "c", "A"]
    assert names("-cost") == ["c", "b", "A"]
    assert names("name") == ["A", "b", "c"]
    assert names("nothing") == ["b", "A", "c"]


def test_bars_are_drawn_to_the_longest_and_a_loss_is_marked():
    chart = bars(
        "Gain", ROWS, label=lambda row: row["name"], show=lambda row, value: str(value), gain="gain"
    )
    assert chart.drawn[0] == ("c", [(100.0, False, "7")])
    assert chart.drawn[2] == ("b", [(28.6, True, "-2")])


def test_the_scale_of_days_ends_at_a_round_number():
    assert Days("Sold", [("Mon", 0, "0"), ("Tue", 173, "173")]).top == 200
    assert Days("Sold", [("Mon", 0, "0")]).top == 1
    assert Days("Sold", [("Mon", 10, "10")]).drawn[0][2] == 100.0


def test_a_file_leaves_piece_by_piece_without_holding_all_of_it():
    endless = ([number, "x" * 1000] for number in iter(int, 1))
    parts = csv_parts(["Number", "Text"], endless)
    assert next(parts).startswith("Number,Text\r\n0,xxx")
    assert len(next(parts)) < 100_000
