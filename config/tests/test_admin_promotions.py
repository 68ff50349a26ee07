"""Promotions in the back office: written, given codes, activated, changed, looked at."""

import csv
import io
from decimal import Decimal

import pytest

from config.tests import world
from config.tests.world import address, of, told
from core import outbox
from promotions.models import Code, CodeBatch, Promotion
from promotions.services import keep, name_code
from promotions.tests.factories import applied, euros, promotion, running, tickets, used

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("right_books")]
NEW = {
    "name": "Spring",
    "type": "PERCENTAGE_DISCOUNT",
    "percent": "12,5",
    "per": "BOOKING",
    "currency": "eur",
    "min_amount": "0",
    "min_tickets": "1",
    "priority": "10",
}


def add(client, **changed):
    return client.post(address("promotions.promotion", "add"), NEW | changed)


def change(client, thing, **fields):
    return client.post(of(thing), fields)


def errors(answer):
    return dict(answer.context["adminform"].form.errors.items())


def test_a_promotion_is_written_given_a_code_and_activated(mireille, event):
    level = event.levels.first()
    add(mireille, kinds=["CONCERT"], levels=[level.pk], channels=["WEB"], usage_limit="5")
    spring = Promotion.objects.get()
    assert (spring.percent, spring.kinds, spring.levels, spring.status) == (
        Decimal("12.50"),
        ["CONCERT"],
        [level.pk],
        "DRAFT",
    )
    mireille.post(of(spring, "add_code"), {"text": "Spring 27", "usage_limit": ""})
    page = mireille.get(of(spring, "activate")).content.decode()
    assert "12.5 % off" in page
    assert str(level) in page
    assert "Spring 27" in page
    mireille.post(of(spring, "activate"))
    assert applied("SPRING-27", items=tickets("80.00", level_id=level.pk)).discount == euros(
        "10.00"
    )


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"percent": ""}, "percent"),
        ({"percent": "120"}, "percent"),
        ({"percent": "-5"}, "percent"),
        ({"type": "FIXED_DISCOUNT", "amount": ""}, "amount"),
        ({"type": "FIXED_DISCOUNT", "amount": "10.001"}, "amount"),
        ({"type": "BUY_ONE_GET_ONE", "buy": "2", "get": "0"}, "get"),
        ({"max_discount": "-1"}, "max_discount"),
        ({"min_tickets": "0"}, "min_tickets"),
        ({"usage_limit": "0"}, "usage_limit"),
        ({"usage_limit_per_customer": "0"}, "usage_limit_per_customer"),
        ({"currency": "€"}, "currency"),
        ({"events": ["01a1fc84-0000-7000-8000-000000000001"]}, "events"),
        ({"name": ""}, "name"),
    ],
)
def test_terms_that_make_no_sense_are_refused_beside_their_field(mireille, changed, field):
    assert field in errors(add(mireille, **changed))
    assert not Promotion.objects.exists()


def test_what_a_type_does_not_ask_for_is_left_empty(mireille):
    add(mireille, type="FIXED_DISCOUNT", amount="5", buy="3")
    made = Promotion.objects.get()
    assert (made.percent, made.buy, made.amount) == (None, None, 5)


def test_a_second_promotion_of_a_name_is_refused_in_words(mireille):
    add(mireille)
    assert "already a promotion with this name" in str(errors(add(mireille)))


def test_once_its_events_are_known_only_their_levels_are_offered(mireille, event):
    other = world.draft_event(event.layout, title="Another night")
    add(mireille, events=[event.pk])
    page = mireille.get(of(Promotion.objects.get())).content.decode()
    assert f'value="{event.levels.first().pk}"' in page
    assert f'value="{other.levels.first().pk}"' not in page


def test_terms_are_final_once_active_and_limits_are_not(mireille):
    made = running(usage_limit=5)
    keep(used("EARLY"))
    used("EARLY")
    change(mireille, made, name="Early birds", percent="90", usage_limit="2", taken="0")
    made.refresh_from_db()
    assert (made.name, made.percent, made.usage_limit, made.taken) == ("Early birds", 10, 2, 2)
    refused = change(mireille, made, name="Early birds", usage_limit="1")
    assert errors(refused) == {"usage_limit": ["2 are taken already."]}


