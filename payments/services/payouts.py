"""Payouts as their provider tells them: written down once, held against the books, booked as they move.

What a provider has sent left `provider_clearing`, whatever it is made of: what differs from what we
booked stays there, in plain sight, until our books catch up or a person says what it is.
"""

import logging
from collections import defaultdict
from datetime import UTC, datetime, timedelta

from django.db.models import Max, Min, Q
from django.db.models.functions import Now

from agencies.queries import main_agency
from core import failpoints
from core.locks import lock_one
from core.money import Money
from core.tenancy import acting_for, as_system
from core.transactions import use_case
from payments.adapters import ProviderUnavailable
from payments.ledger import post
from payments.models import (
    Account,
    LineState,
    Payment,
    Payout,
    PayoutLine,
    PayoutStatus,
)
from payments.providers import provider
from payments.services.arrivals import alone, match_arrivals
from payments.services.explaining import judge_open_lines, post_fees
from payments.services.payout_lines import judge

log = logging.getLogger(__name__)

STATES = {
    "pending": PayoutStatus.PENDING,
    "paid": PayoutStatus.PAID,
    "failed": PayoutStatus.FAILED,
}
NO_LINES = "It was made by hand at the provider, who does not say of what."
FURTHEST = timedelta(days=90)
TWO_WEEKS = timedelta(days=14)


def lately():
    """Since when a person who asks wants to know: two weeks."""
    return datetime.now(UTC) - TWO_WEEKS


def read_payouts(name, *, since):
    """Brings the payouts that this provider made since a moment, and since we last heard of one, in
    line with what it says now; safe to repeat, by anyone, and goes on where it was cut off. For all
    agencies that sell there. Returns how many were new or have moved; raises ProviderUnavailable,
    ProviderRefused. What is wrong with one payout is raised when the others have been read.
    """
    adapter = provider(name)
    told = adapter.payouts_since(_from(name, since))
    done, trouble = 0, None
    for one in reversed(told):
        try:
            done += _take_in(name, adapter, one)
        except ProviderUnavailable:
            raise
        except Exception as error:
            log.exception("payout %s of %s was not read", one.ref, name)
            trouble = trouble or error
    _judge_again(name)
    if trouble:
        raise trouble
    return done


def _from(name, since):
    """A worker that stood still for a month misses nothing: it reads from where it was."""
    with as_system():
        found = Payout.objects.filter(provider=name).aggregate(
            newest=Max("made_at"), waiting=Min("made_at", filter=Q(status=PayoutStatus.PENDING))
        )
    known = [moment for moment in found.values() if moment]
    return max(min([since, *known]), datetime.now(UTC) - FURTHEST)


def _take_in(name, adapter, told):
    """Whether anything about this payout is new. It is written down for others before it is for whose
    account it is: so who reads on after a crash sees that not all was."""
    owner = main_agency().pk
    with as_system():
        known = list(
            Payout.objects.filter(provider=name, provider_ref=told.ref).values_list(
                "agency_id", flat=True
            )
        )
    if owner in known:
        moved = [_in(agency, follow_payout, name, told) for agency in known]
        return any(moved)
    if told.lines == "coming":
        return False
    lines = adapter.payout_lines(told.ref) if told.lines == "ready" else []
    failpoints.reach("payouts.before_record")
    parts = _by_agency(name, lines, owner)
    left = told.amount
    for agency, its in parts.items():
        amount = left if agency == owner else sum(line.net for line in its)
        left -= amount
        _in(agency, record_payout, name, told, its, amount=amount)
    return True


def _in(agency_id, service, *arguments, **more):
    with acting_for(agency_id):
        return service(*arguments, **more)


def _by_agency(name, lines, owner):
    """{agency id: its lines}; what is nobody's sale is the owner's, who comes last."""
    refs = {line.payment_ref for line in lines} - {""}
    with as_system():
        found = Payment.objects.filter(provider=name, provider_payment_ref__in=refs)
        whose = dict(found.values_list("provider_payment_ref", "agency_id"))
    parts = defaultdict(list)
    for line in lines:
        parts[whose.get(line.payment_ref, owner)].append(line)
    parts[owner] = parts.pop(owner, [])
    return parts


