"""One use is one booking's, whoever enters its code at the same moment, holds many places and pays
later, or pays while he changes it. Each with a control in which the guard is off."""

from collections import Counter
from functools import partial

import psycopg
import pytest
from django.db import connections

from bookings.models import Booking
from bookings.services import (
    Sale,
    abandon,
    codes,
    confirm,
    contact,
    enter_code,
    reserve,
    take_out_code,
)
from config.tests.servers import together
from config.tests.test_promotion_races import UNGUARDED, changed
from config.tests.world import received
from core import invariants
from core.errors import DomainError
from core.tenancy import acting_for
from events.models import Event
from payments.models import Payment, Refund
from promotions.models import Promotion, Use
from promotions.tests.factories import running

pytestmark = pytest.mark.race

BUYERS = 24


@pytest.fixture
def event(committed_db, made_house):
    world = made_house
    with acting_for(world["agency"]["id"]):
        yield Event.objects.select_related("venue").get()


@pytest.fixture
def deadlocks(committed_db):
    """How many there were by the end of a story."""
    with psycopg.connect(committed_db.admin_url) as admin:
        count = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        yield lambda: admin.execute(count).fetchone()[0]


def racing(event, work):
    """`work()` acting for the agency: "done", or the code of why not."""

    def run():
        try:
            with acting_for(event.agency_id):
                work()
        except DomainError as refused:
            return refused.code
        finally:
            connections.close_all()
        return "done"

    return run


def race(event, works):
    return Counter(map(str, together([racing(event, work) for work in works])))


def holds(event, ordinal, text=None):
    sale = Sale(codes=(text,) if text else ())
    return reserve(event=event, ordinals=[ordinal], sale=sale)


REFUSED = {"code_refused", "code_not_redeemed"}


@pytest.mark.parametrize("is_guarded", [True, False])
def test_of_24_who_reserve_with_a_single_code_one_has_it(
    committed_db, event, deadlocks, is_guarded
):
    running("ONCE", code_limit=1)
    if not is_guarded:
        changed(committed_db, UNGUARDED)
    told = race(event, [partial(holds, event, number, "ONCE") for number in range(BUYERS)])
    assert set(told) <= {"done", *REFUSED}, told
    assert Booking.objects.count() == Use.objects.count() == told["done"]
    assert (told["done"] == 1) == is_guarded
    assert deadlocks() == 0
    if is_guarded:
        assert invariants.violations() == {}


@pytest.mark.parametrize("is_guarded", [True, False])
def test_of_24_who_enter_a_single_code_one_pays_less(committed_db, event, deadlocks, is_guarded):
    running("ONCE", usage_limit=1)
    held = [holds(event, number) for number in range(BUYERS)]
    if not is_guarded:
        changed(committed_db, UNGUARDED)
    told = race(event, [partial(enter_code, booking.pk, "ONCE") for booking in held])
    assert set(told) <= {"done", *REFUSED}, told
    assert Booking.objects.filter(discount__gt=0).count() == told["done"]
    assert (told["done"] == 1) == is_guarded
    assert Payment.objects.filter(amount=45).count() == BUYERS - told["done"]
    assert deadlocks() == 0
    if is_guarded:
        assert invariants.violations() == {}


@pytest.mark.parametrize("is_guarded", [True, False])
def test_who_pays_while_he_enters_a_code_has_paid_what_his_booking_says(
    event, monkeypatch, is_guarded
):
    """The control overlooks that the money has come, and enters codes before it is confirmed."""
    running("TENTH")
    if not is_guarded:
        monkeypatch.setattr(codes, "unbegun_payment", lambda bookings: None)
    paid = [holds(event, number) for number in range(8)]
    paying, entering = [], []
    for booking in paid:
        contact(booking.pk, email="noor@post.example", name="Noor")
        payment = Payment.objects.get(reference=booking.pk)
        received(payment)
        paying.append(partial(confirm, booking.pk, payment_id=payment.pk))
        entering.append(partial(enter_code, booking.pk, "TENTH"))
    told = race(event, paying + entering if is_guarded else entering)
    assert set(told) <= {"done", "already_paid", "payment_begun"}, told
    if is_guarded:
        assert told["done"] == len(paid)
        assert not Refund.objects.exists()
        assert Booking.objects.sold().filter(total=45, discount=0).count() == len(paid)
    else:
        assert told["done"] == len(paid)
        assert Booking.objects.filter(discount__gt=0).count() == len(paid)
        race(event, paying)
        assert set(Refund.objects.values_list("reason", flat=True)) == {"WRONG_AMOUNT"}
    assert invariants.violations() == {}


def test_buyers_who_change_their_minds_all_at_once_leave_every_use_counted(event, deadlocks):
    running("ONE-OFFER", is_stackable=True, usage_limit=6)
    running("OTHER-OFFER", is_stackable=True, usage_limit=4, code_limit=3)
    held = [holds(event, number) for number in range(8)]
    works = [
        partial(work, booking.pk, *text)
        for booking in held
        for work, text in [
            (enter_code, ["ONE-OFFER"]),
            (enter_code, ["OTHER-OFFER"]),
            (take_out_code, ["ONE-OFFER"]),
        ]
    ]
    works += [partial(abandon, booking.pk) for booking in held[:3]]
    works += [partial(holds, event, 20 + number, "OTHER-OFFER") for number in range(5)]
    told = race(event, works)
    assert set(told) <= {"done", "reservation_over", *REFUSED}, told
    assert deadlocks() == 0
    assert invariants.violations() == {}
    for offer in Promotion.objects.all():
        assert offer.taken == Use.objects.live().filter(promotion=offer).count()
