"""Points of customers: earned, reversed, spent, lapsed, adjusted by staff; tiers follow from them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from django.db import IntegrityError, transaction
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce, Greatest, Now

from core import failpoints
from core.errors import DomainError, Invalid
from core.ids import uuid7
from core.locks import database_now, lock_one
from core.transactions import broken_constraint, use_case
from core.words import many
from customers.models import Customer, PointEntry, Programme

Kind = PointEntry.Kind
LAPSED = Q(expires_at__lte=Now())
GONE = Q(kind=Kind.SPENT) | Q(kind=Kind.ADJUSTED, points__lt=0)
LATELY = timedelta(days=365)
"""How far back what was earned counts for the tier."""


class NotEnoughPoints(DomainError):
    """The customer has fewer points than were to be taken; nothing was changed."""

    code = "not_enough_points"


class NoProgramme(DomainError):
    """The agency has no loyalty programme that runs."""

    code = "no_programme"

    def __init__(self):
        super().__init__("Points are not in use here now.")


# What is there


def running_programme():
    """The agency's Programme if it runs, else None."""
    return Programme.objects.filter(is_on=True).first()


@dataclass(frozen=True)
class Standing:
    """The points that a customer can spend now, negative while more was reversed than he had left; and
    what lapses next: how many of them, and when (None: nothing does)."""

    points: int
    lapsing: int = 0
    lapses_at: datetime | None = None


@dataclass(frozen=True)
class _Lot:
    """What is left of points that came at once: neither reversed, nor lapsed, nor spent."""

    entry_id: object
    expires_at: datetime | None
    points: int


def _sum(condition=None):
    return Coalesce(Sum("points", filter=condition), 0)


def balances(**of):
    """Querying {"customer_id", "balance", "lapsed"} of PointEntries with these values: what of the
    balance cannot be spent any more is `lapsed`, where positive. What lapses first was spent first."""
    rows = PointEntry.objects.filter(**of).order_by("customer_id").values("customer_id")
    return rows.annotate(balance=_sum(), lapsed=_sum(LAPSED | GONE))


def points_of(customer_id):
    """How many points a customer can spend now; negative while he owes some."""
    row = balances(customer_id=customer_id).first()
    return row["balance"] - max(row["lapsed"], 0) if row else 0


def in_circulation():
    """How many points all customers of the agency can spend."""
    left = Greatest(F("balance") - Greatest("lapsed", 0), 0)
    return balances().order_by().annotate(left=left).aggregate(sum=Coalesce(Sum("left"), 0))["sum"]


def standing_of(customer_id):
    """The Standing of a customer."""
    now = database_now()
    lots, owed = _lots(customer_id)
    alive = [lot for lot in lots if lot.expires_at is None or lot.expires_at > now]
    points = sum(lot.points for lot in alive) - owed
    next_at = min((lot.expires_at for lot in alive if lot.expires_at and lot.points), default=None)
    lapsing = sum(lot.points for lot in alive if next_at and lot.expires_at == next_at)
    return Standing(points, lapsing, next_at)


def _lots(customer_id):
    """([what is left of each _Lot, in the order they are spent], how much more went than there was)."""
    rows = PointEntry.objects.filter(customer=customer_id).order_by()
    rows = rows.annotate(lot=Coalesce("of", "pk")).values("lot", "expires_at")
    sums = list(rows.annotate(left=_sum()).values_list("lot", "expires_at", "left"))
    gone = -sum(left for _, _, left in sums if left < 0)
    lots = [_Lot(*row) for row in sums if row[2] >= 0]
    lots.sort(key=lambda lot: (lot.expires_at is None, lot.expires_at, lot.entry_id))
    rest = []
    for lot in lots:
        taken = min(lot.points, gone)
        gone -= taken
        rest.append(_Lot(lot.entry_id, lot.expires_at, lot.points - taken))
    return rest, gone


# Earned with bookings


