"""Fail when too little of the program is tested: every branch of the domain, nine tenths of the rest.

python tools/coverage_gate.py coverage.json
"""

import json
import sys
from collections import defaultdict
from fractions import Fraction
from pathlib import Path, PurePath
from typing import Any

DOMAIN = "domain"
ELSEWHERE_AT_LEAST = Fraction(90, 100)


def room_of(file: str) -> str:
    """The first folder below the package, or "(top)" for a module beside them.

    >>> room_of("src/carrierbill/domain/money.py"), room_of("src/carrierbill/settings.py")
    ('domain', '(top)')
    """
    inside = PurePath(file).parts
    below = inside[inside.index("carrierbill") + 1 :]
    return below[0] if len(below) > 1 else "(top)"


def counted(summary: dict[str, Any]) -> tuple[int, int]:
    """Lines and branches of a file: how many were run, and how many there are."""
    return (
        summary["covered_lines"] + summary["covered_branches"],
        summary["num_statements"] + summary["num_branches"],
    )


def shares(files: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """For each room, what was run and what there is."""
    sums: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for file, report in files.items():
        run, there = counted(report["summary"])
        sums[room_of(file)][0] += run
        sums[room_of(file)][1] += there
    return {room: (run, there) for room, (run, there) in sorted(sums.items())}


def faults(files: dict[str, Any]) -> list[str]:
    """What falls short, a sentence each."""
    found = []
    for file, report in sorted(files.items()):
        if room_of(file) == DOMAIN and (report["missing_lines"] or report["missing_branches"]):
            branches = ", ".join(f"{start}→{end}" for start, end in report["missing_branches"])
            found.append(f"{file}: never run: lines {report['missing_lines']}, branches [{branches}]")
    rest = [share for room, share in shares(files).items() if room != DOMAIN]
    run, there = sum(run for run, _ in rest), sum(there for _, there in rest)
    if run < there * ELSEWHERE_AT_LEAST:
        found.append(f"outside the domain {run} of {there} lines and branches were run, fewer than 90 %")
        found += [f"  {file}: lines {report['missing_lines']}" for file, report in low(files)]
    return found


def low(files: dict[str, Any]) -> list[tuple[str, Any]]:
    """The files outside the domain that are below the mark themselves."""
    chosen = []
    for file, report in sorted(files.items()):
        run, there = counted(report["summary"])
        if room_of(file) != DOMAIN and run < there * ELSEWHERE_AT_LEAST:
            chosen.append((file, report))
    return chosen


def main(report: str) -> int:
    """Print the shares and the faults; 1 if there is a fault."""
    files = json.loads(Path(report).read_text(encoding="utf-8"))["files"]
    for room, (run, there) in shares(files).items():
        print(f"coverage {room:12} {run:6} of {there:6}")
    found = faults(files)
    for fault in found:
        print(fault, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
