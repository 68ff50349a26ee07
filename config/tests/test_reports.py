"""Reports open for who may see them, keep the question in the address, and leave as files."""

import io
import zipfile

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analytics.reports import REPORTS
from config.admin_site import PAGE_RIGHTS
from config.tests import world
from core.tenancy import acting_for
from payments.models import Account, AccountCode

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(parterre):
    return parterre


def page(name):
    return reverse("admin:report", args=[name])


def file(name, kind):
    return reverse("admin:report_file", args=[name, kind])


def test_every_report_opens_with_its_usual_question_and_leaves_as_every_kind_of_file(house):
    owner = house.client("OWNER")
    code_every_account(house)
    for name, report in REPORTS.items():
        answer = owner.get(page(name))
        assert answer.status_code == 200, name
        assert answer.context["form"].is_valid(), (name, answer.context["form"].errors)
        for kind in report.files:
            sent = owner.get(file(name, kind))
            assert sent.status_code == 200, (name, kind)
            assert sent.streaming
            assert b"".join(sent.streaming_content)
            assert f".{report.files[kind].extension}" in sent["Content-Disposition"]


def code_every_account(house):
    with acting_for(house.agency.pk):
        for number, account in enumerate(Account.values):
            AccountCode.objects.update_or_create(
                account=account, defaults={"code": f"{1000 + number}", "name": account}
            )


def test_each_role_sees_the_reports_of_the_table_and_no_other(house):
    for role in ("OWNER", "PURCHASING", "BOX_OFFICE", "FINANCE", "GATE_MANAGER"):
        client, rights = house.client(role), PAGE_RIGHTS[role]
        code_every_account(house)
        for name, report in REPORTS.items():
            expected = 200 if rights[report.right] else 403
            assert client.get(page(name)).status_code == expected, (role, name)
            for kind in report.files:
                assert client.get(file(name, kind)).status_code == expected, (role, name, kind)
    listed = house.client("FINANCE").get(reverse("admin:reports")).content.decode()
    assert page("trial-balance") in listed
    assert house.client("GATE_MANAGER").get(reverse("admin:reports")).status_code == 403


def test_reports_and_files_are_only_looked_at(house):
    owner = house.client("OWNER")
    assert owner.post(page("trial-balance")).status_code == 405
    assert owner.post(file("trial-balance", "csv")).status_code == 405
    assert owner.get(page("no-such-report")).status_code == 404
    assert owner.get(file("trial-balance", "pdf")).status_code == 404


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"since": "yesterday"}, "Write the day as 2026-11-21."),
        ({"since": "0001-01-01"}, "2000"),
        ({"until": "9999-12-31"}, "2100"),
        ({"since": "2026-11-30", "until": "2026-11-01"}, "The period ends before it begins."),
        ({"since": ""}, "required"),
        ({"since": "2026-11-01\0"}, "Write the day"),
    ],
)
def test_a_question_that_cannot_be_answered_says_why_and_keeps_what_was_typed(house, asked, told):
    owner = house.client("OWNER")
    answer = owner.get(page("trial-balance"), asked)
    assert answer.status_code == 200
    assert told in str(answer.context["form"].errors)
    assert "found" not in answer.context
    refused = owner.get(file("trial-balance", "csv"), asked)
    assert refused.status_code == 422
    assert told in refused.content.decode()


@pytest.mark.parametrize("number", ["0", "-1", "99999999999999999999", "٣", "x", "7"])
def test_a_page_that_does_not_exist_is_an_empty_one(house, number):
    answer = house.client("OWNER").get(page("journals"), {"page": number})
    assert answer.status_code == 200
    if number == "7":
        assert "There is only 1 page." in answer.content.decode()


def test_a_column_sorts_up_and_down_and_the_address_keeps_the_question(house):
    owner = house.client("OWNER")
    asked = {"since": "2026-01-01", "order": "-closing"}
    shown = owner.get(page("trial-balance"), asked)
    closing = [row["closing"] for row in shown.context["found"].rows]
    assert closing == sorted(closing, reverse=True)
    links = {column.key: address for column, address, _ in shown.context["columns"]}
    assert "since=2026-01-01" in links["closing"]
    assert links["closing"].endswith("order=closing")
    unknown = owner.get(page("trial-balance"), {"order": "agency_id; DROP TABLE"})
    assert unknown.status_code == 200


def test_a_workbook_is_sent_in_parts_and_opens(house):
    sent = house.client("OWNER").get(file("trial-balance", "xlsx"))
    with zipfile.ZipFile(io.BytesIO(b"".join(sent.streaming_content))) as book:
        assert book.testzip() is None
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "Seats in stock, at cost" in sheet
    assert sheet.endswith("</sheetData></worksheet>")


def test_no_report_shows_a_row_of_another_agency(house):
    other = world.agency("elsewhere")
    stranger = world.client_of(world.staff(other, "OWNER"), other)
    for name in REPORTS:
        answer = stranger.get(page(name))
        assert answer.status_code == 200
        assert not answer.context["found"].rows, name


QUERIES = {
    "stock-value": 4,  # the events to choose from, room, value, the books
    "stock-movement": 3,
    "stock-age": 3,
    "profit": 3,
    "promotions": 1,
    "supplier-performance": 2,
    "demand": 1,
    "funnel": 2,
    "trial-balance": 1,
    "account-statement": 2,
    "journals": 2,
}


def test_a_report_is_a_fixed_number_of_queries_however_much_it_shows(house):
    """Beside what every page of the back office asks for."""
    owner = house.client("OWNER")
    usual = asked_by(owner, reverse("admin:reports"))
    first = {name: asked_by(owner, page(name)) - usual for name in REPORTS}
    assert first == QUERIES
    with acting_for(house.agency.pk):
        another = world.event_on_sale(house.event.layout, title="Another")
        world.received_order(another, rows="A")
        world.sold_booking(another, [0])
    assert {name: asked_by(owner, page(name)) - usual for name in REPORTS} == QUERIES


def asked_by(client, address):
    """How many statements a page sends, without savepoints and the agency, which is remembered for
    some seconds."""
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    usual = ("SAVEPOINT", '"agencies_agency"')
    return len([query for query in captured if not any(word in query["sql"] for word in usual)])
