"""Sales that commit in another order than they began, and many who look at once."""

import psycopg
import pytest
from django.db import connections

from config.tests.scenarios import house
from config.tests.servers import together
from core.tenancy import acting_for
from inventory.deltas import following
from inventory.models import HouseChange
from inventory.services import kept_changes, look

pytestmark = pytest.mark.race
TAKE = """
UPDATE inventory_eventseat SET status = 'BLOCKED' WHERE event_id = %s AND ordinal = %s
"""
# What one would write first: who changes a place takes the next number.
NUMBERED = """
CREATE TABLE numbered (version bigserial, ordinal integer);
CREATE FUNCTION number_it() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO numbered (ordinal) VALUES (NEW.ordinal); RETURN NULL; END $$;
CREATE TRIGGER number_it AFTER UPDATE ON inventory_eventseat FOR EACH ROW EXECUTE FUNCTION number_it();
"""


@pytest.fixture
def made(committed_db):
    made = house()
    with psycopg.connect(committed_db.admin_url, autocommit=True) as admin:
        admin.execute(NUMBERED)
    with acting_for(made["agency"]["id"]):
        yield made["event"]["id"]


@pytest.fixture
def sellers(committed_db, made):
    """Two who sell, each with a transaction of his own."""
    with (
        psycopg.connect(committed_db.admin_url) as first,
        psycopg.connect(committed_db.admin_url) as second,
    ):
        for seller in (first, second):
            seller.execute("SELECT set_config('tessera.system', 'on', false)")
            seller.commit()
        yield first, second


def poll(event, since):
    """(the ordinals that changed, the version) for who has `since`."""
    version = look(event, within=0).version
    found = following(kept_changes(event, after=since), since)
    return {ordinal for change in found for ordinal in change.places}, version


def poll_numbers(admin, since):
    """The same by the numbers that sellers took."""
    rows = admin.execute(
        "SELECT version, ordinal FROM numbered WHERE version > %s", [since]
    ).fetchall()
    return {ordinal for _, ordinal in rows}, max([since, *(version for version, _ in rows)])


def test_who_sells_first_and_commits_last_is_seen_where_numbers_of_sellers_would_miss_him(
    committed_db, made, sellers
):
    first, second = sellers
    _, version = look(made, within=0), look(made, within=0).version
    number = 0
    with psycopg.connect(committed_db.admin_url, autocommit=True) as reader:
        first.execute(TAKE, [made, 0])
        second.execute(TAKE, [made, 1])
        second.commit()
        seen, version = poll(made, version)
        numbered, number = poll_numbers(reader, number)
        assert (seen, numbered) == ({1}, {1})
        first.commit()
        seen, version = poll(made, version)
        numbered, number = poll_numbers(reader, number)
        assert seen == {0}
        assert numbered == set()  # the control: place 0 stays on the screen as free
        assert look(made, within=0).status[:2] == b"\x01\x01"


def test_of_many_who_look_at_once_one_numbers_what_they_all_see(made, sellers):
    first, _ = sellers
    before = look(made, within=0).version
    first.execute(TAKE, [made, 0])
    first.commit()
    agency = HouseChange.objects.get().agency_id

    def looking():
        with acting_for(agency):
            try:
                return look(made, within=0)
            finally:
                connections.close_all()

    seen = together([looking for _ in range(8)])
    assert len({each.version for each in seen}) == 1
    assert seen[0].version > before
    assert HouseChange.objects.count() == 2
