"""Presales as buyers meet them on the pages and over the API: what one sees another does not."""

import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from bookings.models import Booking
from config.tests.presaling import HOUR, draft, listed, not_on_sale_yet, presale, set_aside
from core import outbox
from core.memory import Remembered
from core.models import OutboxMessage
from core.tenancy import acting_for
from events.models import Event
from inventory.presales import presale_of_key, view_key
from inventory.queries import seconds_to_next_lapse
from inventory.services import kept_changes, look
from promotions.models import PresaleVisit, Use
from promotions.presales import activate, choose_places, end
from promotions.services import name_code

pytestmark = pytest.mark.django_db
NOTHING = "This code opens nothing here now."


@pytest.fixture
def world(made_shop):
    Remembered.forget_everything()
    return made_shop


@pytest.fixture
def event(world):
    with acting_for(world["agency"]["id"]):
        yield not_on_sale_yet(Event.objects.select_related("venue", "layout").get())


@pytest.fixture
def fan():
    return Client()


@pytest.fixture
def stranger():
    return Client()


def page(event, rest=""):
    return f"/events/{event.slug}/{rest}"


def words(client, event, rest=""):
    Remembered.forget_everything()
    return client.get(page(event, rest)).content.decode()


def enters(client, event, code="fans"):
    return client.post(page(event, "presale/"), {"code": code})


def test_before_the_sale_only_who_has_a_code_sees_and_holds_seats(event, fan, stranger):
    presale(event, levels=[event.levels.get(name="Back").pk])
    for visitor in (fan, stranger):
        shown = words(visitor, event)
        assert "Presale code" in shown
        assert "On sale" in shown
        assert 'id="seatmap"' not in shown
    answer = enters(fan, event)
    assert answer.url == page(event, "#presale")
    shown = words(fan, event)
    assert "You are in: Fan club." in shown
    assert "200 seats left" in shown
    assert 'id="seatmap"' in shown
    assert 'id="seatmap"' not in words(stranger, event)
    assert "200" in words(fan, event, "seats/")
    assert len(re.findall('name="seat"', words(fan, event, "seats/1/"))) == 200
    assert fan.get(page(event, "seats/0/")).url == page(event, "seats/")
    assert "Full" not in words(fan, event)
    assert "Not in this presale" in words(fan, event)
    assert "Stalls" not in words(fan, event, "seats/")
    reserve = page(event, "reserve/")
    assert fan.post(reserve, {"seat": ["200", "201"]}).url.startswith("/checkout/")
    assert fan.post(reserve, {"quantity": "2", "together": "on"}).url.startswith("/checkout/")
    assert "refused=" in fan.post(reserve, {"seat": ["0"]}).url
    assert "refused=" in stranger.post(reserve, {"seat": ["202"]}).url
    assert Use.objects.count() == Booking.objects.count() == 2


def test_its_limit_of_tickets_is_said_and_offered_before_seats_are_chosen(event, fan):
    presale(event, tickets_each=2)
    enters(fan, event)
    shown = words(fan, event)
    assert "One person may buy 2 tickets in it." in shown
    assert 'data-max="2"' in shown
    assert re.findall(r'name="quantity" value="(\d+)"', shown) == ["1", "2"]
    assert "One person may buy 2 in this presale." in words(fan, event, "seats/0/")
    refused = fan.post(page(event, "reserve/"), {"seat": ["0", "1", "2"]}, follow=True)
    assert (
        "One booking holds 1 to 2 places of this event&#x27;s presale." in refused.content.decode()
    )
    assert Booking.objects.count() == 0


def test_what_a_presale_is_not_for_is_not_for_sale_on_its_map(event, fan, stranger):
    made = draft(event)
    choose_places(made.pk, [0, 1, 2, 3])
    activate(made.pk)
    through = look(event.pk, within=0, presale_id=made.pk).status
    assert through[:8] == bytes([0, 0, 0, 0, 2, 2, 2, 2])
    assert set(look(event.pk, within=0).status) == {0}
    Event.objects.filter(pk=event.pk).update(sale_starts_at=timezone.now() - HOUR)
    assert look(event.pk, within=0, presale_id=made.pk).status[7] == 0


