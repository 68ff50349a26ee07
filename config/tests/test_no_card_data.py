"""No card data reaches us: nowhere to type it, nowhere to keep it, no provider on our pages."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.test import Client

from core.tenancy import acting_for
from payments.peers.paypal.api import EXPERIENCE, ORDER, UNIT, WALLET
from payments.peers.square import api as square
from payments.peers.stripe.api import SESSION_OPTIONAL, SESSION_REQUIRED

ROOT = Path(settings.BASE_DIR)
CARD = re.compile(
    r"card[\s_-]?(number|no\b|num\b|holder)|cardnumber|\bcc-(number|csc|exp|name|type)|\bcvc\b|\bcvv2?\b"
    r"|\bcsc\b|security[\s_-]code|expir(y|ation)[\s_-]?(date|month|year)|exp[\s_-](month|year)|\bpan\b",
    re.IGNORECASE,
)
INPUT = re.compile(r"<(?:input|select|textarea)\b[^>]*>", re.IGNORECASE)
OF_OTHERS = re.compile(r"(?:src|href|action)=[\"']https?://", re.IGNORECASE)
OWN = ("*/templates/**/*.html", "templates/**/*.html", "static/js/**/*.js")


def sources():
    files = {file for pattern in OWN for file in ROOT.glob(pattern)}
    return [file for file in files if not {".venv", "staticfiles"} & set(file.parts)]


def inputs_for_cards(text):
    return [found for found in INPUT.findall(text) if CARD.search(found)]


@pytest.mark.parametrize(
    "field",
    [
        '<input name="card_number">',
        '<input autocomplete="cc-number" name="n">',
        '<input name=x placeholder="CVC">',
        '<select name="exp_month">',
    ],
)
def test_control_a_field_for_a_card_is_seen(field):
    assert inputs_for_cards(f"<form>{field}</form>")


def test_no_template_and_no_script_of_ours_asks_for_a_card():
    files = sources()
    assert len(files) > 50
    for file in files:
        text = file.read_text()
        assert not inputs_for_cards(text), file
        assert not re.search(r"js\.stripe\.com|paypal\.com/sdk|squarecdn\.com", text), file
        assert not re.search(r"autocomplete\W+cc-", text), file


def test_no_column_of_ours_is_for_a_card():
    columns = [
        f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if CARD.search(field.name)
    ]
    assert columns == []


def test_nothing_we_send_to_a_provider_has_a_place_for_a_card():
    to_square = {
        *(*square.LINK, *square.ORDER, *square.LINE, *square.CHECKOUT, *square.METHODS),
        *(*square.BUYER, *square.REFUND, *square.SEARCH, *square.SPARSE, *square.MONEY),
    }
    to_paypal = {*ORDER, *UNIT, *WALLET, *EXPERIENCE}
    sent = (*SESSION_REQUIRED, *SESSION_OPTIONAL, *to_paypal, *to_square)
    assert {"return_url", "redirect_url"} <= set(sent)
    assert not [name for name in sent if CARD.search(name)]
    assert not {"card", "source_id"} & (to_paypal | to_square)


@pytest.fixture
def checkout(made_shop):
    """The answer with the page before the provider's, as a buyer gets it."""
    world = made_shop
    buyer = Client()
    with acting_for(world["agency"]["id"]):
        slug = world["event"]["slug"]
        answer = buyer.post(f"/events/{slug}/reserve/", {"seat": "0"}, follow=True)
    assert answer.status_code == 200
    assert "Details and payment" in answer.content.decode()
    return answer


def directives(answer):
    parts = answer["Content-Security-Policy"].split(";")
    return {words[0]: words[1:] for words in (part.split() for part in parts) if words}


@pytest.mark.django_db
def test_the_page_before_payment_asks_for_no_card_and_loads_nothing_of_others(checkout):
    page = checkout.content.decode()
    assert INPUT.findall(page)
    assert not inputs_for_cards(page)
    assert not OF_OTHERS.findall(page)
    assert "<iframe" not in page


@pytest.mark.django_db
def test_its_policy_lets_no_script_and_no_frame_of_others_in_and_forms_go_to_providers_only(
    checkout,
):
    found = directives(checkout)
    for name in ("default-src", "script-src", "style-src", "worker-src"):
        assert found[name] == ["'self'"]
    assert "frame-src" not in found  # then it is default-src
    assert set(found["form-action"]) == {"'self'", *settings.PAYMENT_PAGES}
