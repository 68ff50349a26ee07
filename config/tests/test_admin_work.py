"""A day's work in the back office: selling, what failed, files that leave, people and devices."""

import csv
import io
import zipfile
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import strip_tags

from accounts.models import ApiKey, User
from agencies.models import Membership, Organizer
from agencies.queries import local_today
from bookings.cancelling import Wish, cancel, money_is_back, preview
from bookings.models import Booking, Grounds, Rule
from bookings.services import confirm, enter_code, renew, reserve
from config.admin_site import RIGHTS
from config.tests import world
from config.tests.plain_words import past, programmers_words, shown_on
from config.tests.world import address, of, problems, told
from core import exports
from core.models import OutboxMessage
from core.money import Money
from core.tenancy import acted_by
from customers.models import Customer
from inventory.models import EventSeat
from payments.ledger import post
from payments.models import Account, Payment, Refund
from payments.services import request_refund
from payments.services.refund import complete
from promotions.tests.factories import running
from suppliers.models import AccountsPayable, PurchaseOrder
from tickets.models import Gate, Ticket

DESK = "/admin/"
pytestmark = pytest.mark.django_db


# Selling


def test_the_seats_of_an_event_show_as_a_map_a_filtered_list_and_its_sums(mireille, event):
    world.received_order(event, rows="A-B")
    world.sold_booking(event, [0, 1])
    page = f"{address('inventory.eventseat')}?event__id__exact={event.pk}"
    everything = mireille.get(page)
    assert everything.context["cl"].result_count == 90
    assert b"own-owned is-sold level-1" in everything.content
    stalls = event.layout.sections.get(label="Stalls")
    shown = mireille.get(f"{page}&ownership__exact=OWNED&section={stalls.position}")
    totals = shown.context["seats"]["totals"].table
    assert shown.context["cl"].result_count == 20
    assert [str(cell) for cell in totals.foot[2:]] == [
        "20",
        '<span class="num amount">€500.00</span>',
        '<span class="num amount">€800.00</span>',
    ]
    other = world.event_on_sale(event.layout, title="Another")
    assert mireille.get(f"{page}").context["cl"].result_count == 90
    assert other.title in mireille.get(address("inventory.eventseat")).content.decode()


def test_a_booking_shows_its_profit_and_that_the_ledger_agrees(mireille, event):
    world.received_order(event, rows="A")
    booking = world.sold_booking(event, [0, 1])
    words = mireille.get(of(booking)).content.decode()
    assert "The ledger and the booking agree." in words
    assert "€34.80" in words  # 2 × (40.00 + 2.40 − 25.00)
    assert "differs" not in words


def test_a_ticket_given_back_brings_no_profit_and_is_no_sale_of_the_day(mireille, event):
    world.received_order(event, rows="A")
    booking = world.sold_booking(event, [0, 1])
    first = frozenset({booking.items.get(position=1).ticket_id})
    wish = Wish(tickets=first, grounds=Grounds.STAFF, rule=Rule.ALL_BACK, reason="Ill")
    cancel(booking.pk, wish, seen=preview(booking, wish, now=timezone.now()).name)
    page = mireille.get(of(booking))
    foot = [str(cell) for cell in page.context["panels"][0].table.foot]
    assert foot[-2:] == ["€42.40", "€17.40"]
    words = page.content.decode()
    for title, money in (("Paid", "€84.80"), ("Given back", "€42.40"), ("Left", "€42.40")):
        assert f'<dt>{title}</dt><dd><span class="num amount">{money}</span>' in words
    assert "differs" not in words
    desk = mireille.get(DESK)
    told = "sold today, 2 tickets; given back 1 ticket, €42.40"
    assert ("€84.80", told) in desk.context["tally"]
    assert "given back 1, " in desk.content.decode()


