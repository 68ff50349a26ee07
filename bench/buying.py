"""Buyers at the site, over HTTP: from the press of the button to the page with their tickets."""

import http.client
import re
import secrets
import string
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from bench.pressing import press

ADA = {"name": "Ada Verbeke", "phone": ""}
LOOKS_AGAIN = 2  # s, as the page that waits does
PATIENCE = 30  # s
TOKEN = "csrftoken"  # noqa: S105 - a cookie's name


@dataclass(frozen=True)
class Shop:
    """Where is bought: the port of the site and the slug of the event."""

    port: int
    slug: str


def buy_all(shop, places, *, clients):
    """Two seats from each of these ordinals on, by so many buyers at once; returns the milliseconds
    that each purchase took, the provider's own page left out."""
    with ThreadPoolExecutor(clients) as hands:
        return list(hands.map(lambda place: _buy(shop, place), places))


def _buy(shop, place):
    buyer = Buyer(shop.port)
    checkout = buyer.moved(f"/events/{shop.slug}/reserve/", {"seat": [place, place + 1]})
    buyer.shown(checkout)
    contact = {**ADA, "email": f"ada{place}@post.example"}
    page = buyer.moved(f"{checkout}pay/", contact)
    begun = time.perf_counter()
    press(page.rpartition("/")[2])
    at_provider = time.perf_counter() - begun
    buyer.shown(buyer.come_back(f"{checkout}return/"))
    return 1000 * (time.perf_counter() - buyer.begun - at_provider)


class Buyer:
    """A browser without scripts: one kept connection, its cookies, and no more."""

    def __init__(self, port):
        self.begun = time.perf_counter()
        self.link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        letters = string.ascii_letters + string.digits
        self.cookies = {TOKEN: "".join(secrets.choice(letters) for _ in range(32))}

    def moved(self, path, fields):
        """Where a form leads to; an answer that is a page is a refusal."""
        status, place, body = self._ask("POST", path, fields)
        if status != http.client.FOUND:
            raise RuntimeError(f"{path} answered {status}: {_words(body)}")
        return place

    def shown(self, path):
        """The page at this address."""
        status, _, body = self._ask("GET", path)
        if status != http.client.OK:
            raise RuntimeError(f"{path} answered {status}")
        return body

    def come_back(self, path):
        """The address of the paid booking. Who is told to wait looks again, as the page itself does."""
        ends_at = time.monotonic() + PATIENCE
        while time.monotonic() < ends_at:
            status, place, _ = self._ask("GET", path)
            if status == http.client.FOUND and place.startswith("/bookings/"):
                return place
            time.sleep(LOOKS_AGAIN)
        raise RuntimeError(f"{path} did not lead to a booking")

    def _ask(self, method, path, fields=None):
        """(status, address it leads to, body)."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        form = None
        if fields is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            form = urlencode({**fields, "csrfmiddlewaretoken": self.cookies[TOKEN]}, doseq=True)
        self.link.request(method, path, form, headers)
        answer = self.link.getresponse()
        body = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        place = answer.headers.get("Location", "")
        return answer.status, place if urlsplit(place).port else urlsplit(place).path, body


def _words(page):
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())[:300]
