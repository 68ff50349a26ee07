"""A draw when many come at one moment: the last entries and the freezing, two who draw, two who let in
more. Each with a control in which the guard is off."""

import time
from datetime import timedelta
from functools import partial

import pgtrigger
import psycopg
import pytest
from django.db import transaction
from django.utils import timezone

from config.tests.drawing import HOUR, drawn, frozen, open_draw, people, somebody
from config.tests.scenarios import house
from config.tests.test_presale_races import race
from config.tests.test_promotion_races import changed
from core import invariants
from core.tenancy import acting_for
from customers import draws
from customers.draws import making
from customers.models import Draw, DrawEntry, DrawWave
from events.models import Event

pytestmark = pytest.mark.race
EARLY, LATE = 12, 8
FUNCTION = "SELECT pg_get_functiondef(p.oid) FROM pg_proc p WHERE p.proname = %s"


@pytest.fixture
def event(committed_db):
    world = house()
    with acting_for(world["agency"]["id"]):
        yield Event.objects.select_related("venue", "layout").get()


def rewritten(copy, model, trigger, *changes):
    """The body of a trigger with parts replaced."""
    [found] = [each for each in model._meta.triggers if each.name == trigger]
    with psycopg.connect(copy.admin_url) as admin:
        [body] = admin.execute(FUNCTION, [found.get_pgid(model)]).fetchone()
    for old, new in changes:
        assert body.count(old) == 1, (old, body)
        body = body.replace(old, new)
    changed(copy, body)


@pytest.mark.parametrize("is_guarded", [True, False])
def test_who_enters_in_the_last_moment_is_in_the_frozen_list_or_refused(
    committed_db, event, is_guarded
):
    """The control does not let whoever freezes wait for those that are still writing."""
    if not is_guarded:
        rewritten(committed_db, DrawEntry, "entries_are_fair", (" FOR SHARE", ""))
    draw = open_draw(event)
    closes = timezone.now() + timedelta(seconds=2)
    with pgtrigger.ignore("customers.Draw:terms_stay"):
        Draw.objects.update(opens_at=closes - 2 * HOUR, closes_at=closes)

    def until(seconds):
        time.sleep(max((closes - timezone.now()).total_seconds() + seconds, 0))

    def enters(email):
        with transaction.atomic():
            draws.enter(draw.pk, email)
            until(0.8)  # the commit comes long after the clock was asked

    def is_late(email):
        until(0.05)
        draws.enter(draw.pk, email)

    def freezes():
        until(0.3)
        draws.freeze(draw.pk)

    works = [partial(enters, f"early{number}@post.example") for number in range(EARLY)]
    works += [partial(is_late, f"late{number}@post.example") for number in range(LATE)]
    told = race(event, [*works, freezes])
    assert told == {"done": EARLY + 1, "draw_takes_no_entries": LATE}
    draw.refresh_from_db()
    assert (draw.status, draw.entries.count()) == ("FROZEN", EARLY)
    assert (draw.entered == EARLY) == is_guarded
    assert (draw.digest == draws.digest_of(draws.numbers_of(draw))) == is_guarded
    assert (invariants.violations() == {}) == is_guarded


@pytest.mark.parametrize("is_guarded", [True, False])
def test_one_person_who_enters_from_everywhere_is_in_once(committed_db, event, is_guarded):
    draw = open_draw(event)
    if not is_guarded:
        drop = "ALTER TABLE customers_drawentry DROP CONSTRAINT one_draw_entry_per_person"
        changed(committed_db, drop)
    emails = [f"noor+{number}@post.example" for number in range(20)]
    told = race(event, [partial(draws.enter, draw.pk, email) for email in emails])
    assert told == {"done": 20}
    assert (draw.entries.count() == 1) == is_guarded


def test_of_many_who_type_a_value_at_once_one_has_drawn(event):
    draw, by = frozen(event, *people(30), places=5), somebody()
    values = [f"{number} 11 17 22 40 41" for number in range(8)]
    works = [partial(draws.type_value, draw.pk, typed=value, by=by) for value in values]
    assert race(event, works) == {"done": 1, "wrong_state": 7}
    draw.refresh_from_db()
    assert draw.value in values
    assert (draw.let_in, draw.waves.count()) == (5, 1)
    assert draws.drawn_of(draw) == draws.order_of(draw.value, draws.numbers_of(draw))
    assert invariants.violations() == {}


def test_the_database_alone_lets_one_of_them_draw(event, monkeypatch):
    """The control of the story above: staff who look without locking still draw once."""
    monkeypatch.setattr(making, "_locked", lambda pk: Draw.objects.get(pk=pk))
    draw, by = frozen(event, *people(30), places=5), somebody()
    values = [f"{number} 11 17 22 40 41" for number in range(8)]

    def draws_it(value):
        try:
            draws.type_value(draw.pk, typed=value, by=by)
        except Exception as no:
            if "Invalid transition" not in str(no) and "was typed and stays" not in str(no):
                raise
            raise making.WrongState("Somebody else has.") from no

    assert race(event, [partial(draws_it, value) for value in values]) == {
        "done": 1,
        "wrong_state": 7,
    }
    draw.refresh_from_db()
    assert draws.drawn_of(draw) == draws.order_of(draw.value, draws.numbers_of(draw))
    assert invariants.violations() == {}


@pytest.mark.parametrize("is_guarded", [True, False])
def test_of_many_who_let_in_more_at_once_one_wave_comes_in(
    committed_db, event, monkeypatch, is_guarded
):
    draw, by = drawn(event, *people(30), places=5, reserve=25), somebody()
    if not is_guarded:
        monkeypatch.setattr(making, "_locked", lambda pk: Draw.objects.get(pk=pk))
        drop = "ALTER TABLE customers_drawwave DROP CONSTRAINT draw_waves_follow_each_other"
        changed(committed_db, drop)
        rewritten(
            committed_db,
            DrawWave,
            "waves_follow_the_order",
            (" FOR NO KEY UPDATE", ""),
            ("UPDATE customers_draw SET", "PERFORM pg_sleep(0.5); UPDATE customers_draw SET"),
        )
    wave = partial(draws.let_in, draw.pk, count=3, after=5, by=by)
    told = race(event, [wave] * 8)
    assert (told == {"done": 1, "wrong_state": 7}) == is_guarded, told
    assert (draw.waves.count() == 2) == is_guarded
    assert (invariants.violations() == {}) == is_guarded