def test_reservations_are_given_up_together_after_a_look(mireille, event):
    world.received_order(event, rows="A")
    one, two = world.reservation(event, [0]), world.reservation(event, [1])
    sold = world.sold_booking(event, [2])
    form = {"action": "give_up_selected", "_selected_action": [one.pk, two.pk, sold.pk]}
    page = address("bookings.booking")
    assert b"Give up these reservations?" in mireille.post(page, form).content
    assert Booking.objects.filter(status="RESERVED").count() == 2
    answer = mireille.post(page, {**form, "confirmed": "yes"})
    assert told(mireille, answer["Location"]) == ["2 reservations are given up. 1 could not be."]
    states = Booking.objects.order_by("reserved_at").values_list("status", flat=True)
    assert list(states) == ["CANCELLED", "CANCELLED", "CONFIRMED"]
    assert "not possible now" in told(mireille, mireille.post(of(one, "give_up"))["Location"])[0]


def test_a_provider_that_does_not_answer_becomes_a_sentence(mireille, event):
    world.received_order(event, rows="A")
    booking = world.reservation(event, [0])
    payment = Payment.objects.get(reference=booking.pk)
    sentence = told(mireille, mireille.post(of(payment, "ask_provider"))["Location"])[0]
    assert "provider" in sentence
    payment.refresh_from_db()
    assert payment.status == "PENDING"


@pytest.mark.parametrize(
    ("role", "sees"), [("OWNER", True), ("FINANCE", True), ("BOX_OFFICE", False)]
)
def test_what_tickets_cost_and_bring_is_not_shown_before_a_guest(agency, event, role, sees):
    world.received_order(event, rows="A")
    booking = world.sold_booking(event, [0, 1])
    client = world.client_of(world.staff(agency, role), agency)
    [tickets] = [
        each for each in client.get(of(booking)).context["panels"] if each.title == "Tickets"
    ]
    titles = [column.title for column in tickets.table.columns]
    assert ("Cost" in titles, "Profit" in titles) == (sees, sees)
    cells = " ".join(str(cell) for row in [*tickets.table.rows, tickets.table.foot] for cell in row)
    assert ("€25.00" in cells, "€50.00" in cells) == (sees, sees)
    assert {len(row) for row in tickets.table.rows} == {len(titles)} == {len(tickets.table.foot)}
    assert "€42.40" in cells
    assert "€84.80" in cells


# What failed


def test_what_failed_stands_on_the_desk_and_is_tried_again(mireille, agency):
    failed = world.failed_fact()
    assert b"BookingExpired for close page of expired" in mireille.get(DESK).content
    mireille.post(
        address("core.outboxmessage"),
        {"action": "retry_selected", "_selected_action": [failed.pk]},
    )
    again = OutboxMessage.objects.get(pk=failed.pk)
    assert (again.failed_at, again.attempts) == (None, 0)
    assert list(OutboxMessage.objects.due()) == [again]


def test_the_desk_of_a_new_agency_has_an_answer_to_every_question(agency):
    for role in ("OWNER", "PURCHASING", "BOX_OFFICE", "FINANCE", "GATE_MANAGER"):
        client = world.client_of(world.staff(agency, role), agency)
        page = client.get(DESK)
        assert page.status_code == 200
        seen = set(page.context["desk"])
        assert ("failed" in seen) == (role in ("OWNER", "FINANCE"))
        assert ("waiting" in seen) == (role in ("OWNER", "PURCHASING", "FINANCE"))
        assert ("sales" in seen) == (role in ("OWNER", "BOX_OFFICE", "FINANCE"))


def test_the_desk_counts_all_there_is_and_the_menu_says_the_same(agency, event):
    finance = world.client_of(world.staff(agency, "OWNER"), agency)
    for seat in range(1, 11):
        world.received_order(event, rows="A", seats=str(seat))
        world.drafted_order(event, rows="B", seats=str(seat))
    page = finance.get(DESK)
    desk = page.context["desk"]
    assert (len(desk["payables"].rows), desk["payables"].count) == (8, 10)
    assert (len(desk["waiting"].rows), desk["waiting"].count) == (8, 10)
    shown = page.content.decode()
    assert shown.count('<span class="n">10</span>') == 2
    assert '<b class="side__count">10</b>' in shown
    AccountsPayable.objects.update(due_on=local_today())
    assert ("€250.00", "to pay within 7 days") in finance.get(DESK).context["tally"]


