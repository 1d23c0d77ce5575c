"""Signing in: only who gets the code comes in, nobody learns who has a line, and no form can be forged."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from books import Books
from carrierbill.domain.line import DemoPart, LineStatus
from carrierbill.domain.notice import Notice
from carrierbill.domain.session import IDLE, LONGEST, Session, SignInCode
from carrierbill.services.ports import CodeUse
from carrierbill.storage.codes import SecretCodes
from carrierbill.web.guard import HEADERS
from carrierbill.web.office import Office
from carrierbill.web.pages import entry
from entry_site import TOKEN, UNKNOWN, Visitor, another, last_code, office_of

EVIL = "https://evil.example"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are not held back: one test of their time has its own."""
    monkeypatch.setattr(entry, "LEAST_S", 0)


@pytest.fixture
def office(book: Books) -> Iterator[Office]:
    with office_of(book) as made:
        yield made


@pytest.fixture
def demo(book: Books) -> Iterator[Office]:
    with office_of(book, demo=True) as made:
        yield made


def without_tokens(html: str) -> str:
    return re.sub(r'(name="token" value=)"[^"]*"', r"\1", html)


def audited(book: Books, action: str) -> list[tuple[str, int | None]]:
    with book.db.session() as session:
        return session.rows("SELECT actor, line_id FROM audits WHERE action = ? ORDER BY seq", [action])


# ── in and out ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_code_that_came_to_the_line_signs_its_holder_in_and_shows_their_lines_masked(
    book: Books, office: Office
) -> None:
    line = book.line("+821000010001")
    other = book.line("+821000010002", carrier="KT", holder_id=line.holder_id)
    book.line("+821000010003")
    book.line("+821000010004", holder_id=line.holder_id, status=LineStatus.CLOSED)
    visitor = Visitor(office)
    asked = visitor.ask("010 0001 0001")
    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in/code?next=%2Fme&lang=ko")
    assert "010-0001-0001" in visitor.get("/sign-in/code").text
    entered = visitor.enter(f" {last_code(book, line)[:3]} {last_code(book, line)[3:]} ")
    assert (entered.status_code, entered.headers["location"]) == (303, "/me?lang=ko")
    page = visitor.get("/me?lang=en").text
    assert re.findall(r"010-\S{4}-\d{4}", page) == ["010-****-0001", "010-****-0002"]
    assert "KT" in page
    assert audited(book, "sign in") == [("holder", line.id)]
    assert other.id != line.id


def test_signing_out_deletes_the_session_and_what_was_copied_of_it_is_worth_nothing(
    book: Books, office: Office
) -> None:
    visitor, thief = Visitor(office), Visitor(office)
    visitor.sign_in(book, book.line())
    thief.client.cookies.set("carrierbill", visitor.cookie)
    assert thief.get("/me").status_code == 200
    out = visitor.post("/sign-out", {"token": visitor.token("/me")})
    assert out.headers["location"] == "/sign-in?notice=out&lang=ko"
    assert visitor.cookie == ""
    assert book.all(Session) == []
    assert thief.get("/me").headers["location"].startswith("/sign-in?")


def test_who_is_not_signed_in_is_led_to_the_form_and_back(book: Books, office: Office) -> None:
    line, visitor = book.line(), Visitor(office)
    assert visitor.get("/me?lang=en").headers["location"] == "/sign-in?next=%2Fme&lang=en"
    assert visitor.get("/sign-in/code").headers["location"] == "/sign-in?next=%2Fme&lang=ko"
    visitor.sign_in(book, line)
    assert visitor.get("/me").status_code == 200


def test_a_reloaded_code_page_sends_nothing_and_speaks_the_other_language(
    book: Books, office: Office
) -> None:
    line, visitor = book.line(), Visitor(office)
    visitor.ask(book.number(line))
    assert "Enter the code" in visitor.get("/sign-in/code?lang=en").text
    assert "인증번호 입력" in visitor.get("/sign-in/code").text
    assert len(book.all(Notice)) == 1


