"""Prove: the proofs too long for every change. `make prove` runs all and writes docs/proofs.md.

    python tools/prove.py                            all parts with a fresh seed
    python tools/prove.py --seed 7                   all parts again as seed 7 drew them
    python tools/prove.py agreement --bills 1000     one part alone; docs/proofs.md stays as it is

The page is written by a run of all parts on at least the usual number of bills, whatever its outcome; the
exit code is 0 only if everything held.
"""

import argparse
import os
import re
import secrets
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(1, str(Path(__file__).parents[1]))
sys.path.insert(2, str(Path(__file__).parents[1] / "tests"))

from tools import long_agreement, machine, planted_faults, prove_ledger

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "proofs.md"
BILLS = 100_000
CORES = os.cpu_count() or 1
MOST_SEED = 10**9
NO_TESTS = 5
LAW = re.compile(r"^(?P<test>\S+?::[^\[]+)(\[.*\])?:$")
EXAMPLES = re.compile(r"(\d+) passing, \d+ failing")
KINDS = ("bills", "late", "with repayments", "overpaid", "compounding", "refused", "events")

HEAD = """\
# Proofs

Written by `make prove` on {day}; the next run rewrites the whole page. To repeat it:
`.venv/bin/python tools/prove.py --seed {seed}`. Machine: {machine}. It took {seconds} s.

**{verdict}**
"""
AGREEMENT = """\
## The domain agrees with the day-by-day reference

The reference (`tests/day_by_day.py`) is written from the rules alone: it walks from day to day, has the
rates typed in again and takes nothing from the package. Both answer the same random bills
(`tests/random_bills.py`), to the won and to the day. *Positions* are everything stated on a day, restoration
included; *outlooks* the events of {days} days; *reliefs* which ways out are open. Agreement cannot show what
both misunderstood: for that there are the stories of `tests/scenarios`, worked out by hand.

Seed {seed}; {seconds} s on {cores} cores.
"""
LAWS = """\
## The laws hold

Every test that uses hypothesis, under its profile `prove`: 5,000 examples a law and rule set. Among them,
though not in the table, is the ledger's state machine (`tests/test_ledger_machine.py`) on each database.

Seed {seed}; {seconds} s; {passing:,} examples passed, {outcome}.
"""
LEDGER = """\
## The ledger withstands races and sudden ends

On a SQLite file and on a PostgreSQL of our own, as durable as in production. *Races*: 200 purchases at once,
from 4 processes, on a line with room for k, k from 0 to 10 and again; in each 25th round every caller has a
transaction of its own, else they share commits. *Duels*: two that cannot both be (confirm and lapse, confirm
and cancel, two refunds of more than half each), so many times each. *Kills*: a worker under mixed load is
ended by SIGKILL at a random moment; *server kills*: PostgreSQL itself is. After each end everything that was
answered is answered again as it was and books nothing a second time, and the laws of the books hold; at last
the chains of hashes are walked.

Seed {seed}; {seconds} s.
"""
FAULTS = """\
## Planted faults are caught

Each patch of `tests/faults` breaks one rule in a copy of the tree, where the tests that should see it are run
until the first fails: the fast tests for what states what is owed, the ledger's for what acts on it, on a
PostgreSQL server for what shows there only. Without a patch the same tests {control}.

{caught} of {planted} are caught; {seconds} s.
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a proof is asked for: a copy of the tree to prove, a seed, and how many bills a rule set."""

    tree: Path
    seed: int
    bills: int


@dataclass(frozen=True, slots=True)
class Proof:
    """What a part found: whether all held, and its section of the page."""

    held: bool
    section: str


