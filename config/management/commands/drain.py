from django.db.models.functions import Now

from bookings.tasks import carry_on_changes, expire
from core import outbox
from core.commands import OperatorCommand
from core.models import OutboxMessage
from core.tenancy import as_system
from payments.models import InboxMessage
from payments.tasks import reconcile, work_inbox
from suppliers.tasks import accrue_consignment

ROUNDS = 50


def _end_leases():
    """What a killed process had in hand is due at once; a handler that still runs elsewhere may run
    twice, which handlers bear."""
    with as_system():
        OutboxMessage.objects.filter(done_at=None, failed_at=None).update(due_at=Now())
        InboxMessage.objects.filter(state=InboxMessage.State.RECEIVED).update(due_at=Now())


class Command(OperatorCommand):
    help = "Works outbox, inbox, lapsed reservations and payments in flight until all is quiet."

    def work(self, **options):
        told = {"facts": 0, "failed_facts": 0, "notices": 0, "expired": 0}
        _end_leases()
        reconciled = reconcile(everything=True, limit=100_000, seconds=600, patience=20)
        for _ in range(ROUNDS):
            done, failed = outbox.deliver(limit=200)
            notices, expired = work_inbox(), expire()
            told["facts"] += done
            told["failed_facts"] += failed
            told["notices"] += notices
            told["expired"] += expired
            changed = carry_on_changes()
            if not (done or failed or notices or expired or changed):
                break
        accrue_consignment()
        return {**told, "payments_asked": reconciled["asked"], "ok": not told["failed_facts"]}