def test_every_answer_is_guarded_and_kept_by_nobody(book: Books, office: Office) -> None:
    visitor = Visitor(office)
    visitor.sign_in(book, book.line())
    for path in ("/sign-in", "/sign-in/code", "/me", "/staff/sign-in", "/staff"):
        headers = visitor.get(path).headers
        assert {name: headers[name] for name in HEADERS} == HEADERS
        assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_script_reads_the_cookie_and_no_other_host_sets_it(
    book: Books, office: Office, scheme: str
) -> None:
    line, visitor = book.line(), Visitor(office, scheme=scheme)
    visitor.ask(book.number(line))
    cookies = visitor.enter(last_code(book, line)).headers.get_list("set-cookie")
    (given,) = (each for each in cookies if re.match(r"(__Host-)?carrierbill=[^\"]", each))
    parts = {part.strip().lower() for part in given.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/"} <= parts
    assert not any(part.startswith(("domain", "expires", "max-age")) for part in parts)
    assert given.startswith("__Host-") == ("secure" in parts) == (scheme == "https")
    assert visitor.get("/me").status_code == 200


def test_in_the_database_is_no_cookie_no_number_no_address_and_no_code(book: Books, office: Office) -> None:
    line, visitor = book.line("+821000010001"), Visitor(office, at="203.0.113.77")
    visitor.ask("01000010001")
    code = last_code(book, line)
    visitor.enter(another(code))
    visitor.enter(code)
    assert len(visitor.cookie) == 43
    with book.db.session() as session:
        rows = [
            repr([bytes(cell) if isinstance(cell, memoryview) else cell for cell in row])
            for table in ("sessions", "sign_in_codes", "tries", "audits")
            for row in session.rows(f"SELECT * FROM {table}")
        ]
    assert rows
    for secret in (visitor.cookie, "00010001", "203.0.113.77", code):
        assert not any(secret in row for row in rows)


# ── guessing ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_code_is_tried_five_times_and_then_even_the_right_one_is_wrong(book: Books, office: Office) -> None:
    line, visitor = book.line(), Visitor(office)
    visitor.ask(book.number(line))
    code = last_code(book, line)
    pages = {without_tokens(visitor.enter(another(code)).text) for _ in range(5)}
    late = visitor.enter(code)
    assert late.status_code == 400
    assert pages == {without_tokens(late.text)}
    assert visitor.cookie == ""
    assert book.all(Session) == []


def test_the_fifth_try_may_be_the_right_one(book: Books, office: Office) -> None:
    line, visitor = book.line(), Visitor(office)
    visitor.ask(book.number(line))
    code = last_code(book, line)
    assert {visitor.enter(another(code)).status_code for _ in range(4)} == {400}
    assert visitor.enter(code).status_code == 303


def test_a_used_code_signs_nobody_in_again(book: Books, office: Office) -> None:
    line, first, second = book.line(), Visitor(office), Visitor(office)
    first.ask(book.number(line))
    second.ask(book.number(line))
    code = last_code(book, line)
    fields = {"code": code, "token": first.token()}
    assert first.post("/sign-in/code", fields).status_code == 303
    again = first.client
    assert second.enter(code).status_code == 400
    # The very same request once more: the browser's form is used up with its visit.
    assert again.post("/sign-in/code", data=fields).headers["location"].startswith("/sign-in?notice=stale")
    assert len(book.all(Session)) == 1


def test_a_new_code_takes_the_place_of_the_one_before(book: Books, office: Office) -> None:
    line, visitor = book.line(), Visitor(office)
    visitor.ask(book.number(line))
    first = last_code(book, line)
    visitor.ask(book.number(line))
    second = last_code(book, line)
    if first != second:
        assert visitor.enter(first).status_code == 400
    assert visitor.enter(second).status_code == 303


def test_a_code_is_good_for_five_minutes(book: Books, office: Office) -> None:
    line, visitor = book.line(), Visitor(office)
    visitor.ask(book.number(line))
    book.clock.by(minutes=5)
    assert visitor.enter(last_code(book, line)).status_code == 400
    visitor.ask(book.number(line))
    book.clock.by(minutes=4.9)
    assert visitor.enter(last_code(book, line)).status_code == 303


def test_a_code_is_good_for_its_line_and_for_signing_in_alone(book: Books, office: Office) -> None:
    line, other, visitor = book.line(), book.line(), Visitor(office)
    visitor.ask(book.number(line))
    code = last_code(book, line)
    visitor.ask(book.number(other))
    if code != last_code(book, other):
        assert visitor.enter(code).status_code == 400
    codes = SecretCodes(book.db.keys.index_secret)
    kept = book.one(SignInCode, line.id).code_hash
    assert kept == codes.hash_of(line.id, code, use=CodeUse.SIGN_IN)
    assert kept not in (codes.hash_of(line.id, code), codes.hash_of(other.id, code, use=CodeUse.SIGN_IN))


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "１２３４５６", "000000\r\nX: y"])
def test_what_is_no_code_costs_no_try(book: Books, office: Office, typed: str) -> None:
    line, visitor = book.line(), Visitor(office)
    visitor.ask(book.number(line))
    page = visitor.enter(typed)
    assert page.status_code == 400
    assert "숫자 6자리예요" in page.text
    assert book.one(SignInCode, line.id).tries_left == 5