def prove_agreement(asked: Asked) -> Proof:
    """The domain against the naive reference, every rule set, on all cores."""
    start = time.monotonic()
    rows, told, differing = [], list[str](), 0
    for what, rules, tally in long_agreement.compare_all(asked.seed, asked.bills, cores=CORES):
        rows.append(
            [what, f"`{rules}`", *(_count(tally.kinds, kind) for kind in KINDS), str(tally.differing)]
        )
        say(f"agreement: {what}, {rules}: {tally.kinds['bills']:,} bills, {tally.differing} differ")
        differing += tally.differing
        told += tally.told
    head = AGREEMENT.format(
        seed=asked.seed, seconds=_since(start), cores=CORES, days=long_agreement.OUTLOOK_DAYS
    )
    table = _table(["compared", "rules", *KINDS, "differ"], rows)
    blocks = "".join(f"\n```\n{difference}\n```\n" for difference in told)
    return Proof(differing == 0, f"{head}\n{table}{blocks}")


def _count(kinds: Counter[str], kind: str) -> str:
    return f"{kinds[kind]:,}" if kinds[kind] else ""


def prove_laws(asked: Asked) -> Proof:
    """Every test that uses hypothesis, with many more examples than in CI."""
    start = time.monotonic()
    options = ["-q", "-m", "hypothesis and not browser", "-n", str(CORES), "-p", "no:cacheprovider"]
    seeded = [f"--hypothesis-seed={asked.seed}", "--hypothesis-show-statistics"]
    command = [sys.executable, "-m", "pytest", *options, *seeded]
    environment = planted_faults.environment_for(asked.tree, "prove")
    run = subprocess.run(
        command, cwd=asked.tree, env=environment, capture_output=True, text=True, check=False
    )
    laws = examples_of(run.stdout)
    outcomes = {0: "none failed", NO_TESTS: "**there are no such tests**"}
    outcome = outcomes.get(run.returncode, "**some failed**")
    if run.returncode:
        say(run.stdout)
    passing = sum(passing for _, passing in laws)
    say(f"laws: {len(laws)} laws, {passing:,} examples, {outcome}")
    head = LAWS.format(seed=asked.seed, seconds=_since(start), passing=passing, outcome=outcome)
    table = _table(["law", "examples"], [[f"`{law}`", f"{passing:,}"] for law, passing in laws])
    return Proof(run.returncode == 0, f"{head}\n{table}")


def examples_of(output: str) -> list[tuple[str, int]]:
    r"""The laws that hypothesis' statistics list, each with its passing examples under all rule sets.

    >>> examples_of("a::test_b[x]:\n  - 9 passing, 0 failing\na::test_b[y]:\n  - 8 passing, 0 failing\n")
    [('a::test_b', 17)]
    """
    laws: Counter[str] = Counter()
    law = ""
    for line in output.splitlines():
        if named := LAW.match(line):
            law = named["test"]
        elif law and (found := EXAMPLES.search(line)):
            laws[law] += int(found[1])
    return sorted(laws.items())


def prove_books(asked: Asked) -> Proof:
    """Races, duels and sudden ends on both databases; moments are the seed's, the machine's haste is not."""
    start = time.monotonic()
    found = prove_ledger.prove(asked.seed, say=say)
    head = LEDGER.format(seed=asked.seed, seconds=_since(start))
    table = _table(["tried", "database", "times", "what happened", "s", "faults"], found.rows)
    blocks = "".join(f"\n```\n{fault}\n```\n" for fault in found.faults)
    return Proof(not found.faults, f"{head}\n{table}{blocks}")


def prove_faults(asked: Asked) -> Proof:
    """Each planted fault is caught by a test; the seed plays no part in it."""
    start = time.monotonic()
    faults = planted_faults.read_faults(asked.tree / "tests" / "faults")
    with ThreadPoolExecutor(CORES) as pool:
        controls = pool.map(lambda trial: _control(trial, asked.tree), planted_faults.controls(faults))
        failing = [
            verdict.caught_by or verdict.told
            for verdict in controls
            if verdict.told != planted_faults.NOT_CAUGHT
        ]
        passed = not failing
        control_told = "pass" if passed else f"**do not pass ({', '.join(failing)})**"
        say(f"faults: without any, the tests {control_told}")
        # Where the tests fail of themselves, a failure says nothing of a fault.
        rows = list(pool.map(lambda fault: _row_of(fault, asked.tree), faults if passed else []))
    caught = sum("::" in caught_by for _, _, caught_by in rows)
    head = FAULTS.format(control=control_told, caught=caught, planted=len(faults), seconds=_since(start))
    table = _table(["fault", "what is broken", "caught by"], rows)
    return Proof(passed and caught == len(faults) > 0, f"{head}\n{table}")


