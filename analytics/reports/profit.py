"""What was earned, by whatever a sale can be divided."""

from analytics.charts import bars
from analytics.forms import ProfitForm, own_currency
from analytics.queries.profit import profit
from analytics.reports.base import Report, sums_of
from analytics.reports.columns import CURRENCY, count, money, share
from analytics.reports.stock import DIVIDED, amounts, in_own_currency, named


class Profit(Report):
    """Fees, and what providers take for payments, stand beside the profit, not in it: they are of the
    sale, not of the seats."""

    name = "profit"
    title = "Profit"
    group = "Profit"
    right = "analytics.profit"
    says = "What did the seats we sold bring beyond their cost? Fees and payment costs stand beside it."
    form = ProfitForm
    empty = "Nothing was sold on these days."

    def columns_for(self, chosen):
        return (
            *DIVIDED[chosen["by"]],
            CURRENCY,
            count("seats", "Sold"),
            money("gross", "Sales"),
            money("refunded", "Given back"),
            money("revenue", "Revenue"),
            money("cost", "Cost"),
            money("profit", "Profit"),
            share("Margin", "profit", "revenue"),
            money("fees", "Fees"),
            money("payment_costs", "Payment costs"),
            count("owned", "Owned now"),
            share("Sold of owned", "sold_of_owned", "owned"),
        )

    def rows(self, chosen):
        return profit(**chosen | {"event": chosen["event"] and chosen["event"].pk})

    def sums(self, chosen, rows):
        """Also of what only a percentage is made of."""
        keys = [column.key for column in self.columns_for(chosen) if column.adds_up]
        return sums_of(rows, [*keys, "sold_of_owned"])

    def chart(self, chosen, rows):
        return bars(
            f"Revenue and profit, in {own_currency()}",
            in_own_currency(rows),
            label=named,
            show=amounts,
            revenue="revenue",
            profit="profit",
        )


REPORTS = [Profit()]