def test_the_desk_says_in_every_currency_what_is_to_be_paid_soon(agency, event):
    owner = world.client_of(world.staff(agency, "OWNER"), agency)
    for rows, currency in (("A", "EUR"), ("B", "GBP"), ("C", "CHF")):
        receipt = world.received_order(event, rows=rows)
        owed = AccountsPayable.objects.filter(receipt=receipt)
        owed.update(due_on=local_today(), currency=currency)
    words = "to pay within 7 days, and CHF250.00 and £250.00"
    assert ("€250.00", words) in owner.get(DESK).context["tally"]


def test_money_has_the_decimals_of_its_currency_in_titles_and_files(agency, event):
    world.received_order(event, rows="A")
    owner = world.client_of(world.staff(agency, "OWNER"), agency)
    owed = AccountsPayable.objects.get()
    assert str(owed) == f"€250.00 due {owed.due_on:%-d %b %Y}"
    export = owner.post(
        address("suppliers.accountspayable", "export"), {"format": "0", "resource": ""}
    )
    row = dict(zip(*csv.reader(io.StringIO(export.content.decode())), strict=True))
    assert (row["Amount"], row["Currency"]) == ("250.00", "EUR")


def test_every_currency_has_balances_of_its_own(agency, event):
    world.received_order(event, rows="A")
    dollars = Money(Decimal(7), "USD")
    post(
        source="test",
        source_id=agency.pk,
        kind="test",
        lines=[(Account.INVENTORY, dollars), (Account.ACCOUNTS_PAYABLE, -dollars)],
    )
    owner = world.client_of(world.staff(agency, "OWNER"), agency)
    balances = owner.get(address("payments.journal")).context["balances"]
    assert [panel.title for panel in balances] == ["Balances in EUR", "Balances in USD"]
    assert all(panel.table.foot[0] == "Debits and credits are equal." for panel in balances)


def test_a_gate_manager_makes_keys_for_gates_and_for_himself(agency, event):
    gate = Gate.objects.create(event=event, name="Gate A")
    lena = world.client_of(world.staff(agency, "GATE_MANAGER"), agency)
    partner, _ = ApiKey.objects.make(role="partner", name="Kiosk")
    page = address("accounts.apikey", "add")
    assert [role for role, _ in lena.get(page).context["form"].fields["role"].choices] == [
        "gate",
        "staff",
    ]
    assert lena.post(page, {"name": "Reseller", "role": "partner"}).context["form"].errors
    shown = lena.post(page, {"name": "Scanner 3", "role": "gate"}).content.decode()
    assert ApiKey.objects.get(name="Scanner 3").role == "gate"
    assert "tsr_gate_" in shown
    lena.post(of(gate, "make_key"), {"name": "Scanner 4"})
    assert ApiKey.objects.get(name="Scanner 4").gate_id == gate.pk
    lena.post(of(partner, "revoke"))
    partner.refresh_from_db()
    assert partner.revoked_at is None
    assert "Kiosk" not in lena.get(address("accounts.apikey")).content.decode()
    owner = world.client_of(world.staff(agency, "OWNER"), agency)
    owner.post(page, {"name": "Spare scanner", "role": "gate"})
    assert ApiKey.objects.get(name="Spare scanner").role == "gate"


