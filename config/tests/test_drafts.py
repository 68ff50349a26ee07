"""Drafts: begun, saved over what was seen only, looked over, published once; nothing bad is kept."""

import json
from dataclasses import replace
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from config.tests import world
from core.tenancy import acting_for
from venues import drafts
from venues.generators import theatre
from venues.models import Layout, LayoutDraft, LayoutSeat, TracingPicture
from venues.plan import PlanError, canonical, from_canonical
from venues.services import OverLicensed

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(agency):
    house, _ = world.venue()
    return drafts.start_draft(venue=house, name="Summer", by=None)


def row(label, xs, y=0, **more):
    return {"label": label, "seats": [{"label": f"{n}", "x": x, "y": y, **more}
            for n, x in enumerate(xs, start=1)]}  # fmt: skip


def section(label="Stalls", *rows):
    return {"label": label, "kind": "SEATS", "rows": list(rows) or [row("A", (0, 20, 40))]}


def plan(*sections, **more):
    return {"name": "Summer", "sections": list(sections), **more}


def saved(draft, *sections, version=None, **more):
    return drafts.save_draft(
        draft_id=draft.pk,
        version=version or draft.version,
        sent=plan(*sections, **more),
        by=None,
    )


# Saving


def test_what_was_drawn_is_kept_as_it_was_drawn(draft):
    seats = row("A", (0, 20.25, 40), kind="VIP", disclosure="Pillar", restricted_view=True)
    drawn = {**section("Stalls", seats), "view_note": "From the side", "zone": "Floor"}
    saved(draft, drawn, focals={"Floor": [10, -50]}, shapes=[{"kind": "stage", "w": 90, "h": 30}])
    draft.refresh_from_db()
    kept = from_canonical(draft.plan)
    assert (draft.version, draft.places) == (2, 3)
    assert kept.sections[0].rows[0].seats[1].x == 20.25
    assert kept.sections[0].rows[0].seats[1].disclosure == "Pillar"
    assert (kept.sections[0].view_note, kept.focals) == ("From the side", {"Floor": (10, -50)})
    assert kept.shapes[0].kind == "stage"


def test_a_section_that_was_not_touched_is_named_by_its_place_only(draft):
    draft = saved(draft, section("Stalls"), section("Circle", row("B", (0, 20), y=90)))
    before = draft.plan["sections"]
    draft = saved(draft, 1, section("Box", row("1", (200,))), 0)
    assert [each["label"] for each in draft.plan["sections"]] == ["Circle", "Box", "Stalls"]
    assert draft.plan["sections"][::2] == before[::-1]
    assert draft.places == 6


def test_nobody_saves_over_what_he_has_not_seen(draft):
    saved(draft, section("Hers"))
    with pytest.raises(drafts.StaleDraft, match="saved this draft at"):
        saved(draft, section("His"), version=1)
    assert LayoutDraft.objects.get().plan["sections"][0]["label"] == "Hers"


def test_a_save_whose_answer_was_lost_is_answered_again(draft):
    sent = {"draft_id": draft.pk, "sent": plan(section("Hers")), "by": None}
    first = drafts.save_draft(**sent, version=1, digest="hers")
    again = drafts.save_draft(**sent, version=1, digest="hers")
    assert (again.version, again.saved_at) == (first.version, first.saved_at)
    with pytest.raises(drafts.StaleDraft):
        drafts.save_draft(**sent, version=1, digest="his")
    assert drafts.save_draft(**sent, version=2).version == 3
    with pytest.raises(drafts.StaleDraft):
        drafts.save_draft(**sent, version=1, digest="hers")


def test_a_drawing_that_came_too_late_is_kept_as_a_copy(draft):
    saved(draft, section("Hers"))
    copied = drafts.copy_draft(draft=draft, sent=plan(section("His")), by=None)
    assert (copied.name, copied.places, copied.venue) == ("Summer (copy)", 3, draft.venue)


def test_an_unfinished_drawing_is_saved_all_the_same(draft):
    twice = section("A", row("1", (0, 0)), row("1", (0,)), row("", ()))
    draft = saved(draft, twice, section("A"), section("", row("", (), 3)))
    whys = {finding.why for finding in drafts.findings_of_draft(draft)}
    assert {"2 sections have this name", "2 rows are labelled '1'", "has no name"} <= whys


