"""Registration draws: who is in, what is frozen, in which order they are drawn, and what the database
refuses whoever writes."""

import re
from datetime import timedelta
from hashlib import sha256

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agencies.models import Agency
from config.tests.drawing import (
    HOUR,
    LOTTO,
    MINUTE,
    drawn,
    frozen,
    later,
    open_draw,
    people,
    somebody,
    terms,
)
from core import invariants
from core.errors import Invalid
from core.models import AuditEntry
from core.status import WrongState
from core.tenancy import acting_for
from core.transactions import broken_constraint
from customers import draws
from customers.lists import add_buyers, lists_of, told_size
from customers.models import BuyerList, Draw, DrawEntry, DrawWave
from customers.tasks import freeze_closed_draws
from events.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(made_house):
    with acting_for(made_house["agency"]["id"]):
        yield Event.objects.select_related("venue", "layout").get()


def refused(change):
    """The name of the rule by which the database refuses a change."""
    with pytest.raises((IntegrityError, DatabaseError)) as no, transaction.atomic():
        change()
    return broken_constraint(no.value) or str(no.value).partition("\n")[0]


# Entering


def test_one_person_is_in_once_however_he_writes_his_address(event):
    draw = open_draw(event)
    first = draws.enter(draw.pk, "noor@gmail.com")
    for email in ("NOOR@gmail.com", "noor+draw@gmail.com", "n.o.o.r@googlemail.com"):
        assert draws.enter(draw.pk, email) == first
    assert draws.enter(draw.pk, "ida@post.example") != first
    assert draw.entries.count() == 2
    with_two = {"draw": draw, "email": "n.oor@gmail.com"}
    assert refused(lambda: DrawEntry.objects.create(**with_two)) == "one_draw_entry_per_person"


def test_entries_are_taken_from_the_first_moment_up_to_the_last_by_the_databases_clock(event):
    draw = open_draw(event, opens_at=timezone.now() + timedelta(minutes=5))
    with pytest.raises(draws.NotTaken):
        draws.enter(draw.pk, "early@post.example")
    later(draw, timedelta(minutes=30))
    draws.enter(draw.pk, "noor@post.example")
    later(draw, HOUR)
    with pytest.raises(draws.NotTaken):
        draws.enter(draw.pk, "late@post.example")
    assert draws.enter(draw.pk, "noor@post.example").email == "noor@post.example"
    assert [entry.email for entry in draw.entries.all()] == ["noor@post.example"]


def test_a_draft_takes_nobody(event):
    draft = draws.make(event=event, terms=terms())
    with pytest.raises(draws.NotTaken):
        draws.enter(draft.pk, "noor@post.example")


def test_who_withdraws_before_the_list_is_frozen_leaves_nothing_and_may_come_back(event):
    draw = open_draw(event, "noor@post.example")
    entry = draw.entries.get()
    number = entry.number
    draws.withdraw(entry.pk)
    draws.withdraw(entry.pk)
    assert not draw.entries.exists()
    assert draws.enter(draw.pk, "noor@post.example").number != number


def test_who_withdraws_later_leaves_his_number_and_nothing_of_his(event):
    draw = frozen(event, *people(5))
    digest, entry = draw.digest, draw.entries.first()
    draws.withdraw(entry.pk)
    draws.withdraw(entry.pk)
    entry.refresh_from_db()
    assert (entry.email, entry.mailbox) == (None, None)
    assert draws.digest_of(draws.numbers_of(draw)) == digest
    draws.type_value(draw.pk, typed=LOTTO, by=somebody())
    entry.refresh_from_db()
    assert entry.rank == 1 + draws.order_of(LOTTO, draws.numbers_of(draw)).index(entry.number)
    assert invariants.violations() == {}


def test_the_trail_of_an_entry_says_nothing_about_a_person(event):
    draw = open_draw(event, "noor@post.example")
    told = AuditEntry.objects.filter(table="customers_drawentry")
    assert "post.example" not in str(list(told.values("before", "after")))
    assert draw.entries.get().number in str(list(told.values("after")))


# Freezing


