"""What every test can ask for: golden files, a browser, a database, and a hypothesis profile."""

import os
import subprocess
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from shutil import which

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright

from books import Books, books, check_tables
from carrierbill.storage.database import engine_of
from carrierbill.storage.schema import upgrade
from databases import KINDS, fresh_database, ordinary_server, sqlite_url
from tools.postgres_server import PostgresServer, why_no_server

GOLDEN = Path(__file__).parent / "golden"
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

settings.register_profile("ci", derandomize=True, max_examples=100, deadline=None, database=None)
settings.register_profile(
    "prove", max_examples=5_000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite-golden", action="store_true", help="write tests/golden anew instead of comparing with it"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark a test by the fixtures it uses, so that `-m golden` and `-m browser` choose them."""
    for item in items:
        for name in ("golden", "browser"):
            if name in getattr(item, "fixturenames", ()):
                item.add_marker(name)
    # The browser's driver occupies the thread's event loop from its start on, so tests with a loop go first.
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden("name.txt", text)` compares text with tests/golden/name.txt; `make golden` writes it."""
    rewrite = bool(request.config.getoption("--rewrite-golden"))

    def compare(name: str, text: str) -> None:
        file = GOLDEN / name
        if rewrite:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())
        elif not file.exists():
            pytest.fail(f"tests/golden/{name} does not exist yet: `make golden` writes it", pytrace=False)
        else:
            # Bytes, since a calendar file's line ends are part of what is promised.
            assert text == file.read_bytes().decode(), (
                f"differs from tests/golden/{name}; if meant: `make golden`"
            )

    return compare


def missing(what: str) -> None:
    """End the test: a failure where everything must be there (CI), a skip with its reason elsewhere."""
    if os.environ.get("CI"):
        pytest.fail(what, pytrace=False)
    pytest.skip(what)


@pytest.fixture(scope="session")
def korean_font() -> None:
    """Without a Korean font a page is drawn as boxes, and nothing seen on it proves anything."""
    lister = which("fc-list")
    found = lister and subprocess.run([lister, ":lang=ko"], capture_output=True, check=True).stdout.strip()
    if not found:
        missing("no Korean font (Debian: apt-get install fontconfig fonts-nanum)")


@pytest.fixture(scope="session")
def browser(korean_font: None) -> Iterator[Browser]:  # noqa: ARG001 a fixture is asked for by its name
    """Chromium, one for each worker; a test opens its own context in it."""
    executable = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if not Path(executable).exists():
        missing(f"no Chromium at {executable} (Debian: apt-get install chromium; or set CHROMIUM)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def axe_script() -> str:
    """The text of axe-core, the accessibility checker."""
    return resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server, one for each worker; `new_database()` gives the URL of an empty database in it."""
    if (reason := why_no_server()) is not None:
        missing(reason)
    with ordinary_server() as server:
        yield server


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh, empty database of each kind in turn: what is stored has to hold on both."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path)
        return
    # Asked for here, so that a machine without a server still runs the tests on SQLite.
    with fresh_database(request.getfixturevalue("postgres_server")) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_url(postgres_server: PostgresServer) -> str:
    """A PostgreSQL database with the newest schema, to be copied."""
    check_tables()
    url = postgres_server.new_database()
    engine = engine_of(url)
    upgrade(engine)
    engine.dispose()
    return url


@pytest.fixture(params=KINDS)
def book(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Books]:
    """Empty books in each kind of database in turn; rules are `terms` unless a test opens its own."""
    if request.param == "sqlite":
        opened = books(sqlite_url(tmp_path))
        yield opened
        opened.close()
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with fresh_database(server, copy_of=request.getfixturevalue("migrated_url")) as url:
        opened = books(url)
        yield opened
        opened.close()
