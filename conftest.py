"""Test databases. Everything here is about where a test's rows live, nothing about what they say.

A test marked `django_db` runs in a transaction that is rolled back. A test that takes
`committed_db` really commits (threads, processes, browsers) and gets a database of its own.
Either finds in it the world whose fixture it takes (config/tests/worlds.py), or nothing.
"""

import atexit
import fcntl
import os
from contextlib import ExitStack
from urllib.parse import urlsplit

from core.embedded import LOCAL, borrow

SECRETS = {
    "SECRET_KEY": "a-test-secret-of-fifty-characters-and-a-few-more-still",
    "TICKET_SIGNING_SECRET": "a-test-signing-secret-of-more-than-thirty-two-bytes",
    "PAYMENT_SIMULATOR_SECRET": "a-test-simulator-secret",
    "PAYMENT_WEBHOOK_SECRETS": "a-test-webhook-secret",
}
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
LONG = ("browser", "race", "crash")  # markers of the tests that take seconds
until_the_end = ExitStack()
atexit.register(until_the_end.close)


def find_services():
    """Start the servers of `.local/test` unless there are others; xdist's workers inherit them."""
    wanted = [
        server
        for server, variable in (("postgres", "DATABASE_URL"), ("valkey", "REDIS_URL"))
        if not os.environ.get(variable)
    ]
    if wanted:
        services = until_the_end.enter_context(borrow("test", wanted=wanted))
        found = {
            "DATABASE_URL": services.database_url,
            "DATABASE_ADMIN_URL": services.admin_database_url,
            "REDIS_URL": services.redis_url,
        }
        os.environ.update({key: value for key, value in found.items() if value})
    os.environ.setdefault("DATABASE_ADMIN_URL", os.environ["DATABASE_URL"])


def claim_redis_database():
    """A Redis database number that no other test process has; held until this one ends."""
    for number in range(1, 64):
        lock = os.open(LOCAL / "test" / f"redis-{number}.lock", os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        until_the_end.callback(os.close, lock)
        address = urlsplit(os.environ["REDIS_URL"])
        os.environ["REDIS_URL"] = address._replace(path=f"/{number}").geturl()
        return
    raise RuntimeError("All 63 Redis databases are in use by other test runs.")


(LOCAL / "test").mkdir(parents=True, exist_ok=True)
find_services()
claim_redis_database()
if WORKER == "main":
    os.environ["TESSERA_TEST_RUN"] = str(os.getpid())
for name, value in SECRETS.items():
    os.environ.setdefault(name, value)
os.environ["TESSERA_MODE"] = "test"
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"

# Only now may Django read its settings.
import django  # noqa: E402
import pytest  # noqa: E402
import redis  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import connection, connections  # noqa: E402

from core.embedded.chromium import find_chromium  # noqa: E402
from core.embedded.copies import copy_for  # noqa: E402
from core.memory import Remembered  # noqa: E402

django.setup()

from config.tests.worlds import BUILDERS, Worlds  # noqa: E402 - has models
from core import tenancy  # noqa: E402


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes():
    """Workers inherit this process's environment: with the name of the settings in it they would read
    them before this file gives them a Redis database of their own, and share one."""
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


def pytest_collection_modifyitems(items):
    if not find_chromium():
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))
    long = {item.path for item in items if any(map(item.get_closest_marker, LONG))}
    items.sort(key=lambda item: item.path not in long)  # no process waits long for the other's last


@pytest.fixture(scope="session")
def worlds(django_db_blocker, redis_database):
    """This worker's Copy of the migrated template, where Django's connections now lead."""
    copy = copy_for(
        run=os.environ["TESSERA_TEST_RUN"],
        worker=WORKER,
        app_url=os.environ["DATABASE_URL"],
        owner_url=os.environ["DATABASE_ADMIN_URL"],
        lock=LOCAL / "test" / "template.lock",
    )
    os.environ["DATABASE_URL"] = copy.url  # for the processes that tests start
    os.environ["DATABASE_ADMIN_URL"] = copy.admin_url
    settings.DATABASES["default"]["NAME"] = copy.name
    connection.close()
    connection.settings_dict["NAME"] = copy.name
    worlds = Worlds(copy, redis_database)
    yield worlds
    with django_db_blocker.unblock():
        connections.close_all()
    worlds.drop()


@pytest.fixture
def begun(request, worlds, django_db_blocker):
    """The database holds what this test begins with."""
    asked = [name for name in request.fixturenames if name in BUILDERS]
    assert len(asked) < 2, f"A test begins with one world: {asked}."
    with django_db_blocker.unblock():
        worlds.begin(*asked)


@pytest.fixture
def django_db_setup(begun):
    """Takes the place of pytest-django's own set-up."""


@pytest.fixture
def committed_db(request, worlds, begun, django_db_blocker):
    """A database to commit in: a Copy with `.url` (the application's role) and `.admin_url`.

    Afterwards whoever is still connected is cut off and the database is copied afresh.
    """
    if request.node.get_closest_marker("django_db") or "db" in request.fixturenames:
        pytest.fail("committed_db and django_db exclude each other.")
    with django_db_blocker.unblock():
        connections.close_all()  # an earlier test may have had its database copied afresh
        yield worlds.copy
        connections.close_all()
    worlds.copy.recreate()


@pytest.fixture(scope="session")
def redis_database():
    """A client of this worker's own Redis database."""
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        yield client


@pytest.fixture(autouse=True)
def _forget(redis_database):
    """No counter or cache of one test is seen by the next."""
    redis_database.flushdb()
    Remembered.forget_everything()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """Close connections that died with a former test's copy of the database.

    A hook, for a fixture would come too late: pytest-django's own has begun the transaction by then.
    """
    for each in connections.all(initialized_only=True):
        if each.connection is not None and not each.is_usable():
            each.close()


@pytest.fixture(autouse=True)
def _scope(request):
    """Every test begins for nobody. When its transaction is rolled back, deferred constraints are
    checked once more: they must then see the rows of every agency the test made."""
    if request.node.get_closest_marker("django_db"):
        request.getfixturevalue("db")
    tenancy._scope.set(tenancy.NOBODY)
    yield
    tenancy._scope.set(tenancy.Scope(system=True))