def test_the_published_digest_is_that_of_the_sorted_numbers(event):
    draw = frozen(event, *people(7))
    text = "".join(sorted(f"{entry.number}\n" for entry in draw.entries.all()))
    assert (
        draw.digest == sha256(text.encode()).hexdigest() == draws.digest_of(draws.numbers_of(draw))
    )
    assert draw.entered == 7
    assert all(re.fullmatch(r"(\w{4}-){2}\w{4}", number) for number in draws.numbers_of(draw))


def test_an_empty_list_is_frozen_and_drawn_like_any_other(event):
    draw = drawn(event)
    assert (draw.entered, draw.digest, draw.let_in) == (0, draws.digest_of([]), 0)
    with pytest.raises(Invalid):
        draws.let_in(draw.pk, count=1, after=0, by=somebody())


def test_a_list_is_frozen_after_closing_and_before_the_source_is_known(event):
    draw = open_draw(event, *people(3))
    with pytest.raises(WrongState, match="too early"):
        draws.freeze(draw.pk)
    later(draw, 6 * HOUR)
    with pytest.raises(WrongState, match="would prove nothing"):
        draws.freeze(draw.pk)
    assert freeze_closed_draws() == 0


def test_a_job_freezes_what_nobody_froze(event):
    draw = open_draw(event, *people(3))
    assert freeze_closed_draws() == 0
    later(draw, 2 * HOUR)
    assert freeze_closed_draws() == 1
    assert freeze_closed_draws() == 0
    draw.refresh_from_db()
    assert (draw.status, draw.entered) == ("FROZEN", 3)


# Drawing

NUMBER = st.text("23456789BCDFGHJKMNPQRSTVWXZ-", min_size=1, max_size=14)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    numbers=st.sets(NUMBER, max_size=30),
    balls=st.sets(st.integers(0, 999), min_size=6, max_size=6),
    places=st.integers(1, 40),
)
def test_everybody_who_reckons_finds_the_databases_order(event, numbers, balls, places):
    """By nothing but hashlib: this is what docs/presales.md tells everybody to run."""
    with transaction.atomic():
        draw = open_draw(event, places=places, source_highest=999)
        for place, number in enumerate(numbers):
            DrawEntry.objects.create(draw=draw, number=number, email=f"fan{place}@post.example")
        draws.freeze(later(draw, 2 * HOUR).pk)
        later(draw, 4 * HOUR)
        typed = ", ".join(f"{ball:03}" for ball in balls)
        draw = draws.type_value(draw.pk, typed=typed, by=somebody())
        value = " ".join(str(ball) for ball in sorted(balls))
        assert draw.value == value
        said = "".join(number + "\n" for number in sorted(numbers))
        assert draw.digest == sha256(said.encode()).hexdigest()
        order = sorted(numbers, key=lambda n: sha256(f"{value}|{n}".encode()).hexdigest())
        assert draws.drawn_of(draw) == order == draws.order_of(value, numbers)
        assert draw.let_in == min(places, len(numbers))
        transaction.set_rollback(True)


NONE = {"source_count": None, "source_highest": None}


def test_a_beacons_value_draws_too(event):
    value = sha256(b"round 4,711").hexdigest()
    draw = drawn(event, *people(3), value=value.upper(), source_kind="BEACON", **NONE)
    assert draw.value == value
    assert draws.drawn_of(draw) == draws.order_of(value, draws.numbers_of(draw))


@pytest.mark.parametrize(
    "typed", ["", "1 2 3 4 5", "1 2 3 4 5 5", "1 2 3 4 5 6 7", "a b c d e f", "1 2 3 4 5 1000",
              "3 11 17 22 40 410", "1 2 3 4 5 ٦", "\0", "1 2 3 4 5 6\n7"]
)  # fmt: skip
def test_what_the_source_cannot_give_draws_nothing(event, typed):
    draw = frozen(event, *people(3))
    with pytest.raises(Invalid):
        draws.type_value(draw.pk, typed=typed, by=somebody())
    draw.refresh_from_db()
    assert (draw.status, draw.value) == ("FROZEN", "")


def test_however_the_numbers_are_typed_there_is_one_spelling(event):
    draw = frozen(event)
    for typed in ("41 40 22 17 11 3", "03,11,17,22,40,41", " 3 - 11 - 17; 22 +40 041 "):
        assert draws.value_of(draw, typed) == LOTTO


