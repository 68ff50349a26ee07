import json
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError
from playwright.sync_api import sync_playwright

from config.demo.people import PASSWORD, STAFF
from config.management.commands.seed_demo import keys_file
from core.commands import OperatorCommand
from core.embedded.chromium import find_chromium

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
DESK = {"viewport": {"width": 1440, "height": 1000}}
LOOKS = [("light", PHONE), ("light", DESK), ("dark", DESK)]
# Of the rows that are still to come, some that are not, and a section that nobody has.
DELIVERED = "208 Row M 1-12\nSection 208, Row N, Seats 1-8\n12 tickets: 208 O1-12\n999 A 1-4"
LARGEST = 300_000  # bytes


class Command(OperatorCommand):
    help = "Takes the pictures of docs/screenshots in the running demo at SITE_URL, buying tickets."

    def add_arguments(self, parser):
        parser.add_argument("--folder", type=Path, default=settings.BASE_DIR / "docs/screenshots")
        parser.add_argument(
            "--keys", type=Path, default=keys_file(), help="what seed_demo wrote down"
        )
        parser.add_argument(
            "--event", default="The Glass Orchard", help="title of the event bought"
        )

    def work(self, folder, event, keys, **options):
        if settings.PRODUCTION:
            raise CommandError("Screenshots are taken of the demo, never where people buy.")
        folder.mkdir(parents=True, exist_ok=True)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
            for theme, size in LOOKS:
                with _visitor(browser, folder, theme, size) as visitor:
                    _look_around(visitor, event, keys if size is PHONE else None)
            browser.close()
        taken = {file.name: file.stat().st_size for file in sorted(folder.glob("*.png"))}
        return {"pictures": taken, "ok": all(size < LARGEST for size in taken.values())}


class Visitor:
    """A browser tab that takes its pictures as <name>-<width>-<theme>.png."""

    def __init__(self, page, folder, suffix):
        self.page, self.folder, self.suffix = page, folder, suffix

    def open(self, path):
        self.page.goto(settings.SITE_URL.rstrip("/") + path)

    def shoot(self, name):
        self.page.evaluate("document.fonts.ready")
        self.page.wait_for_timeout(400)  # a map draws its seats in the frame after
        self.page.screenshot(path=self.folder / f"{name}-{self.suffix}.png")


@contextmanager
def _visitor(browser, folder, theme, size):
    context = browser.new_context(color_scheme=theme, reduced_motion="reduce", **size)
    yield Visitor(context.new_page(), folder, f"{size['viewport']['width']}-{theme}")
    context.close()


def _look_around(visitor, event, keys):
    """From the programme to the ticket, then to the gate with a device's key, or to the desk and
    what is bought there."""
    visitor.open("/")
    visitor.shoot("home")
    visitor.page.get_by_role("link", name=event).first.click()
    slug = visitor.page.url.rstrip("/").rpartition("/")[2]
    _choose_two(visitor)
    number = _buy(visitor)
    if keys:
        [key, *_] = json.loads(keys.read_text())[slug].values()
        _scan(visitor, key, number)
    else:
        _sign_in(visitor)
        _buy_stock(visitor)


def _choose_two(visitor):
    """By the keyboard: into the first section with seats, a seat, its neighbour, and out again."""
    page = visitor.page
    page.locator("#seatmap.is-ready").wait_for()
    visitor.shoot("event")
    page.locator(".seatmap__house a:not(.is-gone)").first.press("Enter")
    for key in ("Space", "ArrowRight", "Space", "Escape"):
        page.keyboard.press(key)
    page.evaluate("document.activeElement.blur()")
    page.locator(".seatmap__stage").hover(position={"x": 4, "y": 4})
    page.locator("#seatmap").evaluate("(map) => scrollTo(0, map.offsetTop - 130)")
    visitor.shoot("seats")


def _buy(visitor):
    """Returns the number of the first ticket."""
    page = visitor.page
    page.get_by_role("button", name="Continue").locator("visible=true").first.click()
    page.get_by_label("Name").fill("Noor Vance")
    page.get_by_label("E-mail").fill("noor@post.example")
    page.evaluate("document.activeElement.blur(), scrollTo(0, 0)")
    visitor.shoot("checkout")
    page.get_by_role("button", name="Pay").click()
    page.get_by_role("button", name="Pay").first.click()
    number = page.locator(".ticket__code").first.inner_text()
    visitor.shoot("ticket")
    return number


def _scan(visitor, key, number):
    page = visitor.page
    visitor.open("/gate/")
    page.get_by_label("Device key").fill(key)
    page.get_by_role("button", name="Start scanning").click()
    page.locator("#code").fill(number)
    page.get_by_role("button", name="Check").click()
    page.locator("body[data-state=admitted]").wait_for()
    visitor.shoot("scanner")


def _sign_in(visitor):
    page = visitor.page
    visitor.open("/admin/")
    page.locator("[name=username]").fill(STAFF[0][0])
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    page.locator("#nav-sidebar, nav").first.wait_for()
    visitor.shoot("desk")


def _buy_stock(visitor):
    """An order that came in part, and what of its next delivery is read."""
    page = visitor.page
    visitor.open("/admin/suppliers/purchaseorder/?status__exact=PARTIALLY_RECEIVED")
    page.locator("#result_list tbody th a").first.click()
    page.locator(".thing__head").wait_for()
    visitor.shoot("order")
    page.get_by_role("link", name="Receive", exact=True).click()
    page.locator("[name=text]").fill(DELIVERED)
    page.get_by_role("button", name="Preview").click()
    page.locator("[name=text]").wait_for()
    visitor.shoot("receiving")
