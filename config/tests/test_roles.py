"""Nothing serves or works with a database role that can look past row-level security."""

import importlib
import json
import sys

import pytest
from celery.signals import beat_init, worker_init
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from config import celery_app
from config.celery import refuse_to_start
from core import checks

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def unhurried(settings):
    """Who starts as a worker here, the tests' own process, gives way to nobody."""
    settings.WORKER_NICENESS = 0


@pytest.fixture
def superuser(monkeypatch):
    """The database says of our role what it says of one with too many rights."""
    monkeypatch.setattr(checks, "ROLE", "SELECT true, false")


def test_with_the_role_of_the_application_everything_starts():
    for signal in (worker_init, beat_init):
        assert dict(signal.send(sender=celery_app))[refuse_to_start] is None
    call_command("check_invariants", "--json")


@pytest.mark.parametrize("signal", [worker_init, beat_init])
def test_no_worker_and_no_beat_starts_with_a_role_that_sees_every_agency(superuser, signal):
    with pytest.raises(SystemExit, match="can look past row-level security"):
        signal.send(sender=celery_app)


def test_no_web_process_starts_with_it(superuser):
    sys.modules.pop("config.wsgi", None)
    with pytest.raises(ImproperlyConfigured):
        importlib.import_module("config.wsgi")


@pytest.mark.parametrize("command", ["check_invariants", "drain", "reconcile_payments"])
def test_no_command_works_with_it_and_says_why(superuser, capsys, command):
    with pytest.raises(SystemExit):
        call_command(command, "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["code"]) == (False, "improperly_configured")
    assert "without SUPERUSER and BYPASSRLS" in told["error"]


def test_the_doctor_reports_it_instead(superuser, capsys, monkeypatch):
    monkeypatch.setattr(
        "config.management.commands.doctor.ROLE", "SELECT current_user, true FROM pg_roles LIMIT 1"
    )
    with pytest.raises(SystemExit):
        call_command("doctor", "--json")
    told = json.loads(capsys.readouterr().out)["checks"]
    assert told["database"]["can_bypass_row_level_security"] is True
    assert told["database"]["ok"] is False


def test_a_ticket_code_is_verified_without_asking_the_database(
    superuser, capsys, django_assert_num_queries
):
    with django_assert_num_queries(0), pytest.raises(SystemExit):
        call_command("verify_qr", "T1nonsense", "--json")
    assert json.loads(capsys.readouterr().out)["code"] != "improperly_configured"
