"""The back office opens for who may see it, for nobody else, and nothing final can be forged there."""

import pytest
from axes.models import AccessAttempt
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpResponseForbidden
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agencies.models import Agency, Invitation, Membership
from agencies.services import accept_invitation
from bookings.models import Booking
from bookings.services import abandon
from config.admin_site import OPERATOR, RIGHTS, BackOffice
from config.closed import closed as closed_page
from config.tests import world
from config.tests.world import address, of, told
from core import invariants
from core.memory import Remembered
from core.models import AuditEntry
from core.tenancy import acting_for, as_system
from events.models import Event
from inventory.models import EventSeat
from payments.models import LedgerEntry, Payment
from suppliers.models import (
    AccountsPayable,
    DeliveryReceipt,
    PaymentRun,
    PurchaseOrder,
    SupplierPayment,
    SupplierReturn,
)

pytestmark = pytest.mark.django_db

ROLES = [role for role in RIGHTS if role != "PROMOTER"]
KEEPERS_OF_GATE_KEYS = ("OWNER", "GATE_MANAGER")
DESK = "/admin/"


@pytest.fixture
def house(parterre):
    return parterre


@pytest.fixture
def owner(house):
    return house.client("OWNER")


@pytest.fixture
def here(house):
    with acting_for(house.agency.pk):
        yield house


def admin_of(label):
    return next(a for model, a in admin.site._registry.items() if model._meta.label_lower == label)


def pages_of(label, row):
    """[(right that opens it, address)] of every page of a model."""
    found = [
        ("view", address(label)),
        ("view", address(label, "change", row.pk)),
        ("view", address(label, "history", row.pk)),
        ("add", address(label, "add")),
        ("delete", address(label, "delete", row.pk)),
    ]
    if admin_of(label).export_columns:
        found.append(("view", address(label, "export")))
    steps = [getattr(admin_of(label), name).step for name in admin_of(label).steps]
    return found + [(step.right, address(label, step.name, row.pk)) for step in steps]


def opens(answer):
    """A page, or the way back to the thing with a sentence; not the way to the door."""
    return answer.status_code in (200, 302) and "/login/" not in answer.get("Location", "")


def is_refused(answer):
    return answer.status_code == 403 or "/admin/login/" in answer.get("Location", "")


# Who gets in


def test_every_model_on_the_site_stands_in_the_table_and_is_guarded_by_it():
    assert type(admin.site) is BackOffice
    labels = {model._meta.label_lower for model in admin.site._registry}
    assert labels == set(RIGHTS["OWNER"]) | set(OPERATOR)
    assert not any(RIGHTS["PROMOTER"].values())
    financial = ("payments.", "suppliers.", "bookings.", "inventory.", "tickets.ticket")
    for role, rights in RIGHTS.items():
        assert not [m for m, r in rights.items() if m.startswith(financial) and "d" in r], role
    for page in admin.site._registry.values():
        assert page.has_view_permission.__module__ == "core.admin_base"


def test_every_page_of_every_model_opens_for_the_owner(house, owner):
    elsewhere = {
        *(("delete", "events.event"), ("delete", "events.pricelevel")),  # while it is a draft
        ("add", "events.pricelevel"),  # on the event's page
    }
    closed = []
    for label, letters in RIGHTS["OWNER"].items():
        for right, page in pages_of(label, house.rows[label]):
            if right[0] not in letters or (right, label) in elsewhere:
                continue
            answer = owner.get(page)
            closed += [] if opens(answer) else [(page, answer.status_code)]
    assert closed == []
    for page in (DESK, reverse("admin:find"), reverse("admin:password_change")):
        assert owner.get(page).status_code == 200


class Bare(HttpResponseForbidden):
    def render(self):
        return self


@pytest.fixture
def closed_drawn_once(monkeypatch):
    """Who finds a page closed first is shown why, in the whole frame; the next ones only that it is."""
    drawn = set()

    def closed(request, site, reason, **words):
        if isinstance(reason, PermissionDenied) and request.path in drawn:
            return Bare()
        drawn.add(request.path)
        return closed_page(request, site, reason, **words)

    monkeypatch.setattr("config.admin_site.closed", closed)