HOSTILE = {
    "NaN": ({"x": float("nan")}, "x missing or not a number"),
    "far": ({"x": 1e9}, "its x is 1e+09, at most 10,000,000 is possible"),
    "endless": ({"y": 1e999}, "y missing or not a number"),
    "script": ({"label": "<script>alert(1)</script>"}, "its label has markup in it"),
    "words": ({"x": "left"}, "x missing or not a number"),
    "list": ({"y": [1]}, "y missing or not a number"),
    "kind": ({"kind": "THRONE"}, "its kind 'THRONE' is not one of"),
    "long": ({"disclosure": "x" * 121}, "its disclosure is 121 characters long"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_a_seat_is_refused_by_name_and_nothing_is_stored(draft, name):
    change, reason = HOSTILE[name]
    bad = section("Stalls", {"label": "A", "seats": [{"label": "1", "x": 0, "y": 0, **change}]})
    with pytest.raises(PlanError, match="Section 'Stalls', row 'A'") as refused:
        saved(draft, bad)
    assert reason in str(refused.value)
    draft.refresh_from_db()
    assert (draft.version, draft.plan["sections"]) == (1, [])


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ({"name": "A", "sections": "all"}, "its sections must be a list"),
        ({"name": "A", "sections": [7]}, "Section number 8: is to be kept, but was never saved"),
        ({"name": "A", "sections": ["x"]}, "entry 1 of 'sections' is str"),
        ({"name": "A", "sections": [], "focal": [float("inf"), 0]}, "Focal point: x missing"),
        ({"name": "<img src=x>", "sections": []}, "Plan: its name has markup in it"),
        (
            plan(section("S", {"label": "A", "seats": [{}] * 150_001})),
            "150,001 places, at most 150,000",
        ),
    ],
)
def test_what_cannot_be_a_plan_is_refused(draft, sent, reason):
    with pytest.raises(PlanError, match=reason):
        drafts.save_draft(draft_id=draft.pk, version=1, sent=sent, by=None)
    assert LayoutDraft.objects.get().version == 1


# Looking over


def findings(draft, *sections, **more):
    found = drafts.findings_of_draft(saved(draft, *sections, **more))
    return [(finding.what, finding.why, finding.stops) for finding in found]


def test_a_sound_drawing_has_nothing_to_look_at(draft):
    assert findings(draft, section()) == []


@pytest.mark.parametrize(
    ("drawn", "finding"),
    [
        ([section(), section()], ("Section 'Stalls'", "2 sections have this name", True)),
        (
            [section("S", row("A", (0, 20)), row("A", (0, 20), 30))],
            ("Section 'S'", "2 rows are labelled 'A'", True),
        ),
        (
            [section("S", row("A", (0, 20, 40, 20)))],
            (
                "Section 'S', row 'A', seat '4'",
                "lies exactly on Section 'S', row 'A', seat '2'",
                True,
            ),
        ),
        (
            [section("S", row("A", (0, 20, 40, 60)), row("B", (64,)))],
            ("Section 'S', row 'B', seat '1'", "overlaps Section 'S', row 'A', seat '4'", False),
        ),
        (
            [section("S", row("A", (0, 20)), row("a", (0, 20), 30))],
            (
                "Section 'S'",
                "the rows 'A' and 'a' cannot be told apart when they are typed",
                False,
            ),
        ),
        (
            [{**section("S", row("A", (0, 20, 400))), "outline": [[-9, -9], [90, -9], [90, 9]]}],
            (
                "Section 'S', row 'A', seat '3'",
                "lies outside the outline of section 'S'",
                False,
            ),
        ),
        ([section(), section("Empty", row("A", ()))], ("Section 'Empty'", "has no places", True)),
        ([], ("Plan", "there is not a single place in it", True)),
    ],
)
def test_each_finding_names_the_object_and_the_reason(draft, drawn, finding):
    assert finding in findings(draft, *drawn)


def test_a_finding_says_where_to_look(draft):
    drawn = saved(draft, section("S", row("A", (0, 20, 40, 20), y=7)))
    (found, *_) = [each for each in drafts.findings_of_draft(drawn) if "exactly" in each.why]
    assert found.at == (20, 7)


