"""What is in stock, what it is worth, how it moved and how old it is."""

from datetime import timedelta

from django.utils import timezone

from analytics.charts import Days, bars
from analytics.forms import AgeForm, MovementForm, StockForm, own_currency
from analytics.queries import stock
from analytics.reports.base import Report
from analytics.reports.columns import CURRENCY, Column, Kind, count, money, share, text
from core.money import Money
from core.words import many

EVENT = text("event", "Event", page="events.event")
STARTS = Column("starts_at", "Starts", Kind.MOMENT)
WORTH = (
    CURRENCY,
    count("seats", "Seats"),
    money("cost", "At cost"),
    money("list", "At list price"),
    money("gain", "List over cost"),
    share("Of list", "gain", "list"),
)
# The first columns of a report that can be divided by any of stock.DIMENSIONS.
DIVIDED = {
    "event": (text("name", "Event", page="events.event"), STARTS),
    "section": (text("name", "Section"), EVENT, STARTS),
    "level": (text("name", "Price level", page="events.pricelevel"), EVENT, STARTS),
    "supplier": (text("name", "Supplier", page="suppliers.supplier"),),
    "order": (
        text("name", "Purchase order", page="suppliers.purchaseorder"),
        text("supplier", "Supplier", page="suppliers.supplier"),
    ),
}


def named(row):
    """Stalls, The Low Lanterns, 13 Mar"""
    other = row.get("event") or row.get("supplier")
    starts_at = row.get("starts_at")
    parts = [row["name"], other if other != row["name"] else ""]
    parts.append(f"{timezone.localtime(starts_at):%-d %b}" if starts_at else "")
    return ", ".join(filter(None, parts))


def amounts(row, value):
    return Money.rounded(value, row["currency"]).display()


def in_own_currency(rows):
    """The rows a chart of money can compare."""
    return [row for row in rows if row["currency"] == own_currency()]


LONGEST = 120  # bars of a chart of days: more are too thin to tell apart


class StockReport(Report):
    group = "Stock"
    right = "analytics.stock"


class StockValue(StockReport):
    name = "stock-value"
    title = "Stock value"
    says = "What do the seats we own and have not sold stand for, now or on any past day?"
    form = StockForm
    empty = "Nothing was in stock on this day."

    def columns_for(self, chosen):
        return (*DIVIDED[chosen["by"]], *WORTH)

    def rows(self, chosen):
        return stock.value(**chosen | {"event": chosen["event"] and chosen["event"].pk})

    def chart(self, chosen, rows):
        return bars(
            f"At cost and at list price, in {own_currency()}",
            in_own_currency(rows),
            label=named,
            show=amounts,
            at_cost="cost",
            at_list_price="list",
        )

    def notes(self, chosen, rows):
        if chosen["event"] or chosen["which"] != "all":
            return []
        return [*self._against_the_books(chosen, rows), *self._over(chosen, rows)]

    def _against_the_books(self, chosen, rows):
        sums = {row["currency"]: row["cost"] for row in self.sums(chosen, rows)}
        booked = stock.in_ledger(on=chosen["on"])
        for currency in sorted({*sums, *booked}):
            books = booked.get(currency, {})
            yield _compared(sums.get(currency, 0), books.get("stock") or 0, currency)
            if books.get("consigned"):
                theirs = Money(books["consigned"], currency).display()
                yield ("", f"{theirs} of it is consigned: the suppliers' until it is sold.")

    def _over(self, chosen, rows):
        """Seats that nobody can buy any more are still in stock until they are written off."""
        if chosen["by"] != "event":
            return []
        ended = [row for row in rows if row["starts_at"] < stock.end_of(chosen["on"])]
        return [
            ("", f"{amounts(row, row['cost'])} of it is stock of events that are over.")
            for row in self.sums(chosen, ended)
            if row["cost"]
        ]


def _compared(cost, booked, currency):
    """Whether the seat ledger and the books say the same, in a sentence."""
    if cost == booked:
        return ("ok", f"The books have the same {Money(booked, currency).display()} in stock.")
    told = Money(booked, currency).display()
    off = Money(cost - booked, currency).display()
    return ("bad", f"The books have {told} in stock; the seats differ by {off}.")


class StockMovement(StockReport):
    name = "stock-movement"
    title = "Stock movement"
    says = (
        "How did the stock get from what it was to what it is: bought, sent back, sold, come back?"
    )
    form = MovementForm
    empty = "Nothing moved on these days."

    def columns_for(self, chosen):
        day = () if chosen["by"] == "period" else (Column("day", "From", Kind.DAY),)
        event = (EVENT,) if chosen["each"] == "event" else ()
        stands = chosen["by"] == "period"
        return (
            *(day + event or (text("all", "Events"),)),
            CURRENCY,
            count("opening", "Opening", adds_up=stands),
            count("bought", "Bought"),
            count("returned", "Sent back"),
            count("sold", "Sold"),
            count("unsold", "Came back"),
            count("closing", "Closing", adds_up=stands),
            money("opening_cost", "Opening at cost", adds_up=stands),
            money("closing_cost", "Closing at cost", adds_up=stands),
        )

    def rows(self, chosen):
        rows = stock.movement(
            since=chosen["since"],
            until=chosen["until"],
            step=None if chosen["by"] == "period" else chosen["by"],
            per_event=chosen["each"] == "event",
            event=chosen["event"] and chosen["event"].pk,
        )
        return [row | {"all": "All"} for row in rows]

    def chart(self, chosen, rows):
        if chosen["by"] == "period":
            return bars(
                "Sold and bought, seats",
                rows,
                label=lambda row: row["event"] or "All",
                show=lambda row, value: f"{value:,}",
                sold="sold",
                bought="bought",
            )
        sold = dict.fromkeys(steps(chosen), 0)
        for row in rows:
            sold[row["day"]] = sold.get(row["day"], 0) + row["sold"]
        points = [(f"{day:%-d %b %Y}", seats, many(seats, "seat")) for day, seats in sold.items()]
        return Days(f"Seats sold, {chosen['by']} by {chosen['by']}", points[-LONGEST:])


def steps(chosen):
    """The first day of every day, week or month of the period, those without a movement, too."""
    days = range((chosen["until"] - chosen["since"]).days + 1)
    return sorted({_first_of(chosen["by"], chosen["since"] + timedelta(n)) for n in days})


def _first_of(step, day):
    """As date_trunc has it: weeks begin on Monday."""
    if step == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if step == "month" else day


class StockAge(StockReport):
    name = "stock-age"
    title = "Age of stock"
    says = "How long have we had what we have not sold, or how soon is its night?"
    form = AgeForm
    sorts = False
    empty = "Nothing was in stock on this day."

    def columns_for(self, chosen):
        return (text("name", dict(AgeForm.AGES)[chosen["by"]]), *WORTH)

    def rows(self, chosen):
        return stock.ageing(**chosen | {"event": chosen["event"] and chosen["event"].pk})

    def chart(self, chosen, rows):
        return bars(
            f"At cost and at list price, in {own_currency()}",
            in_own_currency(rows),
            label=lambda row: row["name"],
            show=amounts,
            in_order=True,
            at_cost="cost",
            at_list_price="list",
        )


REPORTS = [StockValue(), StockMovement(), StockAge()]
