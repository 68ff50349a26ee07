"""Tickets handed to somebody else: offered, taken, and whose they are then. The money stays."""

import re
from datetime import timedelta
from io import BytesIO

import pgtrigger
import pytest
from django.core.mail import EmailMultiAlternatives
from django.db import DatabaseError, transaction
from django.db.models.functions import Now
from django.utils import timezone
from pypdfium2 import PdfDocument

from bookings.cancelling import NotCancellable, Wish, cancel, preview
from bookings.changing import answer, begin, carry_on, propose
from bookings.evidence import _given, sections_of
from bookings.models import Booking, ChangedBooking, Grounds, Rule
from bookings.services.hand_over import offer_tickets, pass_on
from config.tests import world
from config.tests.test_cancelling import policy
from core import failpoints, outbox
from core.errors import Invalid
from core.ids import uuid7
from core.models import OutboxMessage
from customers.models import Customer
from events.models import Event, PriceLevel
from notifications.models import Message
from notifications.transfers import mail_transfer_offered
from payments.models import Refund
from payments.services import request_refund
from tickets.facts import TicketRenamed, TransferBegun
from tickets.models import Gate, SigningKey, Ticket, Transfer, TransferredTicket
from tickets.services import (
    Attendee,
    NotNameable,
    NotTransferable,
    OfferOver,
    Recipient,
    accept_transfer,
    admit,
    begin_transfer,
    code_of,
    decline_transfer,
    is_token_of,
    lapse_transfer,
    lock_out,
    mail_offer_again,
    name_attendees,
    new_token,
    rotate_signing_key,
    said_of,
    take_back_transfer,
)
from tickets.services.offer import OFFERS_A_DAY
from tickets.tasks import lapse_transfers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("right_books")]
BO = Recipient("Bo Lind", "bo@post.example", "Have fun")


@pytest.fixture
def stocked(event):
    policy((2, 0, 0), is_partial=True)
    world.received_order(event, rows="A-B")
    return event


@pytest.fixture
def sold(stocked):
    return world.sold_booking(stocked, [0, 1])


@pytest.fixture
def gate(stocked):
    return Gate.objects.create(event=stocked, name="North")


def delivered():
    while sum(outbox.deliver()):
        pass


def tickets_of(booking, *positions):
    items = booking.items.filter(position__in=positions) if positions else booking.items.all()
    return list(items.order_by("position").values_list("ticket", flat=True))


def ticket(booking, position=1):
    found = Ticket.objects.select_related("event", "signing_key", "holder")
    return found.get(items__booking=booking, items__position=position)


def scan(gate, code):
    return admit(code=code, gate=gate, device_id=gate.pk, nonce=str(uuid7()))


def told(gate, code):
    answer = scan(gate, code)
    return answer.verdict, answer.message


def lapsed(transfer):
    """Its time is over; nobody has tidied yet. The database itself would not let time run so."""
    past = Now() - timedelta(minutes=1)
    with pgtrigger.ignore("tickets.Transfer:offer_stays", "tickets.Transfer:decided_once"):
        Transfer.objects.filter(pk=transfer.pk).update(expires_at=past)
    offered = TransferredTicket.objects.filter(transfer=transfer).values("ticket")
    Ticket.objects.filter(pk__in=offered).update(offered_until=transfer_end(transfer))


def transfer_end(transfer):
    return Transfer.objects.get(pk=transfer.pk).expires_at


# Offering


def test_what_is_offered_stays_its_givers_and_admits_nobody(sold, gate):
    code, number = code_of(ticket(sold)), ticket(sold).number
    made = world.offered(sold, 1)
    assert (made.status, made.giver, made.recipient) == ("PENDING", sold.customer, None)
    assert ticket(sold).offered_until == made.expires_at
    offered = "This ticket is offered to somebody else. Whoever has it can take it back."
    assert told(gate, code) == ("not_valid", offered)
    assert told(gate, number) == ("not_valid", offered)
    assert scan(gate, code_of(ticket(sold, 2))).verdict == "admitted"
    take_back_transfer(made.pk)
    assert scan(gate, code).verdict == "admitted"