def test_more_places_than_the_house_is_licensed_for_are_not_published(draft):
    draft.venue.licensed_capacity = 2
    draft.venue.save()
    assert ("Plan", "3 places, 2 the house is licensed for", True) in findings(draft, section())
    with pytest.raises(OverLicensed, match="is licensed for 2 people; this layout has 3 places"):
        drafts.publish_draft(draft_id=draft.pk, version=2)
    assert LayoutDraft.objects.count() == 1


# Publishing


def test_a_published_drawing_is_a_layout_and_the_draft_is_gone(draft):
    spaces = [{"label": "1", "x": 0, "y": 0, "kind": "WHEELCHAIR", "disclosure": "By the door"},
              {"label": "2", "x": 20, "y": 0}]  # fmt: skip
    saved(draft, section("Stalls", {"label": "A", "seats": spaces}))
    layout, made = drafts.publish_draft(draft_id=draft.pk, version=2)
    assert (made, layout.capacity, layout.version, layout.name) == (True, 2, 2, "Summer")
    first = LayoutSeat.objects.get(layout=layout, ordinal=0)
    assert (first.kind, first.disclosure) == ("WHEELCHAIR", "By the door")
    assert not LayoutDraft.objects.exists()
    with pytest.raises(drafts.DraftGone):
        drafts.publish_draft(draft_id=draft.pk, version=2)


def test_a_drawing_with_faults_is_not_published(draft):
    saved(draft, section("S", row("A", (0, 0))))
    with pytest.raises(PlanError, match="lies exactly on"):
        drafts.publish_draft(draft_id=draft.pk, version=2)
    assert Layout.objects.count() == 1
    assert LayoutDraft.objects.count() == 1


def test_only_what_was_looked_at_is_published(draft):
    saved(draft, section())
    saved(draft, section("Another"), version=2)
    with pytest.raises(drafts.StaleDraft):
        drafts.publish_draft(draft_id=draft.pk, version=2)
    assert Layout.objects.count() == 1


def test_a_version_drawn_on_and_not_changed_is_that_version_again(agency):
    house, _ = world.venue()
    layout = Layout.objects.get(venue=house)
    draft = drafts.draft_from(layout=layout, by=None)
    assert (draft.based_on, draft.places) == (layout, layout.capacity)
    assert drafts.publish_draft(draft_id=draft.pk, version=1) == (layout, False)


def test_a_plan_from_a_file_becomes_a_draft(agency):
    house, _ = world.venue()
    made = replace(theatre(), name="x")
    draft = drafts.start_draft(venue=house, name="Opera", by=None, plan=made, source="opera.json")
    assert (draft.places, draft.source, draft.plan["name"]) == (made.places, "opera.json", "Opera")
    assert canonical(from_canonical(draft.plan)) == draft.plan


# The pages


@pytest.fixture
def house(parterre):
    return parterre


@pytest.fixture
def drawing(house):
    with acting_for(house.agency.pk):
        venue = Layout.objects.first().venue
        return drafts.start_draft(venue=venue, name="Summer", by=None)


def at(name, draft):
    return reverse(f"admin:venues_layoutdraft_{name}", args=[draft.pk])


def post(client, name, draft, form):
    body = form if isinstance(form, str) else json.dumps(form)
    return client.post(at(name, draft), body, content_type="application/json")


