"""How many carts become sales, and what is left behind."""

from django import forms

from analytics.charts import bars
from analytics.forms import ByField, DayField, EventField, PeriodForm, thirty_days
from analytics.queries.funnel import funnel
from analytics.reports.base import Report
from analytics.reports.columns import CURRENCY, Column, Kind, count, money, share
from analytics.reports.stock import DIVIDED, named
from events.models import Channel


class FunnelForm(PeriodForm):
    EACH = [("event", "Each event"), ("day", "Each day"), ("both", "Each event and day")]

    since = DayField(label="Started from", initial=thirty_days)
    each = ByField(choices=EACH, label="Rows for")
    event = EventField()
    channel = forms.ChoiceField(
        label="Sold through", choices=[("", "Everywhere"), *Channel.choices], required=False
    )


class Funnel(Report):
    name = "funnel"
    title = "Carts and sales"
    group = "Demand"
    right = "analytics.demand"
    says = "How many of those who take seats buy them, and where do the others leave?"
    form = FunnelForm
    sums_first = True
    empty = "Nobody has reserved anything on these days."

    def columns_for(self, chosen):
        event = DIVIDED["event"] if chosen["each"] != "day" else ()
        day = [Column("day", "Day", Kind.DAY)] if chosen["each"] != "event" else []
        return (
            *event,
            *day,
            count("started", "Carts"),
            count("named", "Details given"),
            count("opened", "Payment opened"),
            count("confirmed", "Bought"),
            share("Bought, %", "confirmed", "started"),
            count("left_behind", "Abandoned"),
            count("seats", "Seats abandoned"),
            CURRENCY,
            money("value", "Value abandoned"),
        )

    def rows(self, chosen):
        return funnel(**chosen | {"event": chosen["event"] and chosen["event"].pk})

    def chart(self, chosen, rows):
        return bars(
            "Carts and what was bought of them",
            rows,
            label=_label,
            lead=lambda row, value: f"{value:,}",
            show=lambda row, value: f"{value:,} of {row['started']:,}",
            carts="started",
            bought="confirmed",
        )

    def notes(self, chosen, rows):
        if not rows:
            return []
        return [
            (
                "",
                "A cart is a reservation, on the day it was made. Who only looked at a page is not "
                "counted, and nobody is followed; one buyer who chose again is two carts.",
            )
        ]


def _label(row):
    """The Low Lanterns, 13 Mar; with rows for each day, what was begun on 2 Feb."""
    day = f"{row['day']:%-d %b}" if row["day"] else ""
    if "name" not in row:
        return day
    return f"{named(row)}, on {day}" if day else named(row)


REPORTS = [Funnel()]
