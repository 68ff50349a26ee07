"""A day's work in the back office: buying, receiving, publishing, giving up, exporting, staffing."""

import io
import zipfile
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import ApiKey, User
from agencies.models import Membership, Organizer
from bookings.models import Booking
from config.tests import world
from config.tests.test_admin import DESK, address, of
from core import exports, invariants
from core.models import OutboxMessage
from core.tenancy import acting_for
from customers.models import Customer
from events.models import Event, PriceArea
from inventory.models import EventSeat
from payments.models import Payment
from suppliers.models import DeliveryReceipt, PurchaseOrder
from venues.models import Layout, Venue

pytestmark = pytest.mark.django_db


@pytest.fixture
def agency():
    made = world.agency()
    with acting_for(made.pk):
        yield made


@pytest.fixture
def jonas(agency):
    return world.client_of(world.staff(agency, "PURCHASING"), agency)


@pytest.fixture
def mireille(agency):
    return world.client_of(world.staff(agency, "OWNER"), agency)


@pytest.fixture
def event(agency):
    _, layout = world.venue()
    return world.event_on_sale(layout)


def told(client, page):
    """The sentences that stand on a page after it was led back to."""
    return [str(message) for message in client.get(page).context["messages"]]


def problems(answer):
    return [str(problem) for problem in answer.context["form"].non_field_errors()]


# Buying


def new_order(client):
    supplier = world.supplier()
    words = {"supplier": supplier.pk, "fulfillment": "PDF_DELIVERY", "notes": "Aisle seats"}
    answer = client.post(address("suppliers.purchaseorder", "add"), words)
    order = PurchaseOrder.objects.get()
    assert answer["Location"] == of(order)
    return order


def line(event, label="Stalls", **words):
    section = event.layout.sections.get(label=label)
    return {"section": section.pk, "unit_cost": "25", **words}


def test_an_order_is_drafted_with_the_services_number_and_the_suppliers_terms(jonas):
    order = new_order(jonas)
    assert (order.number[:3], order.status, order.currency) == ("PO-", "DRAFT", "EUR")
    assert (order.payment_terms, order.notes) == ("NET_30", "Aisle seats")


def test_seats_are_added_by_rows_and_seats_in_words_and_a_wrong_word_stands_on_the_form(
    jonas, event
):
    order = new_order(jonas)
    page = f"{of(order, 'add_line')}?event={event.pk}"
    refused = jonas.post(page, line(event, rows="A-Z", retail_price="45"))
    assert problems(refused) == ["Section Stalls has no row Z."]
    assert b'value="A-Z"' in refused.content
    assert b'value="45"' in refused.content
    wrong_cents = jonas.post(page, line(event, rows="A", unit_cost="25.005"))
    assert problems(wrong_cents) == ["25.005 has too many decimals for EUR."]
    jonas.post(page, line(event, rows="A-B", seats="1-6 odd", another="yes"))
    jonas.post(page, line(event, "Floor", quantity="8"))
    assert [each.ordered for each in order.lines.order_by("position")] == [6, 8]
    again = jonas.post(page, line(event, rows="A", seats="1"))
    assert "already owned or on order" in problems(again)[0]


def test_a_line_comes_off_a_draft_and_off_nothing_else(jonas, event):
    order = world.drafted_order(event, rows="A")
    remove = reverse(
        "admin:suppliers_purchaseorder_remove_line", args=[order.pk, order.lines.get().pk]
    )
    assert jonas.get(remove).status_code == 405
    jonas.post(remove)
    assert not order.lines.exists()
    bought = world.confirmed_order(event, rows="B")
    kept = reverse(
        "admin:suppliers_purchaseorder_remove_line", args=[bought.pk, bought.lines.get().pk]
    )
    assert "stay as they are" in told(jonas, jonas.post(kept)["Location"])[-1]
    assert bought.lines.count() == 1