@use_case
def record_payout(name, told, lines, *, amount):
    """Writes down a payout (ProviderPayout), of which `amount` is ours, with our `lines`
    [ProviderPayoutLine]; what was written before stays. Returns the Payout."""
    alone()
    payout = Payout.objects.filter(provider=name, provider_ref=told.ref).first()
    if payout is None:
        payout = _write(name, told, lines, amount)
        _move(payout, told)
        failpoints.reach("payouts.before_commit")
    return payout


def _write(name, told, lines, amount):
    fresh, problem = _once(lines)
    net = sum(line.net for line in fresh if line.currency == told.currency)
    if told.lines == "none":
        problem = NO_LINES
    elif not problem and net != amount:
        come, sent = (Money(each, told.currency).display() for each in (net, amount))
        problem = f"Its lines come to {come}, and {sent} were sent."
    payout = Payout.objects.create(
        provider=name,
        provider_ref=told.ref,
        status=PayoutStatus.PENDING,
        amount=amount,
        whole=told.amount,
        currency=told.currency,
        arrives_on=told.arrives_on,
        descriptor=told.descriptor[:40],
        trace=told.trace[:120],
        made_at=told.created_at,
        problem=problem,
    )
    in_order = sorted(fresh, key=lambda line: line.created_at)
    rows = [_line(payout, line) for line in in_order]
    judge(name, rows)
    PayoutLine.objects.bulk_create(rows, batch_size=500)
    post_fees("payout", payout.pk, "fees", rows)
    return payout


def _once(lines):
    """(lines that stand in no payout yet, each once; what is wrong if others do)."""
    each = {line.ref: line for line in lines}
    known = set(PayoutLine.objects.filter(ref__in=each).values_list("ref", flat=True))
    fresh = [line for ref, line in each.items() if ref not in known]
    return fresh, f"{len(known)} of its lines stand in another payout." if known else ""


def _line(payout, told):
    return PayoutLine(
        payout=payout,
        ref=told.ref,
        kind=told.kind.upper(),
        gross=told.gross,
        fee=told.fee,
        net=told.net,
        currency=told.currency,
        payment_ref=told.payment_ref,
        about=told.about,
        description=told.description[:200],
        happened_at=told.created_at,
    )


@use_case
def follow_payout(name, told):
    """Moves a payout that is known to where the provider says that it is; returns whether it moved."""
    alone()
    payout = lock_one(Payout.objects.filter(provider=name, provider_ref=told.ref))
    before = payout.status, payout.problem
    _move(payout, told)
    return before != (payout.status, payout.problem)


def _move(payout, told):
    """What is over stays so: an answer may be older than what somebody else has heard meanwhile."""
    wanted = STATES[told.state]
    payout.arrives_on, payout.trace, payout.read_at = told.arrives_on, told.trace[:120], Now()
    wrong = _contradiction(payout, told)
    if wrong and wrong != payout.problem:
        payout.problem, payout.note = wrong, ""
        payout.explained_by = payout.explained_at = None
    elif not wrong and payout.can_move_to(wanted):
        if wanted == PayoutStatus.PAID:
            _post(payout, "paid", payout.money)
        elif payout.status == PayoutStatus.PAID:
            _post(payout, "failed", -payout.money)
        payout.move_to(wanted)
        if wanted == PayoutStatus.PAID and not payout.amount:
            payout.move_to(PayoutStatus.ARRIVED)
    payout.save()
    if payout.status == PayoutStatus.PAID:
        match_arrivals(payout.money)
    payout.refresh_from_db()


def _contradiction(payout, told):
    """What of it cannot be true beside what is written down, or an empty string."""
    said, known = Money(told.amount, told.currency), Money(payout.whole, payout.currency)
    if str(said) != str(known):
        return f"The provider says {said.display()} now; {known.display()} were written down."
    if told.state == "failed" and payout.status == PayoutStatus.ARRIVED:
        return "The provider says that it failed, and the bank has the money."
    return ""


def _post(payout, kind, money):
    """To the bank it goes; what of it failed comes back."""
    post(
        source="payout",
        source_id=payout.pk,
        kind=kind,
        lines=[(Account.MONEY_ON_ITS_WAY, money), (Account.PROVIDER_CLEARING, -money)],
        memo=payout.provider_ref,
    )


def _judge_again(name):
    """Our books may have caught up with what stood open."""
    with as_system():
        waiting = PayoutLine.objects.filter(status=LineState.OPEN, payout__provider=name)
        agencies = list(
            waiting.order_by("agency_id").values_list("agency_id", flat=True).distinct()
        )
    for agency in agencies:
        _in(agency, judge_open_lines, name)
