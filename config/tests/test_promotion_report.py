"""What promotions brought, worked out by hand."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from agencies.queries import local_today
from analytics.queries.promotions import performance
from bookings.cancelling import Wish, cancel, preview
from bookings.models import Grounds, Rule
from config.tests import world
from promotions.services import give_back
from promotions.tests.factories import promotion, running

pytestmark = pytest.mark.django_db


def sold_to(event, email, ordinals, *codes):
    """A booking of stalls at 40 that cost 25 each, sold with these codes."""
    return world.sold_booking(event, ordinals, email=email, codes=codes)


def today():
    return performance(since=local_today(), until=local_today())


def test_new_buyers_are_won_and_what_others_were_given_is_lost(event):
    world.received_order(event, rows="A-B")
    world.fee(name="Post", per="BOOKING", amount=2)
    running("TENTH", name="A tenth", is_stackable=True)
    running("NOFEES", name="No fees", type="FREE_SHIPPING", is_stackable=True)
    sold_to(event, "ines@post.example", [0])
    sold_to(event, "noor@post.example", [1, 2], "TENTH")  # new: 72 - 50 = 22 won
    sold_to(event, "ines@post.example", [3], "TENTH", "NOFEES")  # 4 lost, and fees of 2
    gone = sold_to(event, "new@post.example", [4], "TENTH")
    give_back(gone.pk)
    tenth, fees = today()
    assert {name: tenth[name] for name in ("name", "uses", "new", "tickets", "discount")} == {
        "name": "A tenth",
        "uses": 2,
        "new": 1,
        "tickets": 3,
        "discount": Decimal(12),
    }
    assert (tenth["revenue"], tenth["cost"]) == (Decimal(108), Decimal(75))
    assert (tenth["margin"], tenth["incremental"]) == (Decimal(31), Decimal(18))
    assert (fees["name"], fees["waived"], fees["incremental"]) == ("No fees", 2, -2)
    yesterday = local_today() - timedelta(days=1)
    assert performance(since=yesterday, until=yesterday) == []


def test_a_ticket_given_back_counts_no_more(event):
    world.received_order(event, rows="A-B")
    running("TENTH", name="A tenth")
    half, gone = (sold_to(event, f"{n}@post.example", [n, n + 1], "TENTH") for n in (0, 2))
    first = frozenset({half.items.get(position=1).ticket_id})
    for booking, tickets in ((half, first), (gone, frozenset())):
        wish = Wish(tickets=tickets, grounds=Grounds.STAFF, rule=Rule.ALL_BACK, reason="Ill")
        cancel(booking.pk, wish, seen=preview(booking, wish, now=timezone.now()).name)
    [tenth] = today()
    assert (tenth["uses"], tenth["tickets"], tenth["discount"]) == (1, 1, Decimal(4))
    assert (tenth["revenue"], tenth["cost"], tenth["margin"]) == (36, 25, 11)


def test_the_report_links_to_the_promotion(mireille, event):
    world.received_order(event, rows="A")
    made = running("TENTH", name="A tenth")
    sold_to(event, "noor@post.example", [0], "TENTH")
    page = mireille.get("/admin/reports/promotions/").content.decode()
    assert world.of(made) in page
    assert "would have bought anyway" in page


def test_a_draft_shows_what_it_would_have_given_on_the_last_sales(mireille, event):
    world.received_order(event, rows="A-B")
    sold_to(event, "ines@post.example", [0])
    sold_to(event, "noor@post.example", [1, 2, 3])
    draft = promotion("Threes", min_tickets=3)
    page = mireille.get(world.of(draft)).content.decode()
    assert "If the last 2 sales had had it" in page
    panel = mireille.get(world.of(draft)).context["panels"][-2].table
    [row] = [[str(cell) for cell in row] for row in panel.rows]
    assert row[0] == "1"
    for cell, euros_ in zip(row[1:], ("120.00", "12.00", "108.00", "75.00", "33.00"), strict=True):
        assert euros_ in cell
