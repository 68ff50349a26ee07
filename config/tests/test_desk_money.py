"""Money at the desk: cash and the card terminal, handed out again, and the drawer counted."""

from decimal import Decimal

import pypdfium2
import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from bookings.models import Booking
from bookings.services import (
    AlreadyPaid,
    NotYours,
    PageStillOpen,
    contact,
    pay,
    pay_at_desk,
    reserve,
    reserve_at_desk,
)
from config.tests import world
from config.tests.selling_by_stripe import (
    at_stripe,
    deliver_everything,
    event,
    payment_of,
    reserved,
    status,
    stripe,
)
from config.tests.servers import at_once, refusals, without_locks
from config.tests.world import of, problems, told
from core import invariants
from core.errors import DomainError
from core.money import Money
from core.tenancy import current_agency_id
from inventory.models import EventSeat
from payments.models import CashCount, DeskTaking, Payment, Refund
from payments.services import (
    DrawerDiffers,
    NotTakeable,
    count_cash,
    hand_out,
    in_drawer,
    request_refund,
)
from payments.tasks import reconcile
from promotions.tests.factories import running

__all__ = ["event", "stripe"]  # fixtures
CASH, TERMINAL = DeskTaking.Way.CASH, DeskTaking.Way.TERMINAL


@pytest.fixture
def ida():
    return world.person("ida@parterre.example", name="Ida")


@pytest.fixture
def house(agency):
    event = world.event_on_sale(world.venue()[1])
    world.received_order(event)
    return event


def cash(booking, by, given="100.00"):
    return pay_at_desk(booking.pk, way=CASH, by=by, given=Decimal(given))


def euros(amount):
    return Money(Decimal(amount), "EUR")


def refund_of(booking, money=None, key="once"):
    payment = Payment.objects.get(reference=booking.pk, status="SUCCEEDED")
    with transaction.atomic():
        return request_refund(
            payment_id=payment.pk,
            money=money or payment.money,
            reason="CUSTOMER_REQUEST",
            request_key=key,
        )


# Taking


@pytest.mark.django_db
def test_cash_is_taken_the_booking_confirmed_and_the_change_worked_out(house, ida):
    booking = world.reservation(house, [0, 1])
    taking = cash(booking, ida)
    assert (status(booking), taking.money, taking.change) == (
        "CONFIRMED",
        euros("84.80"),
        euros("15.20"),
    )
    assert taking.number == f"R-{timezone.now().year}-00001"
    assert in_drawer("EUR") == euros("84.80")
    assert Payment.objects.get().provider == "cash"
    deliver_everything()
    assert invariants.violations() == {}


@pytest.mark.django_db
def test_the_terminal_needs_its_slips_reference_and_refuses_a_card_number(house, ida):
    booking = world.reservation(house, [0])
    for reference in ("", "4111 1111 1111 1111", "5500-0000-0000-0004", "slip 378282246310005"):
        with pytest.raises(NotTakeable):
            pay_at_desk(booking.pk, way=TERMINAL, by=ida, reference=reference)
    assert status(booking) == "RESERVED"
    assert not DeskTaking.objects.exists()
    assert pay_at_desk(booking.pk, way=TERMINAL, by=ida, reference="T1-00412").amount
    assert status(booking) == "CONFIRMED"
    assert in_drawer("EUR") == euros(0)
    assert invariants.violations() == {}


@pytest.mark.django_db
def test_too_little_too_late_or_twice_takes_nothing(house, ida):
    booking = world.reservation(house, [0])
    with pytest.raises(NotTakeable, match="less than what is due"):
        cash(booking, ida, "42.39")
    cash(booking, ida, "42.40")
    with pytest.raises(AlreadyPaid):
        cash(booking, ida)
    late = world.reservation(house, [1], email="late@post.example")
    Booking.objects.filter(pk=late.pk).update(reserved_until=timezone.now())
    with pytest.raises(NotYours):
        cash(late, ida)
    nobody = reserve(event=house, ordinals=[2])
    with pytest.raises(DomainError, match="Say who buys"):
        cash(nobody, ida)
    assert DeskTaking.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["amount = 1", "taken_by_id = taken_by_id"])
