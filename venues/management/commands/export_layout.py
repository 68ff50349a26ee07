from pathlib import Path

from agencies.queries import agency_named
from core.commands import OperatorCommand
from core.errors import NotFound
from core.tenancy import acting_for
from venues import exporters
from venues.models import Layout


class Command(OperatorCommand):
    help = "Writes a published layout as JSON, CSV or SVG. JSON and SVG are read again as they are."

    def add_arguments(self, parser):
        parser.add_argument("layout", help="Its id, or the hash of its content.")
        parser.add_argument("--format", default="json", choices=exporters.FORMATS)
        parser.add_argument(
            "--to", type=Path, help="The file; without it, as the layout is called."
        )
        parser.add_argument("--agency", help="The agency's slug; not needed when there is one.")

    def work(self, layout, to, agency, **options):
        with acting_for(agency_named(agency).pk):
            found = _layout(layout)
            file = exporters.export(found, options["format"])
        to = to or Path(file.name)
        to.write_text(file.text, encoding="utf-8", newline="")
        return {"ok": True, "file": str(to), "hash": found.content_hash, "places": found.capacity}


def _layout(wanted):
    for layout in Layout.objects.defer("geometry_brotli", "geometry_gzip").order_by("-version"):
        if wanted in (str(layout.pk), layout.content_hash):
            return layout
    raise NotFound(f"There is no layout {wanted}.")
