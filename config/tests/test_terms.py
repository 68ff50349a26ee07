"""The terms of sale: published in versions, accepted before anybody pays, kept as proof."""

import json
import zipfile
from io import BytesIO

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client as Browser

from accounts.models import ApiKey
from agencies.models import TermsOfSale
from agencies.terms import NothingNew, publish_terms
from bookings.evidence import pack_of
from bookings.models import Booking, Consent
from bookings.services import Sale, TermsNotAccepted, accept_terms, contact, pay, reserve
from config.tests import world
from config.tests.selling_by_stripe import stripe
from config.tests.world import of
from core.network import shortened
from core.tenancy import acting_for
from payments.models import Payment

__all__ = ["stripe"]  # a fixture
pytestmark = pytest.mark.django_db
TEXT = "Tickets are sold for good.\n\nWho comes late waits for the interval."
NOOR = {"name": "Noor Vance", "email": "noor@post.example"}


@pytest.fixture
def house():
    return world.agency()


@pytest.fixture
def event(house):
    with acting_for(house.pk):
        made = world.event_on_sale(world.venue()[1])
        world.received_order(made)
        yield made


@pytest.fixture
def browser(house):
    return world.client_of(None, house)


def checkout_of(browser, event, *seats):
    return browser.post(f"/events/{event.slug}/reserve/", {"seat": seats}).url


def test_without_a_text_nothing_is_asked_for(event, browser):
    checkout = checkout_of(browser, event, 0)
    assert "terms of sale" not in browser.get(checkout).content.decode()
    assert browser.get("/terms/").status_code == 404
    assert browser.post(f"{checkout}pay/", NOOR).status_code == 302
    assert Payment.objects.get().status == "PROCESSING"
    assert not Consent.objects.exists()


def test_nobody_pays_without_the_tick_and_nothing_typed_is_lost(event, browser):
    terms = publish_terms(TEXT, by=None)
    checkout = checkout_of(browser, event, 0)
    page = browser.get(checkout).content.decode()
    assert f'href="/terms/{terms.digest}/"' in page
    assert f'name="accepts_terms" id="id_accepts_terms" value="{terms.digest}" required>' in page
    answer = browser.post(f"{checkout}pay/", NOOR, follow=True).content.decode()
    assert "Please accept the terms of sale" in answer
    assert 'value="Noor Vance"' in answer
    assert Payment.objects.get().status == "PENDING"
    assert not Consent.objects.exists()
    said = NOOR | {"accepts_terms": terms.digest}
    browser.post(f"{checkout}pay/", said, REMOTE_ADDR="203.0.113.77")
    consent = Consent.objects.get()
    assert (consent.terms, consent.channel, consent.network) == (terms, "WEB", "203.0.113.0/24")
    assert Payment.objects.get().status == "PROCESSING"
    browser.post(f"{checkout}pay/", NOOR)
    assert Consent.objects.count() == 1


def test_who_read_an_older_text_is_asked_again_for_the_new_one(stripe, event, browser):
    old = publish_terms(TEXT, by=None)
    checkout = checkout_of(browser, event, 0)
    browser.post(f"{checkout}pay/", NOOR | {"accepts_terms": old.digest})
    new = publish_terms(f"{TEXT}\n\nNo umbrellas.", by=None)
    answer = browser.post(f"{checkout}pay/", NOOR | {"accepts_terms": old.digest}, follow=True)
    assert "have changed since you opened this page" in answer.content.decode()
    browser.post(f"{checkout}pay/", NOOR | {"accepts_terms": new.digest})
    assert [one.terms for one in Consent.objects.all()] == [old, new]


def test_no_way_to_the_money_leads_past_it(event):
    publish_terms(TEXT, by=None)
    booking = world.reservation(event, [0])
    with pytest.raises(TermsNotAccepted):
        pay(booking.pk)
    assert Payment.objects.get().status == "PENDING"