def test_titles_counts_and_empty_lists_are_in_our_words(mireille, event):
    world.received_order(event, rows="A-B")
    chosen = {"event__id__exact": event.pk}
    seats = mireille.get(address("inventory.eventseat"), chosen).content.decode()
    assert f"<title> Seats: {event} | Tessera</title>" in seats
    assert "90 seats" in seats
    order = PurchaseOrder.objects.get()
    assert f"<title> {order} | Tessera</title>" in mireille.get(of(order)).content.decode()
    nothing = mireille.get(address("bookings.booking")).content.decode()
    assert "<title> Bookings | Tessera</title>" in nothing
    assert "Nothing here yet." in nothing
    unfit = mireille.get(f"{address('bookings.booking')}?q=zzz").content.decode()
    assert "Nothing here fits what you asked for." in unfit
    assert "Show all bookings" in unfit


def test_a_wrong_password_is_told_in_our_words(agency):
    words = {"username": "nobody@parterre.example", "password": "wrong"}
    told = world.client_of(None, agency).post(reverse("admin:login"), words).content.decode()
    assert "E-mail and password do not belong together" in told


def test_the_timeline_says_what_a_reader_knows_and_nothing_else(mireille, event):
    world.received_order(event, rows="A")
    with acted_by("command:seed_demo"):
        booking = world.sold_booking(event, [0])
    ticket = Ticket.objects.get()
    for page in (of(booking), of(ticket), of(Payment.objects.get())):
        shown = strip_tags(mireille.get(page).content.decode())
        for noise in ("nothing", "generation", "provider ref", "seed_demo"):
            assert noise not in shown, (noise, page)
    assert "demo data" in strip_tags(mireille.get(of(ticket)).content.decode())


def test_the_timeline_of_a_booking_speaks_of_the_trade(mireille, event):
    world.received_order(event, rows="A")
    booking = world.reservation(event, [0])
    until = booking.reserved_until.astimezone(event.zone)
    fresh = past(mireille.get(of(booking)))
    assert f"Reserved until {until:%H:%M}, for €42.40" in fresh
    assert "€42.40 to be paid" in fresh
    renew(booking.pk)
    booking.refresh_from_db()
    until = booking.reserved_until.astimezone(event.zone)
    running("EARLY", percent=50)
    enter_code(booking.pk, "EARLY")
    payment = Payment.objects.get()
    Payment.objects.update(provider="stripe")
    world.received(payment)
    confirm(booking.pk, payment_id=payment.pk)
    refund = request_refund(
        payment_id=payment.pk, money=Money(Decimal(5), "EUR"), reason="FRAUD", request_key="one"
    )
    told = past(mireille.get(of(booking)))
    for words in (
        "Reserved, for €42.40",
        f"More time to pay, until {until:%H:%M}",
        "It costs €21.20 now, €42.40 before",
        "€21.20 to be paid now, €42.40 before",
        "To be paid by card or wallet",
        "The buyer was sent to pay",
        "Paid €21.20 by card or wallet",
        "Sold: its tickets are valid",
        "Ticket valid",
        "€5.00 to go back: fraud",
    ):
        assert words in told, (words, told)
    assert "Paid €21.20 by card or wallet" in past(mireille.get(of(payment)))
    assert "€5.00 to go back: fraud" in past(mireille.get(of(refund)))


def test_the_timeline_tells_how_a_booking_ended(mireille, event):
    """Late money that could not be kept is another story than tickets that were given back."""
    world.received_order(event, rows="A")
    late = world.reservation(event, [0])
    Booking.objects.filter(pk=late.pk).update(reserved_until=Now())
    EventSeat.objects.filter(claimed_by=late.pk).update(claimed_until=Now())
    payment = Payment.objects.get(reference=late.pk)
    reserve(event=event, ordinals=[0])  # takes the place over
    world.received(payment)
    confirm(late.pk, payment_id=payment.pk)
    told = past(mireille.get(of(late)))
    assert "Not paid in time: its places are free again" in told
    assert "It could not be sold: all the money goes back" in told
    sold = world.sold_booking(event, [1])
    wish = Wish(grounds=Grounds.STAFF, rule=Rule.ALL_BACK, reason="Ill")
    cancel(sold.pk, wish, seen=preview(sold, wish, now=timezone.now()).name)
    assert "Cancelled: every ticket is given back" in past(mireille.get(of(sold)))
    refund = Refund.objects.get(payment_id=sold.payment_id)
    complete(refund.pk, "told")
    money_is_back(refund.pk)
    assert "All the money is back" in past(mireille.get(of(sold)))
    assert "The money for the ticket is back" in past(mireille.get(of(sold)))
    assert "€42.40 went back" in past(mireille.get(of(refund)))


