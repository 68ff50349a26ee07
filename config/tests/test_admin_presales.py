"""Presales and lists of buyers in the back office: written, opened, followed, ended."""

import csv
import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from bookings.services import confirm, contact
from config.tests import world
from config.tests.presaling import HOUR, buys, listed, presale
from config.tests.world import address, of, told
from core import outbox
from core.ids import uuid7
from customers.models import BuyerList, ListedBuyer
from events.models import Event, PriceLevel
from inventory.models import Presale
from payments.models import Payment
from promotions.models import Code, CodeBatch, Promotion
from promotions.presales import admit, admit_listed, offer_of, visited

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("right_books")]


@pytest.fixture
def soon(event):
    """On sale to all in two days."""
    Event.objects.filter(pk=event.pk).update(sale_starts_at=timezone.now() + timedelta(days=2))
    event.refresh_from_db()
    return event


def moment(name, at):
    local = timezone.localtime(at)
    return {f"{name}_0": f"{local:%Y-%m-%d}", f"{name}_1": f"{local:%H:%M:%S}"}


def written(event, **changed):
    return {
        "event": event.pk,
        "name": "Fan club",
        **moment("starts_at", timezone.now() - HOUR),
        "ends_at_0": "",
        "ends_at_1": "",
        "tickets_each": "4",
        **changed,
    }


def add(client, event, **changed):
    return client.post(address("inventory.presale", "add"), written(event, **changed))


def errors(answer):
    return [words for each in answer.context["adminform"].form.errors.values() for words in each]


def test_a_presale_is_written_given_a_code_and_activated(mireille, soon):
    level, gold = soon.levels.first(), listed("noor@post.example")
    answer = add(mireille, soon, levels=[level.pk], lists=[gold], bookings="50")
    made = Presale.objects.get()
    assert told(mireille, answer["Location"]) == [
        "Fan club is a draft. Give it codes or lists, then activate it."
    ]
    assert (made.levels, made.lists, made.ends_at) == ([level.pk], [gold], None)
    offer = offer_of(made)
    assert (offer.usage_limit, offer.tickets_per_customer) == (50, 4)
    mireille.post(of(made, "add_code"), {"text": "Fans 27", "usage_limit": "10"})
    page = mireille.get(of(made, "activate")).content.decode()
    assert level.name in page
    assert "Fans 27" in page
    mireille.post(of(made, "activate"))
    assert "Active: it opens when its time comes" in mireille.get(of(made)).content.decode()
    assert admit(soon, "FANS-27").presale_id == made.pk
    assert admit_listed(soon, "noor@post.example").presale_id == made.pk
    assert not Promotion.objects.offers().exists()
    assert mireille.get(address("promotions.promotion")).context["cl"].result_count == 0


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": ""}, "required"),
        ({"bookings": "0"}, "greater than or equal to 1"),
        (moment("ends_at", timezone.now() - 2 * HOUR), "ends after it has begun"),
        (moment("starts_at", timezone.now() + timedelta(days=3)), "sale to all begins before"),
    ],
)
def test_what_cannot_be_is_refused_beside_what_was_typed(mireille, soon, changed, words):
    answer = add(mireille, soon, **changed)
    assert any(words in problem for problem in errors(answer)), errors(answer)
    assert not Presale.objects.exists()


def test_levels_of_another_event_are_refused(mireille, soon):
    other = world.draft_event(soon.layout, title="Another night")
    answer = add(mireille, soon, levels=[other.levels.first().pk])
    assert errors(answer) == [f"Choose price levels of {soon} only."]


def test_once_the_event_is_known_only_its_levels_are_offered(mireille, soon):
    other = world.draft_event(soon.layout, title="Another night")
    page = address("inventory.presale", "add")
    ours, theirs = soon.levels.first().pk, other.levels.first().pk
    day = f"{timezone.localtime(other.starts_at):%-d %b %Y}"
    for asked in ({}, {"event": ""}, {"event": "no key"}, {"event": uuid7()}):
        first = mireille.get(page, asked).content.decode()
        assert f"Another night, {day}" in first
        assert f'value="{ours}"' not in first
        assert 'name="levels"' not in first
    for seen in (mireille.get(page, {"event": soon.pk}), add(mireille, soon, name="")):
        words = seen.content.decode()
        assert f'value="{ours}"' in words
        assert f'value="{theirs}"' not in words
        assert "Another night" not in words  # it is chosen on the page before


def test_its_terms_are_changed_and_its_page_is_open_to_who_may(mireille, soon):
    made = presale(soon)
    fields = written(soon, name="Friends", tickets_each="2")
    fields.pop("event")
    mireille.post(of(made), fields)
    made.refresh_from_db()
    assert (made.name, offer_of(made).tickets_per_customer) == ("Friends", 2)
    mireille.post(of(made, "end"))
    page = mireille.get(of(made)).content.decode()
    assert "Over" in page
    mireille.post(of(made), fields | {"name": "Late"})
    made.refresh_from_db()
    assert made.name == "Friends"
    assert "not possible now" in told(mireille, mireille.post(of(made, "end"))["Location"])[-1]