# ── nobody learns who has a line ─────────────────────────────────────────────────────────────────────────


def test_a_number_without_a_line_is_answered_as_one_with(book: Books, office: Office) -> None:
    line, closed = book.line(), book.line(status=LineStatus.CLOSED)
    seen: list[list[Any]] = []
    numbers = [book.number(line), book.number(closed), "+821099999999"]
    for place, number in enumerate(numbers):
        visitor = Visitor(office, at=f"192.0.2.{place}")
        asked = visitor.ask(number)
        page = visitor.get("/sign-in/code")
        wrong = [visitor.enter("123457") for _ in range(6)]
        often = [visitor.ask(number) for _ in range(5)]
        answers = [asked, page, *wrong, *often]
        shown = f"010-{number[-8:-4]}-{number[-4:]}"
        seen.append(
            [
                (
                    answer.status_code,
                    answer.headers.get("location"),
                    answer.headers.get("retry-after"),
                    sorted(re.findall(r"(?:^|, )([\w-]+)=", answer.headers.get("set-cookie", ""))),
                    without_tokens(answer.text).replace(shown, "N").replace(number, "N"),
                )
                for answer in answers
            ]
        )
    assert seen[0] == seen[1] == seen[2]
    assert [notice.line_id for notice in book.all(Notice)] == [line.id] * 5


