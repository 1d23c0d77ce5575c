"""Sign in staff: a name and a password that fitted, checked against tries, and a session begins."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from carrierbill.domain.policy import RuleSet
from carrierbill.domain.saying import Saying
from carrierbill.domain.session import Session, Staff, Tries, Trying
from carrierbill.services.admit_staff import actor_of
from carrierbill.services.decide import Refused, decide_each, outcome
from carrierbill.services.keep_session import Browser, Counted, begin, claim_replaced, often
from carrierbill.services.ports import Audit, Once, Unit

WRONG = "sign_in.wrong"


@dataclass(frozen=True, slots=True)
class SignInStaff:
    """A name with whether its password fitted `password_hash`, which was all that was known then.

    `renewed_hash` is the same password hashed as it is done nowadays, where that has changed.
    """

    name: str
    name_hash: bytes
    browser: Browser
    fitted: bool
    password_hash: str = ""
    renewed_hash: str | None = None
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class StaffSignedIn:
    """Whose session began."""

    name: str


def staff_at_door(name: str, name_hash: bytes, address_hash: bytes, *, unit: Unit) -> Staff | Refused | None:
    """Who is to be let in if the password fits; Refused before anything is checked; None for nobody.

    Looked at before a password is hashed, which takes long; the decision looks again.
    """
    for what, whose in _counts_of(name_hash, address_hash):
        for tries in unit.peek(Tries, what=[what], whose=[whose]):
            refused = often(tries, unit)
            if refused is not None:
                return refused
    found = [staff for staff in unit.peek(Staff, name=[name]) if staff.disabled_at is None]
    return found[0] if found else None


def sign_in_staff(commands: Sequence[SignInStaff], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's StaffSignedIn, or Refused: too many wrong tries of the name or the address, else alike.

    A wrong password, a name nobody has and one that is disabled are told apart by nobody.
    """
    del rules
    counted = Counted(
        unit, [each for command in commands for each in _counts_of(command.name_hash, _address(command))]
    )
    unit.claim(Staff, name={command.name for command in commands})
    claim_replaced([command.browser for command in commands], unit)

    def decide(command: SignInStaff) -> StaffSignedIn | Refused:
        counts = _counts_of(command.name_hash, _address(command))
        for what, whose in counts:
            refused = counted.refusal_of(what, whose)
            if refused is not None:
                return refused
        staff = unit.get(Staff, command.name)
        if staff is None or not _may_enter(staff, command):
            for what, whose in counts:
                counted.note(what, whose)
            return Refused(WRONG, Saying("refusal.staff_wrong"))
        counted.forgive(Trying.STAFF_WRONG, command.name_hash)
        if command.renewed_hash is not None:
            unit.put(replace(staff, password_hash=command.renewed_hash))
        session = Session(command.browser.token_hash, unit.now, unit.now, staff=staff.name)
        begin(session, command.browser, unit)
        unit.audit(Audit(actor_of(staff.name), "sign in", unit.now))
        return StaffSignedIn(staff.name)

    return decide_each(commands, unit, decide)


def _may_enter(staff: Staff, command: SignInStaff) -> bool:
    """Whether the password fitted the one that still holds, of somebody who is still let in."""
    return command.fitted and staff.disabled_at is None and staff.password_hash == command.password_hash


def _address(command: SignInStaff) -> bytes:
    return command.browser.address_hash


def _counts_of(name_hash: bytes, address_hash: bytes) -> list[tuple[Trying, bytes]]:
    return [(Trying.STAFF_WRONG, name_hash), (Trying.ADDRESS_WRONG, address_hash)]