def test_the_api_reserves_as_ever_and_accepts_before_paying(stripe, house, event):
    publish_terms(TEXT, by=None)
    token = ApiKey.objects.make(role="partner", name="Partner")[1]
    caller = Browser(headers={"host": house.host, "authorization": f"Api-Key {token}"})

    def post(path, body=None):
        return caller.post(f"/api/v1/bookings{path}", body or {}, content_type="application/json")

    reserved = post("", {"event": str(event.pk), "seats": [0]})
    assert reserved.status_code == 201
    address = f"/{reserved.json()['id']}"
    assert post(f"{address}/contact", NOOR).status_code == 200
    refused = post(f"{address}/pay")
    assert (refused.status_code, refused.json()["code"]) == (422, "terms_not_accepted")
    assert refused.json()["terms"] == "/terms/"
    assert post(f"{address}/contact", NOOR | {"accepts_terms": True}).status_code == 200
    assert post(f"{address}/pay").status_code == 200
    wish = {"event": str(event.pk), "seats": [1], "accepts_terms": True, "contact": NOOR}
    second = post("", wish).json()["id"]
    assert post(f"/{second}/pay").status_code == 200
    assert set(Consent.objects.values_list("channel", flat=True)) == {"API"}


def test_the_evidence_has_the_words_that_were_accepted(event, browser):
    terms = publish_terms(TEXT, by=None)
    checkout = checkout_of(browser, event, 0)
    browser.post(f"{checkout}pay/", NOOR | {"accepts_terms": terms.digest})
    publish_terms("All is different now.", by=None)
    booking = Booking.objects.select_related("event__venue", "customer", "terms").get()
    pack = zipfile.ZipFile(BytesIO(pack_of(booking)))
    told = json.loads(pack.read(f"evidence-{booking.number}.json"))
    by_title = {one["title"]: one["rows"] for one in told["sections"]}
    assert by_title["Terms of sale accepted"][0]["Version"] == terms.digest
    words = by_title[f"Terms of sale, version {terms.digest}"]
    assert {"Text": "Tickets are sold for good."} in words
    assert pack.read(f"evidence-{booking.number}.pdf").startswith(b"%PDF")


def test_every_version_can_be_read_and_none_is_rewritten(event, browser):
    old = publish_terms(TEXT, by=None)
    new = publish_terms("All is different now.", by=None)
    assert "All is different now." in browser.get("/terms/").content.decode()
    earlier = browser.get(f"/terms/{old.digest}/").content.decode()
    assert "This is an earlier version." in earlier
    assert "Who comes late waits" in earlier
    assert "earlier version" not in browser.get(f"/terms/{new.digest}/").content.decode()
    assert browser.get("/terms/nothing/").status_code == 404
    with pytest.raises(NothingNew):
        publish_terms(" All is different now. ", by=None)
    publish_terms("", by=None)
    assert browser.get("/terms/").status_code == 404


def test_the_owner_publishes_and_others_read(house, event):
    owner, desk = (
        world.client_of(world.staff(house, role), house) for role in ("OWNER", "FINANCE")
    )
    add = world.address("agencies.termsofsale", "add")
    assert desk.post(add, {"text": TEXT}).status_code in (302, 403)
    assert not TermsOfSale.objects.exists()
    owner.post(add, {"text": TEXT})
    terms = TermsOfSale.objects.get()
    assert terms.published_by.email.startswith("owner@")
    assert "Tickets are sold for good." in desk.get(of(terms)).content.decode()


@pytest.mark.parametrize("table", ["agencies_termsofsale", "bookings_consent"])
@pytest.mark.parametrize("change", ["UPDATE {} SET agency_id = agency_id", "DELETE FROM {}"])
def test_what_was_accepted_is_never_rewritten(event, table, change):
    publish_terms(TEXT, by=None)
    accept_terms(world.reservation(event, [0]).pk, network="")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change.format(table))


def test_where_nothing_is_to_be_paid_they_are_asked_for_as_well(event):
    publish_terms(TEXT, by=None)
    free = reserve(event=event, ordinals=[0], sale=Sale(is_complimentary=True))
    contact(free.pk, **NOOR)
    with pytest.raises(TermsNotAccepted):
        pay(free.pk)
    accept_terms(free.pk, network="")
    pay(free.pk)
    assert Booking.objects.get().status == "CONFIRMED"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("nobody", ""),
    ],
)
def test_of_an_address_its_beginning_is_kept(address, network):
    assert shortened(address) == network