def test_an_offer_stands_a_week_or_until_an_hour_before_the_event(stocked, sold):
    first = world.offered(sold, 1)
    assert first.expires_at - first.begun_at < timedelta(days=7, minutes=1)
    assert first.expires_at - first.begun_at > timedelta(days=6, hours=23)
    starts_at = timezone.now() + timedelta(hours=5)
    Event.objects.filter(pk=stocked.pk).update(starts_at=starts_at, doors_at=None)
    assert world.offered(sold, 2).expires_at == starts_at - timedelta(hours=1)


def test_within_the_last_hour_it_stands_until_the_event(stocked, sold):
    starts_at = timezone.now() + timedelta(minutes=20)
    Event.objects.filter(pk=stocked.pk).update(starts_at=starts_at, doors_at=None)
    assert world.offered(sold).expires_at == starts_at


def test_nothing_is_offered_once_the_event_began(stocked, sold):
    Event.objects.filter(pk=stocked.pk).update(starts_at=timezone.now(), doors_at=None)
    with pytest.raises(NotTransferable, match="has begun"):
        world.offered(sold)


def test_a_used_locked_or_offered_ticket_is_not_offered(sold, gate):
    scan(gate, code_of(ticket(sold, 1)))
    with pytest.raises(NotTransferable, match="is used"):
        world.offered(sold)
    lock_out(tickets_of(sold, 2), "Its payment is disputed.")
    with pytest.raises(NotTransferable, match="is locked"):
        world.offered(sold, 2)
    lock_out(tickets_of(sold, 2), "")
    world.offered(sold, 2)
    with pytest.raises(NotTransferable, match="offered to somebody already"):
        world.offered(sold, 2)


def test_tickets_of_others_and_of_nothing_are_not_offered(stocked, sold):
    other = world.sold_booking(stocked, [5], email="cy@post.example")
    with pytest.raises(NotTransferable, match="not in this booking"):
        offer_tickets(sold.pk, tickets_of(other), BO)
    with pytest.raises(NotTransferable, match="Choose at least one"):
        offer_tickets(sold.pk, [], BO)
    with pytest.raises(Invalid, match="belong to already"):
        offer_tickets(sold.pk, tickets_of(sold), Recipient("N", " NOOR@post.example"))
    reserved = world.reservation(stocked, [7])
    with pytest.raises(NotTransferable, match="paid booking"):
        offer_tickets(reserved.pk, tickets_of(reserved), BO)


def test_an_event_may_keep_its_tickets_with_their_buyers_but_staff_may_give_them(
    stocked, sold, ines
):
    Event.objects.filter(pk=stocked.pk).update(is_transferable=False)
    with pytest.raises(NotTransferable, match="stay with whoever bought them"):
        world.offered(sold)
    with pytest.raises(Invalid, match="Say why"):
        offer_tickets(sold.pk, tickets_of(sold), BO, by=ines)
    made = offer_tickets(sold.pk, tickets_of(sold), BO, by=ines, reason="He is ill")
    assert (made.begun_by, made.reason) == (ines, "He is ill")


def test_while_money_is_on_its_way_back_nothing_is_offered(sold):
    with transaction.atomic():
        request_refund(
            payment_id=sold.payment_id,
            money=world.Money(1, "EUR"),
            reason=Refund.Reason.CUSTOMER_REQUEST,
            request_key="by hand",
        )
    with pytest.raises(NotTransferable, match="on its way back"):
        world.offered(sold)
    Refund.objects.update(status="FAILED")
    world.offered(sold)


def test_nobody_offers_all_day_long(sold):
    for _ in range(OFFERS_A_DAY):
        take_back_transfer(world.offered(sold, 1).pk)
    with pytest.raises(NotTransferable, match="tomorrow"):
        world.offered(sold, 1)


