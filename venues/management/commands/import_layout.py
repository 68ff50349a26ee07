from pathlib import Path

from agencies.queries import agency_named
from core.commands import OperatorCommand
from core.errors import NotFound
from core.tenancy import acting_for
from venues import importers
from venues.models import Venue
from venues.services import import_layout


class Command(OperatorCommand):
    help = (
        "Publishes a seating plan (seats.io chart, pretix plan, CSV, SVG, Tessera's own JSON) as a "
        "new version of a venue. A file with anything wrong is refused whole. Rows and seats that a "
        "drawing does not name are numbered, and said."
    )

    def add_arguments(self, parser):
        parser.add_argument("venue", help="The venue's name or id.")
        parser.add_argument("file", type=Path)
        parser.add_argument("--agency", help="The agency's slug; not needed when there is one.")
        parser.add_argument("--name", default="", help="What to call the layout.")

    def work(self, venue, file, agency, name, **options):
        if not file.is_file():
            raise NotFound(f"There is no file {file}.")
        content = file.read_bytes()
        with acting_for(agency_named(agency).pk):
            layout, made = import_layout(
                venue=_venue(venue), filename=file.name, content=content, name=name
            )
        return {
            "ok": True,
            "layout": str(layout.pk),
            "hash": layout.content_hash,
            "version": layout.version,
            "capacity": layout.capacity,
            "new": made,
            "notes": importers.notes(file.name, content),
        }


def _venue(wanted):
    for venue in Venue.objects.all():
        if wanted in (venue.name, str(venue.pk)):
            return venue
    raise NotFound(f"There is no venue {wanted}.")
