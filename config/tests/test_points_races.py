"""Points at one moment: nobody spends the same twice, and what is given back at once adds up. Each race
has a control that fails without its guard."""

from datetime import timedelta
from fractions import Fraction

import psycopg
import pytest

from config.tests import world
from config.tests.scenarios import shop
from config.tests.servers import at_once, refusals
from core import invariants
from core.ids import uuid7
from core.money import Money
from core.tenancy import acting_for
from customers import points
from customers.models import Customer, PointEntry
from customers.points import (
    earn,
    expire_points,
    keep_share,
    lots_of,
    points_of,
    standing_of,
)
from customers.services import remember_customer
from payments.services import credit_of, points_to_credit

pytestmark = pytest.mark.race
SLOWLY = "sleep:0.3"


@pytest.fixture
def agency_id(committed_db):
    return shop(owned={"sections": ["A"]})["agency"]["id"]


@pytest.fixture
def noor(agency_id):
    """A customer with 100 points."""
    with acting_for(agency_id):
        world.loyal()
        made = remember_customer(email="noor@post.example", name="Noor Vance")
        lot(made, 100)
    return made


def lot(customer, number):
    reference = uuid7()
    return PointEntry.objects.create(
        customer=customer,
        kind="EARNED",
        points=number,
        reference=reference,
        key=f"earned:{reference}",
        expires_at=customer.created_at + timedelta(days=30),
    )


def left(agency_id, noor):
    """(points, credit in cents)."""
    with acting_for(agency_id):
        return points_of(noor.pk), credit_of(noor.pk, "EUR").minor


def without_guards(committed_db, monkeypatch):
    """Nobody waits for the holder, and the database looks away."""
    monkeypatch.setattr(points, "lock_one", lambda rows: rows.first())
    with psycopg.connect(committed_db.admin_url, autocommit=True) as owner:
        owner.execute("ALTER TABLE customers_pointentry DISABLE TRIGGER USER")


def two_presses(agency_id, noor, settings, keys=("one", "two")):
    """What comes of pressing at one moment for 60 points each, when 100 are there."""
    settings.FAIL_POINT = f"points.after_look={SLOWLY}"
    works = [
        lambda key=key: points_to_credit(noor.pk, 60, Money("0.60", "EUR"), key=key) for key in keys
    ]
    return at_once(agency_id, *works)


def test_two_presses_do_not_spend_the_same_points(agency_id, noor, settings):
    [refused] = refusals(two_presses(agency_id, noor, settings))
    assert refused.code == "not_enough_points"
    assert left(agency_id, noor) == (40, 60)
    assert invariants.violations() == {}


def test_the_same_press_told_twice_at_once_is_one(agency_id, noor, settings):
    results = two_presses(agency_id, noor, settings, keys=("one", "one"))
    assert results[0] == results[1]
    assert left(agency_id, noor) == (40, 60)
    assert invariants.violations() == {}


def test_the_database_alone_stands_between_them(agency_id, noor, settings, monkeypatch):
    monkeypatch.setattr(points, "lock_one", lambda rows: rows.first())
    [refused] = refusals(two_presses(agency_id, noor, settings))
    assert refused.code == "not_enough_points"
    assert invariants.violations() == {}


def test_control_without_guards_they_are_spent_twice(
    agency_id, noor, settings, monkeypatch, committed_db
):
    without_guards(committed_db, monkeypatch)
    assert refusals(two_presses(agency_id, noor, settings)) == []
    assert left(agency_id, noor) == (-20, 120)
    assert any(name.startswith("nobody spent") for name in invariants.violations())


def reversed_at_once(agency_id, noor, settings):
    """Two tickets of three are given back at one moment, and each is told twice."""
    settings.FAIL_POINT = f"points.after_lock={SLOWLY}"
    with acting_for(agency_id):
        reference = PointEntry.objects.get(customer=noor).reference
    work = [lambda: keep_share(reference, lambda: Fraction(1, 3))] * 4
    return at_once(agency_id, *work)


def test_what_is_told_at_once_is_reversed_once(agency_id, noor, settings):
    assert refusals(reversed_at_once(agency_id, noor, settings)) == []
    assert left(agency_id, noor)[0] == 33
    assert invariants.violations() == {}


def earned_at_once(agency_id, noor, settings):
    """A booking whose seats were changed is told twice at one moment; the old one earned 100."""
    settings.FAIL_POINT = f"points.after_look={SLOWLY}"
    with acting_for(agency_id):
        went_on = [(PointEntry.objects.get(customer=noor).reference, Fraction(1))]
    reference = uuid7()
    work = [
        lambda: earn(noor.pk, Money("100.00", "EUR"), reference=reference, went_on=went_on),
        lambda: earn(noor.pk, Money("100.00", "EUR"), reference=reference),
    ]
    return reference, at_once(agency_id, *work)


def earned(agency_id, reference):
    with acting_for(agency_id):
        return sum(lot.points for lot in lots_of(reference))


def test_what_is_told_at_once_is_earned_once(agency_id, noor, settings):
    reference, said = earned_at_once(agency_id, noor, settings)
    assert sorted(said) == [False, True]
    assert earned(agency_id, reference) == 100
    assert invariants.violations() == {}


def test_control_who_does_not_wait_earns_the_same_again(agency_id, noor, settings, monkeypatch):
    """One knows of the old booking's points, the other does not yet."""
    monkeypatch.setattr(points, "lock_one", lambda rows: rows.first())
    reference, said = earned_at_once(agency_id, noor, settings)
    assert said == [True, True]
    assert earned(agency_id, reference) == 200


def test_what_was_spent_in_time_does_not_lapse_and_the_rest_does(agency_id, noor, committed_db):
    with acting_for(agency_id):
        points_to_credit(noor.pk, 60, Money("0.60", "EUR"), key="k")
    with psycopg.connect(committed_db.admin_url, autocommit=True) as owner:
        owner.execute("SELECT set_config('tessera.system', 'on', false)")
        owner.execute("ALTER TABLE customers_pointentry DISABLE TRIGGER USER")
        owner.execute(
            "UPDATE customers_pointentry SET expires_at = now() - interval '1 day'"
            " WHERE kind = 'EARNED'"
        )
        owner.execute("ALTER TABLE customers_pointentry ENABLE TRIGGER USER")
    assert left(agency_id, noor) == (0, 60)
    with acting_for(agency_id):
        assert standing_of(noor.pk).points == 0
        assert expire_points(noor.pk) == 40
        assert expire_points(noor.pk) == 0
        entry = PointEntry.objects.get(kind="EARNED")
        keep_share(entry.reference, lambda: Fraction(1, 2))
        assert points_of(noor.pk) == -10  # 50 are left of what earned the 60 that were spent
        keep_share(entry.reference, lambda: Fraction(0))
        assert points_of(noor.pk) == -60
        lot(Customer.objects.get(pk=noor.pk), 70)
        assert points_of(noor.pk) == standing_of(noor.pk).points == 10
    assert invariants.violations() == {}
