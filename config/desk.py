"""The first page of the back office: what needs doing today. Every part is one question, sorted by
urgency, with the next action in the row; a part is there only for who may act on it."""

from dataclasses import dataclass, field
from datetime import timedelta

from django.contrib import admin
from django.db.models import Count, DecimalField, F, Q, Sum
from django.db.models.functions import Now, TruncDate
from django.urls import reverse
from django.utils import timezone

from agencies.queries import local_today
from bookings.models import Booking
from bookings.models import Status as BookingStatus
from core.models import OutboxMessage
from core.money import Money
from events.models import Event
from events.models import Status as EventStatus
from inventory.admin import seats_address
from inventory.admin_totals import counts_of
from notifications.models import Message
from payments.models import InboxMessage, Payment
from suppliers.admin import OPEN as UNPAID
from suppliers.admin_orders import WAITING_FOR_US
from suppliers.models import RECEIVABLE, AccountsPayable, PurchaseOrder
from suppliers.models import Status as OrderStatus
from tickets.models import Admission

SHOWN = 8
DAYS = 60
COMING = timedelta(days=30)
LATE_MESSAGE = timedelta(minutes=10)
SEATS = {"seats": Sum("lines__ordered"), "arrived": Sum("lines__received")}
COST = Sum(F("lines__unit_cost") * F("lines__ordered"), output_field=DecimalField())
OWED = Sum(
    F("lines__unit_cost") * (F("lines__ordered") - F("lines__received")),
    output_field=DecimalField(),
)


def dashboard(request, context):
    """Adds `desk`: the parts this reader may see, by name."""
    agency = request.agency
    parts = {
        "sales": ("bookings.booking", sales),
        "doors": ("events.event", doors),
        "waiting": ("suppliers.purchaseorder", waiting),
        "deliveries": ("suppliers.purchaseorder", deliveries),
        "payables": ("suppliers.accountspayable", payables),
        "paying": ("bookings.booking", paying),
        "failed": ("core.outboxmessage", failed),
    }
    desk = {
        name: part(agency)
        for name, (label, part) in parts.items()
        if agency and admin.site.allows(request, "view", label)
    }
    can_order = admin.site.allows(request, "add", "suppliers.purchaseorder")
    return {
        **context,
        "desk": desk,
        "agency": agency,
        "now": timezone.localtime(),
        "tally": _tally(desk),
        "can_see_seats": admin.site.allows(request, "view", "inventory.eventseat"),
        "new_order": can_order and reverse("admin:suppliers_purchaseorder_add"),
    }


@dataclass(frozen=True)
class Part:
    """The most urgent `rows` of a part, and how many there are in all."""

    rows: list
    count: int

    def __bool__(self):
        return bool(self.count)


# Doors


@dataclass(frozen=True)
class Door:
    """An event with its places: `inside` of `sold` were let in."""

    event: Event
    sold: int
    owned: int
    inside: int
    address: str
    is_today: bool

    @property
    def percent(self):
        return round(100 * self.sold / self.owned) if self.owned else 0


def doors(agency):
    """The events of today and of the coming days, the next first."""
    now = timezone.now()
    events = list(
        Event.objects.filter(
            status__in=(EventStatus.PUBLISHED, EventStatus.ON_SALE, EventStatus.SOLD_OUT),
            starts_at__range=(now - timedelta(hours=6), now + COMING),
        )
        .select_related("venue")
        .order_by("starts_at", "pk")[:SHOWN]
    )
    ids = [event.pk for event in events]
    counted = counts_of(ids)
    entered = dict(
        Admission.objects.filter(gate__event__in=ids)
        .order_by()
        .values_list("gate__event")
        .annotate(Count("pk"))
    )
    return [_door(event, counted.get(event.pk, {}), entered.get(event.pk, 0)) for event in events]


def _door(event, counted, inside):
    today = timezone.now().astimezone(event.zone).date()
    return Door(
        event=event,
        sold=counted.get("sold", 0),
        owned=counted.get("owned", 0),
        inside=inside,
        address=seats_address(event.pk),
        is_today=event.local_start.date() == today,
    )


# Buying


@dataclass(frozen=True)
class Ordered:
    """An order with its sums: `seats` and `cost` as Money of what the part is about."""

    order: PurchaseOrder
    seats: int
    cost: Money
    days: int | None = None

    @property
    def next_step(self):
        name = {
            OrderStatus.DRAFT: "submit" if self.seats else "add_line",
            OrderStatus.PENDING: "confirm",
        }.get(self.order.status, "receive")
        return reverse(f"admin:suppliers_purchaseorder_{name}", args=[self.order.pk])


