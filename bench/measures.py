"""What is measured. Each measure takes Options and yields Samples; nothing here asserts a time."""

import itertools
import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from bench import processor
from bench.buying import Shop, buy_all
from bench.driving import CLIENTS, Work, drive, shares, warm_up
from bench.inside import run_inside
from bench.killing import cancelled
from bench.limit import WAYS, Pgbench
from bench.pressing import press
from bench.report import Sample
from bench.servers import database_processes, site, told_site
from bench.streams import streams
from bench.worlds import CELLAR, HALL, STADIUM, STADIUMS, Worlds, description

HALL_PLACES = 25_000
PURCHASES = 40
UNDONE = "SELECT count(*) FROM core_outboxmessage WHERE done_at IS NULL AND failed_at IS NULL"
# What a good answer says.
RESERVED = '"status":"RESERVED"'
ADMITTED = '"verdict":"admitted"'


@dataclass(frozen=True)
class Options:
    """How long each run lasts at most, how often each is repeated, and where worlds come from."""

    worlds: Worlds
    seconds: float
    rounds: int
    bookings: int = 10_000
    a_second: int = 50


@contextmanager
def open_site(world, label="web"):
    with site(world.url, label) as running:
        yield running


# --- reserve and its limit ------------------------------------------------------------------------


def reserve(options):
    """Two seats per reservation over the API, before and after 200,000 sales, and the bare SQL."""
    with ExitStack() as stack:
        worlds = [
            stack.enter_context(options.worlds.fresh()),
            stack.enter_context(options.worlds.with_past()),
        ]
        runs = options.rounds * len(CLIENTS)
        sides = [_reserving_side(stack, world, runs) for world in worlds]
        benches = [Pgbench(world) for world in worlds]
        for _ in range(options.rounds):
            for clients, (world, running, parts) in itertools.product(CLIENTS, sides):
                what = f"reserve, {world.sold_before:,} sold"
                work = Work(next(parts), answer=RESERVED)
                yield drive(running, what, work, clients=clients, seconds=options.seconds)
            yield from _limit_round(benches, options)


def limit(options):
    """Only the bare SQL, before and after 200,000 sales."""
    with options.worlds.fresh() as fresh, options.worlds.with_past() as past:
        benches = [Pgbench(fresh), Pgbench(past)]
        for _ in range(options.rounds):
            yield from _limit_round(benches, options)


def _limit_round(benches, options):
    reservations = HALL_PLACES // 2 // options.rounds // 4
    for way, clients, bench in itertools.product(WAYS, (1, 16), benches):
        yield bench.run(way, clients=clients, reservations=min(reservations, 2000))


def _reserving_side(stack, world, runs):
    """(world, site, iterator of request lists for each run); warm."""
    running = stack.enter_context(site(world.url, f"reserve-{world.sold_before}"))
    requests = _reservations(world)
    warm_up(running, Work(requests, answer=RESERVED))
    return world, running, iter(shares(requests, runs))


def _reservations(world):
    """A request for each pair of neighbours of the hall."""
    event, token = world.events["hall"]["event"]["id"], world.token("buyer")
    return [
        [
            "POST",
            "/api/v1/bookings",
            {"Authorization": f"Api-Key {token}", "Idempotency-Key": str(uuid.uuid4())},
            json.dumps({"event": event, "seats": [place, place + 1]}),
        ]
        for place in range(0, HALL_PLACES, 2)
    ]


# --- the gate -------------------------------------------------------------------------------------


def scan(options):
    """Valid codes, each shown once."""
    with options.worlds.fresh() as world:
        codes = run_inside("codes", _arena(world), world.url)
        requests = [_scan(world, code) for code in codes]
        with site(world.url, "scan") as running:
            warm_up(running, Work(requests, answer=ADMITTED))
            parts = iter(shares(requests, options.rounds * len(CLIENTS)))
            for _ in range(options.rounds):
                for clients in CLIENTS:
                    work = Work(next(parts), answer=ADMITTED)
                    yield drive(running, "scan", work, clients=clients, seconds=options.seconds)


def _scan(world, code):
    body = json.dumps({"code": code, "nonce": str(uuid.uuid4())})
    headers = {"Authorization": f"Api-Key {world.events['arena']['tokens']['gate']}"}
    return ["POST", "/api/v1/tickets/scan", headers, body]


# --- pages ----------------------------------------------------------------------------------------


def event_page(options):
    """The event page of the arena of 12,000 seats, for a visitor without a session."""
    with options.worlds.fresh() as world:
        page = f"/events/{world.events['arena']['event']['slug']}/"
        yield from _repeat(
            options,
            world,
            "event page",
            Work([["GET", page, {}, ""]], repeat=True, answer="</html>"),
        )


