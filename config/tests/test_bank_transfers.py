"""Paying by bank transfer: a reference, places kept until a day, statements that are read in."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections, transaction
from django.utils import timezone

from agencies.models import Agency
from bookings.models import Booking
from bookings.services import NoTransfer, await_transfer, pay, pay_at_desk
from bookings.tasks import expire
from config.tests import world
from config.tests.scenarios import house as big_house
from config.tests.selling_by_stripe import deliver_everything, lapse, status
from config.tests.servers import together
from config.tests.world import of, problems, told
from core import invariants
from core.errors import DomainError
from core.memory import Remembered
from core.money import Money
from core.status import WrongState
from core.tenancy import acting_for, as_system
from events.models import Event
from inventory.models import EventSeat
from payments.models import BankLine, BankStatement, LedgerEntry, Payment, Refund
from payments.services import (
    NotPayableByTransfer,
    assign_line,
    import_statement,
    line_sent_back,
    preview_statement,
    request_refund,
    transferred_back,
)
from payments.services.start import AwaitsTransfer
from payments.statements import BadStatement, in_fours, read, reference_of

TRANSFERS = {"transfer_days": 14, "bank_account": "FR7630004028379876543210943"}


@pytest.fixture
def ida():
    return world.person("ida@parterre.example", name="Ida")


@pytest.fixture
def house(agency):
    with as_system():
        Agency.objects.update(**TRANSFERS)
    Remembered.forget_everything()
    event = world.event_on_sale(world.venue()[1])
    world.received_order(event)
    return event


def awaited(event, ordinals=(0,), days=7, email="noor@post.example"):
    """(Booking of 42.40 a seat, Payment that is awaited)."""
    booking = world.reservation(event, list(ordinals), email=email)
    return booking, await_transfer(booking.pk, days=days)


def csv_of(*rows):
    """A statement in euros of [(amount, text)]."""
    lines = [
        f"2026-06-{at:02};{amount};{text};Noor Vance" for at, (amount, text) in enumerate(rows, 1)
    ]
    return "\n".join(["date;amount;text;payer", *lines]).encode()


def took_in(by, *rows):
    """The BankLines of a statement that was read in, in its order."""
    made = import_statement(filename="june.csv", content=csv_of(*rows), by=by)
    deliver_everything()
    return list(made.lines.order_by("booked_on", "pk"))


def unassigned():
    entries = LedgerEntry.objects.filter(account="unassigned_money")
    return sum((entry.amount for entry in entries), Decimal(0))


# Awaiting


@pytest.mark.django_db
def test_places_are_kept_until_the_day_and_the_buyer_is_mailed_the_reference(house):
    booking, payment = awaited(house)
    booking.refresh_from_db()
    assert timedelta(days=6) < booking.reserved_until - timezone.now() < timedelta(days=7)
    seat = EventSeat.objects.get(claimed_by=booking.pk)
    assert seat.claimed_until > booking.reserved_until
    deliver_everything()
    [asked] = mail.outbox
    assert in_fours(payment.provider_ref) in asked.body
    assert TRANSFERS["bank_account"] in asked.body
    with pytest.raises(AwaitsTransfer, match="RF"):
        pay(booking.pk)
    assert await_transfer(booking.pk, days=10) == payment
    deliver_everything()
    assert len(mail.outbox) == 1


@pytest.mark.django_db
def test_only_as_long_as_the_agency_says_and_before_the_event_begins(house):
    booking = world.reservation(house, [0])
    for days in (0, 15):
        with pytest.raises(NoTransfer):
            await_transfer(booking.pk, days=days)
    with as_system():
        Agency.objects.update(transfer_days=None)
    Remembered.forget_everything()
    with pytest.raises(NoTransfer, match="takes no bank transfers"):
        await_transfer(booking.pk, days=1)
    with as_system():
        Agency.objects.update(transfer_days=90)
    Remembered.forget_everything()
    with pytest.raises(NoTransfer, match="event begins before"):
        await_transfer(booking.pk, days=60)
    assert Payment.objects.get().status == "PENDING"


def test_the_reference_carries_its_own_check():
    """ISO 11649: moved to the front and read as a number it leaves 1 when divided by 97."""
    for number in ("3PXT-7MG5", "BCDF-GHJK"):
        reference = reference_of(number)
        moved = reference[4:] + reference[:4]
        assert int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1
    assert reference_of("539007547034") == "RF18539007547034"  # the standard's own example


# Reading in


@pytest.mark.django_db
def test_the_right_amount_with_the_reference_pays_the_booking(house, ida):
    booking, payment = awaited(house)
    text = f"Tickets {in_fours(payment.provider_ref).lower()} thank you"
    [line] = took_in(ida, ("42,40", text))
    assert (line.status, status(booking), status(payment)) == ("MATCHED", "CONFIRMED", "SUCCEEDED")
    assert unassigned() == 0
    assert invariants.violations() == {}


@pytest.mark.django_db
def test_a_statement_read_in_twice_changes_nothing(house, ida):
    booking, _payment = awaited(house)
    rows = [("42.40", booking.number), ("5.00", "a gift"), ("5.00", "a gift"), ("-9.00", "rent")]
    took_in(ida, *rows)
    before = list(BankLine.objects.order_by("pk").values()), LedgerEntry.objects.count()
    again = import_statement(filename="again.csv", content=csv_of(*rows), by=ida)
    assert (again.line_count, again.new_count) == (3, 0)
    assert (list(BankLine.objects.order_by("pk").values()), LedgerEntry.objects.count()) == before
    assert invariants.violations() == {}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("amount", "text", "state", "why"),
    [
        ("40.00", "{ref}", "PART", "€2.40 of €42.40 are still missing."),
        ("50.00", "{ref}", "EXCEPTION", "€7.60 more than the €42.40 that are due."),
        ("42.40", "for the tickets", "EXCEPTION", "It names no booking of ours."),
        ("42.40", "{ref} and {other}", "EXCEPTION", "It names several bookings."),
    ],
)
def test_what_does_not_fit_waits_for_a_person_and_pays_nothing(
    house, ida, amount, text, state, why
):
    booking, payment = awaited(house)
    _, other = awaited(house, [1], email="other@post.example")
    words = text.format(ref=payment.provider_ref, other=other.provider_ref)
    [line] = took_in(ida, (amount, words))
    assert (line.status, line.problem) == (state, why)
    assert status(booking) == "RESERVED"
    assert unassigned() == -Decimal(amount)
    assert invariants.violations() == {}


@pytest.mark.django_db
def test_another_currency_and_a_second_payment_wait_too(house, ida):
    booking, payment = awaited(house)
    head = b"date;amount;currency;text\n"
    content = head + f"2026-06-01;42.40;USD;{payment.provider_ref}\n".encode()
    foreign = import_statement(filename="usd.csv", content=content, by=ida).lines.get()
    assert (foreign.status, foreign.problem) == ("EXCEPTION", "It is USD, and €42.40 are due.")
    first, second = took_in(ida, ("42.40", booking.number), ("42.40", f"{booking.number} again"))
    assert (first.status, second.status) == ("MATCHED", "EXCEPTION")
    assert "paid before" in second.problem
    line_sent_back(second.pk)
    line_sent_back(foreign.pk)
    assert unassigned() == 0
    assert invariants.violations() == {}


@pytest.mark.django_db
def test_two_parts_together_pay_and_a_person_sorts_out_the_rest(house, ida):
    booking, _payment = awaited(house)
    part, rest = took_in(ida, ("40.00", booking.number), ("2.40", booking.number))
    assert {status(part), rest.status} == {"MATCHED"}
    assert status(booking) == "CONFIRMED"
    other, _ = awaited(house, [1], email="other@post.example")
    [nameless] = took_in(ida, ("50.00", "for my husband"))
    with pytest.raises(NotPayableByTransfer, match="No booking awaits"):
        assign_line(nameless.pk, reference="BCDF-GHJK")
    done = assign_line(nameless.pk, reference=other.number)
    assert (done.status, done.sent_back) == ("MATCHED", Decimal("7.60"))
    with pytest.raises(WrongState):
        line_sent_back(nameless.pk)
    deliver_everything()
    assert status(other) == "CONFIRMED"
    assert unassigned() == 0
    assert invariants.violations() == {}


@pytest.mark.django_db
def test_a_preview_says_what_would_become_of_it_and_keeps_nothing(house, ida):
    booking, payment = awaited(house)
    content = csv_of(("42.40", booking.number), ("1.00", "?"))
    statement, lines, _ = preview_statement(filename="june.csv", content=content, by=ida)
    assert sorted(line.status for line in lines) == ["EXCEPTION", "MATCHED"]
    assert statement.new_count == 2
    assert not BankStatement.objects.exists()
    assert not LedgerEntry.objects.filter(account="unassigned_money").exists()
    deliver_everything()
    assert (status(booking), status(payment)) == ("RESERVED", "PROCESSING")


@pytest.mark.django_db
def test_late_money_gets_the_same_places_or_goes_back_by_hand(house, ida):
    booking, _ = awaited(house)
    gone, _ = awaited(house, [1], email="gone@post.example")
    for each in (booking, gone):
        lapse(each)
    assert expire() == 2
    taken = world.reservation(house, [1], email="next@post.example")
    first, second = took_in(ida, ("42.40", booking.number), ("42.40", gone.number))
    assert (first.status, second.status) == ("MATCHED", "MATCHED")
    assert (status(booking), status(gone)) == ("CONFIRMED", "REFUNDED")
    refund = Refund.objects.get()
    assert refund.status == "PROCESSING"
    transferred_back(refund.pk)
    with pytest.raises(WrongState):
        transferred_back(refund.pk)
    assert status(refund) == "COMPLETED"
    assert status(taken) == "RESERVED"
    assert invariants.violations() == {}


@pytest.mark.django_db
def test_who_pays_at_the_desk_after_all_has_his_transfer_sent_back(house, ida):
    booking, _ = awaited(house)
    pay_at_desk(booking.pk, way="CASH", by=ida, given=Decimal(50))
    [late] = took_in(ida, ("42.40", booking.number))
    assert late.status == "MATCHED"
    assert Refund.objects.get().reason == "DUPLICATE"
    assert status(booking) == "CONFIRMED"


# Files

CAMT = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>
<Acct><Id><IBAN>FR7630004028379876543210943</IBAN></Id></Acct>
<Ntry><Amt Ccy="EUR">42.40</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2026-06-01</Dt></BookgDt><AcctSvcrRef>B-1</AcctSvcrRef>
<NtryDtls><TxDtls><RltdPties><Dbtr><Pty><Nm>Noor Vance</Nm></Pty></Dbtr></RltdPties>
<RmtInf><Strd><CdtrRefInf><Ref>{ref}</Ref></CdtrRefInf></Strd></RmtInf></TxDtls></NtryDtls></Ntry>
<Ntry><Amt Ccy="EUR">30.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>
<BookgDt><DtTm>2026-06-02T10:00:00</DtTm></BookgDt><AcctSvcrRef>B-2</AcctSvcrRef><NtryDtls>
<TxDtls><Amt Ccy="EUR">10.00</Amt><RmtInf><Ustrd>one</Ustrd></RmtInf></TxDtls>
<TxDtls><Amt Ccy="EUR">20.00</Amt><RmtInf><Ustrd>two</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
<Ntry><Amt Ccy="EUR">9.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><BookgDt><Dt>2026-06-02</Dt></BookgDt></Ntry>
<Ntry><Amt Ccy="EUR">8.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>PDNG</Cd></Sts>
<BookgDt><Dt>2026-06-02</Dt></BookgDt></Ntry>
</Stmt></BkToCstmrStmt></Document>"""