def test_an_order_is_submitted_and_confirmed_after_a_look_at_what_it_is_worth(jonas, event):
    order = world.drafted_order(event, rows="A")
    assert b"\xe2\x82\xac250.00" in jonas.get(of(order, "submit")).content
    jonas.post(of(order, "submit"))
    jonas.post(of(order, "confirm"))
    order.refresh_from_db()
    assert order.status == "CONFIRMED"
    assert order.submitted_by == order.confirmed_by == User.objects.get(name="Purchasing")
    assert told(jonas, jonas.post(of(order, "confirm"))["Location"])[-1] == (
        "Confirm is not possible now."
    )


def test_a_part_is_received_after_a_preview_then_the_rest(jonas, event):
    order = world.confirmed_order(event, rows="A-B")
    page = of(order, "receive")
    part = {"take_0": "part", "rows_0": "A", "delivery_reference": "DN-7"}
    preview = jonas.post(page, part)
    assert not DeliveryReceipt.objects.exists()
    assert "€250.00" in preview.content.decode()
    seen = preview.context["form"].fingerprint
    receipt_page = jonas.post(page, {**part, "previewed": seen})["Location"]
    receipt = DeliveryReceipt.objects.get()
    assert receipt_page == of(receipt)
    assert (receipt.seats, receipt.amount, receipt.delivery_reference) == (10, Decimal(250), "DN-7")
    assert receipt.received_by.name == "Purchasing"
    assert b"A 1-10" in jonas.get(of(receipt, "print_out")).content
    again = jonas.post(page, {**part, "previewed": seen})
    assert "None of these places" in str(again.context["form"].errors)
    rest = jonas.post(page, {"take_0": "all"}).context["form"].fingerprint
    jonas.post(page, {"take_0": "all", "previewed": rest})
    order.refresh_from_db()
    assert order.status == "COMPLETED"
    assert EventSeat.objects.filter(ownership="OWNED").count() == 20
    assert invariants.violations() == {}


def test_what_was_not_previewed_is_not_received(jonas, event):
    order = world.confirmed_order(event, rows="A-B")
    page = of(order, "receive")
    seen = jonas.post(page, {"take_0": "all"}).context["form"].fingerprint
    world.receive_delivery(
        order=order, ordinals_by_line={order.lines.get().pk: order.lines.get().ordinals[:3]}
    )
    looked_again = jonas.post(page, {"take_0": "all", "previewed": seen})
    assert "look once more" in str(next(iter(looked_again.context["messages"])))
    assert DeliveryReceipt.objects.count() == 1


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ({"take_0": "part"}, "Say which part"),
        ({"take_0": "part", "rows_0": "Q"}, "no row Q"),
        ({"take_0": "part", "rows_0": "C"}, "None of these places"),
        ({"take_0": "part", "rows_0": "A-C", "seats_0": "1-2"}, "Not expected on this line: C 1-2"),
        ({"take_0": "part", "quantity_0": "21"}, "Only 20 of these places"),
        ({"take_0": "nothing"}, "Nothing is marked as arrived"),
    ],
)
def test_what_cannot_be_received_is_said_beside_its_line(jonas, event, words, problem):
    order = world.confirmed_order(event, rows="A-B")
    answer = jonas.post(of(order, "receive"), words)
    assert problem in str(answer.context["form"].errors)
    assert not DeliveryReceipt.objects.exists()


def test_an_order_of_which_something_arrived_is_not_cancelled(jonas, event):
    order = world.confirmed_order(event, rows="A")
    world.receive_delivery(
        order=order, ordinals_by_line={order.lines.get().pk: order.lines.get().ordinals[:1]}
    )
    assert "not possible now" in told(jonas, jonas.post(of(order, "cancel"))["Location"])[0]
    other = world.confirmed_order(event, rows="B")
    jonas.post(of(other, "cancel"))
    other.refresh_from_db()
    assert other.status == "CANCELLED"


# Venues and events


def upload(name, content):
    return SimpleUploadedFile(name, content, content_type="application/octet-stream")


LIST = b"section,row,seat,x,y\nStalls,A,1,0,0\nStalls,A,2,20,0\nStalls,B,1,0,20\nStalls,B,2,20,20\n"


