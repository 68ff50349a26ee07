"""The map's live client itself, in Chromium, in games of chance with a network that loses, repeats and
delays: it never shows what was not true, and nothing wrong for longer than one poll."""

from pathlib import Path

import pytest
from django.conf import settings

from config.tests.browser import chromium

pytestmark = pytest.mark.browser
CLIENT = (Path(settings.BASE_DIR) / "static/js/seatmap/live.js").read_text()
GAMES = (Path(__file__).parent / "live_games.js").read_text()
SEEDS = list(range(200))
MODULES = {"/games.js": GAMES, "/live.js": CLIENT}
PLAY = """async ([client, seeds]) => {
  const [{ play }, { Live }] = await Promise.all([import("/games.js"), import(client)]);
  return play(Live, seeds);
}"""


def without(rule):
    assert CLIENT.count(rule) == 1, rule
    return CLIENT.replace(rule, "")


CARELESS = {
    "who does not mind gaps": without("if (!(since <= this.version)) return this.ask();"),
    "who takes over what is old": without("version > this.version && "),
    "who goes back to an answer that is late": without(
        "if (version < this.version) return this.map.onStatus();"
    ),
    "who never asks": without("await this.ask();"),
    "who waits longer the oftener he is cut off": without(
        "if (performance.now() + wait < this.turnAt) "
    ),
}


@pytest.fixture(scope="module")
def page():
    with chromium() as browser:
        opened = browser.new_page()
        opened.route("http://map.test/**", answer)
        opened.goto("http://map.test/")
        yield opened


def answer(route):
    path = route.request.url.removeprefix("http://map.test")
    careless = CARELESS.get(route.request.url.rpartition("?")[2].replace("%20", " "))
    body = careless or MODULES.get(path)
    if body:
        route.fulfill(body=body, content_type="text/javascript")
    else:
        route.fulfill(body="<!doctype html><title>Map</title>", content_type="text/html")


def test_whatever_is_lost_repeated_or_late_nothing_wrong_is_shown_for_longer_than_a_poll(page):
    told = page.evaluate(PLAY, ["/live.js", SEEDS])
    print(f"\n{told}; seeds {SEEDS[0]} to {SEEDS[-1]}")  # noqa: T201 - to play a game again
    assert told["played"] == len(SEEDS)
    assert told["failures"] == []
    assert told["longest"] > 0


@pytest.mark.parametrize("who", CARELESS)
def test_control_a_client_without_one_of_its_rules_is_caught(page, who):
    assert page.evaluate(PLAY, [f"/live.js?{who}", SEEDS[:40]])["failures"]