def test_no_answer_comes_sooner_than_another(
    book: Books, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(entry, "LEAST_S", 0.25)
    monkeypatch.setattr(entry, "sleep", sleep)
    visitor = Visitor(office)
    for number in (book.number(book.line()), UNKNOWN):
        visitor.ask(number)
        visitor.enter("123456")
    assert waited == [0.25] * 4


# ── how often ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_line_gets_five_codes_in_an_hour_whoever_asks(book: Books, office: Office) -> None:
    number = book.number(book.line())
    for place in range(5):
        assert Visitor(office, at=f"198.51.100.{place}").ask(number).status_code == 303
        book.clock.by(minutes=5)
    often = Visitor(office).ask(number)
    assert (often.status_code, often.headers["retry-after"]) == (429, str(35 * 60))
    assert "35분 뒤에" in often.text
    assert len(book.all(Notice)) == 5
    book.clock.by(minutes=35)
    assert Visitor(office).ask(number).status_code == 303
    assert Visitor(office).ask(number).status_code == 429


def test_an_address_asks_twenty_times_in_an_hour_for_whatever_numbers(book: Books, office: Office) -> None:
    visitor = Visitor(office)
    for place in range(20):
        assert visitor.ask(f"010-7000-{place:04d}").status_code == 303
    assert visitor.ask("010-7000-9999").status_code == 429
    assert Visitor(office, at="192.0.2.2").ask("010-7000-9999").status_code == 303
    book.clock.by(minutes=60)
    assert visitor.ask("010-7000-9999").status_code == 303


def test_who_has_an_ipv6_address_has_its_network(office: Office) -> None:
    for place in range(20):
        asked = Visitor(office, at=f"2001:db8:1:2::{place + 1:x}").ask(f"010-7000-{place:04d}")
        assert asked.status_code == 303
    assert Visitor(office, at="2001:db8:1:2:ffff::1").ask(UNKNOWN).status_code == 429
    assert Visitor(office, at="2001:db8:1:3::1").ask(UNKNOWN).status_code == 303


def test_an_address_is_wrong_fifty_times_in_an_hour_over_all_lines(book: Books, office: Office) -> None:
    visitor, lines = Visitor(office), [book.line() for _ in range(11)]
    for line in lines[:10]:
        visitor.ask(book.number(line))
        code = another(last_code(book, line))
        assert {visitor.enter(code).status_code for _ in range(5)} == {400}
    visitor.ask(book.number(lines[10]))
    right = last_code(book, lines[10])
    assert visitor.enter(right).status_code == 429
    # The line itself is not to suffer for it.
    elsewhere = Visitor(office, at="192.0.2.2")
    elsewhere.ask(book.number(lines[10]))
    assert elsewhere.enter(last_code(book, lines[10])).status_code == 303


def test_two_server_processes_count_as_one(book: Books, office: Office) -> None:
    line = book.line()
    with office_of(book, of_its_own=True) as other:
        here, there = Visitor(office), Visitor(other)
        both = [here, there] * 2
        assert {visitor.ask(book.number(line)).status_code for visitor in both} == {303}
        code = last_code(book, line)
        assert [visitor.enter(another(code)).status_code for visitor in (*both, here)] == [400] * 5
        assert there.enter(code).status_code == 400
        assert here.ask(book.number(line)).status_code == 303
        assert there.ask(book.number(line)).status_code == 429
        assert there.enter(last_code(book, line)).status_code == 303
        # And what one of them let in, the other knows.
        here.client.cookies.set("carrierbill", there.cookie)
        assert here.get("/me").status_code == 200
        there.post("/sign-out", {"token": there.token("/me")})
        assert here.get("/me").status_code == 303


def test_processes_that_are_asked_at_once_hand_out_no_code_too_many(book: Books, office: Office) -> None:
    line = book.line()
    with office_of(book, of_its_own=True) as other, ThreadPoolExecutor(8) as pool:
        visitors = [Visitor((office, other)[place % 2], at=f"192.0.2.{place}") for place in range(16)]
        tokens = [visitor.token() for visitor in visitors]

        def ask(place: int) -> int:
            fields = {"number": book.number(line), "token": tokens[place]}
            status: int = visitors[place].post("/sign-in", fields).status_code
            return status

        statuses = list(pool.map(ask, range(16)))
        assert sorted(statuses) == [303] * 5 + [429] * 11
        code = last_code(book, line)

        def enter(place: int) -> int:
            fields = {"code": code, "token": tokens[place]}
            status: int = visitors[place].post("/sign-in/code", fields).status_code
            return status

        asked = [place for place, status in enumerate(statuses) if status == 303]
        assert sorted(pool.map(enter, asked)) == [303] + [400] * 4
    assert len(book.all(Session)) == 1


# ── how sessions end ─────────────────────────────────────────────────────────────────────────────────────


def test_an_unused_session_ends_after_fifteen_minutes(book: Books, office: Office) -> None:
    visitor = Visitor(office)
    visitor.sign_in(book, book.line())
    for _ in range(8):
        book.clock.by(minutes=14)
        assert visitor.get("/me").status_code == 200
    book.clock.at += IDLE - timedelta(seconds=1)
    assert visitor.get("/me").status_code == 200
    book.clock.at += IDLE
    assert visitor.get("/me").headers["location"] == "/sign-in?next=%2Fme&notice=over&lang=ko"
    assert "다시 로그인해 주세요" in visitor.get("/sign-in?notice=over").text


def test_a_session_in_use_ends_after_twelve_hours(book: Books, office: Office) -> None:
    visitor = Visitor(office)
    visitor.sign_in(book, book.line())
    began = book.clock.at
    while book.clock.at < began + LONGEST - timedelta(minutes=10):
        book.clock.by(minutes=10)
        assert visitor.get("/me").status_code == 200
    book.clock.at = began + LONGEST - timedelta(seconds=1)
    assert visitor.get("/me").status_code == 200
    book.clock.at = began + LONGEST
    assert visitor.get("/me").status_code == 303


def test_a_session_that_was_planted_is_not_the_one_that_signs_in(book: Books, office: Office) -> None:
    line, visitor, attacker = book.line(), Visitor(office), Visitor(office)
    attacker.sign_in(book, book.line())
    planted = attacker.cookie
    visitor.client.cookies.set("carrierbill", planted)
    visitor.ask(book.number(line))
    visitor.enter(last_code(book, line))
    assert book.all(Session, line_id=line.id)
    assert attacker.cookie == planted
    # Neither does the attacker see the holder's session, nor does their own go on in another's browser.
    assert attacker.get("/me").status_code == 303
    made_up = "A" * 43
    fresh = Visitor(office)
    fresh.client.cookies.set("carrierbill", made_up)
    fresh.ask(book.number(line))
    entered = fresh.enter(last_code(book, line))
    assert made_up not in entered.headers["set-cookie"]
    thief = Visitor(office)
    thief.client.cookies.set("carrierbill", made_up)
    assert thief.get("/me").status_code == 303


# ── forged forms ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_form_of_a_browser_that_has_not_seen_it_is_refused(book: Books, office: Office) -> None:
    number, attacker, victim = book.number(book.line()), Visitor(office), Visitor(office)
    theirs = attacker.token()
    good = victim.token()
    last = "0" if good[-1] != "0" else "1"
    later = good.replace(good.split(".")[0], str(int(good.split(".")[0]) + 1))
    for token in ("", "x", "1.x", "٣.x", "9" * 5000, theirs, good[:-1] + last, later, f".{good}"):
        refused = victim.post("/sign-in", {"number": number, "token": token})
        assert refused.status_code == 403
        assert number[-4:] in refused.text
        assert TOKEN.search(refused.text) is not None
    assert victim.post("/sign-in", {"number": number}).status_code == 403
    assert book.all(Notice) == []
    assert victim.post("/sign-in", {"number": number, "token": good}).status_code == 303


def test_without_cookies_no_form_is_taken(book: Books, office: Office) -> None:
    line, visitor = book.line(), Visitor(office)
    number, token = book.number(line), visitor.token()
    visitor.client.cookies.clear()
    assert visitor.post("/sign-in", {"number": number, "token": token}).status_code == 403
    visitor.ask(number)
    token = visitor.token()
    visitor.client.cookies.delete("carrierbill-visit")
    sent = visitor.post("/sign-in/code", {"code": last_code(book, line), "token": token})
    assert sent.headers["location"].startswith("/sign-in?notice=stale")


def test_a_form_lies_open_for_half_an_hour(book: Books, office: Office) -> None:
    number, visitor = book.number(book.line()), Visitor(office)
    token = visitor.token()
    book.clock.by(minutes=30)
    assert visitor.post("/sign-in", {"number": number, "token": token}).status_code == 403
    visitor.ask(number)
    book.clock.by(minutes=30)
    assert visitor.get("/sign-in/code").headers["location"].startswith("/sign-in?")


def test_a_number_kept_in_one_browser_is_nothing_to_another(book: Books, office: Office) -> None:
    line, visitor, other = book.line(), Visitor(office), Visitor(office)
    visitor.ask(book.number(line))
    kept = visitor.client.cookies["carrierbill-number"]
    assert book.number(line)[-8:] not in kept
    other.token()
    for cookie in (kept, "", "%%%", "AAAA", kept[:-8]):
        other.client.cookies.set("carrierbill-number", cookie)
        assert other.get("/sign-in/code").status_code == 303


@pytest.mark.parametrize(
    "path", ["/sign-in", "/sign-in/code", "/sign-out", "/staff/sign-in", "/staff/sign-out"]
)
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": EVIL},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site", "origin": "http://testserver"},
        {"sec_fetch_site": "cross-site", "origin": "null"},
        {"origin": "http://testserver.evil.example"},
        {"origin": "http://testserver:81"},
    ],
)
def test_what_another_site_posts_is_refused(
    book: Books, office: Office, path: str, headers: dict[str, str]
) -> None:
    line, visitor = book.line(), Visitor(office)
    visitor.sign_in(book, line)
    token = visitor.token("/me")
    fields = {"token": token, "number": book.number(line), "code": "123456", "name": "a", "password": "b"}
    refused = visitor.post(path, fields, **headers)
    assert refused.status_code == 403
    assert "다른 곳에서 보낸 요청" in refused.text
    assert visitor.get("/me").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://testserver", "sec_fetch_site": "same-origin"},
        {"origin": "null", "sec_fetch_site": "same-origin"},
        {"origin": "http://testserver"},
        {"origin": "null"},
        {},
    ],
)
def test_what_our_own_page_posts_is_taken(book: Books, office: Office, headers: dict[str, str]) -> None:
    assert Visitor(office).ask(book.number(book.line()), **headers).status_code == 303