def waiting(agency):
    """Orders that wait for us: submitted ones to be confirmed, then drafts."""
    orders = (
        PurchaseOrder.objects.filter(WAITING_FOR_US)
        .select_related("supplier")
        .annotate(**SEATS, cost=COST)
        .order_by("-status", F("submitted_at").asc(nulls_last=True), "created_at", "pk")
    )
    rows = [
        Ordered(order, order.seats or 0, Money(order.cost or 0, order.currency))
        for order in orders[:SHOWN]
    ]
    return Part(rows, PurchaseOrder.objects.filter(WAITING_FOR_US).count())


@dataclass(frozen=True)
class Deliveries(Part):
    """`seats` are those still to come of all of them."""

    seats: int


def deliveries(agency):
    """Confirmed orders of which seats are still to come, the latest due first."""
    today = local_today()
    orders = (
        PurchaseOrder.objects.filter(status__in=RECEIVABLE)
        .select_related("supplier")
        .annotate(**SEATS, owed=OWED)
        .order_by(F("expected_on").asc(nulls_last=True), "pk")
    )
    rows = [
        Ordered(
            order,
            order.seats - order.arrived,
            Money(order.owed, order.currency),
            (order.expected_on - today).days if order.expected_on else None,
        )
        for order in orders[:SHOWN]
    ]
    coming = PurchaseOrder.objects.filter(status__in=RECEIVABLE).aggregate(
        count=Count("pk", distinct=True), seats=Sum(F("lines__ordered") - F("lines__received"))
    )
    return Deliveries(rows, coming["count"], coming["seats"] or 0)


@dataclass(frozen=True)
class Due:
    payable: AccountsPayable
    left: Money
    days: int


@dataclass(frozen=True)
class Payables(Part):
    """`soon` is what is due within 7 days in the agency's currency."""

    soon: Money


def payables(agency):
    """What is owed to suppliers, the most urgent first."""
    today = local_today()
    unpaid = AccountsPayable.objects.filter(status__in=UNPAID)
    first = unpaid.select_related("order__supplier", "receipt").order_by("due_on", "pk")[:SHOWN]
    rows = [
        Due(row, Money(row.amount - row.paid, row.currency), (row.due_on - today).days)
        for row in first
    ]
    is_soon = Q(due_on__lte=today + timedelta(days=7), currency=agency.currency)
    sums = unpaid.aggregate(count=Count("pk"), soon=Sum(F("amount") - F("paid"), filter=is_soon))
    return Payables(rows, sums["count"], Money(sums["soon"] or 0, agency.currency))


# Selling


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


# What went wrong


@dataclass(frozen=True)
class Trouble:
    what: str
    detail: str
    tries: int
    address: str


def failed(agency):
    """Money that is not what was asked for, facts that were given up, notices nobody could work on,
    messages that did not leave."""
    payments = Payment.objects.filter(needs_attention=True).order_by("-created_at", "pk")[:SHOWN]
    facts = OutboxMessage.objects.failed().order_by("-pk")[:SHOWN]
    notices = InboxMessage.objects.filter(state=InboxMessage.State.FAILED).order_by("-pk")[:SHOWN]
    stuck = Q(status=Message.Status.FAILED) | Q(
        status=Message.Status.PENDING, created_at__lt=timezone.now() - LATE_MESSAGE
    )
    messages = Message.objects.filter(stuck).order_by("-created_at", "pk")[:SHOWN]
    return [
        *(_trouble(row, f"Payment of {row.money.display()}", row.failure, 1) for row in payments),
        *(_trouble(row, _fact_name(row), row.last_error, row.attempts) for row in facts),
        *(_trouble(row, f"Notice {row.kind}", row.last_error, row.attempts) for row in notices),
        *(_trouble(row, f"{row.kind} to {row.recipient}", "Not sent", 1) for row in messages),
    ][:SHOWN]


def _fact_name(message):
    return f"{message.fact.rpartition('.')[2]} for {message.handler.rpartition('.')[2]}"


def _trouble(row, what, error, tries):
    meta = row._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
    return Trouble(what.replace("_", " "), error.strip().rpartition("\n")[2][:90], tries, address)


# The line of figures


def _tally(desk):
    """[(figure, words)] of what the reader may see, four at most."""
    found = []
    if "sales" in desk:
        tickets, money = desk["sales"].today
        found.append((money.display(), f"sold today, {tickets:,} tickets"))
    if "doors" in desk:
        tonight = sum(door.sold for door in desk["doors"] if door.is_today)
        found.append((f"{tonight:,}", "guests expected today"))
    if "paying" in desk:
        found.append((f"{desk['paying'].seats:,}", "seats being paid right now"))
    if "payables" in desk:
        found.append((desk["payables"].soon.display(), "to pay within 7 days"))
    if "deliveries" in desk and len(found) < 4:
        found.append((f"{desk['deliveries'].seats:,}", "seats still to arrive"))
    return found[:4]
