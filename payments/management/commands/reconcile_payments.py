from core.commands import OperatorCommand
from payments.tasks import reconcile


class Command(OperatorCommand):
    help = "Asks providers about payments in flight and those that failed lately."

    def work(self, **options):
        told = reconcile(everything=True, limit=100_000, seconds=3600, patience=20)
        return {**told, "ok": not told["unreachable"]}
