"""How far carts come, read from the bookings there are."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.html import strip_tags

from agencies.queries import local_today
from analytics.queries.funnel import funnel
from bookings.models import Booking
from bookings.services import Sale, abandon, contact, expire_lapsed, reserve
from config.tests import world
from core.tenancy import acting_for
from payments.models import Payment

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    return world.agency()


@pytest.fixture
def event(house):
    """One cart of each fate: bought, at the payment, named and given up, run out, and running."""
    with acting_for(house.pk):
        made = world.event_on_sale(world.venue()[1])
        world.received_order(made)
        world.sold_booking(made, [0, 1])
        paying = world.reservation(made, [2])
        Payment.objects.filter(reference=paying.pk).update(
            status="PROCESSING", opened_at=timezone.now()
        )
        abandon(contact(reserve_one(made, 3).pk, email="ada@post.example", name="Ada").pk)
        lapsed = [reserve_one(made, 4), reserve_one(made, 5)]
        Booking.objects.filter(pk__in=[one.pk for one in lapsed]).update(
            reserved_until=timezone.now()
        )
        expire_lapsed(lapsed[0].pk)
        reserve_one(made, 6)
        yield made


def reserve_one(event, ordinal, channel="WEB"):
    return reserve(event=event, ordinals=[ordinal], sale=Sale(channel=channel))


def asked(**more):
    return funnel(since=local_today(), until=local_today(), **more)


def figures(row):
    names = ("started", "named", "opened", "confirmed", "left_behind", "seats")
    return tuple(row[name] for name in names)


def test_every_cart_is_counted_as_far_as_it_came(event):
    (row,) = asked()
    assert figures(row) == (6, 3, 2, 1, 3, 3)
    assert (row["name"], row["name_id"], row["day"]) == (event.title, event.pk, local_today())
    assert f"{row['value']:.2f}" == "127.20"  # three at 42.40


def test_rows_are_for_events_days_or_both_and_for_one_channel(event):
    reserve_one(event, 7, channel="API")
    Booking.objects.filter(channel="API").update(reserved_at=timezone.now() - timedelta(days=2))
    before = local_today() - timedelta(days=2)
    many = {"since": before, "until": local_today()}
    assert [row["started"] for row in funnel(**many)] == [6, 1]
    assert [row["day"] for row in funnel(**many, each="day")] == [local_today(), before]
    (whole,) = funnel(**many, each="event")
    assert (whole["started"], whole["day"]) == (7, None)
    assert [figures(row)[0] for row in funnel(**many, channel="API")] == [1]
    assert asked(event=event.venue_id) == []


def test_the_page_shows_it_and_gives_files(house, event):
    client = world.client_of(world.staff(house, "BOX_OFFICE"), house)
    page = client.get("/admin/reports/funnel/").content.decode()
    for words in ("Carts and sales", event.title, "Value abandoned", "€127.20"):
        assert words in page
    sums = re.search(r'<dl class="facts"(.*?)</dl>', page, re.DOTALL)
    told = re.sub(r"\s+", " ", strip_tags(sums.group(1).replace("</dt>", ": ")))
    for words in ("Carts: 6", "Bought: 1", "Abandoned: 3", "Value abandoned: €127.20"):
        assert words in told, told
    assert sums.start() < page.index("<table")
    assert "Bought, %: 16.7" in told
    assert "6 of 6" not in page
    assert "1 of 6" in page
    file = client.get("/admin/reports/funnel/?format=csv&each=event")
    assert file.status_code == 200


def test_it_opens_with_a_row_for_each_event_and_the_last_thirty_days(house, event):
    for ordinal, days in enumerate((1, 29, 30), start=7):
        booking = reserve_one(event, ordinal, channel="API")
        moved = timezone.now() - timedelta(days=days)
        Booking.objects.filter(pk=booking.pk).update(reserved_at=moved)
    client = world.client_of(world.staff(house, "BOX_OFFICE"), house)
    found = client.get("/admin/reports/funnel/").context["found"]
    assert [(row["name"], row["started"], row["day"]) for row in found.rows] == [
        (event.title, 8, None)
    ]
    daily = client.get("/admin/reports/funnel/", {"each": "both"}).context["found"]
    assert [row["started"] for row in daily.rows] == [6, 1, 1]
    assert daily.sums[0]["started"] == 8