def test_what_was_taken_is_never_rewritten(house, ida, change):
    cash(world.reservation(house, [0]), ida)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE payments_desktaking SET {change}")  # noqa: S608


def test_an_open_page_is_shut_first_and_who_paid_there_pays_once(stripe, event, ida):
    booking = at_stripe(event, 0)
    stripe.break_next("POST /v1/checkout/sessions/*/expire", "status_500")
    with pytest.raises(PageStillOpen):
        cash(booking, ida)
    assert status(booking) == "RESERVED"
    cash(booking, ida)
    assert status(booking) == "CONFIRMED"
    assert stripe.objects("checkout/sessions")[0]["status"] == "expired"
    paid = at_stripe(event, 1)
    stripe.play(payment_of(paid).provider_ref, "lost_notice")
    with pytest.raises(AlreadyPaid):
        cash(paid, ida)
    deliver_everything()
    assert status(paid) == "CONFIRMED"
    assert DeskTaking.objects.count() == 1
    assert reconcile(everything=True)["unreachable"] == 0
    assert invariants.violations() == {}


# Many at one moment


@pytest.mark.race
def test_two_people_take_the_money_of_one_booking_once(stripe, event, ida, settings):
    settings.FAIL_POINT = "desk.before_booking=sleep:0.3"
    booking = reserved(event, 0)
    results = at_once(
        current_agency_id(), *[lambda: cash(booking, ida)] * 4, lambda: pay(booking.pk)
    )
    taken = [one for one in results if isinstance(one, DeskTaking)]
    assert len(taken) + Payment.objects.filter(status="PROCESSING").count() == 1
    assert DeskTaking.objects.count() == len(taken)
    settings.FAIL_POINT = ""
    if not taken:
        cash(booking, ida)
    deliver_everything()
    assert status(booking) == "CONFIRMED"
    assert invariants.violations() == {}


@pytest.mark.race
def test_control_without_the_locks_two_cashiers_are_stopped_by_the_database_only(
    stripe, event, ida, monkeypatch, settings
):
    settings.FAIL_POINT = "desk.before_booking=sleep:0.3"
    booking = reserved(event, 0)
    without_locks(monkeypatch, "bookings.orders", "payments.services.desk")
    for lock in ("orders.lock_seats", "services.at_desk.lock_tickets"):
        monkeypatch.setattr(f"bookings.{lock}", lambda keys: None)
    monkeypatch.setattr("payments.services.desk.one_drawer", lambda: None)
    results = at_once(current_agency_id(), *[lambda: cash(booking, ida)] * 6)
    assert any(isinstance(one, DatabaseError) for one in results)
    assert DeskTaking.objects.count() == 1


@pytest.mark.race
def test_money_is_handed_back_once(stripe, event, ida, settings):
    settings.FAIL_POINT = "desk.before_handing_out=sleep:0.3"
    booking = reserved(event, 0)
    cash(booking, ida)
    refund = refund_of(booking)
    deliver_everything()
    results = at_once(current_agency_id(), *[lambda: hand_out(refund.pk, by=ida)] * 4)
    assert len(refusals(results)) == 3
    assert in_drawer("EUR") == euros(0)
    assert status(refund) == "COMPLETED"


@pytest.mark.race
def test_control_without_the_locks_it_is_only_the_database_that_refuses(
    stripe, event, ida, monkeypatch, settings
):
    settings.FAIL_POINT = "desk.before_handing_out=sleep:0.3"
    booking = reserved(event, 0)
    cash(booking, ida)
    refund = refund_of(booking)
    monkeypatch.setattr("payments.services.desk.one_drawer", lambda: None)
    monkeypatch.setattr("payments.services.desk.lock_one", lambda rows: rows.get())
    monkeypatch.setattr("payments.services.refund.lock_one", lambda rows: rows.get())
    results = at_once(current_agency_id(), *[lambda: hand_out(refund.pk, by=ida)] * 6)
    assert any(isinstance(one, DatabaseError) for one in results)
    assert DeskTaking.objects.filter(amount__lt=0).count() == 1


# Handing out and counting


