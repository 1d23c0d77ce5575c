"""The PostgreSQL server of the tests: it is real, keeps what is committed, and never stays behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, inspect, text

from tools import postgres_server as servers
from tools.postgres_server import PostgresError, PostgresServer, temporary_server

ROOT = Path(__file__).parents[1]


@pytest.fixture
def server(postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """A durable server that a test may kill; the session's is asked for to skip where there is none."""
    assert not postgres_server.durable
    with temporary_server(durable=True) as killable:
        yield killable


def ask(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()


def tell(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode())


def wait_until_gone(process: int) -> None:
    deadline = time.monotonic() + 30
    while servers.is_alive(process) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not servers.is_alive(process)


def postmaster_of(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text(encoding="utf-8").split()[0])


def test_a_database_is_empty_and_apart_from_the_others(postgres_server: PostgresServer) -> None:
    one, other = postgres_server.new_database(), postgres_server.new_database()
    tell(one, "CREATE TABLE entry (won bigint)")
    found = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    assert (ask(one, found), ask(other, found)) == ([("entry",)], [])


def test_a_database_can_be_a_copy_of_another(postgres_server: PostgresServer) -> None:
    first = postgres_server.new_database()
    tell(first, "CREATE TABLE entry (won bigint); INSERT INTO entry VALUES (7)")
    assert ask(postgres_server.new_database(copy_of=first), "SELECT won FROM entry") == [(7,)]


def test_a_dropped_database_is_gone_even_for_those_still_connected(postgres_server: PostgresServer) -> None:
    url = postgres_server.new_database()
    with psycopg.connect(url) as connection:
        postgres_server.drop_database(url)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        ask(url, "SELECT 1")


def test_letters_are_utf8_and_sorted_by_their_code_on_every_machine(postgres_server: PostgresServer) -> None:
    url = postgres_server.new_database()
    assert ask(url, "SHOW server_encoding") == [("UTF8",)]
    assert ask(url, "SELECT datcollate FROM pg_database WHERE datname = current_database()") == [("C.UTF-8",)]
    assert ask(url, "SELECT 'a' > 'B'") == [(True,)]


def test_only_a_durable_server_waits_for_the_disk(
    postgres_server: PostgresServer, server: PostgresServer
) -> None:
    assert ask(postgres_server.url("postgres"), "SHOW fsync") == [("off",)]
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        assert ask(server.url("postgres"), f"SHOW {setting}") == [("on",)]


def test_no_port_is_open_and_the_folder_is_closed_to_others(server: PostgresServer) -> None:
    assert ask(server.url("postgres"), "SHOW listen_addresses") == [("",)]
    assert server.folder.stat().st_mode & 0o077 == 0


def test_what_is_committed_outlives_a_kill_and_what_is_not_does_not(server: PostgresServer) -> None:
    url = server.new_database()
    tell(url, "CREATE TABLE entry (won bigint); INSERT INTO entry VALUES (1)")
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO entry VALUES (2)")
        processes = {postmaster_of(server.folder), connection.info.backend_pid}
        server.kill()
        assert not any(servers.is_alive(process) for process in processes)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("INSERT INTO entry VALUES (3)")
    server.start()
    assert "was not properly shut down" in server.log(20_000)
    assert ask(url, "SELECT won FROM entry") == [(1,)]


def test_a_kill_ends_a_query_that_would_not_see_its_server_gone(server: PostgresServer) -> None:
    with psycopg.connect(server.url("postgres")) as busy:
        process = busy.info.backend_pid
        busy.pgconn.send_query(b"DO 'BEGIN FOR i IN 1..2000000000 LOOP END LOOP; END'")
        running = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'DO %' AND state = 'active'"
        while ask(server.url("postgres"), running) != [(process,)]:
            time.sleep(0.01)
        began = time.monotonic()
        server.kill()
        assert not servers.is_alive(process)
        assert time.monotonic() - began < servers.STOP_SECONDS // 2
        busy.close()


def test_a_restart_keeps_what_is_committed_and_recovers_nothing(server: PostgresServer) -> None:
    url = server.new_database()
    tell(url, "CREATE TABLE entry (won bigint); INSERT INTO entry VALUES (1)")
    server.restart()
    assert ask(url, "SELECT won FROM entry") == [(1,)]
    assert "was not properly shut down" not in server.log()


def test_a_server_ends_with_its_block_even_if_that_fails(postgres_server: PostgresServer) -> None:
    started: dict[Path, int] = {}

    def fail(server: PostgresServer) -> None:
        started[server.folder] = postmaster_of(server.folder)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), temporary_server(durable=postgres_server.durable) as doomed:
        fail(doomed)
    [(folder, process)] = started.items()
    assert not servers.is_alive(process)
    assert not folder.exists()


def test_a_server_ends_when_the_process_that_started_it_is_killed(server: PostgresServer) -> None:
    server.stop()
    starting = (
        "import os, signal, sys; from pathlib import Path; from tools.postgres_server import PostgresServer\n"
        "PostgresServer(Path(sys.argv[1]), durable=False).start(); os.kill(os.getpid(), signal.SIGSTOP)"
    )
    child = subprocess.Popen([sys.executable, "-c", starting, server.folder], cwd=ROOT, env={**os.environ})
    os.waitpid(child.pid, os.WUNTRACED)
    process = postmaster_of(server.folder)
    assert servers.is_alive(process)
    child.kill()
    assert child.wait() == -signal.SIGKILL
    wait_until_gone(process)


def test_a_server_is_started_once_and_killed_only_while_it_runs(server: PostgresServer) -> None:
    with pytest.raises(PostgresError, match="runs already"):
        server.start()
    server.stop()
    server.stop()
    with pytest.raises(PostgresError, match="does not run"):
        server.kill()


def test_a_start_that_fails_tells_what_the_server_said(server: PostgresServer) -> None:
    server.stop()
    with (server.folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as settings:
        settings.write("no_such_setting = on\n")
    with pytest.raises(PostgresError, match="no_such_setting"):
        server.start()


def test_a_folder_too_long_for_a_socket_is_refused(postgres_server: PostgresServer, tmp_path: Path) -> None:
    with pytest.raises(PostgresError, match="too long a path"):
        PostgresServer(tmp_path / (81 * "x"), durable=postgres_server.durable).start()


def test_a_machine_without_a_server_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert servers.server_programs(debian=tmp_path) is None
    monkeypatch.setattr(servers, "server_programs", lambda: None)
    assert "apt-get install postgresql" in (servers.why_no_server() or "")
    with pytest.raises(PostgresError, match="no PostgreSQL server"), temporary_server(durable=False):
        pass


@pytest.mark.parametrize(("told", "chosen"), [({"9.6": 9, "15": 15, "17": 17}, "17"), ({"14": 14}, None)])
def test_the_newest_server_is_chosen_and_none_that_is_too_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: dict[str, int], chosen: str | None
) -> None:
    monkeypatch.setattr("tools.postgres_server.shutil.which", lambda _: None)
    for version, number in told.items():
        folder = tmp_path / version / "bin"
        folder.mkdir(parents=True)
        for program in ("postgres", "initdb"):
            (folder / program).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {number}.1'\n")
            (folder / program).chmod(0o755)
    assert servers.server_programs(debian=tmp_path) == (tmp_path / chosen / "bin" if chosen else None)


def test_each_kind_of_database_is_fresh_and_usable(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        assert inspect(connection).get_table_names() == []
        connection.execute(text("CREATE TABLE entry (won bigint)"))
        assert inspect(connection).get_table_names() == ["entry"]
    engine.dispose()
