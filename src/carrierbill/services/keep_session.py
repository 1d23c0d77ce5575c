"""Keep session: sessions begin, are noted and end; what is tried is counted; what has run out is swept."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from carrierbill.domain.policy import RuleSet
from carrierbill.domain.saying import Saying
from carrierbill.domain.session import (
    IDLE,
    LONGEST_COUNTED,
    NOTED_EVERY,
    Session,
    SignInCode,
    Staff,
    Tries,
    Trying,
)
from carrierbill.services.decide import Refused, decide_each
from carrierbill.services.ports import Once, Unit, UpTo

OFTEN = "sign_in.often"


# ── counting ─────────────────────────────────────────────────────────────────────────────────────────────
class Counted:
    """What was tried lately, locked for the unit, so that server processes count as one."""

    def __init__(self, unit: Unit, asked: Iterable[tuple[Trying, bytes]]) -> None:
        """Take hold of these counts."""
        self._unit = unit
        keys = set(asked)
        if keys:
            unit.claim(Tries, what={what for what, _ in keys}, whose={whose for _, whose in keys})

    def refusal_of(self, what: Trying, whose: bytes) -> Refused | None:
        """Why nothing more may be tried now, or None."""
        tries = self._unit.get(Tries, what, whose)
        return often(tries, self._unit) if tries else None

    def note(self, what: Trying, whose: bytes) -> None:
        """Count one more."""
        now, tries = self._unit.now, self._unit.get(Tries, what, whose)
        if tries is None:
            self._unit.add(Tries(what, whose, (), now).and_at(now))
        else:
            self._unit.put(tries.and_at(now))

    def forgive(self, what: Trying, whose: bytes) -> None:
        """Begin anew after a success."""
        tries = self._unit.get(Tries, what, whose)
        if tries is not None:
            self._unit.put(replace(tries, seconds=()))


def often(tries: Tries, unit: Unit) -> Refused | None:
    """That something was tried too often, and how many minutes to wait; None where it may be tried."""
    free_at = tries.free_at(unit.now)
    if free_at is None:
        return None
    minutes = -(-(free_at - unit.now) // timedelta(minutes=1))
    return Refused(OFTEN, Saying("refusal.sign_in_often", {"minutes": minutes}))


# ── sessions ─────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class Browser:
    """Where somebody signs in: the keyed hashes of its address, of its session to be, and of one it has."""

    address_hash: bytes
    token_hash: bytes = b""
    replaces: bytes | None = None


@dataclass(frozen=True, slots=True)
class OfSession:
    """A session that is used, or is to end, by the keyed hash of what its browser bears."""

    token_hash: bytes
    once: Once | None = None


def claim_replaced(browsers: Iterable[Browser], unit: Unit) -> None:
    """Take hold of the sessions that end because another begins in the same browser."""
    replaced = {browser.replaces for browser in browsers if browser.replaces is not None}
    if replaced:
        unit.claim(Session, token_hash=replaced)


def begin(session: Session, browser: Browser, unit: Unit) -> None:
    """Begin a session; the one its browser had ends with it, so that no id outlives a sign-in."""
    earlier = unit.get(Session, browser.replaces) if browser.replaces is not None else None
    if earlier is not None:
        unit.remove(earlier)
    unit.add(session)


def session_of(token_hash: bytes, unit: Unit) -> tuple[Session, Staff | None] | None:
    """The session that goes on, with its member of staff; None where it is over, ended or was never one.

    A member of staff who was disabled has none from that moment on, and a new role counts at once.
    """
    found = unit.peek(Session, token_hash=[token_hash])
    if not found or found[0].is_over(unit.now):
        return None
    session = found[0]
    if session.staff is None:
        return session, None
    staff = [each for each in unit.peek(Staff, name=[session.staff]) if each.disabled_at is None]
    return (session, staff[0]) if staff else None


def touch_session(commands: Sequence[OfSession], unit: Unit, rules: RuleSet) -> list[object]:
    """Note that sessions are used; for each whether it goes on."""
    del rules
    unit.claim(Session, token_hash={command.token_hash for command in commands})

    def decide(command: OfSession) -> bool:
        session = unit.get(Session, command.token_hash)
        if session is None or session.is_over(unit.now):
            return False
        if session.seen_at + NOTED_EVERY <= unit.now:
            unit.put(session.seen(unit.now))
        return True

    return decide_each(commands, unit, decide)


def end_session(commands: Sequence[OfSession], unit: Unit, rules: RuleSet) -> list[object]:
    """Sign out: delete sessions; for each whether there was one."""
    del rules
    unit.claim(Session, token_hash={command.token_hash for command in commands})

    def decide(command: OfSession) -> bool:
        session = unit.get(Session, command.token_hash)
        if session is None:
            return False
        unit.remove(session)
        return True

    return decide_each(commands, unit, decide)


# ── sweeping ─────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class SweepSignIns:
    """Up to so many of each kind of what has run out."""

    most: int
    once: Once | None = None


def sign_ins_to_sweep(unit: Unit, most: int) -> list[SweepSignIns]:
    """One command if anything has run out, none else; what the worker asks before it sweeps."""
    has_any = any(unit.peek(kind, **{column: UpTo(end)}, most=1) for kind, column, end in _run_out(unit))
    return [SweepSignIns(most)] if has_any else []


def _run_out(unit: Unit) -> tuple[tuple[type, str, datetime], ...]:
    """Each kind with the column and the instant up to which its records have run out, in order of locking.

    A session past its longest time is refused already; it is swept once it is unused as well.
    """
    return (
        (Tries, "last_at", unit.now - LONGEST_COUNTED),
        (Session, "seen_at", unit.now - IDLE),
        (SignInCode, "expires_at", unit.now),
    )


def sweep_sign_ins(commands: Sequence[SweepSignIns], unit: Unit, rules: RuleSet) -> list[object]:
    """For each command how many sessions, codes and counts were deleted because they had run out."""
    del rules

    def decide(command: SweepSignIns) -> int:
        gone: list[object] = []
        for kind, column, end in _run_out(unit):
            gone += unit.claim(kind, **{column: UpTo(end)}, most=command.most)
        for record in gone:
            unit.remove(record)
        return len(gone)

    return decide_each(commands[:1], unit, decide) + [0 for _ in commands[1:]]