def test_who_was_drawn_is_on_the_list_and_nobody_else(event):
    draw = drawn(event, *people(6), places=2, reserve=3)
    order = [entry.email for entry in draw.entries.order_by("rank")]

    def on_it():
        return [email for email in order if lists_of(email.upper()).filter(pk=draw.buyers_id)]

    assert on_it() == order[:2]
    draws.let_in(draw.pk, count=2, after=2, by=somebody())
    assert on_it() == order[:4]
    draws.withdraw(draw.entries.get(rank=1).pk)
    assert on_it() == order[1:4]
    assert not lists_of("stranger@post.example").exists()
    assert invariants.violations() == {}


def test_nobody_is_written_on_a_drawn_list(event):
    draw = open_draw(event)
    with pytest.raises(Invalid, match="follows from its draw"):
        add_buyers(draw.buyers, {"noor@post.example": "noor@post.example"})
    draw.buyers.buyers.create(email="noor@post.example", mailbox="noor@post.example")
    assert not lists_of("noor@post.example").exists()
    for kind in ("INVITED", "DRAWN"):
        lists = BuyerList.objects.exclude(kind=kind)
        if kind == "DRAWN":
            BuyerList.objects.create(name="By hand")
        assert refused(lambda lists=lists, kind=kind: lists.update(kind=kind)) == (
            "drawn_lists_stay_drawn"
        )


def test_the_list_has_the_draws_name_and_no_other_list_has_it(event):
    BuyerList.objects.create(name="Gold")
    with pytest.raises(draws.ListNameTaken):
        draws.make(event=event, terms=terms(name="Gold"))
    made = draws.make(event=event, terms=terms())
    draws.change(made.pk, terms(name="Second night"))
    assert BuyerList.objects.get(kind="DRAWN").name == "Second night"
    with pytest.raises(draws.ListNameTaken):
        draws.change(made.pk, terms(name="Gold"))


# The second person


@pytest.fixture
def with_approvals(event):
    Agency.objects.filter(pk=event.agency_id).update(approval_above=1000)


@pytest.mark.usefixtures("with_approvals")
def test_where_there_are_approvals_a_second_person_types_the_value_too(event):
    first, second = somebody(), somebody("ida@parterre.example")
    draw = draws.type_value(frozen(event, *people(3)).pk, typed=LOTTO, by=first)
    assert (draw.status, draw.let_in) == ("TYPED", 0)
    with pytest.raises(draws.NeedsSecondPerson):
        draws.confirm_value(draw.pk, typed=LOTTO, by=first)
    with pytest.raises(Invalid, match="one of you is wrong"):
        draws.confirm_value(draw.pk, typed="3 11 17 22 40 42", by=second)
    with pytest.raises(WrongState):
        draws.type_value(draw.pk, typed=LOTTO, by=second)
    draw = draws.confirm_value(draw.pk, typed="03 11 17 22 40 41", by=second)
    assert (draw.status, draw.typed_by, draw.confirmed_by) == ("DRAWN", first, second)
    with pytest.raises(WrongState):
        draws.confirm_value(draw.pk, typed=LOTTO, by=second)


@pytest.mark.usefixtures("with_approvals")
def test_what_a_second_person_does_not_find_at_the_source_is_typed_anew(event):
    first, second = somebody(), somebody("ida@parterre.example")
    draw = draws.type_value(frozen(event, *people(3)).pk, typed="1 2 3 4 5 6", by=first)
    with pytest.raises(draws.NeedsSecondPerson):
        draws.refuse_value(draw.pk, by=first)
    draw = draws.refuse_value(draw.pk, by=second)
    assert (draw.status, draw.value, draw.typed_by) == ("FROZEN", "", None)
    draws.type_value(draw.pk, typed=LOTTO, by=second)
    assert draws.confirm_value(draw.pk, typed=LOTTO, by=first).value == LOTTO
    trail = AuditEntry.objects.filter(table="customers_draw", row_id=str(draw.pk))
    assert "1 2 3 4 5 6" in str(list(trail.values("after")))


