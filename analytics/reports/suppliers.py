"""How well suppliers deliver, and what their seats bring."""

from analytics.charts import bars
from analytics.forms import OrdersForm
from analytics.queries.suppliers import performance
from analytics.reports.base import Report, sums_of
from analytics.reports.columns import CURRENCY, Column, Kind, count, money, percent, share, text
from core.words import many

HIDDEN = ("due", "late", "bad", "taken_back")


class SupplierPerformance(Report):
    name = "supplier-performance"
    title = "Supplier performance"
    group = "Suppliers"
    right = "analytics.suppliers"
    says = (
        "Of the orders confirmed then: what came, how late, what went back, and what did it bring?"
    )
    form = OrdersForm
    columns = (
        text("name", "Supplier", page="suppliers.supplier"),
        CURRENCY,
        count("orders", "Orders"),
        count("ordered", "Ordered"),
        count("received", "Received"),
        share("Filled", "received", "due"),
        share("Late", "late", "due"),
        Column("days_late", "Days late", Kind.NUMBER),
        count("bad", "Asked back"),
        share("Bad", "bad", "received"),
        share("Returned", "taken_back", "received"),
        count("sold", "Sold"),
        money("profit", "Profit"),
        share("Margin", "profit", "revenue"),
        Column("days_to_sell", "Days to sell", Kind.NUMBER),
    )
    empty = "No order was confirmed on these days."

    def rows(self, chosen):
        return performance(**chosen)

    def sums(self, chosen, rows):
        keys = [column.key for column in self.columns if column.adds_up]
        return sums_of(rows, [*keys, *HIDDEN, "revenue"])

    def chart(self, chosen, rows):
        shown = [row | {"filled": percent(row["received"], row["due"])} for row in rows]
        return bars(
            "Filled, in percent of what should be here",
            [row for row in shown if row["filled"] is not None],
            label=lambda row: row["name"],
            show=lambda row, value: f"{value} %",
            filled="filled",
        )

    def notes(self, chosen, rows):
        missing = sum(row["overdue"] for row in rows)
        if not missing:
            return []
        return [
            (
                "bad",
                f"{many(missing, 'seat is overdue and has', 'seats are overdue and have')} not come.",
            )
        ]


REPORTS = [SupplierPerformance()]
