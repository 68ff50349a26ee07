"""The map's modules on the wire: all named by the page, small, the same code as their source."""

from pathlib import Path

import brotli
import pytest
from django.conf import settings
from django.core.files.base import ContentFile

from bookings.views.sale import MAP_MODULES
from config.staticfiles import HashedAndCompressed, condensed

STATIC = Path(settings.BASE_DIR) / "static"
MOST_BYTES = 25_000  # of all modules together, compressed as browsers get them


def test_the_page_asks_for_every_module_at_once():
    written = {f"js/seatmap/{path.name}" for path in (STATIC / "js/seatmap").glob("*.js")}
    assert set(MAP_MODULES) == {"js/labels.js", *written}


def test_all_modules_together_are_small_on_the_wire():
    sent = [condensed((STATIC / name).read_bytes()) for name in MAP_MODULES]
    assert sum(len(brotli.compress(module)) for module in sent) < MOST_BYTES


@pytest.mark.parametrize(
    ("module", "sent"),
    [
        (b"/** Why.\n * So.\n */\nlet a = 1;\n", b"let a = 1;\n"),
        (b"{\n  // why\n\n  let a = 1; // px\n}\n", b"{\nlet a = 1;\n}\n"),
        (b"let a = '/** no */', b = '; // no';\n", b"let a = '/** no */', b = '; // no';\n"),
        (b"f(a, // it's\n  b);\n", b"f(a, // it's\nb);\n"),
        (b"/* px */ let a = 1;\n/* --- a part --- */\n", b"/* px */ let a = 1;\n"),
    ],
)
def test_comments_and_indentation_are_left_out_and_nothing_else(module, sent):
    assert condensed(module) == sent


def test_they_are_left_out_of_what_production_serves(tmp_path):
    storage = HashedAndCompressed(location=tmp_path, base_url="/static/")
    storage.save("js/seatmap/draw.js", ContentFile(b"// why\nlet a = 1;\n"))
    storage.save("css/base.css", ContentFile(b"// why\n"))
    assert (tmp_path / "js/seatmap/draw.js").read_bytes() == b"let a = 1;\n"
    assert (tmp_path / "css/base.css").read_bytes() == b"// why\n"
