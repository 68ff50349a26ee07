"""Giving and taking tickets through the pages: who may do what, in which browser, what is mailed."""

import re
from datetime import timedelta
from io import BytesIO

import pypdfium2
import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from agencies.terms import publish_terms
from bookings.links import mailed_key as booking_key
from bookings.models import Booking
from bookings.received import mailed_key as received_key
from bookings.services.hand_over import pass_on
from config.tests import world
from config.tests.test_cancelling import policy
from config.tests.test_giving import delivered, lapsed, ticket, tickets_of
from core import invariants
from core.ids import uuid7
from core.models import OutboxMessage
from customers.links import FRESH_FOR
from customers.links import mailed_key as customer_key
from customers.models import Customer
from events.models import Event, PriceLevel
from tickets.models import Download, Ticket, Transfer
from tickets.services import Recipient, accept_transfer, lock_out, take_back_transfer

pytestmark = pytest.mark.django_db


@pytest.fixture
def sold(agency, event):
    policy((2, 0, 0), is_partial=True, exchange_fee=0)
    world.received_order(event, rows="A-B")
    made = world.sold_booking(event, [0, 1])
    delivered()
    return made


@pytest.fixture
def noor(agency, sold):
    """Her browser, with the link of the booking's mail opened."""
    browser = world.client_of(None, agency)
    browser.get(f"/bookings/{sold.pk}/", {"k": booking_key(sold)})
    return browser


@pytest.fixture
def somebody(agency):
    return world.client_of(None, agency)


def path(booking):
    return f"/bookings/{booking.pk}/give/"


def proven(browser, booking):
    """The browser after the link that was mailed for it."""
    browser.get(path(booking), {"k": customer_key(booking.customer)})
    return browser


def typed(booking, *positions, **more):
    said = {"name": "Bo Lind", "email": "bo@post.example", "message": "Have fun"}
    return {"ticket": [str(pk) for pk in tickets_of(booking, *positions)], **said, **more}