def test_before_the_sale_a_running_presale_is_said_to_be_open(event, fan):
    for rest in ("", "seats/"):
        assert "Nothing can be kept before then." in words(fan, event, rest)
    presale(event)
    for rest in ("", "seats/"):
        shown = words(fan, event, rest)
        assert "On sale to all" in shown
        assert "A presale is open now: who may come in chooses seats before then." in shown
        assert "Nothing can be kept" not in shown


def test_the_files_of_the_map_are_his_who_comes_in_at_addresses_of_their_own(event, fan, stranger):
    Event.objects.update(sale_starts_at=timezone.now() - HOUR)
    set_aside(event, "A")
    presale(event, ends_at=timezone.now() + HOUR)
    enters(fan, event)
    his, theirs = (
        re.search('data-status="([^"]+)"', words(client, event))[1].replace("&amp;", "&")
        for client in (fan, stranger)
    )
    assert his.split("?")[0] != theirs.split("?")[0]
    free = [Client().get(address).content.count(b"\0") for address in (his, theirs, his)]
    assert free == [500, 300, 500]
    base = his.rsplit("/status", 1)[0]
    availability = Client().get(f"{base}/availability").json()
    assert availability["left"] == 500
    assert Client().get(f"/api/v1/events/{event.pk}/availability").json()["left"] == 300
    since = Client().get(his)["ETag"].strip('"')
    assert Client().get(f"{base}/changes?since={since}").status_code == 204
    pictures = [
        Client().get(re.search(r'src="([^"]+seats\.svg[^"]*)"', words(client, event))[1]).content
        for client in (fan, stranger)
    ]
    assert pictures[0] != pictures[1]


def test_the_stream_of_a_view_tells_of_that_view_alone(event):
    Event.objects.update(sale_starts_at=timezone.now() - HOUR)
    set_aside(event, "A")
    made = presale(event, ends_at=timezone.now() + HOUR)
    event.presale_id = made.pk
    assert presale_of_key(str(event.pk), view_key(event)) == made.pk
    assert presale_of_key(event.pk, "") is None
    free = []
    for presale_id in (None, made.pk):
        look(event.pk, within=0, presale_id=presale_id)
        changes = kept_changes(event.pk, presale_id=presale_id)
        free.append(sum(state == 0 for state in changes[-1].places.values()))
    assert free == [300, 500]
    assert 0 < seconds_to_next_lapse(event.pk) <= HOUR.total_seconds()


@pytest.mark.parametrize("rest", ["status", "changes?since=0", "stream", "availability"])
def test_a_key_that_we_did_not_make_opens_no_view(event, rest):
    made = presale(event)
    for key in ("x", str(made.pk), f"{made.pk}:x", "%00", "a" * 500):
        assert Client().get(f"/api/v1/events/{event.pk}/presales/{key}/{rest}").status_code == 404
    assert Client().get(page(event, "seats.svg?presale=x")).status_code == 404


def test_what_opens_nothing_is_refused_alike_and_kept_in_its_field(event, fan):
    made = presale(event, code_limit=1)
    presale(event, "OVER", name="Over")
    end(made.pk)
    presale(event, "BANK", name="Bank")
    told = set()
    for code in ("FANS", "NEVER", "\0", ""):
        answer = enters(fan, event, code)
        assert answer.status_code == 200
        shown = answer.content.decode()
        assert NOTHING in shown
        told.add(re.sub(r'value="[^"]*"|csrf\w+|content="[^"]*"', "", shown))
    assert len(told) == 1
    assert 'value="NEVER"' in enters(fan, event, "NEVER").content.decode()
    assert PresaleVisit.objects.count() == 0


def test_who_tries_codes_is_stopped_after_thirty(event, fan, settings):
    settings.RATE_LIMITS = True
    presale(event)
    for number in range(30):
        assert NOTHING in enters(fan, event, f"GUESS{number}").content.decode()
    assert "Too many codes" in enters(fan, event, "FANS").content.decode()


def test_he_leaves_and_sees_what_all_see(event, fan):
    presale(event)
    enters(fan, event)
    assert fan.post(page(event, "presale/"), {"leave": "1"}).status_code == 302
    assert "Presale code" in words(fan, event)
    assert 'id="seatmap"' not in words(fan, event)


