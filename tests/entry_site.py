"""A site to sign in to, on books with a clock moved by hand, and a visitor with a browser of their own."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.testclient import TestClient

from books import Books
from carrierbill.domain.line import Line
from carrierbill.domain.notice import Notice
from carrierbill.domain.session import SignInCode
from carrierbill.services.ports import CodeUse
from carrierbill.storage.codes import SecretCodes
from carrierbill.storage.database import open_database
from carrierbill.storage.group_commit import GroupCommit
from carrierbill.web.app import Site, static_files
from carrierbill.web.desk import Desk, Problems
from carrierbill.web.office import Office
from carrierbill.web.pages.sign_in import routes
from carrierbill.web.paper import Paper, read_paper
from rule_sets import APP

TOKEN = re.compile(r'name="token" value="([^"]+)"')
UNKNOWN = "010-9999-9999"


@contextmanager
def office_of(book: Books, *, demo: bool = False, of_its_own: bool = False) -> Iterator[Office]:
    """An office on the books; `of_its_own` with connections and a committer as another process has them."""
    url = book.db.engine.url.render_as_string(hide_password=False)
    database = open_database(url, book.db.keys, book.clock) if of_its_own else book.db
    commits = GroupCommit(database, book.rules)
    yield Office(APP, database, book.rules, commits, demo)
    commits.close()
    if of_its_own:
        database.close()


@cache
def paper() -> Paper:
    """Templates, compiled once for all tests."""
    return read_paper()


def site_of(office: Office, beside: Sequence[Route] = ()) -> Starlette:
    """The addresses of signing in, the style sheet, and some more."""
    desk = Desk(APP, APP.today, paper())
    problems = Problems(desk)
    styles = Route("/static/{name}", static_files(desk.paper.assets))
    handlers = {HTTPException: problems.told, Exception: problems.failed}
    return Site(routes=[*routes(desk, office), styles, *beside], exception_handlers=handlers)


class Visitor:
    """Somebody with a browser and an address."""

    def __init__(
        self, office: Office, *, at: str = "192.0.2.1", scheme: str = "http", beside: Sequence[Route] = ()
    ) -> None:
        self.client = TestClient(
            site_of(office, beside), f"{scheme}://testserver", follow_redirects=False, client=(at, 50_000)
        )

    def get(self, path: str, **how: Any) -> Any:
        return self.client.get(path, **how)

    def post(self, path: str, fields: dict[str, str], **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, data=fields, headers=named)

    def token(self, path: str = "/sign-in") -> str:
        """The token of the form at an address."""
        found = TOKEN.search(self.get(path).text)
        assert found is not None
        return found[1]

    def ask(self, number: str, **headers: str) -> Any:
        """Ask for a code."""
        return self.post("/sign-in", {"number": number, "token": self.token()}, **headers)

    def enter(self, code: str, **headers: str) -> Any:
        """Type in a code, for the number asked for before."""
        return self.post("/sign-in/code", {"code": code, "token": self.token()}, **headers)

    def enter_staff(self, name: str, password: str) -> Any:
        """Type in a name and a password."""
        fields = {"name": name, "password": password, "token": self.token("/staff/sign-in")}
        return self.post("/staff/sign-in", fields)

    def sign_in(self, book: Books, line: Line) -> None:
        """All the way in."""
        assert self.ask(book.number(line)).status_code == 303
        assert self.enter(last_code(book, line)).headers["location"] == "/me?lang=ko"

    @property
    def cookie(self) -> str:
        """What the browser bears."""
        found = [value for name, value in self.client.cookies.items() if name.endswith("carrierbill")]
        return found[0] if found else ""


def last_code(book: Books, line: Line) -> str:
    """The code that a line may be signed in with; of one used up, any that was sent."""
    codes, kept = SecretCodes(book.db.keys.index_secret), book.all(SignInCode, line_id=line.id)
    sent = [
        codes.code_in(line.id, notice.secret, use=CodeUse.SIGN_IN)
        for notice in book.all(Notice, line_id=line.id, what=["sign_in_code"])
        if notice.secret is not None
    ]
    hashes = {codes.hash_of(line.id, code, use=CodeUse.SIGN_IN): code for code in sent}
    return hashes[kept[0].code_hash] if kept else sent[-1]


def another(code: str) -> str:
    """A code that is not this one."""
    return f"{(int(code) + 1) % 10**6:06d}"