def status(options):
    """The state of the arena's 12,000 seats, looked at about once a second."""
    with options.worlds.fresh() as world:
        event = world.events["arena"]["event"]["id"]
        work = Work([["GET", f"/api/v1/events/{event}/status", {}, ""]], repeat=True)
        yield from _repeat(options, world, "status", work)


def pdf(options):
    """The printed ticket of a booking of one."""
    with options.worlds.fresh() as world:
        ticket = run_inside("ticket", _arena(world), world.url)
        address = f"/bookings/{ticket['booking']}/tickets.pdf"
        cookie = {"Cookie": f"sessionid={ticket['session']}"}
        work = Work([["GET", address, cookie, ""]], repeat=True, answer="%PDF")
        yield from _repeat(options, world, "pdf", work)


def _repeat(options, world, what, work):
    yield from _repeat_all(options, world, {what: work})


def _repeat_all(options, world, works):
    """The works in turn, with each number of clients, as often as there are rounds."""
    with site(world.url, "pages") as running:
        for work in works.values():
            warm_up(running, work)
        for _ in range(options.rounds):
            for clients, (what, work) in itertools.product(CLIENTS, works.items()):
                yield drive(running, what, work, clients=clients, seconds=options.seconds)


def _arena(world):
    arena = world.events["arena"]
    return {"agency": arena["agency"]["id"], "event": arena["event"]["id"]}


# --- stock ----------------------------------------------------------------------------------------


def receive(options):
    """10,000 seats of one purchase order, received whole; one operation is the whole receipt."""
    with options.worlds.fresh() as world:
        wanted = {
            "scenario": description("Received", HALL),
            "agency": world.events["arena"]["agency"]["id"],
            "groups": database_processes(),
            "rounds": options.rounds,
        }
        for sample in run_inside("receive", wanted, world.url):
            seats = sample.pop("seats")
            yield Sample.of(f"receive, {seats:,} seats", **sample)


def house(options):
    """A house of 100,000 from its file to its sale; one operation is a step with all of its places."""
    with options.worlds.arena(CELLAR) as world:
        for _ in range(options.rounds):
            wanted = {"places": 100_000, **_house(world.events["arena"])}
            yield from _steps("build_house", wanted, world)


def move(options):
    """A house of 20,000, a fifth of it sold, moved to another version; one operation is the move."""
    for _ in range(options.rounds):
        with options.worlds.with_stadium(20_000) as world:
            found = world.events["stadium"]
            wanted = {"places": 20_000, "event": found["event"]["id"], **_house(found)}
            yield from _steps("move_house", wanted, world)


def pages(options):
    """The pages of an event in a stadium, in one process of the web; one operation is a page."""
    for places in STADIUMS:
        with options.worlds.with_stadium(places) as world:
            found = world.events["stadium"]
            wanted = {"places": places, "event": found["event"], **_house(found)}
            for _ in range(options.rounds):
                yield from _steps("pages", wanted, world)


def _steps(job, wanted, world):
    for sample in run_inside(job, wanted, world.url):
        words, places = sample.pop("words"), sample.pop("places")
        yield Sample.of(f"{words}, {places:,} places", **sample)


def _house(found):
    return {"agency": found["agency"]["id"], "groups": database_processes()}


def allocation(options):
    """An allocation plan for 50,000 free places; one operation applies the whole plan."""
    with options.worlds.fresh() as world:
        wanted = {
            "scenario": description("Allocated", STADIUM),
            "agency": world.events["arena"]["agency"]["id"],
            "groups": database_processes(),
            "rounds": options.rounds,
        }
        for sample in run_inside("allocate", wanted, world.url):
            seats = sample.pop("seats")
            yield Sample.of(f"allocation, {seats:,} seats", **sample)


def value(options):
    """What a million owned places are worth; one operation is the first page of the report."""
    with options.worlds.with_stock() as world:
        wanted = {
            "agency": world.events["arena"]["agency"]["id"],
            "groups": database_processes(),
            "rounds": options.rounds,
        }
        for sample in run_inside("value", wanted, world.url):
            seats, words = sample.pop("seats"), sample.pop("words")
            yield Sample.of(f"value of {seats:,} seats {words}", **sample)


def bulk_price(options):
    """50,000 owned places looked at, priced anew and given back; one operation is all of them."""
    with options.worlds.fresh() as world:
        wanted = {
            "scenario": description("Priced", STADIUM),
            "agency": world.events["arena"]["agency"]["id"],
            "groups": database_processes(),
            "rounds": options.rounds,
        }
        for sample in run_inside("bulk_price", wanted, world.url):
            words, seats = sample.pop("words"), sample.pop("seats")
            yield Sample.of(f"bulk price, {words}, {seats:,} seats", **sample)


