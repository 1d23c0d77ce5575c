"""A PostgreSQL cluster of our own: made in a folder, started, stopped, killed and started again.

The server of the system is left alone: this one has its own data, and listens on a socket in its folder only.
"""

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

OLDEST = 15
# Root may not run a server; the Debian package brings this account for it.
ACCOUNT = "postgres"
# It names the socket's file and nothing else: no port is opened, so none can be taken.
PORT = 5432
LONGEST_FOLDER = 80
START_SECONDS = 120
STOP_SECONDS = 60
# What it reads ends when our own process ends, however that happens: then no server is left behind.
WATCHER = 'read -r _ || kill -INT "$1"'


class PostgresError(Exception):
    """A server that is not there, or does not do what it is told."""


def version_of(told: str) -> int:
    """The major version, the first number in what `postgres --version` prints; 0 if there is none.

    >>> version_of("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"), version_of("postgres")
    (15, 0)
    """
    found = re.search(r"(\d+)", told)
    return int(found[1]) if found else 0


def server_programs(debian: Path = Path("/usr/lib/postgresql")) -> Path | None:
    """The folder of `postgres` and `initdb`, new enough; one in PATH comes first, then Debian's newest."""
    in_path = shutil.which("initdb")
    newest_first = sorted(
        debian.glob("*/bin"), key=lambda folder: version_of(folder.parent.name), reverse=True
    )
    for folder in [Path(in_path).resolve().parent, *newest_first] if in_path else newest_first:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            told = subprocess.run(
                [folder / "postgres", "--version"], capture_output=True, text=True, check=True
            )
            if version_of(told.stdout) >= OLDEST:
                return folder
    return None


def why_no_server() -> str | None:
    """What stands in the way of a server on this machine; None if nothing does."""
    if server_programs() is None:
        return f"no PostgreSQL server of version {OLDEST} or newer (Debian: apt-get install postgresql)"
    if os.geteuid() == 0 and ACCOUNT not in {entry.pw_name for entry in pwd.getpwall()}:
        return f"root may not run a PostgreSQL server, and there is no account named {ACCOUNT}"
    return None


