"""Codes in bookings as buyers meet them: entered, priced, paid, given back."""

import json
import re
from decimal import Decimal

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client

from bookings.facts import BookingConfirmed
from bookings.models import Booking, BookingItem
from bookings.services import (
    CodeRefused,
    NotYours,
    Sale,
    abandon,
    confirm,
    contact,
    enter_code,
    expire_lapsed,
    pay,
    renew,
    reserve,
    take_out_code,
)
from config.tests.world import fee, received
from core import invariants
from core.memory import Remembered
from core.tenancy import acting_for
from customers.services import remember_customer
from events.models import Event, Per, TaxedAs, TaxRule
from inventory.models import EventSeat
from notifications.handlers import mail_tickets
from payments.ledger import post
from payments.models import Account, LedgerEntry, Payment, Refund
from promotions.models import Promotion, Use
from promotions.services import NotRedeemed, end, pause
from promotions.tests.factories import running

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(made_shop):
    return made_shop


@pytest.fixture
def event(world):
    with acting_for(world["agency"]["id"]):
        yield Event.objects.select_related("venue").get()
        assert invariants.violations() == {}


def held(event, *ordinals, codes=(), **words):
    return reserve(event=event, ordinals=ordinals or [0, 1], sale=Sale(codes=codes, **words))


def sold(booking, email="noor@post.example"):
    contact(booking.pk, email=email, name="Noor")
    payment = Payment.objects.filter(reference=booking.pk, status="PENDING").first()
    if payment is None:
        return confirm(booking.pk)
    received(payment)
    return confirm(booking.pk, payment_id=payment.pk)


def lapse(booking):
    Booking.objects.filter(pk=booking.pk).update(reserved_until=Now())
    EventSeat.objects.filter(claimed_by=booking.pk).update(claimed_until=Now())
    Use.objects.of(booking.pk).update(held_until=Now())


def uses(booking):
    return list(Use.objects.of(booking.pk).values_list("status", flat=True))


def amounts(booking):
    booking.refresh_from_db()
    return booking.price, booking.discount, booking.fee, booking.total


# With the reservation


def test_a_code_lowers_price_fee_and_tax_of_each_ticket_and_what_is_asked_for(event):
    event.venue.country = "FR"
    fee(percent=10)
    TaxRule.objects.create(name="VAT", country="FR", percent=Decimal("5.5"))
    Remembered.forget_everything()
    running("TENTH")
    booking = held(event, codes=("tenth",))
    assert amounts(booking) == (90, 9, Decimal("8.10"), Decimal("89.10"))
    assert booking.tax_in_price == Decimal("4.22")  # 2.11 of each 40.50
    assert {item.discount for item in booking.items.all()} == {Decimal("4.50")}
    assert Payment.objects.get().amount == Decimal("89.10")
    assert uses(booking) == ["HELD"]
    sold(booking)
    assert uses(booking) == ["KEPT"]
    booked = dict(
        LedgerEntry.objects.filter(journal__source="booking").values_list("account", "amount")
    )
    assert booked[Account.DISCOUNTS] == 9
    assert booked[Account.TICKET_REVENUE] == Decimal("-85.78")


def test_a_code_that_is_refused_sells_nothing(event):
    end(running("GONE").pk)
    with pytest.raises(CodeRefused, match="GONE: This code has expired"):
        held(event, codes=("GONE",))
    with pytest.raises(CodeRefused, match="There is no such code"):
        held(event, codes=("NEVER",))
    assert not Booking.objects.exists()
    assert EventSeat.objects.get(ordinal=0).status == "AVAILABLE"


def test_fees_once_a_booking_are_waived(event):
    fee(name="Post", per=Per.BOOKING, amount=4)
    running("NOFEES", type="FREE_SHIPPING", max_discount=3)
    booking = held(event, codes=("NOFEES",))
    assert amounts(booking) == (90, 0, 1, 91)
    assert (booking.waived, Use.objects.get().waived) == (3, 3)
    page = checkout_of(booking)
    assert [(words, amount.display()) for words, amount in page.context["receipt"].rows] == [
        ("2 tickets", "€90.00"),
        ("Post", "€1.00"),
    ]


