"""What promotions cost and what they brought."""

from analytics.charts import bars
from analytics.forms import DayField, PeriodForm, a_year_ago, own_currency
from analytics.queries.promotions import performance
from analytics.reports.base import Report
from analytics.reports.columns import CURRENCY, count, money, share, text
from analytics.reports.stock import amounts, in_own_currency, named


class PromotionsForm(PeriodForm):
    since = DayField(label="Sold from", initial=a_year_ago)


class Promotions(Report):
    name = "promotions"
    title = "Promotions"
    group = "Profit"
    right = "analytics.profit"
    says = "Which promotions brought more than they gave away?"
    form = PromotionsForm
    columns = (
        text("name", "Promotion", page="promotions.promotion"),
        CURRENCY,
        count("uses", "Sales"),
        count("new", "New buyers"),
        count("tickets", "Tickets"),
        money("discount", "Discount given"),
        money("waived", "Fees waived"),
        money("revenue", "Revenue"),
        money("cost", "Cost"),
        money("margin", "Margin"),
        share("Margin, %", "margin", "revenue"),
        money("incremental", "Incremental margin"),
    )
    empty = "Nothing was sold with a promotion on these days."

    def rows(self, chosen):
        return performance(since=chosen["since"], until=chosen["until"])

    def chart(self, chosen, rows):
        return bars(
            f"Discount given and incremental margin, in {own_currency()}",
            in_own_currency(rows),
            label=named,
            show=amounts,
            discount="discount",
            incremental="incremental",
        )

    def notes(self, chosen, rows):
        if not rows:
            return []
        return [
            (
                "",
                "Incremental margin takes who had bought here before for somebody who would have "
                "bought anyway, at full price: what he was given is lost. Of a new buyer’s sale the "
                "whole margin is won. A sale under several promotions stands in each of their rows.",
            )
        ]


REPORTS = [Promotions()]