def children_of(parent: int) -> set[int]:
    """The processes a process has started, as Linux lists them; elsewhere none are seen."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        # A process may end while this is read; a dead one (Z) is listed until somebody asks after it.
        with suppress(OSError):
            state, its_parent = entry.read_text().rpartition(")")[2].split()[:2]
            if int(its_parent) == parent and state != "Z":
                found.add(int(entry.parent.name))
    return found


def is_alive(process: int) -> bool:
    """Whether a process still runs; one that has ended and waits to be asked after does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class PostgresServer:
    """A cluster in a folder, made at its first start; a durable one waits for the disk, as in production."""

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self.folder = folder
        self.durable = durable
        self._data = folder / "data"
        self._account = ACCOUNT if os.geteuid() == 0 else None
        self._postmaster: subprocess.Popen[bytes] | None = None
        self._watcher: subprocess.Popen[bytes] | None = None
        self._named = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def url(self, database: str) -> str:
        """Where a database is reached, in a form that psycopg and SQLAlchemy both read."""
        return f"postgresql://postgres@/{database}?host={quote(str(self.folder))}&port={PORT}"

    def start(self) -> None:
        """Make the cluster if there is none yet, start it, and wait until it answers."""
        if self._postmaster is not None:
            raise PostgresError("the server runs already")
        if not (self._data / "PG_VERSION").exists():
            self._make()
        # fsync=off leaves it to the system when data reach the disk. A killed server loses nothing by it, a
        # lost machine everything: enough to test what is stored, never to prove that it lasts or to time it.
        fsync = "on" if self.durable else "off"
        self._postmaster = self._begin(
            "postgres",
            "-D",
            self._data,
            "-k",
            self.folder,
            "-p",
            PORT,
            "-c",
            "listen_addresses=",
            "-c",
            f"fsync={fsync}",
        )
        self._watcher = subprocess.Popen(
            ["/bin/sh", "-c", WATCHER, "watcher", str(self._postmaster.pid)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self._wait_for_answer(self._postmaster)

    def stop(self) -> None:
        """Let the server write what it holds, cut off its callers and end; no fault if it does not run."""
        if self._postmaster is None:
            return
        self._postmaster.send_signal(signal.SIGINT)
        try:
            self._postmaster.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise PostgresError(f"the server did not stop in {STOP_SECONDS} seconds: {self.log()}") from None
        self._forget()

    def kill(self) -> None:
        """End the server and every process of it where they stand, as a crash would."""
        if self._postmaster is None:
            raise PostgresError("the server does not run")
        # Held still first, so that it neither starts another process nor sees one die.
        self._postmaster.send_signal(signal.SIGSTOP)
        children = children_of(self._postmaster.pid)
        for process in children:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._postmaster.kill()
        self._postmaster.wait(STOP_SECONDS)
        deadline = time.monotonic() + STOP_SECONDS
        while any(is_alive(process) for process in children):
            if time.monotonic() > deadline:
                raise PostgresError("a process of the server outlived its end")
            time.sleep(0.01)
        self._forget()

    def restart(self) -> None:
        """Stop the server if it runs, and start it; after `kill`, it recovers what was committed."""
        self.stop()
        self.start()

    def new_database(self, copy_of: str | None = None) -> str:
        """The URL of a new database: empty, or a copy of another one that nobody is connected to."""
        self._named += 1
        name = f"book_{self._named}"
        source = conninfo_to_dict(copy_of)["dbname"] if copy_of else "template1"
        self._tell(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(str(source))
            )
        )
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Forget a database, and cut off who is still connected to it."""
        name = str(conninfo_to_dict(url)["dbname"])
        self._tell(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def log(self, characters: int = 2_000) -> str:
        """The end of what the server has said."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-characters:]

    @property
    def _log(self) -> Path:
        return self.folder / "server.log"

    def _make(self) -> None:
        if len(str(self.folder)) > LONGEST_FOLDER:
            raise PostgresError(
                f"{self.folder}: too long a path for a socket, at most {LONGEST_FOLDER} letters"
            )
        # The socket lets everybody in who reaches it, so nobody else may reach it.
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        if self._account:
            shutil.chown(self.folder, self._account, self._account)
        making = self._begin(
            "initdb",
            "-D",
            self._data,
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            *([] if self.durable else ["--no-sync"]),
        )
        if making.wait() != 0:
            raise PostgresError(f"initdb failed: {self.log()}")

    def _begin(self, program: str, *arguments: object) -> subprocess.Popen[bytes]:
        """Start a program of PostgreSQL, as an account it may run under, away from the terminal's Ctrl-C."""
        if (reason := why_no_server()) is not None or (programs := server_programs()) is None:
            raise PostgresError(reason)
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [programs / program, *(str(argument) for argument in arguments)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                # What the caller's PG… variables say is meant for another server.
                env={name: value for name, value in os.environ.items() if not name.startswith("PG")},
                start_new_session=True,
                user=self._account,
                group=self._account,
                extra_groups=None if self._account is None else [],
            )

    def _wait_for_answer(self, postmaster: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while postmaster.poll() is None and time.monotonic() < deadline:
            with suppress(psycopg.OperationalError), psycopg.connect(self.url("postgres")):
                return
            time.sleep(0.02)
        if postmaster.poll() is None:
            self.kill()
        else:
            self._forget()
        raise PostgresError(f"the server did not start: {self.log()}")

    def _forget(self) -> None:
        if self._watcher is not None:
            # A line to read tells it that the server has ended; without one it would end a stranger.
            self._watcher.communicate(b"\n")
        self._postmaster = self._watcher = None

    def _tell(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def temporary_server(*, durable: bool) -> Iterator[PostgresServer]:
    """A running server in a folder of its own, which is gone afterwards."""
    # Not in a folder of the caller: the account of the server may not be let through to it.
    folder = Path(tempfile.mkdtemp(prefix="carrierbill-pg-"))
    try:
        with PostgresServer(folder, durable=durable) as server:
            yield server
    finally:
        shutil.rmtree(folder)
