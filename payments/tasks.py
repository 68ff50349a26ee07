"""Jobs that tidy up after lost messages. Each picks rows, then calls one service a row."""

import logging
from datetime import timedelta

from celery import shared_task
from django.db.models import Q
from django.db.models.functions import Now

from core.tenancy import acting_for, as_system
from payments.adapters import ProviderRefused, ProviderUnavailable
from payments.models import InboxMessage, Payment, Refund, RefundStatus, Status
from payments.services import send_refund, settle, work_notice

log = logging.getLogger(__name__)

QUIET = timedelta(seconds=30)
FORGIVEN = timedelta(days=3)
UNSENT = (RefundStatus.PENDING, RefundStatus.PROCESSING)


@shared_task
def work_inbox(limit=100):
    """Works stored notices that are due; returns how many."""
    with as_system():
        due = list(
            InboxMessage.objects.filter(state=InboxMessage.State.RECEIVED, due_at__lte=Now())
            .order_by("due_at")
            .values_list("pk", "agency_id")[:limit]
        )
    for message_id, agency_id in due:
        with acting_for(agency_id):
            work_notice(message_id)
    return len(due)


@shared_task
def reconcile(everything=False, limit=500):
    """Asks the provider about payments in flight and refunds not yet done; finds the money whose
    notice was lost.

    `everything` also asks about payments opened a moment ago and about those that failed in the
    last three days, which money may have reached after all. Returns {"asked", "unreachable"}.
    """
    with as_system():
        rows = list(
            _in_question(everything).order_by("opened_at").values_list("pk", "agency_id")[:limit]
        )
        refunds = list(
            Refund.objects.filter(status__in=UNSENT, created_at__lte=Now() - QUIET)
            .order_by("created_at")
            .values_list("pk", "agency_id")[:limit]
        )
    asked, unreachable = 0, 0
    for service, row in [
        *((settle, row) for row in rows),
        *((send_refund, row) for row in refunds),
    ]:
        asked += 1
        if not _ask(service, *row):
            unreachable += 1
    return {"asked": asked, "unreachable": unreachable}


def _in_question(everything):
    if everything:
        recent = Q(status=Status.FAILED, opened_at__gt=Now() - FORGIVEN)
        return Payment.objects.filter(Q(status=Status.PROCESSING) | recent)
    return Payment.objects.filter(
        Q(looked_up_at=None) | Q(looked_up_at__lte=Now() - QUIET),
        status=Status.PROCESSING,
        opened_at__lte=Now() - QUIET,
    )


def _ask(service, row_id, agency_id):
    """Whether the provider could be asked; one row's trouble never stops the others."""
    with acting_for(agency_id):
        try:
            service(row_id)
        except (ProviderUnavailable, ProviderRefused):
            log.warning("%s %s: the provider does not answer", service.__name__, row_id)
            return False
        except Exception:
            log.exception("%s %s failed", service.__name__, row_id)
            return False
    return True
