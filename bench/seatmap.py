"""`python -m bench.seatmap [PLACES …]`: the buyer's map in a real browser, on a desk and on a phone.

Every figure is the median of fresh browsers, come to rest, with a cold cache. Frames are those of a
headless Chromium that paints without a graphics card, so a real screen is faster.
"""

import argparse
import json
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil
from playwright.sync_api import sync_playwright

from bench.servers import HOME, collect_static, databases, site
from bench.worlds import STADIUMS, Worlds
from core.embedded.chromium import find_chromium

SCRIPT = Path(__file__).with_name("seatmap.js")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
DESK = {"viewport": {"width": 1280, "height": 900}}
PHONE = {
    "viewport": {"width": 390, "height": 700},
    "device_scale_factor": 3,
    "has_touch": True,
    "is_mobile": True,
}
SLOWER = 4  # the phone's main thread
REST = 3_000  # ms for a fresh browser to be done with itself: its own pages start, too
COLUMNS = {
    "page": "page there ms",
    "files": "files there ms",
    "visible": "visible ms",
    "click": "click ms",
    "delta": "delta ms",
    "far": "pan far p50/p95 ms",
    "middle": "pan dots p50/p95 ms",
    "near": "pan near p50/p95 ms",
    "nodes": "nodes",
    "layout": "layout B",
    "prices": "prices B",
    "status": "status B",
    "memory": "renderer MB",
}


@dataclass(frozen=True)
class Profile:
    name: str
    context: dict
    slower: int


PROFILES = [Profile("desk", DESK, 1), Profile("phone", PHONE, SLOWER)]


def main():
    options = _read_options()
    HOME.mkdir(parents=True, exist_ok=True)
    lines = []
    with databases() as services:
        collect_static()
        for places in options.places:
            lines += list(_measure_house(Worlds(services), places, options.rounds))
    _print_table(lines)
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores at the end")
    if options.json:
        Path(options.json).write_text(json.dumps(lines, indent=2))


def _read_options():
    parser = argparse.ArgumentParser(prog="python -m bench.seatmap", description=__doc__)
    parser.add_argument("places", type=int, nargs="*", default=[*STADIUMS], choices=[*STADIUMS])
    parser.add_argument("--rounds", type=int, default=3, help="fresh browsers for each figure (3)")
    parser.add_argument("--json", metavar="FILE", help="write the medians there")
    return parser.parse_args()


def _measure_house(worlds, places, rounds):
    with worlds.with_stadium(places) as world, site(world.url, "seatmap") as running:
        event = world.events["stadium"]["event"]
        address = f"http://127.0.0.1:{running.port}/events/{event['slug']}/"
        for profile in PROFILES:
            _look(address, profile)  # the server's first look at the house is not the buyer's
            runs = [_look(address, profile) for _ in range(rounds)]
            line = {"house": f"{places:,}, {profile.name}"} | _medians(runs)
            print(line, file=sys.stderr, flush=True)
            yield line


def _look(address, profile):
    """What one fresh browser measures: {name: number or [p50, p95]}."""
    with _page(profile) as (page, memory):
        page.goto(address)
        return page.evaluate("window.measured.all()") | {"memory": memory()}


@contextmanager
def _page(profile):
    """A page that measures itself, and a function that tells its renderer's own memory in MB."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        page = browser.new_context(locale="en-GB", **profile.context).new_page()
        page.set_default_timeout(120_000)
        page.add_init_script(path=SCRIPT)
        session = page.context.new_cdp_session(page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": profile.slower})
        session.send("HeapProfiler.enable")

        def memory():
            session.send("HeapProfiler.collectGarbage")
            found = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")
            own = [each["id"] for each in found["processInfo"] if each["type"] == "renderer"]
            return max(psutil.Process(pid).memory_full_info().uss for pid in own) / 1e6

        page.wait_for_timeout(REST)
        try:
            yield page, memory
        finally:
            browser.close()


def _medians(runs):
    return {name: _median([run[name] for run in runs]) for name in runs[0]}


def _median(values):
    if isinstance(values[0], list):
        return [median(parts) for parts in zip(*values, strict=True)]
    return median(values)


def _print_table(lines):
    print(" | ".join(["house", *COLUMNS.values()]))
    for line in lines:
        print(" | ".join([line["house"], *(_figure(line[name]) for name in COLUMNS)]))


def _figure(value):
    if isinstance(value, list):
        return " / ".join(f"{part:.0f}" for part in value)
    return f"{value:,.0f}"


if __name__ == "__main__":
    main()
