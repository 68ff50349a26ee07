"""Papers for a buyer's books: invoices and credit notes, numbers without gap."""

from io import BytesIO

import pypdfium2
import pytest
from django.db import DatabaseError, connections, transaction
from django.test import Client
from django.utils import timezone

from bookings.cancelling import Wish
from bookings.cancelling.carrying_out import cancel_as_it_is
from bookings.invoicing import issue_credit_note, issue_invoice
from bookings.links import mailed_key
from bookings.models import Booking, Grounds, Invoice, Rule
from config.tests import world
from config.tests.servers import together
from core import outbox
from core.money import Money
from core.tenancy import acting_for
from events.models import Event

YEAR = timezone.now().year


@pytest.fixture
def shown(made_shop):
    return made_shop


@pytest.fixture
def event(shown):
    with acting_for(shown["agency"]["id"]):
        yield Event.objects.select_related("layout").get()


def delivered():
    while sum(outbox.deliver()):
        pass


def words_of(answer):
    text = pypdfium2.PdfDocument(BytesIO(answer.content))[0].get_textpage().get_text_range()
    return " ".join(text.split())


def buyer_of(booking):
    browser = Client()
    browser.get(f"/bookings/{booking.pk}/?k={mailed_key(booking)}")
    return browser


def gave_back(booking, *tickets, rule=Rule.ALL_BACK):
    wish = Wish(frozenset(tickets), Grounds.STAFF, rule, reason="Ill")
    return cancel_as_it_is(booking.pk, wish)


@pytest.mark.django_db
def test_a_sale_is_invoiced_once_and_its_paper_says_what_was_paid(event):
    booking = world.sold_booking(event, [0, 1])
    delivered()
    invoice = Invoice.objects.get()
    assert (invoice.number, invoice.money) == (f"F-{YEAR}-000001", booking.money)
    assert issue_invoice(booking.pk) == invoice
    browser = buyer_of(booking)
    assert "Invoice as PDF" in browser.get(f"/bookings/{booking.pk}/").content.decode()
    words = words_of(browser.get(f"/bookings/{booking.pk}/invoice.pdf"))
    for said in (invoice.number, booking.number, "Noor Vance", "A, row A, seat 1", "Total"):
        assert said in words
    assert f"Total {booking.money.display()}" in words
    rows = [*invoice.content["rows"]]
    assert sum(Money(amount, "EUR").amount for _, amount in rows) == booking.total


@pytest.mark.django_db
def test_the_paper_stays_as_it_was_issued(shown, event):
    booking = world.sold_booking(event, [0])
    invoice = issue_invoice(booking.pk)
    Event.objects.update(title="Another name")
    browser = buyer_of(booking)
    assert "Another name" not in words_of(browser.get(f"/bookings/{booking.pk}/invoice.pdf"))
    for change in (lambda: Invoice.objects.update(total=1), invoice.delete):
        with pytest.raises(DatabaseError, match=r"denied|only grows"), transaction.atomic():
            change()


@pytest.mark.django_db
def test_what_went_back_has_a_credit_note_that_names_the_invoice(event):
    booking = world.sold_booking(event, [0, 1])
    delivered()
    ticket = booking.items.order_by("position").first().ticket_id
    cancellation = gave_back(booking, ticket)
    delivered()
    note = Invoice.objects.get(kind="CREDIT_NOTE")
    assert (note.number, note.cancellation) == (f"A-{YEAR}-000001", cancellation)
    assert note.total == cancellation.refunded == booking.total / 2
    assert issue_credit_note(cancellation.pk) == note
    browser = buyer_of(booking)
    page = f"/bookings/{booking.pk}/"
    assert f"Credit note {note.number}" in browser.get(page).content.decode()
    words = words_of(browser.get(f"{page}invoice.pdf?note={note.number}"))
    for said in (note.number, f"invoice F-{YEAR}-000001", "seat 1", "Kept by the terms of sale"):
        assert said in words
    assert "seat 2" not in words
    assert browser.get(f"{page}invoice.pdf?note=A-1999-000001").status_code == 404


@pytest.mark.django_db
def test_nothing_is_issued_for_what_cost_or_brought_back_nothing_or_is_not_paid(event):
    unpaid = world.reservation(event, [5])
    assert issue_invoice(unpaid.pk) is None
    browser = buyer_of(unpaid)
    assert browser.get(f"/bookings/{unpaid.pk}/invoice.pdf").status_code == 404
    booking = world.sold_booking(event, [0])
    nothing = gave_back(booking, rule=Rule.NOTHING_BACK)
    assert issue_credit_note(nothing.pk) is None
    assert Client().get(f"/bookings/{booking.pk}/invoice.pdf").status_code == 404


@pytest.mark.race
def test_papers_issued_at_once_have_numbers_without_gaps_and_no_booking_has_two(
    committed_db, made_shop
):
    agency = made_shop["agency"]["id"]
    with acting_for(agency):
        event = Event.objects.select_related("layout").get()
        sold = [world.sold_booking(event, [ordinal]) for ordinal in range(4)]

    def issue(booking):
        def act():
            try:
                with acting_for(agency):
                    return issue_invoice(booking.pk).number
            finally:
                connections.close_all()

        return act

    numbers = together([issue(booking) for booking in sold for _ in range(3)])
    expected = [f"F-{YEAR}-{number:06}" for number in range(1, 5)]
    assert sorted(set(numbers)) == expected
    with acting_for(agency):
        assert sorted(Invoice.objects.values_list("number", flat=True)) == expected
        assert Booking.objects.filter(invoices__kind="INVOICE").distinct().count() == 4
