"""Who comes with a ticket: the buyer says so and may change it, until somebody came."""

from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from bookings.cancelling import Wish, cancel, preview
from bookings.links import mailed_key
from bookings.models import Booking, Grounds, Rule
from bookings.services import confirm
from config.tests import world
from core.tenancy import acting_for
from events.models import Event
from payments.models import Payment
from tickets.models import Gate, Ticket
from tickets.services import Attendee, NotNameable, admit, code_of, name_attendees, name_holder

pytestmark = pytest.mark.django_db


@pytest.fixture
def shown(made_shop):
    return made_shop


@pytest.fixture
def event(shown):
    with acting_for(shown["agency"]["id"]):
        yield Event.objects.select_related("layout").get()


@pytest.fixture
def booking(event):
    made = world.sold_booking(event, [0, 1])
    name_holder(made.items.values("ticket"), "Noor Vance")
    return made


@pytest.fixture
def buyer(booking):
    browser = Client()
    browser.get(f"/bookings/{booking.pk}/?k={mailed_key(booking)}")
    return browser


def tickets_of(booking):
    return list(Ticket.objects.filter(items__booking=booking).order_by("ordinal"))


def use(ticket):
    gate = Gate.objects.first() or Gate.objects.create(event=ticket.event, name="North")
    printed = Ticket.objects.get(pk=ticket.pk)
    assert (
        admit(gate=gate, code=code_of(printed), nonce="n", device_id=gate.pk).verdict == "admitted"
    )


NAMES = {"name-0": "Ada", "email-0": "ada@post.example", "phone-0": "", "name-1": "Bo"}


def test_the_buyer_says_who_comes_with_which_ticket(booking, buyer):
    page = f"/bookings/{booking.pk}/"
    assert f"{page}names/" in buyer.get(page).content.decode()
    assert buyer.get(f"{page}names/").content.decode().count('value="Noor Vance"') == 2
    assert buyer.post(f"{page}names/", NAMES).url == page
    assert [(t.holder_name, t.holder_email) for t in tickets_of(booking)] == [
        ("Ada", "ada@post.example"),
        ("Bo", ""),
    ]
    assert "Ada" in buyer.get(page).content.decode()


def test_a_name_left_out_is_asked_for_and_nothing_is_lost(booking, buyer):
    wrong = NAMES | {"name-1": "", "email-0": "ada"}
    answer = buyer.post(f"/bookings/{booking.pk}/names/", wrong)
    words = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="Ada"' in words
    assert "Please enter who comes to" in words
    assert {ticket.holder_name for ticket in tickets_of(booking)} == {"Noor Vance"}


def test_a_ticket_that_was_used_keeps_its_name_and_the_others_change(booking, buyer):
    used, other = tickets_of(booking)
    use(used)
    page = f"/bookings/{booking.pk}/names/"
    assert buyer.get(page).content.decode().count('value="Noor Vance"') == 1
    buyer.post(page, {"name-0": "Bo"})
    assert [ticket.holder_name for ticket in tickets_of(booking)] == ["Noor Vance", "Bo"]
    with pytest.raises(NotNameable, match="is used: its name stays"):
        name_attendees({used.pk: Attendee("Ada"), other.pk: Attendee("Cy")})
    assert [ticket.holder_name for ticket in tickets_of(booking)] == ["Noor Vance", "Bo"]


def test_names_of_an_unpaid_or_a_strangers_booking_are_not_shown(event, booking):
    assert Client().get(f"/bookings/{booking.pk}/names/").status_code == 404
    browser = Client()
    browser.post(f"/events/{event.slug}/reserve/", {"seat": [7]})
    unpaid = Booking.objects.get(status="RESERVED")
    assert browser.get(f"/bookings/{unpaid.pk}/names/").status_code == 404