# Taking


def test_whoever_takes_them_has_new_codes_and_the_old_ones_open_no_door(sold, gate):
    old_code, old_number = code_of(ticket(sold)), ticket(sold).number
    SigningKey.objects.update(status="VERIFY_ONLY")
    key = rotate_signing_key()
    made = world.given(sold, 1)
    held = ticket(sold)
    assert (made.status, made.recipient.email) == ("ACCEPTED", "bo@post.example")
    assert (held.status, held.holder, held.holder_name) == (
        "TRANSFERRED",
        made.recipient,
        "Bo Lind",
    )
    assert (held.generation, held.signing_key, held.offered_until) == (2, key, None)
    passed_on = ("not_valid", "This ticket was passed on to somebody else.")
    assert told(gate, old_code) == passed_on
    assert told(gate, old_number) == passed_on
    assert scan(gate, code_of(held)).verdict == "admitted"
    assert told(gate, old_code)[0] == "not_valid"
    assert scan(gate, code_of(ticket(sold))).verdict == "duplicate"
    assert ticket(sold, 2).holder is None


def test_the_new_number_is_as_good_as_the_new_code(sold, gate):
    world.given(sold, 1)
    assert scan(gate, ticket(sold).number.lower()).verdict == "admitted"


def test_the_same_question_gets_the_same_words_about_an_old_code(sold, gate):
    old = code_of(ticket(sold))
    world.given(sold, 1)
    asked = {"code": old, "gate": gate, "device_id": gate.pk, "nonce": "n1"}
    assert admit(**asked).message == admit(**asked).message
    assert "passed on" in admit(**asked).message


def test_a_lock_of_the_present_holders_ticket_is_said_to_him_and_not_of_the_old_code(sold, gate):
    old = code_of(ticket(sold))
    world.given(sold, 1)
    lock_out(tickets_of(sold, 1), "The bank took it back.")
    assert told(gate, code_of(ticket(sold))) == ("not_valid", "The bank took it back.")
    assert told(gate, old)[1] == "This ticket was passed on to somebody else."


def test_an_offer_is_decided_once(sold):
    made = world.given(sold)
    for decide in (decline_transfer, take_back_transfer, lambda pk: accept_transfer(pk, name="B")):
        with pytest.raises(OfferOver, match="accepted already"):
            decide(made.pk)
    assert ticket(sold).generation == 2


def test_declined_it_is_its_givers_with_the_code_it_had(sold, gate):
    code = code_of(ticket(sold))
    made = world.offered(sold, 1)
    assert decline_transfer(made.pk).status == "DECLINED"
    assert scan(gate, code).verdict == "admitted"
    with pytest.raises(OfferOver, match="declined"):
        accept_transfer(made.pk, name="Bo")


def test_time_ends_an_offer_before_any_job_does(sold, gate):
    code = code_of(ticket(sold))
    made = world.offered(sold)
    lapsed(made)
    with pytest.raises(OfferOver, match="time to accept these tickets is over"):
        accept_transfer(made.pk, name="Bo")
    assert new_token(made.pk) is None
    assert scan(gate, code).verdict == "admitted"
    again = world.offered(sold, 2)
    assert Transfer.objects.get(pk=made.pk).status == "EXPIRED"
    assert again.status == "PENDING"


def test_the_job_tidies_what_lapsed_and_tells_its_giver(sold, mailoutbox):
    made = world.offered(sold)
    still = lapse_transfers()
    lapsed(made)
    delivered()
    mailoutbox.clear()
    assert (still, lapse_transfers(), lapse_transfers()) == (0, 1, 0)
    assert ticket(sold).offered_until is None
    delivered()
    [mail] = mailoutbox
    assert (mail.to, mail.subject) == (["noor@post.example"], "Not taken: The Low Lanterns")