def test_a_layout_file_is_looked_at_before_it_is_published(jonas, agency):
    venue = Venue.objects.create(name="Loft")
    page = of(venue, "import_file")
    preview = jonas.post(page, {"file": upload("loft.csv", LIST), "name": "Concert"})
    assert preview.context["plan"].places == 4
    assert b"<svg" in preview.content
    assert not Layout.objects.exists()
    jonas.post(page, {"token": preview.context["token"], "name": "Concert"})
    layout = Layout.objects.get()
    assert (layout.name, layout.capacity, layout.source) == ("Concert", 4, "loft.csv")
    assert b"<svg" in jonas.get(of(layout)).content


def test_a_refused_layout_file_names_every_problem(jonas, agency):
    venue = Venue.objects.create(name="Loft")
    twice = LIST + b"Stalls,A,1,40,0\nStalls,B,1,60,20\n"
    answer = jonas.post(of(venue, "import_file"), {"file": upload("loft.csv", twice)})
    assert len(problems(answer)) >= 2
    nothing = jonas.post(of(venue, "import_file"), {"file": upload("x.pdf", b"%PDF-1.7 ...")})
    assert "PDF" in problems(nothing)[0]
    gone = jonas.post(of(venue, "import_file"), {"token": "no-such-upload"})
    assert "Choose the file once more" in problems(gone)[0]
    assert not Layout.objects.exists()


EVENT = {
    **{"title": "Night", "subtitle": "", "description": "", "kind": "CONCERT", "series": ""},
    **{"starts_at_0": "2030-03-13", "starts_at_1": "20:00", "max_per_booking": "10"},
    **{"sale_starts_at_0": "2026-01-01", "sale_starts_at_1": "10:00"},
    **{"sale_ends_at_0": "2030-03-13", "sale_ends_at_1": "19:00"},
}


def levels(*rows, kept=()):
    """The inline's fields for rows of (name, price, where)."""
    form = {
        "levels-TOTAL_FORMS": str(len(rows)),
        "levels-INITIAL_FORMS": str(len(kept)),
        "levels-MIN_NUM_FORMS": "0",
        "levels-MAX_NUM_FORMS": "1000",
    }
    for number, (name, price, where) in enumerate(rows):
        level = {"name": name, "price": price, "position": number + 1, "where": where, "id": ""}
        if number < len(kept):
            level["id"] = kept[number]
        form |= {f"levels-{number}-{key}": value for key, value in level.items()}
    return form


def test_an_event_is_drafted_on_the_venues_clock_priced_in_words_and_published(
    jonas, agency, django_capture_on_commit_callbacks
):
    venue, layout = world.venue("Tannery")
    Venue.objects.filter(pk=venue.pk).update(time_zone="Europe/London")
    jonas.post(address("events.event", "add"), {**EVENT, "venue": venue.pk, "layout": ""})
    event = Event.objects.get()
    assert (event.status, event.layout, event.slug) == ("DRAFT", layout, "night-2030-03-13")
    assert event.starts_at.isoformat() == "2030-03-13T20:00:00+00:00"
    page, event_form = of(event), {**EVENT, "venue": venue.pk, "layout": layout.pk}
    wrong = jonas.post(page, {**event_form, **levels(("All", "40", "Stals\nCircle: A-Q"))})
    assert b"no section \xe2\x80\x9cStals\xe2\x80\x9d" in wrong.content
    assert b"Section Circle has no row Q" in wrong.content
    right = levels(("Best", "40", "Stalls: A-C"), ("Rest", "30", "stalls; Circle; Floor"))
    assert jonas.post(page, {**event_form, **right}).status_code == 302
    areas = PriceArea.objects.order_by("level__position", "section__position")
    assert [(str(area.section), area.rows) for area in areas] == [
        *(("Stalls", ["A", "B", "C"]), ("Stalls", [])),
        *(("Circle", []), ("Floor", [])),
    ]
    with django_capture_on_commit_callbacks(execute=True):
        jonas.post(of(event, "publish"))
        jonas.post(of(event, "open_sale"))
    event.refresh_from_db()
    assert event.status == "ON_SALE"
    assert EventSeat.objects.filter(level__name="Best").count() == 30
    assert b"levels-TOTAL_FORMS" not in jonas.get(page).content


