"""People come to work for an agency by their own consent, and keep their accounts to themselves."""

import re
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from accounts.models import User
from agencies.models import Invitation, Membership
from config.tests import world
from config.tests.world import address, of, problems, told
from core import outbox
from core.tenancy import as_system

pytestmark = pytest.mark.django_db

ADD = "agencies.membership"
NEW = {"new_password1": "three-green-lanterns", "new_password2": "three-green-lanterns"}


@pytest.fixture
def nobody(agency):
    """A browser in which nobody is signed in."""
    return world.client_of(None, agency)


@pytest.fixture
def zoe():
    """The owner of another agency."""
    return world.staff(world.agency("balcon"), "OWNER")


def invite(client, email, role="FINANCE"):
    return client.post(address(ADD, "add"), {"email": email, "name": "Lena Brandt", "role": role})


def mailed_link(mails):
    """The path of the link in the last mail."""
    with as_system():
        outbox.deliver()
    return re.search(r"http://[^/]+(/admin/\S+)", mails[-1].body)[1]


def signs_in(client, email, password):
    words = {"username": email, "password": password}
    return client.post(reverse("admin:login"), words).status_code == 302


def test_a_new_person_chooses_a_password_and_may_sign_in(mireille, nobody, mailoutbox):
    invite(mireille, "Lena@parterre.example")
    assert not User.objects.filter(email__iexact="lena@parterre.example").exists()
    link = mailed_link(mailoutbox)
    assert mailoutbox[0].to == ["Lena@parterre.example"]
    page = nobody.get(link, follow=True)
    assert page.redirect_chain == [(reverse("admin:invitation"), 302)]
    assert "you are invited as Finance" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    # The form must tell its origin, or Django would take it for somebody else's.
    assert page["Referrer-Policy"] == "same-origin"
    assert nobody.get(link)["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    weak = nobody.post(reverse("admin:invitation"), {"new_password1": "1", "new_password2": "1"})
    assert weak.status_code == 200
    assert "too short" in weak.content.decode()
    done = nobody.post(reverse("admin:invitation"), NEW)
    assert "Sign in as Lena@parterre.example" in nobody.get(done["Location"]).content.decode()
    assert Membership.objects.get(user__name="Lena Brandt").role == "FINANCE"
    assert signs_in(nobody, "lena@parterre.example", NEW["new_password1"])
    nobody.logout()
    assert nobody.get(link, follow=True).status_code == 410
    assert Membership.objects.count() == 2


def test_inviting_a_known_person_says_and_changes_nothing_before_consent(
    mireille, nobody, zoe, mailoutbox
):
    User.objects.filter(pk=zoe.pk).update(is_staff=False)
    before = User.objects.values().get(pk=zoe.pk)
    answers = [
        told(mireille, invite(mireille, email)["Location"])[-1]
        for email in ("nobody@post.example", zoe.email.upper())
    ]
    assert [answer.partition(" to ")[0] for answer in answers] == [
        "An invitation is on its way"
    ] * 2
    assert not Membership.objects.filter(user=zoe).exists()
    assert User.objects.values().get(pk=zoe.pk) == before
    page = nobody.get(mailed_link(mailoutbox), follow=True).content.decode()
    assert "with the password you have" in page
    assert "new_password1" not in page
    nobody.post(reverse("admin:invitation"), NEW)
    assert Membership.objects.get(user=zoe).role == "FINANCE"
    assert User.objects.values().get(pk=zoe.pk) == before | {"is_staff": True}


def test_no_owner_can_come_to_know_or_set_the_password_of_anybody(
    mireille, agency, nobody, mailoutbox
):
    ines = world.staff(agency, "BOX_OFFICE")
    done = mireille.post(of(Membership.objects.get(user=ines), "new_password"))
    assert told(mireille, done["Location"]) == [f"A link is on its way to {ines.email}."]
    ines.refresh_from_db()
    assert ines.check_password(world.PASSWORD)
    link = mailed_link(mailoutbox)
    assert [mail.to for mail in mailoutbox] == [[ines.email]]
    assert nobody.get(link)["Referrer-Policy"] == "no-referrer"
    page = nobody.get(link, follow=True)
    assert "A new password for Box_Office" in page.content.decode()
    assert page["Referrer-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    form = page.redirect_chain[-1][0]
    assert (
        "too short"
        in nobody.post(form, {"new_password1": "1", "new_password2": "1"}).content.decode()
    )
    assert nobody.post(form, NEW)["Location"] == reverse("admin:login")
    assert signs_in(nobody, ines.email, NEW["new_password1"])
    again = world.client_of(None, agency).get(link, follow=True).content.decode()
    assert "This link is over" in again
    assert "new_password1" not in again


def test_a_link_for_a_new_password_lives_for_an_hour(
    mireille, agency, nobody, mailoutbox, settings
):
    mireille.post(of(Membership.objects.get(), "new_password"))
    link = mailed_link(mailoutbox)
    assert settings.PASSWORD_RESET_TIMEOUT == 3600
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert "This link is over" in nobody.get(link, follow=True).content.decode()


@pytest.mark.parametrize("end", ["withdrawn", "too old", "replaced", "forged", "elsewhere"])
def test_an_invitation_that_is_over_opens_nothing(mireille, nobody, zoe, mailoutbox, end):
    invite(mireille, "lena@parterre.example", role="OWNER")
    link, invitation = mailed_link(mailoutbox), Invitation.objects.get()
    if end == "withdrawn":
        mireille.post(of(invitation, "withdraw"))
    if end == "too old":
        Invitation.objects.update(expires_at=Now() - timedelta(seconds=1))
    if end == "replaced":
        invite(mireille, "LENA@parterre.example", role="FINANCE")
    if end == "forged":
        link = f"{link[:-3]}xx/"
    if end == "elsewhere":
        nobody = world.client_of(None, type("Host", (), {"host": "balcon.example"}))
    page = nobody.get(link, follow=True)
    assert (page.status_code, "invited as" in page.content.decode()) == (410, False)
    assert nobody.post(reverse("admin:invitation"), NEW).status_code == 410
    assert Membership.objects.count() == 1
    assert not User.objects.filter(email="lena@parterre.example").exists()


def test_who_is_removed_does_not_come_back_by_the_old_link(mireille, nobody, mailoutbox):
    invite(mireille, "lena@parterre.example")
    link = mailed_link(mailoutbox)
    nobody.get(link)
    nobody.post(reverse("admin:invitation"), NEW)
    mireille.post(of(Membership.objects.get(role="FINANCE"), "remove"))
    assert nobody.get(link, follow=True).status_code == 410
    assert problems(invite(mireille, "owner@parterre.example"))[0].startswith("Owner is a member")


@pytest.mark.parametrize("role", ["PURCHASING", "BOX_OFFICE", "FINANCE", "GATE_MANAGER"])
def test_only_owners_invite(agency, role):
    client = world.client_of(world.staff(agency, role), agency)
    assert invite(client, "lena@parterre.example").status_code in (302, 403)
    assert not Invitation.objects.exists()