def test_a_locked_or_otherwise_changed_ticket_is_not_taken(sold, stocked):
    made = world.offered(sold, 1)
    lock_out(tickets_of(sold, 1), "Disputed.")
    with pytest.raises(NotTransferable, match="locked"):
        accept_transfer(made.pk, name="Bo")
    lock_out(tickets_of(sold, 1), "")
    Event.objects.filter(pk=stocked.pk).update(starts_at=timezone.now(), doors_at=None)
    with pytest.raises(NotTransferable, match="has begun"):
        accept_transfer(made.pk, name="Bo")


# The link


def test_the_secret_of_a_link_is_kept_nowhere_and_a_new_one_replaces_it(sold):
    made = world.offered(sold)
    first = new_token(made.pk)
    assert len(first) == 43  # 256 bits
    assert is_token_of(made.pk, first)
    assert first not in str(Transfer.objects.filter(pk=made.pk).values().get())
    assert new_token(made.pk) == first
    mail_offer_again(made.pk)
    assert not is_token_of(made.pk, first)  # before anything is mailed
    second = new_token(made.pk)
    assert (is_token_of(made.pk, first), is_token_of(made.pk, second)) == (False, True)
    assert new_token(world.offered(elsewhere(sold)).pk) not in (first, second)
    assert not is_token_of(uuid7(), second)
    take_back_transfer(made.pk)
    assert new_token(made.pk) is None


def elsewhere(sold):
    return world.sold_booking(sold.event, [5], email="cy@post.example")


# From hand to hand


def test_a_holder_passes_on_and_whoever_had_it_before_opens_nothing(sold, gate):
    first = code_of(ticket(sold))
    made = world.given(sold, 1)
    second = code_of(ticket(sold))
    to_cy = pass_on(tickets_of(sold, 1), Recipient("Cy", "cy@post.example"), holder=made.recipient)
    assert told(gate, second)[0] == "not_valid"
    accept_transfer(to_cy.pk, name="Cy")
    assert [told(gate, old)[0] for old in (first, second)] == ["not_valid"] * 2
    assert (ticket(sold).holder.email, ticket(sold).generation) == ("cy@post.example", 3)
    with pytest.raises(NotTransferable, match="in other hands"):
        pass_on(tickets_of(sold, 1), BO, holder=made.recipient)
    with pytest.raises(NotTransferable, match="in other hands"):
        world.offered(sold, 1)
    assert scan(gate, code_of(ticket(sold))).verdict == "admitted"


def test_given_back_to_its_buyer_it_is_like_bought(sold, gate):
    old = code_of(ticket(sold))
    made = world.given(sold, 1)
    noor = Recipient("Noor Vance", "noor@post.example")
    back = pass_on(tickets_of(sold, 1), noor, holder=made.recipient)
    accept_transfer(back.pk, name="Noor")
    again = ticket(sold)
    assert (again.status, again.holder, again.generation) == ("CONFIRMED", None, 3)
    assert told(gate, old) == ("not_valid", "This code was replaced by a newer one.")
    name_attendees({again.pk: said_of(again)})
    world.given(sold, 1, email="cy@post.example", name="Cy")
    assert ticket(sold).holder.email == "cy@post.example"


def test_given_on_to_another_than_its_buyer_it_stays_transferred(sold):
    made = world.given(sold, 1)
    to_cy = pass_on(tickets_of(sold, 1), Recipient("Cy", "cy@post.example"), holder=made.recipient)
    cy = accept_transfer(to_cy.pk, name="Cy").recipient
    back = pass_on(tickets_of(sold, 1), BO, holder=cy)
    accept_transfer(back.pk, name="Bo")
    assert (ticket(sold).status, ticket(sold).holder) == ("TRANSFERRED", made.recipient)


# What its buyer can do no more


