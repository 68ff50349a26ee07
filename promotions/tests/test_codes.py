"""What a code takes off, and why it does not, in words that tell nothing else."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.errors import Invalid
from core.status import WrongState
from core.tenancy import acting_for
from promotions.codes import customer_of, drawn, spelled
from promotions.models import Code, CodeBatch, Promotion
from promotions.refusals import Why
from promotions.services import (
    Context,
    activate,
    ask_for_codes,
    close_code,
    coding,
    end,
    make_codes,
    name_code,
    pause,
)
from promotions.services.coding import CodeTaken
from promotions.tests import factories
from promotions.tests.factories import (
    CIRCLE,
    NIGHT,
    STALLS,
    applied,
    euros,
    in_days,
    promotion,
    running,
    tickets,
    used,
)

pytestmark = pytest.mark.django_db


def why(*codes, **words):
    """Why the codes take nothing off."""
    return [refused.why for refused in applied(*codes, **words).refused]


def test_a_code_takes_something_off(agency):
    running()
    found = applied("early", items=tickets("40.00", "30.00"))
    assert found.discounts == [euros("4.00"), euros("3.00")]
    assert found.discount == euros("7.00")
    assert [part.code.text for part in found.parts] == ["EARLY"]
    assert found.refused == []


@pytest.mark.parametrize(
    "typed", ["spring 2027", "Spring-2027", " SPRING–2027 ", "ｓｐｒｉｎｇ２０２７"]
)
def test_a_code_may_be_written_as_people_write(agency, typed):
    running("SPRING-2027")
    assert applied(typed).discount == euros("4.00")


HOSTILE = [
    *("", " ", "---", "\0", "EARLY\0", "EARLY' OR '1'='1", "EARLY%", "EARLY_X%", "E" * 41),
    *("E" * 1_000_000, "\ud800", "EARLY\n", "𝔈𝔄𝔯𝔩𝔶🎟", "../EARLY", "{{EARLY}}", "EARLY;--"),
]


@pytest.mark.parametrize("typed", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_codes_are_codes_that_do_not_exist(agency, typed):
    running()
    assert why(typed) == [Why.UNKNOWN]


def test_letters_that_only_look_alike_are_other_letters(agency):
    running("PACE")
    assert why("РАСЕ") == [Why.UNKNOWN]  # Cyrillic


def test_an_unknown_code_is_answered_like_a_foreign_a_drafted_and_a_closed_one(agency):
    name_code(promotion=promotion(), text="SECRET-DRAFT")
    closed = running("CLOSED").codes.get()
    close_code(closed.pk)
    with acting_for(factories.agency("rival").pk):
        running("THEIRS")
    answers = []
    for typed in ("NOBODYS", "THEIRS", "SECRET-DRAFT", "CLOSED"):
        with CaptureQueriesContext(connection) as asked:
            found = applied(typed)
        [refused] = found.refused
        answers.append((refused.why, refused.says, len(asked), found.parts, found.discounts))
    assert answers == [(Why.UNKNOWN, "There is no such code.", 1, [], [euros(0)])] * 4


def test_the_same_code_may_be_of_two_agencies(agency):
    running("SUMMER", percent=Decimal(10))
    with acting_for(factories.agency("rival").pk):
        running("SUMMER", percent=Decimal(20))
        assert applied("SUMMER").discount == euros("8.00")
    assert applied("SUMMER").discount == euros("4.00")


def test_a_code_that_expired_is_not_yet_valid_or_rests_says_so(agency):
    over = running("OVER")
    Promotion.objects.filter(pk=over.pk).update(ends_at=in_days(-1))
    running("SOON", starts_at=in_days(1))
    pause(running("RESTS").pk)
    end(running("ENDED").pk)
    assert why("OVER", "SOON", "RESTS", "ENDED") == [
        Why.EXPIRED,
        Why.NOT_YET,
        Why.RESTS,
        Why.EXPIRED,
    ]


def test_a_code_is_for_its_events_kinds_levels_and_channels(agency):
    running("CIRCLE", levels=[CIRCLE])
    running("PLAYS", kinds=["THEATER"])
    running("OTHER", events=[CIRCLE])
    running("DESK", channels=["BOX_OFFICE"])
    assert why("CIRCLE", "PLAYS", "OTHER", "DESK") == [Why.NOT_FOR_THESE] * 4
    running("ALL-FIT", levels=[STALLS], kinds=["CONCERT"], events=[NIGHT], channels=["WEB"])
    assert applied("ALL-FIT").discount == euros("4.00")


def test_a_minimum_counts_what_it_is_good_for_at_list_prices(agency):
    running("THREE", min_tickets=3)
    running("HUNDRED", min_amount=Decimal(100), levels=[STALLS])
    items = tickets("60.00") + tickets("60.00", level_id=CIRCLE)
    told = [
        (refused.why, refused.says) for refused in applied("THREE", "HUNDRED", items=items).refused
    ]
    assert told == [
        (Why.MINIMUM, "This code is for 3 tickets or more that it is valid for."),
        (Why.MINIMUM, "This code is for tickets worth €100.00 or more that it is valid for."),
    ]
    assert applied("HUNDRED", items=tickets("60.00", "40.00")).discount == euros("10.00")


def test_a_code_that_was_used_up_says_so_and_an_own_limit_too(agency):
    running("ONCE", usage_limit=1)
    running("SINGLE", code_limit=1)
    running("EACH", usage_limit_per_customer=1)
    used("ONCE")
    used("SINGLE")
    used("EACH", email="noor@post.example")
    noor = Context("EUR", "WEB", email="Noor+again@post.example ")
    ines = Context("EUR", "WEB", email="ines@post.example")
    assert why("ONCE", "SINGLE", "EACH", context=noor) == [
        Why.USED_UP,
        Why.USED_UP,
        Why.USED_BY_YOU,
    ]
    assert applied("EACH", context=ines).discount == euros("4.00")


def test_codes_go_together_only_if_their_promotions_do(agency):
    running("TENOFF", is_stackable=True)
    running("FIVE", percent=Decimal(5), is_stackable=True)
    running("HALF", percent=Decimal(50))
    both = applied("TENOFF", "FIVE")
    assert both.discount == euros("5.80")
    found = applied("TENOFF", "FIVE", "HALF")
    assert found.discount == euros("20.00")
    assert [(r.code, r.why) for r in found.refused] == [
        ("TENOFF", Why.NOT_TOGETHER),
        ("FIVE", Why.NOT_TOGETHER),
    ]


def test_a_promotion_counts_once_however_many_of_its_codes_are_typed(agency):
    made = running("FIRST")
    name_code(promotion=made, text="SECOND")
    found = applied("FIRST", "second", "FIRST")
    assert found.discount == euros("4.00")
    assert [(r.code, r.why) for r in found.refused] == [("second", Why.TWICE)]


def test_booking_fees_are_waived_if_there_are_any(agency):
    running("NOFEES", type="FREE_SHIPPING")
    assert why("NOFEES") == [Why.NOTHING_LEFT]
    found = applied("NOFEES", context=Context("EUR", "WEB", waivable=euros("2.50")))
    assert (found.waived, found.discount) == (euros("2.50"), euros(0))


def test_more_codes_than_a_booking_takes_are_not_even_looked_up(agency):
    codes = [f"GUESS-{n}" for n in range(100)]
    with CaptureQueriesContext(connection) as asked:
        told = why(*codes)
    assert told == [Why.TOO_MANY] * 95 + [Why.UNKNOWN] * 5
    assert len(asked) == 1


# Making codes


def test_a_code_is_unique_in_its_agency_however_it_is_written(agency):
    made = promotion()
    name_code(promotion=made, text="Early Bird")
    with pytest.raises(CodeTaken, match="EARLY-BIRD exists already"):
        name_code(promotion=promotion("Another"), text="EARLY-BIRD")


@pytest.mark.parametrize("text", ["ABC", "A-B-C", "x" * 41, "CODE!", "", "NU\0LL", "<b>BOLD</b>"])
def test_what_nobody_could_type_is_no_code(agency, text):
    with pytest.raises(Invalid):
        name_code(promotion=promotion(), text=text)
    assert not Code.objects.exists()


def test_unique_codes_are_made_in_the_background_and_each_works_once(agency):
    made = activate(promotion().pk)
    batch = ask_for_codes(promotion=made, count=12, prefix="NIGHT")
    assert (batch.made, Code.objects.count()) == (0, 0)
    make_codes(batch.pk)
    batch.refresh_from_db()
    assert batch.is_done
    codes = list(Code.objects.values_list("text", flat=True))
    assert len({spelled(code) for code in codes}) == 12
    assert all(code.startswith("NIGHT-") and len(code) == 20 for code in codes)
    used(codes[0])
    assert why(codes[0]) == [Why.USED_UP]
    assert applied(codes[1]).discount == euros("4.00")


def test_who_takes_over_from_a_worker_that_died_goes_on_where_he_was(agency, monkeypatch):
    monkeypatch.setattr(coding, "AT_ONCE", 5)
    batch = ask_for_codes(promotion=promotion(), count=12)
    assert coding._some_more(batch.pk)
    assert CodeBatch.objects.get().made == 5
    make_codes(batch.pk)
    make_codes(batch.pk)
    assert CodeBatch.objects.get().made == Code.objects.count() == 12


def test_a_code_that_was_drawn_before_is_drawn_again(agency, monkeypatch):
    drawings = iter(["SAME-SAME", "SAME-SAME", "OTHER-ONE"])
    monkeypatch.setattr(coding, "drawn", lambda prefix: next(drawings))
    make_codes(ask_for_codes(promotion=promotion(), count=2).pk)
    assert set(Code.objects.values_list("text", flat=True)) == {"SAME-SAME", "OTHER-ONE"}


@pytest.mark.parametrize(("count", "prefix"), [(0, ""), (100_001, ""), (1, "lower"), (1, "A" * 13)])
def test_codes_are_asked_for_within_reason(agency, count, prefix):
    with pytest.raises(Invalid):
        ask_for_codes(promotion=promotion(), count=count, prefix=prefix)


def test_what_has_ended_gets_no_codes(agency):
    made = end(promotion().pk)
    with pytest.raises(WrongState):
        ask_for_codes(promotion=made, count=1)
    with pytest.raises(WrongState):
        name_code(promotion=made, text="LATE")


def test_drawn_codes_have_57_bits_and_no_lookalikes():
    codes = {drawn("") for _ in range(1000)}
    assert len(codes) == 1000
    assert not set("".join(codes)) & set("01AEIOULY")
    assert {len(code) for code in codes} == {14}


def test_a_buyer_is_known_by_his_mailbox(agency):
    assert customer_of("Noor@Post.example ") == customer_of("noor+sale@post.example") != ""
    assert customer_of("noor@post.example") != customer_of("nour@post.example")
    assert customer_of("") == ""
    here = customer_of("noor@post.example")
    with acting_for(factories.agency("rival").pk):
        assert customer_of("noor@post.example") != here


def test_the_look_up_uses_the_index_of_digests(agency):
    made = activate(promotion().pk)
    make_codes(ask_for_codes(promotion=made, count=3000).pk)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE promotions_code")
        cursor.execute("EXPLAIN SELECT * FROM promotions_code WHERE digest IN ('a', 'b')")
        plan = "\n".join(row[0] for row in cursor)
    assert "one_code_per_text" in plan
    assert "Seq Scan" not in plan
