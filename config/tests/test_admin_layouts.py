"""Layouts in the back office: drawings numbered, versions compared and taken away, events moved."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from config.tests import world
from config.tests.test_layout_moves import ordinal, version
from config.tests.world import address, of, problems, told
from events.models import Event
from inventory.models import LayoutMove
from venues.models import Layout, LayoutDraft, LayoutSeat, Venue
from venues.tests.drawings import circles, drawing, group, line

pytestmark = pytest.mark.django_db

TWO_BLOCKS = drawing(
    '<rect id="stage" x="0" y="-60" width="60" height="20"/>',
    group(circles([*line(4), *line(4, y=15)]), label="Stalls"),
    group(circles(line(3, y=60)), label="Balcony"),
    '<rect id="Standing" x="0" y="90" width="60" height="30"/>',
)


@pytest.fixture
def layout(agency):
    return world.venue()[1]


def uploaded(client, venue, text, name="hall.svg", **fields):
    file = SimpleUploadedFile(name, text.encode(), "image/svg+xml")
    return client.post(of(venue, "import_file"), {"file": file, **fields})


def sections(*, rows="LETTERS", seats="ALL", number=2, **more):
    """What the page of a drawing sends for so many sections."""
    sent = {"name": "Hall"}
    usual = {"rows": rows, "rows_from": "FRONT", "first_row": "", "skipped": "", "seats": seats,
             "seats_from": "LEFT", "first_seat": "1"}  # fmt: skip
    for i in range(number):
        sent |= {f"s{i}-{name}": value for name, value in usual.items()}
        sent[f"s{i}-label"] = ("Stalls", "Balcony")[i]
    return {**sent, **more}


def test_a_drawing_is_numbered_step_by_step_and_published(agency, mireille):
    venue = Venue.objects.create(name="Salle des fêtes")
    sent = uploaded(mireille, venue, TWO_BLOCKS)
    assert sent.status_code == 302
    page = mireille.get(sent.url)
    assert [form.block.label for form in page.context["asked"].sections] == ["Stalls", "Balcony"]
    assert page.context["plan"] is None, "a capacity is missing"

    wish = sections(**{"a0-capacity": "25", "s0-rows_from": "BACK", "s0-seats": "ODD",
                       "s1-seats_from": "RIGHT", "s1-first_row": "AA"})  # fmt: skip
    looked = mireille.post(sent.url, {**wish, "look": "yes"})
    assert looked.context["plan"].places == 36
    assert not Layout.objects.exists(), "looking saves nothing"
    assert b"B \xe2\x80\xa6 A (2)" in looked.content

    done = mireille.post(sent.url, {**wish, "publish": "yes"})
    assert told(mireille, done.url) == ["Hall v1 is published: 36 places."]
    seats = LayoutSeat.objects.exclude(section__kind="STANDING").order_by("ordinal")
    assert [f"{s.row}{s.label}" for s in seats] == [
        *("B1", "B3", "B5", "B7", "A1", "A3", "A5", "A7"),
        *("AA3", "AA2", "AA1"),
    ]


def test_all_sections_can_be_numbered_like_the_first(agency, mireille):
    venue = Venue.objects.create(name="Salle des fêtes")
    at = uploaded(mireille, venue, TWO_BLOCKS).url
    wish = sections(**{"a0-capacity": "5", "s0-seats": "EVEN", "alike": "on"})
    mireille.post(at, {**wish, "publish": "yes"})
    balcony = LayoutSeat.objects.filter(section__label="Balcony").order_by("ordinal")
    assert [seat.label for seat in balcony] == ["2", "4", "6"]


def test_a_numbered_drawing_can_be_drawn_on_before_it_is_published(agency, mireille):
    venue = Venue.objects.create(name="Salle des fêtes")
    at = uploaded(mireille, venue, TWO_BLOCKS).url
    wish = sections(**{"a0-capacity": "25"})
    opened = mireille.post(at, {**wish, "draw": "yes"})
    draft = LayoutDraft.objects.get()
    assert opened.url == of(draft, "draw")
    assert (draft.name, draft.places, draft.source) == ("Hall", 36, "hall.svg")
    assert not Layout.objects.exists()


def test_what_cannot_be_numbered_so_is_told_and_nothing_typed_is_lost(agency, mireille):
    venue = Venue.objects.create(name="Salle des fêtes")
    at = uploaded(mireille, venue, TWO_BLOCKS).url
    wish = sections(**{"a0-capacity": "5", "s0-first_row": "7", "s1-label": "Stalls"})
    page = mireille.post(at, {**wish, "publish": "yes"})
    assert page.status_code == 200
    errors = page.context["asked"].whole.non_field_errors()
    assert errors == ["Rows with letters cannot begin with “7”."]
    assert page.context["asked"].sections[0]["first_row"].value() == "7"
    wish["s0-first_row"] = "A"
    page = mireille.post(at, {**wish, "publish": "yes"})
    assert page.context["asked"].whole.non_field_errors() == [
        "Plan: 2 sections are labelled 'Stalls'"
    ]
    page = mireille.post(at, {**wish, "a0-capacity": "0", "publish": "yes"})
    assert "capacity" in page.context["asked"].areas[0].errors
    assert not Layout.objects.exists()


def test_a_hostile_drawing_is_refused_on_the_form(agency, mireille):
    venue = Venue.objects.create(name="Salle des fêtes")
    bomb = TWO_BLOCKS.replace("<svg", '<!DOCTYPE svg [<!ENTITY a "b">]><svg', 1)
    answer = uploaded(mireille, venue, bomb)
    assert problems(answer) == ["File: declares entities; save it as plain SVG"]


def test_an_upload_that_is_not_kept_any_more_is_told(agency, mireille):
    venue = Venue.objects.create(name="Salle des fêtes")
    gone = mireille.get(reverse("admin:venues_venue_drawing", args=[venue.pk, "x" * 20]))
    assert told(mireille, gone.url) == [
        "An upload is kept for half an hour, or until you choose another. Choose the file once more."
    ]


def test_one_upload_is_kept_of_each_person(agency, mireille):
    """They lie in memory, up to 20 MB each."""
    venue = Venue.objects.create(name="Salle des fêtes")
    first, second = (uploaded(mireille, venue, TWO_BLOCKS).url for _ in range(2))
    assert mireille.get(second).status_code == 200
    (message,) = told(mireille, mireille.get(first).url)
    assert message.startswith("An upload is kept for half an hour, or until you choose another.")
    other = world.client_of(world.staff(agency, "PURCHASING"), agency)
    assert other.get(second).status_code == 302


@pytest.mark.parametrize(
    ("name", "start"), [("json", b'{"format":'), ("csv", b"section,"), ("svg", b"<svg")]
)
def test_a_layout_is_taken_away_and_comes_back_as_the_same_version(layout, mireille, name, start):
    file = mireille.get(of(layout, f"as_{name}"))
    assert file["Content-Disposition"] == f'attachment; filename="halle-verdier-v1.{name}"'
    assert file.content.startswith(start)
    if name != "csv":
        preview = uploaded(mireille, layout.venue, file.content.decode(), name=f"back.{name}")
        done = mireille.post(
            of(layout.venue, "import_file"), {"token": preview.context["token"], "name": "Again"}
        )
        assert told(mireille, done.url) == [
            "Halle Verdier v1 was published before with exactly these seats: 90 places."
        ]


def test_two_versions_are_compared_filtered_and_exported(layout, mireille):
    after = version(layout, without={("A", "1")}, renamed={("B", "3"): "3A"}, added=[("F", 10)])
    page = mireille.get(of(after, "compare"))
    assert page.context["before"] == layout
    assert [(kind, count) for kind, _, _, count in page.context["counts"] if count] == [
        ("added", 10), ("removed", 1), ("renamed", 1),
    ]  # fmt: skip
    assert b"diff-sign--removed" in page.content
    only = mireille.get(of(after, "compare"), {"kind": "RENAMED"})
    assert [row[1:] for row in only.context["table"].rows] == [
        ["Stalls, row B, seat 3", "now Stalls, row B, seat 3A"]
    ]
    assert len(mireille.get(of(after, "compare"), {"q": "row f"}).context["table"].rows) == 10
    file = mireille.get(of(after, "compare"), {"format": "csv", "kind": "REMOVED"})
    lines = b"".join(file.streaming_content).decode().splitlines()
    assert lines[1] == 'Removed,"Stalls, row A, seat 1",Not in the new version,Stalls,A,1,,,'
    assert (
        b"".join(mireille.get(of(after, "compare"), {"format": "xlsx"}).streaming_content)[:2]
        == b"PK"
    )
    odd = mireille.get(of(after, "compare"), {"before": "nonsense"})
    assert odd.context["form"].errors


def test_a_layout_without_another_version_is_not_compared(layout, mireille):
    answer = mireille.get(of(layout, "compare"))
    assert told(mireille, answer.url) == ["Compare versions is not possible now."]


def test_an_event_is_moved_after_a_look_at_whom_it_touches(layout, mireille):
    event = world.event_on_sale(layout)
    world.received_order(event)
    world.sold_booking(event, [ordinal(layout, "B", "3")])
    after = version(layout, renamed={("B", "3"): "3A"}, added=[("F", 5)])
    assert address("inventory.layoutmove", "add").encode() in mireille.get(of(event)).content
    at = f"{address('inventory.layoutmove', 'add')}?event={event.pk}"
    assert at.encode() in mireille.get(address("inventory.layoutmove", "add")).content
    wish = {"layout": after.pk, "reason": "New row"}
    look = mireille.post(at, wish)
    assert look.context["is_free"]
    assert b"now Stalls, row B, seat 3A" in look.content
    assert b"ticket " in look.content
    whole = mireille.post(at, {**wish, "previewed": "yes", "list": "csv"})
    lines = b"".join(whole.streaming_content).decode().splitlines()
    assert lines[1].startswith(
        'Touched,"Stalls, row B, seat 3","now Stalls, row B, seat 3A",Sold,ticket'
    )
    assert Event.objects.get(pk=event.pk).layout == layout, "looking moves nothing"
    done = mireille.post(at, {**wish, "previewed": "yes"})
    assert "is on Halle Verdier v2 now: 90 places kept, 5 added" in told(mireille, done.url)[0]
    move = LayoutMove.objects.get()
    assert (move.moved_by.email, move.tickets_renamed) == ("owner@parterre.example", 1)
    assert look.context["mailed"] == move.tickets_renamed
    assert mireille.get(of(move)).status_code == 200


def test_what_is_in_the_way_of_a_move_is_listed_and_nothing_moves(layout, mireille):
    event = world.event_on_sale(layout)
    world.received_order(event)
    world.sold_booking(event, [0])
    after = version(layout, without={("A", "1")})
    at = f"{address('inventory.layoutmove', 'add')}?event={event.pk}"
    wish = {"layout": after.pk, "reason": "Camera"}
    look = mireille.post(at, wish)
    assert not look.context["is_free"]
    assert b"row A, seat 1 is not in the new version and is sold" in look.content
    forced = mireille.post(at, {**wish, "previewed": "yes"})
    assert problems(forced)[0].startswith("Stalls, row A, seat 1 is not in the new version")
    assert Event.objects.get(pk=event.pk).layout == layout


def test_buyers_see_the_new_map_at_once(layout, agency, mireille):
    event = world.event_on_sale(layout)
    world.received_order(event)
    buyer = world.client_of(None, agency)
    page = buyer.get(f"/events/{event.slug}/").content.decode()
    assert f"/layouts/{layout.content_hash}.geo" in page
    stale = {"seat": ["3"], "drawn": layout.content_hash}
    assert f'name="drawn" value="{layout.content_hash}"' in page
    after = version(layout, added=[("F", 5)])
    at = f"{address('inventory.layoutmove', 'add')}?event={event.pk}"
    mireille.post(at, {"layout": after.pk, "reason": "New row", "previewed": "yes"})
    page = buyer.get(f"/events/{event.slug}/").content.decode()
    assert f"/layouts/{after.content_hash}.geo" in page
    status = f"/api/v1/events/{event.pk}/status"
    assert len(buyer.get(status).content) == 95
    assert buyer.get(status, {"drawn": layout.content_hash}).status_code == 410
    refused = buyer.post(f"/events/{event.slug}/reserve/", stale, follow=True)
    assert "redrawn" in refused.content.decode()
