"""The gate on coverage lets enough pass and finds too little."""

import json
from pathlib import Path
from typing import Any

import pytest

from tools import coverage_gate


def report(*, run: int = 10, lines: list[int] | None = None, branches: list[list[int]] | None = None) -> Any:
    return {
        "summary": {"covered_lines": run, "num_statements": 10, "covered_branches": run, "num_branches": 10},
        "missing_lines": lines or [],
        "missing_branches": branches or [],
    }


DOMAIN = "src/carrierbill/domain/money.py"
PAGE = "src/carrierbill/web/app.py"
SETTINGS = "src/carrierbill/settings.py"


def test_a_program_tested_enough_has_no_fault() -> None:
    assert coverage_gate.faults({DOMAIN: report(), PAGE: report(run=8, lines=[1]), SETTINGS: report()}) == []


def test_one_branch_never_taken_in_the_domain_is_a_fault() -> None:
    assert coverage_gate.faults({DOMAIN: report(branches=[[3, 5], [4, -1]])}) == [
        f"{DOMAIN}: never run: lines [], branches [3→5, 4→-1]"
    ]


def test_one_line_never_run_in_the_domain_is_a_fault() -> None:
    assert coverage_gate.faults({DOMAIN: report(lines=[7])}) == [
        f"{DOMAIN}: never run: lines [7], branches []"
    ]


def test_less_than_nine_tenths_elsewhere_is_a_fault_that_names_the_files() -> None:
    files = {DOMAIN: report(), PAGE: report(run=7, lines=[1, 2, 3]), SETTINGS: report()}
    assert coverage_gate.faults(files) == [
        "outside the domain 34 of 40 lines and branches were run, fewer than 90 %",
        f"  {PAGE}: lines [1, 2, 3]",
    ]


@pytest.mark.parametrize(("lines", "status"), [([], 0), ([7], 1)])
def test_the_exit_status_says_whether_the_gate_holds(tmp_path: Path, lines: list[int], status: int) -> None:
    file = tmp_path / "coverage.json"
    file.write_text(json.dumps({"files": {DOMAIN: report(lines=lines)}}), encoding="utf-8")
    assert coverage_gate.main(str(file)) == status