def test_signing_out_takes_the_sessions_own_token(book: Books, office: Office) -> None:
    visitor, other = Visitor(office), Visitor(office)
    visitor.sign_in(book, book.line())
    other.sign_in(book, book.line())
    for token in ("", "x", "é", other.token("/me"), visitor.token("/sign-in")):
        assert visitor.post("/sign-out", {"token": token}).status_code == 403
    assert visitor.post("/sign-out", {}).status_code == 403
    assert visitor.get("/me").status_code == 200
    assert visitor.get("/sign-out").status_code == 405
    assert visitor.post("/sign-out", {"token": visitor.token("/me")}).status_code == 303


# ── where it leads ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "place",
    [
        EVIL,
        "//evil.example",
        "/\\evil.example",
        "/me/../../x",
        "/me@evil.example",
        "/me\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        " /me",
        "/staff",
    ],
)
def test_nobody_is_led_anywhere_else(book: Books, office: Office, place: str) -> None:
    line, visitor = book.line(), Visitor(office)
    page = visitor.get("/sign-in", params={"next": place})
    assert 'name="next" value="/me"' in page.text
    asked = visitor.post("/sign-in", {"number": book.number(line), "token": visitor.token(), "next": place})
    assert asked.headers["location"] == "/sign-in/code?next=%2Fme&lang=ko"
    fields = {"code": last_code(book, line), "token": visitor.token(), "next": place}
    entered = visitor.post("/sign-in/code", fields)
    assert entered.headers["location"] == "/me?lang=ko"
    assert "a=b" not in str(entered.headers)