@pytest.mark.django_db
def test_a_refund_of_cash_waits_for_a_person_and_leaves_the_drawer(house, ida):
    booking = world.reservation(house, [0, 1])
    cash(booking, ida)
    refund = refund_of(booking, euros("42.40"))
    deliver_everything()
    reconcile(everything=True)
    assert status(refund) == "PROCESSING"
    assert in_drawer("EUR") == euros("84.80")
    hand_out(refund.pk, by=ida)
    assert status(refund) == "COMPLETED"
    assert in_drawer("EUR") == euros("42.40")


@pytest.mark.django_db
def test_the_drawer_is_counted_and_a_difference_needs_a_reason(house, ida):
    cash(world.reservation(house, [0]), ida)
    with pytest.raises(DrawerDiffers, match=r"€2\.40 missing: €42\.40 should lie there"):
        count_cash(counted=euros(40), banked=euros(0), by=ida)
    assert not CashCount.objects.exists()
    with pytest.raises(NotTakeable):
        count_cash(counted=euros("42.40"), banked=euros("42.41"), by=ida)
    made = count_cash(counted=euros(40), banked=euros(30), by=ida, note="A coin rolled away")
    assert made.difference == euros("-2.40")
    assert in_drawer("EUR") == euros(10)
    assert count_cash(counted=euros(10), banked=euros(0), by=ida).difference == euros(0)
    deliver_everything()
    assert invariants.violations() == {}


# The pages


@pytest.mark.django_db
def test_the_box_office_takes_prints_hands_back_and_counts(agency, house):
    client = world.client_of(world.staff(agency, "BOX_OFFICE"), agency)
    booking = world.reservation(house, [0])
    page = client.get(of(booking, "take_cash"))
    assert "Take cash: €42.40" in page.content.decode()
    refused = client.post(of(booking, "take_cash"), {"given": "40", "due": booking.total})
    assert problems(refused) == ["This is less than what is due."]
    assert 'value="40"' in refused.content.decode()
    done = client.post(of(booking, "take_cash"), {"given": "50", "due": booking.total})
    assert "Change: €7.60" in told(client, done["Location"])[0]
    paper = client.get(of(booking, "desk_receipt"))
    words = pypdfium2.PdfDocument(paper.content)[0].get_textpage().get_text_bounded()
    assert {"€42.40", "€7.60", "€50.00"} <= set(words.split())
    refund_of(booking)
    assert "€42.40" in client.get(of(booking, "hand_back")).content.decode()
    done = client.post(of(booking, "hand_back"), {"reference": ""})
    assert "Handed back: €42.40" in told(client, done["Location"])[0]
    assert Refund.objects.get().status == "COMPLETED"
    count = world.address("payments.cashcount", "add")
    assert client.get(count).status_code == 200
    assert "€5.00 too much" in problems(client.post(count, {"counted": "5", "note": ""}))[0]
    assert client.post(count, {"counted": "0"}).status_code == 302
    assert CashCount.objects.get().counted == 0


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["FINANCE", "PURCHASING", "GATE_MANAGER", "PROMOTER"])
def test_nobody_else_handles_money(agency, house, role):
    client = world.client_of(world.staff(agency, role), agency)
    booking = world.reservation(house, [0])
    answers = [client.post(of(booking, "take_cash"), {"given": "50", "due": booking.total})]
    answers.append(client.post(world.address("payments.cashcount", "add"), {"counted": "0"}))
    assert {answer.status_code for answer in answers} <= {302, 403}
    assert status(booking) == "RESERVED"
    assert not CashCount.objects.exists()
    assert contact(booking.pk, email="n@post.example", name="N")


# Somebody stands at the desk


@pytest.mark.django_db
def test_a_cashier_sells_places_to_who_stands_there(agency, house):
    cashier = world.client_of(world.staff(agency, "BOX_OFFICE"), agency)
    page = reverse("admin:sell_at_desk", args=[house.pk])
    assert page in cashier.get(of(house)).content.decode()
    assert "For whom" in cashier.get(page).content.decode()
    said = {"places": "0-1", "name": "Ada Verbeke", "email": "ada@post.example"}
    look = cashier.post(page, said)
    assert "84.80" in look.content.decode()
    assert not Booking.objects.exists()
    sold = cashier.post(page, {**said, "previewed": "yes"})
    booking = Booking.objects.get()
    assert (sold.url, booking.channel) == (of(booking), "BOX_OFFICE")
    done = cashier.post(of(booking, "take_cash"), {"given": "100", "due": booking.total})
    assert "Change: €15.20" in told(cashier, done["Location"])[-1]
    assert status(booking) == "CONFIRMED"
    page = cashier.get(of(booking)).content.decode()
    assert "Paid €84.80 in cash" in page
    for untrue in ("sent to pay", "To be paid in cash", "Nothing was due"):
        assert untrue not in page


