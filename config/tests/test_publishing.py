"""Large layouts are published by a worker: once, whole or not at all, and told until the end."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from config.tests import world
from config.tests.servers import together
from config.tests.world import of, told
from core.models import OutboxMessage
from core.tenancy import acting_for
from venues import admin, admin_drafts, admin_drawing, drafts, publishing, services
from venues.admin_publishing import page_of_publication
from venues.facts import PublicationAsked
from venues.handlers import publish_what_was_asked_for
from venues.importers import read
from venues.models import Layout, LayoutDraft, LayoutSeat, LayoutSection, Publication, Venue
from venues.tests.drawings import circles, drawing, group, line

SEATS = b"section,row,seat,x,y\n" + b"".join(b"Stalls,A,%d,%d,0\n" % (n, n * 20) for n in range(7))
HTMX = {"hx-request": "true"}


@pytest.fixture
def house(agency):
    return Venue.objects.create(name="Stadium")


@pytest.fixture
def draft(house):
    _, plan = read("seats.csv", SEATS)
    return drafts.start_draft(venue=house, name="Summer", by=None, plan=plan)


@pytest.fixture
def large(monkeypatch):
    """What counts as large: everything."""
    monkeypatch.setattr(admin, "LARGE_FILE", 10)
    monkeypatch.setattr(admin_drafts, "AT_ONCE", 2)
    monkeypatch.setattr(admin_drawing, "AT_ONCE", 2)
    monkeypatch.setattr(services, "BATCH", 3)


def asked_for(draft):
    return publishing.ask_to_publish_draft(draft=draft, version=draft.version, by=None)


def looked_at(client, venue, content=SEATS):
    """The token of an upload whose preview was seen."""
    file = SimpleUploadedFile("seats.csv", content)
    return client.post(of(venue, "import_file"), {"file": file}).context["token"]


def nothing_is_there():
    return not any(table.objects.exists() for table in (Layout, LayoutSection, LayoutSeat))


# The pages


@pytest.mark.django_db
def test_a_large_draft_pressed_twice_is_published_once_by_a_worker(mireille, draft, large):
    pages = [mireille.post(of(draft, "publish"), {"version": 1})["Location"] for _ in range(2)]
    assert pages == [page_of_publication(Publication.objects.get())] * 2
    assert mireille.get(of(draft, "publish"))["Location"] == pages[0]
    assert "Step 1 of 3: Reading and checking" in mireille.get(pages[0]).content.decode()
    assert b"<html" not in mireille.get(pages[0], headers=HTMX).content
    assert "Is being published" in mireille.get(of(draft.venue)).content.decode()
    asked = OutboxMessage.objects.get(fact__endswith="PublicationAsked")
    assert nothing_is_there()
    for _ in range(2):
        publish_what_was_asked_for(PublicationAsked(**asked.payload))
    layout = Layout.objects.get()
    ordinals = LayoutSeat.objects.values_list("label", "ordinal").order_by("ordinal")
    assert list(ordinals) == [(str(n), n) for n in range(7)]
    assert not LayoutDraft.objects.exists()
    assert mireille.get(pages[0], headers=HTMX)["HX-Redirect"] == of(layout)
    assert told(mireille, pages[0] and of(layout)) == ["Summer v1 is published: 7 places."]


@pytest.mark.django_db
def test_a_large_file_is_read_by_a_worker_and_kept_no_longer(mireille, house, large):
    token = looked_at(mireille, house)
    for _ in range(2):
        page = mireille.post(of(house, "import_file"), {"token": token, "name": "East"})["Location"]
    publication = Publication.objects.get()
    assert nothing_is_there()
    publication = publishing.carry_out(publication.pk)
    assert (publication.layout.name, publication.layout.source) == ("East", "seats.csv")
    assert publication.content is None
    assert mireille.get(page)["Location"] == of(publication.layout)
    page = mireille.post(of(house, "import_file"), {"token": token, "name": "East"})["Location"]
    publishing.carry_out(Publication.objects.get(done_at=None).pk)
    assert "was published before" in told(mireille, mireille.get(page)["Location"])[-1]
    assert Layout.objects.count() == 1


@pytest.mark.django_db
def test_a_numbered_drawing_is_published_as_it_was_numbered(mireille, house, large):
    file = SimpleUploadedFile("hall.svg", drawing(group(circles(line(4)), label="Stalls")).encode())
    at = mireille.post(of(house, "import_file"), {"file": file}).url
    chosen = {"label": "Stalls", "rows": "LETTERS", "rows_from": "FRONT", "seats": "ODD",
              "seats_from": "LEFT", "first_seat": "1"}  # fmt: skip
    wish = {f"s0-{name}": value for name, value in chosen.items()}
    mireille.post(at, {**wish, "name": "Hall", "publish": "yes"})
    layout = publishing.carry_out(Publication.objects.get().pk).layout
    assert (layout.name, layout.source) == ("Hall", "hall.svg")
    assert list(layout.seats.values_list("label", flat=True)) == ["1", "3", "5", "7"]


@pytest.mark.django_db
def test_a_publication_is_nobody_elses(agency, draft):
    page = page_of_publication(asked_for(draft))
    assert world.client_of(world.staff(agency, "BOX_OFFICE"), agency).get(page).status_code == 403
    other = world.agency(slug="other")
    with acting_for(other.pk):
        stranger = world.client_of(world.staff(other, "OWNER"), other)
        assert not Publication.objects.exists()
    assert stranger.get(page).status_code == 404


# The work


@pytest.mark.django_db
def test_how_far_it_is_is_told_while_nothing_is_there_yet(mireille, draft, large):
    heard = []
    drafts.publish_draft(draft_id=draft.pk, version=1, tell=lambda *step: heard.append(step))
    whole = [("Writing places", done, 7) for done in (0, 3, 6, 7)]
    assert heard == [("Reading and checking",), ("Packing the map",), *whole]


@pytest.mark.django_db
def test_a_worker_that_is_killed_leaves_nothing_and_the_next_publishes(
    mireille, draft, large, monkeypatch
):
    asked = asked_for(draft)
    teller = publishing.teller

    def killed(publication):
        tell = teller(publication)

        def told_once(step, done=0, whole=0):
            tell(step, done, whole)
            if done == 6:
                raise SystemExit

        return told_once

    monkeypatch.setattr(publishing, "teller", killed)
    with pytest.raises(SystemExit):
        publishing.carry_out(asked.pk)
    assert nothing_is_there()
    page = mireille.get(page_of_publication(asked)).content.decode()
    assert 'Step 3 of 3: Writing places, <b class="num">6</b> of <b class="num">7</b>' in page
    assert LayoutDraft.objects.get() == draft
    monkeypatch.undo()
    assert publishing.carry_out(asked.pk).layout.capacity == 7


def saved_again(draft):
    drafts.save_draft(draft_id=draft.pk, version=1, sent={"name": "", "sections": [0]}, by=None)


def thrown_away(draft):
    drafts.throw_away(draft_id=draft.pk)


def licensed_for_less(draft):
    Venue.objects.update(licensed_capacity=6)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("meanwhile", "why"),
    [
        (saved_again, "Somebody saved the draft before it was published."),
        (thrown_away, "This draft was published or thrown away."),
        (licensed_for_less, "is licensed for 6 people; this layout has 7 places."),
    ],
)
def test_what_cannot_be_published_is_told_and_can_be_asked_for_again(
    mireille, draft, meanwhile, why
):
    asked = asked_for(draft)
    meanwhile(draft)
    assert why in publishing.carry_out(asked.pk).problem
    assert nothing_is_there()
    page = page_of_publication(asked)
    assert why in mireille.get(page).content.decode()
    assert mireille.get(page, headers=HTMX)["HX-Redirect"] == page
    assert why in mireille.get(of(draft.venue)).content.decode()
    if meanwhile is not thrown_away:
        Venue.objects.update(licensed_capacity=None)
        again = asked_for(LayoutDraft.objects.get())
        assert publishing.carry_out(again.pk).layout.capacity == 7


@pytest.mark.race
def test_two_presses_and_two_workers_at_one_moment_publish_once(committed_db):
    agency = world.agency()
    with acting_for(agency.pk):
        venue = Venue.objects.create(name="Stadium")
        _, plan = read("seats.csv", SEATS)
        draft = drafts.start_draft(venue=venue, name="Summer", by=None, plan=plan)

    def for_the_agency(work):
        def run():
            with acting_for(agency.pk):
                try:
                    return work()
                finally:
                    connection.close()

        return run

    asked = together([for_the_agency(lambda: asked_for(draft).pk)] * 2)
    assert asked[0] == asked[1]
    ended = together([for_the_agency(lambda: publishing.carry_out(asked[0]).layout_id)] * 2)
    with acting_for(agency.pk):
        assert ended == [Layout.objects.get().pk] * 2
        assert LayoutSeat.objects.count() == 7
