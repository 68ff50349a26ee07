"""The back office opens for who may see it, for nobody else, and nothing final can be forged there."""

import pytest
from django.contrib import admin
from django.urls import reverse

from config.admin_site import OPERATOR, RIGHTS, BackOffice
from config.tests import world
from core.tenancy import acting_for

pytestmark = pytest.mark.django_db

ROLES = [role for role in RIGHTS if role != "PROMOTER"]


@pytest.fixture
def house():
    return world.house()


@pytest.fixture
def owner(house):
    return house.client("OWNER")


@pytest.fixture
def here(house):
    with acting_for(house.agency.pk):
        yield house


def address(label, page="changelist", *arguments):
    return reverse(f"admin:{label.replace('.', '_')}_{page}", args=arguments)


def opens(answer):
    """A page, or the way back to the thing with a sentence; not the way to the door."""
    return answer.status_code in (200, 302) and "/login/" not in answer.get("Location", "")


def labels():
    return {model._meta.label_lower for model in admin.site._registry}


def pages_of(label, row):
    """[(right that opens it, address)] of every page of a model."""
    model_admin = next(a for m, a in admin.site._registry.items() if m._meta.label_lower == label)
    found = [
        ("view", address(label)),
        ("view", address(label, "change", row.pk)),
        ("view", address(label, "history", row.pk)),
        ("add", address(label, "add")),
        ("delete", address(label, "delete", row.pk)),
    ]
    if model_admin.export_columns:
        found.append(("view", address(label, "export")))
    steps = [getattr(model_admin, name).step for name in model_admin.steps]
    return found + [(step.right, address(label, step.name, row.pk)) for step in steps]


def test_the_site_is_ours_and_every_model_on_it_stands_in_the_table():
    assert type(admin.site) is BackOffice
    assert labels() == set(RIGHTS["OWNER"]) | set(OPERATOR)
    assert not any(RIGHTS["PROMOTER"].values())


def test_every_page_of_every_model_opens_for_the_owner(house, owner):
    refused = []
    for label, letters in RIGHTS["OWNER"].items():
        for right, page in pages_of(label, house.rows[label]):
            if right[0] not in letters:
                continue
            answer = owner.get(page)
            if not opens(answer):
                refused.append((page, answer.status_code))
    assert refused == []
    assert owner.get(reverse("admin:index")).status_code == 200