def test_no_page_speaks_in_the_words_of_programmers(parterre):
    """Constants, names of columns and of classes are in nobody's mouth: not in what happened to
    anything of the house, and not elsewhere on the pages of bookings, orders and payments."""
    owner, seen = parterre.client("OWNER"), 0
    whole = ("bookings.booking", "payments.payment", "payments.refund", "suppliers.purchaseorder")
    for label, row in parterre.rows.items():
        if label not in RIGHTS["OWNER"]:
            continue
        page = owner.get(address(label, "change", row.pk))
        told = past(page)
        seen += len(told)
        for words in [*told, *([shown_on(page)] if label in whole else [])]:
            assert programmers_words(words) == [], (label, words[:300])
    assert seen > 50


def test_days_are_written_in_one_way():
    november = datetime(2026, 11, 1, 20, 5, tzinfo=UTC)
    assert date_format(november) == "1 Nov 2026"
    assert date_format(november, "DATETIME_FORMAT") == "1 Nov 2026, 20:05"


def test_a_new_order_expected_on_a_day_gone_by_is_warned_of(agency):
    owner = world.client_of(world.staff(agency, "OWNER"), agency)
    words = {"supplier": world.supplier().pk, "fulfillment": "PDF_DELIVERY"}
    page = owner.post(
        address("suppliers.purchaseorder", "add"), {**words, "expected_on": "2020-11-01"}
    )["Location"]
    words = "is expected on 1 Nov 2020, which has gone by. Change it before you submit."
    assert words in told(owner, page)[0]


def test_one_box_finds_bookings_guests_orders_and_events_as_far_as_one_may_see_them(agency, event):
    world.received_order(event, rows="A")
    booking = world.sold_booking(event, [0])
    ines = world.client_of(world.staff(agency, "BOX_OFFICE"), agency)
    found = reverse("admin:find")
    assert ines.get(found, {"q": booking.number[:6].lower()})["Location"] == of(booking)
    assert ines.get(found, {"q": "noor@"})["Location"] == of(Customer.objects.get())
    assert ines.get(found, {"q": "PO-"}).context["found"] == []
    assert "Low Lanterns" in ines.get(found, {"q": "lantern"}, follow=True).content.decode()


# Files that leave


