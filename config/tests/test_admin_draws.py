"""Draws in the back office: written, opened, frozen, drawn after a look, more let in, called off."""

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agencies.models import Agency, Membership
from config.tests import world
from config.tests.drawing import HOUR, LOTTO, drawn, frozen, later, open_draw, people
from config.tests.presaling import not_on_sale_yet
from config.tests.test_admin_presales import add as add_presale
from config.tests.test_admin_presales import errors, moment
from config.tests.world import address, of, problems, told
from core.models import AuditEntry
from customers import draws
from customers.models import BuyerList, Draw
from events.models import Event
from inventory.models import Presale

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("right_books")]


def written(event, **changed):
    now = timezone.now()
    return {
        "event": event.pk,
        "name": "First night",
        **moment("opens_at", now - HOUR),
        **moment("closes_at", now + 3 * HOUR),
        "places": "200",
        "reserve": "50",
        "source": "The six main numbers of the Belgian Lotto of 3 December",
        "source_kind": "NUMBERS",
        "source_count": "6",
        "source_highest": "45",
        **moment("source_at", now + 9 * HOUR),
        "source_url": "loterie.example/lotto",
        **changed,
    }


def twice(value, meant=""):
    """As it is typed: `meant` once it was looked at."""
    return {"value": value, "again": value, "meant": meant}


def add(client, event, **changed):
    return client.post(address("customers.draw", "add"), written(event, **changed))


def test_a_draw_is_written_looked_at_and_opened(mireille, event):
    answer = add(mireille, event)
    made = Draw.objects.get()
    assert told(mireille, answer["Location"]) == [
        "First night is a draft. Read it once more, then open it."
    ]
    assert (made.status, made.places, made.reserve) == ("DRAFT", 200, 50)
    assert made.source_url == "https://loterie.example/lotto"
    assert made.made_by.name == "Owner"
    assert (made.buyers.name, made.buyers.kind) == ("First night", "DRAWN")
    fields = written(event, name="Second night", places="100")
    fields.pop("event")
    mireille.post(of(made), fields)
    assert "Belgian Lotto" in mireille.get(of(made, "open_registration")).content.decode()
    assert Draw.objects.get().is_draft
    mireille.post(of(made, "open_registration"))
    made.refresh_from_db()
    assert (made.name, made.places, made.status) == ("Second night", 100, "OPEN")
    assert BuyerList.objects.get().name == "Second night"
    mireille.post(of(made), fields | {"name": "Third night"})
    made.refresh_from_db()
    assert made.name == "Second night"
    assert "Second night" in mireille.get(of(event)).content.decode()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": ""}, "required"),
        ({"places": "0"}, "greater than or equal to 1"),
        ({"source": ""}, "required"),
        ({"source_count": "4"}, "greater than or equal to 5"),
        ({"source_count": ""}, "Say how many numbers"),
        ({"source_highest": ""}, "Say how many numbers"),
        ({"source_highest": "12"}, "greater than or equal to 30"),
        ({"source_kind": "BEACON"}, "Say how many numbers"),
        ({"source_url": "javascript:alert(1)"}, "valid URL"),
        (moment("closes_at", timezone.now() - 2 * HOUR), "closes after it has opened"),
        (moment("source_at", timezone.now() + 3 * HOUR), "an hour after the registration closes"),
        (moment("source_at", timezone.now() + 9999 * HOUR), "before the event begins"),
    ],
)
def test_what_cannot_be_is_refused_beside_what_was_typed(mireille, event, changed, words):
    answer = add(mireille, event, **changed)
    assert any(words in problem for problem in errors(answer)), errors(answer)
    assert not Draw.objects.exists()


@pytest.mark.parametrize("status", ["CANCELLED", "COMPLETED"])
def test_only_an_event_that_can_still_be_sold_is_offered(mireille, event, status):
    assert f'value="{event.pk}"' in mireille.get(address("customers.draw", "add")).content.decode()
    Event.objects.filter(pk=event.pk).update(status="ON_SALE")
    Event.objects.filter(pk=event.pk).update(status=status)
    form = mireille.get(address("customers.draw", "add")).content.decode()
    assert f'value="{event.pk}"' not in form
    assert "not one of the available choices" in errors(add(mireille, event))[0]


