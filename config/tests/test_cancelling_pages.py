"""Giving tickets back on the booking's page, in the back office and over the API."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import reverse
from pypdfium2 import PdfDocument

from accounts.models import ApiKey
from bookings.links import mailed_key
from bookings.models import Booking, Cancellation
from bookings.printing import pdf_of
from bookings.services import confirm
from config.tests import world
from config.tests.test_cancelling import policy
from core import outbox
from core.memory import Remembered
from core.tenancy import as_system
from customers.links import mailed_key as own_key
from events.models import CancellationPolicy
from payments.models import NOTHING_DUE, Payment, Refund
from tickets.models import Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("right_books")]


@pytest.fixture
def stocked(event):
    world.received_order(event, rows="A-B")
    policy((2, 50, 0))
    return event


@pytest.fixture
def booking(stocked):
    return world.sold_booking(stocked, [0, 1])


@pytest.fixture
def noor(agency, booking):
    """The buyer, who has opened the link in her mail."""
    client = Client(headers={"host": agency.host})
    client.get(reverse("booking", args=[booking.pk]), {"k": mailed_key(booking)})
    return client


def page_of(booking):
    return reverse("cancel_tickets", args=[booking.pk])


def first_ticket(booking):
    return booking.items.get(position=1).ticket_id


def test_a_buyer_sees_the_money_before_she_gives_one_ticket_back(noor, booking):
    page = noor.get(reverse("booking", args=[booking.pk])).content.decode()
    assert page_of(booking) in page
    assert "you get back 50 % of the ticket price, without the fees." in page
    preview = noor.get(page_of(booking), {"ticket": first_ticket(booking)})
    assert "You get back" in preview.content.decode()
    quote = preview.context["quote"]
    assert quote.refunded.amount == 20
    assert not Cancellation.objects.exists()
    done = noor.post(
        page_of(booking), {"ticket": first_ticket(booking), "seen": quote.name}, follow=True
    )
    text = done.content.decode()
    assert "€20.00 is on its way back to you." in text
    assert "1 ticket cancelled on" in text
    assert list(booking.items.values_list("ticket__status", flat=True)) == [
        "CANCELLED",
        "CONFIRMED",
    ]
    pdf = noor.get(reverse("tickets_pdf", args=[booking.pk]))
    assert pdf.status_code == 200


def test_what_is_left_is_counted_and_stands_first(noor, booking):
    page = reverse("booking", args=[booking.pk])
    assert "2 tickets" in noor.get(page).content.decode()
    seen = noor.get(page_of(booking), {"ticket": first_ticket(booking)}).context["quote"].name
    said = {"ticket": first_ticket(booking), "seen": seen}
    text = noor.post(page_of(booking), said, follow=True).content.decode()
    assert "1 ticket is cancelled." in text
    assert "Your tickets are cancelled" not in text
    top, _, tickets = text.partition('class="tickets"')
    assert "1 ticket</p>" in top
    assert "2 tickets" not in top
    statuses = [each["status"] for each in noor.get(page).context["tickets"]]
    assert statuses == ["CONFIRMED", "CANCELLED"]
    assert "of 2" not in tickets.partition("</article></div>")[0]
    noor.get(reverse("mine"), {"k": own_key(booking.customer)})
    assert "1 ticket ·" in noor.get(reverse("mine")).content.decode()


def test_the_paper_says_what_the_policy_lets_the_buyer_do(stocked, booking):
    last = booking.event.starts_at.astimezone(booking.event.zone) - timedelta(days=2)
    says = f"you can give it back until {last:%-d %B %Y, %H:%M}, change your seat or give it to"
    assert says in words_of(pdf_of(booking))
    CancellationPolicy.objects.update(is_default=False)
    Remembered.forget_everything()
    other = world.sold_booking(stocked, [8])
    assert "you can give it to somebody else." in words_of(pdf_of(other))
    other.event.is_transferable = False
    assert "Write to us beforehand" in words_of(pdf_of(other))


def words_of(paper):
    return " ".join(PdfDocument(paper)[0].get_textpage().get_text_bounded().split())


def test_sent_twice_it_is_cancelled_once(noor, booking):
    seen = noor.get(page_of(booking), {"ticket": first_ticket(booking)}).context["quote"].name
    said = {"ticket": first_ticket(booking), "seen": seen}
    assert noor.post(page_of(booking), said).status_code == 302
    assert noor.post(page_of(booking), said).status_code == 302
    assert Cancellation.objects.count() == Refund.objects.count() == 1


def test_what_changed_meanwhile_is_shown_and_nothing_is_done(noor, booking):
    said = {"ticket": first_ticket(booking), "seen": "something else"}
    answer = noor.post(page_of(booking), said)
    assert answer.status_code == 409
    assert "has changed since you looked" in answer.content.decode()
    assert answer.context["quote"].refunded.amount == 20
    assert not Cancellation.objects.exists()


@pytest.mark.parametrize("said", [{}, {"ticket": "nobody"}, {"ticket": str(uuid4())}])
def test_nonsense_cancels_nothing(noor, booking, said):
    assert noor.post(page_of(booking), said).status_code in (404, 409, 422)
    assert noor.get(page_of(booking), said).status_code in (200, 404, 409)
    assert not Cancellation.objects.exists()


def test_nobody_else_sees_or_cancels_it(agency, booking):
    stranger = Client(headers={"host": agency.host})
    assert stranger.get(page_of(booking)).status_code == 404
    assert stranger.post(page_of(booking)).status_code == 404


def test_a_mail_says_what_was_cancelled_and_what_comes_back(noor, booking, mailoutbox):
    seen = noor.get(page_of(booking), {"ticket": first_ticket(booking)}).context["quote"].name
    noor.post(page_of(booking), {"ticket": first_ticket(booking), "seen": seen})
    with as_system():
        for row in outbox.claim(limit=50):
            if "mail_cancellation" in row.handler:
                outbox.run(row)
                outbox.run(row)
    (mail,) = mailoutbox
    assert mail.subject == "1 ticket cancelled: The Low Lanterns"
    assert "You get back: €20.00" in mail.body
    assert "Kept by the rules you bought under: €22.40" in mail.body


def test_the_box_office_sees_that_the_mail_about_it_left(noor, mireille, booking):
    seen = noor.get(page_of(booking), {"ticket": first_ticket(booking)}).context["quote"].name
    noor.post(page_of(booking), {"ticket": first_ticket(booking), "seen": seen})
    other = world.sold_booking(booking.event, [2])
    with as_system():
        for row in outbox.claim(limit=50):
            if "mail_cancellation" in row.handler:
                outbox.run(row)
    subject = "1 ticket cancelled: The Low Lanterns"
    page = mireille.get(world.of(booking)).content.decode()
    assert subject in page
    assert "?q=noor%40post.example" in page
    assert subject not in mireille.get(world.of(other)).content.decode()


def test_a_refund_is_named_after_the_tickets_and_what_was_given_up_is_no_problem(
    noor, mireille, booking
):
    seen = noor.get(page_of(booking), {"ticket": first_ticket(booking)}).context["quote"].name
    noor.post(page_of(booking), {"ticket": first_ticket(booking), "seen": seen})
    page = mireille.get(world.address("payments.refund")).content.decode()
    assert "1 ticket, The Low Lanterns" in page
    assert "2 tickets, The Low Lanterns" not in page
    unpaid = Payment.objects.get(reference=world.reservation(booking.event, [2]).pk)
    for failure, is_shown in ((NOTHING_DUE, False), ("A wrong amount came.", True)):
        Payment.objects.filter(pk=unpaid.pk).update(failure=failure)
        listed = mireille.get(world.address("payments.payment")).content.decode()
        assert (failure in listed) == is_shown
    Payment.objects.filter(pk=unpaid.pk).update(failure=NOTHING_DUE)
    assert NOTHING_DUE in mireille.get(world.of(unpaid)).content.decode()


def test_before_buying_the_rules_stand_on_the_page_of_the_event(agency, stocked):
    page = Client(headers={"host": agency.host}).get(reverse("event", args=[stocked.slug]))
    assert "you get back 50 % of the ticket price, without the fees." in page.content.decode()


# Staff


def step(booking):
    return world.address("bookings.booking", "cancel_tickets", booking.pk)


def test_the_box_office_cancels_by_the_policy_only(agency, booking):
    clerk = world.client_of(world.staff(agency, "BOX_OFFICE"), agency)
    page = clerk.get(step(booking))
    assert "Everything that was paid" not in page.content.decode()
    said = {"tickets": [str(first_ticket(booking))], "rule": "ALL_BACK", "reason": "A friend"}
    assert clerk.post(step(booking), said).status_code == 200
    said["rule"] = "POLICY"
    look = clerk.post(step(booking), said)
    assert look.context["submit"] == "Cancel 1 ticket, €20.00 back"
    sent = look.context["hidden"]
    clerk.post(step(booking), {**said, "seen": dict(sent)["seen"]})
    assert Cancellation.objects.get().grounds == "STAFF"


def test_an_owner_gives_everything_back_with_a_reason(mireille, booking):
    said = {"tickets": [str(first_ticket(booking))], "rule": "ALL_BACK", "reason": ""}
    assert "Say why" in mireille.post(step(booking), said).content.decode()
    said["reason"] = "The view was worse than told"
    look = mireille.post(step(booking), said)
    hidden = dict(look.context["hidden"])
    assert not Cancellation.objects.exists()
    done = mireille.post(step(booking), {**said, "seen": hidden["seen"]})
    assert done.status_code == 302
    made = Cancellation.objects.get()
    assert (str(made.refunded_money), made.made_by.email) == (
        "42.40 EUR",
        "owner@parterre.example",
    )
    page = mireille.get(world.of(booking)).content.decode()
    assert "The view was worse than told" in page
    assert "differs" not in page


def test_a_policy_is_made_line_by_line_and_read_as_buyers_read_it(mireille):
    add = world.address("events.cancellationpolicy", "add")
    said = {"name": "Gala", "is_partial": "on", "back_to": "CARD", "until_1": "36 h", "percent_1": "50",
            "until_2": "14 days", "fixed_2": "2,50", "exchange_fee": "3"}  # fmt: skip
    mireille.post(add, said)
    made = CancellationPolicy.objects.get(name="Gala")
    assert made.windows == [
        {"hours": 336, "percent": "0", "fixed": "2.50"},
        {"hours": 36, "percent": "50", "fixed": "0.00"},
    ]
    page = mireille.get(world.of(made)).content.decode()
    assert (
        "Until 14 days before the start you get back the ticket price, less €2.50 a ticket, "
        "without the fees." in page
    )
    assert "Kept of each ticket when seats are changed" in page
    assert "€3.00" in page
    assert "3.000" not in page
    mireille.post(world.of(made, "make_default"))
    assert CancellationPolicy.objects.get(is_default=True) == made
    again = mireille.get(world.of(made, "make_another"), follow=True)
    assert 'value="36 hours"' in again.content.decode()


@pytest.mark.parametrize(
    "said",
    [
        {"until_1": "soon"},
        {"percent_1": "50"},
        {"until_1": "2 days", "percent_1": "101"},
        {"until_1": "2 days", "until_2": "48 h"},
        {"until_1": "9 days", "percent_1": "50", "until_2": "2 days", "percent_2": "20"},
        {"until_1": "9 days", "fixed_1": "0.005"},
    ],
)
def test_a_policy_that_makes_no_sense_says_why_and_keeps_what_was_typed(mireille, said):
    answer = mireille.post(
        world.address("events.cancellationpolicy", "add"),
        {"name": "Odd", "back_to": "CARD", **said},
    )
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors
    assert not CancellationPolicy.objects.filter(name="Odd").exists()


def test_an_event_takes_only_a_policy_in_its_currency(agency, stocked):
    stocked.cancellation_policy = CancellationPolicy.objects.create(
        name="Yen", currency="JPY", windows=[]
    )
    with pytest.raises(Exception, match="JPY"):
        stocked.clean()


# The API


@pytest.fixture
def sold(agency, stocked):
    """(client of a key, booking that was sold through it as the API shows it)."""
    _key, secret = ApiKey.objects.make(role="buyer", name="Shop")
    client = Client(headers={"host": agency.host, "authorization": f"Api-Key {secret}"})
    body = {"event": str(stocked.pk), "seats": [0, 1]}
    sent = client.post("/api/v1/bookings", body, content_type="application/json").json()
    payment = Payment.objects.get()
    world.received(payment)
    confirm(UUID(sent["id"]), payment_id=payment.pk)
    return client, sent


def test_a_partner_cancels_what_he_previewed(sold):
    client, sent = sold
    tickets = [item["ticket"] for item in sent["items"]]
    address = f"/api/v1/bookings/{sent['id']}"
    quote = client.get(f"{address}/cancellation?ticket={tickets[0]}").json()
    assert (quote["refunded"], len(quote["lines"])) == ("20.00", 1)
    wanted = {"tickets": tickets[:1], "quote": quote["quote"]}
    again = {"content_type": "application/json", "headers": {"idempotency-key": "once"}}
    first = client.post(f"{address}/tickets/cancel", wanted, **again)
    second = client.post(f"{address}/tickets/cancel", wanted, **again)
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    assert (first.json()["refunded"], first.json()["tickets"]) == ("20.00", tickets[:1])
    other = {"tickets": tickets[1:], "quote": quote["quote"]}
    refused = client.post(f"{address}/tickets/cancel", other, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (409, "quote_changed")
    assert Ticket.objects.filter(status="CANCELLED").count() == 1
    assert Booking.objects.get().status == "CONFIRMED"
