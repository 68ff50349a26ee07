"""When debts to suppliers fall due: the most urgent, and all of them by age."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Case, Count, F, Sum, Value, When

from agencies.queries import local_today
from core.money import Money
from suppliers.models import AccountsPayable
from suppliers.queries import OPEN_DEBTS

# name → (words, how many days after its due date a debt comes into it)
BUCKETS = {
    "not_due": ("Not due", None),
    "to_30": ("1-30 days late", 1),
    "to_60": ("31-60 days late", 31),
    "to_90": ("61-90 days late", 61),
    "older": ("Above 90 days late", 91),
}


def bucket(today):
    """The name of a debt's bucket on this day, as an expression."""
    late = [
        When(due_on__lte=today - timedelta(days=days), then=Value(name))
        for name, (_, days) in reversed(BUCKETS.items())
        if days
    ]
    return Case(*late, default=Value("not_due"))


@dataclass(frozen=True)
class Ageing:
    """What is open in one currency: `buckets` is {name of a bucket: (debts, Money)}; `held` is
    the part of it whose invoice does not match."""

    currency: str
    buckets: dict
    held: Money

    @property
    def shown(self):
        """[(words, debts, Money)] of the buckets."""
        return [(BUCKETS[name][0], count, money) for name, (count, money) in self.buckets.items()]

    @property
    def count(self):
        return sum(count for count, _ in self.buckets.values())

    @property
    def total(self):
        return sum((money for _, money in self.buckets.values()), Money.zero(self.currency))


def ageing(debts):
    """An Ageing for each currency of the open debts in a queryset."""
    rows = (
        debts.filter(status__in=OPEN_DEBTS)
        .order_by()
        .annotate(bucket=bucket(local_today()))
        .values("currency", "bucket", "is_held")
        .annotate(count=Count("pk"), left=Sum(F("amount") - F("paid")))
    )
    found = {}
    for row in rows:
        found.setdefault(row["currency"], []).append(row)
    return [_ageing(currency, found[currency]) for currency in sorted(found)]


def _ageing(currency, rows):
    def sum_of(wanted):
        left = sum(row["left"] for row in rows if wanted(row))
        return Money(left, currency)

    buckets = {
        name: (
            sum(row["count"] for row in rows if row["bucket"] == name),
            sum_of(lambda row, name=name: row["bucket"] == name),
        )
        for name in BUCKETS
    }
    return Ageing(currency, buckets, held=sum_of(lambda row: row["is_held"]))


@dataclass(frozen=True)
class Due:
    """A debt, what is left of it, and in how many days it falls due; negative when that has gone by."""

    debt: AccountsPayable
    left: Money
    days: int


def payables_due(limit):
    """The most urgent open debts as Due, held ones too, at most `limit`."""
    today = local_today()
    debts = AccountsPayable.objects.filter(status__in=OPEN_DEBTS).select_related(
        "supplier", "order__supplier", "receipt", "statement", "invoice"
    )
    return [
        Due(debt, debt.left, (debt.due_on - today).days)
        for debt in debts.order_by("due_on", "pk")[:limit]
    ]