def cancel(options):
    """An event of 10,000 bookings of four is cancelled, its worker killed in the middle; one operation
    is a booking with its refund, its credit note and its mail."""
    for _ in range(options.rounds):
        with options.worlds.sold_out(options.bookings) as world:
            yield cancelled(world)


def checkout(options):
    """Two seats bought on the site, from the press of the button to the tickets; one operation is the
    whole purchase with what a worker does after it, without the provider's own page."""
    pairs = itertools.count(0, 2)
    with options.worlds.fresh() as world, told_site(world.url, "checkout") as running:
        shop = Shop(running.port, world.events["hall"]["event"]["slug"])
        buy_all(shop, itertools.islice(pairs, PURCHASES), clients=4)  # processes and plans are warm
        _wait_for_worker(world)
        for _ in range(options.rounds):
            for buyers in (1, 4):
                yield _bought(running, world, shop, itertools.islice(pairs, PURCHASES), buyers)


def _bought(running, world, shop, places, buyers):
    groups = {**running.groups, **database_processes()}
    before, begun = processor.used(groups), time.monotonic()
    spent = buy_all(shop, places, clients=buyers)
    seconds = time.monotonic() - begun
    _wait_for_worker(world)
    return Sample.of(
        f"whole checkout, {buyers} buyer{'s' if buyers > 1 else ''}",
        milliseconds=spent,
        seconds=seconds,
        cpu=processor.between(before, processor.used(groups), len(spent)),
    )


def _wait_for_worker(world, seconds=120):
    """Until every mail and every paper of what was bought is made."""
    deadline = time.monotonic() + seconds
    with world.looked_at() as owner:
        while owner.execute(UNDONE).fetchone()[0]:
            if time.monotonic() > deadline:
                raise RuntimeError("The worker does not get done; see the logs of the bench.")
            time.sleep(0.2)


CONFIRMED = """
SELECT id::text, extract(epoch FROM confirmed_at)::float FROM bookings_booking
WHERE id = ANY (%s::uuid[]) AND confirmed_at IS NOT NULL
"""


def notices(options):
    """A provider tells of so many payments a second; one operation is the time from the buyer's press
    to the confirmed booking, as the clock of both says."""
    for _ in range(options.rounds):
        with options.worlds.fresh() as world, told_site(world.url, "notices") as running:
            yield _told(running, world, options.a_second, int(options.a_second * options.seconds))


def _told(running, world, a_second, count):
    agency = world.events["hall"]["agency"]["id"]
    wanted = {"agency": agency, "event": world.events["hall"]["event"]["id"], "count": count}
    buyers = run_inside("go_to_pay", wanted, world.url)
    groups = {**running.groups, **database_processes()}
    before, begun = processor.used(groups), time.time()
    pressed = _press_in_turn(buyers, a_second)
    found = _wait_for_tickets(world, list(buyers))
    spent = [1000 * (at - pressed[booking]) for booking, at in found.items()]
    return Sample.of(
        f"provider's word to tickets, {a_second} a second",
        milliseconds=spent,
        seconds=max(found.values()) - begun,
        cpu=processor.between(before, processor.used(groups), len(found)),
        failed=count - len(found),
    )


def _press_in_turn(buyers, a_second):
    """{booking: the moment its buyer pressed Pay}, each at its time whatever became of the others."""
    pressed, begun = {}, time.time()

    def at_its_time(number, booking, session_ref):
        time.sleep(max(begun + number / a_second - time.time(), 0))
        pressed[booking] = time.time()
        press(session_ref)

    with ThreadPoolExecutor(16) as hands:
        for number, buyer in enumerate(buyers.items()):
            hands.submit(at_its_time, number, *buyer)
    return pressed


def _wait_for_tickets(world, bookings, seconds=60):
    """{booking: when it was confirmed, in seconds since 1970} of those that are in time."""
    deadline = time.monotonic() + seconds
    found = {}
    with world.looked_at() as owner:
        while len(found) < len(bookings) and time.monotonic() < deadline:
            time.sleep(1)
            found = dict(owner.execute(CONFIRMED, [bookings]).fetchall())
    return found


MEASURES = {
    "reserve": reserve,
    "limit": limit,
    "scan": scan,
    "event_page": event_page,
    "pages": pages,
    "status": status,
    "streams": streams,
    "receive": receive,
    "house": house,
    "move": move,
    "bulk_price": bulk_price,
    "cancel": cancel,
    "checkout": checkout,
    "notices": notices,
    "allocation": allocation,
    "value": value,
    "pdf": pdf,
}
