"""Files of others are kept as they came: every one is listed with its licence and its hash."""

import hashlib
import json
from pathlib import Path

import pytest
from django.conf import settings

FOLDERS = ["static/fonts", "static/vendor", "tickets/fonts"]
MADE_HERE = {"MANIFEST.json", "kerns.json"}


def files_of(folder):
    return {
        str(file.relative_to(folder))
        for file in folder.rglob("*")
        if file.is_file() and file.name not in MADE_HERE
    }


@pytest.fixture(params=FOLDERS)
def folder(request):
    return Path(settings.BASE_DIR) / request.param


@pytest.fixture
def entries(folder):
    return json.loads((folder / "MANIFEST.json").read_text())


def test_every_file_is_the_one_that_was_taken_in(folder, entries):
    for entry in entries:
        content = (folder / entry["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"], entry["file"]


def test_every_file_is_listed_with_its_licence(folder, entries):
    licences = {entry["licence_file"] for entry in entries}
    assert files_of(folder) == {entry["file"] for entry in entries} | licences
    assert all(entry["licence"] and entry["source"] for entry in entries)


def test_no_script_names_a_source_map(folder):
    """Collecting static files fails on a map that is not there."""
    for script in folder.rglob("*.js"):
        assert "sourceMappingURL" not in script.read_text()
