"""Admit staff: who may sign in and as what; and the trace that all they see and change leaves."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from carrierbill.domain.errors import BadInputError
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.saying import Saying
from carrierbill.domain.session import Role, Session, Staff
from carrierbill.services.decide import Refused, decide_each, outcome
from carrierbill.services.ports import Audit, Once, Unit

NAME = re.compile("[a-z][a-z0-9.-]{1,39}")
# Names that only a demo may have: nobody is to take a demo's login for a real one.
DEMO_NAMES = "demo-"


@dataclass(frozen=True, slots=True)
class AddStaff:
    """Somebody to be let in; the password comes as its hash alone."""

    name: str
    role: str
    password_hash: str
    actor: str
    for_demo: bool = False
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class ChangeStaff:
    """Another role, another password, or the door closed; None leaves a thing as it is."""

    name: str
    actor: str
    role: str | None = None
    password_hash: str | None = None
    disable: bool = False
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class StaffChanged:
    """A member of staff as they stand now."""

    name: str
    role: str
    disabled: bool


def add_staff(commands: Sequence[AddStaff], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's StaffChanged, a BadInputError for a name or role that cannot be, or Refused if taken."""
    del rules
    unit.claim(Staff, name={command.name for command in commands})

    def decide(command: AddStaff) -> StaffChanged | Refused:
        role = _role(command.role)
        is_demos = command.name.startswith(DEMO_NAMES)
        if not NAME.fullmatch(command.name) or is_demos != command.for_demo:
            raise BadInputError("name", Saying("bad_input.staff_name", {"reserved": DEMO_NAMES}))
        if unit.get(Staff, command.name) is not None:
            return Refused("staff.name", Saying("refusal.staff_known", {"staff": command.name}))
        staff = Staff(command.name, role, command.password_hash, unit.now)
        unit.add(staff)
        return _changed(staff, "staff add", command.actor, unit=unit)

    return decide_each(commands, unit, decide)


def change_staff(commands: Sequence[ChangeStaff], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's StaffChanged, or a BadInputError for a role or a name there is none of.

    Whoever is disabled, or has a new password, is signed out everywhere.
    """
    del rules
    names = {command.name for command in commands}
    unit.claim(Staff, name=names)
    sessions = unit.claim(Session, staff=names)

    def decide(command: ChangeStaff) -> StaffChanged:
        staff = unit.get(Staff, command.name)
        if staff is None:
            raise BadInputError("name", Saying("bad_input.no_staff", {"given": command.name}))
        if command.role is not None:
            staff = replace(staff, role=_role(command.role))
        if command.password_hash is not None:
            staff = replace(staff, password_hash=command.password_hash)
        if command.disable:
            staff = replace(staff, disabled_at=staff.disabled_at or unit.now)
        unit.put(staff)
        if command.disable or command.password_hash is not None:
            _sign_out([session for session in sessions if session.staff == command.name], unit)
        return _changed(staff, f"staff {_what(command)}", command.actor, unit=unit)

    return decide_each(commands, unit, decide)


def _role(given: str) -> Role:
    if given not in list(Role):
        raise BadInputError("role", Saying("bad_input.role", {"known": ", ".join(Role), "given": given}))
    return Role(given)


def _what(command: ChangeStaff) -> str:
    if command.disable:
        return "disable"
    return "password" if command.password_hash is not None else "role"


def _sign_out(sessions: Iterable[Session], unit: Unit) -> None:
    for session in sessions:
        if unit.get(Session, session.token_hash) is not None:
            unit.remove(session)


def _changed(staff: Staff, action: str, actor: str, *, unit: Unit) -> StaffChanged:
    unit.audit(Audit(actor, action, unit.now, details={"staff": staff.name, "role": str(staff.role)}))
    return StaffChanged(staff.name, staff.role, staff.disabled_at is not None)


# ── the trace ────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class StaffAct:
    """What a member of staff looked at or did, and the reason they gave."""

    staff: str
    did: str
    why: str = ""
    details: Mapping[str, int | str] = field(default_factory=dict)


def leave_trace(act: StaffAct, line_ids: Iterable[int], unit: Unit) -> None:
    """Note for each line whose data it is; all that staff see or change of a line goes through here."""
    for line_id in sorted(set(line_ids)):
        unit.audit(
            Audit(actor_of(act.staff), act.did, unit.now, line_id, why=act.why, details=dict(act.details))
        )


def actor_of(staff: str) -> str:
    """How a member of staff is named in the audit trail; no client or program is named so."""
    return f"staff:{staff}"
