"""How events on sale sell, as they stand now."""

from django import forms

from analytics.charts import bars
from analytics.forms import AskForm
from analytics.queries.demand import paces
from analytics.reports.base import Report
from analytics.reports.columns import CURRENCY, Column, Kind, count, money, text
from analytics.reports.stock import named


class DemandForm(AskForm):
    WHICH = [("all", "All on sale"), ("slow", "Slow"), ("hot", "Hot")]

    which = forms.ChoiceField(label="Events", choices=WHICH, initial="all")


class Demand(Report):
    name = "demand"
    title = "Slow and hot events"
    group = "Demand"
    right = "analytics.demand"
    says = "Which events will not sell out at their pace, and which sell out long before the night?"
    form = DemandForm
    columns = (
        text("name", "Event", page="events.event"),
        Column("starts_at", "Starts", Kind.MOMENT),
        text("verdict", "Verdict"),
        text("evidence", "Evidence", is_long=True),
        count("left_over", "Stays unsold"),
        money("unsold_cost", "Unsold, at cost"),
        text("hint", "What it takes", is_long=True),
        CURRENCY,
        count("unsold", "Unsold"),
        count("owned", "Owned"),
        count("sold_7", "Sold in 7 days"),
        count("sold_28", "In 28 days"),
    )
    empty = "No event on sale is so."

    def rows(self, chosen):
        rows = [_row(pace) for pace in paces()]
        return [row for row in rows if chosen["which"] in ("all", row["key"])]

    def chart(self, chosen, rows):
        return bars(
            "Stays unsold at this pace, seats",
            [row for row in rows if row["left_over"]],
            label=named,
            show=lambda row, value: f"{value:,} of {row['unsold']:,} unsold",
            left_over="left_over",
        )


def _row(pace):
    key = "hot" if pace.is_hot else "slow" if pace.is_slow else ""
    return {
        "name": pace.title,
        "name_id": pace.event_id,
        "key": key,
        "verdict": {"hot": "Hot", "slow": "Slow"}.get(key, "Fine"),
        "left_over": pace.left_over,
        **{name: getattr(pace, name) for name in FIGURES},
    }


FIGURES = (
    *("starts_at", "currency", "unsold", "owned", "sold_7", "sold_28"),
    *("unsold_cost", "evidence", "hint"),
)
REPORTS = [Demand()]
