"""`python -m bench.editor`: what drawing costs the browser with 50,000 seats.

The site runs with a draft of 25 sections of 2,000 seats; a headless Chromium without a graphics card
does with it what somebody who draws does. Figures are processor time of the page's main thread, from
Chromium's own trace, so other work on the machine hardly changes them: the whole of a step, and its
longest task, during which no frame could be shown. See docs/layout-editor.md.
"""

import json
import os
from dataclasses import dataclass
from itertools import pairwise

from playwright.sync_api import Page, sync_playwright

from bench.servers import HOME, collect_static, databases, site
from bench.worlds import Worlds
from core.embedded.chromium import find_chromium

WINDOW = {"width": 1440, "height": 900}
PATIENCE = 120_000  # ms
CATEGORIES = ["toplevel", "devtools.timeline"]
MOVES = 30  # of the pointer along a line
MIDDLE = 14  # the section amid the house
MARGIN = 24  # px around the whole plan, as in view.js
SETTLED = """() => new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50))))"""
LINE = "{:<42} {:>9} {:>9}  {}"


def main():
    HOME.mkdir(parents=True, exist_ok=True)
    with databases() as services:
        collect_static()
        with Worlds(services).drawing() as world, site(world.url, "editor") as running:
            _measure(f"http://127.0.0.1:{running.port}", world.events["draft"])
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores at the end")


@dataclass(frozen=True)
class Sheet:
    """The plan in the page, all of it in sight: points of the plan become points of the window."""

    page: Page
    box: list

    def at(self, x, y):
        plan = self.page.locator("[data-plan]").bounding_box()
        left, top, right, bottom = self.box
        wide = (plan["width"] - 2 * MARGIN) / (right - left)
        high = (plan["height"] - 2 * MARGIN) / (bottom - top)
        scale = min(wide, high, 2)
        return (
            plan["x"] + plan["width"] / 2 + (x - (left + right) / 2) * scale,
            plan["y"] + plan["height"] / 2 + (y - (top + bottom) / 2) * scale,
        )

    def along(self, *points):
        """The pointer goes with its button down from point to point."""
        places = [self.at(*point) for point in points]
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for start, end in pairwise(places):
            for step in range(1, MOVES + 1):
                part = step / MOVES
                self.page.mouse.move(*(a + (b - a) * part for a, b in zip(start, end, strict=True)))
        self.page.mouse.up()

    def keys(self, *names):
        self.page.locator("[data-plan]").focus()
        for name in names:
            self.page.keyboard.press(name)

    def press(self, words):
        self.page.get_by_role("button", name=words, exact=True).click()


def _measure(site_address, draft):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport=WINDOW, locale="en-GB")
        page.set_default_timeout(PATIENCE)
        _open(page, site_address, draft)
        print(LINE.format("what", "all ms", "longest", "said"))
        for what, step in _steps(Sheet(page, draft["box"]), draft["sections"]):
            tasks = _traced(browser, page, step)
            said = page.locator("[data-live]").inner_text()
            print(LINE.format(what, f"{sum(tasks):.0f}", f"{max(tasks):.0f}", said), flush=True)
        browser.close()


def _open(page, site_address, draft):
    page.goto(f"{site_address}{draft['address']}")
    page.locator("#id_username").fill(draft["user"])
    page.locator("#id_password").fill(draft["password"])
    page.locator("#id_password").press("Enter")
    page.locator(".editor.is-ready").wait_for()
    page.locator("[data-form=numbers] [name=scheme]").evaluate("(list) => { list.value = 'odd'; }")


def _steps(sheet, sections):
    """(what, what to do) in turn. `sections` are boxes of seats [left, top, right, bottom]."""
    left, top, right, bottom = sections[0]
    half = ((left - 160, top - 100), (right + 12, (top + bottom) / 2))
    middle = (left + (right - left) / 2, top + 10 * (bottom - top) / 39)  # a seat of the tenth row
    away = (middle[0] + 90, middle[1] + 40)
    yield "a box around half a section", lambda: sheet.along(*half)
    yield "dragged", lambda: sheet.along(middle, away)
    yield "undone", lambda: sheet.keys("Control+z")
    goto = sheet.page.locator("[name=goto]")
    yield "a section of 2,000 selected, fills the page", lambda: goto.select_option("3")
    yield "renumbered", lambda: sheet.press("Number seats")
    yield "undone", lambda: sheet.keys("Control+z")
    yield "the whole plan", lambda: sheet.press("Whole plan")
    yield "a lasso around some 5,000", lambda: _lasso(sheet, sections)
    yield "dragged", lambda: sheet.along(_middle(sections[MIDDLE]), _middle(sections[MIDDLE + 1]))
    yield "undone", lambda: sheet.keys("Control+z")
    yield "all selected", lambda: sheet.keys("Control+a")
    yield "dragged", lambda: sheet.along(middle, away)
    yield "saved: every section", lambda: _saved(sheet.page)
    yield "undone", lambda: sheet.keys("Control+z")
    yield "ten turns of the wheel", lambda: [sheet.page.mouse.wheel(0, -100) for _ in range(10)]


def _lasso(sheet, sections):
    """A bent line around the section amid the house and parts of its neighbours."""
    left, top, right, bottom = sections[MIDDLE]
    wide, high = right - left, bottom - top
    corners = [
        (0.5, -0.5),
        (1.5, 0),
        (1.4, 1.2),
        (0.4, 1.5),
        (-0.4, 1.2),
        (-0.4, -0.1),
        (0.5, -0.5),
    ]
    sheet.keys("l")
    sheet.along(*((left + wide * x, top + high * y) for x, y in corners))
    sheet.keys("v")


def _middle(box):
    left, top, right, bottom = box
    return (left + right) / 2, (top + bottom) / 2


def _saved(page):
    with page.expect_response("**/save/"):
        page.keyboard.press("Control+s")


def _traced(browser, page, step):
    """Milliseconds of processor time of each task of the page's main thread during a step."""
    browser.start_tracing(page=page, categories=CATEGORIES)
    step()
    page.evaluate(SETTLED)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    names = [event for event in events if event["name"] == "thread_name"]
    mains = {_thread(event) for event in names if event["args"]["name"] == "CrRendererMain"}
    tasks = {thread: [0.0] for thread in mains}
    for event in events:
        if event["name"].endswith("RunTask") and _thread(event) in mains:
            tasks[_thread(event)].append(event.get("tdur", 0) / 1000)
    return max(tasks.values(), key=sum)


def _thread(event):
    return event["pid"], event["tid"]


if __name__ == "__main__":
    main()