@pytest.mark.parametrize("language", ["en\r\nX-Evil: 1", "de", "<script>", "ko&next=//evil"])
def test_a_language_there_is_none_of_is_in_no_header_and_no_address(
    book: Books, office: Office, language: str
) -> None:
    visitor = Visitor(office)
    fields = {"number": book.number(book.line()), "token": visitor.token(), "lang": language}
    for answer in (
        visitor.client.post("/sign-in", params={"lang": language}, data=fields),
        visitor.get("/me", params={"lang": language}),
        visitor.get("/sign-in", params={"lang": language, "notice": language}),
    ):
        assert "x-evil" not in answer.headers
        assert "evil" not in str(answer.headers)
        assert "<script" not in answer.text


def test_what_was_typed_is_shown_again_and_never_run(office: Office) -> None:
    visitor = Visitor(office)
    page = visitor.post("/sign-in", {"number": '"><script>1</script>', "token": visitor.token()})
    assert page.status_code == 400
    assert "<script" not in page.text
    assert "&#34;&gt;&lt;script&gt;" in page.text
    assert "휴대폰 번호 11자리" in page.text


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{}", {"content-type": "application/json"}, 415),
        (b"number=" + b"0" * 70_000, {"content-type": "application/x-www-form-urlencoded"}, 413),
        (b"x", {"content-type": "application/x-www-form-urlencoded", "content-length": "9999999"}, 413),
    ],
)
def test_what_is_no_form_is_not_read(
    office: Office, body: bytes, headers: dict[str, str], status: int
) -> None:
    visitor = Visitor(office)
    assert visitor.client.post("/sign-in", content=body, headers=headers).status_code == status