def test_what_is_waived_is_no_more_than_the_fee_is_after_the_discount(event):
    fee(name="Handling", per=Per.BOOKING, percent=10)
    running("HALF", percent=50, is_stackable=True)
    running("NOFEES", type="FREE_SHIPPING", is_stackable=True)
    booking = held(event, codes=("HALF", "NOFEES"))
    assert amounts(booking) == (90, 45, 0, 45)
    assert sorted(Use.objects.values_list("waived", flat=True)) == [0, Decimal("4.50")]


def test_what_costs_nothing_with_a_code_is_confirmed_without_a_payment(event):
    running("GIFT", percent=100)
    booking = held(event)
    enter_code(booking.pk, "GIFT")
    assert Payment.objects.get().status == "FAILED"
    page = checkout_of(booking).content.decode()
    assert "There is nothing to pay." in page
    assert "go through" not in page
    contact(booking.pk, email="noor@post.example", name="Noor")
    assert pay(booking.pk) == f"/bookings/{booking.pk}/"
    assert uses(booking) == ["KEPT"]


# While it is held


def test_codes_are_entered_and_taken_out_while_it_is_unpaid(event):
    running("TENTH", is_stackable=True)
    running("FIVER", type="FIXED_DISCOUNT", amount=5, is_stackable=True)
    booking = held(event)
    enter_code(booking.pk, "TENTH")
    enter_code(booking.pk, "FIVER")
    assert amounts(booking) == (90, 14, 0, 76)
    assert Payment.objects.get().amount == 76
    take_out_code(booking.pk, "TENTH")
    assert amounts(booking) == (90, 5, 0, 85)
    assert uses(booking) == ["HELD"]
    enter_code(booking.pk, "TENTH")
    sold(booking)
    assert uses(booking) == ["KEPT", "KEPT"]
    assert Use.objects.filter(is_dropped=True).count() == 4


def test_the_better_code_takes_the_place_of_one_that_stands_alone(event):
    running("TENTH", usage_limit=1)
    running("THIRD", percent=30)
    booking = held(event, codes=("TENTH",))
    assert enter_code(booking.pk, "THIRD") == ["TENTH"]
    assert amounts(booking) == (90, 27, 0, 63)
    assert Promotion.objects.get(name="With TENTH").taken == 0
    with pytest.raises(CodeRefused, match="which give more"):
        enter_code(booking.pk, "TENTH")
    assert amounts(booking) == (90, 27, 0, 63)


def test_a_booking_does_not_take_its_own_last_use_away(event):
    running("LAST", usage_limit=1, is_stackable=True)
    running("MORE", is_stackable=True)
    booking = held(event, codes=("LAST",))
    enter_code(booking.pk, "MORE")
    assert uses(booking) == ["HELD", "HELD"]


def test_what_was_promised_is_not_lost_by_trying_another_code(event):
    first = running("FIRST", is_stackable=True)
    running("OTHER", is_stackable=True)
    booking = held(event, codes=("FIRST",))
    pause(first.pk)
    with pytest.raises(CodeRefused, match="FIRST"):
        enter_code(booking.pk, "OTHER")
    assert amounts(booking) == (90, 9, 0, 81)
    assert uses(booking) == ["HELD"]


def test_who_may_use_it_once_is_asked_when_he_says_who_he_is(event):
    running("ONCE", usage_limit_per_customer=1)
    sold(held(event, 0, codes=("ONCE",)))
    again = held(event, 1, codes=("ONCE",))
    with pytest.raises(NotRedeemed, match="as often as one may"):
        contact(again.pk, email="Noor+more@post.example", name="Noor")
    contact(again.pk, email="ines@post.example", name="Ines")
    known = remember_customer(email="noor@post.example", name="Noor")
    with pytest.raises(CodeRefused, match="as often as one may"):
        held(event, 2, codes=("ONCE",), customer_id=known.pk)


