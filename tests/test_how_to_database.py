"""The how-tos on the database and the service run as they are written."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tools.postgres_server import PostgresServer, server_programs

HOW_TO = Path(__file__).parents[1] / "docs" / "how-to"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def script(name: str) -> str:
    """All that a page tells to type, one after the other."""
    return "".join(BLOCK.findall((HOW_TO / name).read_text(encoding="utf-8")))


def ran(told: str, folder: Path, **more: str) -> str:
    """What a newcomer sees in a new folder and a new home, stopping at the first command that fails."""
    programs = os.pathsep.join(
        [str(Path(sys.executable).parent), *map(str, filter(None, [server_programs()]))]
    )
    environment = {
        "HOME": str(folder),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "LANG": "C.UTF-8",
    }
    done = subprocess.run(
        ["sh", "-eu", "-c", told],
        cwd=folder,
        env=environment | more,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_backup_is_made_and_restored(tmp_path: Path) -> None:
    shown = ran("carrierbill db upgrade\n" + script("backup-and-restore.md"), tmp_path)
    assert "were restored into" in shown
    assert "The books are clean" in shown


def test_keys_are_rotated(tmp_path: Path) -> None:
    shown = ran("carrierbill db upgrade\n" + script("rotate-keys.md"), tmp_path)
    assert "The master key is now" in shown
    assert "The books are clean" in shown


def test_a_database_is_made_on_postgresql(tmp_path: Path, postgres_server: PostgresServer) -> None:
    told = script("production-postgresql.md")
    # The server of the tests has its socket elsewhere and needs no other account.
    told = told.replace("sudo -u postgres ", "").replace("/var/run/postgresql", str(postgres_server.folder))
    shown = ran(told, tmp_path, PGHOST=str(postgres_server.folder), PGUSER="postgres")
    assert "was made (schema 0001)" in shown
    assert "The books are clean" in shown
    assert (tmp_path / "keys-copy.toml").stat().st_mode & 0o077 == 0
    postgres_server.drop_database(postgres_server.url("carrierbill"))


def test_a_line_is_charged_over_http_and_the_signing_key_is_turned(tmp_path: Path) -> None:
    shown = ran(script("charge-a-line.md"), tmp_path)
    assert '"paymentStatus":"succeeded"' in shown
    (told, *_) = (tmp_path / "payment.json").read_text(encoding="utf-8").splitlines()
    assert '"amount":9000' in told
    assert '"paymentStatus":"succeeded"' in (tmp_path / "after.json").read_text(encoding="utf-8")


def test_two_servers_answer_on_one_postgresql(tmp_path: Path, postgres_server: PostgresServer) -> None:
    shown = ran(script("run-the-service.md"), tmp_path, PGHOST=str(postgres_server.folder), PGUSER="postgres")
    assert shown.count('{"status":"ready"}[]') == 2
    postgres_server.drop_database(postgres_server.url("twoservers"))
