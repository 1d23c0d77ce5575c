"""The planted faults still apply to the tree, and docs/proofs.md shows each of them caught.

`make prove` plants them one by one in a copy of the tree and writes that page.
"""

from pathlib import Path

import pytest

from tools.planted_faults import ROOT, DoesNotApplyError, Fault, applied, read_fault, read_faults

FAULTS = read_faults()
PROOFS = ROOT / "docs" / "proofs.md"
PATCH = "Two for one.\n--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n zero\n-one\n+two\n"


def test_there_are_enough_faults_and_their_numbers_rise_one_by_one() -> None:
    assert len(FAULTS) >= 16
    assert [fault.name[:2] for fault in FAULTS] == [f"{number:02}" for number in range(1, len(FAULTS) + 1)]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_still_applies_and_changes_something(fault: Fault) -> None:
    for file, text in applied(fault, ROOT).items():
        assert text != file.read_text(encoding="utf-8")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_says_in_one_sentence_what_it_breaks(fault: Fault) -> None:
    assert fault.says.endswith(".")
    assert fault.says[0].isupper()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_last_proof_names_the_test_that_catches_a_fault(fault: Fault) -> None:
    rows = [line for line in PROOFS.read_text(encoding="utf-8").splitlines() if f"`{fault.name}`" in line]
    assert len(rows) == 1, f"docs/proofs.md is older than {fault.name}: run `make prove`"
    assert "::" in rows[0].rpartition(" | ")[2], f"no test catches {fault.name}"


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
