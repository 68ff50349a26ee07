from agencies.queries import agency_named
from core.commands import OperatorCommand
from core.errors import NotFound
from core.tenancy import acting_for
from suppliers.models import PaymentRun
from suppliers.services import pay_run


class Command(OperatorCommand):
    help = "Books an approved payment run as paid; a run that is paid already stays as it is."

    def add_arguments(self, parser):
        parser.add_argument("run", help="The run's number.")
        parser.add_argument("--agency", help="The agency's slug; not needed when there is one.")

    def work(self, run, agency, **options):
        with acting_for(agency_named(agency).pk):
            found = PaymentRun.objects.filter(number=run).first()
            if found is None:
                raise NotFound(f"There is no payment run {run}.")
            paid = pay_run(run=found)
            return {
                "ok": True,
                "run": paid.number,
                "payments": paid.payments.count(),
                "amount": str(paid.amount),
                "currency": paid.currency,
            }
