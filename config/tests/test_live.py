"""What buyers are shown of a house, version by version."""

import os
from uuid import uuid4

import brotli
import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookings.services import Sale, reserve
from core.tenancy import acting_for
from customers.services import remember_customer
from events.models import Event
from inventory.deltas import Change, Gone, following, merged, packed, unpacked
from inventory.models import EventSeat, HouseChange, HouseState
from inventory.services import kept_changes, look, put_on_sale, showing, take_off_sale

pytestmark = pytest.mark.django_db
FREE, TAKEN, PLACES = 0, 1, 500


@pytest.fixture
def event(made_house):
    made = made_house
    with acting_for(made["agency"]["id"]):
        yield Event.objects.get()


@pytest.fixture
def visitor():
    return Client(headers={"host": "127.0.0.1"})


def take(event, *ordinals):
    take_off_sale(keys(event, ordinals))


def give_up(event, *ordinals):
    put_on_sale(keys(event, ordinals))


def keys(event, ordinals):
    return list(EventSeat.objects.at(event, ordinals).values_list("pk", flat=True))


def seen(event):
    return look(event.pk, within=0)


def of(event, what, query="", client=None, **headers):
    """The API's answer, made anew."""
    cache.clear()
    client = client or Client(headers={"host": "127.0.0.1"})
    return client.get(f"/api/v1/events/{event.pk}/{what}{query}", headers=headers)


def changes(event, since, **headers):
    return of(event, "changes", f"?since={since}", **headers)


# Versions


def test_each_difference_has_a_version_and_what_is_the_same_keeps_it(event):
    first = seen(event)
    assert first.status == bytes(PLACES)
    assert seen(event) == first
    take(event, 3, 4)
    second = seen(event)
    assert second.version > first.version
    assert second.status == bytes([0, 0, 0, 1, 1]) + bytes(PLACES - 5)
    assert kept_changes(event.pk, after=first.version)[1:] == [
        Change(first.version, second.version, {3: TAKEN, 4: TAKEN})
    ]


def test_a_reservation_that_lapses_is_a_difference_though_nobody_writes(event):
    noor = remember_customer(email="noor@post.example", name="Noor Vance")
    reserve(event=event, ordinals=[7], sale=Sale(customer_id=noor.pk, seconds=1))
    before = seen(event)
    assert before.status[7] == TAKEN
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep_until(max(claimed_until)) FROM inventory_eventseat")
    after = seen(event)
    assert after.status[7] == FREE
    assert kept_changes(event.pk)[-1] == Change(before.version, after.version, {7: FREE})


def test_who_may_be_shown_what_is_a_minute_old_makes_nobody_look(event):
    first = seen(event)
    take(event, 3)
    assert look(event.pk, within=60) == first
    assert seen(event).status[3] == TAKEN


def test_a_clock_that_was_set_back_neither_lowers_versions_nor_stops_looking(event):
    ahead = seen(event).version + 3_600_000
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE inventory_housestate SET version = %s, looked_at = now() + interval '1 hour'",
            [ahead],
        )
    take(event, 3)
    now = look(event.pk, within=60)
    assert (now.version, now.status[3]) == (ahead + 1, TAKEN)


def test_only_the_last_changes_are_kept(event, monkeypatch):
    monkeypatch.setattr(showing, "KEPT", 3)
    versions = [seen(event).version]
    for ordinal in range(5):
        take(event, ordinal)
        versions.append(seen(event).version)
    assert list(HouseChange.objects.values_list("version", flat=True)) == versions[-3:]
    kept = kept_changes(event.pk)
    assert len(following(kept, versions[-4])) == 3
    with pytest.raises(Gone):
        following(kept, versions[-5])
    assert changes(event, versions[0] - 2000).status_code == 410


