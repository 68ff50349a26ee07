"""The reports in a browser: found in the menu, asked, kept as a link, taken along as files."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from analytics.reports import REPORTS
from config.tests.browser import PHONE, barriers, chromium, reader, site
from config.tests.scenarios import house
from core.tenancy import acting_for
from payments.models import Account, AccountCode

pytestmark = pytest.mark.browser


def test_every_report_is_opened_looked_at_and_taken_along(committed_db, tmp_path):
    made = house(options={"sold": 4})
    with acting_for(made["agency"]["id"]):
        for number, account in enumerate(Account.values):
            AccountCode.objects.create(account=account, code=f"{1000 + number}", name=account)
    with site(tmp_path) as shop, chromium() as browser:
        with reader(browser) as finance:
            sign_in(finance.page, shop, made)
            finance.page.get_by_role("link", name="Stock", exact=True).click()
            for report in REPORTS.values():
                look_at(finance.page, report)
                take_along(finance.page, report)
            ask_again(finance.page)
        with reader(browser, viewport=PHONE, color_scheme="dark") as phone:
            sign_in(phone.page, shop, made)
            for report in REPORTS.values():
                phone.page.goto(f"{shop.web.url}{reverse('admin:report', args=[report.name])}")
                width = phone.page.evaluate("document.documentElement.scrollWidth")
                assert width <= PHONE["width"], report.name
            assert barriers(phone.page) == []


def sign_in(page, shop, made):
    page.goto(f"{shop.web.url}{reverse('admin:index')}")
    page.locator("#id_username").fill(made["staff"]["user"])
    page.locator("#id_password").fill(made["staff"]["password"])
    page.locator("#id_password").press("Enter")
    expect(page.locator("#nav-sidebar")).to_be_attached()


def look_at(page, report):
    """From the list to the report; the menu marks its group."""
    page.goto(page.url.split("/admin/")[0] + reverse("admin:reports"))
    page.locator(".asks").get_by_role("link", name=report.title).click()
    expect(page.locator("h2.big")).to_have_text(report.title)
    expect(page.locator("#nav-sidebar [aria-current]")).to_contain_text(report.group)
    assert barriers(page) == [], report.name


def take_along(page, report):
    for kind, file in report.files.items():
        with page.expect_download() as started:
            page.locator(".files").get_by_role("link", name=file.label, exact=True).click()
        saved = started.value
        assert saved.suggested_filename.startswith(report.name), kind
        assert saved.suggested_filename.endswith(f".{file.extension}")
        assert saved.path().stat().st_size > 20


def ask_again(page):
    """By the keyboard: another division; the address keeps it, and a bad day is told beside it."""
    page.goto(page.url.split("/admin/")[0] + reverse("admin:report", args=["stock-value"]))
    page.get_by_label("By").select_option("section")
    page.get_by_role("button", name="Show").press("Enter")
    expect(page.get_by_role("columnheader", name="Section")).to_be_visible()
    assert "by=section" in page.url
    page.locator(".tbl").get_by_role("link", name="Seats", exact=True).click()
    assert "by=section" in page.url
    assert "order=-seats" in page.url
    expect(page.locator("th[aria-sort=descending]")).to_have_text("Seats")
    page.goto(f"{page.url}&on=tomorrow")
    expect(page.get_by_role("alert")).to_have_text("Write the day as 2026-11-21.")