def test_what_was_given_cannot_be_cancelled_or_renamed_by_its_buyer(sold):
    world.given(sold, 1)
    number = ticket(sold).number
    booking = Booking.objects.select_related("event", "terms").get(pk=sold.pk)
    with pytest.raises(NotCancellable, match="passed on") as refused:
        preview(booking, Wish(frozenset(tickets_of(sold, 1))), now=timezone.now())
    assert number not in refused.value.message
    with pytest.raises(NotNameable, match="given to somebody else"):
        name_attendees({ticket(sold).pk: Attendee("Eve")})
    rest = Wish(frozenset(tickets_of(sold, 2)))
    quote = preview(booking, rest, now=timezone.now())
    cancel(sold.pk, rest, seen=quote.name)
    assert ticket(sold).status == "TRANSFERRED"


def test_what_is_offered_is_taken_back_before_it_is_cancelled(sold):
    made = world.offered(sold, 1)
    booking = Booking.objects.select_related("event", "terms").get(pk=sold.pk)
    with pytest.raises(NotCancellable, match="Take it back first"):
        preview(booking, Wish(), now=timezone.now())
    take_back_transfer(made.pk)
    cancel(sold.pk, Wish(), seen=preview(booking, Wish(), now=timezone.now()).name)


def test_staff_cancel_it_for_a_reason_and_its_holder_is_told(sold, mailoutbox):
    world.given(sold, 1)
    offer = world.offered(sold, 2, email="cy@post.example", name="Cy")
    delivered()
    mailoutbox.clear()
    wish = Wish(grounds=Grounds.STAFF, rule=Rule.ALL_BACK, reason="A fraud")
    booking = Booking.objects.select_related("event", "terms").get(pk=sold.pk)
    cancel(sold.pk, wish, seen=preview(booking, wish, now=timezone.now()).name)
    assert Transfer.objects.get(pk=offer.pk).why_over == "The tickets were cancelled."
    delivered()
    words = {mail.to[0]: mail.subject for mail in mailoutbox}
    assert words["bo@post.example"] == "Your ticket is cancelled: The Low Lanterns"
    assert words["cy@post.example"] == "No longer offered: The Low Lanterns"
    [refund] = Refund.objects.all()
    assert refund.payment_id == sold.payment_id


def test_the_giver_is_told_when_an_offer_ends_with_one_of_its_tickets(sold, mailoutbox):
    made = world.offered(sold)
    delivered()
    mailoutbox.clear()
    wish = Wish(frozenset(tickets_of(sold, 1)), Grounds.STAFF, Rule.ALL_BACK, "A broken seat")
    booking = Booking.objects.select_related("event", "terms").get(pk=sold.pk)
    cancel(sold.pk, wish, seen=preview(booking, wish, now=timezone.now()).name)
    delivered()
    assert Transfer.objects.get(pk=made.pk).status == "CANCELLED"
    [mail] = [each for each in mailoutbox if each.subject.startswith("Your offer is off")]
    assert mail.to == ["noor@post.example"]
    for said in (
        "Your offer to Bo Lind is off.",
        "Why: The tickets were cancelled.",
        f"with the codes that they had: {ticket(sold, 2).place}. The others are not valid",
    ):
        assert said in mail.body
        assert said in mail.alternatives[0][0]


def test_what_he_takes_back_himself_its_giver_is_not_told(sold, mailoutbox):
    made = world.offered(sold)
    delivered()
    mailoutbox.clear()
    take_back_transfer(made.pk)
    delivered()
    assert [mail.to for mail in mailoutbox] == [["bo@post.example"]]


# What happens to the event


def changed(event, kind, by, **new):
    change = propose(event=event, kind=kind, message="The tenor is ill", by=by, **new)
    begin(change.pk, by=by)
    carry_on(change.pk)
    return change


def later(event):
    starts_at = event.starts_at + timedelta(days=10)
    return {"new_starts_at": starts_at, "choose_until": event.starts_at}