def test_a_name_that_a_list_has_is_refused_on_the_form(mireille, event):
    BuyerList.objects.create(name="First night")
    assert "call the draw otherwise" in errors(add(mireille, event))[0]


def test_staff_freeze_look_at_what_follows_and_draw(mireille, event):
    draw = open_draw(event, *people(9), places=4)
    page = mireille.get(of(draw)).content.decode()
    assert "fan3@post.example" in page
    assert "Registration open" in page
    for early in ("freeze", "type_value", "let_in"):
        answer = mireille.post(of(draw, early), {"value": LOTTO, "count": 1, "after": 0})
        assert "not possible now" in told(mireille, answer["Location"])[-1]
    later(draw, 2 * HOUR)
    mireille.post(of(draw, "freeze"))
    draw.refresh_from_db()
    assert draw.digest in mireille.get(of(draw)).content.decode()
    later(draw, 4 * HOUR)
    assert problems(mireille.post(of(draw, "type_value"), twice("3 11")))
    looked = mireille.post(of(draw, "type_value"), twice("41 40 22 17 11 03"))
    words = looked.content.decode()
    assert f"Is this the value? {LOTTO}" in words
    assert "4 buyers are drawn at once" in words
    order = draws.order_of(LOTTO, draws.numbers_of(draw))
    assert [words.index(number) for number in order] == sorted(map(words.index, order))
    draw.refresh_from_db()
    assert (draw.status, draw.value) == ("FROZEN", "")
    other = twice("1 2 3 4 5 6", LOTTO)  # changed since it was looked at
    assert (
        "Is this the value? 1 2 3" in mireille.post(of(draw, "type_value"), other).content.decode()
    )
    answer = mireille.post(of(draw, "type_value"), twice(LOTTO, LOTTO))
    assert told(mireille, answer["Location"]) == ["4 buyers are drawn of 9. All are mailed."]
    draw.refresh_from_db()
    assert (draw.status, draw.let_in, draw.typed_by.name) == ("DRAWN", 4, "Owner")
    assert draws.drawn_of(draw) == order
    trail = AuditEntry.objects.filter(table="customers_draw", row_id=str(draw.pk))
    assert f"user:{draw.typed_by_id}" in trail.values_list("actor", flat=True)
    again = mireille.post(of(draw, "type_value"), twice(LOTTO, LOTTO))
    assert "not possible now" in told(mireille, again["Location"])[-1]
    assert mireille.get(reverse("draw", args=[draw.pk])).status_code == 200
    page = mireille.get(of(draw)).content.decode()
    story = (
        "Registration announced",
        "List frozen, 9 entries",
        f"{LOTTO} typed",
        "4 entries let in",
    )
    assert not [each for each in story if each not in page]
    assert "needs second" not in page


def test_a_value_is_typed_twice_and_what_the_lottery_cannot_draw_is_refused(mireille, event):
    draw = frozen(event, *people(3))
    slip = "3 11 17 22 40 410"
    for typed, said in (
        ({"value": LOTTO}, "required"),
        ({"value": LOTTO, "again": "3 11 17 22 40 42"}, "and then 3 11 17 22 40 42"),
        (twice(slip, slip), "highest number is 45, not 410"),
    ):
        answer = mireille.post(of(draw, "type_value"), typed | {"meant": LOTTO})
        assert said in str(answer.context["form"].errors)
    draw.refresh_from_db()
    assert draw.status == "FROZEN"
    mireille.post(of(draw, "type_value"), {**twice(LOTTO, LOTTO), "again": "41 40 22 17 11 03"})
    draw.refresh_from_db()
    assert draw.is_drawn
    answer = mireille.post(of(draw, "call_off"), {"why": "Mistyped"})
    assert told(mireille, answer["Location"])[-1] == "First night is called off."
    assert "Mistyped" in mireille.get(of(draw)).content.decode()


