"""A server that is told to end answers what it has taken, does what is under way, and ends with 0."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

MOST_S = 30


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A served database of its own, and its address."""
    environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "LANG": "C.UTF-8"}
    environment |= {"CARRIERBILL_RULES": "terms", "CARRIERBILL_DATABASE_URL": f"sqlite:///{folder}/book.db"}
    program = [sys.executable, "-m", "carrierbill"]
    subprocess.run([*program, "db", "upgrade"], env=environment, check=True, capture_output=True)
    process = subprocess.Popen(
        [*program, "serve", "--port", "0"], env=environment, stdout=subprocess.PIPE, text=True
    )
    watch = threading.Timer(MOST_S, process.kill)
    watch.start()
    try:
        assert process.stdout is not None
        found = re.search(r"http://[^ ]+/", process.stdout.readline())
        assert found is not None
        yield process, found[0]
    finally:
        watch.cancel()
        process.kill()
        process.communicate()


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_end_ends_well(told: signal.Signals, tmp_path: Path) -> None:
    with serving(tmp_path) as (process, address):
        assert httpx2.get(f"{address}readyz").json() == {"status": "ready"}
        process.send_signal(told)
        assert process.wait(MOST_S) == (0 if told == signal.SIGTERM else 130)
    log = tmp_path / "carrierbill" / "serve.log"
    assert log.read_text(encoding="utf-8") == ""


def test_demo_clients_and_logins_are_unknown_where_no_demo_was_made(tmp_path: Path) -> None:
    with serving(tmp_path) as (_, address):
        form = {"grant_type": "client_credentials"}
        refused = httpx2.post(f"{address}oauth2/token", data=form, auth=("demo-shop", "demo-shop-secret"))
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
        assert "demo" not in httpx2.get(f"{address}sign-in").text
