"""Promotions of a house that likes to see its guests again."""

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from bookings.models import Booking
from bookings.services.hand_over import offer_tickets
from bookings.services.points import earn_points
from customers import draws
from customers.lists import add_buyers
from customers.models import BuyerList, Customer, Draw, Programme
from customers.points import adjust
from customers.same_person import person_of
from promotions import presales
from promotions.models import Promotion
from promotions.services import activate, name_code
from tickets.services import Recipient, accept_transfer

FRIENDS = ("noor@post.example", "tomas@post.example")
HOPEFUL = tuple(
    f"{name}@post.example" for name in ("ada", "bruno", "celia", "dario", "elif", "fern")
)


def make():
    """Two that run, with a code each, and one that is still thought about."""
    _run(
        "EARLY10",
        name="Early bird",
        description="A tenth off for who books before spring.",
        percent=Decimal(10),
        is_stackable=True,
        usage_limit=500,
        ends_at=timezone.now() + timedelta(days=90),
    )
    _run(
        "WELCOME5",
        name="Welcome",
        type=Promotion.Type.FIXED_DISCOUNT,
        amount=Decimal(5),
        min_tickets=2,
        usage_limit_per_customer=1,
    )
    Promotion.objects.create(
        name="Three for two",
        type=Promotion.Type.BUY_ONE_GET_ONE,
        percent=Decimal(100),
        buy=2,
        get=1,
    )


def reward(by):
    """The loyalty programme; what Noor and Tomas have booked counts, and somebody waited too long."""
    Programme.objects.create(
        is_on=True,
        currency="EUR",
        point_days=730,
        silver_from=100,
        gold_from=400,
        platinum_from=1500,
    )
    regulars = Booking.objects.sold().filter(customer__email__in=FRIENDS).order_by("confirmed_at")
    for booking in regulars:
        earn_points(booking.pk)
    noor = Customer.objects.get(email=FRIENDS[0])
    adjust(noor.pk, 150, reason="Waited at the door in the rain", by=by)


def give_away():
    """Of the seats that Tomas has for the puppets Noor has taken one, and he offers another."""
    tomas = Customer.objects.get(email=FRIENDS[1])
    puppets = tomas.bookings.sold().get(event__title="Papier! A puppet circus")
    seats = list(puppets.items.order_by("position").values_list("ticket", flat=True))
    to_noor = Recipient("Noor Vance", FRIENDS[0], "Lou has a cold. Would you like to come along?")
    accept_transfer(offer_tickets(puppets.pk, seats[:1], to_noor).pk, name="Noor Vance")
    offer_tickets(puppets.pk, seats[1:2], Recipient("Ada", HOPEFUL[0]))


def sell_before(event):
    """A presale that runs until the sale to all begins: for who has the band's code, and for its
    friends."""
    friends = BuyerList.objects.create(name="Friends of the band")
    add_buyers(friends, {person_of(email): email for email in FRIENDS})
    made = presales.make(
        event=event,
        terms=presales.Terms(
            name="Friends of the band",
            starts_at=timezone.now() - timedelta(days=1),
            lists=[friends.pk],
            tickets_each=4,
        ),
    )
    name_code(promotion=presales.offer_of(made), text="SALTLINE", usage_limit=200)
    presales.activate(made.pk)
    for _ in range(3):
        presales.visited(presales.admit(event, "SALTLINE"))


def draw_lots(event, by):
    """A registration that is open, for a presale in the last days before the sale to all."""
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    made = draws.make(
        event=event,
        by=by,
        terms=draws.Terms(
            name="Salt Line by lot",
            opens_at=now - timedelta(days=1),
            closes_at=now + timedelta(days=3),
            places=150,
            reserve=50,
            source="The six main numbers of the first Belgian Lotto after the registration closes",
            source_kind=Draw.Source.NUMBERS,
            source_count=6,
            source_highest=45,
            source_at=now + timedelta(days=4),
            source_url="https://www.loterie-nationale.be/",
        ),
    )
    draws.open_registration(made.pk)
    for email in (*FRIENDS, *HOPEFUL):
        draws.enter(made.pk, email)
    then = presales.make(
        event=event,
        by=by,
        terms=presales.Terms(
            name="By lot",
            starts_at=now + timedelta(days=5),
            lists=[made.buyers_id],
            tickets_each=2,
        ),
    )
    presales.activate(then.pk)


def _run(code, **terms):
    made = Promotion.objects.create(**terms)
    name_code(promotion=made, text=code)
    activate(made.pk)
