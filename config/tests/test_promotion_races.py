"""A limit of ten is ten: whoever comes at the same moment, holds and pays later, or lets time run out.
Each with a control in which the guard is off."""

import random
import time
from collections import Counter

import psycopg
import pytest
from django.db import connections, transaction

from config.tests.servers import together
from core import invariants
from core.ids import uuid7
from core.tenancy import acting_for
from core.transactions import use_case
from promotions.models import Promotion, Use
from promotions.services import NotRedeemed, give_back, keep, redeem
from promotions.tests import factories
from promotions.tests.factories import applied, running, used

pytestmark = pytest.mark.race

LIMIT, CLIENTS = 10, 100
kept_for_good = use_case(keep)
UNGUARDED = """
CREATE OR REPLACE FUNCTION promotions_take(counted text, key_column text, key uuid)
RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN true; END $$
"""
# What a system does that counts a use when it is paid for.
COUNTS_WHAT_IS_PAID = """
CREATE OR REPLACE FUNCTION promotions_take(counted text, key_column text, key uuid)
RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
  RETURN coalesce((SELECT usage_limit > (SELECT count(*) FROM promotions_use u
                     WHERE u.promotion_id = key AND u.status = 'KEPT')
                   FROM promotions_promotion WHERE id = key), true);
END $$
"""
LOCK = "PERFORM pg_advisory_xact_lock(hashtextextended(NEW.promotion_id::text || NEW.customer, 0));"
COUNTING = (
    "SELECT pg_get_functiondef(tgfoid) FROM pg_trigger WHERE tgname LIKE 'pgtrigger_uses_count%'"
)


@pytest.fixture
def agency(committed_db):
    made = factories.agency()
    with acting_for(made.pk):
        yield made


@pytest.fixture
def deadlocks(committed_db):
    """How many there were by the end of a story."""
    with psycopg.connect(committed_db.admin_url) as admin:
        count = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        yield lambda: admin.execute(count).fetchone()[0]


def changed(copy, sql):
    with psycopg.connect(copy.admin_url, autocommit=True) as admin:
        admin.execute(sql)


def racing(agency, work):
    """`work()` acting for the agency: its result, or "refused"."""

    def run():
        try:
            with acting_for(agency.pk):
                return work()
        except NotRedeemed:
            return "refused"
        finally:
            connections.close_all()

    return run


def promised_to(count, *codes, **words):
    """So many bookings that were all promised the same before any of them is made."""
    promised = applied(*codes, **words)
    until = factories.in_days(1)

    def book():
        with transaction.atomic():
            redeem(promised, reference=uuid7(), until=until)
        return "redeemed"

    return [book] * count


def race(agency, works):
    told = Counter(map(str, together([racing(agency, work) for work in works])))
    assert set(told) <= {"redeemed", "refused"}, told
    return told["redeemed"]


@pytest.mark.parametrize("is_guarded", [True, False])
def test_a_limit_of_ten_lets_ten_of_a_hundred_in(committed_db, agency, is_guarded):
    running(usage_limit=LIMIT)
    works = promised_to(CLIENTS, "EARLY")
    if not is_guarded:
        changed(committed_db, UNGUARDED)
    redeemed = race(agency, works)
    assert Use.objects.count() == redeemed
    if is_guarded:
        assert redeemed == Promotion.objects.get().taken == LIMIT
        assert invariants.violations() == {}
    else:
        assert redeemed > LIMIT


@pytest.mark.parametrize("is_guarded", [True, False])
def test_a_single_code_serves_one_of_thirty(committed_db, agency, is_guarded):
    running(code_limit=1)
    works = promised_to(30, "EARLY")
    if not is_guarded:
        changed(committed_db, UNGUARDED)
    assert (race(agency, works) == 1) == is_guarded


@pytest.mark.parametrize("is_guarded", [True, False])
def test_who_holds_many_and_pays_later_gets_ten(committed_db, agency, is_guarded):
    running(usage_limit=LIMIT)
    works = promised_to(LIMIT + 5, "EARLY")
    if not is_guarded:
        changed(committed_db, COUNTS_WHAT_IS_PAID)
    for work in works:
        racing(agency, work)()
    held = list(Use.objects.values_list("reference", flat=True))
    paid = sum(kept_for_good(reference) for reference in held)
    assert paid == Use.objects.filter(status="KEPT").count()
    if is_guarded:
        assert paid == LIMIT
        assert applied("EARLY").refused[0].why == "used_up"
    else:
        assert paid > LIMIT


@pytest.mark.parametrize("is_timed", [True, False])
def test_a_hold_that_lapsed_gives_its_use_to_one_of_thirty(committed_db, agency, is_timed):
    """The control is a hold that never lapses."""
    running(usage_limit=LIMIT)
    kept = [used("EARLY") for _ in range(LIMIT - 1)]
    assert all(map(kept_for_good, kept))
    lapsed = used("EARLY", minutes=-1)
    works = promised_to(30, "EARLY")
    if not is_timed:
        Use.objects.filter(reference=lapsed).update(held_until=factories.in_days(1))
    assert race(agency, works) == (1 if is_timed else 0)
    assert Use.objects.exclude(status="RETURNED").count() == LIMIT
    assert kept_for_good(lapsed) != is_timed
    assert invariants.violations() == {}


@pytest.mark.parametrize("is_locked", [True, False])
def test_a_buyer_who_comes_twelve_times_at_once_gets_one(committed_db, agency, is_locked):
    running(usage_limit_per_customer=1)
    promised, until = applied("EARLY"), factories.in_days(1)
    if not is_locked:
        with psycopg.connect(committed_db.admin_url, autocommit=True) as admin:
            [counting] = admin.execute(COUNTING).fetchone()
            assert LOCK in counting
            admin.execute(counting.replace(LOCK, ""))

    def book():
        with transaction.atomic():
            redeem(promised, reference=uuid7(), until=until, email="noor@post.example")
            time.sleep(0.1)  # so that all of them look before any has done
        return "redeemed"

    assert (race(agency, [book] * 12) == 1) == is_locked


def test_takers_and_givers_of_several_offers_never_lock_each_other_out(agency, deadlocks):
    running("ONE-OFFER", is_stackable=True, usage_limit=20)
    running("OTHER-OFFER", is_stackable=True, usage_limit=15, code_limit=12)
    pairs = [("ONE-OFFER", "OTHER-OFFER"), ("OTHER-OFFER", "ONE-OFFER")]
    held = [used(*pairs[n % 2], minutes=random.choice([-1, 15])) for n in range(10)]
    works = [work for n in range(30) for work in promised_to(1, *pairs[n % 2])]
    for reference in held:
        works.append(lambda r=reference: give_back(r) and "given")
        works.append(lambda r=reference: str(kept_for_good(r)))
    random.shuffle(works)
    told = Counter(map(str, together([racing(agency, work) for work in works])))
    assert set(told) <= {"redeemed", "refused", "given", "0", "True", "False"}, told
    assert deadlocks() == 0
    assert invariants.violations() == {}
