from pathlib import Path

from agencies.queries import agency_named
from core.commands import OperatorCommand
from core.errors import NotFound
from core.tenancy import acting_for
from events.importers.download import download, is_address
from events.services import import_events


class Command(OperatorCommand):
    help = "Drafts events from an answer of the Ticketmaster Discovery API: a file or an address."

    def add_arguments(self, parser):
        parser.add_argument("source", metavar="FILE-or-URL")
        parser.add_argument("--agency", help="The agency's slug; not needed when there is one.")

    def work(self, source, agency, **options):
        found = agency_named(agency)
        content = download(source) if is_address(source) else _read(Path(source))
        with acting_for(found.pk):
            imported = import_events(content, currency=found.currency)
        return {
            "ok": True,
            "events": [
                {"id": str(event.pk), "slug": event.slug, "title": event.title, "new": made}
                for event, made in imported
            ],
        }


def _read(file):
    if not file.is_file():
        raise NotFound(f"There is no file {file}.")
    return file.read_bytes()