def test_its_timeline_says_what_was_changed_and_nothing_else(mireille, soon):
    made = presale(soon, tickets_each=4)
    begun = made.starts_at
    level = PriceLevel.objects.filter(event=soon).first()
    local = begun.astimezone(soon.zone)
    fields = written(soon, name=made.name, tickets_each="3", levels=[str(level.pk)])
    fields |= {"starts_at_0": f"{local:%Y-%m-%d}", "starts_at_1": f"{local:%H:%M}"}
    mireille.post(of(made), fields)
    made.refresh_from_db()
    assert made.starts_at == begun
    page = mireille.get(of(made)).content.decode()
    assert f"Levels: all → {level.name}" in page
    assert "Tickets of one buyer 4 → 3" in page
    assert "Levels changed" not in page


def test_places_are_chosen_on_the_map_or_in_words(mireille, soon):
    made = presale(soon)
    stalls = soon.layout.sections.get(label="Stalls")
    mireille.post(of(made, "choose_places"), {"section": stalls.pk, "rows": "A", "seats": "1-3"})
    made.refresh_from_db()
    assert (made.is_by_place, made.places.count()) == (True, 3)
    assert "3 chosen places" in mireille.get(of(made)).content.decode()
    answer = mireille.post(of(made, "choose_places"), {"section": "", "rows": "A"})
    assert answer.status_code == 200
    mireille.post(of(made, "all_places"))
    made.refresh_from_db()
    assert (made.is_by_place, made.places.count()) == (False, 0)


def test_unique_codes_are_drawn_listed_and_leave_as_csv(mireille, soon):
    made = presale(soon)
    mireille.post(of(made, "draw_codes"), {"count": "25", "prefix": "fan", "usage_limit": "1"})
    outbox.deliver()
    batch = CodeBatch.objects.get()
    assert batch.is_done
    listing = f"{address('promotions.code')}?promotion__id__exact={batch.promotion_id}"
    assert mireille.get(listing).context["cl"].result_count == 27  # FANS, and that of lists
    page = address("promotions.code", "export")
    exported = mireille.post(
        f"{page}?batch__id__exact={batch.pk}",
        {"format": "0", "column_0": "on", "export_items": []},
    )
    rows = list(csv.DictReader(io.StringIO(exported.content.decode())))
    assert len(rows) == 25
    code = Code.objects.get(text=rows[0]["Code"])
    assert made.name in mireille.get(of(code)).content.decode()


def test_the_page_says_as_of_now_what_came_of_it(mireille, soon):
    world.received_order(soon, rows="A")
    made = presale(soon)
    fan = admit(soon, "FANS")
    for _ in range(4):
        visited(fan)
    booking = buys(soon, 0, 1, admitted=fan)
    contact(booking.pk, email="noor@post.example", name="Noor")
    payment = Payment.objects.get(reference=booking.pk)
    world.received(payment)
    confirm(booking.pk, payment_id=payment.pk)
    buys(soon, 2, admitted=fan)
    shown = mireille.get(of(made)).context["panels"]
    [row] = next(each.table.rows for each in shown if each.title == "As of now")
    assert row == ["4", "2", "1", "1", "2", "25 %", "2 of 10", "20 %"]
    assert "Presale" in mireille.get(of(booking)).content.decode()


# Lists


def upload(client, buyers, content):
    file = SimpleUploadedFile("list.csv", content)
    return client.post(of(buyers, "import_addresses"), {"file": file})


@pytest.fixture
def gold(agency):
    return BuyerList.objects.create(name="Gold", kind="PARTNER")


def test_addresses_are_looked_at_and_then_added(mireille, gold):
    ListedBuyer.objects.create(list=gold, email="ada@post.example", mailbox="ada@post.example")
    lines = ["name;e-mail", "Noor;Noor+x@Post.example", "Ada;ADA@post.example", "Bo;nobody"]
    content = "\n".join([*lines, "N;noor@post.example"]).encode()
    answer = upload(mireille, gold, content)
    page = answer.content.decode()
    assert "1 new, 1 on the list already, 1 line left out" in page
    assert "Line 4" in page
    assert gold.buyers.count() == 1
    token = answer.context["token"]
    done = mireille.post(of(gold, "import_addresses"), {"token": token})
    assert told(mireille, done["Location"]) == ["1 address added to Gold."]
    assert set(gold.buyers.values_list("mailbox", flat=True)) == {
        "ada@post.example",
        "noor@post.example",
    }


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"", b'"' * 200_000])
def test_a_file_that_is_no_list_changes_nothing(mireille, gold, content):
    assert upload(mireille, gold, content).status_code == 200
    assert gold.buyers.count() == 0


def test_an_address_is_found_struck_and_exported(mireille, gold):
    buyer = ListedBuyer.objects.create(list=gold, email="a@b.example", mailbox="a@b.example")
    listing = mireille.get(f"{address('customers.listedbuyer')}?q=a@b&list__id__exact={gold.pk}")
    assert listing.context["cl"].result_count == 1
    exported = mireille.post(
        address("customers.listedbuyer", "export"),
        {"format": "0", "column_0": "on", "export_items": []},
    )
    assert "a@b.example" in exported.content.decode()
    mireille.post(of(buyer, "strike"))
    assert gold.buyers.count() == 0


def test_the_box_office_sees_presales_and_changes_none(agency, soon):
    made = presale(soon)
    box = world.client_of(world.staff(agency, "BOX_OFFICE"), agency)
    assert box.get(of(made)).status_code == 200
    assert "FANS" not in box.get(of(made)).content.decode()
    assert box.post(of(made, "end")).status_code == 403
    assert box.get(address("customers.listedbuyer")).status_code == 403