def test_a_seller_names_the_guests_of_what_he_sold_and_of_nothing_else(shown, event, booking):
    caller = Client(headers={"authorization": f"Api-Key {shown['tokens']['buyer']}"})
    asked = {"event": str(event.pk), "seats": [5]}
    made = caller.post("/api/v1/bookings", asked, content_type="application/json").json()

    def name(ticket, **body):
        path = f"/api/v1/tickets/{ticket}/attendee"
        return caller.patch(path, body, content_type="application/json")

    ticket = made["items"][0]["ticket"]
    answer = name(ticket, attendee_name="Jane Smith", attendee_email="jane@post.example")
    assert (answer.status_code, answer.json()["attendee_name"]) == (200, "Jane Smith")
    assert name(ticket, attendee_phone="+1234567890").json() == {
        "attendee_name": "Jane Smith",
        "attendee_email": "jane@post.example",
        "attendee_phone": "+1234567890",
    }
    assert name(tickets_of(booking)[0].pk, attendee_name="X").status_code == 404
    assert name(ticket, attendee_name="").status_code == 400
    caller.delete(f"/api/v1/bookings/{made['id']}")
    refused = name(ticket, attendee_name="Late")
    assert (refused.status_code, refused.json()["code"]) == (409, "ticket_not_nameable")


@pytest.fixture
def partner(shown):
    return Client(headers={"authorization": f"Api-Key {shown['tokens']['buyer']}"})


@pytest.fixture
def given(partner, event):
    """(id of the booking, id of a ticket) that a partner sold, whose buyer gave it to a friend."""
    asked = {"event": str(event.pk), "seats": [5]}
    asked["contact"] = {"email": "noor@post.example", "name": "Noor"}
    made = partner.post("/api/v1/bookings", asked, content_type="application/json").json()
    payment = Payment.objects.get(reference=made["id"])
    world.received(payment)
    sold = confirm(payment.reference, payment_id=payment.pk)
    world.given(sold, email="secret.friend@post.example", name="Secret Friend")
    return made["id"], made["items"][0]["ticket"]


RIGHT = {"attendee_name": "Secret Friend", "attendee_email": "secret.friend@post.example"}
GUESSES = [{}, RIGHT, {"attendee_name": "Secret Friend"}, {"attendee_name": "Eve"}]


def answers(partner, given):
    """What the API says to each guess, by the ticket and by its booking."""
    booking, ticket = given
    said = []
    for guess in GUESSES:
        of_ticket = partner.patch(
            f"/api/v1/tickets/{ticket}/attendee", guess, content_type="application/json"
        )
        asked = {"attendees": [{"ticket": ticket, **guess}]}
        of_booking = partner.patch(
            f"/api/v1/bookings/{booking}", asked, content_type="application/json"
        )
        said += [(each.status_code, each.json()["code"]) for each in (of_ticket, of_booking)]
        for each in (of_ticket, of_booking):
            assert "secret" not in each.content.decode().lower()
    return said


@pytest.mark.parametrize("became", ["TRANSFERRED", "USED", "CANCELLED"])
def test_a_seller_learns_nothing_of_whom_a_ticket_was_given_to(partner, given, became):
    ticket = Ticket.objects.select_related("event", "signing_key").get(pk=given[1])
    if became == "USED":
        use(ticket)
    elif became == "CANCELLED":
        wish = Wish(grounds=Grounds.STAFF, rule=Rule.NOTHING_BACK, reason="A fraud")
        sold = Booking.objects.select_related("event", "terms").get(pk=given[0])
        cancel(sold.pk, wish, seen=preview(sold, wish, now=timezone.now()).name)
    assert set(answers(partner, given)) == {(409, "ticket_not_nameable")}
    ticket.refresh_from_db()
    assert (ticket.status, ticket.holder_name) == (became, "Secret Friend")


def test_what_was_read_before_it_was_given_is_not_compared_after(given):
    """Whoever names tickets by what he knew waits for who takes them, and is refused."""
    known = Attendee("Secret Friend", "secret.friend@post.example")
    with pytest.raises(NotNameable, match="given to somebody else"):
        name_attendees({UUID(given[1]): known})
