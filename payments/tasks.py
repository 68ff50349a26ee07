"""Jobs that tidy up after lost messages. Each picks rows, then calls one service a row."""

import logging
import time
from datetime import UTC, datetime, timedelta

from celery import shared_task
from django.db.models import F, Q
from django.db.models.functions import Now

from core.tasks import in_turn
from core.tenancy import acting_for, as_system
from payments.adapters import ProviderRefused, ProviderUnavailable
from payments.models import CAPTURED, Dispute, InboxMessage, Payment, Refund, RefundStatus, Status
from payments.models.disputes import OVER
from payments.providers import ADAPTERS, BY_HAND, paying_out
from payments.services import (
    expire_credit,
    read_charge,
    read_disputes,
    read_payouts,
    send_refund,
    settle,
    work_notice,
)
from payments.services.credit import lapsed_credit

log = logging.getLogger(__name__)

QUIET = timedelta(seconds=30)
LONG_AGO = datetime.min.replace(tzinfo=UTC)
FORGIVEN = timedelta(days=3)
LONG_DISPUTED = timedelta(days=90)
DISPUTE_REST = timedelta(hours=1)
CHARGE_REST = timedelta(hours=6)
CHARGE_FORGIVEN = timedelta(days=14)
RESTED = Q(looked_up_at=None) | Q(looked_up_at__lte=Now() - QUIET)
UNSENT = (RefundStatus.PENDING, RefundStatus.PROCESSING)


@shared_task
def work_inbox(limit=100):
    """Works stored notices that are due, until the provider does not answer; returns how many."""
    with as_system():
        due = list(
            InboxMessage.objects.filter(state=InboxMessage.State.RECEIVED, due_at__lte=Now())
            .order_by("due_at")
            .values_list("pk", "agency_id")[:limit]
        )
    for number, (message_id, agency_id) in enumerate(due, start=1):
        with acting_for(agency_id):
            if not work_notice(message_id):
                return number
    return len(due)


@shared_task
def reconcile(everything=False, limit=50, seconds=30, patience=1):
    """Asks the provider about payments in flight and refunds not yet done; finds the money whose
    notice was lost.

    `everything` also asks about payments opened a moment ago and about those that failed in the
    last three days, which money may have reached after all. A worker has other work, too: the run
    ends after `seconds`, and when `patience` questions in a row had no answer. What was asked about
    longest ago comes first, so the next run goes on from there. Returns {"asked", "unreachable"}.
    """
    return _ask_all(_questions(everything, limit), seconds, patience)


def _ask_all(questions, seconds, patience):
    """Asks one after the other, for so many seconds, and until so many in a row had no answer. Returns
    {"asked", "unreachable"}."""
    ends_at = time.monotonic() + seconds
    asked = unreachable = silent = 0
    for question in questions:
        if silent >= patience or time.monotonic() > ends_at:
            log.warning("asking the providers stops after %s; the next run goes on", asked)
            break
        asked += 1
        trouble = _ask(question)
        unreachable += trouble is not None
        silent = silent + 1 if isinstance(trouble, ProviderUnavailable) else 0
    return {"asked": asked, "unreachable": unreachable}


def _questions(everything, limit):
    """[(service, model, id, agency id)], what was never asked about first, then the oldest."""
    with as_system():
        rows = [
            (service, found.model, *row)
            for service, found in (
                (settle, _in_question(everything)),
                (send_refund, _unsent(everything)),
            )
            for row in found.order_by(
                F("looked_up_at").asc(nulls_first=True), "created_at"
            ).values_list("pk", "agency_id", "looked_up_at")[:limit]
        ]
    rows.sort(key=lambda row: row[-1] or LONG_AGO)
    return [row[:-1] for row in rows]


def _in_question(everything):
    asked = Payment.objects.exclude(provider__in=BY_HAND)
    if everything:
        recent = Q(status=Status.FAILED, opened_at__gt=Now() - FORGIVEN)
        return asked.filter(Q(status=Status.PROCESSING) | recent)
    return asked.filter(RESTED, status=Status.PROCESSING, opened_at__lte=Now() - QUIET)


def _unsent(everything):
    refunds = Refund.objects.filter(status__in=UNSENT, created_at__lte=Now() - QUIET)
    refunds = refunds.exclude(payment__provider__in=BY_HAND, status=RefundStatus.PROCESSING)
    return refunds if everything else refunds.filter(RESTED)


def _ask(question):
    """The exception that came instead of an answer, or None; one row's trouble never stops the
    others."""
    service, model, row_id, agency_id = question
    with acting_for(agency_id):
        model.objects.filter(pk=row_id).update(looked_up_at=Now())
        try:
            service(row_id)
        except (ProviderUnavailable, ProviderRefused) as error:
            log.warning("%s %s: the provider does not answer: %s", service.__name__, row_id, error)
            return error
        except Exception as error:
            log.exception("%s %s failed", service.__name__, row_id)
            return error
    return None


