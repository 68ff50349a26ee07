"""Sending seats back in the back office, and the pages of what is owed in a real browser."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils.html import strip_tags
from playwright.sync_api import expect

from agencies.queries import local_today
from config.tests import world
from config.tests.browser import PHONE, barriers, chromium, reader, site
from config.tests.world import address, of, problems, told
from core import invariants, outbox
from core.tenancy import acting_for
from events.models import Event
from inventory.models import EventSeat
from suppliers.models import CreditNote, PaymentRun, Supplier, SupplierInvoice, SupplierReturn


@pytest.fixture
def jonas(agency):
    return world.client_of(world.staff(agency, "PURCHASING"), agency)


def words_of(answer):
    return " ".join(strip_tags(answer.content.decode()).split())


def bought(event, **words):
    window = local_today() + timedelta(days=5)
    return world.received_order(event, **{"rows": "A", **words}, return_by=window).order.lines.get()


def asked_back(client, line, seats="3"):
    """The SupplierReturn that was asked for on the page of proposals."""
    page = address("suppliers.supplierreturn", "add")
    preview = client.post(page, {f"seats_{line.pk}": seats, "reason": "Slow"})
    client.post(page, dict(preview.context["hidden"]))
    return SupplierReturn.objects.get()


@pytest.mark.django_db
def test_what_to_send_back_is_chosen_by_its_evidence_and_blocked_after_a_preview(jonas, event):
    line = bought(event)
    world.sold_booking(event, [0])
    page = address("suppliers.supplierreturn", "add")
    shown = words_of(jonas.get(page))
    assert "€225.00" in shown
    assert "in 5 d" in shown
    assert "No unsold seat of this kind may go back." in words_of(jonas.get(page, {"within": "3"}))
    assert problems(jonas.post(page, {"reason": "Slow"})) == [
        "Say of at least one line how many seats go back."
    ]
    many = jonas.post(page, {f"seats_{line.pk}": "10"})
    assert "less than or equal to 9" in str(many.context["form"].errors)
    assert b'value="10"' in many.content
    preview = jonas.post(page, {f"seats_{line.pk}": "3", "reason": "Slow"})
    assert "3 of 9" in words_of(preview)
    assert not EventSeat.objects.filter(status="BLOCKED").exists()
    asked = asked_back(jonas, line)
    assert EventSeat.objects.filter(status="BLOCKED").count() == 3
    assert (asked.requested_by.name, asked.reason) == ("Purchasing", "Slow")


@pytest.mark.django_db
def test_the_supplier_is_mailed_takes_a_part_back_and_credits_less(mireille, jonas, event):
    Supplier.objects.update_or_create(name="Quai Productions", defaults={"email": "q@quai.example"})
    asked = asked_back(jonas, bought(event))
    outbox.deliver()
    [letter] = [each for each in mail.outbox if each.to == ["q@quai.example"]]
    assert [name for name, *_ in letter.attachments] == [f"{asked.number}.pdf"]
    assert "A 8-10" in words_of(jonas.get(of(asked, "print_out")))
    assert jonas.get(of(asked, "pdf")).content.startswith(b"%PDF")
    kept = asked.lines.first()
    jonas.post(of(asked, "accept"), {"kept": [kept.pk], "supplier_reference": "Q-88"})
    asked.refresh_from_db()
    assert (asked.status, asked.expected, asked.supplier_reference) == ("ACCEPTED", 50, "Q-88")
    enter = f"{address('suppliers.creditnote', 'add')}?asked={asked.pk}"
    assert jonas.get(enter).status_code == 403
    assert enter in mireille.get(of(asked)).content.decode()
    given = {"number": "C-9", "issued_on": local_today(), "amount": "45"}
    answer = mireille.post(enter, given)
    assert "€45.00 is entered. That is -€5.00 beside" in told(mireille, answer["Location"])[0]
    assert CreditNote.objects.get().kind == "RETURN"
    assert invariants.violations() == {}


@pytest.mark.django_db
def test_a_return_without_a_credit_ends_when_it_is_accepted(mireille, event):
    asked = asked_back(mireille, bought(event))
    answer = mireille.post(of(asked, "accept"), {"credit": "0"})
    assert told(mireille, answer["Location"])[-1] == f"{asked} is accepted; no credit is due."
    asked.refresh_from_db()
    assert (asked.status, asked.credit_note) == ("CLOSED", None)
    assert "A credit note is due" not in words_of(mireille.get(of(asked)))
    page = address("suppliers.supplierreturn")
    assert mireille.get(page, {"status__exact": "ACCEPTED"}).context["cl"].result_count == 0


@pytest.mark.django_db
@pytest.mark.parametrize("step", ["refuse", "withdraw"])
def test_a_return_that_is_refused_or_withdrawn_sells_again(jonas, event, step):
    asked = asked_back(jonas, bought(event))
    assert "sell again" in words_of(jonas.get(of(asked, step)))
    assert EventSeat.objects.filter(status="BLOCKED").count() == 3
    answer = jonas.post(of(asked, step))
    assert told(jonas, answer["Location"])[0].endswith("Its seats sell again.")
    assert not EventSeat.objects.filter(status="BLOCKED").exists()


@pytest.mark.django_db
def test_windows_that_close_stand_above_the_list_of_returns(jonas, event):
    bought(event)
    panel = jonas.get(address("suppliers.supplierreturn")).context["waiting"]
    [[_, supplier, seats, cost, *_]] = panel.table.rows
    assert (supplier, seats, cost) == ("Quai Productions", "10", "€250.00")


# In a browser

WIDE, TABLET = {"width": 1440, "height": 900}, {"width": 820, "height": 1180}


def sign_in(page, shop, made, path):
    page.goto(f"{shop.web.url}{path}")
    page.locator("#id_username").fill(made["staff"]["user"])
    page.locator("#id_password").fill(made["staff"]["password"])
    page.locator("#id_password").press("Enter")


def fits(page):
    """Whether nothing stands out of the window, and who cannot see is told everything."""
    page.wait_for_load_state()
    width = page.evaluate("document.documentElement.scrollWidth")
    return width <= page.viewport_size["width"] and barriers(page) == []


@pytest.mark.browser
def test_seats_go_back_an_invoice_comes_and_a_run_is_proposed(
    committed_db, tmp_path, half_owned_house
):
    made = half_owned_house
    with acting_for(made["agency"]["id"]):
        event = Event.objects.get()
        window = local_today() + timedelta(days=4)
        order = world.received_order(event, section="B", rows="B", return_by=window).order
    with site(tmp_path) as shop, chromium() as browser, reader(browser, viewport=PHONE) as staff:
        page = staff.page
        sign_in(page, shop, made, address("suppliers.supplierreturn", "add"))
        page.get_by_label("Seats of").first.fill("2")
        assert fits(page)
        page.get_by_role("button", name="Preview").click()
        assert fits(page)
        page.get_by_role("button", name="Ask for 2 seats to go back").click()
        expect(page.get_by_text("The seats are off sale.")).to_be_visible()
        page.goto(f"{shop.web.url}{address('suppliers.supplierinvoice', 'add')}?order={order.pk}")
        page.get_by_label("Their number").fill("F-2041")
        page.get_by_label("Each, or amount").first.fill("26")
        assert fits(page)
        page.get_by_role("button", name="Enter the invoice").click()
        expect(page.get_by_text("It does not match, so its debts are held")).to_be_visible()
        page.get_by_role("link", name="Accept as it is").click()
        page.get_by_label("Reason").fill("Agreed by telephone")
        page.get_by_role("button", name="Accept it").click()
        page.set_viewport_size(TABLET)
        page.goto(f"{shop.web.url}{address('suppliers.paymentrun', 'add')}")
        page.get_by_label("Due by").fill((local_of(made) + timedelta(days=90)).isoformat())
        page.get_by_role("button", name="Show the debts").click()
        assert fits(page)
        page.get_by_role("button", name="Preview the run").click()
        page.set_viewport_size(WIDE)
        assert fits(page)
        page.get_by_role("button", name="Propose").click()
        expect(page.get_by_text("It waits for somebody’s approval")).to_be_visible()
    with acting_for(made["agency"]["id"]):
        assert SupplierInvoice.objects.get().status == "ACCEPTED"
        assert PaymentRun.objects.get().status == "PROPOSED"
        assert EventSeat.objects.filter(status="BLOCKED").count() == 2
    assert invariants.violations() == {}


def local_of(made):
    with acting_for(made["agency"]["id"]):
        return local_today()
