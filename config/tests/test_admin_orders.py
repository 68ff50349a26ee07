"""Suppliers and purchase orders in the back office: lines, costs, approval, changes, mail, end."""

import re
from decimal import Decimal
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agencies.models import Agency, Membership
from config.tests import world
from config.tests.world import address, of, problems, told
from core.money import Money
from core.tenancy import as_system
from suppliers import services
from suppliers.models import OrderMail, PurchaseOrder, Supplier

pytestmark = pytest.mark.django_db


@pytest.fixture
def jonas(agency):
    return world.client_of(world.staff(agency, "PURCHASING"), agency)


def approve_above(agency, amount):
    with as_system():
        Agency.objects.filter(pk=agency.pk).update(approval_above=amount)


def page_of(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


FIELD = re.compile(
    r"<input (?P<input>[^>]*)>|<textarea (?P<area>[^>]*)>(?P<text>.*?)</textarea>"
    r"|<select (?P<select>[^>]*)>(?P<options>.*?)</select>",
    re.DOTALL,
)


def form_of(page, name):
    """{name: value} of the first form of a page that has a field of this name, as a browser has it."""
    forms = re.findall(r"<form[^>]*>.*?</form>", page, re.DOTALL)
    return next(filled for filled in map(filled_in, forms) if name in filled)


def filled_in(form):
    found = {}
    for field in FIELD.finditer(form):
        marks = dict(
            re.findall(r'(\w+)="([^"]*)"', field["input"] or field["area"] or field["select"])
        )
        value = unescape(marks.get("value", ""))
        if field["area"]:
            value = unescape(field["text"]).removeprefix("\n")
        if field["select"]:
            chosen = re.search(r'<option value="([^"]*)" selected', field["options"])
            value = chosen[1] if chosen else ""
        is_chosen = marks.get("type") not in ("radio", "checkbox") or "checked" in field["input"]
        if "name" in marks and is_chosen:
            found[unescape(marks["name"])] = value
    return found


# Lines and costs


def test_every_field_of_an_order_can_be_given_at_its_draft(jonas, agency):
    supplier = world.supplier()
    words = {
        **{"supplier": supplier.pk, "basis": "CONSIGNMENT", "payment_terms": "NET_60"},
        **{"fulfillment": "WILL_CALL", "fulfillment_notes": "Window 2", "ship_to": "Dock 4"},
        **{"supplier_reference": "Q-7", "expected_on": "2030-01-02", "notes": "Aisle"},
    }
    jonas.post(address("suppliers.purchaseorder", "add"), words)
    order = PurchaseOrder.objects.get()
    for name, value in words.items():
        assert str(getattr(order, f"{name}_id" if name == "supplier" else name)) == str(value)
    assert (order.created_by.name, order.currency) == ("Purchasing", "EUR")


def test_a_line_is_added_by_level_and_changed_on_a_page_of_its_own(jonas, event):
    order = services.draft_order(supplier=world.supplier(), currency="EUR")
    page = f"{of(order, 'add_line')}?event={event.pk}"
    nothing = jonas.post(page, {"unit_cost": "25"}).context["form"].errors
    assert nothing == {"section": ["Choose a section or a price level."]}
    level = event.levels.get(name="Circle")
    jonas.post(page, {"level": level.pk, "quantity": "4", "unit_cost": "20", "face_value": "28"})
    line = order.lines.get()
    assert (line.ordered, line.level, line.face_value) == (4, level, Decimal(28))
    change = reverse("admin:suppliers_purchaseorder_change_line", args=[order.pk, line.pk])
    assert "Circle, Circle: A 1-4" in page_of(jonas, change)
    words = {"description": "Circle, front", "unit_cost": "19,50", "item_code": "C4"}
    refused = jonas.post(change, {**words, "in_hand_on": "2040-01-01"})
    assert "after the event" in problems(refused)[0]
    assert 'value="C4"' in refused.content.decode()
    jonas.post(change, words)
    line.refresh_from_db()
    assert (line.description, line.unit_cost, line.item_code) == ("Circle, front", 19.5, "C4")
    assert line.face_value is None


def test_extra_costs_are_put_on_a_draft_and_taken_off(jonas, event):
    order = world.drafted_order(event, rows="A")
    page = of(order, "add_cost")
    wrong = jonas.post(page, {"kind": "TAX", "amount": "10.005"})
    assert problems(wrong) == ["10.005 has too many decimals for EUR."]
    jonas.post(page, {"kind": "SHIPPING", "amount": "10,50", "description": "Courier"})
    shown = page_of(jonas, of(order))
    assert "Courier" in shown
    assert "€260.50" in shown
    cost = order.landed_costs.get()
    jonas.post(reverse("admin:suppliers_purchaseorder_remove_cost", args=[order.pk, cost.pk]))
    assert not order.landed_costs.exists()


def test_the_buy_sheet_is_shown_to_whoever_submits(jonas, event):
    order = world.drafted_order(event, rows="A")
    for step in ("buy_sheet", "submit"):
        shown = page_of(jonas, of(order, step))
        for said in ("€400.00", "€424.00", "€150.00", "37.5%", "7 of 10"):
            assert said in shown


def test_a_copy_is_drafted_and_says_what_it_left_out(jonas, event):
    order = world.drafted_order(event, rows="A")
    answer = jonas.post(of(order, "copy"))
    copied = PurchaseOrder.objects.exclude(pk=order.pk).get()
    assert answer["Location"] == of(copied)
    assert told(jonas, of(copied)) == [
        "Left out: Stalls: A 1-10: 10 of 10 are owned or on order already.",
        f"{copied} is drafted from {order}.",
    ]
    services.cancel_order(order=order)
    jonas.post(of(order, "copy"))
    assert PurchaseOrder.objects.order_by("-created_at").first().lines.get().ordered == 10


# Approval


def test_a_second_person_approves_before_anyone_confirms(agency, jonas, mireille, event):
    approve_above(agency, 100)
    order = world.drafted_order(event, rows="A")
    jonas.post(of(order, "submit"))
    assert "waits for the approval" in told(jonas, of(order))[0]
    assert "Waits for approval" in page_of(jonas, of(order))
    for step in ("confirm", "approve"):
        assert f'href="{of(order, step)}"' not in page_of(jonas, of(order))
    jonas.post(of(order, "confirm"))
    order.refresh_from_db()
    refused = page_of(jonas, of(order, "approve"))
    assert "was submitted by you; somebody else has to approve it" in refused
    assert '<button class="btn btn--go">' not in refused
    jonas.post(of(order, "approve"), {"version": order.version})
    order.refresh_from_db()
    assert (order.status, order.approved_by) == ("PENDING", None)
    page = of(order, "approve")
    assert '<button class="btn btn--go">' in page_of(mireille, page)
    seen = form_of(page_of(mireille, page), "version")
    services.change_order(order=order, version=order.version, notes="By the stage door")
    assert "look once more" in problems(mireille.post(page, seen))[0]
    mireille.post(page, form_of(page_of(mireille, page), "version"))
    jonas.post(of(order, "confirm"))
    order.refresh_from_db()
    assert (order.status, order.approved_by.name) == ("CONFIRMED", "Owner")


def test_finance_approves_within_its_limit_and_does_nothing_else(agency, event):
    approve_above(agency, 100)
    zoe = world.client_of(world.staff(agency, "FINANCE"), agency)
    order = services.submit_order(order=world.drafted_order(event, rows="A"), by=None)
    assert f'href="{of(order, "approve")}"' not in page_of(zoe, of(order))
    Membership.objects.update(approval_limit=250)
    assert f'href="{of(order, "approve")}"' in page_of(zoe, of(order))
    assert zoe.post(of(order, "withdraw")).status_code == 403
    zoe.post(of(order, "approve"), {"version": order.version})
    order.refresh_from_db()
    assert order.approved_by.name == "Finance"


def test_the_owner_says_who_approves_how_much_and_from_where_on(agency, mireille, jonas, event):
    page = of(agency)
    filled = form_of(page_of(mireille, page), "approval_above")
    mireille.post(page, {**filled, "approval_above": "100,50"})
    zoe = world.staff(agency, "FINANCE")
    member = Membership.objects.get(user=zoe)
    wrong = mireille.post(of(member, "set_limit"), {"limit": "300.005"})
    assert problems(wrong) == ["300.005 has too many decimals for EUR."]
    mireille.post(of(member, "set_limit"), {"limit": "300"})
    assert "€300.00" in page_of(mireille, address("agencies.membership"))
    order = services.submit_order(order=world.drafted_order(event, rows="A"), by=None)
    assert order.needs_approval
    assert services.approve_order(order=order, by=zoe).approved_by == zoe
    mireille.post(of(member, "set_limit"), {"limit": ""})
    member.refresh_from_db()
    assert member.approval_limit is None
    assert jonas.get(of(member, "set_limit")).status_code == 403


def test_a_submitted_order_is_taken_back_to_be_changed(jonas, event):
    order = services.submit_order(order=world.drafted_order(event, rows="A"), by=None)
    jonas.post(of(order, "withdraw"))
    order.refresh_from_db()
    assert order.status == "DRAFT"
    assert f'href="{of(order, "add_line")}"' in page_of(jonas, of(order))


# Two people at one order


def test_a_save_over_somebodys_change_shows_the_difference_and_loses_nothing(
    jonas, mireille, event
):
    order = world.drafted_order(event, rows="A")
    theirs = form_of(page_of(mireille, of(order)), "seen")
    yours = form_of(page_of(jonas, of(order)), "seen")
    mireille.post(of(order), {**theirs, "notes": "Theirs", "payment_terms": "NET_60"})
    answer = jonas.post(of(order), {**yours, "notes": "Mine", "ship_to": "Dock <4>"})
    page = answer.content.decode()
    assert "Owner changed it on" in page
    for said in ("Theirs", "Mine", "60 days net", "30 days net", "Dock &lt;4&gt;"):
        assert said in page
    order.refresh_from_db()
    assert (order.notes, order.ship_to) == ("Theirs", "")
    choice = form_of(page, "seen")
    assert choice["notes"] == "Mine"
    assert choice["ship_to"] == "Dock <4>"
    assert choice["payment_terms"] == "NET_60"  # only they had changed it
    jonas.post(of(order), choice)
    order.refresh_from_db()
    assert (order.notes, order.ship_to, order.payment_terms) == ("Mine", "Dock <4>", "NET_60")


def test_what_was_typed_into_a_draft_is_shown_when_it_was_submitted_meanwhile(jonas, event):
    order = world.drafted_order(event, rows="A")
    yours = form_of(page_of(jonas, of(order)), "seen")
    services.submit_order(order=order, by=None)
    page = jonas.post(of(order), {**yours, "payment_terms": "NET_60", "notes": "Mine"})
    shown = page.content.decode()
    assert "60 days net (fixed by now)" in " ".join(shown.split())
    jonas.post(of(order), form_of(shown, "seen"))
    order.refresh_from_db()
    assert (order.payment_terms, order.notes) == ("NET_30", "Mine")


def test_a_save_that_fits_is_saved(jonas, event):
    order = world.drafted_order(event, rows="A")
    filled = form_of(page_of(jonas, of(order)), "seen")
    answer = jonas.post(of(order), {**filled, "notes": "Aisle", "expected_on": "2020-11-01"})
    assert answer["Location"] == of(order)
    assert told(jonas, of(order)) == [
        f"{order} is expected on 1 Nov 2020, which has gone by. Change it before you submit.",
        f"{order} is saved.",
    ]
    order.refresh_from_db()
    assert order.notes == "Aisle"


# The document, the mail, the end


def test_the_document_opens_and_is_mailed_after_a_look(jonas, event):
    Supplier.objects.create(name="Quai Productions", email="salome@quai.example")
    order = world.confirmed_order(event, rows="A")
    paper = jonas.get(of(order, "document"))
    assert (paper["Content-Type"], paper.content[:5]) == ("application/pdf", b"%PDF-")
    page = of(order, "mail")
    first = form_of(page_of(jonas, page), "recipient")
    assert first["recipient"] == "salome@quai.example"
    letter = jonas.post(page, {**first, "note": "As said by phone."}).content.decode()
    assert not OrderMail.objects.exists()
    for said in ("As said by phone.", "€250.00", f"{order.number}.pdf"):
        assert said in letter
    words = form_of(letter, "recipient")
    changed = jonas.post(page, {**words, "change": "yes"}).content.decode()
    assert "As said by phone." in form_of(changed, "recipient")["note"]
    for _ in range(2):
        jonas.post(page, {**words, "send": "yes"})
    assert (
        list(OrderMail.objects.values_list("recipient", "sent_by__name"))
        == [("salome@quai.example", "Purchasing")] * 2
    )
    assert "mailed to salome@quai.example" in page_of(jonas, of(order))


def test_the_rest_of_chosen_lines_is_called_off_with_a_reason(jonas, event):
    order = world.confirmed_order(event, rows="A")
    line = order.lines.get()
    services.receive_delivery(order=order, ordinals_by_line={line.pk: line.ordinals[:4]})
    page = of(order, "call_off")
    shown = page_of(jonas, page)
    assert "€150.00" in shown
    refused = jonas.post(page, {"lines": [line.pk], "reason": ""}).context["form"].errors
    assert "reason" in refused
    jonas.post(page, {"lines": [line.pk], "reason": "Tour shortened"})
    order.refresh_from_db()
    assert order.status == "COMPLETED"
    assert "6 called off: Tour shortened" in page_of(jonas, of(order))


def test_why_an_order_was_cancelled_stands_on_its_page(jonas, event):
    order = world.confirmed_order(event, rows="A")
    jonas.post(of(order, "cancel"), {"reason": "Ordered twice"})
    order.refresh_from_db()
    assert (order.status, order.cancelled_by.name) == ("CANCELLED", "Purchasing")
    assert "Ordered twice" in page_of(jonas, of(order))


def test_an_order_that_does_not_add_up_says_so(jonas, event):
    order = world.confirmed_order(event, rows="A")
    order.lines.update(received=1)
    line = order.lines.get()
    services.receive_delivery(order=order, ordinals_by_line={line.pk: line.ordinals[1:]})
    said = "10 seats were counted as received, 9 were taken in"
    assert said in page_of(jonas, of(order))
    assert said in page_of(jonas, of(order, "complete"))
    jonas.post(of(order, "complete"))
    order.refresh_from_db()
    assert order.status == "PARTIALLY_RECEIVED"


# Suppliers


def test_a_supplier_has_all_its_terms_and_is_deactivated_after_a_look(jonas, event):
    new = {
        **{"name": "Quai Productions", "kind": "PROMOTER", "business_license": "L-7"},
        **{"payment_terms": "NET_60", "wholesale_discount": "12,5", "currency": "EUR"},
        **{"credit_limit": "100", "credit_line": "1000", "return_days": "21"},
        **{"contract_starts_on": "2020-01-01", "contract_ends_on": "2090-12-31"},
        **{"bank_account": "FR76 3000", "gets_receipts": "on"},
    }
    jonas.post(address("suppliers.supplier", "add"), new)
    supplier = Supplier.objects.get()
    assert (supplier.credit_line, supplier.return_days, supplier.gets_receipts) == (1000, 21, True)
    order = world.confirmed_order(event, rows="A")
    shown = page_of(jonas, of(supplier))
    for said in ("25% of €1,000.00", "Until 31 Dec 2090", order.number):
        assert said in shown
    preview = page_of(jonas, of(supplier, "deactivate"))
    assert order.number in preview
    jonas.post(of(supplier, "deactivate"))
    listed = page_of(jonas, f"{address('suppliers.supplier')}?is_active__exact=0&contract=now")
    assert "Quai Productions" in listed
    assert "Not active" in listed
    assert jonas.get(of(supplier, "delete")).status_code == 403
    jonas.post(of(supplier, "activate"))
    assert Supplier.objects.get().is_active


def test_a_refused_submission_keeps_the_draft_and_says_the_figures(jonas, event):
    Supplier.objects.create(name="Quai Productions", credit_line=Decimal(200))
    order = world.drafted_order(event, rows="A")
    jonas.post(of(order, "submit"))
    assert "lets us owe €200.00" in told(jonas, of(order))[0]
    order.refresh_from_db()
    assert order.status == "DRAFT"


def test_the_list_asks_as_much_for_many_orders_as_for_few(jonas, event):
    asked = []
    for rows in ("AB", "CDE"):
        for row in rows:
            order = world.drafted_order(event, rows=row)
            services.add_landed_cost(order=order, kind="TAX", amount=Money(9, "EUR"))
        jonas.get(address("suppliers.purchaseorder"))  # what is remembered for seconds
        with CaptureQueriesContext(connection) as captured:
            shown = page_of(jonas, address("suppliers.purchaseorder"))
        assert shown.count("€259.00") == PurchaseOrder.objects.count()
        asked.append(len(captured))
    assert asked[0] == asked[1]
