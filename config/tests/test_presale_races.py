"""A presale's limits and its last moment, when many come at once. Each with a control in which the
guard is off."""

from collections import Counter
from datetime import timedelta
from functools import partial

import psycopg
import pytest
from django.db import connections
from django.utils import timezone

from bookings.models import Booking
from bookings.services import Sale, contact, reserve
from config.tests.presaling import HOUR, buys, listed, presale, set_aside, through
from config.tests.scenarios import house
from config.tests.servers import together
from config.tests.test_promotion_races import COUNTING, LOCK, UNGUARDED, changed
from core import invariants
from core.errors import DomainError
from core.tenancy import acting_for
from events.models import Event
from inventory.models import Presale
from inventory.picking import stands
from inventory.services import claiming, look
from promotions.models import Promotion, Use
from promotions.presales import admit, admit_listed

pytestmark = pytest.mark.race
ATTACKERS, LIMIT = 100, 10
COUNTED = "IF had >= ruled.usage_limit_per_customer THEN"


@pytest.fixture
def event(committed_db):
    world = house()
    with acting_for(world["agency"]["id"]):
        Event.objects.update(sale_starts_at=timezone.now() + HOUR)
        yield Event.objects.select_related("venue", "layout").get()


@pytest.fixture
def deadlocks(committed_db):
    """How many there were by the end of a story."""
    with psycopg.connect(committed_db.admin_url) as admin:
        count = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        yield lambda: admin.execute(count).fetchone()[0]


def race(event, works):
    """Counter of "done" and of the codes of why not."""

    def racing(work):
        def run():
            try:
                with acting_for(event.agency_id):
                    work()
            except DomainError as refused:
                return refused.code
            finally:
                connections.close_all()
            return "done"

        return run

    return Counter(together([racing(work) for work in works]))


@pytest.mark.parametrize("is_guarded", [True, False])
def test_of_100_who_use_a_code_for_ten_at_once_ten_hold_places(
    committed_db, event, deadlocks, is_guarded
):
    presale(event, code_limit=LIMIT)
    fan = admit(event, "FANS")
    if not is_guarded:
        changed(committed_db, UNGUARDED)
    told = race(event, [partial(buys, event, n, admitted=fan) for n in range(ATTACKERS)])
    assert set(told) <= {"done", "code_not_redeemed"}, told
    assert Booking.objects.count() == Use.objects.count() == told["done"]
    assert (told["done"] == LIMIT) == is_guarded
    assert deadlocks() == 0
    if is_guarded:
        assert invariants.violations() == {}
        assert Promotion.objects.get().codes.get(text="FANS").taken == LIMIT


@pytest.mark.parametrize("is_guarded", [True, False])
def test_one_buyer_who_asks_from_everywhere_has_his_tickets_and_no_more(
    committed_db, event, deadlocks, is_guarded
):
    presale(event, "", lists=[listed("noor@post.example")], tickets_each=4)
    noor = admit_listed(event, "noor@post.example")
    if not is_guarded:
        with psycopg.connect(committed_db.admin_url) as admin:
            [definition] = admin.execute(COUNTING).fetchone()
        assert definition.count(LOCK) == definition.count(COUNTED) == 1
        # Whoever has counted waits, so that others count before he has his.
        waiting = definition.replace(LOCK, "").replace(COUNTED, f"PERFORM pg_sleep(0.5); {COUNTED}")
        changed(committed_db, waiting)
    pairs = [partial(buys, event, 2 * n, 2 * n + 1, admitted=noor) for n in range(24)]
    told = race(event, pairs)
    assert set(told) <= {"done", "code_not_redeemed"}, told
    had = sum(use.tickets for use in Use.objects.live())
    assert had == 2 * told["done"]
    assert (had == 4) == is_guarded
    assert deadlocks() == 0


def test_who_holds_much_under_no_name_is_counted_when_he_says_who_he_is(event, deadlocks):
    presale(event, tickets_each=3)
    fan = admit(event, "FANS")
    held = [buys(event, 2 * n, 2 * n + 1, admitted=fan) for n in range(8)]
    email = "noor@post.example"
    told = race(event, [partial(contact, each.pk, email=email, name="N") for each in held])
    assert told == {"done": 1, "code_not_redeemed": 7}
    assert deadlocks() == 0


