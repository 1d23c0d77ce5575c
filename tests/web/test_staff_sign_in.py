"""Staff come in by name and password; guessing stops, and a role is what it is at that moment."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from argon2 import PasswordHasher
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from books import Books
from carrierbill.domain.session import Role, Session, Staff, Tries
from carrierbill.services.admit_staff import (
    AddStaff,
    ChangeStaff,
    StaffAct,
    add_staff,
    change_staff,
    leave_trace,
)
from carrierbill.services.keep_session import Browser
from carrierbill.services.sign_in_staff import SignInStaff, StaffSignedIn, sign_in_staff
from carrierbill.storage.passwords import Passwords
from carrierbill.web.desk import Desk
from carrierbill.web.office import Office
from carrierbill.web.pages import entry, staff_sign_in
from carrierbill.web.sessions import Sessions, admitting
from entry_site import Visitor, office_of, paper
from rule_sets import APP

PASSWORD = "long enough to be one"  # noqa: S105  # of nobody
# As good as the real one for what is tested here, and a hundred times as fast.
QUICK = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "LEAST_S", 0)
    monkeypatch.setattr(staff_sign_in, "Passwords", lambda: QUICK)


@pytest.fixture
def office(book: Books) -> Iterator[Office]:
    admit(book, "hong", "clerk")
    with office_of(book) as made:
        yield made


def admit(book: Books, name: str, role: str, password: str = PASSWORD, *, for_demo: bool = False) -> None:
    command = AddStaff(name, role, QUICK.hash_of(password), "cli", for_demo=for_demo)
    (outcome,) = book.decide(add_staff, command)
    assert not isinstance(outcome, Exception), outcome


def change(book: Books, **told: object) -> None:
    book.decide(change_staff, ChangeStaff("hong", "cli", **told))  # type: ignore[arg-type]  # fields by name


def test_name_and_password_lead_to_a_page_that_says_who_it_is(book: Books, office: Office) -> None:
    visitor = Visitor(office)
    assert visitor.get("/staff?lang=en").headers["location"] == "/staff/sign-in?lang=en"
    entered = visitor.enter_staff("Hong ", PASSWORD)
    assert (entered.status_code, entered.headers["location"]) == (303, "/staff?lang=ko")
    page = visitor.get("/staff?lang=en").text
    assert re.findall(r"<dd>(.*?)</dd>", page) == ["hong", "clerk"]
    with book.db.session() as session:
        trail = session.rows("SELECT actor, action FROM audits ORDER BY seq")
    assert trail == [("cli", "staff add"), ("staff:hong", "sign in")]
    out = visitor.post("/staff/sign-out", {"token": visitor.token("/staff")})
    assert out.headers["location"] == "/staff/sign-in?notice=out&lang=ko"
    assert visitor.get("/staff").status_code == 303
    assert book.all(Session) == []


def test_a_wrong_password_an_unknown_name_and_a_disabled_one_are_answered_alike(
    book: Books, office: Office
) -> None:
    admit(book, "gone", "reader")
    book.decide(change_staff, ChangeStaff("gone", "cli", disable=True))
    seen = []
    for place, (name, password) in enumerate(
        [("hong", "not it at all"), ("nobody", PASSWORD), ("gone", PASSWORD), ("hong", "x" * 5_000), ("", "")]
    ):
        visitor = Visitor(office, at=f"192.0.2.{place}")
        answers = [visitor.enter_staff(name, password) for _ in range(11)]
        seen.append(
            [
                (
                    answer.status_code,
                    re.sub(r'value="[^"]*"', "", answer.text),
                    answer.headers.get("retry-after"),
                )
                for answer in answers
            ]
        )
        book.clock.by(minutes=61)
    assert seen[0] == seen[1] == seen[2] == seen[3] == seen[4]
    assert [status for status, *_ in seen[0]] == [400] * 10 + [429]


def test_the_password_is_hashed_for_a_name_that_nobody_has(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []
    fits = QUICK.fits

    def watched(password: str, password_hash: str | None) -> bool:
        asked.append(password_hash)
        return fits(password, password_hash)

    monkeypatch.setattr(QUICK, "fits", watched)
    Visitor(office).enter_staff("nobody", PASSWORD)
    assert asked == [None]


def test_after_ten_wrong_tries_a_name_rests_for_fifteen_minutes(book: Books, office: Office) -> None:
    for place in range(10):
        # From whatever address.
        assert Visitor(office, at=f"192.0.2.{place}").enter_staff("hong", "guessed").status_code == 400
    locked = Visitor(office).enter_staff("hong", PASSWORD)
    assert (locked.status_code, locked.headers["retry-after"]) == (429, "900")
    book.clock.by(minutes=14.9)
    assert Visitor(office).enter_staff("hong", PASSWORD).status_code == 429
    book.clock.by(minutes=0.1)
    assert Visitor(office).enter_staff("hong", PASSWORD).status_code == 303
    # Who came in begins anew.
    assert Visitor(office).enter_staff("hong", "guessed").status_code == 400
    assert Visitor(office).enter_staff("hong", PASSWORD).status_code == 303


def test_a_further_wrong_try_after_the_rest_begins_another(book: Books, office: Office) -> None:
    for place in range(10):
        Visitor(office, at=f"192.0.2.{place}").enter_staff("hong", "guessed")
    book.clock.by(minutes=15)
    assert Visitor(office).enter_staff("hong", "guessed").status_code == 400
    assert Visitor(office).enter_staff("hong", PASSWORD).status_code == 429


def test_wrong_passwords_count_against_the_address_too(book: Books, office: Office) -> None:
    visitor = Visitor(office)
    for place in range(50):
        assert visitor.enter_staff(f"name-{place}", "guessed").status_code == 400
    assert visitor.enter_staff("hong", PASSWORD).status_code == 429
    assert Visitor(office, at="192.0.2.2").enter_staff("hong", PASSWORD).status_code == 303
    assert {len(tries.whose) for tries in book.all(Tries)} == {32}


def test_tries_that_come_at_once_are_counted_one_by_one(book: Books, office: Office) -> None:
    """What is decided counts again, whatever many askers had seen before."""
    password_hash = book.all(Staff)[0].password_hash

    def trying(place: int, *, fitted: bool) -> SignInStaff:
        browser = Browser(b"address%d" % place, b"token%d" % place)
        return SignInStaff("hong", b"hong", browser, fitted, password_hash)

    wrong = [trying(place, fitted=False) for place in range(10)]
    outcomes = book.decide(sign_in_staff, *wrong, trying(11, fitted=True))
    assert [outcome.rule for outcome in outcomes] == ["sign_in.wrong"] * 10 + ["sign_in.often"]
    # A password that fitted what has been changed meanwhile fits no more.
    late = SignInStaff("hong", b"h", Browser(b"a", b"t"), fitted=True, password_hash="another")  # noqa: S106  # a hash
    (other,) = book.decide(sign_in_staff, late)
    assert other.rule == "sign_in.wrong"
    (right,) = book.decide(sign_in_staff, replace(late, password_hash=password_hash))
    assert right == StaffSignedIn("hong")
    assert office.demo is False


def test_who_is_disabled_or_has_a_new_password_is_out_at_once(book: Books, office: Office) -> None:
    for told in ({"password_hash": QUICK.hash_of("another long password")}, {"disable": True}):
        visitor = Visitor(office)
        password = PASSWORD if "password_hash" in told else "another long password"
        assert visitor.enter_staff("hong", password).status_code == 303
        change(book, **told)
        assert book.all(Session) == []
        assert visitor.get("/staff").status_code == 303
    assert Visitor(office).enter_staff("hong", "another long password").status_code == 400


def test_a_session_that_outlived_its_owners_door_is_none(book: Books, office: Office) -> None:
    visitor = Visitor(office)
    visitor.enter_staff("hong", PASSWORD)
    with book.db.unit() as unit:
        (staff,) = unit.load(Staff, name=["hong"])
        unit.put(replace(staff, disabled_at=unit.now))
    assert len(book.all(Session)) == 1
    assert visitor.get("/staff").status_code == 303


def test_a_password_is_hashed_anew_when_the_way_of_hashing_has_changed(
    book: Books, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = book.all(Staff)[0].password_hash
    slower = Passwords(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    monkeypatch.setattr(staff_sign_in, "Passwords", lambda: slower)
    visitor = Visitor(office)
    assert visitor.enter_staff("hong", "guessed").status_code == 400
    assert book.all(Staff)[0].password_hash == before
    assert visitor.enter_staff("hong", PASSWORD).status_code == 303
    after = book.all(Staff)[0].password_hash
    assert "t=2," in after
    assert slower.fits(PASSWORD, after)
    assert visitor.enter_staff("hong", PASSWORD).status_code == 303
    assert book.all(Staff)[0].password_hash == after


def test_a_holders_session_is_no_staffs_and_the_other_way_round(book: Books, office: Office) -> None:
    visitor = Visitor(office)
    visitor.sign_in(book, book.line())
    assert visitor.get("/staff").status_code == 303
    visitor.enter_staff("hong", PASSWORD)
    assert visitor.get("/me").headers["location"] == "/sign-in?next=%2Fme&lang=ko"
    assert visitor.get("/staff").status_code == 200
    # One browser has one session.
    assert [session.staff for session in book.all(Session)] == ["hong"]


@pytest.mark.parametrize("token", ["", "x"])
def test_a_forged_form_brings_nobody_in(book: Books, office: Office, token: str) -> None:
    visitor = Visitor(office)
    visitor.token("/staff/sign-in")
    refused = visitor.post("/staff/sign-in", {"name": "hong", "password": PASSWORD, "token": token})
    assert refused.status_code == 403
    assert PASSWORD not in refused.text
    assert book.all(Session) == []
    visitor.enter_staff("hong", PASSWORD)
    assert visitor.post("/staff/sign-out", {"token": token}).status_code == 403
    assert visitor.get("/staff").status_code == 200


def test_a_place_that_is_not_on_the_list_is_not_gone_to(office: Office) -> None:
    visitor = Visitor(office)
    for place in ("//evil.example", "/me", "https://evil.example/staff"):
        fields = {
            "name": "hong",
            "password": PASSWORD,
            "token": visitor.token("/staff/sign-in"),
            "next": place,
        }
        assert visitor.post("/staff/sign-in", fields).headers["location"] == "/staff?lang=ko"


def test_the_demos_logins_are_nobodys_elsewhere(book: Books, office: Office) -> None:
    admit(book, "demo-clerk", "clerk", "demo", for_demo=True)
    visitor = Visitor(office)
    assert visitor.enter_staff("demo-clerk", "demo").status_code == 400
    assert "demo" not in visitor.get("/staff/sign-in").text
    with office_of(book, demo=True) as demo:
        entered = Visitor(demo).enter_staff("demo-clerk", "demo")
        assert entered.status_code == 303
        assert "demo-auditor" in Visitor(demo).get("/staff/sign-in").text


# ── for the pages to come ────────────────────────────────────────────────────────────────────────────────


def test_a_page_for_some_roles_lets_others_know_and_strangers_sign_in(book: Books, office: Office) -> None:
    line = book.line()
    sessions = Sessions(office)

    async def looked_at(request: Request) -> Response:
        signed = await sessions.require(request, Role.APPROVER, Role.AUDITOR)
        assert signed.staff is not None
        act = StaffAct(signed.staff.name, "line.read", why="a call", details={"part": "bills"})
        await office.read(lambda unit: leave_trace(act, [line.id], unit))
        return PlainTextResponse(f"{signed.staff.role}")

    console = Route("/console", admitting(Desk(APP, APP.today, paper()), looked_at))
    visitor = Visitor(office, beside=[console])
    assert visitor.get("/console").headers["location"] == "/staff/sign-in?lang=ko"
    visitor.sign_in(book, line)
    assert visitor.get("/console").status_code == 303
    visitor.enter_staff("hong", PASSWORD)
    refused = visitor.get("/console")
    assert (refused.status_code, "역할로는" in refused.text) == (403, True)
    # A new role counts at once.
    change(book, role="auditor")
    assert visitor.get("/console").text == "auditor"
    with book.db.session() as session:
        trail = session.rows(
            "SELECT line_id, why, details FROM audits WHERE actor = 'staff:hong' ORDER BY seq"
        )
    assert trail[-1] == (line.id, "a call", '{"part":"bills"}')