def test_an_unready_event_says_what_it_lacks_and_stays_a_draft(jonas, agency):
    venue = Venue.objects.create(name="Bare")
    jonas.post(address("events.event", "add"), {**EVENT, "venue": venue.pk, "layout": ""})
    event = Event.objects.get()
    sentence = told(jonas, jonas.post(of(event, "publish"))["Location"])[-1]
    assert "no layout" in sentence
    assert "no price level" in sentence
    event.refresh_from_db()
    assert event.status == "DRAFT"
    assert jonas.post(of(event, "delete"), {"post": "yes"}).status_code == 302
    assert not Event.objects.exists()


def test_times_that_cannot_be_are_said_beside_their_field(jonas, agency):
    venue, _ = world.venue()
    wrong = {
        **{**EVENT, "venue": venue.pk, "layout": ""},
        **{"doors_at_0": "2030-03-13", "doors_at_1": "21:00"},
        **{"ends_at_0": "2030-03-13", "ends_at_1": "19:00", "sale_ends_at_0": "2025-01-01"},
    }
    answer = jonas.post(address("events.event", "add"), wrong)
    errors = answer.context["adminform"].form.errors
    assert {"doors_at", "ends_at", "sale_ends_at"} == set(errors)
    assert not Event.objects.exists()


def test_events_of_a_file_are_drafted_after_a_look_and_only_once(jonas, agency):
    with open("events/tests/samples/tm_discovery_event.json", "rb") as file:
        content = file.read()
    page = address("events.event", "import_file")
    for expected in (1, 0):
        preview = jonas.post(page, {"file": upload("event.json", content)})
        assert preview.context["new"] == expected
        jonas.post(page, {"token": preview.context["token"]})
        assert Event.objects.count() == 1
    refused = jonas.post(page, {"file": upload("event.json", b"{}")})
    assert problems(refused) == ["File: has no events in it"]
    assert "not sound JSON" in problems(jonas.post(page, {"file": upload("e.json", b"{")}))[0]


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
        assert ("failed" in seen) == (role == "OWNER")
        assert ("waiting" in seen) == (role in ("OWNER", "PURCHASING", "FINANCE"))
        assert ("sales" in seen) == (role in ("OWNER", "BOX_OFFICE", "FINANCE"))


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


def test_every_export_writes_a_line_a_row():
    house = world.house()
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


def test_a_member_is_added_changed_and_removed_but_never_the_last_owner(mireille, agency):
    add = address("agencies.membership", "add")
    words = {"email": "Lena@parterre.example", "name": "Lena Brandt", "role": "GATE_MANAGER"}
    secret = mireille.post(add, words).context["secret"]
    member = Membership.objects.get(user__name="Lena Brandt")
    assert member.user.check_password(secret)
    assert "member already" in problems(mireille.post(add, words))[0]
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


def test_an_owner_cannot_take_over_somebody_who_also_works_elsewhere(mireille, agency):
    elsewhere = world.agency("balcon")
    zoe = world.staff(elsewhere, "OWNER")
    added = mireille.post(
        address("agencies.membership", "add"),
        {"email": zoe.email, "name": "Somebody", "role": "FINANCE"},
    )
    assert added.status_code == 302
    before = User.objects.get(pk=zoe.pk)
    member = Membership.objects.get(user=zoe)
    assert (
        "works elsewhere"
        in told(mireille, mireille.post(of(member, "new_password"))["Location"])[-1]
    )
    after = User.objects.get(pk=zoe.pk)
    assert (after.password, after.name) == (before.password, before.name)


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
    assert form.non_field_errors() == ["There is already a organizer with this name."]
    elsewhere = world.agency("balcon")
    zoe = world.client_of(world.staff(elsewhere, "OWNER"), elsewhere)
    assert zoe.post(address("agencies.organizer", "add"), {"name": "Quai"}).status_code == 302


def test_the_owner_sets_the_fee_but_not_the_currency_or_the_host(mireille, agency):
    form = {"name": "Parterre", "time_zone": "Europe/Paris", "fee_percent": "7", "fee_fixed": "0.5"}
    mireille.post(of(agency), {**form, "currency": "USD", "host": "evil.example", "slug": "x"})
    agency.refresh_from_db()
    assert (agency.fee_percent, agency.currency, agency.host) == (7, "EUR", "parterre.example")
