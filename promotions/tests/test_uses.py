"""Uses count from the moment they are held, and limits are kept by the database."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from core.ids import uuid7
from core.locks import database_now
from core.status import WrongState
from core.tenancy import acting_for
from promotions import tasks
from promotions.models import Code, Promotion, Use
from promotions.queries import standing
from promotions.refusals import Why
from promotions.services import (
    NotRedeemed,
    activate,
    copy_of,
    end,
    give_back,
    keep,
    name_buyer,
    name_code,
    pause,
    redeem,
    renew,
)
from promotions.tests import factories
from promotions.tests.factories import (
    applied,
    euros,
    in_days,
    promotion,
    running,
    tickets,
    used,
)

pytestmark = pytest.mark.django_db


def taken():
    return Promotion.objects.get().taken


def status_of(reference):
    return Use.objects.get(reference=reference).status


def in_minutes(minutes):
    return database_now() + timedelta(minutes=minutes)


def why(code):
    return [refused.why for refused in applied(code).refused]


def test_a_use_is_held_kept_and_given_back(agency):
    running(usage_limit=2)
    booking = used("EARLY", items=tickets("33.33", "33.33"))
    use = Use.objects.get(reference=booking)
    assert (use.status, use.discount, use.amounts) == (
        "HELD",
        Decimal("6.670"),
        [Decimal("3.340"), Decimal("3.330")],
    )
    assert taken() == 1
    assert keep(booking)
    assert (status_of(booking), taken()) == ("KEPT", 1)
    assert give_back(booking) == 1
    assert (status_of(booking), taken()) == ("RETURNED", 0)


def test_everything_may_be_said_twice(agency):
    running(usage_limit=1)
    booking = used("EARLY")
    assert [keep(booking), keep(booking)] == [True, True]
    assert [give_back(booking), give_back(booking)] == [1, 0]
    assert taken() == 0


def test_a_booking_without_codes_has_nothing_to_keep(agency):
    booking = uuid7()
    assert redeem(applied(), reference=booking, until=in_minutes(1)) == []
    assert (keep(booking), renew(booking, in_minutes(5)), give_back(booking)) == (True, True, 0)


def test_a_booking_uses_a_promotion_once(agency):
    running()
    booking = used("EARLY")
    with pytest.raises(IntegrityError), transaction.atomic():
        used("EARLY", reference=booking)


def test_what_was_promised_but_taken_meanwhile_is_not_redeemed(agency):
    running(usage_limit=1)
    promised = applied("EARLY")
    used("EARLY")
    late = uuid7()
    with pytest.raises(NotRedeemed) as refused:
        redeem(promised, reference=late, until=in_minutes(15))
    assert "last use" in refused.value.message
    assert not Use.objects.filter(reference=late).exists()
    assert taken() == 1


def test_what_was_paused_meanwhile_is_not_redeemed(agency):
    made = running()
    promised = applied("EARLY")
    pause(made.pk)
    with pytest.raises(NotRedeemed, match="over"):
        redeem(promised, reference=uuid7(), until=in_minutes(15))


def test_of_several_all_are_redeemed_or_none(agency):
    running("FREE-FOR-ALL", is_stackable=True)
    running("ONLY-ONE", is_stackable=True, usage_limit=1)
    promised = applied("FREE-FOR-ALL", "ONLY-ONE")
    used("ONLY-ONE")
    with pytest.raises(NotRedeemed):
        redeem(promised, reference=uuid7(), until=in_minutes(15))
    assert Use.objects.count() == 1


# Time


def test_a_lapsed_hold_stops_counting_without_any_job(agency):
    running(usage_limit=1)
    lapsed = used("EARLY", minutes=-1)
    assert why("EARLY") == []
    booking = used("EARLY")
    assert (status_of(lapsed), status_of(booking), taken()) == ("RETURNED", "HELD", 1)


def test_a_lapsed_hold_of_a_single_code_frees_it_alone(agency):
    made = running("FIRST", usage_limit=5, code_limit=1)
    name_code(promotion=made, text="SECOND", usage_limit=1)
    first, second = used("FIRST", minutes=-1), used("SECOND", minutes=-1)
    used("FIRST")
    assert (status_of(first), status_of(second)) == ("RETURNED", "HELD")
    assert (taken(), Code.objects.get(text="FIRST").taken) == (2, 1)


def test_a_lapsed_hold_of_a_buyer_leaves_him_his_use(agency):
    running(usage_limit_per_customer=1)
    lapsed = used("EARLY", minutes=-1, email="noor@post.example")
    booking = used("EARLY", email="noor@post.example")
    assert keep(booking)
    assert not keep(lapsed)  # his late money comes after he used it otherwise
    assert (status_of(lapsed), status_of(booking)) == ("HELD", "KEPT")


def test_who_pays_late_keeps_a_use_that_nobody_took(agency):
    running(usage_limit=1)
    late = used("EARLY", minutes=-1)
    tasks.give_back_lapsed()
    assert (status_of(late), taken()) == ("RETURNED", 0)
    assert keep(late)
    assert (status_of(late), taken()) == ("KEPT", 1)


def test_who_pays_late_does_not_keep_a_use_that_another_has(agency):
    running(usage_limit=1)
    late = used("EARLY", minutes=-1)
    booking = used("EARLY")
    assert not keep(late)
    assert keep(booking)
    assert (status_of(late), taken()) == ("RETURNED", 1)


def test_late_money_is_not_refused_because_the_promotion_has_ended(agency):
    made = running()
    booking = used("EARLY")
    end(made.pk)
    assert keep(booking)


def test_the_job_tidies_what_time_has_decided(agency):
    running(usage_limit=5)
    lapsed, booking = used("EARLY", minutes=-1), used("EARLY")
    assert tasks.give_back_lapsed() == 1
    assert (status_of(lapsed), status_of(booking), taken()) == ("RETURNED", "HELD", 1)


def test_a_renewed_hold_counts_longer(agency):
    running(usage_limit=1)
    booking = used("EARLY", minutes=1)
    assert renew(booking, in_minutes(20))
    assert Use.objects.get().held_until > in_minutes(15)
    give_back(booking)
    assert not renew(booking, in_minutes(20))


# Buyers


def test_a_buyer_is_counted_from_when_he_says_who_he_is(agency):
    running(usage_limit_per_customer=1)
    first, second = used("EARLY"), used("EARLY")
    name_buyer(first, "noor@post.example")
    with pytest.raises(NotRedeemed, match="as often as one may"):
        name_buyer(second, "NOOR+2@post.example")
    assert Use.objects.get(reference=second).customer == ""
    name_buyer(second, "ines@post.example")
    name_buyer(second, "ines@post.example")
    assert keep(first)
    assert keep(second)


def test_a_use_limited_for_each_buyer_is_not_kept_for_nobody(agency):
    running(usage_limit_per_customer=1)
    booking = used("EARLY")
    assert not keep(booking)
    assert status_of(booking) == "HELD"


def test_a_use_that_was_given_back_leaves_the_buyer_another(agency):
    running(usage_limit_per_customer=1)
    give_back(used("EARLY", email="noor@post.example"))
    used("EARLY", email="noor@post.example")
    with pytest.raises(NotRedeemed):
        used("EARLY", email="noor@post.example")


# Limits that are set later


def test_a_limit_set_later_begins_with_the_uses_there_are(agency):
    made = running()
    for _ in range(3):
        used("EARLY")
    give_back(used("EARLY"))
    assert taken() == 0
    Promotion.objects.filter(pk=made.pk).update(usage_limit=4)
    assert taken() == 3
    used("EARLY")
    assert why("EARLY") == [Why.USED_UP]
    Promotion.objects.filter(pk=made.pk).update(usage_limit=None)
    assert taken() == 0
    used("EARLY")


def test_a_limit_never_falls_below_the_uses_there_are(agency):
    running(usage_limit=3)
    used("EARLY"), used("EARLY")
    with pytest.raises(IntegrityError), transaction.atomic():
        Promotion.objects.update(usage_limit=1)


# What the database refuses, whoever asks


REFUSED = [
    ("UPDATE promotions_use SET discount = 1, amounts = '{1}'", "never rewritten"),
    ("UPDATE promotions_use SET reference = gen_random_uuid()", "never rewritten"),
    ("DELETE FROM promotions_use", "only grows"),
    ("DELETE FROM promotions_code", "only grows"),
    ("UPDATE promotions_code SET text = 'OTHER'", "never becomes another"),
    ("UPDATE promotions_promotion SET percent = 90", "never change"),
    ("UPDATE promotions_promotion SET is_stackable = true", "never change"),
    ("UPDATE promotions_promotion SET status = 'DRAFT'", "Invalid transition"),
    ("UPDATE promotions_promotion SET taken = 6", "within_its_limit"),
    ("UPDATE promotions_use SET status = 'RETURNED'", "use_is_whole"),
]


@pytest.mark.parametrize(("change", "says"), REFUSED)
def test_the_database_refuses_what_the_services_never_do(agency, change, says):
    from django.db import connection

    running(usage_limit=5)
    used("EARLY")
    with (
        pytest.raises(DatabaseError, match=says),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change)


def test_amounts_that_do_not_add_up_are_refused(agency):
    made = running()
    words = {"promotion": made, "code": made.codes.get(), "reference": uuid7(), "currency": "EUR"}
    for amounts, discount in (([1, 2], 4), ([5, -1], 4)):
        with pytest.raises(IntegrityError, match="add up"), transaction.atomic():
            Use.objects.create(
                **words, held_until=in_minutes(5), tickets=2, amounts=amounts, discount=discount
            )


def test_no_use_is_written_past_the_limit_by_hand(agency):
    made = running(usage_limit=1)
    used("EARLY")
    with pytest.raises(IntegrityError, match="no use is left"), transaction.atomic():
        Use.objects.create(
            promotion=made,
            code=made.codes.get(),
            reference=uuid7(),
            held_until=in_minutes(5),
            tickets=1,
            amounts=[1],
            discount=1,
            currency="EUR",
        )


# The life of a promotion


@pytest.mark.parametrize(
    ("state", "allowed"),
    [
        ("DRAFT", {"ACTIVE", "ENDED"}),
        ("ACTIVE", {"PAUSED", "ENDED"}),
        ("PAUSED", {"ACTIVE", "ENDED"}),
        ("ENDED", set()),
    ],
)
def test_a_promotion_moves_only_as_its_table_says(agency, state, allowed):
    ways = {"ACTIVE": activate, "PAUSED": pause, "ENDED": end}
    for target, move in ways.items():
        made = promotion(f"{state} to {target}")
        if state != "DRAFT":
            activate(made.pk)
        if state in ("PAUSED", "ENDED"):
            ways[state](made.pk)
        if target in allowed:
            assert move(made.pk).status == target
        elif target != state:
            with pytest.raises(WrongState):
                move(made.pk)


def test_what_is_over_is_not_activated(agency):
    made = promotion(ends_at=in_days(-1))
    with pytest.raises(WrongState, match="ended before it began"):
        activate(made.pk)


def test_other_terms_are_another_promotion(agency):
    made = running(usage_limit=9)
    copy = copy_of(made.pk, by=None)
    again = copy_of(made.pk, by=None)
    assert (copy.name, again.name) == ("With EARLY (2)", "With EARLY (3)")
    assert (copy.status, copy.percent, copy.usage_limit, copy.taken) == ("DRAFT", 10, 9, 0)
    assert not copy.codes.exists()


def test_nobody_redeems_for_another_agency(agency):
    running()
    booking = used("EARLY")
    with acting_for(factories.agency("rival").pk):
        assert give_back(booking) == 0
        assert applied("EARLY").discount == euros(0)
    assert status_of(booking) == "HELD"


def test_how_a_promotion_stands(agency):
    running(usage_limit=9)
    keep(used("EARLY", items=tickets("40.00", "40.00")))
    used("EARLY")
    used("EARLY", minutes=-1)
    give_back(used("EARLY"))
    found = standing(Promotion.objects.all()).get()
    assert (found.kept, found.held, found.given, found.tickets) == (1, 1, Decimal(8), 2)