@pytest.mark.usefixtures("closed_drawn_once")
def test_a_page_answers_403_exactly_when_the_table_has_no_such_right(house):
    wrong = []
    for role in ROLES:
        client = house.client(role)
        assert client.get(DESK).status_code == 200
        for label, letters in RIGHTS[role].items():
            for right, page in pages_of(label, house.rows[label]):
                answer = client.get(page)
                expected = right[0] in letters and "v" in letters
                if expected and right in ("add", "delete"):
                    continue  # see the story above
                if expected and label == "accounts.apikey" and role not in KEEPERS_OF_GATE_KEYS:
                    continue  # they see their own keys only, and this one is a gate's
                if opens(answer) != expected or is_refused(answer) == expected:
                    wrong.append((role, page, answer.status_code))
    assert wrong == []


@pytest.mark.parametrize(
    ("role", "page", "says"),
    [
        (
            "BOX_OFFICE",
            "payments.journal",
            "Your role, Box office, may not see Ledger. Owner and Finance may.",
        ),
        (
            "GATE_MANAGER",
            "suppliers.supplier",
            "Gate manager, may not see Suppliers. Owner, Purchasing and Finance may.",
        ),
    ],
)
def test_a_closed_page_says_in_the_desks_frame_who_may_open_it(house, role, page, says):
    answer = house.client(role).get(address(page))
    shown = answer.content.decode()
    assert answer.status_code == 403
    assert says in shown
    assert 'id="nav-sidebar"' in shown
    assert f'href="{DESK}"' in shown


def test_a_closed_step_is_named_and_what_nobody_may_is_said(house):
    order = house.rows["suppliers.purchaseorder"]
    shown = house.client("FINANCE").get(of(order, "receive")).content.decode()
    assert "Finance, may not use “Receive” on Purchase orders. Owner and Purchasing may." in shown
    assert f'href="{address("suppliers.purchaseorder")}"' in shown
    nobody = house.client("OWNER").get(address("tickets.scan", "add"))
    assert "No role may: it is not done by hand." in nobody.content.decode()


def test_an_address_without_a_page_is_told_in_the_desks_frame(house):
    answer = house.client("OWNER").get("/admin/nothing/here/")
    assert answer.status_code == 404
    assert "There is nothing at this address." in answer.content.decode()
    assert 'id="nav-sidebar"' in answer.content.decode()


def test_nobody_without_a_role_in_this_agency_gets_in(house):
    elsewhere = world.agency("balcon")
    strangers = [
        None,
        world.person("staff@nowhere.example"),
        world.staff(elsewhere, "OWNER"),
        house.people["PROMOTER"],
        world.person("buyer@post.example", is_staff=False),
    ]
    with acting_for(house.agency.pk):
        fired = world.person("fired@parterre.example", is_active=False)
        Membership.objects.create(user=fired, role="OWNER")
    pages = [
        DESK,
        *(address(label) for label in RIGHTS["OWNER"]),
        of(house.rows["bookings.booking"]),
    ]
    for stranger in [*strangers, fired]:
        client = world.client_of(stranger, house.agency)
        for page in pages:
            assert "/admin/login/" in client.get(page).get("Location", ""), (stranger, page)


def test_another_agencys_rows_are_not_there(house):
    other = world.house("balcon")
    client = house.client("OWNER")
    for label, letters in RIGHTS["OWNER"].items():
        row = other.rows[label]
        if len(str(row.pk)) > 10:  # a number stands on many pages
            assert str(row.pk) not in client.get(address(label)).content.decode()
        for right, page in pages_of(label, row)[1:]:
            if right[0] in letters and str(row.pk) in page:
                answer = client.get(page)
                assert answer.status_code in (302, 404), page
                assert answer.get("Location", "") in ("", DESK, address(label)), page


def test_the_operator_keeps_agencies_and_people_of_all_agencies_and_nothing_else(house):
    other = world.agency("balcon")
    operator = world.person("ops@tessera.example", is_superuser=True, name="Ops")
    attempt = AccessAttempt.objects.create(
        username="x", ip_address="10.0.0.1", failures_since_start=1
    )
    client = world.client_of(operator, house.agency)
    for label, row in (
        ("agencies.agency", other),
        ("accounts.user", house.people["OWNER"]),
        ("axes.accessattempt", attempt),
    ):
        for right, page in pages_of(label, row):
            assert opens(client.get(page)) == (right[0] in OPERATOR[label]), page
    assert b"Balcon" in client.get(address("agencies.agency")).content
    for label in set(RIGHTS["OWNER"]) - set(OPERATOR):
        assert client.get(address(label)).status_code == 403, label
    assert client.get(DESK).status_code == 200


