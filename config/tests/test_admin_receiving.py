"""Receiving what suppliers sent: the screen, its worker, the receipt on paper and by mail."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pypdfium2
import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agencies.models import Agency
from config.tests import world
from config.tests.world import address, of, told
from core import invariants
from core.errors import DomainError
from core.memory import Remembered
from core.models import OutboxMessage
from core.money import Money
from core.tenancy import as_system
from inventory.models import EventSeat
from notifications.handlers import mail_delivery_receipt
from notifications.models import Message
from suppliers import admin_receiving, services
from suppliers.facts import DeliveryAsked, StockReceived
from suppliers.handlers import receive_delivery_asked_for
from suppliers.models import (
    AccountsPayable,
    Acquisition,
    Delivery,
    DeliveryDocument,
    DeliveryReceipt,
    PurchaseOrder,
    Supplier,
    SupplierCode,
)
from suppliers.reading import Part
from suppliers.receipt_paper import render
from suppliers.services import AlreadyAsked, CodeKnown, OverReceipt, receive_delivery, receiving

pytestmark = pytest.mark.django_db


@pytest.fixture
def jonas(agency):
    return world.client_of(world.staff(agency, "PURCHASING"), agency)


def upload(name, content):
    return SimpleUploadedFile(name, content, content_type="text/csv")


def sent(client, order, **fields):
    """The page that shows what was read of a delivery."""
    return client.post(of(order, "receive"), fields, follow=True)


def receive(client, page, **fields):
    """Where receiving what a page shows leads to."""
    seen = page.context["reading"].fingerprint
    return client.post(page.wsgi_request.path, {"previewed": seen, **fields}, follow=True)


def page_of(delivery):
    return admin_receiving.page_of_delivery(delivery)


# The screen


def test_a_paste_is_looked_at_corrected_and_received_in_parts(jonas, event):
    order = world.confirmed_order(event, rows="A-B")
    page = sent(jonas, order, text="Stalls A 1-4\nStals A 5\nStalls Q 1", delivery_reference="DN-7")
    shown = page.content.decode()
    assert "Stalls has no row Q." in shown
    assert "Arriving now" in shown
    assert not Acquisition.objects.exists()
    unsaid = receive(jonas, page)
    assert "sections that were guessed" in str(next(iter(unsaid.context["messages"])))
    assert not Acquisition.objects.exists()
    corrected = jonas.post(
        page.wsgi_request.path, {"text": "Stalls A 1-5\nStalls B 1"}, follow=True
    )
    reading = corrected.context["reading"]
    assert (reading.seats, reading.problems, reading.guesses) == (6, (), [])
    done = receive(jonas, corrected)
    receipt = DeliveryReceipt.objects.get()
    assert done.wsgi_request.path == of(receipt)
    assert (receipt.seats, receipt.delivery_reference) == (6, "DN-7")
    assert receipt.received_by.name == "Purchasing"
    order.refresh_from_db()
    assert order.status == "PARTIALLY_RECEIVED"
    again = sent(jonas, order, text="Stalls A 1-6")
    assert [problem.reason for problem in again.context["reading"].problems] == [
        "A 1-5: has arrived before."
    ]
    receive(jonas, again)
    assert EventSeat.objects.filter(ownership="OWNED").count() == 7
    assert invariants.violations() == {}


def test_nothing_typed_is_lost_and_the_order_leads_back_to_it(jonas, event):
    order = world.confirmed_order(event, rows="A")
    page = sent(jonas, order, text="Stalls A 1\nnonsense")
    delivery = Delivery.objects.get()
    assert page.wsgi_request.path == page_of(delivery)
    assert page_of(delivery) in jonas.get(of(order)).content.decode()
    assert "Stalls A 1\nnonsense" in jonas.get(page_of(delivery)).content.decode()
    refused = jonas.post(of(order, "receive"), {"text": "x\n" * 100_001})
    assert refused.status_code == 302
    assert "at most 100,000" in jonas.get(refused["Location"]).content.decode()


def test_what_was_sent_can_be_thrown_away_until_it_is_asked_for(jonas, event):
    order = world.confirmed_order(event, rows="A")
    page = sent(jonas, order, text="Stalls A 1")
    here = page.wsgi_request.path
    assert told(jonas, jonas.post(here, {"discard": "yes"})["Location"]) == [
        "What they sent was thrown away."
    ]
    assert jonas.get(here).status_code == 404
    receive(jonas, sent(jonas, order, text="Stalls A 1"))
    with pytest.raises(AlreadyAsked):
        services.discard_delivery(delivery=Delivery.objects.get())


def test_seats_on_consignment_are_said_to_be_owed_when_they_are_sold(jonas, event):
    order = world.confirmed_order(event, rows="A")
    PurchaseOrder.objects.update(basis="CONSIGNMENT")
    page = sent(jonas, order, text="Stalls A 1-2").content.decode()
    assert "becomes owed to Quai Productions when it is sold" in page
    assert "€50.00" in page
    jonas.post(of(order, "receive"), {"take_0": "all"})
    page = jonas.get(f"{of(order, 'receive')}?preview").content.decode()
    assert "when it is sold" in page
    assert "Receive and owe" not in page


def test_what_changed_after_the_look_is_not_received(jonas, event):
    order = world.confirmed_order(event, rows="A")
    page = sent(jonas, order, text="Stalls A 1-4")
    line = order.lines.get()
    receive_delivery(order=order, ordinals_by_line={line.pk: line.ordinals[:1]})
    looked_again = receive(jonas, page)
    assert "look once more" in str(next(iter(looked_again.context["messages"])))
    assert DeliveryReceipt.objects.count() == 1


def test_a_second_click_leads_to_the_one_receipt(jonas, event):
    order = world.confirmed_order(event, rows="A-B")
    page = sent(jonas, order, text="Stalls A 1-4")
    for _ in range(2):
        done = receive(jonas, page)
        assert done.wsgi_request.path == of(DeliveryReceipt.objects.get())


def test_a_file_is_read_kept_as_it_came_and_saved_only_by_who_buys(jonas, agency, event):
    order = world.confirmed_order(event, rows="A")
    content = b"section,row,seat,barcode,url\nStalls,A,1,QX-111,https://supplier.example/1\nStalls,A,2,222,a.pdf\n"
    page = sent(jonas, order, file=upload("../list of DN-7.csv", content))
    assert "section,row,seat" in page.content.decode()
    receive(jonas, page)
    codes = SupplierCode.objects.order_by("pk").values_list("barcode", "link", "file_name")
    assert list(codes) == [
        ("QX-111", "https://supplier.example/1", ""),
        ("222", "", "a.pdf"),
    ]
    document = DeliveryDocument.objects.get(name__endswith=".csv")
    saved = jonas.get(of(document, "open_file"))
    assert saved.content == content
    assert saved["Content-Disposition"] == 'attachment; filename="list of DN-7.csv"'
    assert saved["X-Content-Type-Options"] == "nosniff"
    assert saved["Content-Security-Policy"].startswith("sandbox")
    shown = jonas.get(address("suppliers.suppliercode")).content.decode()
    assert "222" in shown
    services.keep_document(
        order=order, name="a.pdf", content=b"%PDF-1", content_type="application/pdf", by=None
    )
    code = jonas.get(of(SupplierCode.objects.get(file_name="a.pdf"))).content.decode()
    assert of(DeliveryDocument.objects.get(name="a.pdf")) in code
    for role in ("BOX_OFFICE", "FINANCE", "GATE_MANAGER"):
        other = world.client_of(world.staff(agency, role), agency)
        assert other.get(of(document, "open_file")).status_code == 403
        assert other.get(address("suppliers.suppliercode")).status_code == 403
        seat = of(EventSeat.objects.get(ordinal=0))
        assert "QX-111" not in other.get(seat).content.decode()


def test_the_list_of_codes_asks_as_much_for_many_as_for_few(jonas, event):
    order = world.confirmed_order(event, rows="A")
    line = order.lines.get()

    def received(ordinals):
        part = Part(line.pk, tuple(ordinals), codes={o: f"code-{o}" for o in ordinals})
        receive_delivery(order=order, ordinals_by_line={line.pk: ordinals}, came_with=[part])

    def asked():
        with CaptureQueriesContext(connection) as captured:
            assert jonas.get(address("suppliers.suppliercode")).status_code == 200
        return len(captured)

    received(line.ordinals[:1])
    asked()
    few = asked()
    received(line.ordinals[1:])
    assert asked() == few


def test_a_line_of_a_price_level_is_read_and_received_like_one_of_a_section(jonas, event):
    order = services.draft_order(supplier=world.supplier(), currency="EUR")
    level = event.levels.get(name="Stalls")
    services.add_line(
        order=order, event=event, level=level, unit_cost=Money(20, "EUR"), quantity=12
    )
    services.submit_order(order=order, by=None)
    order = services.confirm_order(order=order, by=None)
    page = sent(jonas, order, text="Stalls A 1-10")
    receive(jonas, page)
    assert "Stalls: A 1-10" in words_of(render(DeliveryReceipt.objects.get()))[0]
    rest = jonas.post(of(order, "receive"), {"take_0": "part", "rows_0": "B"})
    assert "name its places in the box above" in str(rest.context["form"].errors)
    preview = jonas.post(of(order, "receive"), {"take_0": "part", "quantity_0": "2"}, follow=True)
    assert "Stalls: B 1-2" in preview.content.decode()


def test_a_file_of_any_kind_is_kept_but_never_shown_by_this_site(jonas, event):
    order = world.confirmed_order(event, rows="A")
    page = SimpleUploadedFile("note.html", b"<script>alert(1)</script>", content_type="text/html")
    jonas.post(of(order, "keep_file"), {"file": page})
    saved = jonas.get(of(DeliveryDocument.objects.get(), "open_file"))
    assert saved["Content-Type"] == "application/octet-stream"
    assert saved["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"%PDF-1.7 tickets", "a PDF document"),
        (b"PK\x03\x04 broken", "a broken or protected workbook"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_writes_nothing(jonas, event, content, problem):
    order = world.confirmed_order(event, rows="A")
    answer = jonas.post(of(order, "receive"), {"file": upload("list.csv", content)})
    assert problem in str(answer.context["form"].errors)
    assert not Delivery.objects.exists()


def test_either_a_paste_or_lines(jonas, event):
    order = world.confirmed_order(event, rows="A")
    both = {"text": "Stalls A 1", "take_0": "part", "rows_0": "A"}
    answer = jonas.post(of(order, "receive"), both)
    assert world.problems(answer) == ["Either give what they sent, or fill in lines: not both."]
    assert "Stalls A 1" in answer.content.decode()


def test_only_who_may_buy_here_sees_a_delivery(agency, jonas, event):
    order = world.confirmed_order(event, rows="A")
    sent(jonas, order, text="Stalls A 1")
    delivery = Delivery.objects.get()
    finance = world.client_of(world.staff(agency, "FINANCE"), agency)
    assert finance.get(page_of(delivery)).status_code == 403
    other = world.confirmed_order(event, rows="B")
    elsewhere = page_of(delivery).replace(str(order.pk), str(other.pk))
    assert jonas.get(elsewhere).status_code == 404


# The worker


def test_many_seats_are_left_to_a_worker_that_receives_them_once(jonas, event, monkeypatch):
    monkeypatch.setattr(admin_receiving, "AT_ONCE", 5)
    order = world.confirmed_order(event, rows="A")
    page = receive(jonas, sent(jonas, order, text="Stalls A"))
    assert "10</b> seats are being received" in page.content.decode()
    polled = jonas.get(page.wsgi_request.path, headers={"hx-request": "true"})
    assert b"<html" not in polled.content
    assert "Is being received" in jonas.get(of(order)).content.decode()
    assert not DeliveryReceipt.objects.exists()
    delivery = Delivery.objects.get()
    asked = OutboxMessage.objects.get(fact__endswith="DeliveryAsked")
    assert asked.payload == {"delivery_id": str(delivery.pk)}
    for _ in range(2):
        receive_delivery_asked_for(DeliveryAsked(delivery_id=delivery.pk))
    receipt = DeliveryReceipt.objects.get()
    assert receipt.seats == 10
    polled = jonas.get(page.wsgi_request.path, headers={"hx-request": "true"})
    assert polled["HX-Redirect"] == of(receipt)


def test_how_far_the_work_is_is_told_while_nothing_is_ours_yet(jonas, event, monkeypatch):
    monkeypatch.setattr(receiving, "BATCH", 4)
    order = world.confirmed_order(event, rows="A")
    told = []
    receive_delivery(order=order, tell=told.append)
    assert told == [4, 8, 10]
    part = order.lines.get().receipt_lines.get()
    assert (part.quantity, part.places) == (10, "A 1-10")
    other = world.confirmed_order(event, rows="B")
    delivery = services.keep_delivery(order=other, by=None, text="Stalls B")
    services.ask_for(delivery=delivery, parts=services.reading_of(delivery).parts)
    assert services.seats_so_far(delivery) == 0
    services.carry_out(delivery.pk)
    assert services.seats_so_far(delivery) == 10
    Delivery.objects.update(receipt=None, done_at=None)  # as others see it until it is committed
    page = jonas.get(page_of(delivery)).content.decode()
    assert '10</b> of <b class="num">10</b> seats are being received' in page


def test_what_a_worker_cannot_receive_is_said_and_can_be_sent_again(jonas, event):
    order = world.confirmed_order(event, rows="A")
    line = order.lines.get()
    delivery = services.keep_delivery(order=order, by=None, text="Stalls A 1-2")
    services.ask_for(delivery=delivery, parts=services.reading_of(delivery).parts)
    receive_delivery(order=order, ordinals_by_line={line.pk: line.ordinals[:1]})
    refused = services.carry_out(delivery.pk)
    assert "already arrived or never ordered. Nothing was received." in refused.problem
    assert refused.receipt is None
    page = jonas.get(page_of(delivery))
    assert refused.problem in page.content.decode()
    again = jonas.post(page_of(delivery), {"text": "Stalls A 2"}, follow=True)
    assert again.wsgi_request.path != page_of(delivery)
    receive(jonas, again)
    assert Acquisition.objects.count() == 2


# What is written


def test_days_in_hand_barcodes_and_the_manner_of_delivery_are_kept(event):
    order = world.confirmed_order(event, rows="A")
    line = order.lines.get()
    first, second = line.ordinals[:2]
    part = Part(line.pk, (first, second), codes={first: "x1"}, in_hand={second: date(2027, 3, 1)})
    receipt = receive_delivery(
        order=order,
        ordinals_by_line={line.pk: [first, second]},
        came_with=[part],
        fulfillment="PDF_DELIVERY",
        transfer_details="noor@supplier.example",
        delivered_on=date(2027, 2, 1),
    )
    receipt.refresh_from_db()
    assert (receipt.fulfillment, receipt.transfer_details, receipt.delivered_on) == (
        *("PDF_DELIVERY", "noor@supplier.example"),
        date(2027, 2, 1),
    )
    days = Acquisition.objects.order_by("event_seat__ordinal").values_list("in_hand_on", flat=True)
    assert list(days) == [None, date(2027, 3, 1)]
    assert SupplierCode.objects.get().acquisition.event_seat.ordinal == first


def test_what_came_earlier_is_written_down_on_its_own_day(event):
    late_on_new_years_eve = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)  # in Paris it is 2026
    order = world.confirmed_order(event, rows="A")
    receipt = receive_delivery(order=order, received_at=late_on_new_years_eve)
    assert (receipt.number, receipt.delivered_on) == ("GR-2026-0001", date(2026, 1, 1))


def test_a_barcode_that_came_before_brings_nothing(event):
    order = world.confirmed_order(event, rows="A")
    line = order.lines.get()

    def received(ordinal):
        part = Part(line.pk, (ordinal,), codes={ordinal: "same"})
        return receive_delivery(
            order=order, ordinals_by_line={line.pk: [ordinal]}, came_with=[part]
        )

    receipt = received(line.ordinals[0])
    with pytest.raises(CodeKnown):
        received(line.ordinals[1])
    assert (Acquisition.objects.count(), AccountsPayable.objects.count()) == (1, 1)
    text = "section,row,seat,barcode\nStalls,A,2,same\nStalls,A,3,new"
    delivery = services.keep_delivery(order=order, by=None, text=text)
    reading = services.reading_of(delivery)
    assert reading.seats == 1
    assert [problem.reason for problem in reading.problems] == [
        f"Barcode same came with {receipt} before."
    ]


def test_what_was_called_off_is_not_received_any_more(event):
    order = world.confirmed_order(event, rows="A-B")
    line = order.lines.get()
    receive_delivery(order=order, ordinals_by_line={line.pk: line.ordinals[:3]})
    services.cancel_rest(order=order, reason="No more needed")
    delivery = services.keep_delivery(order=order, by=None, text="Stalls A 4")
    assert [problem.reason for problem in services.reading_of(delivery).problems] == [
        "A 4: called off, so not expected any more."
    ]
    with pytest.raises(DomainError):
        receive_delivery(order=order, ordinals_by_line={line.pk: line.ordinals[3:4]})


def test_one_bad_place_of_one_line_leaves_everything_as_it_was(event):
    order = world.confirmed_order(event, rows="A-B")
    line = order.lines.get()
    with pytest.raises(OverReceipt):
        receive_delivery(order=order, ordinals_by_line={line.pk: [*line.ordinals[:2], 49]})
    assert not DeliveryReceipt.objects.exists()
    assert not OutboxMessage.objects.filter(fact__endswith="StockReceived").exists()


# Paper and mail


def words_of(pdf):
    pages = pypdfium2.PdfDocument(pdf)
    return [" ".join(page.get_textpage().get_text_range().split()) for page in pages]


def test_the_receipt_on_paper_says_what_arrived_and_is_the_same_every_time(jonas, event):
    receipt = world.received_order(event, rows="A-B")
    (page,) = words_of(render(receipt))
    for words in (
        *(f"Delivery receipt {receipt.number}", str(receipt.order.supplier), str(receipt.order)),
        *("Stalls: A 1-10, B 1-10", "20", "€25.00", "€0.00", "€500.00", "page 1 of 1"),
    ):
        assert words in page
    assert render(receipt) == render(DeliveryReceipt.objects.get())
    answer = jonas.get(of(receipt, "as_pdf"))
    assert answer["Content-Disposition"] == f'inline; filename="{receipt.number}.pdf"'
    assert answer.content == render(receipt)


def test_a_receipt_shows_what_its_share_of_the_extra_costs_makes_of_it(jonas, event):
    order = world.drafted_order(event, rows="A-C")
    services.add_landed_cost(order=order, kind="SHIPPING", amount=Money(Decimal("10.01"), "EUR"))
    services.submit_order(order=order, by=None)
    order = services.confirm_order(order=order, by=None)
    line = order.lines.get()
    receipt = receive_delivery(order=order, ordinals_by_line={line.pk: line.ordinals[:10]})
    page = jonas.get(of(receipt)).content.decode()
    paper = words_of(render(receipt))[0]
    printed = jonas.get(of(receipt, "print_out")).content.decode()
    for shown in (page, printed, paper):
        assert "Extra costs" in shown
        for figure in ("€25.00", "€3.40", "€253.40"):
            assert figure in shown, figure
    assert "10 seats, €3.40 of it extra costs" in paper


def test_a_receipt_is_mailed_to_who_buys_and_to_a_supplier_who_wants_it(agency, event):
    agency_mailbox(agency, "buying@parterre.example")
    Supplier.objects.update_or_create(
        name="Quai Productions", defaults={"email": "sales@quai.example", "gets_receipts": True}
    )
    receipt = world.received_order(event, rows="A")
    for _ in range(2):
        mail_delivery_receipt(StockReceived(receipt_id=receipt.pk))
    ours, theirs = mail.outbox
    assert (ours.to, theirs.to) == (["buying@parterre.example"], ["sales@quai.example"])
    assert f"{receipt.number}: 10 seats of Quai Productions received" == ours.subject
    assert of(receipt) in ours.body
    assert "/admin/" not in theirs.body
    (name, content, kind) = theirs.attachments[0]
    assert (name, kind) == (f"{receipt.number}.pdf", "application/pdf")
    assert receipt.number in words_of(content)[0]


def test_without_an_address_for_buying_the_receipt_goes_to_who_made_the_order(agency, event):
    buyer = world.person("buyer@parterre.example", name="Buyer")
    receipt = world.received_order(event, rows="A")
    PurchaseOrder.objects.update(created_by=buyer)
    mail_delivery_receipt(StockReceived(receipt_id=receipt.pk))
    assert [message.to for message in mail.outbox] == [["buyer@parterre.example"]]


def test_no_receipt_is_mailed_of_seats_that_are_not_ours(agency, event):
    agency_mailbox(agency, "buying@parterre.example")
    order = world.confirmed_order(event, rows="A")
    receipt = DeliveryReceipt.objects.create(
        number="GR-0", order=order, seats=10, amount=250, currency="EUR"
    )
    mail_delivery_receipt(StockReceived(receipt_id=receipt.pk))
    assert not Message.objects.exists()


def agency_mailbox(agency, address):
    with as_system():
        Agency.objects.filter(pk=agency.pk).update(purchasing_email=address)
    Remembered.forget_everything()


# Commands


def run(capsys, *words):
    """What `import_acquisitions` tells, and its exit code."""
    code = 0
    try:
        call_command("import_acquisitions", *map(str, words), "--json")
    except SystemExit as end:
        code = end.code
    return json.loads(capsys.readouterr().out), code


def test_a_file_is_imported_whole_or_with_leave_in_part(event, tmp_path, capsys):
    order = world.confirmed_order(event, rows="A-B")
    file = tmp_path / "list.csv"
    file.write_text("section;row;seat\nStalls;A;1\nStals;A;2\nStalls;Q;1\n")
    answer, code = run(capsys, order, file)
    assert (code, answer["ok"], answer["received"], answer["seats"]) == (1, False, 0, 2)
    assert answer["problems"] == [
        {
            "line": 4,
            "text": "Stalls, Q, 1",
            "code": "unknown_place",
            "reason": "Stalls has no row Q.",
            "candidates": [],
        }
    ]
    assert answer["guesses"] == [{"line": 3, "written": "Stals", "section": "Stalls"}]
    assert run(capsys, order, file, "--partial")[1] == 1
    assert not DeliveryReceipt.objects.exists()
    answer, code = run(capsys, order, file, "--partial", "--guesses", "--reference", "DN-7")
    receipt = DeliveryReceipt.objects.get()
    assert (code, answer["receipt"], answer["received"]) == (0, receipt.number, 2)
    assert receipt.delivery_reference == "DN-7"
    assert run(capsys, order, file, "--guesses")[1] == 1


@pytest.mark.parametrize(
    ("order", "file", "said"),
    [("PO-0", "list.csv", "no purchase order"), (None, "missing.csv", "cannot be read")],
)
def test_what_is_not_there_is_said(event, tmp_path, capsys, order, file, said):
    (tmp_path / "list.csv").write_text("Stalls A 1")
    order = order or world.confirmed_order(event, rows="A")
    answer, code = run(capsys, order, tmp_path / file)
    assert code == 1
    assert said in answer["error"]