@pytest.mark.usefixtures("with_approvals")
def test_the_database_asks_for_the_second_person_too(event):
    draw = frozen(event, *people(3))
    both = {"value": LOTTO, "typed_by": somebody()}
    one = Draw.objects.filter(pk=draw.pk)
    assert refused(lambda: one.update(needs_second=False)) == "draw_frozen_entries_stay"
    one.update(status="TYPED", **both)
    for confirmed_by in (None, somebody()):
        change = {"status": "DRAWN", "confirmed_by": confirmed_by}
        assert refused(lambda change=change: one.update(**change)) == "draw_needs_a_second_person"


# What the database refuses


def test_it_refuses_entries_before_after_and_elsewhere(event):
    draft = draws.make(event=event, terms=terms(name="Draft"))
    soon = open_draw(event, name="Soon", opens_at=timezone.now() + timedelta(minutes=1))
    closed = later(open_draw(event, name="Closed"), 2 * HOUR)
    done = frozen(event, *people(2), name="Frozen")
    for draw in (draft, soon, closed, done):
        new = {"draw": draw, "email": "new@post.example"}
        assert refused(lambda new=new: DrawEntry.objects.create(**new)) == (
            "draw_takes_entries_while_it_is_open"
        )


def test_it_refuses_an_entry_that_begins_with_a_place_or_without_an_address(event):
    draw = open_draw(event)
    for said in ({"rank": 1}, {"email": None, "withdrawn_at": timezone.now()}, {"email": None}):
        new = {"draw": draw, "email": "new@post.example", **said}
        assert (
            refused(lambda new=new: DrawEntry.objects.create(**new)) == "draw_frozen_entries_stay"
        )


def test_it_refuses_every_change_of_a_frozen_entry_but_that_its_address_goes(event):
    draw = frozen(event, *people(2))
    other = open_draw(event, name="Another")
    entries = DrawEntry.objects.filter(pk=draw.entries.first().pk)
    now = timezone.now()
    changes = [
        {"number": "2222-2222-2222"}, {"rank": 1}, {"email": "other@post.example"},
        {"entered_at": now}, {"draw": other}, {"withdrawn_at": now}, {"email": None},
        {"email": None, "withdrawn_at": now, "rank": 1},
        {"email": None, "withdrawn_at": now, "number": "2222-2222-2222"},
    ]  # fmt: skip
    for change in changes:
        no = refused(lambda change=change: entries.update(**change))
        assert no in {
            "draw_frozen_entries_stay",
            "withdrawn_entries_have_no_address",
            "one_draw_entry_per_person",
        }, (change, no)
    assert refused(entries.delete) == "draw_frozen_entries_stay"
    entries.update(email=None, withdrawn_at=now)
    assert refused(lambda: entries.update(withdrawn_at=None, email="x@y.example")) == (
        "draw_frozen_entries_stay"
    )
    done = draws.type_value(draw.pk, typed=LOTTO, by=somebody())
    swap = "UPDATE customers_drawentry SET rank = 3 - rank WHERE draw_id = %s"
    assert refused(lambda: connection.cursor().execute(swap, [done.pk])) == (
        "draw_frozen_entries_stay"
    )


def test_it_refuses_to_draw_what_is_not_frozen_or_too_early(event):
    value = {"value": LOTTO, "typed_by": somebody()}
    draw = later(open_draw(event, *people(2)), 2 * HOUR)
    one = Draw.objects.filter(pk=draw.pk)
    for status in ("TYPED", "DRAWN"):
        assert "Invalid transition" in refused(lambda status=status: one.update(status=status))
    draws.freeze(draw.pk)
    assert refused(lambda: one.update(status="TYPED", **value)) == "draw_too_early"
    assert refused(lambda: one.update(**value)) == "draw_value_stays"
    assert "Invalid transition" in refused(lambda: one.update(status="DRAWN"))
    assert refused(lambda: one.update(status="DRAWN", **value)) == "draw_value_stays"


def test_it_refuses_a_digest_a_count_and_a_value_of_ones_own(event):
    draw = frozen(event, *people(3))
    one = Draw.objects.filter(pk=draw.pk)
    for change in ({"digest": "0" * 64}, {"entered": 2}, {"frozen_at": timezone.now()}):
        assert refused(lambda change=change: one.update(**change)) == "draw_frozen_entries_stay"
    values = ["", "3 11", "03 11 17 22 40 41", "41 40 22 17 11 3", "3 3 17 22 40 41", "0" * 64,
              "3 11 17 22 40 46", "3 11 17 22 40 410"]  # fmt: skip
    for value in values:
        change = {"status": "TYPED", "typed_by": somebody(), "value": value}
        assert refused(lambda change=change: one.update(**change)) == (
            "draw_value_is_as_the_source_gives_it"
        ), value