def test_saving_a_page_that_was_open_for_long_forgets_no_use(mireille, monkeypatch):
    made = running(usage_limit=5)
    opened = Promotion.objects.get()
    used("EARLY")
    from promotions.admin import PromotionAdmin

    monkeypatch.setattr(PromotionAdmin, "get_object", lambda *args, **kwargs: _opened(opened))
    change(mireille, made, name="Renamed", usage_limit="6")
    made.refresh_from_db()
    assert (made.name, made.taken) == ("Renamed", 1)


def _opened(thing):
    for name in ("kept", "held", "tickets", "given", "waived"):
        setattr(thing, name, 0)
    return thing


def test_codes_are_drawn_by_a_worker_and_leave_as_csv(mireille):
    made = running()
    answer = mireille.post(
        of(made, "draw_codes"), {"count": "30", "prefix": "vip", "usage_limit": "1"}
    )
    waiting = mireille.get(answer["Location"]).content.decode()
    assert "Waiting for a worker" in waiting
    assert 'http-equiv="refresh"' in waiting
    outbox.deliver()
    batch = CodeBatch.objects.get()
    assert (batch.made, batch.made_by.email) == (30, "owner@parterre.example")
    done = mireille.get(answer["Location"])
    listed = done.context["listed"]
    assert 'http-equiv="refresh"' not in done.content.decode()
    assert mireille.get(listed).context["cl"].result_count == 30
    exported = mireille.post(
        f"{address('promotions.code', 'export')}?{listed.partition('?')[2]}",
        {"format": "0", "column_0": "on", "export_items": []},
    )
    rows = list(csv.DictReader(io.StringIO(exported.content.decode())))
    assert {row["Code"] for row in rows} == set(batch.codes.values_list("text", flat=True))
    assert all(row["Code"].startswith("VIP-") and row["Used"] == "0" for row in rows)


def test_a_code_that_exists_is_refused_with_what_was_typed(mireille):
    made = running("TWICE")
    answer = mireille.post(of(made, "add_code"), {"text": "twice"})
    assert world.problems(answer) == ["The code twice exists already."]
    assert answer.context["form"]["text"].value() == "twice"


def test_codes_are_filtered_by_use_and_closed(mireille):
    made = running("USED-ONE")
    name_code(promotion=made, text="NEVER-USED")
    used("USED-ONE")
    listed = address("promotions.code")
    for narrowed, text in (("never", "NEVER-USED"), ("some", "USED-ONE")):
        shown = mireille.get(f"{listed}?used={narrowed}").context["cl"].result_list
        assert [code.text for code in shown] == [text]
    code = Code.objects.get(text="NEVER-USED")
    mireille.post(of(code, "close"))
    assert applied("NEVER-USED").refused[0].why == "unknown"


def test_a_promotion_is_paused_copied_and_ended(mireille):
    made = running()
    for step, state in (("pause", "PAUSED"), ("activate", "ACTIVE"), ("end", "ENDED")):
        mireille.post(of(made, step))
        made.refresh_from_db()
        assert made.status == state
    assert "not possible now" in told(mireille, mireille.post(of(made, "activate"))["Location"])[-1]
    page = mireille.get(of(made)).content.decode()
    story = ("Paused: its codes give nothing", "Goes on: its codes count", "Ended for good")
    assert not [each for each in story if each not in page]
    mireille.post(of(made, "copy"))
    assert Promotion.objects.get(status="DRAFT").name == "With EARLY (2)"


def test_uses_say_whose_and_how_much(mireille):
    made = running()
    used("EARLY", items=tickets("40.00", "20.00"))
    page = mireille.get(address("promotions.use")).content.decode()
    assert "€6.00" in page
    event = world.event_on_sale(world.venue()[1])
    world.received_order(event)
    booking = world.sold_booking(event, [0], codes=["EARLY"])
    for listed in (address("promotions.use"), of(made)):
        assert f'change/">{booking.number}</a>' in mireille.get(listed).content.decode()


def test_finance_sees_uses_but_no_code_that_could_be_spent(agency):
    finance = world.client_of(world.staff(agency, "FINANCE"), agency)
    made = promotion()
    name_code(promotion=made, text="PRECIOUS")
    assert "PRECIOUS" not in finance.get(of(made)).content.decode()
    assert finance.get(address("promotions.code")).status_code == 403
    assert finance.get(of(made, "draw_codes")).status_code == 403
