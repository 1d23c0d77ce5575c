"""Who is let in, as what, and by whom: each change is traced, and what a demo may is a demo's alone."""

from typing import Any

import pytest

from books import Books
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.session import Role, Session, Staff
from carrierbill.services.admit_staff import (
    AddStaff,
    ChangeStaff,
    StaffAct,
    StaffChanged,
    add_staff,
    change_staff,
    leave_trace,
)
from ledger_laws import broken_laws


def add(book: Books, name: str = "hong", role: str = "clerk", **told: Any) -> Any:
    (outcome,) = book.decide(add_staff, AddStaff(name, role, "hash", "cli", **told))
    return outcome


def change(book: Books, name: str = "hong", **told: Any) -> Any:
    (outcome,) = book.decide(change_staff, ChangeStaff(name, "cli", **told))
    return outcome


def trail(book: Books) -> list[Any]:
    with book.db.session() as session:
        return session.rows("SELECT actor, action, line_id, why, details FROM audits ORDER BY seq")


def test_a_member_of_staff_is_added_once(book: Books) -> None:
    assert add(book) == StaffChanged("hong", "clerk", disabled=False)
    assert add(book, role="auditor").rule == "staff.name"
    assert book.all(Staff) == [Staff("hong", Role.CLERK, "hash", book.clock.at)]
    assert trail(book) == [("cli", "staff add", None, "", '{"role":"clerk","staff":"hong"}')]
    assert broken_laws(book.db) == []


def test_of_two_of_one_name_that_share_a_commit_the_first_is_added(book: Books) -> None:
    first, second = AddStaff("hong", "clerk", "1", "cli"), AddStaff("hong", "reader", "2", "cli")
    outcomes = book.decide(add_staff, first, second)
    assert outcomes[0] == StaffChanged("hong", "clerk", disabled=False)
    assert outcomes[1].rule == "staff.name"


@pytest.mark.parametrize(
    "name", ["", "h", "Hong", "1hong", "h ong", "hong\n", "h" * 41, "demo-hong", "홍", "hong:x", "staff:hong"]
)
def test_a_name_that_cannot_be_is_refused(book: Books, name: str) -> None:
    refused = add(book, name)
    assert isinstance(refused, BadInputError)
    assert refused.field == "name"
    assert (book.all(Staff), trail(book)) == ([], [])


@pytest.mark.parametrize("role", ["", "boss", "Clerk"])
def test_a_role_that_is_none_is_refused(book: Books, role: str) -> None:
    assert add(book, role=role).field == "role"
    add(book)
    assert change(book, role=role).field == "role"
    assert book.all(Staff)[0].role == Role.CLERK


def test_a_demos_names_are_a_demos_alone(book: Books) -> None:
    assert add(book, "hong", for_demo=True).field == "name"
    assert add(book, "demo-hong", for_demo=True) == StaffChanged("demo-hong", "clerk", disabled=False)


def test_role_password_and_door_are_changed_one_by_one_and_traced(book: Books) -> None:
    add(book)
    assert change(book, role="approver") == StaffChanged("hong", "approver", disabled=False)
    assert change(book, password_hash="another").role == "approver"  # noqa: S106  # a hash
    book.clock.by(days=1)
    assert change(book, disable=True) == StaffChanged("hong", "approver", disabled=True)
    closed_at = book.clock.at
    book.clock.by(days=1)
    change(book, disable=True)
    (staff,) = book.all(Staff)
    assert (staff.role, staff.password_hash, staff.disabled_at) == (Role.APPROVER, "another", closed_at)
    assert [action for _, action, *_ in trail(book)] == [
        "staff add",
        "staff role",
        "staff password",
        "staff disable",
        "staff disable",
    ]
    assert "another" not in str(trail(book))


def test_nobody_of_that_name_is_bad_input(book: Books) -> None:
    assert change(book, "nobody", disable=True).field == "name"


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ({"disable": True}, [b"of kim"]),
        ({"password_hash": "new"}, [b"of kim"]),
        ({"role": "reader"}, [b"of hong", b"of hong too", b"of kim"]),
    ],
)
def test_whose_door_or_password_is_changed_is_signed_out_everywhere(
    book: Books, told: dict[str, Any], left: list[bytes]
) -> None:
    add(book)
    add(book, "kim")
    with book.db.unit() as unit:
        for token, name in ((b"of hong", "hong"), (b"of hong too", "hong"), (b"of kim", "kim")):
            unit.add(Session(token, unit.now, unit.now, staff=name))
    change(book, **told)
    assert [session.token_hash for session in book.all(Session)] == left


def test_what_staff_look_at_is_traced_for_each_line(book: Books) -> None:
    lines = [book.line().id for _ in range(2)]
    act = StaffAct("hong", "line.read", why="asked by phone", details={"part": "bills"})
    with book.db.unit() as unit:
        leave_trace(act, [*lines, lines[0]], unit)
    assert trail(book) == [
        ("staff:hong", "line.read", line, "asked by phone", '{"part":"bills"}') for line in lines
    ]
