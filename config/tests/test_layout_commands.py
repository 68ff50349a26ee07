"""Layouts in and out on the command line."""

import json
from contextlib import suppress

import pytest
from django.core.management import call_command

from config.tests import world
from venues.models import Layout, LayoutSeat
from venues.tests.drawings import circles, drawing, group, line

pytestmark = pytest.mark.django_db


def run(capsys, *arguments):
    """What a command tells as JSON."""
    with suppress(SystemExit):  # what went wrong is told
        call_command(*map(str, arguments), "--json")
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def venue(agency):
    return world.venue()[0]


def test_a_drawing_is_published_and_what_was_numbered_is_told(venue, tmp_path, capsys):
    file = tmp_path / "hall.svg"
    file.write_text(drawing(group(circles([*line(3), *line(3, y=15)]), label="Pit stalls")))
    told = run(capsys, "import_layout", venue.name, file, "--name", "Hall")
    assert (told["ok"], told["capacity"], told["version"]) == (True, 6, 2)
    assert told["notes"] == [
        "Rows of Pit stalls got letters, A in front.",
        "Seats of Pit stalls got numbers, 1 on the left of each row.",
    ]
    assert LayoutSeat.objects.filter(layout=told["layout"], row="B", label="3").exists()


def test_a_hostile_drawing_leaves_nothing_behind(venue, tmp_path, capsys):
    file = tmp_path / "hall.svg"
    file.write_text('<!DOCTYPE svg [<!ENTITY a "b">]>' + drawing(circles(line(3))))
    told = run(capsys, "import_layout", venue.name, file)
    assert (told["ok"], told["code"]) == (False, "plan_refused")
    assert Layout.objects.count() == 1


@pytest.mark.parametrize("form", ["json", "svg"])
def test_a_layout_that_is_written_is_the_same_version_when_it_is_read(
    venue, tmp_path, capsys, form
):
    layout = Layout.objects.get()
    file = tmp_path / f"out.{form}"
    told = run(capsys, "export_layout", layout.content_hash, "--format", form, "--to", file)
    assert told == {"ok": True, "file": str(file), "hash": layout.content_hash, "places": 90}
    again = run(capsys, "import_layout", venue.pk, file)
    assert (again["layout"], again["new"]) == (str(layout.pk), False)


def test_a_layout_nobody_knows_is_not_written(venue, tmp_path, capsys):
    told = run(capsys, "export_layout", "nothing", "--to", tmp_path / "out.json")
    assert (told["ok"], told["error"]) == (False, "There is no layout nothing.")
    assert list(tmp_path.iterdir()) == []