def test_the_editor_loads_saves_and_checks(house, drawing):
    owner = house.client("OWNER")
    assert owner.get(at("draw", drawing)).status_code == 200
    loaded = owner.get(at("plan", drawing)).json()
    assert (loaded["version"], loaded["plan"]["sections"]) == (1, [])
    answer = post(owner, "save", drawing, {"version": 1, "plan": plan(section())})
    assert (answer.status_code, answer.json()["version"], answer.json()["places"]) == (200, 2, 3)
    late = post(owner, "save", drawing, {"version": 1, "plan": plan(section("Late"))})
    assert (late.status_code, late.json()["code"]) == (409, "draft_is_stale")
    copied = post(owner, "copy", drawing, {"plan": plan(section("Late"))})
    assert owner.get(copied.json()["address"]).status_code == 200
    found = owner.get(at("check", drawing)).json()["findings"]
    assert found == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 422),
        ("[]", 422),
        ("{", 422),
        ('{"version": 1}', 422),
        ('{"version": "a", "plan": {"name": "x", "sections": []}}', 409),
        ('{"version": 1, "plan": {"name": "x", "sections": [], "focal": [NaN, 1]}}', 422),
        ("[" * 100_000, 422),
        ("x" * (12 * 2**20 + 1), 413),
    ],
)
def test_whatever_is_sent_is_answered_in_words(house, drawing, body, status):
    answer = post(house.client("OWNER"), "save", drawing, body)
    assert answer.status_code == status
    assert answer.json()["message"]
    with acting_for(house.agency.pk):
        assert LayoutDraft.objects.get(pk=drawing.pk).version == 1


def test_only_those_who_draw_reach_a_draft_and_only_their_own(house, drawing):
    box_office = house.client("BOX_OFFICE")
    for name in ("plan", "check", "draw"):
        assert box_office.get(at(name, drawing)).status_code in (302, 403)
    assert post(box_office, "save", drawing, {}).status_code in (302, 403)
    other = world.agency(slug="other")
    with acting_for(other.pk):
        assert not LayoutDraft.objects.filter(pk=drawing.pk).exists()
        with pytest.raises(drafts.DraftGone):
            drafts.save_draft(draft_id=drawing.pk, version=1, sent=plan(section()), by=None)


def test_publication_and_the_end_of_a_draft_are_shown_before_they_happen(house, drawing):
    owner = house.client("OWNER")
    with acting_for(house.agency.pk):
        saved(drawing, section("S", row("A", (0, 0))))
    page = owner.get(at("publish", drawing)).content.decode()
    assert "lies exactly on" in page
    assert "must be put right first" in page
    assert "Publish 2 places" not in page
    refused = owner.post(at("publish", drawing), {"version": 2}, follow=True)
    assert "This seat plan was refused" in refused.content.decode()
    assert "deleted for good" in owner.get(at("throw_away", drawing)).content.decode()
    assert owner.post(at("throw_away", drawing)).status_code == 302
    with acting_for(house.agency.pk):
        assert not LayoutDraft.objects.filter(pk=drawing.pk).exists()


def test_a_file_is_opened_in_the_editor_and_the_venue_names_its_drafts(house):
    owner = house.client("OWNER")
    with acting_for(house.agency.pk):
        venue = Layout.objects.select_related("venue").first().venue
    new = reverse("admin:venues_venue_import_file", args=[venue.pk])
    file = SimpleUploadedFile("list.csv", b"section,row,seat\nStalls,A,1\nStalls,A,2\n")
    token = owner.post(new, {"file": file, "name": "Read"}).context["token"]
    opened = owner.post(new, {"token": token, "name": "Read", "draw": "1"})
    assert opened.url.endswith("/draw/")
    with acting_for(house.agency.pk):
        draft = LayoutDraft.objects.get(name="Read")
        assert (draft.places, draft.source) == (2, "list.csv")
    page = owner.get(reverse("admin:venues_venue_change", args=[venue.pk]))
    assert at("change", draft) in page.content.decode()


def test_a_draft_begins_from_a_venue_and_from_a_layout(house):
    owner = house.client("OWNER")
    with acting_for(house.agency.pk):
        layout = Layout.objects.select_related("venue").first()
    new = reverse("admin:venues_venue_draw", args=[layout.venue.pk])
    assert owner.post(new, {"name": "Drawn"}).url.endswith("/draw/")
    again = owner.post(reverse("admin:venues_layout_draw", args=[layout.pk]))
    assert again.url.endswith("/draw/")
    with acting_for(house.agency.pk):
        newest = LayoutDraft.objects.order_by("-saved_at")[:2]
        assert [(draft.name, draft.places) for draft in newest] == [
            (layout.name, layout.capacity),
            ("Drawn", 0),
        ]


# The picture that is drawn along


def picture(form="PNG", size=(40, 20), **how):
    written = BytesIO()
    Image.new("RGB", size, "red").save(written, form, **how)
    return written.getvalue()


