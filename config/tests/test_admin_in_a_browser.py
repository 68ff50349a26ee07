"""The back office in a browser: nothing on its pages makes the browser's console complain."""

from urllib.parse import urlsplit

import pytest
from django.urls import reverse

from agencies.models import Agency
from analytics.reports import REPORTS
from config.admin_site import RIGHTS
from config.tests.browser import chromium, reader, site
from config.tests.test_order_in_a_browser import sign_in
from config.tests.world import address
from core.tenancy import as_system

pytestmark = pytest.mark.browser
FRONT = ("admin:index", "admin:find", "admin:reports", "admin:password_change")
NOT_BY_ITSELF = {"events.pricelevel"}  # a new one is made on its event's page


def pages_of(house):
    """The addresses of the lists, things and forms for new ones of all that an owner may see, of the
    reports and of the desk."""
    yield from map(reverse, FRONT)
    yield from (reverse("admin:report", args=[name]) for name in REPORTS)
    for label, letters in RIGHTS["OWNER"].items():
        yield address(label)
        yield address(label, "change", house.rows[label].pk)
        if "a" in letters and label not in NOT_BY_ITSELF:
            yield address(label, "add")


@pytest.fixture
def owner_at(committed_db, parterre, tmp_path):
    """(the house, the owner's Reader at her desk, the site's address)."""
    with as_system():
        Agency.objects.filter(pk=parterre.agency.pk).update(host="127.0.0.1")
    with site(tmp_path) as shop, chromium() as browser, reader(browser) as someone:
        sign_in(someone.page, f"{shop.web.url}/admin/", parterre.people["OWNER"].email)
        yield parterre, someone, shop.web.url


def test_no_page_of_the_back_office_makes_the_browser_complain(owner_at):
    house, owner, site_url = owner_at
    found = {}
    for page in pages_of(house):
        shown = owner.page.goto(f"{site_url}{page}")
        assert shown.status == 200, page
        assert urlsplit(shown.url).path.startswith("/".join(page.split("/")[:4])), shown.url
        choose_files(owner.page)
        owner.page.wait_for_timeout(50)  # what scripts begin once the page is there
        if owner.complaints:
            found[page] = list(owner.complaints)
            owner.complaints.clear()
    assert not found, found


def test_a_chosen_file_writes_its_name_into_no_other_field(owner_at):
    house, owner, site_url = owner_at
    buyers = house.rows["customers.buyerlist"]
    pages = [
        address("payments.bankstatement", "add"),
        address("customers.buyerlist", "import_addresses", buyers.pk),
    ]
    for page in pages:
        owner.page.goto(f"{site_url}{page}")
        assert choose_files(owner.page) == 1, page
        fields = owner.page.locator("input[type=text]").all()
        assert FILE["name"] not in [field.input_value() for field in fields], page
    assert owner.complaints == []


FILE = {"name": "chosen.csv", "mimeType": "text/csv", "buffer": b"a,b\n"}


def choose_files(page):
    """Chooses a file wherever the page asks for one; returns how often."""
    asked = page.locator("input[type=file]").all()
    for field in asked:
        field.set_input_files(FILE)
    return len(asked)