def words(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def offers(browser, booking, *positions, **more):
    return browser.post(path(booking), typed(booking, *positions, confirmed="yes", **more))


def mails_to(mailoutbox, address):
    delivered()
    return [mail for mail in mailoutbox if mail.to == [address]]


def link_in(mail):
    return re.search(r"https?://[^/\s]+(/\S+[?&]k=\S+)", mail.body).group(1)


def opened(browser, mail):
    """The page that a mail's link leads to, and the addresses on the way."""
    page = browser.get(link_in(mail), follow=True)
    return page, [url for url, _ in page.redirect_chain]


# Who gives


def test_a_browser_that_only_opened_the_bookings_mail_is_asked_for_a_fresh_proof(
    noor, sold, mailoutbox
):
    assert path(sold) in words(noor.get(f"/bookings/{sold.pk}/"))
    asked = words(noor.get(path(sold)))
    assert "First: is it you?" in asked
    assert 'name="email"' not in asked
    offers(noor, sold, 1)
    assert not Transfer.objects.exists()
    mailoutbox.clear()
    assert "Look into your mailbox." in words(noor.post(f"{path(sold)}prove/", follow=True))
    [mail] = mails_to(mailoutbox, "noor@post.example")
    page, way = opened(noor, mail)
    assert way == [path(sold)]
    assert 'name="email"' in words(page)


def test_a_proof_is_fresh_for_half_an_hour(noor, sold, monkeypatch):
    proven(noor, sold)
    assert 'name="email"' in words(noor.get(path(sold)))
    later = timezone.now() + FRESH_FOR + timedelta(minutes=1)
    monkeypatch.setattr("customers.links.timezone.now", lambda: later)
    assert "First: is it you?" in words(noor.get(path(sold)))


def test_the_proof_of_somebody_else_is_none(noor, sold):
    eve = Customer.objects.create(email="eve@post.example", name="Eve")
    noor.get(path(sold), {"k": customer_key(eve)})
    assert "First: is it you?" in words(noor.get(path(sold)))
    offers(noor, sold, 1)
    assert not Transfer.objects.exists()


def test_proofs_are_mailed_five_times_an_hour(noor, sold, mailoutbox):
    mailoutbox.clear()
    for _ in range(7):
        assert "sent=yes" in noor.post(f"{path(sold)}prove/").url
    assert len(mails_to(mailoutbox, "noor@post.example")) == 5


def test_what_was_typed_is_read_back_before_anything_is_offered(noor, sold):
    proven(noor, sold)
    back = words(noor.post(path(sold), typed(sold, 1)))
    for said in ("Bo Lind", "bo@post.example", "Have fun", "The money stays with you"):
        assert said in back
    assert not Transfer.objects.exists()
    again = words(noor.post(path(sold), typed(sold, 1, change="yes")))
    assert 'value="bo@post.example"' in again


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"ticket": []}, "Choose at least one ticket first."),
        ({"ticket": [str(uuid7())]}, "not yours to give"),
        ({"email": "bo"}, "does not look like an e-mail"),
        ({"name": ""}, "Please enter who gets them."),
        ({"message": "See www.evil.example"}, "leave out web addresses"),
        ({"message": "Log in at parterre.evil.com/login"}, "put a space after each full stop"),
        ({"name": "Win at evil.example/win"}, "leave out web addresses"),
        ({"name": "https://evil.example"}, "leave out web addresses"),
        ({"message": "x" * 301}, "at most 300"),
        ({"email": "noor@post.example"}, "belong to already"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(noor, sold, wrong, says):
    proven(noor, sold)
    answer = noor.post(path(sold), typed(sold, 1, confirmed="yes") | wrong)
    assert answer.status_code in (409, 422)
    assert says in words(answer)
    assert not Transfer.objects.exists()


def test_the_booking_shows_what_is_offered_and_takes_it_back(noor, sold, mailoutbox):
    proven(noor, sold)
    code = ticket(sold, 1).number
    assert offers(noor, sold, 1).url == f"/bookings/{sold.pk}/"
    page = words(noor.get(f"/bookings/{sold.pk}/"))
    assert "Offered to Bo Lind" in page
    assert page.count('class="qr"') == 1
    assert numbers_printed(noor, sold) == [ticket(sold, 2).number]
    transfer = Transfer.objects.get()
    assert "takes it back" not in page
    noor.post(f"{path(sold)}{transfer.pk}/take-back/")
    page = words(noor.get(f"/bookings/{sold.pk}/"))
    assert (page.count('class="qr"'), code in page) == (2, True)
    begun, *_ = mails_to(mailoutbox, "noor@post.example")[1:]
    assert "You offer 1 ticket" in begun.subject


def numbers_printed(browser, booking):
    pdf = browser.get(f"/bookings/{booking.pk}/tickets.pdf")
    if pdf.status_code == 404:
        return []
    pages = pypdfium2.PdfDocument(BytesIO(pdf.content))
    found = re.findall(
        r"\b\w{4}-\w{4}-\w{4}\b", " ".join(p.get_textpage().get_text_range() for p in pages)
    )
    return sorted(set(found))


def test_the_offer_is_mailed_again_and_only_the_new_link_counts(noor, agency, sold, mailoutbox):
    proven(noor, sold)
    offers(noor, sold, 1)
    transfer = Transfer.objects.get()
    [first] = mails_to(mailoutbox, "bo@post.example")
    assert "Mail it again" in words(noor.get(f"/bookings/{sold.pk}/"))
    noor.post(f"{path(sold)}{transfer.pk}/mail/")
    _, second = mails_to(mailoutbox, "bo@post.example")
    pages = [opened(world.client_of(None, agency), mail)[0] for mail in (first, second)]
    assert [page.status_code for page in pages] == [404, 200]
    for _ in range(5):
        noor.post(f"{path(sold)}{transfer.pk}/mail/")
    assert len(mails_to(mailoutbox, "bo@post.example")) == 5
    noor.post(f"{path(sold)}{transfer.pk}/take-back/")
    cache.clear()
    said = noor.post(f"{path(sold)}{transfer.pk}/mail/", follow=True)
    assert "taken back" in words(said)
    assert noor.post(f"{path(sold)}{uuid7()}/mail/").status_code == 404


def test_a_browser_that_opened_the_old_link_decides_nothing_once_it_was_mailed_again(
    noor, agency, somebody, sold, mailoutbox
):
    proven(noor, sold)
    offers(noor, sold, 1)
    transfer = Transfer.objects.get()
    [first] = mails_to(mailoutbox, "bo@post.example")
    page = f"/received/{transfer.pk}/"
    assert opened(somebody, first)[0].status_code == 200
    noor.post(f"{path(sold)}{transfer.pk}/mail/")
    steps = [("accept/", {"name": "Eve"}), ("decline/", {})]
    for is_mailed in (False, True):
        if is_mailed:
            _, second = mails_to(mailoutbox, "bo@post.example")
        assert somebody.get(page).status_code == 404
        assert [somebody.post(f"{page}{step}", said).status_code for step, said in steps] == [
            404
        ] * 2
        assert opened(somebody, first)[0].status_code == 404
    assert Transfer.objects.get().status == "PENDING"
    assert opened(somebody, second)[0].status_code == 200
    somebody.post(f"{page}accept/", {"name": "Bo"})
    assert Transfer.objects.get().status == "ACCEPTED"
    assert ticket(sold).number in words(somebody.get(page))


def test_a_givers_name_leads_nowhere_in_what_strangers_are_mailed(sold, mailoutbox):
    Customer.objects.filter(pk=sold.customer_id).update(name="Win at https://evil.example/win")
    taken, withdrawn = world.offered(sold, 1), world.offered(sold, 2)
    delivered()
    accept_transfer(taken.pk, name="Bo")
    take_back_transfer(withdrawn.pk)
    mails = mails_to(mailoutbox, "bo@post.example")
    assert len(mails) == 4
    for mail in mails:
        told = " ".join([mail.subject, mail.body, mail.alternatives[0][0]])
        assert "evil.example" not in told
    assert "Win at https evil. example win gives you 1 ticket" in mails[0].subject


def test_the_same_mailbox_is_not_flooded(noor, sold):
    proven(noor, sold)
    for _ in range(5):
        offers(noor, sold, 1)
        noor.post(f"{path(sold)}{Transfer.objects.first().pk}/take-back/")
    refused = offers(noor, sold, 1)
    assert refused.status_code == 422
    assert "offered tickets often" in words(refused)
    assert Transfer.objects.count() == 5


def test_nobody_takes_back_or_gives_what_is_not_his(somebody, noor, sold):
    transfer = world.offered(sold, 1)
    other = world.sold_booking(Event.objects.get(), [5], email="ada@post.example")
    somebody.get(f"/bookings/{other.pk}/", {"k": booking_key(other)})
    for address in (
        f"{path(sold)}{transfer.pk}/take-back/",
        f"{path(other)}{transfer.pk}/take-back/",
    ):
        assert somebody.post(address).status_code == 404
    assert Transfer.objects.get().status == "PENDING"
    assert Client(headers={"host": "parterre.example"}).get(path(sold)).status_code == 404
    assert noor.post(f"{path(sold)}{uuid7()}/take-back/").status_code == 404


def test_an_event_that_keeps_its_tickets_says_so(noor, sold):
    Event.objects.update(is_transferable=False)
    assert path(sold) not in words(noor.get(f"/bookings/{sold.pk}/"))
    proven(noor, sold)
    assert "stay with whoever bought them" in words(noor.get(path(sold)))


# Who takes


def test_whoever_opens_the_mail_sees_the_offer_and_looking_does_nothing(
    noor, somebody, sold, mailoutbox, caplog
):
    proven(noor, sold)
    offers(noor, sold, 1)
    [mail] = mails_to(mailoutbox, "bo@post.example")
    assert "Noor Vance gives you 1 ticket" in mail.subject
    token = link_in(mail).partition("=")[2]
    first = somebody.get(link_in(mail))
    assert (first.status_code, first["Referrer-Policy"]) == (302, "no-referrer")
    assert token not in first.url
    page = somebody.get(first.url)
    for said in ("Noor Vance gives you 1 ticket.", "Have fun", ticket(sold).place):
        assert said in words(page)
    assert token not in page.content.decode()
    assert ticket(sold).number not in page.content.decode()
    assert "noor@post.example" not in page.content.decode()
    assert page["Referrer-Policy"] != "no-referrer"  # its forms must tell their origin
    somebody.get(link_in(mail), follow=True)
    assert Transfer.objects.get().status == "PENDING"
    Client(headers={"host": "parterre.example"}).get(f"/received/{uuid7()}/?k={token}", follow=True)
    assert "Not Found" in caplog.text
    assert token not in caplog.text
    assert not any(token in str(row) for row in OutboxMessage.objects.values())


def test_who_takes_them_sees_them_prints_them_and_is_mailed_them(noor, somebody, sold, mailoutbox):
    proven(noor, sold)
    offers(noor, sold, 1)
    [mail] = mails_to(mailoutbox, "bo@post.example")
    opened(somebody, mail)
    transfer = Transfer.objects.get()
    page = f"/received/{transfer.pk}/"
    assert somebody.post(f"{page}accept/", {"name": ""}).status_code == 422
    taken = somebody.post(f"{page}accept/", {"name": "Bo Lindqvist"}, follow=True)
    held = ticket(sold)
    assert (held.status, held.holder_name) == ("TRANSFERRED", "Bo Lindqvist")
    assert held.number in words(taken)
    assert 'class="qr"' in words(taken)
    assert "€" not in words(taken)
    pdf = somebody.get(f"{page}tickets.pdf")
    text = pypdfium2.PdfDocument(BytesIO(pdf.content))[0].get_textpage().get_text_range()
    assert held.number in text
    assert "€" not in text
    assert Download.objects.get().reference == transfer.pk
    *_, sent = mails_to(mailoutbox, "bo@post.example")
    assert [name for name, *_ in sent.attachments] == ["tickets-given.pdf"]
    *_, told = mails_to(mailoutbox, "noor@post.example")
    assert told.subject.startswith("Taken:")
    another = Client(headers={"host": "parterre.example"})
    assert held.number in words(opened(another, sent)[0])
    assert invariants.violations() == {}


def test_the_payer_sees_to_whom_and_nothing_that_opens_the_door(noor, sold):
    world.given(sold, 1)
    new = ticket(sold).number
    pages = [
        f"/bookings/{sold.pk}/{more}" for more in ("", "names/", "cancel/", "exchange/", "give/")
    ]
    proven(noor, sold)
    shown = {page: words(noor.get(page, follow=True)) for page in pages}
    assert "Given to Bo Lind" in shown[pages[0]]
    assert shown[pages[0]].count('class="qr"') == 1
    assert not any(new in page for page in shown.values())
    assert numbers_printed(noor, sold) == [ticket(sold, 2).number]
    world.given(sold, 2)
    assert numbers_printed(noor, sold) == []
    assert "tickets.pdf" not in words(noor.get(pages[0]))


def test_who_gave_all_away_reads_to_whom_and_meets_no_dead_button(noor, sold):
    world.given(sold)
    page = words(noor.get(f"/bookings/{sold.pk}/"))
    assert "You gave these to Bo Lind." in page
    assert "The money stays with you" in page
    for said in ("You’re going", "Show the code", "you get back", "/names/", "calendar.ics"):
        assert said not in page
    for step in ("cancel/", "exchange/", "names/"):
        said = words(noor.get(f"/bookings/{sold.pk}/{step}", follow=True))
        assert "You gave these to Bo Lind." in said
        assert "After that" not in said
        assert "Choose new seats" not in said


def test_who_gave_one_of_two_still_goes_himself(noor, sold):
    world.given(sold, 1)
    page = words(noor.get(f"/bookings/{sold.pk}/"))
    assert "You’re going" in page
    assert "/names/" in page


def test_of_one_ticket_given_away_is_said_that_it_is_one(agency, sold):
    alone = world.sold_booking(sold.event, [2])
    delivered()
    world.given(alone)
    browser = world.client_of(None, agency)
    page = words(browser.get(f"/bookings/{alone.pk}/", {"k": booking_key(alone)}, follow=True))
    assert "You gave this to Bo Lind." in page
    assert "cancel, change or rename it" in page


@pytest.mark.parametrize("step", ["cancel/", "exchange/", "names/"])
def test_what_is_offered_can_only_be_taken_back_on_the_pages_of_other_steps(noor, sold, step):
    transfer = world.offered(sold, 1)
    page = words(noor.get(f"/bookings/{sold.pk}/{step}", follow=True))
    assert "Offered to Bo Lind until" in page
    assert f"give/{transfer.pk}/take-back/" in page
    assert f'value="{ticket(sold, 1).pk}"' not in page
    assert f'aria-labelledby="t{ticket(sold, 1).number}"' not in page
    assert str(ticket(sold, 2).pk) in page


@pytest.mark.parametrize("step", ["cancel/", "exchange/"])
def test_what_is_locked_is_not_offered_for_choice_and_says_whom_to_write(noor, sold, step):
    lock_out([ticket(sold, 1).pk], "Ask at the desk.")
    page = words(noor.get(f"/bookings/{sold.pk}/{step}", follow=True))
    assert "Locked: please write to us." in page
    assert str(ticket(sold, 1).pk) not in page
    assert str(ticket(sold, 2).pk) in page


def test_names_typed_for_other_tickets_than_there_are_now_name_nobody(noor, sold):
    first, second = ticket(sold, 1), ticket(sold, 2)
    world.offered(sold, 1)
    typed_before = {"of": f"{first.pk} {second.pk}", "name-0": "Ada", "name-1": "Ben"}
    page = noor.post(f"/bookings/{sold.pk}/names/", typed_before)
    assert page.status_code == 422
    assert "have changed since you looked" in words(page)
    assert ticket(sold, 2).holder_name == second.holder_name


def test_a_ticket_given_back_to_its_payer_is_called_so_and_is_in_his_booking_again(
    agency, sold, mailoutbox
):
    bo = world.given(sold, 1).recipient
    noor = Recipient(sold.customer.name, sold.customer.email)
    pass_on([ticket(sold, 1).pk], noor, holder=bo)
    *_, mail = mails_to(mailoutbox, "noor@post.example")
    assert "Bo Lind gives you back your ticket:" in mail.subject
    browser = world.client_of(None, agency)
    page = words(opened(browser, mail)[0])
    assert "Bo Lind gives you back your ticket." in page
    for text in (page, mail.body, mail.alternatives[0].content):
        assert "you nothing" not in text
    taken = browser.post(
        f"/received/{Transfer.objects.first().pk}/accept/", {"name": "Noor Vance"}, follow=True
    )
    link = f'<a href="/bookings/{sold.pk}/">your booking {sold.number}</a>'
    assert f"It is in {link} again." in words(taken)
    assert "whoever paid" not in words(taken)


def test_passed_on_to_a_third_person_it_is_a_present(agency, sold, mailoutbox):
    bo = world.given(sold, 1).recipient
    pass_on([ticket(sold, 1).pk], Recipient("Cy Roe", "cy@post.example"), holder=bo)
    [mail] = mails_to(mailoutbox, "cy@post.example")
    assert "Bo Lind gives you 1 ticket:" in mail.subject
    page = words(opened(world.client_of(None, agency), mail)[0])
    assert "it costs you nothing" in page


def test_one_ticket_is_it_and_two_are_them(noor, agency, sold, mailoutbox):
    proven(noor, sold)
    assert "nobody gets in with it</b>" in words(noor.post(path(sold), typed(sold, 1)))
    assert "nobody gets in with them</b>" in words(noor.post(path(sold), typed(sold, 1, 2)))
    assert "is offered the ticket." in words(
        noor.post(path(sold), typed(sold, 1, confirmed="yes"), follow=True)
    )
    [mail] = mails_to(mailoutbox, "bo@post.example")
    *_, begun = mails_to(mailoutbox, "noor@post.example")
    browser = world.client_of(None, agency)
    page = words(opened(browser, mail)[0])
    assert "You may take it until" in page
    assert "It gets a new code that is yours alone; it costs you nothing." in page
    assert "It costs you nothing. Open the page and take it, or say no." in mail.body
    assert "Nobody gets in with it until" in begun.body
    accept = f"/received/{Transfer.objects.get().pk}/accept/"
    taken = words(browser.post(accept, {"name": "Bo Lind"}, follow=True))
    assert "The ticket is yours." in taken
    assert "Noor Vance gave you this on" in taken


def test_a_link_opens_nothing_any_more_once_it_was_used(noor, somebody, agency, sold, mailoutbox):
    proven(noor, sold)
    offers(noor, sold, 1)
    [mail] = mails_to(mailoutbox, "bo@post.example")
    accept_transfer(Transfer.objects.get().pk, name="Bo")
    page, _ = opened(somebody, mail)
    assert "accepted already" in words(page)
    assert ticket(sold).number not in words(page)
    transfer = Transfer.objects.get()
    for address in ("tickets.pdf", "give/"):
        assert somebody.get(f"/received/{transfer.pk}/{address}").status_code == 404


@pytest.mark.parametrize("key", ["", "x", "1.", ".", "0.AAAA", "٣.\x00", "9" * 5000, "A" * 43])
def test_an_invented_link_is_answered_like_one_of_no_offer(somebody, sold, key):
    transfer = world.offered(sold)
    answers = []
    for number in (transfer.pk, uuid7()):
        page = somebody.get(f"/received/{number}/", {"k": key}, follow=True)
        answers.append((page.status_code, words(page).replace(str(number), "")))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    for step in ("accept/", "decline/"):
        assert somebody.post(f"/received/{transfer.pk}/{step}", {"name": "E"}).status_code == 404
    assert Transfer.objects.get().status == "PENDING"


def test_declining_tells_its_giver(noor, somebody, sold, mailoutbox):
    proven(noor, sold)
    offers(noor, sold, 1)
    [mail] = mails_to(mailoutbox, "bo@post.example")
    opened(somebody, mail)
    page = somebody.post(f"/received/{Transfer.objects.get().pk}/decline/", follow=True)
    assert "This offer was declined." in words(page)
    *_, told = mails_to(mailoutbox, "noor@post.example")
    assert told.subject.startswith("Declined:")
    assert len(mails_to(mailoutbox, "bo@post.example")) == 1


def test_taken_back_or_lapsed_the_link_says_so(noor, somebody, sold, mailoutbox):
    proven(noor, sold)
    offers(noor, sold, 1)
    offers(noor, sold, 2)
    for mail in mails_to(mailoutbox, "bo@post.example"):
        opened(somebody, mail)
    later, first = Transfer.objects.order_by("-begun_at")
    noor.post(f"{path(sold)}{first.pk}/take-back/")
    assert "taken back" in words(somebody.get(f"/received/{first.pk}/"))
    lapsed(later)
    assert "time to accept these tickets is over" in words(somebody.get(f"/received/{later.pk}/"))
    somebody.post(f"/received/{later.pk}/accept/", {"name": "Bo"})
    assert {row.status for row in Transfer.objects.all()} == {"CANCELLED", "PENDING"}
    *_, told = mails_to(mailoutbox, "bo@post.example")
    assert told.subject.startswith("No longer offered:")


def test_the_terms_of_sale_are_accepted_by_who_takes_them(noor, somebody, sold, mailoutbox):
    terms = publish_terms("Behave.", by=None)
    proven(noor, sold)
    offers(noor, sold, 1)
    [mail] = mails_to(mailoutbox, "bo@post.example")
    page, _ = opened(somebody, mail)
    assert terms.digest in words(page)
    accept = f"/received/{Transfer.objects.get().pk}/accept/"
    refused = somebody.post(accept, {"name": "Bo"})
    assert (refused.status_code, "accept the terms of sale" in words(refused)) == (422, True)
    somebody.post(accept, {"name": "Bo", "accepts_terms": terms.digest})
    transfer = Transfer.objects.get()
    assert (transfer.status, transfer.terms) == ("ACCEPTED", terms)


def test_my_bookings_has_what_was_given_to_that_mailbox(agency, somebody, sold):
    Customer.objects.create(email="bo@post.example", name="Bo")
    waiting, taken = world.offered(sold, 1), world.given(sold, 2)
    world.offered(world.sold_booking(Event.objects.get(), [6], email="ada@post.example"), 1,
                  email="cy@post.example")  # fmt: skip
    somebody.get("/mine/", {"k": customer_key(taken.recipient)})
    page = words(somebody.get("/mine/"))
    assert "Tickets given to you" in page
    assert page.count("from Noor Vance") == 2
    assert "Take the ticket" in words(somebody.get(f"/received/{waiting.pk}/"))
    assert ticket(sold, 2).number in words(somebody.get(f"/received/{taken.pk}/"))


# Who passes on


def test_a_holder_passes_on_by_a_proof_of_his_own_and_may_give_back(
    agency, somebody, sold, mailoutbox
):
    transfer = world.given(sold, 1)
    page = f"/received/{transfer.pk}/"
    somebody.get(page, {"k": received_key(transfer)})
    assert "Give back to Noor Vance" in words(somebody.get(page))
    assert "First: is it you?" in words(somebody.get(f"{page}give/"))
    delivered()
    mailoutbox.clear()
    assert somebody.post(f"{page}give/prove/", {"back": "yes"}).url.endswith("&sent=yes")
    [mail] = mails_to(mailoutbox, "bo@post.example")
    back, way = opened(somebody, mail)
    assert way == [f"{page}give/?back=yes"]
    form = words(back)
    assert "It goes back to <b>Noor Vance</b>" in form
    assert "noor@post.example" not in form
    said = {"ticket": str(ticket(sold).pk), "back": "yes", "message": "Ill"}
    back = words(somebody.post(f"{page}give/", said))
    assert "noor@post.example" not in back
    assert somebody.post(f"{page}give/", said | {"confirmed": "yes"}).url == page
    assert "Offered to Noor Vance" in words(somebody.get(page))
    offer = Transfer.objects.get(status="PENDING")
    assert (offer.recipient_email, offer.giver) == ("noor@post.example", transfer.recipient)
    *_, mail = mails_to(mailoutbox, "noor@post.example")
    noor = Client(headers={"host": "parterre.example"})
    opened(noor, mail)
    noor.post(f"/received/{offer.pk}/accept/", {"name": "Noor Vance"})
    assert ticket(sold).status == "CONFIRMED"
    after = words(somebody.get(page))
    assert "Given to Noor Vance" in after
    assert ticket(sold).number not in after
    assert 'class="qr"' not in after


def test_what_a_holder_offers_he_takes_back_himself(agency, somebody, noor, sold):
    transfer = world.given(sold, 1)
    page = f"/received/{transfer.pk}/"
    somebody.get(f"{page}give/", {"k": customer_key(transfer.recipient)})
    cy = {"name": "Cy", "email": "cy@post.example", "confirmed": "yes"}
    somebody.post(f"{page}give/", {"ticket": str(ticket(sold).pk), **cy})
    offer = Transfer.objects.get(status="PENDING")
    assert noor.post(f"{path(sold)}{offer.pk}/take-back/").status_code == 404
    assert noor.post(f"{page}give/{offer.pk}/take-back/").status_code == 404
    somebody.post(f"{page}give/{offer.pk}/take-back/")
    assert Transfer.objects.get(pk=offer.pk).status == "CANCELLED"
    assert ticket(sold).number in words(somebody.get(page))


def test_the_payers_page_says_so_once_it_is_given_again(noor, sold):
    """Given, given back, and given to somebody else: the last time counts."""
    first = world.given(sold, 1)
    to = Recipient("Noor Vance", "noor@post.example")
    back = pass_on(tickets_of(sold, 1), to, holder=first.recipient)
    accept_transfer(back.pk, name="Noor")
    assert words(noor.get(f"/bookings/{sold.pk}/")).count('class="qr"') == 2
    world.given(sold, 1, email="cy@post.example", name="Cy")
    page = words(noor.get(f"/bookings/{sold.pk}/"))
    assert "Given to Cy" in page
    assert "Given to Bo" not in page
    assert Booking.objects.get(pk=sold.pk).is_sold
    assert Ticket.objects.filter(status="TRANSFERRED").count() == 1


def test_back_they_may_go_though_the_event_keeps_its_tickets(somebody, sold):
    transfer = world.given(sold, 1)
    Event.objects.update(is_transferable=False)
    PriceLevel.objects.update(is_personal=True)
    page = f"/received/{transfer.pk}/"
    somebody.get(f"{page}give/", {"k": customer_key(transfer.recipient)})
    shown = words(somebody.get(page))
    assert ("Give to somebody" in shown, "Give back to Noor" in shown) == (False, True)
    assert "stay with whoever bought them" in words(somebody.get(f"{page}give/"))
    cy = {"name": "Cy", "email": "cy@post.example"}
    chosen = {"ticket": str(ticket(sold).pk), "confirmed": "yes"}
    somebody.post(f"{page}give/", chosen | cy)
    assert Transfer.objects.count() == 1
    somebody.post(f"{page}give/", chosen | {"back": "yes"} | cy)
    assert Transfer.objects.get(status="PENDING").recipient_email == "noor@post.example"