@pytest.mark.django_db
@pytest.mark.parametrize(("places", "is_apart"), [("0-1", False), ("0,2", True)])
def test_the_cashier_reads_that_the_best_are_not_side_by_side(agency, house, places, is_apart):
    cashier = world.client_of(world.staff(agency, "BOX_OFFICE"), agency)
    said = {"places": places, "quantity": "2", "name": "Ada", "email": "ada@post.example"}
    look = cashier.post(reverse("admin:sell_at_desk", args=[house.pk]), said)
    assert "Reserve them" in look.content.decode()
    assert ("Not all side by side." in look.content.decode()) == is_apart


@pytest.mark.django_db
def test_a_guests_code_is_taken_in_at_the_desk_and_out_again(agency, house):
    running("FIVER", type="FIXED_DISCOUNT", percent=None, amount=5)
    running("GIFT", percent=100)
    cashier = world.client_of(world.staff(agency, "BOX_OFFICE"), agency)
    booking = reserve_at_desk(event=house, ordinals=[0], email="ada@post.example", name="Ada")
    before = booking.total
    page = of(booking, "enter_code")
    refused = cashier.post(page, {"code": "NOSUCH"})
    assert "NOSUCH" in problems(refused)[0]
    done = cashier.post(page, {"code": "fiver"})
    assert told(cashier, done["Location"])[-1].startswith("FIVER is in.")
    booking.refresh_from_db()
    assert (booking.discount, booking.total < before) == (5, True)
    shown = cashier.get(of(booking)).content.decode()
    assert "-€5.00" in shown
    assert "The code FIVER was taken in" in shown
    assert "The code FIVER was taken out" not in shown
    cashier.post(of(booking, "confirm_for_nothing"))
    assert status(booking) == "RESERVED"  # there is something to pay
    cashier.post(of(booking, "take_codes_out"))
    booking.refresh_from_db()
    assert (booking.discount, booking.total) == (0, before)
    shown = cashier.get(of(booking)).content.decode()
    assert shown.count("The code FIVER was taken out") == 1
    cashier.post(page, {"code": "GIFT"})
    page = cashier.get(of(booking)).content.decode()
    assert "Confirm: nothing is to be paid" in page
    assert "Take cash" not in page
    cashier.post(of(booking, "confirm_for_nothing"))
    assert status(booking) == "CONFIRMED"


@pytest.mark.django_db
def test_places_of_others_are_not_sold_at_the_desk(agency, house):
    EventSeat.objects.filter(event=house, ordinal=0).update(channel="PARTNER")
    cashier = world.client_of(world.staff(agency, "BOX_OFFICE"), agency)
    page = reverse("admin:sell_at_desk", args=[house.pk])
    said = {"places": "0", "name": "Ada", "email": "ada@post.example", "previewed": "yes"}
    refused = cashier.post(page, said)
    assert "free for the desk" in refused.content.decode()
    assert not Booking.objects.exists()
    gate = world.client_of(world.staff(agency, "GATE_MANAGER"), agency)
    assert gate.get(page).status_code == 403
    assert cashier.get(reverse("admin:sell_at_desk", args=[agency.pk])).status_code == 404


@pytest.mark.django_db
def test_who_reserved_without_a_name_is_asked_for_it_with_his_money(agency, house):
    booking = reserve(event=house, ordinals=[0])
    cashier = world.client_of(world.staff(agency, "BOX_OFFICE"), agency)
    page = of(booking, "take_cash")
    said = {"given": "50", "due": booking.total}
    assert set(cashier.post(page, said).context["form"].errors) == {"name", "email"}
    cashier.post(page, {**said, "name": "Ada Verbeke", "email": "ada@post.example"})
    booking.refresh_from_db()
    assert (booking.status, booking.customer.name) == ("CONFIRMED", "Ada Verbeke")