@pytest.mark.parametrize("leave", [abandon, expire_lapsed])
def test_a_use_goes_back_with_the_places(event, leave):
    running("ONCE", usage_limit=1)
    booking = held(event, 0, codes=("ONCE",))
    with pytest.raises(CodeRefused, match="used up"):
        held(event, 1, codes=("ONCE",))
    if leave is not abandon:
        lapse(booking)
    leave(booking.pk)
    assert uses(booking) == ["RETURNED"]
    assert uses(held(event, 1, codes=("ONCE",))) == ["HELD"]


def test_who_takes_lapsed_places_over_takes_their_use_too(event):
    running("ONCE", usage_limit=1)
    booking = held(event, 0, codes=("ONCE",))
    lapse(booking)
    assert held(event, 0, codes=("ONCE",)).discount == Decimal("4.50")
    assert uses(booking) == ["RETURNED"]


def test_a_use_is_held_as_long_as_its_places_are(event):
    running("ONCE", usage_limit=1)
    booking = held(event, 0, codes=("ONCE",))
    until = renew(booking.pk).reserved_until
    assert Use.objects.get().held_until == until
    lapse(booking)
    sold(held(event, 1, codes=("ONCE",)))
    with pytest.raises(NotYours):
        renew(booking.pk)


def test_late_money_keeps_the_use_if_it_is_still_there(event):
    running("ONCE", usage_limit=1)
    booking = held(event, 0, codes=("ONCE",))
    contact(booking.pk, email="noor@post.example", name="Noor")
    lapse(booking)
    expire_lapsed(booking.pk)
    payment = Payment.objects.get()
    received(payment)
    assert confirm(booking.pk, payment_id=payment.pk).status == "CONFIRMED"
    assert uses(booking) == ["KEPT"]


@pytest.mark.parametrize("is_tidied", [True, False])
def test_late_money_goes_back_when_its_use_is_somebody_elses(event, is_tidied):
    running("ONCE", usage_limit=1)
    booking = held(event, 0, codes=("ONCE",))
    contact(booking.pk, email="noor@post.example", name="Noor")
    lapse(booking)
    if is_tidied:
        expire_lapsed(booking.pk)
    sold(held(event, 1, codes=("ONCE",)), email="ines@post.example")
    payment = Payment.objects.get(reference=booking.pk)
    received(payment)
    assert confirm(booking.pk, payment_id=payment.pk).status == "REFUNDED"
    assert Refund.objects.get().amount == payment.amount
    assert EventSeat.objects.get(ordinal=0).status == "AVAILABLE"
    assert Promotion.objects.get().taken == 1


def test_money_of_another_amount_than_is_due_goes_back(event):
    """A page that the provider had shut took money after all."""
    running("TENTH")
    booking = held(event)
    contact(booking.pk, email="noor@post.example", name="Noor")
    old = Payment.objects.get()
    Payment.objects.update(status="FAILED")
    enter_code(booking.pk, "TENTH")
    Payment.objects.filter(pk=old.pk).update(status="SUCCEEDED", settled_at=Now())
    paid = [(Account.PROVIDER_CLEARING, old.money), (Account.CUSTOMER_DEPOSITS, -old.money)]
    post(source="payment", source_id=old.pk, kind="captured", lines=paid)
    assert confirm(booking.pk, payment_id=old.pk).status == "RESERVED"
    assert (Refund.objects.get().reason, Refund.objects.get().amount) == ("WRONG_AMOUNT", 90)


def test_only_what_a_reservation_is_discounted_by_can_change(event):
    running("TENTH")
    booking = held(event)
    items = BookingItem.objects.filter(booking=booking)
    for change in ({"price": F("price") - 1, "total": F("total") - 1}, {"cost": 0}):
        with pytest.raises(Exception, match="never rewritten"), transaction.atomic():
            items.update(**change)
    with pytest.raises(IntegrityError, match="does not equal"):
        _change_unequally(items)
    sold(booking)
    with pytest.raises(Exception, match="never rewritten"), transaction.atomic():
        items.update(discount=1, total=F("total") - 1)
    with pytest.raises(Exception, match="already paid"):
        enter_code(booking.pk, "TENTH")


@transaction.atomic
def _change_unequally(items):
    items.update(discount=1, total=F("total") - 1)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


