"""`python -m bench.editor ADDRESS [--user E-MAIL --password WORDS]`: frames of the layout editor.

ADDRESS is the drawing page of an empty draft, on any running site. 50 blocks of 1,025 seats are drawn
there, then moved about; see docs/layout-editor.md. Times are those of the browser's main thread.
"""

import argparse
from math import exp
from statistics import median

from playwright.sync_api import sync_playwright

from core.embedded.chromium import find_chromium

BLOCKS = [(0.1 + x * 0.085, 0.1 + y * 0.15) for y in range(5) for x in range(10)]
WATCH = """() => {
  window.frames_seen = [];
  let last = performance.now();
  const step = (now) => {
    frames_seen.push(now - last);
    last = now;
    window.watching = requestAnimationFrame(step);
  };
  window.watching = requestAnimationFrame(step);
}"""
STOP = "() => { cancelAnimationFrame(watching); return frames_seen.slice(2); }"
TIMED = """(name) => {
  const from = performance.now();
  document.querySelector(`[data-act=${name}]`).click();
  return performance.now() - from;
}"""


def main():
    options = _read_options()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        _open(page, options)
        _draw(page)
        for what, found in _measures(page):
            print(f"{what:<44} {found}")
        browser.close()


def _read_options():
    parser = argparse.ArgumentParser(prog="python -m bench.editor", description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    return parser.parse_args()


def _open(page, options):
    page.goto(options.address)
    if options.user:
        page.locator("#id_username").fill(options.user)
        page.locator("#id_password").fill(options.password)
        page.locator("#id_password").press("Enter")
    page.locator(".editor.is-ready").wait_for()


def _draw(page):
    """Blocks of 25 rows of 41 seats, ten beside each other and five behind: 51,250 seats."""
    page.locator("[data-tool=block]").click()
    page.locator("[data-form=block] [name=rows]").fill("25")
    page.locator("[data-form=block] [name=seats]").fill("41")
    for _ in range(9):
        page.locator("[data-act=farther]").click()
    for place in BLOCKS:
        page.locator("[data-form=block] [name=section]").select_option("")
        page.mouse.click(*_in_plan(page, *place))
    page.locator("[data-tool=select]").click()
    page.keyboard.press("Escape")


def _measures(page):
    yield "places", page.locator("[data-places]").inner_text()
    yield "box around a part of the house", _frames(page, (0.02, 0.02), (0.3, 0.4))
    yield "whole plan moved with the hand", _with_hand(page)
    x, y = BLOCKS[12]
    for turns in (0, 4):
        _closer(page, (x, y), turns)
        grown = exp(0.44 * turns)
        _drag(page, (x - 0.042 * grown, y - 0.03 * grown), (x + 0.042 * grown, y + 0.021 * grown))
        yield f"dragged: {_chosen(page)}", _frames(page, (x, y), (x + 0.1, y + 0.1))
        yield f"  {_told(page)}; its undo, ms", f"{page.evaluate(TIMED, 'undo'):.0f}"
        _closer(page, (x, y), -turns)
    page.locator("[data-plan]").focus()
    page.keyboard.press("Control+a")
    yield f"dragged: {_chosen(page)}", _frames(page, (x, y), (x + 0.05, y + 0.05))
    yield f"  {_told(page)}; its undo, ms", f"{page.evaluate(TIMED, 'undo'):.0f}"


def _with_hand(page):
    page.locator("[data-tool=hand]").click()
    found = _frames(page, (0.5, 0.5), (0.6, 0.6))
    _drag(page, (0.6, 0.6), (0.5, 0.5))
    page.locator("[data-tool=select]").click()
    return found


def _closer(page, place, turns):
    """Zooms around a point, which stays where it is."""
    page.mouse.move(*_in_plan(page, *place))
    for _ in range(abs(turns)):
        page.mouse.wheel(0, -200 if turns > 0 else 200)
    page.wait_for_timeout(300)


def _chosen(page):
    return page.locator("[data-selected]").inner_text()


def _told(page):
    return page.locator("[data-live]").inner_text()


def _frames(page, start, end):
    """Frame intervals during a drag: p50, p95 and longest, in ms."""
    page.evaluate(WATCH)
    _drag(page, start, end)
    found = sorted(page.evaluate(STOP))
    last = len(found) - 1
    return f"{median(found):.0f} / {found[round(last * 0.95)]:.0f} / {found[-1]:.0f} ms"


def _drag(page, start, end):
    (ax, ay), (bx, by) = _in_plan(page, *start), _in_plan(page, *end)
    page.mouse.move(ax, ay)
    page.mouse.down()
    for step in range(1, 41):
        page.mouse.move(ax + (bx - ax) * step / 40, ay + (by - ay) * step / 40)
    page.mouse.up()


def _in_plan(page, x, y):
    """A point of the window from shares of the plan's width and height."""
    box = page.locator("[data-plan]").bounding_box()
    return box["x"] + box["width"] * x, box["y"] + box["height"] * y


if __name__ == "__main__":
    main()
