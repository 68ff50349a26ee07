"""What selling brings in, and who is paying right now."""

from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import Count, Sum
from django.db.models.functions import Now, TruncDate
from django.utils import timezone

from agencies.queries import local_today
from bookings.models import Booking
from bookings.models import Status as BookingStatus
from config.desk.parts import SHOWN
from core.money import Money

DAYS = 60


@dataclass(frozen=True)
class Sales:
    """Tickets sold a day (oldest first) and the sums of today, 7 days and 60 days."""

    days: list = field(default_factory=list)
    today: tuple = ()
    week: tuple = ()
    all_days: tuple = ()

    @property
    def most(self):
        """The top of the scale: a round number that no day exceeds."""
        highest = max((count for _, count, _ in self.days), default=0)
        steps = (10, 20, 40, 60, 100, 200, 400, 600, 1000, 2000, 4000, 6000, 10_000, 20_000, 50_000)
        return next((step for step in steps if step >= highest), highest)

    @property
    def bars(self):
        """[(x, height of 100, date, tickets, Money)] for the chart."""
        return [
            (number * 10, round(100 * count / self.most, 1), day, count, money)
            for number, (day, count, money) in enumerate(self.days)
        ]


def sales(agency):
    """What was sold, day by day on the agency's calendar, in its currency."""
    today = local_today()
    since = today - timedelta(days=DAYS - 1)
    rows = (
        Booking.objects.sold()
        .filter(
            confirmed_at__gte=timezone.now() - timedelta(days=DAYS + 1), currency=agency.currency
        )
        .order_by()
        .annotate(day=TruncDate("confirmed_at"))
        .values("day")
        .annotate(tickets=Sum("ticket_count"), money=Sum("total"))
    )
    by_day = {row["day"]: (row["tickets"], row["money"]) for row in rows}
    days = []
    for number in range(DAYS):
        day = since + timedelta(days=number)
        tickets, money = by_day.get(day, (0, 0))
        days.append((day, tickets, Money(money, agency.currency)))
    return Sales(days, _sum(days[-1:]), _sum(days[-7:]), _sum(days))


def _sum(days):
    """(tickets, Money) of some days."""
    amounts = [money for _, _, money in days]
    return sum(count for _, count, _ in days), sum(amounts[1:], amounts[0])


@dataclass(frozen=True)
class Paying:
    """Reservations that are being paid now: how many seats and how much is at stake."""

    bookings: list
    count: int
    seats: int


def paying(agency):
    running = Booking.objects.filter(
        status=BookingStatus.RESERVED, reserved_until__gt=Now()
    ).select_related("event", "customer")
    sums = running.order_by().aggregate(count=Count("pk"), seats=Sum("ticket_count"))
    now = timezone.now()
    rows = [
        (booking, max(0, round((booking.reserved_until - now).total_seconds() / 60)))
        for booking in running.order_by("reserved_until", "pk")[:SHOWN]
    ]
    return Paying(rows, sums["count"], sums["seats"] or 0)
