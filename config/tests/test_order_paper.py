"""What an order is worth before it is submitted, and how it reaches its supplier."""

from decimal import Decimal

import pypdfium2
import pytest
from django.core import mail

from agencies.models import Agency
from config.tests import world
from core.memory import Remembered
from core.money import Money
from core.tenancy import as_system
from events.models import Event
from notifications.handlers import mail_purchase_order
from notifications.models import Message
from suppliers import services
from suppliers.buy_sheet import sheets_of
from suppliers.facts import OrderSent
from suppliers.models import OrderMail, PurchaseOrder, Supplier
from suppliers.order_paper import render

pytestmark = pytest.mark.django_db


def euros(amount):
    return Money(Decimal(amount), "EUR")


def costs_to_sell(agency, **fields):
    with as_system():
        Agency.objects.filter(pk=agency.pk).update(**fields)
    Remembered.forget_everything()


def text_of(pdf):
    """The words of each page, set close together or not."""
    pages = pypdfium2.PdfDocument(pdf)
    return [" ".join(page.get_textpage().get_text_range().split()) for page in pages]


# The buy sheet


def test_the_sheet_weighs_cost_against_list_fees_and_what_selling_costs(agency, event):
    costs_to_sell(agency, sale_cost_percent=2, sale_cost_fixed=Decimal("0.20"))
    order = world.drafted_order(event, rows="A", face_value=Decimal(38))  # 10 at 25, list 40
    services.add_landed_cost(order=order, kind="SHIPPING", amount=euros(10))
    (sheet,), whole = sheets_of(order)
    assert (sheet.seats, sheet.cost, sheet.face) == (10, euros(260), euros(380))
    assert (sheet.prices.before, sheet.prices.after) == (euros(400), euros(424))  # a fee of 6 %
    assert sheet.prices.kept == euros(390)  # 10 × (40 − 0.80 − 0.20)
    assert (sheet.margin, sheet.margin_share) == (euros(130), Decimal("0.325"))
    assert sheet.break_even_price == euros("26.74")  # (26 + 0.20) / 0.98
    assert sheet.seats_to_break_even == 7  # 6 × 39 = 234 < 260
    assert (whole.cost, whole.margin, whole.face) == (sheet.cost, sheet.margin, sheet.face)


def test_a_lines_own_price_counts_before_its_levels(event):
    order = world.drafted_order(event, rows="A", retail_price=Decimal(60))
    (sheet,), _ = sheets_of(order)
    assert sheet.prices.before == euros(600)


def test_seats_that_never_pay_for_themselves_are_said_so(event):
    order = world.drafted_order(event, rows="A", cost="41.00")
    (sheet,), whole = sheets_of(order)
    assert (sheet.margin, sheet.seats_to_break_even) == (euros(-10), None)
    assert whole.seats_to_break_even is None


def test_without_a_price_there_is_no_margin_and_the_break_even_price_stands(agency):
    event = world.draft_event(world.venue()[1])
    event.levels.get(name="Floor").delete()
    order = world.drafted_order(event, section="Floor", quantity=5, cost="12.50")
    (sheet,), whole = sheets_of(order)
    assert (sheet.prices.unpriced, sheet.margin, sheet.seats_to_break_even) == (5, None, None)
    assert whole.break_even_price == euros("12.50")


def test_extra_costs_are_on_the_lines_in_proportion(event):
    order = world.drafted_order(event, rows="A")  # 250
    services.add_line(
        order=order,
        event=event,
        section=event.layout.sections.get(label="Floor"),
        unit_cost=euros("12.50"),
        quantity=10,
    )
    services.add_landed_cost(order=order, kind="TAX", amount=euros(30))
    sheets, whole = sheets_of(order)
    assert [sheet.cost for sheet in sheets] == [euros(270), euros(135)]
    assert whole.cost == euros(405)


def test_own_history_is_that_of_the_same_part_of_the_same_house(event):
    order = world.drafted_order(event, rows="B")
    assert sheets_of(order)[0][0].history is None
    past = world.event_on_sale(event.layout, title="Last year", days=2)
    world.received_order(past, rows="A", cost="20.00")
    world.sold_booking(past, [0, 1, 2])
    Event.objects.filter(pk=past.pk).update(starts_at="2024-03-01T20:00Z")
    history = sheets_of(order)[0][0].history
    assert (history.nights, history.seats, history.sold) == (1, 10, 3)
    assert (history.cost, history.price, history.sold_share) == (euros(20), euros(40), 0.3)


# The document


def test_the_document_names_everything_the_two_have_agreed(agency, event):
    Supplier.objects.create(
        name="Quai Productions", contact_name="Salomé Diaz", address="Quai 3\n69002 Lyon"
    )
    order = world.drafted_order(event, rows="A-B", seats="1-6 odd", face_value=Decimal(38))
    services.add_landed_cost(order=order, kind="TAX", amount=euros("1234.56"), description="VAT")
    services.change_order(
        order=order, version=PurchaseOrder.objects.get().version, ship_to="Stage door"
    )
    draft = " ".join(text_of(render(order)))
    assert "Draft: this is not an order yet." in draft
    services.submit_order(order=order, by=world.staff(agency, "PURCHASING"))
    order = services.confirm_order(order=order, by=world.staff(agency, "OWNER"))
    words = " ".join(text_of(render(order)))
    for said in (
        *(order.number, "Parterre", "Salomé Diaz", "69002 Lyon", "Stage door"),
        *("The Low Lanterns", "Stalls: A 1, 3, 5, B 1, 3, 5", "face value €38.00", "€150.00"),
        *("VAT", "€1,234.56", "€1,384.56", "30 days net", "Ordered by Purchasing", "page 1 of 1"),
        "Confirmed by Owner",
    ):
        assert said in words
    assert "not an order yet" not in words
    assert render(order) == render(order)


def test_a_long_order_has_pages_that_count(event):
    order = services.draft_order(supplier=world.supplier(), currency="EUR")
    stalls = event.layout.sections.get(label="Stalls")
    for seat in range(1, 11):
        for row in "ABC":
            services.add_line(
                order=order,
                event=event,
                section=stalls,
                unit_cost=euros(25),
                rows=row,
                seats=str(seat),
            )
    pages = text_of(render(order))
    assert len(pages) > 1
    for number, words in enumerate(pages, start=1):
        assert f"page {number} of {len(pages)}" in words
    assert all("Event and places" in words for words in pages[:-1])


def test_a_confirmed_order_is_mailed_with_its_document_and_again_when_asked(agency, event):
    order = world.drafted_order(event, rows="A")
    with pytest.raises(services.NotOrderable, match="only a confirmed order is mailed"):
        services.mail_order(order=order, recipient="salome@quai.example")
    services.submit_order(order=order, by=None)
    order = services.confirm_order(order=order, by=None)
    jonas = world.staff(agency, "PURCHASING")
    for note in ("As we said by phone.", ""):
        sent = services.mail_order(
            order=order, recipient="salome@quai.example", note=note, by=jonas
        )
        for _ in range(2):  # delivery is at least once
            mail_purchase_order(OrderSent(mail_id=sent.pk))
    assert OrderMail.objects.count() == Message.objects.filter(status="SENT").count() == 2
    first, second = mail.outbox
    assert first.subject == f"Purchase order {order.number} from Parterre"
    assert "As we said by phone." in first.body
    assert "As we said by phone." not in second.body
    (attached,) = first.attachments
    assert attached[0] == f"{order.number}.pdf"
    assert order.number in " ".join(text_of(attached[1]))
