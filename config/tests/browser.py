"""A real Chromium in front of the whole site, for stories that are told through its pages."""

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from django.db import connections
from playwright.sync_api import Page, sync_playwright

from config.tests.servers import Simulator, Web, free_port, manage, simulator, web
from core.embedded.chromium import find_chromium
from notifications.mailbox import read

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
COLOURS = ["color-contrast", "link-in-text-block"]  # all that a scheme of colours can break
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
TABS = 600  # a section of a house has at most some hundred boxes


@contextmanager
def chromium():
    """A browser. Playwright's loop runs in this thread, where Django would refuse its queries and
    keeps a connection apart from the one outside. Neither may outlive a story, whose database is
    copied afresh; and while the loop runs, nobody can close the one outside."""
    connections.close_all()
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
            try:
                yield browser
                browser.close()
            finally:
                connections.close_all()
    finally:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@dataclass
class Site:
    """The running site: its web server, its payment provider and the folder its mail lands in."""

    web: Web
    provider: Simulator
    mail: Path
    environment: dict

    def drain(self):
        """What workers would have done by now; returns the mails so far, oldest first."""
        code, told = manage("drain", **self.environment)
        assert code == 0, told
        return [read(file) for file in sorted(self.mail.glob("[0-9]*.eml"))]


@contextmanager
def site(folder, **environment):
    """The site with a provider that tells it about payments, in its own processes."""
    port, provider_port = free_port(), free_port()
    address = f"http://127.0.0.1:{port}"
    environment = {
        "SITE_URL": address,
        "PAYMENT_SIMULATOR_URL": f"http://127.0.0.1:{provider_port}",
        "MAIL_DIR": str(folder / "mail"),
        **environment,
    }
    notices = f"{address}/webhooks/payments/simulated/"
    with (
        simulator(folder, webhook_url=notices, port=provider_port) as provider,
        web(workers=1, port=port, **environment) as server,
    ):
        yield Site(server, provider, folder / "mail", environment)


@dataclass
class Reader:
    """Somebody at a page. `complaints` is what the browser's console said against us."""

    page: Page
    complaints: list = field(default_factory=list)
    refused: set = field(default_factory=set)

    def __post_init__(self):
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("response", self._see)

    def _see(self, response):
        if response.status >= 500:
            self.complaints.append(f"{response.status} {response.url}")
        if response.request.is_navigation_request():
            self.refused.add(response.url)  # a page may be a refusal, what it loads may not

    def _hear(self, message):
        is_page = message.location.get("url") in self.refused
        if message.type == "error" and not ("Failed to load" in message.text and is_page):
            self.complaints.append(f"{message.text} ({message.location.get('url')})")

    def tab_to(self, target):
        """Presses Tab until the target has the focus."""
        target.wait_for()
        for _ in range(TABS):
            self.page.keyboard.press("Tab")
            if target.evaluate("(element) => element === document.activeElement"):
                return
        raise AssertionError(f"Tab does not reach {target}")

    def press(self, target, key="Enter"):
        self.tab_to(target)
        self.page.keyboard.press(key)


@contextmanager
def reader(browser, **context):
    """A Reader with a session of its own, whose browser has nothing to complain about at the end."""
    opened = browser.new_context(
        **{"viewport": DESK, "reduced_motion": "reduce", "locale": "en-GB", **context}
    )
    opened.set_default_timeout(15000)
    someone = Reader(opened.new_page())
    yield someone
    opened.close()
    assert not someone.complaints, someone.complaints


def barriers(page, rules=None):
    """What axe finds on the page against WCAG 2.2 A and AA, or these rules: [(rule, places)]."""
    only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": WCAG}
    found = Axe().run(page, options={"runOnly": only})
    return [
        (rule["id"], [node["target"] for node in rule["nodes"]])
        for rule in found.response["violations"]
    ]
