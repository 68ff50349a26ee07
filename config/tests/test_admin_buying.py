"""Buying, receiving, laying out and pricing in the back office."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from accounts.models import User
from config.tests import world
from config.tests.world import address, of, problems, told
from core import invariants
from events.models import Event, PriceArea
from inventory.models import EventSeat
from suppliers import services
from suppliers.models import DeliveryReceipt, PurchaseOrder
from venues.generators import grid
from venues.models import Layout, Venue
from venues.services import publish_layout

pytestmark = pytest.mark.django_db


@pytest.fixture
def jonas(agency):
    return world.client_of(world.staff(agency, "PURCHASING"), agency)


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
    assert refused.context["form"].errors == {"rows": ["Stalls has no row Z."]}
    assert b'value="A-Z"' in refused.content
    assert b'value="45"' in refused.content
    wrong_cents = jonas.post(page, line(event, rows="A", unit_cost="25.005"))
    assert wrong_cents.context["form"].errors == {
        "unit_cost": ["25.005 has too many decimals for EUR."]
    }
    everything = line(
        event, rows="Z", seats="77", unit_cost="", retail_price="45.005", quantity="0"
    )
    marked = jonas.post(page, everything).context["form"].errors
    assert set(marked) == {"rows", "seats", "unit_cost", "retail_price", "quantity"}
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
    preview = jonas.post(page, part, follow=True)
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
    rest = jonas.post(page, {"take_0": "all"}, follow=True).context["form"].fingerprint
    jonas.post(page, {"take_0": "all", "previewed": rest})
    order.refresh_from_db()
    assert order.status == "COMPLETED"
    assert EventSeat.objects.filter(ownership="OWNED").count() == 20
    assert invariants.violations() == {}


def test_seats_without_rows_are_those_of_the_rows_on_the_line(jonas, event):
    order = world.confirmed_order(event, rows="B-C")
    words = {"take_0": "part", "seats_0": "1-2"}
    preview = jonas.post(of(order, "receive"), words, follow=True)
    assert "B 1-2, C 1-2" in preview.content.decode()
    assert len(next(iter(preview.context["form"].parts.values()))) == 4


def test_the_preview_is_asked_for_with_get_and_what_was_filled_in_is_kept(jonas, event):
    order, other = (world.confirmed_order(event, rows=row) for row in "AB")
    page = of(order, "receive")
    sent = jonas.post(page, {"take_0": "part", "seats_0": "1-2", "delivery_reference": "DN-7"})
    assert (sent.status_code, sent["Location"]) == (302, "?preview")
    for _ in range(2):
        assert "A 1-2" in jonas.get(f"{page}?preview").content.decode()
    changing = jonas.get(page).content.decode()
    assert 'value="1-2"' in changing
    assert 'value="DN-7"' in changing
    assert 'value="1-2"' not in jonas.get(of(other, "receive")).content.decode()
    seen = jonas.get(f"{page}?preview").context["form"].fingerprint
    words = {"take_0": "part", "seats_0": "1-2", "previewed": seen}
    jonas.post(page, words)
    assert DeliveryReceipt.objects.get().seats == 2
    assert jonas.get(f"{page}?preview")["Location"] == page


@pytest.fixture
def box_house(agency):
    """An event whose rows are called Box 1 to Box 4."""
    plan = grid([{"name": "Boxes", "rows": 4, "seats": 4}])
    rows = [replace(row, label=f"Box {n}") for n, row in enumerate(plan.sections[0].rows, start=1)]
    plan = replace(plan, sections=[replace(plan.sections[0], rows=rows)])
    house = Venue.objects.create(name="Loge", city="Lyon", kind="ARENA")
    layout, _ = publish_layout(venue=house, plan=plan, name="Loge")
    starts_at = timezone.now() + timedelta(days=9)
    return Event.objects.create(
        slug="loge",
        title="Loge",
        venue=house,
        layout=layout,
        starts_at=starts_at,
        sale_starts_at=timezone.now(),
        sale_ends_at=starts_at,
    )


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("Box 1", "Box 1 (1-4)"),
        ("box  2", "Box 2 (1-4)"),
        ("“Box 1”, Box 3", "Box 1 (1-4), Box 3 (1-4)"),
        ("Box 3-Box 4", "Box 3 (1-4), Box 4 (1-4)"),
        ('"Box 1" – "Box 2"', "Box 1 (1-4), Box 2 (1-4)"),
    ],
)
def test_rows_are_named_as_the_house_names_them(jonas, box_house, rows, said):
    order = new_order(jonas)
    page = f"{of(order, 'add_line')}?event={box_house.pk}"
    assert "Such as Box 1-Box 3." in jonas.get(page).content.decode()
    jonas.post(page, line(box_house, "Boxes", rows=rows, unit_cost="20,50"))
    bought = order.lines.get()
    assert (bought.description, bought.unit_cost) == (f"Boxes: {said}", Decimal("20.50"))
    order = services.confirm_order(order=services.submit_order(order=order, by=None), by=None)
    receive = of(order, "receive")
    assert f"Rows such as {said[:5]}" in jonas.get(receive).content.decode()
    preview = jonas.post(receive, {"take_0": "part", "rows_0": rows}, follow=True)
    assert said in preview.content.decode()


@pytest.mark.parametrize("rows", ["Box 9", "Box 1-Box 9", "Box"])
def test_a_row_that_is_not_there_is_named_whole(jonas, box_house, rows):
    page = f"{of(new_order(jonas), 'add_line')}?event={box_house.pk}"
    refused = jonas.post(page, line(box_house, "Boxes", rows=rows)).context["form"].errors
    assert refused == {"rows": [f"Boxes has no row {rows.rpartition('-')[2]}."]}


@pytest.mark.parametrize("cost", ["1,234", "1.234,50", "1,234.50", "€20", "20,5,0"])
def test_an_amount_that_could_mean_two_things_says_how_it_is_written(jonas, event, cost):
    page = f"{of(new_order(jonas), 'add_line')}?event={event.pk}"
    refused = jonas.post(page, line(event, unit_cost=cost)).context["form"].errors
    assert refused == {
        "unit_cost": ["Write the amount as 20.50 or 20,50, with nothing between thousands."]
    }


def test_a_receipt_tells_what_happened(jonas, event):
    world.received_order(event, rows="A")
    page = jonas.get(of(DeliveryReceipt.objects.get())).content.decode()
    assert "10 seats of PO-" in page
    assert "Nothing has happened yet" not in page


def test_the_audit_trail_says_names_and_states_instead_of_ids(mireille, event):
    order = world.confirmed_order(event, rows="A")
    page = strip_tags(mireille.get(address("core.auditentry")).content.decode())
    assert "Order confirmed" in page
    assert order.number in page
    assert str(order.pk) not in page


def test_what_was_not_previewed_is_not_received(jonas, event):
    order = world.confirmed_order(event, rows="A-B")
    page = of(order, "receive")
    seen = jonas.post(page, {"take_0": "all"}, follow=True).context["form"].fingerprint
    world.receive_delivery(
        order=order, ordinals_by_line={order.lines.get().pk: order.lines.get().ordinals[:3]}
    )
    looked_again = jonas.post(page, {"take_0": "all", "previewed": seen}, follow=True)
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
    **{
        "starts_at_0": "2030-03-13",
        "starts_at_1": "20:00",
        "max_per_booking": "10",
        "split_rule": "ANY",
    },
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
