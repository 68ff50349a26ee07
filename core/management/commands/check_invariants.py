from core import invariants
from core.commands import OperatorCommand


class Command(OperatorCommand):
    help = (
        "Looks for rows that break an invariant, over all agencies. Exit code 1 when it finds any."
    )

    def work(self, **options):
        found = invariants.violations()
        return {"ok": not found, "checked": len(invariants.names()), "violations": found}