def test_an_agency_made_by_the_operator_gets_its_first_owner(house):
    client = world.client_of(world.person("ops@tessera.example", is_superuser=True), house.agency)
    fields = {"name": "Balcon", "slug": "balcon", "host": "balcon.example", "currency": "EUR"}
    fields |= {"time_zone": "Europe/Paris"}
    fields |= {"sale_cost_percent": "1.4", "sale_cost_fixed": "0.25", "when_disputed": "LOCK"}
    fields |= {"invoice_tolerance_percent": "1", "invoice_tolerance": "5"}
    assert client.post(address("agencies.agency", "add"), fields).status_code == 302
    with as_system():
        made = Agency.objects.get(slug="balcon")
    answer = client.post(of(made, "add_owner"), {"email": "zoe@balcon.example", "name": "Zoé"})
    assert "on its way to zoe@balcon.example" in told(client, answer["Location"])[-1]
    with acting_for(made.pk):
        accept_invitation(Invitation.objects.get().pk, password=world.PASSWORD)
        assert Membership.objects.get().role == "OWNER"
    with acting_for(house.agency.pk):
        assert not Membership.objects.filter(user__email="zoe@balcon.example").exists()


def test_staff_sign_in_by_e_mail_on_the_page(house):
    client = world.client_of(None, house.agency)
    words = {"username": "owner@parterre.example", "password": world.PASSWORD}
    assert client.post(reverse("admin:login"), {**words, "password": "x"}).status_code == 200
    assert client.post(reverse("admin:login"), words)["Location"] == DESK
    assert client.get(DESK).status_code == 200
    assert "frame-ancestors 'none'" in client.get(DESK)["Content-Security-Policy"]


def test_a_list_bears_whatever_stands_in_its_address(house, owner):
    for label in RIGHTS["OWNER"]:
        filters = [f for f in admin_of(label).list_filter if hasattr(f, "parameter_name")]
        wanted = [f"{f.parameter_name}=x" for f in filters] + [
            "q=x%00'%25",
            "q=0189",
            "o=99",
            "p=9",
        ]
        for query in wanted:
            answer = owner.get(f"{address(label)}?{query}")
            assert answer.status_code in (200, 302), (label, query)
    seats = f"{address('inventory.eventseat')}?event__id__exact={house.event.pk}"
    for query in ("section=x", "level=x", "level=none", "ownership__exact=OWNED", "q=Stalls A"):
        assert owner.get(f"{seats}&{query}").status_code == 200, query
    for words in ("", "a", "%00%00%00", "'; --", "ü" * 300):
        assert owner.get(reverse("admin:find") + f"?q={words}").status_code == 200
    assert owner.get(address("bookings.booking", "change", "not-a-key")).status_code == 302


# What cannot be forged


def test_status_money_and_history_cannot_be_posted(here):
    booking = here.rows["bookings.booking"]
    forged = {
        **{"status": "PAID", "amount": "1.00", "total": "1.00", "price": "1.00", "cost": "0"},
        **{"received": "0", "paid": "9", "currency": "USD", "ownership": "NOT_OWNED"},
        **{"number": "X", "last_error": "", "failed_at": "", "memo": "x", "at": "2020-01-01"},
    }
    before = {
        label: type(row).objects.filter(pk=row.pk).values().get() for label, row in _final(here)
    }
    for role in ROLES:
        client = here.client(role)
        for _, row in _final(here):
            answer = client.post(of(row), forged)
            assert answer.status_code in (302, 403)
    after = {
        label: type(row).objects.filter(pk=row.pk).values().get() for label, row in _final(here)
    }
    assert after == before
    assert Booking.objects.get(pk=booking.pk).status == "CONFIRMED"
    assert invariants.violations() == {}


def _final(house):
    """Rows that no form may change."""
    open_to_forms = {
        *("agencies.agency", "agencies.organizer", "venues.venue", "tickets.gate"),
        *("suppliers.supplier", "suppliers.purchaseorder", "events.event"),
        *("payments.accountcode", "events.feerule", "events.taxrule", "customers.programme"),
        "inventory.pricingrule",
        *("promotions.promotion", "inventory.presale", "customers.buyerlist"),
        "inventory.allocationplan",
    }
    return [(label, row) for label, row in house.rows.items() if label not in open_to_forms]


