"""Sessions, codes and counts as they lie in the books: bound, told, replaced, swept, forgotten."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from books import Books
from carrierbill.domain.allowances import Retention
from carrierbill.domain.line import DemoPart, Line, LineStatus
from carrierbill.domain.notice import Notice
from carrierbill.domain.session import IDLE, LONGEST_COUNTED, Session, SignInCode, Tries
from carrierbill.services.keep_session import (
    Browser,
    OfSession,
    SweepSignIns,
    end_session,
    session_of,
    sign_ins_to_sweep,
    sweep_sign_ins,
    touch_session,
)
from carrierbill.services.ports import Addressed, CodeUse, Delivery
from carrierbill.services.send_notices import send_due
from carrierbill.services.sign_in import (
    NOBODYS,
    AskCode,
    CheckCode,
    CodeAsked,
    SignedIn,
    SignInDemo,
    ask_code,
    check_code,
    sign_in_demo,
)
from carrierbill.storage.codes import SecretCodes
from carrierbill.storage.forgetting import forget_before
from ledger_laws import broken_laws
from rule_sets import APP

BROWSER = Browser(b"address", b"token")


class Driver:
    """Delivers at once, and keeps what was said."""

    def __init__(self, on: date) -> None:
        self.on, self.said = on, list[str]()

    def send(self, notices: Sequence[Addressed]) -> list[Delivery]:
        self.said += [said["en"] for said in (each.said for each in notices)]
        return [Delivery(each.notice.id, "", self.on) for each in notices]


def ask(book: Books, line: Line | None, number: bytes = b"number") -> tuple[object, str]:
    """Ask for a code; what came of it, and the code."""
    codes, line_id = SecretCodes(book.db.keys.index_secret), line.id if line else None
    code_hash, secret = codes.new(line_id or NOBODYS, use=CodeUse.SIGN_IN)
    (outcome,) = book.decide(ask_code, AskCode(number, line_id, BROWSER, code_hash, secret))
    return outcome, codes.code_in(line_id or NOBODYS, secret, use=CodeUse.SIGN_IN)


def check(book: Books, line: Line, code: str, browser: Browser = BROWSER) -> object:
    code_hash = SecretCodes(book.db.keys.index_secret).hash_of(line.id, code, use=CodeUse.SIGN_IN)
    (outcome,) = book.decide(check_code, CheckCode(line.id, browser, code_hash))
    return outcome


def to_sweep(book: Books) -> list[SweepSignIns]:
    with book.db.unit() as unit:
        return sign_ins_to_sweep(unit, 7)


def current(book: Books, token_hash: bytes = b"token") -> Session | None:
    with book.db.unit() as unit:
        found = session_of(token_hash, unit)
    return found[0] if found else None


def test_the_code_is_told_by_a_notice_of_the_same_commit_and_dropped_once_it_is_out(book: Books) -> None:
    line = book.line()
    outcome, code = ask(book, line)
    assert outcome == CodeAsked(5)
    driver = Driver(book.clock.day)
    codes = SecretCodes(book.db.keys.index_secret)
    send_due(book.db, driver, texts=APP.texts, rules=book.rules, codes=codes)
    assert driver.said == [f"The code to sign in: {code}. It is good for 5 minutes. Tell it to nobody."]
    (notice,) = book.all(Notice)
    assert (notice.secret, code in str(notice.details), notice.purchase_id) == (None, False, None)
    assert check(book, line, code) == SignedIn(line.holder_id, line.id)
    assert broken_laws(book.db) == []


def test_a_code_for_a_purchase_of_the_same_number_is_another(book: Books) -> None:
    codes = SecretCodes(book.db.keys.index_secret)
    code_hash, secret = codes.new(7, use=CodeUse.SIGN_IN)
    code = codes.code_in(7, secret, use=CodeUse.SIGN_IN)
    assert codes.hash_of(7, code, use=CodeUse.SIGN_IN) == code_hash != codes.hash_of(7, code)
    for number, use in ((7, CodeUse.PURCHASE), (8, CodeUse.SIGN_IN)):
        with pytest.raises(Exception, match="code_broken"):
            codes.code_in(number, secret, use=use)


def test_asks_and_checks_that_share_a_commit_are_each_counted(book: Books) -> None:
    line, codes = book.line(), SecretCodes(book.db.keys.index_secret)
    made = [codes.new(line.id, use=CodeUse.SIGN_IN) for _ in range(7)]
    asked = [AskCode(b"number", line.id, BROWSER, code_hash, secret) for code_hash, secret in made]
    outcomes = book.decide(ask_code, *asked)
    assert [isinstance(outcome, CodeAsked) for outcome in outcomes] == [True] * 5 + [False] * 2
    assert book.one(SignInCode, line.id).code_hash == made[4][0]
    wrong = [CheckCode(line.id, BROWSER, b"wrong")] * 5
    right = CheckCode(line.id, BROWSER, made[4][0])
    assert [outcome.rule for outcome in book.decide(check_code, *wrong, right)] == ["sign_in.wrong"] * 6


def test_of_two_right_codes_that_share_a_commit_one_is_right(book: Books) -> None:
    line = book.line()
    _, code = ask(book, line)
    code_hash = SecretCodes(book.db.keys.index_secret).hash_of(line.id, code, use=CodeUse.SIGN_IN)
    first, second = (CheckCode(line.id, Browser(b"a", token), code_hash) for token in (b"1", b"2"))
    outcomes = book.decide(check_code, first, second)
    assert outcomes[0] == SignedIn(line.holder_id, line.id)
    assert outcomes[1].rule == "sign_in.wrong"
    assert [session.token_hash for session in book.all(Session)] == [b"1"]


def test_a_session_takes_the_place_of_the_one_its_browser_had(book: Books) -> None:
    line = book.line()
    _, code = ask(book, line)
    check(book, line, code)
    _, code = ask(book, line)
    check(book, line, code, Browser(b"address", b"second", replaces=b"token"))
    assert current(book) is None
    assert current(book, b"second") is not None


def test_only_a_line_of_a_demo_in_service_is_signed_in_by_a_click(book: Books) -> None:
    line, plain = book.line(demo=DemoPart.NEEDS_CODE), book.line()
    closed = book.line(demo=DemoPart.EXEMPT, status=LineStatus.CLOSED)
    commands = [SignInDemo(each, Browser(b"a", b"%d" % each)) for each in (line.id, plain.id, closed.id, 99)]
    outcomes = book.decide(sign_in_demo, *commands)
    assert outcomes[0] == SignedIn(line.holder_id, line.id)
    assert [outcome.rule for outcome in outcomes[1:]] == ["sign_in.wrong"] * 3


def test_use_is_noted_once_a_minute_and_never_after_the_end(book: Books) -> None:
    line = book.line()
    _, code = ask(book, line)
    check(book, line, code)
    began = book.clock.at
    for minutes, seen in ((0.5, 0.0), (0.5, 1.0), (0.9, 1.0), (0.1, 2.0)):
        book.clock.by(minutes=minutes)
        assert book.decide(touch_session, OfSession(b"token")) == [True]
        (session,) = book.all(Session)
        assert session.seen_at == began + timedelta(minutes=seen)
    book.clock.at += IDLE
    assert book.decide(touch_session, OfSession(b"token"), OfSession(b"none")) == [False, False]
    assert current(book) is None
    assert book.decide(end_session, OfSession(b"token"), OfSession(b"token")) == [True, False]
    assert book.all(Session) == []


def test_what_has_run_out_is_swept_and_what_has_not_stays(book: Books) -> None:
    line, other = book.line(), book.line()
    _, code = ask(book, line)
    check(book, line, code)
    ask(book, other, b"another")
    assert (to_sweep(book), book.decide(sweep_sign_ins, SweepSignIns(100))) == ([], [0])
    book.clock.at += timedelta(minutes=5)
    assert to_sweep(book) == [SweepSignIns(7)]
    assert book.decide(sweep_sign_ins, SweepSignIns(100)) == [1]
    assert book.all(SignInCode) == []
    book.clock.at += IDLE - timedelta(minutes=5)
    assert book.decide(sweep_sign_ins, SweepSignIns(100), SweepSignIns(100)) == [1, 0]
    assert book.all(Session) == []
    counts = len(book.all(Tries))
    book.clock.at += LONGEST_COUNTED - IDLE
    assert book.decide(sweep_sign_ins, SweepSignIns(2)) == [2]
    assert book.decide(sweep_sign_ins, SweepSignIns(100)) == [counts - 2]
    assert (to_sweep(book), book.all(Tries)) == ([], [])


def test_who_is_forgotten_is_signed_out(book: Books) -> None:
    book.clock.to(date(2015, 1, 2))
    line = book.line(opened_on=date(2014, 1, 2), consented_on=None, status=LineStatus.PAUSED)
    _, code = ask(book, line)
    check(book, line, code)
    ask(book, line)
    with book.db.session() as session:
        session.rows("UPDATE notices SET state = 'delivered'")
        session.rows("UPDATE lines SET status = 'closed'")
    assert forget_before(book.db, date(2025, 1, 1), Retention(10_000, 60, 12)) == 1
    assert (book.all(Session), book.all(SignInCode)) == ([], [])