def test_nothing_leads_from_a_house_that_was_redrawn_to_this_one(event):
    """Not even when both are seen within the two seconds to which readers round."""
    before = (
        seen(event).version // 2000 * 2000 + 3_600_005
    )  # ahead of the clock, which then is still
    # As if it had been on another layout when somebody last looked.
    HouseState.objects.update(layout=None, version=before)
    now = seen(event).version
    for since in (before, before // 2000 * 2000):
        assert changes(event, since).status_code == 410
    rounded = now // 2000 * 2000
    assert kept_changes(event.pk) == [Change(rounded, now, dict.fromkeys(range(PLACES), FREE))]
    take(event, 3)
    seen(event)
    assert unpacked(changes(event, rounded).content).places[3] == TAKEN


# The API


def test_the_status_names_its_version_and_changes_lead_on_from_it(event):
    shown = of(event, "status")
    version = int(shown["ETag"].strip('"'))
    assert (len(shown.content), shown["Cache-Control"]) == (PLACES, "public, max-age=1")
    assert changes(event, version).status_code == 204
    take(event, 499)
    with connection.cursor() as cursor:  # the look before was more than a second ago
        cursor.execute("UPDATE inventory_housestate SET looked_at = now() - interval '2 s'")
    answer = changes(event, version)
    now = int(answer["ETag"].strip('"'))
    assert answer.status_code == 200
    told = unpacked(answer.content)
    assert (told.since, told.version) == (version // 2000 * 2000, now)
    assert (told.places[498], told.places[499]) == (FREE, TAKEN)
    assert answer["Cache-Control"] == "public, max-age=1"
    assert answer["Content-Type"] == "application/octet-stream"
    assert of(event, "status")["ETag"] == f'"{now}"'
    assert changes(event, now).status_code == 204


def test_what_one_has_already_is_not_sent_again(event):
    version = seen(event).version
    take(event, 1)
    now = f'"{seen(event).version}"'
    assert of(event, "status", if_none_match=now).status_code == 304
    assert changes(event, version, if_none_match=now).status_code == 304
    assert changes(event, version, if_none_match=f"W/{now}").status_code == 304
    assert changes(event, version, if_none_match='"1"').status_code == 200


def test_a_version_rounded_down_leads_on_as_well(event):
    version = seen(event).version
    take(event, 1)
    last = seen(event).version
    for since in (version // 2000 * 2000, last // 2000 * 2000, last - 1):
        assert unpacked(changes(event, since).content).places[1] == TAKEN


def test_nobody_looks_twice_for_those_who_ask_the_same_within_a_second(
    event, visitor, django_assert_num_queries
):
    start = seen(event).version // 2000 * 2000
    page = f"/api/v1/events/{event.pk}/changes?since="
    assert visitor.get(f"{page}{start}").status_code == 200
    with django_assert_num_queries(1):
        assert visitor.get(f"{page}{start}").status_code == 200
    with django_assert_num_queries(2):  # one looks whether this is the last
        assert visitor.get(f"{page}{start + 1}").status_code == 200


@pytest.mark.parametrize(
    "query",
    ["", "?since=", "?since=-1", "?since=x", "?since=1e3", "?since=9007199254740992", "?since=%00",
     "?since=" + "9" * 5000, "?since=NaN", "?since[]=1", "?since=1&more=1", "?since=true"],
)  # fmt: skip
def test_a_since_that_is_no_version_is_refused_with_a_reason(event, query):
    answer = of(event, "changes", query)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert "errors" in answer.json()


@pytest.mark.parametrize("since", [0, 1, 1_000_000_000_000, 9007199254740991])
def test_a_version_from_which_nothing_leads_on_is_gone(event, since):
    seen(event)
    answer = changes(event, since)
    assert (answer.status_code, answer.json()["code"]) == (410, "version_gone")


def test_who_looks_at_a_map_that_was_redrawn_is_told_so(event):
    drawn = event.layout.content_hash
    assert of(event, "status", f"?drawn={drawn}").status_code == 200
    answer = of(event, "status", f"?drawn={drawn[::-1]}")
    assert (answer.status_code, answer.json()["code"]) == (410, "map_redrawn")


def test_the_status_is_packed_for_who_reads_brotli(visitor, event):
    plain = of(event, "status")
    small = visitor.get(f"/api/v1/events/{event.pk}/status", HTTP_ACCEPT_ENCODING="gzip, br")
    assert small["Content-Encoding"] == "br"
    assert brotli.decompress(small.content) == plain.content == bytes(PLACES)
    assert small["ETag"] == f"W/{plain['ETag']}"
    assert small["Vary"] == plain["Vary"] == "Accept-Encoding"
    assert "Content-Encoding" not in plain


@pytest.mark.parametrize("what", ["status", "changes?since=1"])
def test_an_event_nobody_may_see_has_no_status_and_no_changes(visitor, what):
    assert visitor.get(f"/api/v1/events/{uuid4()}/{what}").status_code == 404


def test_the_web_server_leads_to_the_streams_where_there_are_any(event, visitor, settings):
    page = f"/api/v1/events/{event.pk}/stream?since=5"
    answer = visitor.get(page)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_streams")
    settings.STREAM_URL = "https://live.example"
    answer = visitor.get(page)
    assert (answer.status_code, answer["Location"]) == (307, f"https://live.example{page}")


def test_a_test_and_the_servers_it_starts_have_one_redis(settings):
    assert settings.CACHES["default"]["LOCATION"] == os.environ["REDIS_URL"]


@pytest.fixture
def no_redis(settings):
    nowhere = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {**settings.CACHES, "default": nowhere}


def test_a_sale_goes_on_when_nobody_can_be_woken(
    event, no_redis, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True) as told:
        take(event, 3)
        give_up(event, 3)
    assert len(told) == 2
    assert seen(event).status[3] == FREE


def test_without_redis_the_house_is_shown_sold_and_looked_at_once_a_second(
    event, visitor, no_redis
):
    assert visitor.get(f"/api/v1/events/{event.pk}/status").status_code == 200
    with transaction.atomic():
        take(event, 3)
    assert visitor.get(f"/api/v1/events/{event.pk}/status").content == bytes(PLACES)
    version = seen(event).version
    shown = visitor.get(f"/api/v1/events/{event.pk}/status")
    assert (shown["ETag"], shown.content[3]) == (f'"{version}"', TAKEN)
    assert visitor.get(f"/api/v1/events/{event.pk}/changes?since={version}").status_code == 204


# Whatever happens in whatever order


class Viewer:
    """Somebody at a map, who has the house as of a version and obeys docs/live.md."""

    def __init__(self, event):
        self.event = event
        self.read_status()

    def read_status(self):
        now = look(self.event.pk, within=60)
        self.version, self.status = now.version, bytearray(now.status)

    def poll(self, rounding):
        look(self.event.pk, within=0)
        since = self.version - self.version % rounding
        try:
            wanted = following(kept_changes(self.event.pk, after=since), since)
        except Gone:
            return self.read_status()
        return wanted and self.hear(packed(merged(wanted)))

    def hear(self, content):
        """Returns whether the message was of use: not old, and no gap before it."""
        change = unpacked(content)
        if change.since > self.version:
            self.poll(1)
        elif change.version > self.version:
            for ordinal, state in change.places.items():
                self.status[ordinal] = state
            self.version = change.version


ORDINALS = st.integers(0, 5)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("turn"), ORDINALS),
        st.tuples(st.just("look"), st.none()),
        st.tuples(st.just("tell"), st.tuples(st.integers(0, 2), st.integers(0, 9))),
        st.tuples(st.just("poll"), st.tuples(st.integers(0, 2), st.sampled_from([1, 2, 2000]))),
    ),
    max_size=25,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(STEPS)
def test_any_order_of_sales_polls_and_messages_lost_repeated_or_late_shows_what_was_true(
    event, steps
):
    """Every viewer always has exactly what was true at his version, and after a poll what is true."""
    savepoint = transaction.savepoint()
    seen(event)
    viewers, truth, sent = [Viewer(event) for _ in range(3)], {}, []
    for step, value in steps:
        if step == "turn":
            is_free = event.seats.get(ordinal=value).is_free_at(timezone.now())
            (take if is_free else give_up)(event, value)
        elif step == "look":
            seen(event)
        elif step == "poll":
            viewers[value[0]].poll(value[1])
        elif sent:
            viewers[value[0]].hear(sent[value[1] % len(sent)])
        now = look(event.pk, within=60)
        truth[now.version] = now.status
        sent = [packed(change) for change in kept_changes(event.pk)][-10:]
        for viewer in viewers:
            assert viewer.status == truth.get(viewer.version, viewer.status)
    for viewer in viewers:
        viewer.poll(2000)
        assert viewer.status == look(event.pk, within=0).status
    transaction.savepoint_rollback(savepoint)
