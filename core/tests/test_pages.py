"""What a strict content policy and a slow line ask of every page."""

import re
from pathlib import Path

import brotli
import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PAGES = [
    page
    for page in ROOT.glob("templates/**/*.html")
    if not page.name.startswith(("mail.", "mail_", "_mail"))
]
PUBLIC_STYLES = ["tokens", "base", "parts", "cover", "fit", "seats", "seatmap", "ticket", "mailbox"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_holds_styles_handlers_or_foreign_addresses(page):
    source = page.read_text()
    assert not re.search(r'\sstyle="|<style|\son[a-z]+="|hx-on|javascript:', source)
    assert not re.search(r'(src|href|action)="(https?:)?//', source)
    for attributes in re.findall(r"<script([^>]*)>", source):
        assert "src=" in attributes or "application/ld+json" in attributes


def test_the_styles_of_the_public_site_stay_small_on_the_line():
    sheets = ((ROOT / f"static/css/{name}.css").read_bytes() for name in PUBLIC_STYLES)
    assert sum(len(brotli.compress(sheet)) for sheet in sheets) < 15 * 1024


def test_components_name_colours_only_by_their_tokens():
    for name in ("base", "parts", "cover", "seats", "mailbox"):
        sheet = (ROOT / f"static/css/{name}.css").read_text()
        assert not re.findall(r"[^&\w]#[0-9a-fA-F]{3,8}\b", sheet), name
