"""A site whose today is fixed: asked directly, or served for a browser."""

from collections.abc import Iterator
from datetime import date

import pytest
from starlette.testclient import TestClient

from carrierbill.bootstrap import App, start
from carrierbill.web.app import make_app
from tools.pictures import served

TODAY = date(2025, 11, 30)


@pytest.fixture(scope="session")
def program() -> App:
    return start({})


@pytest.fixture
def client(program: App) -> TestClient:
    """The site as a program calls it; it follows no redirect and speaks Korean unless asked."""
    return TestClient(make_app(program, lambda: TODAY), follow_redirects=False)


@pytest.fixture(scope="session")
def address(program: App) -> Iterator[str]:
    """Where the site is served."""
    with served(make_app(program, lambda: TODAY)) as at:
        yield at