def test_a_second_person_confirms_where_the_agency_has_approvals(mireille, agency, event):
    omar = world.staff(agency, "PURCHASING")
    Agency.objects.filter(pk=agency.pk).update(approval_above=1000)
    second = world.client_of(omar, agency)
    draw = frozen(event, *people(5))
    mireille_is = Membership.objects.exclude(user=omar).get().user
    looked = mireille.post(of(draw, "type_value"), twice("1 2 3 4 5 6")).content.decode()
    assert "Somebody else has to confirm it" in looked
    mireille.post(of(draw, "type_value"), twice("1 2 3 4 5 6", "1 2 3 4 5 6"))
    page = mireille.get(of(draw)).content.decode()
    assert f"{mireille_is} has typed a value" in page
    assert "Confirm the value" not in page
    own = mireille.post(of(draw, "confirm_value"), {"value": "1 2 3 4 5 6"})
    assert problems(own) == ["You have typed it: somebody else confirms it."]
    assert "Confirm the value" in second.get(of(draw)).content.decode()
    wrong = second.post(of(draw, "confirm_value"), {"value": LOTTO})
    assert "one of you is wrong" in problems(wrong)[0]
    second.post(of(draw, "refuse_value"))
    mireille.post(of(draw, "type_value"), twice(LOTTO, LOTTO))
    second.post(of(draw, "confirm_value"), {"value": LOTTO})
    draw.refresh_from_db()
    assert (draw.status, draw.value, draw.confirmed_by) == ("DRAWN", LOTTO, omar)


def test_more_are_let_in_in_their_order_and_by_one_of_two_who_do_it(mireille, event):
    draw = drawn(event, *people(9), places=2, reserve=4)
    shown = mireille.get(of(draw, "let_in")).content.decode()
    assert 'name="after" value="2"' in shown
    assert "4 at most" in shown
    answer = mireille.post(of(draw, "let_in"), {"count": "3", "after": "2"})
    assert told(mireille, answer["Location"]) == ["Places 3 to 5 are in, and are mailed."]
    late = mireille.post(of(draw, "let_in"), {"count": "1", "after": "2"})
    assert "meanwhile" in problems(late)[0]
    too_many = mireille.post(of(draw, "let_in"), {"count": "2", "after": "5"})
    assert problems(too_many) == ["1 more can be let in, not 2."]
    draw.refresh_from_db()
    assert draw.let_in == 5
    assert "3 to 5" in mireille.get(of(draw)).content.decode()


def test_its_list_is_given_to_a_presale_like_any_other_and_nobody_writes_on_it(mireille, event):
    draw = drawn(not_on_sale_yet(event, 48 * HOUR), *people(3))
    add_presale(mireille, event, lists=[draw.buyers_id])
    made = Presale.objects.get()
    assert made.lists == [draw.buyers_id]
    [lists] = [
        panel for panel in mireille.get(of(made)).context["panels"] if panel.title == "Lists"
    ]
    assert lists.table.rows[0][1:] == ["Drawn", "2"]
    page = mireille.get(of(draw.buyers)).content.decode()
    assert "Import addresses" not in page
    mireille.post(of(draw.buyers), {"name": "Mine", "kind": "INVITED"})
    draw.buyers.refresh_from_db()
    assert (draw.buyers.name, draw.buyers.kind) == ("First night", "DRAWN")
    by_hand = mireille.post(address("customers.buyerlist", "add"), {"name": "X", "kind": "DRAWN"})
    assert "not one of the available choices" in errors(by_hand)[0]


