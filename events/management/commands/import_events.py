from pathlib import Path

from agencies.queries import agency_named
from core.commands import OperatorCommand
from core.errors import NotFound
from core.tenancy import acting_for
from events.services import import_events


class Command(OperatorCommand):
    help = "Drafts events from a file with an answer of the Ticketmaster Discovery API."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--agency", help="The agency's slug; not needed when there is one.")

    def work(self, file, agency, **options):
        if not file.is_file():
            raise NotFound(f"There is no file {file}.")
        found = agency_named(agency)
        with acting_for(found.pk):
            imported = import_events(file.read_bytes(), currency=found.currency)
        return {
            "ok": True,
            "events": [
                {"id": str(event.pk), "slug": event.slug, "title": event.title, "new": made}
                for event, made in imported
            ],
        }