@use_case
def earn(customer_id, money, *, reference, went_on=(), given=None):
    """A customer earns points for so much Money of a booking (`reference`), once; returns whether that
    is new: nothing is earned where the programme does not run, or for less than a point.

    `went_on` are the (reference, Fraction of 0 to 1) of bookings whose tickets were given for these: as
    far as that share of what they earned reaches, the points keep their last day. `given` is (what all
    those tickets cost, as Money, when they were bought): so much of it counts for no tier again.
    """
    programme = running_programme()
    points = programme.points_for(money) if programme else 0
    if not points:
        return False
    _lock(customer_id)
    if lots_of(reference):
        return False
    failpoints.reach("points.after_look")
    said = {"kind": Kind.EARNED, "customer_id": customer_id, "reference": reference}
    for old, most in _that_go_on(went_on):
        part = min(points, most)
        if part:
            _write(
                points=part,
                key=f"earned:{reference}:{old.pk}",
                expires_at=old.expires_at,
                first_earned_at=old.first_earned_at or old.made_at,
                **said,
            )
        points -= part
    said["expires_at"] = _lasts_until(programme)
    if given:
        worth, bought_at = given
        dearer = programme.points_for(money) - programme.points_for(worth)
        rest = points - max(min(points, dearer), 0)
        if rest:
            key = f"earned:{reference}:given"
            _write(points=rest, key=key, first_earned_at=bought_at, **said)
        points -= rest
    if points:
        _write(points=points, key=f"earned:{reference}", **said)
    return True


def _that_go_on(went_on):
    """[(lot, how many of its points)], what lapses first first."""
    found = [
        (lot, int(lot.points * Fraction(share)))
        for reference, share in went_on
        for lot in lots_of(reference)
    ]
    return sorted(found, key=lambda each: _lapses_when(each[0]))


def lots_of(reference):
    """The PointEntries that a booking earned, what lapses first first."""
    lots = PointEntry.objects.filter(kind=Kind.EARNED, reference=reference)
    return sorted(lots, key=_lapses_when)


def _lapses_when(lot):
    return (lot.expires_at is None, lot.expires_at, lot.pk)


@use_case
def keep_share(reference, share_of):
    """Of the points that a booking earned only a share stays, rounded down; the rest is reversed, what
    lapses last first.

    `share_of()` gives the Fraction of 0 to 1, and is asked once nobody else writes for this customer:
    what is written follows from how things stand, however often and in whatever order it is asked.
    What had lapsed of these points is not taken twice.
    """
    lots = lots_of(reference)
    if not lots:
        return
    _lock(lots[0].customer_id)
    failpoints.reach("points.after_lock")
    stays = int(sum(lot.points for lot in lots) * Fraction(share_of()))
    for lot in lots:
        part = min(lot.points, stays)
        _keep(lot, part)
        stays -= part


def _keep(lot, stays):
    known = lot.parts.aggregate(
        reversed=_sum(Q(kind=Kind.REVERSED)), expired=_sum(Q(kind=Kind.EXPIRED))
    )
    more = stays - (lot.points + known["reversed"])
    if not more:
        return
    lapsed_too = min(-known["expired"], max(-more, 0))
    if lapsed_too:
        _part_of(lot, Kind.EXPIRED, lapsed_too)
    _part_of(lot, Kind.REVERSED, more, reference=lot.reference)


def _part_of(lot, kind, points, **fields):
    number = lot.parts.filter(kind=kind).count()
    return _write(
        kind=kind,
        customer_id=lot.customer_id,
        points=points,
        key=f"{kind.lower()}:{lot.pk}:{number}",
        of=lot,
        expires_at=lot.expires_at,
        **fields,
    )


def _lasts_until(programme):
    days = programme.point_days
    return database_now() + timedelta(days=days) if days else None


# Spent, adjusted


def spend(customer_id, points, *, key, reference):
    """Takes points from a customer, in the caller's transaction that gives what they are worth, named
    `reference`, once per key. Returns the PointEntry, which names the first reference of this key.
    Raises NotEnoughPoints."""
    _lock(customer_id)
    _let_lapse(customer_id)
    failpoints.reach("points.after_look")
    return _write(
        kind=Kind.SPENT,
        customer_id=customer_id,
        points=-points,
        key=f"spent:{customer_id}:{key}",
        reference=reference,
    )