# ── demos ────────────────────────────────────────────────────────────────────────────────────────────────


def test_in_a_demo_one_click_signs_in_with_a_line_of_the_demo(book: Books, demo: Office) -> None:
    line = book.line("+821000000001", demo=DemoPart.EXEMPT)
    own = book.line("+821000000002")
    book.line("+821000010001", demo=DemoPart.EXEMPT)
    visitor = Visitor(demo)
    page = visitor.get("/sign-in").text
    assert re.findall(r'name="line" value="([^"]+)"', page) == [f"+82100000000{n}" for n in range(1, 8)]
    token = visitor.token()
    # One that is not on the list, one that is no demo's, one that is not there.
    for number in ("+821000010001", book.number(own), "+821000000003", "", "x"):
        assert visitor.post("/sign-in/demo", {"line": number, "token": token}).status_code == 403
    assert (
        visitor.post("/sign-in/demo", {"line": "+821000000001"}).headers["location"].startswith("/sign-in?")
    )
    clicked = visitor.post("/sign-in/demo", {"line": "+821000000001", "token": token})
    assert clicked.headers["location"] == "/me?lang=ko"
    assert "010-****-0001" in visitor.get("/me").text
    assert [session.line_id for session in book.all(Session)] == [line.id]


def test_in_a_demo_the_code_of_its_lines_is_six_zeros_and_of_others_it_is_not(
    book: Books, demo: Office
) -> None:
    line, visitor = book.line(demo=DemoPart.BLOCKED_ON_THE_WAY), Visitor(demo)
    visitor.ask(book.number(line))
    assert visitor.enter("000000").status_code == 303
    found = set()
    for _ in range(3):
        other = book.line()
        Visitor(demo).ask(book.number(other))
        found.add(last_code(book, other))
    assert found != {"000000"}


def test_elsewhere_there_is_no_click_and_no_known_code(book: Books, office: Office) -> None:
    # Even a line that says of itself that it is a demo's.
    lines = [book.line(f"+82100000000{n}", demo=DemoPart.EXEMPT) for n in range(1, 4)]
    visitor = Visitor(office)
    page = visitor.get("/sign-in").text
    assert "+8210" not in page
    assert "데모" not in page
    fields = {"line": "+821000000001", "token": visitor.token()}
    assert visitor.post("/sign-in/demo", fields).status_code == 404
    codes = set()
    for line in lines:
        visitor.ask(book.number(line))
        codes.add(last_code(book, line))
        assert "인증번호는 000000" not in visitor.get("/sign-in/code").text
    assert codes != {"000000"}
    assert book.all(Session) == []