@pytest.mark.django_db
def test_camt_is_read_entry_by_entry_and_pays(house, ida):
    booking, payment = awaited(house)
    content = CAMT.format(ref=payment.provider_ref).encode()
    made = import_statement(filename="june.xml", content=content, by=ida)
    deliver_everything()
    found = {line.text: (str(line.amount), line.status, line.payer) for line in made.lines.all()}
    assert found == {
        payment.provider_ref: ("42.400", "MATCHED", "Noor Vance"),
        "one": ("10.000", "EXCEPTION", ""),
        "two": ("20.000", "EXCEPTION", ""),
    }
    assert (made.kind, made.account) == ("CAMT", TRANSFERS["bank_account"])
    assert status(booking) == "CONFIRMED"
    assert import_statement(filename="june.xml", content=content, by=ida).new_count == 0


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        *[("1.234,56", "1234.56"), ("1,234.56", "1234.56"), ("1 234,56", "1234.56")],
        *[("12", "12.00"), ("+12,5", "12.50"), ("1.234.567", "1234567.00")],
    ],
)
def test_amounts_are_read_as_banks_write_them(typed, amount):
    content = f'date;amount;text\n01.06.2026;"{typed}";x\n'.encode()
    [line] = read(content, currency="EUR").lines
    assert (str(line.money.amount), str(line.booked_on)) == (amount, "2026-06-01")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "there is none for: date, amount, text"),
        (b"date;text\n2026-06-01;x", "there is none for: amount"),
        (b"date;amount;text\n2026-06-01;1.00;x\nsoon;2.00;x", "Line 3"),
        (b"date;amount;text\n2026-06-01;1.005;x", "Line 2: 1.005 has too many decimals"),
        (b"date;amount;text\n2026-06-01;NaN;x", "Line 2"),
        (b"\x89PNG\x00\x00", "not a text file"),
        (b"<Document><Stmt>", "breaks off"),
        (b"<Document/>", "no bank statement"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><Document/>', "no document type"),
        (b"<Document><BkToCstmrStmt><Stmt><Ntry><CdtDbtInd>CRDT</CdtDbtInd><Amt>x</Amt></Ntry>"
         b"</Stmt></BkToCstmrStmt></Document>", "Entry 1"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_where_and_why(content, says):
    with pytest.raises(BadStatement, match=says):
        read(content, currency="EUR")


# At one moment


@pytest.fixture
def agency_id(committed_db):
    return big_house(owned={"sections": ["A"]})["agency"]["id"]


def raced(agency_id, ida, content, how_often):
    def run():
        try:
            with acting_for(agency_id):
                return import_statement(filename="june.csv", content=content, by=ida)
        except DomainError as refused:
            return refused
        except Exception as error:
            return error
        finally:
            connections.close_all()

    return together([run] * how_often)


def awaited_by_transfer(agency_id):
    with as_system():
        Agency.objects.update(**TRANSFERS)
    Remembered.forget_everything()
    with acting_for(agency_id):
        return awaited(Event.objects.get())[0]


@pytest.mark.race
def test_one_statement_read_in_by_many_at_once_pays_once(agency_id, ida):
    booking = awaited_by_transfer(agency_id)
    content = csv_of((f"{booking.total:.2f}", booking.number), ("3.00", "?"))
    results = raced(agency_id, ida, content, 6)
    assert sorted(made.new_count for made in results) == [0, 0, 0, 0, 0, 2]
    with acting_for(agency_id):
        deliver_everything()
        assert status(booking) == "CONFIRMED"
        assert BankLine.objects.count() == 2
    assert invariants.violations() == {}


@pytest.mark.race
def test_control_without_the_lock_only_the_database_refuses_the_others(agency_id, ida, monkeypatch):
    monkeypatch.setattr("payments.services.bank.alone", lambda: None)
    booking = awaited_by_transfer(agency_id)
    monkeypatch.setattr("payments.services.bank._awaited", waiting_for_each_other())
    content = csv_of((f"{booking.total:.2f}", "?"))
    results = raced(agency_id, ida, content, 2)
    assert any(not isinstance(made, BankStatement) for made in results)
    with acting_for(agency_id):
        assert BankLine.objects.count() == 1


def waiting_for_each_other():
    """A look for awaited payments at which both readers arrive before either goes on."""
    both = threading.Barrier(2)

    def look(texts):
        both.wait(10)
        return {}

    return look


# The pages


@pytest.mark.django_db
def test_the_box_office_lets_it_be_transferred_and_finance_reads_the_statement_in(agency, house):
    ida = world.client_of(world.staff(agency, "BOX_OFFICE"), agency)
    piet = world.client_of(world.staff(agency, "FINANCE"), agency)
    booking = world.reservation(house, [0])
    assert 'value="14"' in ida.get(of(booking, "by_transfer")).content.decode()
    assert problems(ida.post(of(booking, "by_transfer"), {"days": "90"}))
    done = ida.post(of(booking, "by_transfer"), {"days": "3"})
    assert "Awaited with the reference RF" in told(ida, done["Location"])[0]
    page = world.address("payments.bankstatement", "add")
    assert ida.get(page).status_code == 403
    bad = piet.post(page, {"file": SimpleUploadedFile("x.csv", b"a;b\n")})
    assert "must name the columns" in problems(bad)[0]
    content = csv_of(("42.40", booking.number), ("7.00", "a gift"), ("-3.10", "our bank's fee"))
    preview = piet.post(page, {"file": SimpleUploadedFile("june.csv", content)})
    assert "2 new, 0 read in before" in preview.content.decode()
    assert "1 debit, not read." in preview.content.decode()
    assert not BankStatement.objects.exists()
    done = piet.post(page, {"token": preview.context["token"]})
    assert "2 new lines of 2; 1 to look at." in told(piet, done["Location"])[0]
    gift = BankLine.objects.get(status="EXCEPTION")
    assert problems(piet.post(of(gift, "assign"), {"reference": "RF00"}))
    assert "sent back" in told(piet, piet.post(of(gift, "send_back"))["Location"])[0]
    deliver_everything()
    assert status(booking) == "CONFIRMED"
    payment = Payment.objects.get(reference=booking.pk)
    with transaction.atomic():
        refund = request_refund(
            payment_id=payment.pk, money=Money(5, "EUR"), reason="FRAUD", request_key="once"
        )
    assert "booked as paid back" in told(piet, piet.post(of(refund, "sent_by_bank"))["Location"])[0]
    assert "differs" not in piet.get(of(booking)).content.decode()
    assert Booking.objects.get() == booking
