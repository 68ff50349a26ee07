"""Points of customers become credit, which pays."""

from core.errors import DomainError
from core.ids import uuid7
from core.transactions import use_case
from customers.points import NoProgramme, points_of, running_programme, spend
from payments.ledger import post
from payments.models import Account, CreditEntry
from payments.services.credit import come_to_be


class WorthChanged(DomainError):
    """Points are worth something else than was shown; nothing was changed."""

    code = "worth_changed"


def worth_of_points(customer_id, at_most=None):
    """(how many points a customer could spend, the Money they would become); (0, None) where that is
    nothing. With `at_most` (Money) the fewest that are worth it."""
    programme = running_programme()
    points = max(points_of(customer_id), 0) if programme else 0
    money = programme.worth_of(points) if points else None
    if not money or (at_most is not None and at_most.currency != money.currency):
        return 0, None
    money = money if at_most is None else min(money, at_most)
    return (programme.price_of(money), money) if money else (0, None)


@use_case
def points_to_credit(customer_id, points, money, *, key):
    """So many points of a customer become so much credit (Money), once per key; returns the
    CreditEntry. Raises NoProgramme, WorthChanged or NotEnoughPoints."""
    programme = running_programme()
    if programme is None:
        raise NoProgramme
    spent = spend(customer_id, points, key=key, reference=uuid7())
    known = CreditEntry.objects.filter(pk=spent.reference).first()
    if known:
        return known
    _check(programme, points, money)
    entry = come_to_be(
        id=spent.reference,
        kind=CreditEntry.Kind.POINTS,
        customer_id=customer_id,
        money=money,
        key=f"points:{spent.pk}",
    )
    post(
        source="credit",
        source_id=entry.pk,
        kind="points",
        lines=[(Account.POINTS_SPENT, money), (Account.CUSTOMER_CREDIT, -money)],
    )
    return entry


def _check(programme, points, money):
    """That it is worth what was shown, in whole steps: what is rounded off is not taken."""
    if not money or money.currency != programme.currency or programme.price_of(money) != points:
        raise WorthChanged("What your points are worth has changed. Please look at it again.")