# On the site


def browser():
    return Client()


def choose(visitor, event, *ordinals):
    return visitor.post(f"/events/{event.slug}/reserve/", {"seat": ordinals or ["0", "1"]}).url


def apply(visitor, url, **typed):
    return visitor.post(f"{url}code/", typed, follow=True)


def read(page):
    return re.sub(r"<[^>]+>|\s+", " ", page.content.decode())


def checkout_of(booking):
    visitor = browser()
    visitor.get("/")
    session = visitor.session
    session["bookings"] = [str(booking.pk)]
    session.save()
    visitor.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return visitor.get(f"/checkout/{booking.pk}/")


def test_a_buyer_types_a_code_pays_less_and_reads_so_everywhere(event, mailoutbox):
    running("EARLY", name="Early bird")
    visitor = browser()
    url = choose(visitor, event)
    page = apply(visitor, url, code="early", name="Noor Vance", email="noor@post.example")
    assert "early is in your order." in read(page)
    assert page.context["form"]["name"].value() == "Noor Vance"
    assert not page.context["form"].errors
    assert page.context["total"].display() == "€81.00"
    assert [(words, amount.display()) for words, amount in page.context["receipt"].rows] == [
        ("2 tickets", "€90.00"),
        ("Code EARLY", "-€9.00"),
    ]
    assert read(page).count("€4.50 off") == 2
    booking = Booking.objects.get()
    sold(booking)
    shown = read(visitor.get(f"/bookings/{booking.pk}/"))
    assert "Code EARLY" in shown
    assert "€81.00" in shown
    mail_tickets(BookingConfirmed(booking_id=booking.pk))
    [mail] = mailoutbox
    assert "Code EARLY −€9.00" in mail.body
    assert "€40.50, €4.50 off" in mail.body
    for text in (shown, mail.body, mail.alternatives[0].content):
        assert "-€" not in text
        assert "off with fees" not in text


def test_what_a_code_takes_off_adds_up_where_a_fee_and_a_tax_fall_with_the_price(event, mailoutbox):
    event.venue.country = "US"
    event.venue.save(update_fields=["country"])
    fee(percent=10)
    TaxRule.objects.create(
        name="Sales tax", country="US", percent=10, on=TaxedAs.SERVICE, is_contained=False
    )
    running("EARLY")
    visitor = browser()
    url = choose(visitor, event)
    full = visitor.get(url).context["total"]
    page = apply(visitor, url, code="early")
    assert (full.display(), page.context["total"].display()) == ("€99.90", "€89.92")
    told = " ".join(read(page).split())
    assert "Fees and taxes on it fall with it €0.98 off You pay less €9.98 off" in told
    assert [code.worth.display() for code in page.context["codes"]] == ["€9.00"]
    [part] = page.context["parts"]
    assert [(item["total"].display(), item["lower_by"].display()) for item in part["items"]] == [
        ("€44.96", "€4.99"),
        ("€44.96", "€4.99"),
    ]
    booking = Booking.objects.get()
    sold(booking)
    told = " ".join(read(visitor.get(f"/bookings/{booking.pk}/")).split())
    assert told.count("€4.99 off with fees") == 2
    assert "Less than without the code, with fees €9.98" in told
    mail_tickets(BookingConfirmed(booking_id=booking.pk))
    assert "€44.96, €4.99 off with fees" in mailoutbox[-1].body


def test_two_codes_and_a_waived_fee_add_up_to_what_the_total_falls_by(event):
    fee(name="Post", per=Per.BOOKING, amount=4, percent=10)
    running("HALF", percent=50, is_stackable=True)
    running("NOFEES", type="FREE_SHIPPING", is_stackable=True)
    booking = held(event, codes=("HALF", "NOFEES"))
    page = checkout_of(booking)
    worth = {code.text: code.worth.display() for code in page.context["codes"]}
    assert worth == {"HALF": "€45.00", "NOFEES": "€8.50"}
    assert page.context["spared"].display() == "€4.50"
    assert page.context["saved"].display() == "€58.00"  # 90 and a fee of 13, now 45
    assert sum(item["lower_by"].amount for item in page.context["items"]) == 58