def _control(trial: planted_faults.Trial, tree: Path) -> planted_faults.Verdict:
    return planted_faults.verdict_on(None, tree, [trial])


def _row_of(fault: planted_faults.Fault, tree: Path) -> tuple[str, str, str]:
    verdict = planted_faults.verdict_on(fault, tree)
    say(f"faults: {fault.name}: {verdict.caught_by or verdict.told}")
    caught_by = f"`{verdict.caught_by}`" if verdict.caught_by else f"**{verdict.told}**"
    return f"`{fault.name}`", fault.says, caught_by


# In the order of the page; they are run from the last to the first, as the last fails soonest.
PARTS: dict[str, Callable[[Asked], Proof]] = {
    "agreement": prove_agreement,
    "laws": prove_laws,
    "ledger": prove_books,
    "faults": prove_faults,
}


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    r"""A table in Markdown; a bar within a cell is escaped.

    >>> print(_table(["a", "b"], [["1", "2|3"]]), end="")
    | a | b |
    | --- | --- |
    | 1 | 2\|3 |
    """
    cells = [heads, ["---"] * len(heads), *rows]
    lines = [" | ".join(cell.replace("|", r"\|") for cell in row) for row in cells]
    return "".join(f"| {line} |\n" for line in lines)


def _since(start: float) -> int:
    return round(time.monotonic() - start)


def say(line: str) -> None:
    """Progress, at once."""
    print(line, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts asked for; 0 if all held."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join(PARTS)}; none for all")
    parser.add_argument("--seed", type=int, help="draw as an earlier run did")
    parser.add_argument("--bills", type=int, default=BILLS, help=f"a rule set, {BILLS:,} unless told")
    given = parser.parse_args(arguments)
    if unknown := [part for part in given.parts if part not in PARTS]:
        parser.error(f"no part is called {', '.join(unknown)}; there are {', '.join(PARTS)}")
    seed = secrets.randbelow(MOST_SEED) if given.seed is None else given.seed
    say(f"seed {seed}")
    chosen = [part for part in PARTS if part in (given.parts or PARTS)]
    start, proofs = time.monotonic(), dict[str, Proof]()
    with TemporaryDirectory(prefix="carrierbill-proof-") as folder:
        tree = planted_faults.copy_tree(ROOT, Path(folder) / "tree")
        for part in reversed(chosen):
            proofs[part] = PARTS[part](Asked(tree, seed, given.bills))
    verdict = verdict_on(proofs)
    head = HEAD.format(
        day=datetime.now(tz=UTC).date(),
        seed=seed,
        machine=machine.described(),
        seconds=_since(start),
        verdict=verdict,
    )
    page = "\n".join([head, *(proofs[part].section for part in chosen)])
    if len(chosen) == len(PARTS) and given.bills >= BILLS:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page, encoding="utf-8")
    else:
        say(page)
    say(verdict)
    return 0 if all(proof.held for proof in proofs.values()) else 1


def verdict_on(proofs: Mapping[str, Proof]) -> str:
    """One sentence: everything held, or which parts did not.

    >>> verdict_on({"laws": Proof(False, ""), "faults": Proof(True, "")})
    'Failed: laws.'
    """
    failing = [part for part in PARTS if part in proofs and not proofs[part].held]
    return f"Failed: {', '.join(failing)}." if failing else "Everything held."


if __name__ == "__main__":
    sys.exit(main())