def test_of_a_cancelled_event_the_money_goes_to_whoever_paid_and_the_holder_is_told(
    sold, stocked, ines, mailoutbox
):
    world.given(sold, 1)
    delivered()
    mailoutbox.clear()
    changed(stocked, "CANCELLED", ines)
    delivered()
    assert Refund.objects.get().money == sold.money
    to = {mail.to[0]: mail for mail in mailoutbox}
    assert "The tenor is ill" in to["bo@post.example"].body
    assert "goes back to whoever paid, not to you" in to["bo@post.example"].body
    assert "€" not in to["bo@post.example"].body
    assert ticket(sold).status in ("CANCELLED", "REFUNDED")


def test_of_an_event_put_off_each_is_told_and_its_buyer_gets_back_what_is_his(
    sold, stocked, ines, mailoutbox
):
    world.given(sold, 1)
    delivered()
    mailoutbox.clear()
    changed(stocked, "POSTPONED", ines, **later(stocked))
    delivered()
    mailed = {mail.to[0]: mail.body for mail in mailoutbox}
    assert mailed.keys() == {"noor@post.example", "bo@post.example"}
    assert "Your 1 ticket stays valid" in mailed["noor@post.example"]
    assert "give them back to\nNoor Vance, who can have the money" in mailed["bo@post.example"]
    row = ChangedBooking.objects.get(booking=sold)
    answer(row.pk, ChangedBooking.Answer.REFUND)
    assert [ticket(sold, n).status for n in (1, 2)] == ["TRANSFERRED", "CANCELLED"]
    assert Refund.objects.get().amount * 2 == sold.total


def test_who_gave_all_away_has_nothing_to_give_back(sold, stocked, ines, mailoutbox):
    world.given(sold)
    delivered()
    mailoutbox.clear()
    changed(stocked, "POSTPONED", ines, **later(stocked))
    delivered()
    assert [mail.to for mail in mailoutbox] == [["bo@post.example"]]
    row = ChangedBooking.objects.get(booking=sold)
    with pytest.raises(NotCancellable, match="They stay valid"):
        answer(row.pk, ChangedBooking.Answer.REFUND)
    assert ticket(sold).status == "TRANSFERRED"


# What the database refuses by itself


def refused(change):
    with pytest.raises(DatabaseError), transaction.atomic():
        change()


def test_the_database_keeps_a_transfer_as_it_was(sold):
    made = world.offered(sold, 1)
    rows = Transfer.objects.filter(pk=made.pk)
    bo = Customer.objects.create(email="b@post.example", name="B")
    refused(lambda: rows.update(recipient_email="eve@post.example"))
    refused(lambda: rows.update(expires_at=made.expires_at + timedelta(days=1)))
    refused(lambda: rows.update(status="EXPIRED"))
    refused(lambda: rows.update(status="ACCEPTED"))
    refused(lambda: rows.update(recipient=bo))
    refused(rows.delete)
    take_back_transfer(made.pk)
    refused(lambda: rows.update(status="PENDING"))
    refused(lambda: rows.update(status="ACCEPTED", recipient=bo))
    refused(lambda: rows.update(why_over="Otherwise"))
    refused(lambda: TransferredTicket.objects.update(generation=7))
    refused(lambda: TransferredTicket.objects.all().delete())


def test_the_database_takes_no_ticket_twice_nor_one_that_is_not_valid(sold, stocked):
    made = world.offered(sold, 1)
    one, two = ticket(sold, 1), ticket(sold, 2)

    def row(of, **other):
        said = {"transfer": made, "ticket": of, "generation": 1, "number": of.number, **other}
        return lambda: TransferredTicket.objects.create(**said)

    again = Transfer.objects.create(
        event=stocked, giver=made.giver, recipient_name="C", recipient_email="c@post.example",
        expires_at=made.expires_at,
    )  # fmt: skip
    refused(row(one, transfer=again))
    refused(row(two, generation=2))
    Ticket.objects.filter(pk=two.pk).update(locked_because="Disputed.")
    refused(row(two))
    take_back_transfer(again.pk)
    Ticket.objects.filter(pk=two.pk).update(locked_because="")
    refused(row(two, transfer=again))