def test_a_code_that_is_no_good_is_named_with_its_reason_and_nothing_is_lost(event):
    running("EARLY", min_tickets=4)
    visitor = browser()
    url = choose(visitor, event)
    page = apply(visitor, url, code="EARLY", name="Noor", email="half-typed")
    assert "EARLY: This code is for 4 tickets or more" in read(page)
    assert "total have not changed" in read(page)
    assert page.context["form"]["email"].value() == "half-typed"
    assert 'value="EARLY"' in page.content.decode()
    for text in ("NOTHING", "x" * 300, "\x00", "<script>"):
        page = apply(visitor, url, code=text)
        assert "There is no such code" in read(page), text
    assert Booking.objects.get().total == 90
    # what is left in the field does not keep him from paying
    typed = {"name": "Noor", "email": "noor@post.example", "code": "EARLY", "refused": "EARLY"}
    visitor.post(f"{url}pay/", typed)
    assert Payment.objects.get().status == "PROCESSING"


def test_who_forgets_to_press_apply_sees_the_new_price_before_he_pays(event):
    running("EARLY")
    visitor = browser()
    url = choose(visitor, event)
    typed = {"name": "Noor", "email": "noor@post.example", "code": "EARLY"}
    answer = visitor.post(f"{url}pay/", typed)
    assert answer.url == f"{url}#code"
    assert visitor.get(url).context["total"].display() == "€81.00"
    assert Payment.objects.get().status == "PENDING"


def test_a_code_is_taken_out_with_its_button(event):
    running("EARLY")
    visitor = browser()
    url = choose(visitor, event)
    apply(visitor, url, code="EARLY")
    page = apply(visitor, url, remove="EARLY")
    assert "EARLY is out of your order." in read(page)
    assert page.context["total"].display() == "€90.00"
    assert apply(visitor, url, remove="NEVER").status_code == 200


def test_a_stranger_enters_no_code_in_a_booking_and_get_changes_nothing(event):
    running("EARLY")
    visitor = browser()
    url = choose(visitor, event)
    assert browser().post(f"{url}code/", {"code": "EARLY"}).status_code == 404
    assert visitor.get(f"{url}code/", {"code": "EARLY"}).url == url
    assert Booking.objects.get().discount == 0


def test_guesses_run_out(event, settings):
    settings.RATE_LIMITS = True
    running("EARLY")
    visitor = browser()
    url = choose(visitor, event)
    for guess in range(30):
        assert "no such code" in read(apply(visitor, url, code=f"GUESS-{guess}"))
    assert "Try again in an hour" in read(apply(visitor, url, code="EARLY"))
    assert Booking.objects.get().discount == 0


# Over the API


def call(world, **body):
    return Client().post(
        "/api/v1/bookings",
        json.dumps(body),
        content_type="application/json",
        headers={"authorization": f"Bearer {world['tokens']['buyer']}"},
    )


def test_the_api_takes_a_code(world, event):
    running("EARLY", is_stackable=True)
    running("FIVER", type="FIXED_DISCOUNT", amount=5, is_stackable=True)
    told = call(world, event=str(event.pk), seats=[0, 1], code="EARLY").json()
    assert (told["discount"], told["total"], told["codes"]) == ("9.00", "81.00", ["EARLY"])
    assert [item["discount"] for item in told["items"]] == ["4.50", "4.50"]
    told = call(world, event=str(event.pk), seats=[2], codes=["EARLY", "FIVER"]).json()
    assert (told["discount"], set(told["codes"])) == ("9.50", {"EARLY", "FIVER"})
    refused = call(world, event=str(event.pk), seats=[3], code="NEVER")
    assert refused.status_code == 409
    assert (refused.json()["code"], refused.json()["reason"]) == ("code_refused", "unknown")
    both = call(world, event=str(event.pk), seats=[3], code="EARLY", codes=["EARLY"])
    assert both.status_code in (400, 422)
    assert call(world, event=str(event.pk), seats=[3]).json()["codes"] == []