def send(client, method, draft, body):
    how = {"data": body, "content_type": "application/json"}
    return client.generic(method, at("tracing", draft), **how)


def test_a_picture_lies_under_a_draft_and_is_never_published(house, drawing):
    owner = house.client("OWNER")
    assert owner.get(at("tracing", drawing)).status_code == 404
    laid = send(owner, "PUT", drawing, picture(pnginfo=note("Hidden words")))
    assert (laid.status_code, laid.json()["columns"], laid.json()["lines"]) == (200, 40, 20)
    place = {"x": -30, "y": 12.5, "width": 800, "opacity": 35}
    assert send(owner, "PATCH", drawing, json.dumps(place)).status_code == 200
    assert place.items() <= owner.get(at("plan", drawing)).json()["tracing"].items()
    shown = owner.get(at("tracing", drawing))
    assert (shown["Content-Type"], shown["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert shown.content.startswith(b"\xff\xd8")
    assert b"Hidden words" not in shown.content
    copied = post(owner, "copy", drawing, {"plan": plan(section("Late"))}).json()["address"]
    assert owner.get(copied.replace("/draw/", "/plan/")).json()["tracing"]["width"] == 800

    with acting_for(house.agency.pk):
        saved(drawing, section())
        layout, _ = drafts.publish_draft(draft_id=drawing.pk, version=2)
        assert "tracing" not in json.dumps(layout.plan)
        assert TracingPicture.objects.filter(draft_id=drawing.pk).count() == 0


def note(words):
    found = PngInfo()
    found.add_text("Comment", words)
    return found


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not a picture that can be read"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not a pict"),
        (picture("GIF"), "not a picture that can be read"),
        (picture()[:-30], "not a picture that can be read"),
        (picture(size=(8_000, 6_000)), "8,000 × 6,000 pixels"),
        (picture("JPEG", size=(8_000, 6_000)), "at most 40,000,000 are possible in a JPEG"),
        (b"\x89PNG" + bytes(10 * 2**20), "larger than 10 MB"),
        (b"\x89PNG" + bytes(12 * 2**20), "larger than 12 MB"),
    ],
    ids=["nothing", "svg", "gif", "cut", "bomb", "jpeg", "heavy", "huge"],
)
def test_what_is_no_picture_is_refused_in_words(house, drawing, body, reason):
    answer = send(house.client("OWNER"), "PUT", drawing, body)
    assert answer.status_code in (413, 422)
    assert reason in answer.json()["message"]
    with acting_for(house.agency.pk):
        assert not TracingPicture.objects.exists()


@pytest.mark.parametrize("wrong", [{"x": "left"}, {"y": 1e9}, {"width": 0}, {"opacity": 101}])
def test_a_picture_cannot_lie_nowhere(house, drawing, wrong):
    owner = house.client("OWNER")
    send(owner, "PUT", drawing, picture())
    place = {"x": 0, "y": 0, "width": 10, "opacity": 50, **wrong}
    answer = send(owner, "PATCH", drawing, json.dumps(place))
    assert (answer.status_code, "picture" in answer.json()["message"]) == (422, True)
    assert owner.get(at("plan", drawing)).json()["tracing"]["width"] == 1000


def test_only_those_who_draw_see_the_picture_under_a_draft(house, drawing):
    owner = house.client("OWNER")
    send(owner, "PUT", drawing, picture("JPEG", size=(5_000, 100)))
    assert owner.get(at("plan", drawing)).json()["tracing"]["columns"] == 4_000
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        assert send(house.client("BOX_OFFICE"), method, drawing, "{}").status_code in (302, 403)
    with acting_for(world.agency(slug="other").pk):
        assert not TracingPicture.objects.exists()
        with pytest.raises(drafts.DraftGone):
            drafts.take_tracing_away(draft_id=drawing.pk)
    assert send(owner, "DELETE", drawing, "").status_code == 200
    assert owner.get(at("tracing", drawing)).status_code == 404
    gone = send(owner, "PATCH", drawing, '{"x": 0, "y": 0, "width": 9, "opacity": 9}')
    assert (gone.status_code, gone.json()["code"]) == (404, "no_picture")
