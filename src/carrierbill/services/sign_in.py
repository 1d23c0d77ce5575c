"""Sign in: a one-time code to a line's number shows that its holder is there, and a session begins."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hmac import compare_digest

from carrierbill.domain.dates import seoul_day
from carrierbill.domain.line import Line, LineStatus
from carrierbill.domain.notice import Notice, Told, notice_of
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.saying import Saying
from carrierbill.domain.session import CODE_TRIES, SIGN_IN_CODE, Session, SignInCode, Trying
from carrierbill.services.decide import Refused, decide_each, outcome
from carrierbill.services.keep_session import Browser, Counted, begin, claim_replaced
from carrierbill.services.ports import Audit, Once, Unit

HOLDER = "holder"
WRONG = "sign_in.wrong"
# No line has this id: it is looked for in the place of a line that is not there, so that both take as long.
NOBODYS = 0


@dataclass(frozen=True, slots=True)
class AskCode:
    """A code to sign in with; the line is None where nobody has the number, which nobody is to find out."""

    number_hash: bytes
    line_id: int | None
    browser: Browser
    code_hash: bytes
    secret: bytes
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class CodeAsked:
    """A code on its way if the number has a line; good for so many minutes."""

    minutes: int


@dataclass(frozen=True, slots=True)
class CheckCode:
    """A code as typed in, as its keyed hash."""

    line_id: int | None
    browser: Browser
    code_hash: bytes
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class SignInDemo:
    """One click on a line of a demo; whether the database is one is for the asker to know."""

    line_id: int
    browser: Browser
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whose session began."""

    holder_id: int
    line_id: int


def ask_code(commands: Sequence[AskCode], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's CodeAsked, or Refused where too many were asked for by a line or an address.

    A new code takes the place of the one before, with all its tries. A number that nobody has is answered,
    and counted, as any other.
    """
    counted = Counted(unit, _counts_of(commands))
    lines = _load_lines([command.line_id for command in commands], unit)

    def decide(command: AskCode) -> CodeAsked | Refused:
        for what, whose in _counts_of([command]):
            refused = counted.refusal_of(what, whose)
            if refused is not None:
                return refused
        for what, whose in _counts_of([command]):
            counted.note(what, whose)
        minutes = code_minutes(unit.now, rules)
        line = lines.get(command.line_id or NOBODYS)
        if line is not None:
            _send(line, command, unit, minutes=minutes)
        return CodeAsked(minutes)

    return decide_each(commands, unit, decide)


def _counts_of(commands: Iterable[AskCode]) -> list[tuple[Trying, bytes]]:
    of_addresses = [(Trying.ADDRESS_CODES, command.browser.address_hash) for command in commands]
    return [*of_addresses, *((Trying.LINE_CODES, command.number_hash) for command in commands)]


def _load_lines(line_ids: Iterable[int | None], unit: Unit) -> dict[int, Line]:
    """The lines in service, their holders locked, with the codes that are out."""
    wanted = {line_id or NOBODYS for line_id in line_ids}
    unit.lock({line.holder_id for line in unit.peek(Line, id=wanted)})
    unit.load(SignInCode, line_id=wanted)
    return {line.id: line for line in unit.load(Line, id=wanted) if line.status != LineStatus.CLOSED}


def code_minutes(now: datetime, rules: RuleSet) -> int:
    """For how many minutes a code is good, by the rule of the day."""
    rule = rules.in_force("authorisation", rules.authorisation["code"], seoul_day(now)).content
    return rule.minutes or 0


def _send(line: Line, command: AskCode, unit: Unit, *, minutes: int) -> None:
    expires_at = unit.now + timedelta(minutes=minutes)
    code = SignInCode(line.id, line.holder_id, command.code_hash, CODE_TRIES, expires_at)
    (unit.put if unit.get(SignInCode, line.id) else unit.add)(code)
    told = Told(SIGN_IN_CODE, "notice.sign_in_code", {"minutes": minutes})
    notice = notice_of(told, unit.new_id(Notice), line, at=unit.now)
    unit.add(replace(notice, secret=command.secret))


def check_code(commands: Sequence[CheckCode], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's SignedIn, or Refused: of an address with too many wrong ones, else all alike.

    A code that is wrong, used, replaced, over or was never sent is told apart by nobody.
    """
    del rules  # how long a code is good was settled when it was sent
    counted = Counted(unit, [(Trying.ADDRESS_WRONG, command.browser.address_hash) for command in commands])
    claim_replaced([command.browser for command in commands], unit)
    lines = _load_lines([command.line_id for command in commands], unit)

    def decide(command: CheckCode) -> SignedIn | Refused:
        address = command.browser.address_hash
        refused = counted.refusal_of(Trying.ADDRESS_WRONG, address)
        if refused is not None:
            return refused
        line = lines.get(command.line_id or NOBODYS)
        code = unit.get(SignInCode, line.id) if line is not None else None
        if line is None or code is None or not code.is_good(unit.now) or not _is_right(command, code):
            counted.note(Trying.ADDRESS_WRONG, address)
            if code is not None and code.is_good(unit.now):
                unit.put(replace(code, tries_left=code.tries_left - 1))
            return _wrong()
        unit.remove(code)
        return _signed_in(line, command.browser, unit)

    return decide_each(commands, unit, decide)


def _wrong() -> Refused:
    return Refused(WRONG, Saying("refusal.sign_in_wrong"))


def _is_right(command: CheckCode, code: SignInCode) -> bool:
    return compare_digest(command.code_hash, code.code_hash)


def sign_in_demo(commands: Sequence[SignInDemo], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's SignedIn, or Refused for a line that is no demo's."""
    del rules
    claim_replaced([command.browser for command in commands], unit)
    lines = _load_lines([command.line_id for command in commands], unit)

    def decide(command: SignInDemo) -> SignedIn | Refused:
        line = lines.get(command.line_id)
        if line is None or line.demo is None:
            return _wrong()
        return _signed_in(line, command.browser, unit)

    return decide_each(commands, unit, decide)


def _signed_in(line: Line, browser: Browser, unit: Unit) -> SignedIn:
    begin(Session(browser.token_hash, unit.now, unit.now, line.holder_id, line.id), browser, unit)
    unit.audit(Audit(HOLDER, "sign in", unit.now, line.id))
    return SignedIn(line.holder_id, line.id)