def test_forms_that_do_change_a_thing_leave_its_status_and_money_alone(here):
    event, order = here.rows["events.event"], here.rows["suppliers.purchaseorder"]
    client = here.client("OWNER")
    client.post(of(order), {"status": "DRAFT", "number": "X", "supplier": "", "notes": "Seen."})
    client.post(of(event), {"status": "COMPLETED", "currency": "USD", "title": "Later"})
    order.refresh_from_db()
    event.refresh_from_db()
    assert (order.status, event.status, event.currency) == ("COMPLETED", "ON_SALE", "EUR")
    assert order.number.startswith("PO-")


def test_a_step_posted_by_the_wrong_role_changes_nothing(here):
    with_rights = {
        ("bookings.booking", "give_up"): ("OWNER", "BOX_OFFICE"),
        ("suppliers.purchaseorder", "confirm"): ("OWNER", "PURCHASING"),
        ("events.event", "withdraw"): ("OWNER", "PURCHASING"),
        ("core.outboxmessage", "retry"): ("OWNER",),
    }
    for (label, name), allowed in with_rights.items():
        row = here.rows[label]
        for role in set(ROLES) - set(allowed):
            assert here.client(role).post(of(row, name)).status_code == 403, (role, name)
        assert is_refused(world.client_of(None, here.agency).post(of(row, name)))
    assert Event.objects.get().status == "ON_SALE"


def test_no_page_changes_anything_when_it_is_only_looked_at(here, owner):
    tables = [Booking, Payment, EventSeat, LedgerEntry, PurchaseOrder, DeliveryReceipt]
    tables += [AccountsPayable, PaymentRun, SupplierPayment, SupplierReturn]
    before = [list(table.objects.order_by("pk").values()) for table in tables]
    for label in RIGHTS["OWNER"]:
        for _, page in pages_of(label, here.rows[label]):
            owner.get(page)
    assert [list(table.objects.order_by("pk").values()) for table in tables] == before


# How much the lists ask of the database


def queries_of(client, page):
    client.get(page)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(page).status_code == 200
    return len(captured)


PINNED = {
    "events.event": 7,
    "bookings.booking": 7,
    "tickets.ticket": 8,
    "suppliers.purchaseorder": 7,
    "suppliers.accountspayable": 9,
    "suppliers.deliveryreceipt": 7,
    "payments.payment": 8,
    "payments.journal": 10,
    "customers.customer": 6,
    "venues.venue": 7,
    "tickets.gate": 7,
    "events.pricelevel": 9,
}


@pytest.fixture
def standing_clock(monkeypatch):
    """What is remembered for some seconds is remembered throughout: machines are slow at times."""
    monkeypatch.setattr("core.memory.time.monotonic", lambda: 1.0)
    Remembered.forget_everything()


@pytest.mark.usefixtures("standing_clock")
def test_lists_ask_the_same_few_questions_however_many_rows_they_show(here, owner):
    counted = {label: queries_of(owner, address(label)) for label in PINNED}
    seats = f"{address('inventory.eventseat')}?event__id__exact={here.event.pk}"
    few = queries_of(owner, seats), queries_of(owner, DESK)
    for row in "CDE":
        more_of_everything(here.event, row)
    assert {label: queries_of(owner, address(label)) for label in PINNED} == counted
    assert (queries_of(owner, seats), queries_of(owner, DESK)) == few
    assert counted == PINNED
    assert few == (15, 43)


@pytest.mark.usefixtures("standing_clock")
def test_the_trail_asks_once_for_each_kind_of_thing_that_it_names(here, owner):
    for row in "CDE":
        more_of_everything(here.event, row)
    kinds = AuditEntry.objects.values("table").distinct().count()
    assert queries_of(owner, address("core.auditentry")) <= 8 + kinds


def more_of_everything(event, row):
    world.received_order(event, rows=row)
    free = list(event.seats.sellable().values_list("ordinal", flat=True)[:4])
    world.sold_booking(event, free[:2])
    abandon(world.reservation(event, free[2:], email=f"{row}@post.example").pk)