# The last moment

STOPPED = """
CREATE SCHEMA stopped;
CREATE TABLE stopped.clock (at timestamptz);
INSERT INTO stopped.clock VALUES (pg_catalog.clock_timestamp());
CREATE FUNCTION stopped.clock_timestamp() RETURNS timestamptz LANGUAGE sql
  AS 'SELECT at FROM stopped.clock';
CREATE FUNCTION stopped.statement_timestamp() RETURNS timestamptz LANGUAGE sql
  AS 'SELECT at FROM stopped.clock';
GRANT USAGE ON SCHEMA stopped TO PUBLIC;
GRANT SELECT ON stopped.clock TO PUBLIC;
"""
A_MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def clock(committed_db, event):
    """Sets the clock by which the database decides, for every connection made afterwards."""
    changed(committed_db, STOPPED)
    paths = "stopped, pg_catalog, public"
    changed(committed_db, f'ALTER DATABASE "{committed_db.name}" SET search_path = {paths}')
    connections.close_all()

    def put(moment):
        with psycopg.connect(committed_db.admin_url, autocommit=True) as admin:
            admin.execute("UPDATE stopped.clock SET at = %s", [moment])

    return put


def tries(event, admitted, ordinal):
    try:
        booking = reserve(
            event=through(event, admitted), ordinals=[ordinal], sale=Sale(admitted=admitted)
        )
    except DomainError as no:
        return no.code
    is_in = Use.objects.filter(reference=booking.pk).exists()
    return "in the presale" if is_in else "in the sale to all"


def moments(event, clock, began, over):
    """What fan and stranger are told around the first and the last moment, [(fan, stranger)]."""
    fan, told, ordinal = admit(event, "FANS"), [], 0
    for moment in (began - A_MICROSECOND, began, over - A_MICROSECOND, over, over + A_MICROSECOND):
        clock(moment)
        told.append((tries(event, fan, ordinal), tries(event, None, ordinal + 1)))
        ordinal += 2
    return told


IN, ALL = "in the presale", "in the sale to all"
NO = "not_on_sale"
EXACT = [(NO, NO), (IN, NO), (IN, NO), (ALL, ALL), (ALL, ALL)]


@pytest.mark.parametrize("is_exact", [True, False])
def test_it_ends_into_the_sale_to_all_with_no_gap_and_no_overlap(
    event, clock, monkeypatch, is_exact
):
    """The control lets the presale run through the moment in which the sale to all begins."""
    over = timezone.now() - HOUR
    began = over - HOUR
    clock(began)
    Event.objects.update(sale_starts_at=over)
    event.refresh_from_db()
    presale(event, starts_in=began - timezone.now())
    Presale.objects.update(starts_at=began)
    if not is_exact:
        loose = {
            of: statement.replace("AND m.now < least(", "AND m.now <= least(")
            for of, statement in claiming.CLAIM_BY_DOOR.items()
        }
        assert loose != claiming.CLAIM_BY_DOOR
        monkeypatch.setattr(claiming, "CLAIM_BY_DOOR", loose)
    told = moments(event, clock, began, over)
    assert (told == EXACT) == is_exact, told


def test_places_set_aside_are_all_mens_from_the_very_moment(event, clock):
    over = timezone.now() - HOUR
    clock(over - HOUR)
    Event.objects.update(sale_starts_at=over - 3 * HOUR)
    event.refresh_from_db()
    set_aside(event, "A")
    presale(event, starts_in=-3 * HOUR, ends_at=over)
    fan = admit(event, "FANS")
    for moment, theirs in [(over - A_MICROSECOND, 300), (over, 500), (over + A_MICROSECOND, 500)]:
        clock(moment)
        for admitted, expected in ((None, theirs), (fan, 500)):
            seen = through(event, admitted)
            shown = look(event.pk, within=0, presale_id=seen.presale_id).status
            assert (stands(seen).count(0), shown.count(0)) == (expected, expected), moment
    clock(over - A_MICROSECOND)
    assert tries(event, None, 0) == "seats_taken"
    assert tries(event, fan, 0) == IN
    clock(over)
    assert tries(event, None, 1) == ALL
    assert tries(event, fan, 2) == ALL