def test_an_export_holds_no_formula_whoever_typed_it(mireille, agency):
    for name in ("=1+1", "+1", "-2+3", "@SUM(A1)", "\tx", "plain"):
        Organizer.objects.create(name=name, email="a@b.example")
    page = address("agencies.organizer", "export")
    text = mireille.post(page, {"format": "0", "resource": ""}).content.decode()
    assert text.splitlines()[0] == "Name,E-mail"
    cells = {line.rpartition(",")[0].strip('"') for line in text.splitlines()[1:]}
    assert cells == {"'=1+1", "'+1", "'-2+3", "'@SUM(A1)", "'\tx", "plain"}
    book = mireille.post(page, {"format": "1", "resource": ""})
    assert book["Content-Type"].endswith("spreadsheetml.sheet")
    with zipfile.ZipFile(io.BytesIO(book.content)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "'@SUM(A1)" in sheet


def test_every_export_writes_a_line_a_row(parterre):
    house = parterre
    client = house.client("OWNER")
    for label, row in house.rows.items():
        page = address(label)
        answer = client.get(page)
        if not answer.context or not answer.context.get("has_export_permission"):
            continue
        for number in ("0", "1"):
            file = client.post(address(label, "export"), {"format": number, "resource": ""})
            assert "attachment" in file.get("Content-Disposition", ""), (label, row)
            assert len(file.content) > 20


def test_cells_keep_numbers_as_numbers_and_make_the_rest_plain():
    assert exports.plain(Decimal("-5.00")) == Decimal("-5.00")
    assert exports.plain(7) == 7
    assert exports.plain(None) == ""
    assert exports.plain("\r\n=x") == "'\r\n=x"
    assert exports.write_csv(["a"], [["-1"], [Decimal("-1")]]) == "a\r\n'-1\r\n-1\r\n"


# People and devices


def test_a_member_is_changed_and_removed_but_never_the_last_owner(mireille, agency):
    """How they come is told in test_members."""
    lena = world.person("lena@parterre.example", name="Lena Brandt")
    member = Membership.objects.create(user=lena, role="GATE_MANAGER")
    mireille.post(of(member, "change_role"), {"role": "BOX_OFFICE"})
    member.refresh_from_db()
    assert member.role == "BOX_OFFICE"
    mireille.post(of(member, "remove"))
    assert list(Membership.objects.values_list("role", flat=True)) == ["OWNER"]
    assert User.objects.filter(email__iexact="lena@parterre.example").exists()
    last = Membership.objects.get()
    refused = mireille.post(of(last, "change_role"), {"role": "FINANCE"})
    assert problems(refused) == ["This is the last owner. Make somebody else an owner first."]
    mireille.post(of(last, "remove"))
    assert Membership.objects.get().role == "OWNER"


def test_a_device_key_is_shown_once_works_and_is_revoked(mireille, event):
    gate = world.Gate.objects.create(event=event, name="Gate A")
    page = mireille.post(of(gate, "make_key"), {"name": "Scanner 3"})
    secret, key = page.context["secret"], ApiKey.objects.get()
    assert "no-store" in page["Cache-Control"]
    assert (key.role, key.gate_id, key.hint) == ("gate", gate.pk, secret[-4:])
    assert secret not in mireille.get(of(gate)).content.decode()
    assert secret not in mireille.get(of(key)).content.decode()
    mireille.post(of(key, "revoke"))
    assert not ApiKey.objects.usable().exists()


def test_a_gate_serves_only_entrances_that_the_map_knows(mireille, event):
    form = {"event": event.pk, "name": "Gate B", "entrances": "Moon door"}
    answer = mireille.post(address("tickets.gate", "add"), form)
    assert "no entrance Moon door" in str(answer.context["adminform"].form.errors)
    assert (
        mireille.post(address("tickets.gate", "add"), {**form, "entrances": ""}).status_code == 302
    )


def test_a_name_that_is_taken_in_this_agency_is_said_in_words(mireille, agency):
    Organizer.objects.create(name="Quai")
    answer = mireille.post(address("agencies.organizer", "add"), {"name": "Quai"})
    form = answer.context["adminform"].form
    assert form.non_field_errors() == ["There is already an organizer with this name."]
    elsewhere = world.agency("balcon")
    zoe = world.client_of(world.staff(elsewhere, "OWNER"), elsewhere)
    assert zoe.post(address("agencies.organizer", "add"), {"name": "Quai"}).status_code == 302


def test_the_owner_sets_what_a_sale_costs_but_not_the_currency_or_the_host(mireille, agency):
    form = {"name": "Parterre", "time_zone": "Europe/Paris"}
    form |= {"sale_cost_percent": "1.4", "sale_cost_fixed": "0.25", "when_disputed": "LOCK"}
    form |= {"invoice_tolerance_percent": "1", "invoice_tolerance": "5"}
    mireille.post(of(agency), {**form, "currency": "USD", "host": "evil.example", "slug": "x"})
    agency.refresh_from_db()
    assert (agency.sale_cost_percent, agency.currency, agency.host) == (
        Decimal("1.4"),
        "EUR",
        "parterre.example",
    )
