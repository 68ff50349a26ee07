"""What selling brings in, and who is paying right now."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, F
from django.db.models import Sum as Total
from django.db.models.functions import Now, TruncDate
from django.utils import timezone

from agencies.queries import local_today
from bookings.models import Booking, Cancellation
from bookings.models import Status as BookingStatus
from config.desk.parts import SHOWN
from core.money import Money

DAYS = 60


@dataclass(frozen=True)
class Sum:
    """What was sold in some days, and what was given back in them, whenever it had been sold; seats
    that were changed for others are both."""

    tickets: int
    money: Money
    given_back: int
    back: Money


@dataclass(frozen=True)
class Sales:
    """Tickets sold a day (oldest first) whatever became of them, and the Sums of today, 7 days and 60
    days."""

    days: list
    today: Sum
    week: Sum
    all_days: Sum

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
    calendar = [since + timedelta(days=number) for number in range(DAYS)]
    sold = _by_day(Booking.objects, "confirmed_at", F("total"), agency.currency)
    back = _by_day(Cancellation.objects, "made_at", F("refunded") + F("credited"), agency.currency)

    def sum_of(days):
        gross, gone = ([by_day.get(day, (0, 0)) for day in days] for by_day in (sold, back))
        return Sum(*_added(gross, agency.currency), *_added(gone, agency.currency))

    days = [(day, *_added([sold.get(day, (0, 0))], agency.currency)) for day in calendar]
    return Sales(days, sum_of(calendar[-1:]), sum_of(calendar[-7:]), sum_of(calendar))


def _by_day(rows, moment, value, currency):
    """{day: (tickets, amount)} of the last days."""
    since = timezone.now() - timedelta(days=DAYS + 1)
    found = (
        rows.filter(**{f"{moment}__gte": since}, currency=currency)
        .order_by()
        .annotate(day=TruncDate(moment))
        .values("day")
        .annotate(tickets=Total("ticket_count"), money=Total(value))
    )
    return {row["day"]: (row["tickets"], row["money"]) for row in found}


def _added(rows, currency):
    """(tickets, Money) of [(tickets, amount)]."""
    return sum(count for count, _ in rows), Money(sum(money for _, money in rows), currency)


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
    sums = running.order_by().aggregate(count=Count("pk"), seats=Total("ticket_count"))
    now = timezone.now()
    rows = [
        (booking, max(0, round((booking.reserved_until - now).total_seconds() / 60)))
        for booking in running.order_by("reserved_until", "pk")[:SHOWN]
    ]
    return Paying(rows, sums["count"], sums["seats"] or 0)
