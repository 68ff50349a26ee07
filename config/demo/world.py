"""The whole demo in one piece: an agency with sixty days behind it, and a small neighbour."""

import random
from datetime import timedelta
from decimal import Decimal
from itertools import cycle

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import ApiKey
from agencies.models import Agency, Membership
from agencies.queries import local_today
from config.demo import books, nights, offers, payouts, people, sales, stock
from config.demo.desks import lay_out_work
from config.demo.programme import make_event
from config.demo.venues import make_balcony, make_venues
from config.history import PLAN_AFRESH
from core.memory import Remembered
from core.tenancy import acting_for, as_system
from events.services import open_sale, roll_over
from inventory.tasks import mark_sold_out

PUBLIC = 1400
# One statement here may write what a live site writes in a day; and see config.history.
PATIENCE = "SET LOCAL statement_timeout = '5min'; SET LOCAL pgtrigger.ignore = '{}'"
PARTERRE = {
    "slug": "parterre",
    "name": "Parterre",
    "host": "127.0.0.1",
    "is_default": True,
    "support_email": "hello@parterre.example",
    "purchasing_email": "buying@parterre.example",
    "approval_above": Decimal(20_000),
    "address": "Parterre SARL, 8 rue du Garet, 69001 Lyon",
}
BALCON = {
    "slug": "balcon",
    "name": "Balcon",
    "host": "balcon.localhost",
    "support_email": "bonjour@balcon.example",
    "address": "Balcon, 22 rue Basse, 59000 Lille",
}


def make_world(tell, *, seed=1):
    """Makes both agencies, each all or nothing; `tell(what)` is called as each part begins.

    Returns {event slug: {gate: device key}}; the keys are told nowhere else.
    """
    chance = random.Random(seed)  # noqa: S311 - dice for a demo
    keys = _make_agency(PARTERRE, lambda: _parterre(tell, chance))
    tell("the second agency")
    _make_agency(BALCON, lambda: _balcon(chance))
    mark_sold_out()
    return keys


def _make_agency(fields, fill):
    agency = Agency(**fields)
    with acting_for(agency.pk), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(PATIENCE)
        with as_system():
            agency.save(force_insert=True)
        Remembered.forget_everything()
        filled = fill()
        with connection.cursor() as cursor:
            cursor.execute(PLAN_AFRESH)
        return filled


def _parterre(tell, chance):
    tell("people")
    books.charge(percent=Decimal(6))
    books.let_cancel()
    people.make_operator()
    staff = people.make_staff()
    organizer = people.make_organizer()
    box = sales.Box(
        public=people.make_public(PUBLIC, chance=chance, before=_sixty_days_ago()),
        buyers=people.make_buyers(before=_sixty_days_ago()),
        chance=chance,
    )
    books.name_accounts()
    tell("venues")
    today = local_today()
    layouts = make_venues()
    desk = stock.Desk(suppliers=stock.make_suppliers(stock.PARTERRE), staff=staff, today=today)
    programme = []
    for night in (*nights.PAST, *nights.UPCOMING):
        tell(f"{night.title}, {night.house}")
        event = make_event(night, layout=layouts[night.house], organizer=organizer, today=today)
        stock.buy(event, night, desk)
        programme.append((night, event))
    tell("sales")
    offers.make()
    _sell(programme, box)
    offers.give_away()
    offers.reward(staff[Membership.Role.OWNER])
    stock.leave_open(programme, desk)
    tell("desks")
    lay_out_work(programme, desk)
    payouts.pay_out(staff)
    for night, event in programme:
        if night.becomes == "PUBLISHED":
            offers.sell_before(event)
            offers.draw_lots(event, by=staff[Membership.Role.OWNER])
    return _device_keys(programme)


def _sixty_days_ago():
    return timezone.now() - timedelta(days=60)


def _sell(programme, box):
    for night, event in programme:
        for customer, place in _known_sales(night, event, box):
            sales.sell_to(customer, event, chance=box.chance, **place)
        sales.sell_the_past(event, night, box)
        _become(event, night.becomes)
    _this_minute(programme, box)


def _known_sales(night, event, box):
    """What Noor and Tomas have bought: (customer, place)."""
    noor, tomas = box.buyers["Noor"], box.buyers["Tomas"]
    known = {
        ("The Low Lanterns", 51): (noor, {"section": "112", "row": "F", "seats": ["9", "10"]}),
        ("Nocturne for Two Rivers", -27): (
            noor,
            {"section": "Stalls", "row": "E", "seats": ["11", "12"]},
        ),
        ("Papier! A puppet circus", 20): (
            tomas,
            {"section": "Section A", "row": "B", "seats": ["2", "3", "4"]},
        ),
        ("A Moth in the Wardrobe", 2): (
            tomas,
            {"section": "Balcony", "row": "A", "seats": ["12", "13"]},
        ),
    }
    found = known.get((night.title, night.in_days))
    return [found] if found else []


def _become(event, status):
    """Moves the event to where the programme says it stands by now."""
    if status == "ON_SALE":
        open_sale(event.pk)
    if status == "COMPLETED":
        roll_over(event.pk, now=timezone.now())
    if status == "CANCELLED":
        event.move_to(status)
        event.save(update_fields=["status"])
    event.refresh_from_db(fields=["status"])


def _this_minute(programme, box):
    """Buyers at the checkout, some who gave up, and one whose bank was slow."""
    on_sale = [event for _, event in programme if event.status == "ON_SALE"]
    roomy = sorted(on_sale, key=lambda event: -event.seats.sellable().count())[:5]
    for ends_in, event in zip((170, 340, 480, 610, 790, 860), cycle(roomy), strict=False):
        sales.reserve_now(event, box, ends_in=ends_in)
    for days_ago, event in zip((1, 1, 2, 3, 5, 8, 13), cycle(roomy), strict=False):
        sales.let_expire(event, box, days_ago=days_ago)
    sales.pay_too_late(roomy[-1], box)
    sales.dispute_lately(roomy[0])


def _device_keys(programme):
    """{event slug: {gate: key}} for every night that is still to come."""
    return {
        event.slug: {gate.name: _device_key(event, gate) for gate in event.gates.all()}
        for _, event in programme
        if event.status == "ON_SALE"
    }


def _device_key(event, gate):
    name = f"{gate.name}, {event.title}, {event.local_start:%d %b}"[:80]
    return ApiKey.objects.make(role=ApiKey.Role.GATE, name=name, gate_id=gate.pk)[1]


def _balcon(chance):
    books.charge(percent=Decimal(4), amount=Decimal("0.50"))
    staff = people.make_staff([("agathe@balcon.example", "Agathe Lemaire", Membership.Role.OWNER)])
    staff[Membership.Role.PURCHASING] = staff[Membership.Role.OWNER]
    today = local_today()
    desk = stock.Desk(suppliers=stock.make_suppliers([nights.BALCON]), staff=staff, today=today)
    night = nights.BALCONY
    event = make_event(night, layout=make_balcony(), organizer=None, today=today)
    stock.buy(event, night, desk)
    public = people.make_public(40, chance=chance, before=_sixty_days_ago())
    sales.sell_the_past(event, night, sales.Box(public=public, buyers={}, chance=chance))
    _become(event, night.becomes)


def is_made():
    """Whether there is any agency already."""
    with as_system():
        return Agency.objects.exists()
