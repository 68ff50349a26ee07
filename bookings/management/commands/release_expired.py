from bookings.tasks import expire
from core.commands import OperatorCommand


class Command(OperatorCommand):
    help = "Tidies reservations whose time is over."

    def work(self, **options):
        return {"expired": expire(limit=10_000)}
