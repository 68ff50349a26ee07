"""Events on sale that sell too slowly, or so fast that they sell out long before the night: with the
evidence, and no promise. The pace is what was sold, net of nothing else."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_UP, Decimal
from uuid import UUID

from django.db import connection

from core.money import Money, quantum
from core.words import many

PACE = """
WITH coming AS (
  SELECT id, title, starts_at, currency,
    extract(epoch FROM starts_at - now()) / 86400 AS days_left,
    greatest(extract(epoch FROM now() - sale_starts_at) / 86400, 1) AS days_on_sale
  FROM events_event WHERE status = 'ON_SALE' AND starts_at > now()),
stock AS (
  SELECT p.event_id, count(*) AS owned, sum(p.cost) AS cost,
    count(*) FILTER (WHERE p.status <> 'SOLD') AS unsold,
    coalesce(sum(p.cost) FILTER (WHERE p.status <> 'SOLD'), 0) AS unsold_cost
  FROM inventory_eventseat p JOIN coming c ON c.id = p.event_id
  WHERE p.ownership = 'OWNED' GROUP BY p.event_id),
sales AS (
  SELECT b.event_id,
    sum(i.price - i.discount - i.tax_in_price - i.absorbed) AS revenue,
    count(*) FILTER (WHERE b.confirmed_at > now() - interval '7 days') AS week,
    count(*) FILTER (WHERE b.confirmed_at > now() - interval '28 days') AS month
  FROM bookings_booking b JOIN coming c ON c.id = b.event_id
  JOIN bookings_bookingitem i ON i.booking_id = b.id
  LEFT JOIN bookings_cancelleditem x ON x.item_id = i.id
  WHERE b.status IN ('CONFIRMED', 'PAID') AND x.id IS NULL GROUP BY b.event_id)
SELECT c.id, c.title, c.starts_at, c.currency, c.days_left, least(c.days_on_sale, 7),
  least(c.days_on_sale, 28), stock.owned, stock.unsold, stock.unsold_cost, stock.cost,
  coalesce(sales.revenue, 0), coalesce(sales.week, 0), coalesce(sales.month, 0)
FROM coming c JOIN stock ON stock.event_id = c.id LEFT JOIN sales ON sales.event_id = c.id
ORDER BY c.starts_at, c.id
"""
# Slow: at its pace a fifth and more of what is left stays unsold. Hot: sold out in half the time.
LEFT_OVER = Decimal("0.2")
HALF_THE_TIME = Decimal("0.5")
SOLD_ENOUGH_TO_TELL = 5


@dataclass(frozen=True)
class Pace:
    """How an event on sale sells. Paces are seats a day of the last 7 and 28 days, or of fewer where
    it has not been on sale so long; `unsold` are the owned seats that are not sold."""

    event_id: UUID
    title: str
    starts_at: datetime
    currency: str
    days_left: Decimal
    owned: int
    unsold: int
    unsold_cost: Decimal
    sold_7: int
    sold_28: int
    pace_7: Decimal
    pace_28: Decimal
    break_even: Decimal | None

    @property
    def pace(self):
        """The faster of the two: a slow event is one that is slow by both."""
        return max(self.pace_7, self.pace_28)

    @property
    def left_over(self):
        """Seats that stay unsold at this pace."""
        return max(0, self.unsold - round(self.pace * self.days_left))

    @property
    def days_to_sell_out(self):
        """At the pace of the last 7 days; None when nothing is sold."""
        return self.unsold / self.pace_7 if self.pace_7 else None

    @property
    def is_slow(self):
        return self.unsold > 0 and self.left_over >= LEFT_OVER * self.unsold

    @property
    def is_hot(self):
        gone_in = self.days_to_sell_out
        enough = self.sold_7 >= SOLD_ENOUGH_TO_TELL
        return (
            self.unsold > 0 and enough and gone_in is not None
            and gone_in <= HALF_THE_TIME * self.days_left
        )  # fmt: skip

    @property
    def figures(self):
        """212 of 500 seats unsold, 18 days to go; 1.4 a day sold in the last 7 days, 2.0 in 28."""
        return (
            f"{self.unsold:,} of {many(self.owned, 'seat')} unsold, {_days(self.days_left)} to go; "
            f"{self.pace_7:.1f} a day sold in the last 7 days, {self.pace_28:.1f} in 28."
        )

    @property
    def evidence(self):
        if self.is_hot:
            return f"{self.figures} Sold out in {_days(self.days_to_sell_out)} at this pace."
        stays = f" At this pace {self.left_over:,} stay unsold." if self.left_over else ""
        return self.figures + stays

    @property
    def hint(self):
        """The lowest average price that still pays for the whole event if every seat left is sold at
        it; said of slow events only. How many more would buy at it, nobody knows from these figures."""
        if not self.is_slow or self.break_even is None:
            return ""
        if not self.break_even:
            return "What was sold has paid for all its seats: any price is profit."
        price = Money(self.break_even, self.currency).display()
        return f"{price} a seat, before fees, pays for the event if all that is left is sold."


def paces():
    """The Pace of every event on sale that owns seats, the next first: one query."""
    with connection.cursor() as cursor:
        cursor.execute(PACE)
        return [_pace(*row) for row in cursor]


def slow_events(limit=None, among=None):
    """Events (`among` these Paces, else all) of which at their pace much stays unsold, the most money
    at risk first."""
    slow = [pace for pace in (paces() if among is None else among) if pace.is_slow]
    return sorted(slow, key=_at_risk, reverse=True)[:limit]


def hot_events(limit=None, among=None):
    """Events (`among` these Paces, else all) that sell out in less than half the time they have left,
    the earliest first."""
    hot = [pace for pace in (paces() if among is None else among) if pace.is_hot]
    return sorted(hot, key=lambda pace: pace.days_to_sell_out / pace.days_left)[:limit]


def _at_risk(pace):
    return pace.unsold_cost * pace.left_over / pace.unsold


def _pace(event_id, title, starts_at, currency, days_left, week, month, *figures):
    owned, unsold, unsold_cost, cost, revenue, sold_7, sold_28 = figures
    return Pace(
        event_id=event_id,
        title=title,
        starts_at=starts_at,
        currency=currency,
        days_left=days_left,
        owned=owned,
        unsold=unsold,
        unsold_cost=unsold_cost,
        sold_7=sold_7,
        sold_28=sold_28,
        pace_7=sold_7 / week,
        pace_28=sold_28 / month,
        break_even=_break_even(cost - revenue, unsold, currency),
    )


def _break_even(missing, unsold, currency):
    """What each unsold seat must bring for all seats to be paid, rounded up; None without any."""
    if not unsold:
        return None
    return (max(missing, Decimal(0)) / unsold).quantize(quantum(currency), ROUND_UP)


def _days(number):
    whole = round(number)
    return "1 day" if whole == 1 else f"{whole} days"