def test_the_database_accepts_nothing_late_or_changed_and_no_hands_without_a_new_code(sold):
    made = world.offered(sold, 1)
    bo = Customer.objects.create(email="bo@post.example", name="Bo")
    rows, tickets = Transfer.objects.filter(pk=made.pk), Ticket.objects.filter(pk=ticket(sold).pk)
    lock_out(tickets_of(sold, 1), "Disputed.")
    refused(lambda: rows.update(status="ACCEPTED", recipient=bo))
    lock_out(tickets_of(sold, 1), "")
    refused(lambda: tickets.update(status="TRANSFERRED"))
    refused(lambda: tickets.update(status="TRANSFERRED", holder=bo))
    refused(lambda: tickets.update(status="TRANSFERRED", holder=bo, generation=2))
    refused(lambda: tickets.update(holder=bo, generation=2, number="2222-3333-4444"))
    lapsed(made)
    refused(lambda: rows.update(status="ACCEPTED", recipient=bo))
    assert lapse_transfer(made.pk)
    assert not lapse_transfer(made.pk)


def test_tickets_of_two_events_or_of_another_giver_are_not_offered_together(sold, stocked):
    other = world.event_on_sale(stocked.layout, title="Another night")
    world.received_order(other, rows="A")
    elsewhere = world.sold_booking(other, [0])
    both = [*tickets_of(sold, 1), *tickets_of(elsewhere)]
    with pytest.raises(NotTransferable, match="one event"):
        begin_transfer(both, BO, giver=sold.customer)


def test_tickets_of_a_personal_price_stay_with_their_buyer_but_staff_may_give_them(sold, ines):
    PriceLevel.objects.filter(name="Stalls").update(is_personal=True)
    with pytest.raises(NotTransferable, match="of this price stay"):
        world.offered(sold)
    assert offer_tickets(sold.pk, tickets_of(sold), BO, by=ines, reason="He is ill").pk


def test_dying_in_the_middle_leaves_everything_as_it_was(sold, settings):
    made = world.offered(sold, 1)
    settings.FAIL_POINT = "transfer.before_accepting=raise"
    with pytest.raises(failpoints.FailPointReached):
        accept_transfer(made.pk, name="Bo")
    settings.FAIL_POINT = ""
    assert Transfer.objects.get().status == "PENDING"
    assert not Customer.objects.filter(email="bo@post.example").exists()
    assert accept_transfer(made.pk, name="Bo").status == "ACCEPTED"


def test_new_names_of_seats_are_told_to_whom_the_tickets_are(sold, mailoutbox):
    world.given(sold, 1)
    delivered()
    mailoutbox.clear()
    with transaction.atomic():
        move = uuid7()
        outbox.record(*(TicketRenamed(ticket_id=pk, move_id=move) for pk in tickets_of(sold)))
    delivered()
    told = {mail.to[0]: mail for mail in mailoutbox}
    assert len(mailoutbox) == 2
    for address, position in (("noor@post.example", 2), ("bo@post.example", 1)):
        [(_, pdf, _)] = told[address].attachments
        assert printed(pdf) == {ticket(sold, position).number}
    world.given(sold, 2)
    delivered()
    mailoutbox.clear()
    with transaction.atomic():
        outbox.record(TicketRenamed(ticket_id=tickets_of(sold)[1], move_id=uuid7()))
    delivered()
    assert [mail.to for mail in mailoutbox] == [["bo@post.example"]]


def printed(pdf):
    text = " ".join(page.get_textpage().get_text_range() for page in PdfDocument(BytesIO(pdf)))
    return set(re.findall(r"\b\w{4}-\w{4}-\w{4}\b", text))


