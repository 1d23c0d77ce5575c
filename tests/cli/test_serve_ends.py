"""A server that is told to end answers what it has taken, does what is under way, and ends with 0."""

import signal
from pathlib import Path

import httpx2
import pytest

from served import serving


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_end_ends_well(told: signal.Signals, tmp_path: Path) -> None:
    with serving(tmp_path, "db", "upgrade", RULES="terms") as served:
        assert httpx2.get(f"{served.address}readyz").json() == {"status": "ready"}
        served.process.send_signal(told)
        assert served.process.wait(30) == (0 if told == signal.SIGTERM else 130)
    log = tmp_path / "carrierbill" / "serve.log"
    assert log.read_text(encoding="utf-8") == ""


def test_demo_clients_and_logins_are_unknown_where_no_demo_was_made(tmp_path: Path) -> None:
    with serving(tmp_path, "db", "upgrade", RULES="terms") as served:
        form = {"grant_type": "client_credentials"}
        token = f"{served.address}oauth2/token"
        refused = httpx2.post(token, data=form, auth=("demo-shop", "demo-shop-secret"))
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
        assert "demo" not in httpx2.get(f"{served.address}sign-in").text
