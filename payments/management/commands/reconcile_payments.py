from core.commands import OperatorCommand
from payments.tasks import look_for_disputes, look_for_payouts, reconcile

FURTHEST = 90  # days


class Command(OperatorCommand):
    help = "Asks providers about payments in flight and those that failed lately, disputes and payouts."

    def work(self, **options):
        told = reconcile(everything=True, limit=100_000, seconds=3600, patience=20)
        disputes = look_for_disputes(everything=True, limit=100_000, seconds=3600, patience=20)
        payouts = look_for_payouts(days=FURTHEST)
        unreachable = sum(each["unreachable"] for each in (told, disputes, payouts))
        return {**told, "disputes": disputes, "payouts": payouts, "ok": not unreachable}