def test_a_mail_that_fails_is_sent_again_with_the_same_link(sold, mailoutbox, monkeypatch):
    sold.refresh_from_db()
    made = world.offered(sold)
    real, broken = EmailMultiAlternatives.send, []

    def send(mail, *args, **kwargs):
        if mail.to == ["bo@post.example"] and not broken:
            broken.append(mail)
            raise OSError("the mail server is away")
        return real(mail, *args, **kwargs)

    monkeypatch.setattr(EmailMultiAlternatives, "send", send)
    delivered()
    OutboxMessage.objects.filter(done_at=None).update(due_at=Now())
    delivered()
    [mail] = [each for each in mailoutbox if each.to == ["bo@post.example"]]
    tokens = [re.search(r"\?k=(\S+)", each.body).group(1) for each in (broken[0], mail)]
    assert tokens[0] == tokens[1]
    assert is_token_of(made.pk, tokens[0])


def test_a_mail_that_went_out_twice_has_one_link(sold, mailoutbox):
    """Its worker died between sending and noting it: the reader may keep either of the two."""
    made = world.offered(sold)
    delivered()
    Message.objects.filter(kind="transfer_offered").update(status="PENDING")
    mail_transfer_offered(TransferBegun(transfer_id=made.pk))
    first, second = [each for each in mailoutbox if each.to == ["bo@post.example"]]
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]
    tokens = {re.search(r"\?k=(\S+)", each.body).group(1) for each in (first, second)}
    [token] = tokens
    assert is_token_of(made.pk, token)


def test_a_first_mail_that_comes_late_does_not_kill_the_link_of_the_second(sold, mailoutbox):
    made = world.offered(sold)
    mail_offer_again(made.pk)
    delivered()
    tokens = {
        re.search(r"\?k=(\S+)", each.body).group(1)
        for each in mailoutbox
        if each.to == ["bo@post.example"]
    }
    [token] = tokens
    assert is_token_of(made.pk, token)


def test_the_evidence_for_a_bank_names_no_number_that_opens_a_door(sold):
    before = ticket(sold).number
    world.given(sold, 1)
    booking = Booking.objects.select_related("event__venue", "customer", "terms").get(pk=sold.pk)
    told = str(sections_of(booking))
    assert before in told
    assert "Bo Lind" in told
    assert ticket(sold).number not in told


def test_the_evidence_names_who_took_tickets_and_nobody_else(sold, django_assert_num_queries):
    number = ticket(sold, 1).number
    decline_transfer(world.offered(sold, 1, email="cy@post.example", name="Cy Doe").pk)
    made = world.given(sold, 1)
    on = pass_on(tickets_of(sold, 1), Recipient("Di Ray", "di@post.example"), holder=made.recipient)
    accept_transfer(on.pk, name="Di Ray")
    take_back_transfer(world.offered(sold, 2, email="ed@post.example", name="Ed Poe").pk)
    world.offered(sold, 2, email="flo@post.example", name="Flo Way")
    delivered()
    booking = Booking.objects.select_related("event__venue", "customer", "terms").get(pk=sold.pk)
    sections = sections_of(booking)
    mailed = set(re.findall(r"[a-z.]+@post.example", str(sections)))
    assert mailed == {booking.customer.email}
    assert not any(name in str(sections) for name in ("Cy Doe", "Ed Poe", "Flo Way"))
    [given] = [each for each in sections if each.title == "Given to others"]
    assert [row[1:3] for row in given.rows] == [(number, "Bo Lind"), (number, "Di Ray")]
    tickets = tickets_of(sold)
    with django_assert_num_queries(1):
        _given(tickets)


def test_what_is_offered_goes_back_with_the_money_of_an_event_put_off(sold, stocked, ines):
    made = world.offered(sold, 1)
    changed(stocked, "POSTPONED", ines, **later(stocked))
    answer(ChangedBooking.objects.get(booking=sold).pk, ChangedBooking.Answer.REFUND)
    assert Transfer.objects.get(pk=made.pk).status == "CANCELLED"
    assert Refund.objects.get().amount == sold.total
