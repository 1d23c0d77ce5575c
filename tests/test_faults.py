"""The planted faults still apply to the tree, and docs/proofs.md shows each of them caught.

`make prove` plants them one by one in a copy of the tree and writes that page.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from tools.planted_faults import (
    FAST_TESTS,
    FOLDER,
    NEAREST,
    OF_ROOM,
    ROOT,
    SERVER_TESTS,
    DoesNotApplyError,
    Fault,
    applied,
    controls,
    read_fault,
    read_faults,
    trials_of,
)

FAULTS = read_faults()
# Planted since the last `make prove`; once a run has shown them caught, their patches move up to the others.
WAITING = {fault.name for fault in read_faults(FOLDER / "waiting")}
PROOFS = ROOT / "docs" / "proofs.md"
PATCH = "Two for one.\n--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n zero\n-one\n+two\n"


def test_there_are_enough_faults_and_their_numbers_rise_one_by_one() -> None:
    assert len(FAULTS) >= 16
    numbers = [fault.name.partition("-")[0] for fault in FAULTS]
    assert numbers == [f"{number:02}" for number in range(1, len(FAULTS) + 1)]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_still_applies_and_changes_something(fault: Fault) -> None:
    for file, text in applied(fault, ROOT).items():
        assert text != file.read_text(encoding="utf-8")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_says_in_one_sentence_what_it_breaks(fault: Fault) -> None:
    assert fault.says.endswith(".")
    assert fault.says[0].isupper()


PROVEN = [fault for fault in FAULTS if fault.name not in WAITING]


@pytest.mark.parametrize("fault", PROVEN, ids=lambda fault: fault.name)
def test_the_last_proof_names_the_test_that_catches_a_fault(fault: Fault) -> None:
    rows = [line for line in PROOFS.read_text(encoding="utf-8").splitlines() if f"`{fault.name}`" in line]
    assert len(rows) == 1, f"docs/proofs.md is older than {fault.name}: run `make prove`"
    assert "::" in rows[0].rpartition(" | ")[2], f"no test catches {fault.name}"


def test_no_fault_waits_that_the_last_proof_names() -> None:
    page = PROOFS.read_text(encoding="utf-8")
    assert [name for name in sorted(WAITING) if f"`{name}`" in page] == []


# ── each is tried by the tests of what it changes ────────────────────────────────────────────────────────


def test_every_test_that_is_named_to_try_a_fault_is_there() -> None:
    trials = [*controls(FAULTS), *(trial for fault in FAULTS for trial in trials_of(fault))]
    rooms = {test for tests in OF_ROOM.values() for test in tests}
    named = {test for tests in NEAREST.values() for test in tests} | {*FAST_TESTS, *SERVER_TESTS} | rooms
    there = {test for trial in trials for test in trial.tests}
    assert [test for test in sorted(named) if not (ROOT / test).exists()] == []
    # A module without tests of its name is tried by those around it.
    assert [test for test in sorted(there - named) if not (ROOT / test).exists()] == []


def test_what_passes_without_a_fault_is_all_that_tries_one() -> None:
    for on_postgres in (False, True):
        run = [test for trial in controls(FAULTS) if trial.on_postgres == on_postgres for test in trial.tests]
        for trial in (trial for fault in FAULTS for trial in trials_of(fault)):
            missing = {test for test in trial.tests if not {test, str(Path(test).parent)} & {*run}}
            assert trial.on_postgres != on_postgres or missing == set()


def test_only_what_a_server_shows_is_tried_on_a_server() -> None:
    told = read_fault("00-x", PATCH.replace("Two for one.\n", "Two for one.\nOn PostgreSQL.\n"))
    assert (told.says, told.on_postgres) == ("Two for one.", True)
    ledger = replace(told, changes=(replace(told.changes[0], file="src/carrierbill/storage/sql.py"),))
    assert {trial.on_postgres for trial in trials_of(ledger)} == {True}
    assert {trial.on_postgres for trial in trials_of(replace(ledger, on_postgres=False))} == {False}


# ── a patch is applied as it says, or not at all ─────────────────────────────────────────────────────────


def test_a_patch_is_applied_wherever_its_lines_stand(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text("new\nzero\none\none\n", encoding="utf-8")
    assert applied(read_fault("00-x", PATCH), tmp_path) == {file: "new\nzero\ntwo\none\n"}


@pytest.mark.parametrize("text", ["zero\n", "zero\none\nzero\none\n", "a zero\none\n", "zero\none more\n"])
def test_a_patch_whose_lines_do_not_stand_exactly_once_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.py").write_text(text, encoding="utf-8")
    with pytest.raises(DoesNotApplyError):
        applied(read_fault("00-x", PATCH), tmp_path)


@pytest.mark.parametrize("patch", [PATCH, "Nothing.\n"])
def test_a_patch_without_a_file_or_a_change_is_refused(tmp_path: Path, patch: str) -> None:
    with pytest.raises(DoesNotApplyError):
        applied(read_fault("00-x", patch), tmp_path)
