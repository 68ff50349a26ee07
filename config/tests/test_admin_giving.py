"""Staff hand tickets to somebody for a guest, look at what changed hands, and take offers back."""

import pytest

from config.tests import world
from config.tests.test_giving import delivered, lapsed, ticket, tickets_of
from core.tenancy import acting_for
from notifications.queries import messages_about
from tickets.models import Ticket, Transfer
from tickets.services import accept_transfer, take_back_transfer

pytestmark = pytest.mark.django_db
STAFF = "BOX_OFFICE"


@pytest.fixture
def house(small_parterre):
    with acting_for(small_parterre.agency.pk):
        yield small_parterre


@pytest.fixture
def sold(house):
    return house.rows["bookings.booking"]


@pytest.fixture
def desk(house):
    return house.client(STAFF)


def said(sold, *positions, **more):
    return {
        "tickets": [str(pk) for pk in tickets_of(sold, *positions)],
        "name": "Bo Lind",
        "email": "bo@post.example",
        "message": "",
        "reason": "He called: he is ill",
        **more,
    }


def test_the_desk_offers_tickets_after_it_looked(house, desk, sold):
    step = world.of(sold, "hand_over")
    assert "Hand tickets to somebody" in desk.get(world.of(sold)).content.decode()
    looked = desk.post(step, said(sold, 1)).content.decode()
    assert "Bo Lind, bo@post.example, may take them until" in looked
    assert not Transfer.objects.exists()
    assert desk.post(step, said(sold, 1, confirmed="yes")).url == world.of(sold)
    made = Transfer.objects.get()
    assert (made.begun_by, made.reason) == (house.people[STAFF], "He called: he is ill")
    assert (made.giver, made.status) == (sold.customer, "PENDING")
    delivered()
    page = desk.get(world.of(sold)).content.decode()
    assert "Tickets given" in page
    told = set(messages_about(sold).values_list("kind", flat=True))
    assert {"transfer_begun", "transfer_offered"} <= told
    assert "Tickets offered to Bo Lind: He called: he is ill" in page
    assert world.of(made) in page


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"reason": ""}, "This field is required."),
        ({"tickets": []}, "Choose at least one ticket."),
        ({"name": "evil.example/win"}, "leave out web addresses"),
        ({"message": "evil.example/win"}, "leave out web addresses"),
        ({"email": "noor@post.example"}, "belong to already"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_offered(desk, sold, wrong, says):
    answer = desk.post(world.of(sold, "hand_over"), said(sold, 1, confirmed="yes") | wrong)
    assert says in answer.content.decode()
    assert not Transfer.objects.exists()


def test_an_offer_is_taken_back_for_a_reason_after_it_was_looked_at(house, desk, sold, mailoutbox):
    made = world.offered(sold, 1)
    step = world.of(made, "take_back")
    assert "This field is required." in desk.post(step, {"reason": ""}).content.decode()
    looked = desk.post(step, {"reason": "He called"}).content.decode()
    assert "is worthless then" in looked
    assert Transfer.objects.get().status == "PENDING"
    desk.post(step, {"reason": "He called", "confirmed": "yes"})
    made.refresh_from_db()
    assert (made.status, made.decided_by, made.why_over) == (
        "CANCELLED",
        house.people[STAFF],
        "He called",
    )
    again = desk.get(step, follow=True).content.decode()
    assert "not possible now" in again


def test_the_desk_mails_an_offer_again(desk, sold, mailoutbox):
    made = world.offered(sold, 1)
    delivered()
    desk.post(world.of(made, "mail_again"))
    delivered()
    assert [mail.to for mail in mailoutbox].count(["bo@post.example"]) == 2


def test_an_offer_whose_time_is_over_has_lapsed_for_the_desk_too(desk, sold):
    made = world.offered(sold, 1)
    lapsed(made)
    assert "Lapsed" in desk.get(world.of(made)).content.decode()
    listed = world.address("tickets.transfer")
    assert world.of(made) in desk.get(listed, {"state": "EXPIRED"}).content.decode()
    assert world.of(made) not in desk.get(listed, {"state": "PENDING"}).content.decode()


def test_the_hands_that_a_ticket_went_through_stand_on_its_page(desk, sold):
    before = ticket(sold).number
    made = world.given(sold, 1)
    page = desk.get(world.of(ticket(sold))).content.decode()
    assert "Hands it went through" in page
    assert before in page
    assert world.of(made) in page
    assert world.of(made.recipient) in page
    guest = desk.get(world.of(made.recipient)).content.decode()
    assert "Tickets given and taken" in guest


def test_where_nothing_can_be_given_the_page_says_why(desk, sold):
    world.offered(sold)
    page = desk.get(world.of(sold, "hand_over"))
    assert "form" not in page.context
    assert "None of its tickets can be given now" in page.content.decode()
    assert "Offered to Bo Lind until" in page.content.decode()


def test_a_ticket_that_admits_nobody_is_not_called_valid(desk, sold):
    made = world.offered(sold, 1)
    one = ticket(sold)
    pages = [world.of(sold), world.of(made), world.of(one), world.of(sold, "cancel_tickets")]
    preview = {"tickets": [str(one.pk)], "rule": "POLICY"}

    def shown():
        looked = [desk.get(page).content.decode() for page in pages]
        return [*looked, desk.post(pages[-1], preview).content.decode()]

    for page in shown():
        assert "ffered to Bo Lind until" in page
    take_back_transfer(made.pk, by=None, why="Try")
    Ticket.objects.filter(pk=one.pk).update(locked_because="Ask the box office.")
    for page in shown():
        assert "ocked: Ask the box office." in page
    Ticket.objects.filter(pk=one.pk).update(locked_because="")
    given = world.given(sold, 1)
    for page in (desk.get(world.of(sold)), desk.get(world.of(given))):
        assert f"Transferred to {given.recipient}" in page.content.decode()


def test_offers_are_found_filtered_and_exported(desk, sold):
    made = world.given(sold, 1)
    assert "Recipient name" not in desk.get(world.address("tickets.transfer")).content.decode()
    other = world.offered(sold, 2, email="cy@post.example", name="Cy")
    listed = world.address("tickets.transfer")

    def shown(**asked):
        page = desk.get(listed, asked).content.decode()
        return [each for each in (made, other) if world.of(each) in page]

    assert shown() == [made, other]
    assert shown(state="ACCEPTED") == [made]
    assert shown(by="staff") == []
    assert shown(q="cy@post") == [other]
    assert shown(q=ticket(sold, 1).number) == [made]
    assert shown(q=made.rows.get().number) == [made]
    form = {"format": "0"}
    file = desk.post(world.address("tickets.transfer", "export"), form).content.decode()
    assert "bo@post.example" in file
    assert "Cy" in file


@pytest.mark.parametrize("role", ["GATE_MANAGER", "FINANCE", "PURCHASING"])
def test_who_has_no_business_with_offers_reads_and_takes_back_none(house, sold, role):
    made = world.given(sold, 1)
    other = world.offered(sold, 2)
    client = house.client(role)
    pages = [world.of(made), world.of(other), world.address("tickets.transfer")]
    assert [client.get(page).status_code for page in pages] == [403] * 3
    export = client.post(world.address("tickets.transfer", "export"), {"format": "0"})
    assert export.status_code == 403
    for step in ("take_back", "mail_again"):
        assert client.post(world.of(other, step), {"reason": "x"}).status_code == 403
    assert Transfer.objects.get(pk=other.pk).status == "PENDING"


def test_the_door_reads_that_a_ticket_went_to_somebody_but_no_mailbox(house, sold):
    world.given(sold, 1)
    gate = house.client("GATE_MANAGER")
    shown = gate.get(world.of(ticket(sold, 1)))
    page = shown.content.decode()
    assert shown.status_code == 200
    assert "Bo Lind" in page
    assert "Hands it went through" not in page
    listed = gate.get(world.address("tickets.ticket")).content.decode()
    event = gate.get(world.of(sold.event)).content.decode()
    for said in (page, listed, event):
        assert "bo@post.example" not in said
        assert "noor@post.example" not in said
    assert "Tickets given" not in event


def test_who_may_not_hand_over_does_not(house, sold):
    finance = house.client("FINANCE")
    assert finance.post(world.of(sold, "hand_over"), said(sold, 1)).status_code == 403
    assert not Transfer.objects.exists()


def test_what_the_desk_offered_its_giver_reads_of(desk, sold, mailoutbox):
    delivered()
    mailoutbox.clear()
    desk.post(world.of(sold, "hand_over"), said(sold, 1, confirmed="yes"))
    delivered()
    by = {mail.to[0]: mail for mail in mailoutbox}
    assert "did this for you: He called: he is ill" in by["noor@post.example"].body
    accept_transfer(Transfer.objects.get().pk, name="Bo")
    assert ticket(sold).status == "TRANSFERRED"