@shared_task
def look_for_disputes(everything=False, limit=100, seconds=30, patience=1):
    """Asks the providers which disputes were opened lately, and about our disputes that are not over;
    finds those whose notice was lost. `everything` looks three months back instead of three days.

    Like `reconcile` it ends in time and asks a silent provider no more. Returns {"asked",
    "unreachable"}.
    """
    since = datetime.now(UTC) - (LONG_DISPUTED if everything else FORGIVEN)
    found, unreachable = _newly_disputed(since)
    told = _ask_all([*found, *_undecided(everything, limit)], seconds, patience)
    return {**told, "unreachable": told["unreachable"] + unreachable}


def _newly_disputed(since):
    """([(service, model, payment id, agency id)] of payments with disputes we have not heard of, how
    many providers gave no answer)."""
    found, unreachable = [], 0
    for name, adapter_of in ADAPTERS.items():
        adapter = adapter_of()
        try:
            told = adapter.disputes_since(since) if adapter else []
        except (ProviderUnavailable, ProviderRefused) as error:
            log.warning("%s does not say what is disputed: %s", name, error)
            unreachable += 1
            continue
        found += [(read_disputes, Payment, *ids) for ids in _unheard(name, told)]
    return found, unreachable


def _unheard(name, told):
    """[(payment id, agency id)] of our payments that a provider's disputes are about and that we know
    nothing of."""
    with as_system():
        known = Dispute.objects.filter(provider_ref__in=[one.ref for one in told])
        known = set(known.values_list("payment__provider_payment_ref", "provider_ref"))
        news = {one.payment_ref for one in told if (one.payment_ref, one.ref) not in known} - {""}
        ours = Payment.objects.filter(provider=name, provider_payment_ref__in=news)
        return list(ours.order_by("pk").values_list("pk", "agency_id"))


def _undecided(everything, limit):
    """[(service, model, dispute id, agency id)] of disputes that are not over, and lately over."""
    wanted = ~Q(status__in=OVER)
    if everything:
        wanted |= Q(closed_at__gt=Now() - LONG_DISPUTED)
    else:
        wanted &= Q(looked_up_at=None) | Q(looked_up_at__lte=Now() - DISPUTE_REST)
    with as_system():
        rows = list(
            Dispute.objects.filter(wanted)
            .order_by(F("looked_up_at").asc(nulls_first=True), "pk")
            .values_list("pk", "agency_id")[:limit]
        )
    return [(_read_again, Dispute, *row) for row in rows]


def _read_again(dispute_id):
    read_disputes(Dispute.objects.get(pk=dispute_id).payment_id)


@shared_task
def read_charges(limit=200, seconds=30, patience=1):
    """Asks the providers what they took for payments of the last two weeks of which they have not said
    it yet; not again for six hours where they did not know. Ends in time like `reconcile`; returns the
    same."""
    with as_system():
        rows = list(
            Payment.objects.filter(
                RESTED,
                Q(charge_read_at=None) | Q(charge_read_at__lte=Now() - CHARGE_REST),
                status__in=CAPTURED,
                fee=None,
                settled_at__gte=Now() - CHARGE_FORGIVEN,
            )
            .exclude(provider__in=BY_HAND)
            .order_by(F("looked_up_at").asc(nulls_last=True), "pk")
            .values_list("pk", "agency_id")[:limit]
        )
    return _ask_all([(read_charge, Payment, *row) for row in rows], seconds, patience)


@shared_task
def look_for_payouts(days=3):
    """Asks the providers which payouts they made in these days, and since the newest that we know; what
    each is made of, and how far those are that had not arrived. Returns {"new", "unreachable"}."""
    since = datetime.now(UTC) - timedelta(days=days)
    new = unreachable = 0
    for name in paying_out():
        try:
            new += read_payouts(name, since=since)
        except (ProviderUnavailable, ProviderRefused) as error:
            log.warning("%s does not say what it paid out: %s", name, error)
            unreachable += 1
        except Exception:  # a bug with one provider's payouts must not hide those of the others
            log.exception("the payouts of %s were not read", name)
            unreachable += 1
    return {"new": new, "unreachable": unreachable}


@shared_task
def let_credit_lapse():
    """Takes away the credit that has lapsed; returns of how many customers. Nobody could have paid
    with it before either."""
    with as_system():
        rows = lapsed_credit()
    return in_turn(rows, lambda whose: expire_credit(*whose))