def test_it_refuses_a_second_value_and_a_second_draw(event):
    draw = drawn(event, *people(3))
    one = Draw.objects.filter(pk=draw.pk)
    other = {"value": "1 2 3 4 5 6"}
    for change in (other, {"value": ""}, {"typed_by": somebody("ida@parterre.example")}):
        assert refused(lambda change=change: one.update(**change)) == "draw_value_stays"
    assert refused(lambda: one.update(drawn_at=timezone.now())) == "draw_value_stays"
    for status in ("DRAFT", "OPEN", "FROZEN", "TYPED"):
        assert "Invalid transition" in refused(lambda status=status: one.update(status=status))
        assert refused(lambda status=status: one.update(status=status, **other))
    assert "protected" in refused(one.delete)
    empty = Draw.objects.filter(pk=draws.make(event=event, terms=terms(name="Empty")).pk)
    assert "a draw is kept" in refused(empty.delete)


def test_it_refuses_more_than_was_said_and_another_order(event):
    draw = drawn(event, *people(9), places=3, reserve=4)
    assert (draw.let_in, draw.most) == (3, 7)
    wave = DrawWave.objects
    rule = "draw_lets_in_as_many_as_it_says"
    for first, last in ((4, 8), (5, 6), (1, 3), (3, 4)):
        said = {"draw": draw, "first": first, "last": last}
        assert refused(lambda said=said: wave.create(**said)) == rule
    assert refused(lambda: Draw.objects.update(let_in=7)) == rule
    assert refused(lambda: Draw.objects.update(reserve=6)) == "draw_terms_stay"
    waves = DrawWave.objects.filter(draw=draw)
    for change in (lambda: waves.update(last=4), waves.delete):
        assert "DrawWave" not in refused(change)  # whatever it says, it is refused
    wave.create(draw=draw, first=4, last=7)
    draw.refresh_from_db()
    assert draw.let_in == 7
    # The first wave is exactly as many as are drawn.
    second = frozen(event, *people(9), name="Second", places=3, reserve=4)
    one = Draw.objects.filter(pk=second.pk)
    one.update(status="TYPED", typed_by=somebody(), value=LOTTO)
    one.update(status="DRAWN")
    for last in (2, 4):
        said = {"draw": second, "first": 1, "last": last}
        assert refused(lambda said=said: wave.create(**said)) == rule


def test_it_refuses_other_terms_once_they_are_published(event):
    draw = open_draw(event)
    with pytest.raises(WrongState):
        draws.change(draw.pk, terms())
    now = timezone.now()
    for change in ({"places": 5}, {"source": "A die"}, {"closes_at": now}, {"source_at": now}):
        one = Draw.objects.filter(pk=draw.pk)
        assert refused(lambda one=one, change=change: one.update(**change)) == "draw_terms_stay"


def test_it_refuses_terms_that_prove_nothing(event):
    now = timezone.now()
    for said in (
        {"closes_at": now - 2 * HOUR},
        {"source_at": now + HOUR},
        {"source_at": event.starts_at},
    ):
        with pytest.raises(Invalid):
            draws.make(event=event, terms=terms(**said))
    good = vars(terms()) | {
        "event": event,
        "buyers": BuyerList.objects.create(name="B", kind="DRAWN"),
    }
    for said, rule in (
        ({"source_at": now + HOUR}, "draw_source_is_known_later"),
        ({"source_count": 4}, "draw_says_how_many_numbers"),
        ({"source_count": None}, "draw_says_how_many_numbers"),
        ({"source_highest": None}, "draw_says_how_many_numbers"),
        ({"source_highest": 29}, "draw_says_how_many_numbers"),
        ({"source_highest": 1000}, "draw_says_how_many_numbers"),
        ({"source_kind": "BEACON"}, "draw_says_how_many_numbers"),
        ({"places": 0}, "draw_lets_in_no_more_than_said"),
        ({"status": "OPEN"}, "draw_frozen_entries_stay"),
        ({"digest": "0" * 64}, "draw_frozen_entries_stay"),
    ):
        assert refused(lambda said=said: Draw.objects.create(**good | said)) == rule


