"""`make run` makes a demo database the first time, says its address once it answers, and uses both again."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import which
from urllib.request import urlopen

import pytest

from conftest import missing

ROOT = Path(__file__).parents[1]
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/")


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[list[str]]:
    """The lines `make run` prints up to its address; it is stopped at the end."""
    if which("make") is None or not (ROOT / ".venv" / "bin" / "carrierbill").exists():
        missing("no make, or no .venv (make test makes it)")
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("CARRIERBILL_", "MAKE"))
    }
    with subprocess.Popen(
        # What is installed already is taken as it is: this is not about installing.
        ["make", "-o", ".venv/run", "run"],
        cwd=ROOT,
        env={
            **kept,
            "XDG_DATA_HOME": str(folder),
            "PORT": "0",
            "PYTHONUNBUFFERED": "1",
            "LC_ALL": "C",
            **settings,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,
    ) as process:
        said: list[str] = []
        for line in process.stdout or ():
            said.append(line)
            if ADDRESS.search(line):
                break
        try:
            yield said
        finally:
            # What make started goes with it; one that has ended by itself is no group any more.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)


def is_answered(line: str) -> bool:
    found = ADDRESS.search(line)
    assert found, line
    with urlopen(found[0], timeout=10) as answer:  # noqa: S310  # the address is our own
        return bool(answer.status == 200)


def test_the_first_start_makes_a_demo_and_the_second_uses_it_again(tmp_path: Path) -> None:
    with running(tmp_path) as said:
        assert is_answered(said[-1])
        assert any("+821000000002" in line for line in said)
    made = written(tmp_path / "carrierbill" / "demo.db")
    assert made[1] > 1_000_000
    with running(tmp_path) as said:
        assert len(said) == 1
        assert is_answered(said[0])
    assert written(tmp_path / "carrierbill" / "demo.db") == made


def written(file: Path) -> tuple[int, int, int]:
    """Which file it is, how long, and when it was last written; reading it changes none of that."""
    found = file.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def test_a_named_database_is_left_alone_and_has_to_be_there(tmp_path: Path) -> None:
    named = tmp_path / "named.db"
    with running(tmp_path, CARRIERBILL_DATABASE_URL=f"sqlite:///{named}") as said:
        assert "run carrierbill db upgrade" in said[0]
    assert not named.exists()
    assert not (tmp_path / "carrierbill" / "demo.db").exists()


@pytest.mark.parametrize("rules", ["guide", "nonsense"])
def test_the_rules_are_the_guide_unless_others_are_named(rules: str, tmp_path: Path) -> None:
    named = f"sqlite:///{tmp_path / 'named.db'}"
    with running(tmp_path, CARRIERBILL_RULES=rules, CARRIERBILL_DATABASE_URL=named) as said:
        # Rules are read first; what a database of that name would be told then is another matter.
        assert ("CARRIERBILL_RULES" in said[0]) == (rules == "nonsense")