def test_entries_are_filtered_exported_and_withdrawn_on_request(mireille, event):
    draw = drawn(event, *people(6), places=2)
    listed = address("customers.drawentry")

    def shown(became):
        answer = mireille.get(listed, {"draw__id__exact": draw.pk, "became": became})
        return [entry.rank for entry in answer.context["cl"].result_list]

    assert (shown("in"), shown("reserve"), shown("gone")) == ([1, 2], [3, 4, 5, 6], [])
    entry = draw.entries.get(rank=2)
    assert errors_of(mireille.post(of(entry, "withdraw"), {"why": ""}))
    answer = mireille.post(of(entry, "withdraw"), {"why": "He asks for it"})
    assert told(mireille, answer["Location"]) == [f"{entry.number} is taken out, and he is mailed."]
    assert (shown("in"), shown("gone")) == ([1], [2])
    assert "He asks for it" in mireille.get(of(entry)).content.decode()
    again = mireille.post(of(entry, "withdraw"), {"why": "Again"})
    assert "not possible now" in told(mireille, again["Location"])[-1]
    file = mireille.post(f"{address('customers.drawentry', 'export')}", {"format": "0"})
    rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert [row["Place"] for row in rows] == list("123456")
    assert rows[1]["E-mail"] == ""
    assert rows[0]["E-mail"] == draw.entries.get(rank=1).email


def test_what_was_not_frozen_in_time_is_said_and_called_off(mireille, event):
    draw = later(open_draw(event, *people(3)), 7 * HOUR)
    page = mireille.get(of(draw)).content.decode()
    assert "Not frozen in time" in page
    assert "it never can be" in page
    assert errors_of(mireille.post(of(draw, "call_off"), {"why": ""}))
    mireille.post(of(draw, "call_off"), {"why": "Frozen too late"})
    draw.refresh_from_db()
    assert (draw.status, draw.why_off) == ("CALLED_OFF", "Frozen too late")


def errors_of(answer):
    return answer.context["form"].errors


@pytest.mark.parametrize(
    ("role", "may"), [("OWNER", 302), ("PURCHASING", 302), ("BOX_OFFICE", 403), ("FINANCE", 403)]
)
def test_who_may_lead_presales_may_lead_draws(agency, event, role, may):
    client = world.client_of(world.staff(agency, role), agency)
    draw = frozen(event, *people(3))
    assert client.post(of(draw, "type_value"), twice(LOTTO, LOTTO)).status_code == may
    draw.refresh_from_db()
    assert draw.is_drawn == (may == 302)
    page = client.get(of(draw))
    assert page.status_code == 200
    assert ("fan1@post.example" in page.content.decode()) == (may == 302)
    assert client.get(address("customers.drawentry")).status_code == (200 if may == 302 else 403)


def test_the_desk_names_what_waits_and_for_whom(mireille, agency, event):
    Agency.objects.filter(pk=agency.pk).update(approval_above=1000)
    second = world.client_of(world.staff(agency, "PURCHASING"), agency)
    looker_on = world.client_of(world.staff(agency, "BOX_OFFICE"), agency)

    def waits(client):
        part = client.get(reverse("admin:index")).context["desk"].get("draws")
        return part and [(row.draw.name, row.words) for row in part.rows]

    draw = open_draw(event, *people(3))
    assert not waits(mireille)
    later(draw, 2 * HOUR)
    assert waits(mireille) == [("First night", "Freeze the list")]
    draws.freeze(draw.pk)
    draw.refresh_from_db()
    assert not waits(mireille)
    later(draw, 4 * HOUR)
    assert waits(mireille) == [("First night", "Type the value")]
    mireille.post(of(draw, "type_value"), twice(LOTTO, LOTTO))
    assert not waits(mireille)
    assert waits(second) == [("First night", "Confirm the value")]
    assert (
        f'href="{of(draw, "confirm_value")}"' in second.get(reverse("admin:index")).content.decode()
    )
    assert waits(looker_on) is None
    second.post(of(draw, "confirm_value"), {"value": LOTTO})
    late = later(open_draw(event, name="Late"), 7 * HOUR)
    assert waits(second) == [(late.name, "Not frozen in time")]


def test_the_list_of_draws_asks_no_more_for_more_of_them(mireille, event):
    def asked():
        with CaptureQueriesContext(connection) as captured:
            page = mireille.get(address("customers.draw"))
        return len(captured), page.content.decode()

    open_draw(event, *people(3))
    asked()
    few, shown = asked()
    assert ">3<" in shown
    for number in range(4):
        open_draw(event, *people(2), name=f"Night {number}")
    asked()  # remembers what the agency is
    assert asked()[0] == few