def test_what_is_called_off_says_why_and_stays_off(event):
    draw = draws.call_off(frozen(event, *people(2)).pk, why="The band is ill")
    assert draw.called_off_at > draw.source_at
    later_words = Draw.objects.filter(pk=draw.pk)
    for change in ({"why_off": "Rain"}, {"called_off_at": draw.frozen_at}):
        assert refused(lambda change=change: later_words.update(**change)) == "draw_terms_stay"
    assert draw.phase_at(timezone.now()) == "CALLED_OFF"
    with pytest.raises(WrongState):
        draws.type_value(draw.pk, typed=LOTTO, by=somebody())
    other = open_draw(event, name="Another")
    one = Draw.objects.filter(pk=other.pk)
    assert refused(lambda: one.update(status="CALLED_OFF")) == "called_off_says_why"
    with pytest.raises(WrongState):
        draws.call_off(draw.pk, why="Once more")


def test_let_in_takes_the_next_and_only_as_many_as_were_said(event):
    draw = drawn(event, *people(9), places=2, reserve=3)
    by = somebody()
    for count, after in ((0, 2), (4, 2), (-1, 2)):
        with pytest.raises(Invalid):
            draws.let_in(draw.pk, count=count, after=after, by=by)
    assert str(draws.let_in(draw.pk, count=1, after=2, by=by)) == "3 to 3"
    with pytest.raises(WrongState, match="meanwhile"):
        draws.let_in(draw.pk, count=1, after=2, by=by)
    draws.let_in(draw.pk, count=2, after=3, by=by)
    with pytest.raises(Invalid):
        draws.let_in(draw.pk, count=1, after=5, by=by)
    assert [(w.first, w.last, w.made_by) for w in draw.waves.all()] == [
        (1, 2, by), (3, 3, by), (4, 5, by)
    ]  # fmt: skip


def test_it_draws_and_lets_in_nobody_once_the_event_is_over(event):
    rule = "draw_has_an_event_to_come"
    soon = open_draw(event, name="Soon")
    closed = later(open_draw(event, *people(2), name="Closed"), 2 * HOUR)
    known = frozen(event, *people(2), name="Known")
    done = drawn(event, *people(9), name="Done", places=2, reserve=4)
    Event.objects.filter(pk=event.pk).update(status="CANCELLED")
    new = {"draw": soon, "email": "new@post.example"}
    assert refused(lambda: DrawEntry.objects.create(**new)) == "draw_takes_entries_while_it_is_open"
    assert freeze_closed_draws() == 0
    with pytest.raises(WrongState, match="cancelled or over"):
        draws.freeze(closed.pk)
    with pytest.raises(WrongState, match="cancelled or over"):
        draws.type_value(known.pk, typed=LOTTO, by=somebody())
    with pytest.raises(WrongState, match="cancelled or over"):
        draws.let_in(done.pk, count=1, after=2, by=somebody())
    wave = {"draw": done, "first": 3, "last": 3}
    assert refused(lambda: DrawWave.objects.create(**wave)) == rule
    one = Draw.objects.filter(pk=known.pk)
    typed = {"status": "TYPED", "value": LOTTO, "typed_by": somebody()}
    assert refused(lambda: one.update(**typed)) == rule
    with pytest.raises(Invalid, match="cancelled"):
        draws.make(event=Event.objects.get(pk=event.pk), terms=terms(name="Another"))
    draws.call_off_all(event.pk)
    states = Draw.objects.values_list("name", "status")
    assert dict(states) == {
        "Soon": "CALLED_OFF", "Closed": "CALLED_OFF", "Known": "CALLED_OFF", "Done": "DRAWN",
    }  # fmt: skip


@pytest.mark.usefixtures("with_approvals")
def test_a_value_that_nobody_is_left_to_confirm_is_called_off(event):
    draw = draws.type_value(frozen(event, *people(3)).pk, typed=LOTTO, by=somebody())
    draw = draws.call_off(draw.pk, why="There is nobody to confirm it")
    assert (draw.status, draw.value, draw.drawn_at) == ("CALLED_OFF", LOTTO, None)
    assert not draw.entries.exclude(rank=None).exists()
    assert invariants.violations() == {}


