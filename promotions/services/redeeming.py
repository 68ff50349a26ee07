"""Uses of promotions: taken with a reservation, kept with its sale, given back when it ends.

Called in the caller's transaction after everything else is locked and written: promotions are the last
rows that a sale locks.
"""

from functools import partial

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from core.errors import DomainError
from core.locks import lock
from core.postgres.fixed import Locking
from core.transactions import broken_constraint, use_case
from core.words import many
from promotions.codes import customer_of
from promotions.models import (
    BUYER_UNKNOWN,
    NOT_RUNNING,
    TICKETS_HAD,
    USED_BY_YOU,
    USED_UP,
    Use,
    UseStatus,
)

USES = Locking(lambda reference: Use.objects.of(reference))


class NotRedeemed(DomainError):
    """What was promised a moment ago is not there any more: nothing may be sold at that price."""

    code = "code_not_redeemed"


SAYS = {
    USED_UP: "Somebody has just taken the last use of this offer. Nothing was reserved at its price.",
    USED_BY_YOU: "You have used this offer as often as one may.",
    TICKETS_HAD: "So many tickets are more than one buyer may have in this presale.",
    NOT_RUNNING: "This offer is over.",
    BUYER_UNKNOWN: "This offer is limited for each buyer: say who you are first.",
}


def redeem(applied, *, reference, until, email="", admitted=None):
    """Takes a use of every promotion of an Applied for the booking `reference`, held until then or
    until it is kept or given back, and of the presale whose Pass this is; returns the Uses.

    Raises NotRedeemed when a limit was reached meanwhile: the caller's transaction must then write
    nothing that depends on it.
    """
    uses = [
        Use(
            promotion=part.promotion,
            code=part.code,
            reference=reference,
            customer=customer_of(email),
            held_until=until,
            tickets=len(part.given.amounts),
            discount=part.given.discount.amount,
            amounts=[amount.amount for amount in part.given.amounts],
            waived=part.given.waived.amount,
            currency=applied.currency,
        )
        for part in applied.parts
    ]
    if admitted is not None:
        uses.append(_entry(admitted, applied, reference, until, email))
    uses.sort(key=lambda use: use.promotion_id)
    return _counted(lambda: Use.objects.bulk_create(uses)) if uses else []


def _entry(admitted, applied, reference, until, email):
    """The use of a presale. Who has proven whose mail he reads is nobody else later."""
    count = len(applied.discounts)
    return Use(
        promotion_id=admitted.promotion_id,
        code_id=admitted.code_id,
        reference=reference,
        customer=admitted.customer or customer_of(email),
        is_proven=bool(admitted.customer),
        held_until=until,
        tickets=count,
        discount=0,
        amounts=[0] * count,
        currency=applied.currency,
    )


def name_buyer(reference, email):
    """Says who buys what is held, so that his own limits count it, in the caller's transaction. Raises
    NotRedeemed when he has no use left; nothing is changed then."""
    unproven = [use for use in USES(reference) if not use.is_proven]
    _write(unproven, {UseStatus.HELD}, customer=customer_of(email))


def renew(reference, until):
    """Holds the uses of a reservation until then, in the caller's transaction. Whether all of them
    still were its own; nothing is changed otherwise."""
    return _changed_all(reference, {UseStatus.HELD}, held_until=until)


def keep(reference):
    """The booking is sold, in the caller's transaction. Whether its uses count for good now: those it
    lost with its time are taken again if the limits leave room. If they do not, nothing is changed, and
    the booking must not be sold at its price. Safe to repeat."""
    lost_or_held = {UseStatus.HELD, UseStatus.RETURNED}
    kept = {"status": UseStatus.KEPT, "kept_at": Now(), "returned_at": None}
    return _changed_all(reference, lost_or_held, **kept, already={UseStatus.KEPT})


@use_case
def give_back(reference):
    """The booking ended before or after its sale: its uses are free again. Safe to repeat; returns how
    many were given back."""
    taken = {UseStatus.HELD, UseStatus.KEPT}
    return _change(reference, taken, **_returned())


@use_case
def drop(reference):
    """Takes the codes out of a reservation, which is then reckoned anew: its uses are free for anybody
    and are never taken again with it. A presale's stays: without it there were no places."""
    uses = lock(Use.objects.of(reference).offers())
    _write(uses, {UseStatus.HELD}, **_returned(), is_dropped=True)


def _returned():
    return {"status": UseStatus.RETURNED, "returned_at": Now()}


def _changed_all(reference, statuses, *, already=frozenset(), **values):
    """Whether every use of the booking could be changed or was so already; all or none are."""
    try:
        uses = USES(reference)
        if any(use.status not in statuses | already for use in uses):
            return False
        _write(uses, statuses, **values)
    except NotRedeemed:
        return False
    return True


def _change(reference, statuses, **values):
    """Changes the booking's uses that have one of these statuses, in the order of their promotions,
    all or none; returns how many."""
    return _write(USES(reference), statuses, **values)


def _write(uses, statuses, **values):
    wanted = [use for use in uses if use.status in statuses]
    wanted.sort(key=lambda use: use.promotion_id)
    each = [partial(Use.objects.filter(pk=use.pk).update, **values) for use in wanted]
    return _counted(lambda: sum(update() for update in each)) if each else 0


def _counted(write):
    """What `write` returns; what the database refuses to count is refused in words, and undone."""
    try:
        with transaction.atomic():
            return write()
    except IntegrityError as error:
        broken = broken_constraint(error)
        if broken not in SAYS:
            raise
        raise NotRedeemed(_words(broken, error), why=broken) from error


def _words(broken, error):
    detail = error.__cause__.diag.message_detail or ""
    if broken != TICKETS_HAD or not detail:
        return SAYS[broken]
    most, had = map(int, detail.split())
    return f"One buyer may have {many(most, 'ticket')} in this presale{_left(most, had)}"


def _left(most, had):
    """What he can still do, to end the sentence."""
    left = max(most - had, 0)
    if not had:
        return f": let these go, and choose {left}."
    still = f"let these go, and choose {left}." if left else "This e-mail has as many already."
    return f", and this e-mail has {had}: {still}" if left else f". {still}"