@use_case
def adjust(customer_id, points, *, reason, by, key=None):
    """A member of staff gives a customer points, or takes some (negative), once per `key`; returns the
    PointEntry. They do not count for the tier. Raises Invalid, NoProgramme or NotEnoughPoints."""
    check_adjustment(customer_id, points, reason)
    programme = running_programme()
    if programme is None:
        raise NoProgramme
    _lock(customer_id)
    _let_lapse(customer_id)
    return _write(
        kind=Kind.ADJUSTED,
        customer_id=customer_id,
        points=points,
        key=f"staff:{key or uuid7()}",
        reason=reason.strip()[:200],
        made_by=by,
        expires_at=_lasts_until(programme) if points > 0 else None,
    )


def check_adjustment(customer_id, points, reason):
    """Raises Invalid or NotEnoughPoints for what `adjust` would refuse as things stand."""
    if not points:
        raise Invalid("Say how many points: above 0 to give them, below 0 to take them.")
    if not reason.strip():
        raise Invalid("Say why: the reason stays with the entry.")
    there = points_of(customer_id)
    if points < 0 and there + points < 0:
        raise _not_enough(-points)


def _not_enough(points):
    are = "is more" if points == 1 else "are more"
    return NotEnoughPoints(f"{many(points, 'point')} {are} than there are. Please look again.")


def _lock(customer_id):
    lock_one(Customer.objects.filter(pk=customer_id))


def _write(*, key, points, **fields):
    """The PointEntry of this key. Raises NotEnoughPoints."""
    known = PointEntry.objects.filter(key=key).first()
    if known:
        return known
    try:
        with transaction.atomic():
            return PointEntry.objects.create(key=key, points=points, **fields)
    except IntegrityError as error:
        if broken_constraint(error) == "one_point_entry_per_key":
            return PointEntry.objects.get(key=key)
        if broken_constraint(error) != "not_enough_points":
            raise
        raise _not_enough(-points) from None


# By time


def _let_lapse(customer_id):
    """Takes away what lapsed before anything else is taken; returns how many points. Who does it has
    locked the customer."""
    now = database_now()
    lots, _ = _lots(customer_id)
    over = [lot for lot in lots if lot.points and lot.expires_at and lot.expires_at <= now]
    for lot in over:
        _part_of(PointEntry.objects.get(pk=lot.entry_id), Kind.EXPIRED, -lot.points)
    return sum(lot.points for lot in over)


def lapsed_points():
    """[(customer id, agency id)] of whose points some have lapsed and stand there still."""
    rows = balances().values("agency_id", "customer_id").filter(lapsed__gt=0)
    return list(rows.values_list("customer_id", "agency_id"))


@use_case
def expire_points(customer_id):
    """Takes away what of a customer's points has lapsed; returns how many."""
    _lock(customer_id)
    return _let_lapse(customer_id)


# Tiers: what somebody has earned lately, under whichever of his addresses


def _lately():
    """What of entries counts: what was earned in that time, less what of it was reversed since. What
    changed seats carry on was earned when the first ones were."""
    since = Now() - LATELY
    earned = Q(kind=Kind.EARNED) & _earned_after(since)
    return _sum(earned | Q(kind=Kind.REVERSED) & _earned_after(since, "of__"))


def _earned_after(moment, lot=""):
    at = f"{lot}first_earned_at"
    return Q(**{f"{at}__gt": moment}) | Q(**{at: None, f"{lot}made_at__gt": moment})


def earned_lately(person):
    """How many points a person (customers.same_person) has earned within the last 365 days."""
    rows = PointEntry.objects.filter(customer__person=person)
    return rows.aggregate(sum=_lately())["sum"]


def tier_of(person):
    """The Tier of a person, or None where the programme does not run."""
    programme = running_programme()
    return programme and programme.tier_for(earned_lately(person))


def count_from(tier):
    """How many persons have this Tier, above bronze, or a higher one."""
    programme = running_programme()
    if programme is None:
        return 0
    rows = PointEntry.objects.order_by().values("customer__person").annotate(earned=_lately())
    return rows.filter(earned__gte=programme.begins_at(tier)).count()
