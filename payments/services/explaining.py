"""What of payouts differs from our books: until they catch up, or a person says what it is."""

from collections import Counter
from decimal import Decimal

from django.db.models.functions import Now

from core.errors import Invalid
from core.locks import lock, lock_one
from core.money import Money
from core.status import WrongState
from core.transactions import use_case
from payments.ledger import post
from payments.models import Account, LineState, Payout, PayoutLine
from payments.services.arrivals import alone
from payments.services.payout_lines import judge


class NeedsWords(Invalid):
    """What is explained is explained in words."""

    code = "note_needed"


def post_fees(source, source_id, kind, lines):
    """What the provider kept is booked as its fee."""
    sums = Counter()
    for line in lines:
        sums[line.currency] += line.to_fees
    fees = [Money(amount, currency) for currency, amount in sums.items() if amount]
    if fees:
        booked = [(Account.PROVIDER_FEES, one) for one in fees]
        left = [(Account.PROVIDER_CLEARING, -one) for one in fees]
        post(source=source, source_id=source_id, kind=kind, lines=booked + left)


@use_case
def judge_open_lines(name):
    """Looks at the open lines of this provider's payouts once more; returns how many are so no more."""
    alone()
    waiting = PayoutLine.objects.filter(status=LineState.OPEN, payout__provider=name)
    lines = lock(waiting.select_related("payout"))
    judge(name, lines)
    done = [line for line in lines if line.status == LineState.MATCHED]
    for line in done:
        line.save()
        post_fees("payout_line", line.pk, "fee", [line])
    return len(done)


@use_case
def explain_line(line_id, *, note, is_fee, by):
    """A person says what a line is that differs from our books; returns it. As a fee of the provider's
    the difference is booked, else nothing is. Raises WrongState, NeedsWords."""
    _check_note(note)
    alone()
    line = lock_one(PayoutLine.objects.filter(pk=line_id).select_related("payout"))
    if line.status != LineState.OPEN:
        raise WrongState("Nothing about this line is open any more.")
    [booked] = judge(line.payout.provider, [line])
    if line.status == LineState.MATCHED:
        raise WrongState("Our books have caught up with it: ask the provider once more.")
    line.move_to(LineState.EXPLAINED)
    line.to_fees = booked - line.net if is_fee else Decimal(0)
    line.note, line.explained_by, line.explained_at = note.strip(), by, Now()
    line.save()
    post_fees("payout_line", line.pk, "fee", [line])
    line.refresh_from_db()
    return line


@use_case
def explain_payout(payout_id, *, note, by):
    """A person says why a payout is as it is; returns it. Raises WrongState, NeedsWords."""
    _check_note(note)
    alone()
    payout = lock_one(Payout.objects.filter(pk=payout_id))
    if not payout.is_unexplained:
        raise WrongState("Nothing about this payout is open any more.")
    payout.note, payout.explained_by, payout.explained_at = note.strip(), by, Now()
    payout.save()
    payout.refresh_from_db()
    return payout


def _check_note(note):
    if not note.strip():
        raise NeedsWords("Say in words what it is.")