def test_when_it_is_over_he_sees_what_all_see_and_is_sold_it(event, fan, stranger):
    made = presale(event, levels=[event.levels.get(name="Back").pk])
    enters(fan, event)
    end(made.pk)
    assert "On sale" in words(fan, event)
    assert 'id="seatmap"' not in words(fan, event)
    Event.objects.update(sale_starts_at=timezone.now())
    for visitor in (fan, stranger):
        assert "500" in words(visitor, event)
        assert "Presale code" not in words(visitor, event)
    assert fan.post(page(event, "reserve/"), {"seat": ["0"]}).url.startswith("/checkout/")
    assert not Use.objects.exists()


def test_who_is_on_a_list_comes_in_by_a_mailed_link(event, fan, mailoutbox):
    presale(event, "", lists=[listed("noor@post.example")])
    shown = words(fan, event)
    assert "Mail me the link" in shown
    answers = set()
    for email in ("noor@post.example", "ida@post.example"):
        answer = fan.post(page(event, "presale/"), {"email": email})
        assert answer.status_code == 200
        answers.add(re.sub(r"noor|ida|csrf\w+|value=\"[^\"]*\"", "", answer.content.decode()))
    assert len(answers) == 1
    assert OutboxMessage.objects.filter(fact__endswith="PresaleLinkAsked").count() == 2
    outbox.deliver()
    [mail] = mailoutbox
    assert mail.to == ["noor@post.example"]
    link = re.search(r"https?://[^/]+(/events/\S+)", mail.body)[1]
    assert fan.get(link).url == page(event, "#presale")
    assert "You are in: Fan club." in words(fan, event)
    booking = fan.post(page(event, "reserve/"), {"seat": ["0"]})
    assert booking.url.startswith("/checkout/")
    assert Use.objects.get().is_proven
    assert PresaleVisit.objects.count() == 1


def test_an_address_that_is_none_is_said_and_nothing_is_sent(event, fan):
    presale(event, "", lists=[listed("noor@post.example")])
    answer = fan.post(page(event, "presale/"), {"email": "noor"})
    assert answer.status_code == 200
    assert "does not look like an e-mail" in answer.content.decode()
    assert not OutboxMessage.objects.filter(fact__endswith="PresaleLinkAsked").exists()


def post(world, path, body, role="buyer"):
    headers = {"Authorization": f"Api-Key {world['tokens'][role]}"}
    return Client().post(
        f"/api/v1{path}", json.dumps(body), content_type="application/json", headers=headers
    )


def test_over_the_api_an_access_code_opens_the_view_and_reserves(event, world):
    presale(event, levels=[event.levels.get(name="Back").pk])
    entered = post(world, f"/events/{event.pk}/presales", {"code": "fans"}).json()
    assert entered["presale"] == "Fan club"
    assert Client().get(entered["status"]).content.count(b"\0") == 200
    assert Client().get(entered["availability"]).json()["left"] == 200
    wanted = {"event": str(event.pk), "seats": [200]}
    assert post(world, "/bookings", wanted).json()["code"] == "not_on_sale"
    refused = post(world, "/bookings", wanted | {"access_code": "NONE"})
    assert (refused.status_code, refused.json()["code"]) == (409, "no_entry")
    booked = post(world, "/bookings", wanted | {"access_code": "FANS"})
    assert booked.status_code == 201
    best = {"event": str(event.pk), "best": {"quantity": 2}, "access_code": "FANS"}
    assert {item["section"] for item in post(world, "/bookings", best).json()["items"]} == {"B"}
    lost = post(world, "/bookings", wanted | {"access_code": "FANS"}).json()
    assert lost["code"] == "seats_taken"
    assert lost["alternatives"]
    assert all(200 <= seat < 400 for group in lost["alternatives"] for seat in group)
    no = post(world, f"/events/{event.pk}/presales", {"code": "NONE"})
    assert (no.status_code, no.json()["code"]) == (409, "no_entry")


def test_a_second_presale_of_an_event_has_its_own_codes(event, fan):
    presale(event, levels=[event.levels.get(name="Back").pk])
    presale(event, "BANK", name="Bank", levels=[event.levels.get(name="Standing").pk])
    enters(fan, event, "BANK")
    assert "You are in: Bank." in words(fan, event)
    enters(fan, event, "FANS")
    assert "You are in: Fan club." in words(fan, event)


def test_a_presale_to_come_is_nothing_yet(event, fan):
    made = presale(event, starts_in=timedelta(minutes=30))
    name_code(promotion=made.promotions.get(), text="SOON")
    assert "Presale code" not in words(fan, event)
    assert NOTHING in enters(fan, event, "SOON").content.decode()