def test_what_was_drawn_by_a_mistyped_value_is_called_off_and_its_list_opens_nothing(event):
    draw = drawn(event, *people(5), value="1 2 3 4 5 6", places=2, reserve=2)
    order = draws.drawn_of(draw)
    first = draw.entries.get(rank=1).email
    assert lists_of(first).filter(pk=draw.buyers_id)
    one = Draw.objects.filter(pk=draw.pk)
    assert refused(lambda: one.update(status="CALLED_OFF")) == "called_off_says_why"
    draw = draws.call_off(draw.pk, why="The value was mistyped")
    assert not lists_of(first).exists()
    assert (draw.let_in, told_size(draw.buyers), draws.drawn_of(draw)) == (2, "0", order)
    with pytest.raises(WrongState):
        draws.let_in(draw.pk, count=1, after=2, by=somebody())
    wave = {"draw": draw, "first": 3, "last": 3}
    assert refused(lambda: DrawWave.objects.create(**wave)) == "draw_lets_in_as_many_as_it_says"
    for status in ("DRAWN", "TYPED", "FROZEN", "OPEN"):
        assert "Invalid transition" in refused(lambda status=status: one.update(status=status))
    assert refused(lambda: one.update(value=LOTTO)) == "draw_value_stays"
    assert invariants.violations() == {}
    again = drawn(event, *people(5), name="First night, anew")
    assert again.value == LOTTO


def test_what_staff_take_out_before_stays_counted_and_is_on_no_list(event):
    draw = open_draw(event, *people(3))
    one = DrawEntry.objects.filter(pk=draw.entries.first().pk)
    gone = {"email": None, "withdrawn_at": timezone.now()}
    assert refused(lambda: one.update(**gone)) == "draw_frozen_entries_stay"
    assert refused(lambda: one.update(**gone, is_struck=True)) == "struck_entries_say_why"
    draws.withdraw(one.get().pk, why="Not a person")
    assert refused(one.delete) == "draw_frozen_entries_stay"
    back = {"is_struck": False, "why_out": ""}
    assert refused(lambda: one.update(**back)) == "draw_frozen_entries_stay"
    draws.freeze(later(draw, 2 * HOUR).pk)
    draw.refresh_from_db()
    assert (draw.entered, draw.digest) == (2, draws.digest_of(draws.numbers_of(draw)))
    left = DrawEntry.objects.filter(pk=draw.entries.listed().first().pk)
    out = gone | {"is_struck": True, "why_out": "Not a person"}
    assert refused(lambda: left.update(**out)) == "draw_frozen_entries_stay"
    draws.withdraw(left.get().pk, why="Not a person")
    assert (left.get().is_struck, left.get().why_out) == (False, "Not a person")
    later(draw, 4 * HOUR)
    assert draws.type_value(draw.pk, typed=LOTTO, by=somebody()).let_in == 2
    assert one.get().rank is None
    assert invariants.violations() == {}


def test_a_registration_is_open_for_an_hour_from_the_moment_everybody_sees_it(event):
    now = timezone.now()
    with pytest.raises(Invalid, match="for an hour"):
        draws.make(event=event, terms=terms(opens_at=now + HOUR))
    late = terms(opens_at=now - 24 * HOUR, closes_at=now + 59 * MINUTE)
    made = draws.make(event=event, terms=late)
    with pytest.raises(Invalid, match="less than an hour"):
        draws.open_registration(made.pk)
    one = Draw.objects.filter(pk=made.pk)
    assert refused(lambda: one.update(status="OPEN")) == "draw_is_open_for_an_hour"
    draw = open_draw(event, name="In time", opens_at=now - HOUR)
    assert draw.opens_at == draw.published_at > now
    one = Draw.objects.filter(pk=draw.pk)
    assert refused(lambda: one.update(published_at=now - HOUR)) == "draw_terms_stay"
    soon = open_draw(event, name="Soon", opens_at=now + 10 * MINUTE)
    assert soon.opens_at == now + 10 * MINUTE
