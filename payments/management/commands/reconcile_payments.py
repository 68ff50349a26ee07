from core.commands import OperatorCommand
from payments.tasks import look_for_disputes, reconcile


class Command(OperatorCommand):
    help = "Asks providers about payments in flight and those that failed lately, and disputes."

    def work(self, **options):
        told = reconcile(everything=True, limit=100_000, seconds=3600, patience=20)
        disputes = look_for_disputes(everything=True, limit=100_000, seconds=3600, patience=20)
        unreachable = told["unreachable"] + disputes["unreachable"]
        return {**told, "disputes": disputes, "ok": not unreachable}
