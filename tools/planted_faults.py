"""Planted faults: small patches in tests/faults that each break one rule in a copy of the tree.

A patch is a unified diff below one sentence that says what is broken. Its lines have to stand exactly once
in their file; line numbers are not looked at, so a patch outlives changes elsewhere in the file.

Which tests have to catch it follows from the file it changes: those of the ledger look at the ledger alone,
on SQLite. A line `On PostgreSQL.` below the sentence is for what shows on a server only.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "tests" / "faults"
# What the fast tests need; installed packages are those of the tree.
COPIED = ("src", "tests", "tools", "pyproject.toml")
NOT_COPIED = shutil.ignore_patterns("__pycache__", ".*", "*.egg-info", "build", "dist")
# In this order, so that a test which states the broken rule catches it before one that draws bills at random.
FAST_TESTS = (
    "tests/test_scenarios.py",
    "tests/domain",
    "tests/policies",
    "tests/texts",
    "tests/documents",
    "tests/test_settings.py",
    "tests/test_bootstrap.py",
    "tests/cli",
    "src/carrierbill/domain",
    "tests/test_agreement.py",
)
AGREEMENT_BILLS = 300
# The parts of the domain that the ledger is made of; the others state what is owed, which the fast tests try.
LEDGER_DOMAIN = frozenset(
    {"allowances", "arrangement", "arrears", "billing", "caps", "copies", "debt_notice", "effects", "journal"}
    | {"limits", "line", "notice", "objection", "purchase", "repayment", "settlement"}
)
LIVES = ("tests/test_lives.py", "tests/test_refusals_in_order.py", "tests/test_acting.py")
# What tries a room of the ledger, after the tests that are nearest to the changed module.
OF_ROOM: Mapping[str, tuple[str, ...]] = {
    "domain": ("tests/services", *LIVES),
    "services": ("tests/services", *LIVES, "tests/storage"),
    "storage": ("tests/storage", "src/carrierbill/storage", "tests/services", "tests/test_races.py"),
    "drivers": ("tests/drivers", "tests/services"),
}
# The nearest tests where that is not the file of tests that bears the module's name, or not that alone.
NEAREST: Mapping[str, tuple[str, ...]] = {
    "domain/arrears": ("tests/domain/test_effects.py",),
    "domain/arrangement": ("tests/domain/test_arrangement.py", "tests/services/test_grant_relief.py"),
    "domain/billing": ("tests/domain/test_billing.py", "tests/services/test_close_month.py"),
    "domain/caps": ("tests/domain/test_limits.py", "tests/test_lives.py"),
    "domain/debt_notice": ("tests/domain/test_debt_notice.py", "tests/services/test_advance_day.py"),
    "domain/limits": ("tests/domain/test_limits.py", "tests/test_lives.py"),
    "domain/line": (
        "tests/domain/test_line.py",
        "tests/services/test_change_limit.py",
        "tests/test_lives.py",
    ),
    "domain/notice": ("tests/domain/test_notice.py", "tests/services/test_close_month.py"),
    "domain/objection": ("tests/services/test_handle_objection.py",),
    "domain/purchase": ("tests/test_lives.py",),
    "services/days_work": ("tests/services/test_grant_relief.py", "tests/services/test_advance_day.py"),
    "services/decide": ("tests/storage/test_records.py",),
    "services/holding": (
        "tests/services/test_cancel_purchase.py",
        "tests/services/test_validate_purchase.py",
        "tests/test_lives.py",
    ),
    "services/lapse_holds": ("tests/services/test_cancel_purchase.py",),
    "services/owing": ("tests/services/test_receive_repayment.py", "tests/services/test_refund_purchase.py"),
    "services/plans": ("tests/services/test_grant_relief.py",),
    "services/receive_repayment": (
        "tests/services/test_receive_repayment.py",
        "tests/services/test_advance_day.py",
    ),
    "services/report_late": ("tests/services/test_tell_others.py", "tests/test_lives.py"),
    "services/telling": ("tests/services/test_grant_relief.py", "tests/services/test_advance_day.py"),
    "services/verify_books": ("tests/storage/test_proof.py",),
    "storage/chain": ("tests/storage/test_chain.py", "tests/storage/test_proof.py"),
    "storage/database": (
        "tests/storage/test_database.py",
        "tests/storage/test_schema.py",
        "tests/test_races.py",
    ),
    "storage/people": ("tests/storage/test_people.py", "tests/storage/test_rotation.py"),
    "storage/sql": (
        "src/carrierbill/storage/sql.py",
        "tests/storage/test_sql.py",
        "tests/services/test_cancel_purchase.py",
    ),
    "storage/unit_of_work": ("tests/storage/test_records.py",),
    "drivers/bureau_files": ("tests/drivers",),
    "drivers/gateway_files": ("tests/drivers",),
    "drivers/notices": ("tests/drivers",),
}
# What shows on a server only is a matter of locks, of its own statements, or of its own sequence.
SERVER_TESTS = ("tests/test_races.py", "tests/storage")
ON_A_SERVER = re.compile(r"^On PostgreSQL\.$", re.MULTILINE)
PATIENCE_S = 600
ALL_PASSED, SOME_FAILED, NONE_CHOSEN = 0, 1, 5
NOT_CAUGHT = "not caught"
FAILED_TEST = re.compile(r"^FAILED (.+?)(?: - .*)?$", re.MULTILINE)


class DoesNotApplyError(Exception):
    """A patch whose lines are not, or not only once, in the file they change."""


@dataclass(frozen=True, slots=True)
class Change:
    """Lines of a file, and what they become."""

    file: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A planted fault: its number and name, what it breaks, the changes that do, where it shows."""

    name: str
    says: str
    changes: tuple[Change, ...]
    on_postgres: bool = False


@dataclass(frozen=True, slots=True)
class Trial:
    """Tests to be run, on SQLite alone or on PostgreSQL alone."""

    tests: tuple[str, ...]
    on_postgres: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of running the tests: the first that failed, or why none did."""

    caught_by: str | None
    told: str


def read_faults(folder: Path = FOLDER) -> list[Fault]:
    """Every planted fault by its number; those in `waiting` are newer than the last proof."""
    files = sorted(folder.rglob("*.patch"), key=lambda file: int(file.stem.partition("-")[0]))
    return [read_fault(file.stem, file.read_text(encoding="utf-8")) for file in files]


def read_fault(name: str, patch: str) -> Fault:
    r"""The fault a patch describes.

    >>> read_fault("00-x", "Two for one.\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-one\n+two\n").changes
    (Change(file='x.py', before='one\n', after='two\n'),)
    """
    head, *files = re.split(r"^--- .*\n", patch, flags=re.MULTILINE)
    changes = []
    for text in files:
        named, *hunks = re.split(r"^@@.*@@.*\n", text, flags=re.MULTILINE)
        file = named.removeprefix("+++ b/").strip()
        changes += [Change(file, _side(hunk, "-"), _side(hunk, "+")) for hunk in hunks]
    says = " ".join(ON_A_SERVER.sub("", head).split())
    return Fault(name, says, tuple(changes), ON_A_SERVER.search(head) is not None)


def _side(hunk: str, sign: str) -> str:
    """The lines of a hunk as they were (`-`) or as they become (`+`)."""
    # An editor may strip the blank that marks an empty line of context.
    lines = [line or " " for line in hunk.splitlines()]
    return "".join(f"{line[1:]}\n" for line in lines if line[0] in (" ", sign))


def applied(fault: Fault, tree: Path) -> dict[Path, str]:
    """The changed files as the patch would write them; DoesNotApplyError says which change has no place."""
    texts: dict[Path, str] = {}
    if not fault.changes:
        raise DoesNotApplyError(f"{fault.name}: changes nothing")
    for change in fault.changes:
        file = tree / change.file
        if not file.is_file():
            raise DoesNotApplyError(f"{fault.name}: there is no {change.file}")
        text = texts.get(file) or file.read_text(encoding="utf-8")
        places = list(re.finditer("^" + re.escape(change.before), text, re.MULTILINE))
        if len(places) != 1:
            where = f"in {change.file}, not once"
            raise DoesNotApplyError(f"{fault.name}: its lines stand {len(places)} times {where}")
        texts[file] = text[: places[0].start()] + change.after + text[places[0].end() :]
    return texts


def copy_tree(tree: Path, to: Path) -> Path:
    """A copy of the whole tree without caches, so that work on the tree does not disturb a proof."""
    return Path(shutil.copytree(tree, to, ignore=NOT_COPIED))


def trials_of(fault: Fault) -> list[Trial]:
    """What has to catch a fault, by the file it changes: the nearest tests first, then those around them.

    >>> change = Change("src/carrierbill/storage/chain.py", "", "")
    >>> trials_of(Fault("00-x", "", (change,)))[0]
    Trial(tests=('tests/storage/test_chain.py', 'tests/storage/test_proof.py'), on_postgres=False)
    """
    where = PurePath(fault.changes[0].file if fault.changes else "")
    room, module = where.parent.name, where.stem
    if room not in OF_ROOM or (room == "domain" and module not in LEDGER_DOMAIN):
        return [Trial(FAST_TESTS)]
    nearest = NEAREST.get(f"{room}/{module}", (f"tests/{room}/test_{module}.py",))
    around = SERVER_TESTS if fault.on_postgres else OF_ROOM[room]
    return [Trial(nearest, fault.on_postgres), Trial(around, fault.on_postgres)]


def controls(faults: Iterable[Fault]) -> list[Trial]:
    """What has to pass without any fault: all of those tests, each of them once."""
    trials = [trial for fault in faults for trial in trials_of(fault)]
    found = []
    for on_postgres in (False, True):
        tests = [test for trial in trials if trial.on_postgres == on_postgres for test in trial.tests]
        once = [test for test in dict.fromkeys(tests) if str(PurePath(test).parent) not in tests]
        fast = tuple(test for test in once if test in FAST_TESTS)
        others = tuple(test for test in once if test not in FAST_TESTS)
        found += [Trial(some, on_postgres) for some in (others, fast) if some]
    return found


def verdict_on(fault: Fault | None, tree: Path, trials: Iterable[Trial] = (Trial(FAST_TESTS),)) -> Verdict:
    """Plant the fault in a copy of the tree and run its trials there; with none those given should pass."""
    with TemporaryDirectory(prefix="carrierbill-fault-") as folder:
        copy = Path(folder)
        for name in COPIED:
            if (tree / name).is_dir():
                shutil.copytree(tree / name, copy / name, ignore=NOT_COPIED)
            else:
                shutil.copy2(tree / name, copy / name)
        try:
            changed = {} if fault is None else applied(fault, copy)
        except DoesNotApplyError as error:
            return Verdict(None, f"no longer applies: {error}")
        for file, text in changed.items():
            file.write_text(text, encoding="utf-8")
        verdict = Verdict(None, NOT_CAUGHT)
        for trial in trials if fault is None else trials_of(fault):
            verdict = _verdict(copy, trial)
            if verdict.told != NOT_CAUGHT:
                break
        return verdict


def _verdict(copy: Path, trial: Trial) -> Verdict:
    tests = [test for test in trial.tests if (copy / test).exists()]
    if not tests:
        return Verdict(None, NOT_CAUGHT)
    options = ["-x", "-q", "-rfE", "-m", "not browser", "-p", "no:cacheprovider", "-p", "no:xdist"]
    database = "postgresql" if trial.on_postgres else "not postgresql"
    command = [sys.executable, "-m", "pytest", *options, "-k", database, *tests]
    try:
        run = subprocess.run(
            command,
            cwd=copy,
            env=environment_for(copy) | {"PROVE_BILLS": str(AGREEMENT_BILLS)},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
    except subprocess.TimeoutExpired:
        return Verdict(None, f"the tests did not end within {PATIENCE_S} s")
    return verdict_of(run.returncode, run.stdout)


def verdict_of(code: int, output: str) -> Verdict:
    """What pytest's exit code and its summary say; only a test that fails is a test that catches.

    >>> verdict_of(1, "FAILED tests/test_x.py::test_y[a b] - assert 1 == 2").caught_by
    'tests/test_x.py::test_y[a b]'
    >>> verdict_of(0, "9 passed").told, verdict_of(1, "ERROR tests/x.py").caught_by
    ('not caught', None)
    """
    failed = FAILED_TEST.search(output)
    if code == SOME_FAILED and failed:
        return Verdict(failed[1], "caught")
    if code in {ALL_PASSED, NONE_CHOSEN}:
        return Verdict(None, NOT_CAUGHT)
    last = " ".join(output.strip().splitlines()[-1:])
    return Verdict(None, f"the tests could not be run: exit code {code}, {last}")


def environment_for(copy: Path, profile: str = "ci") -> dict[str, str]:
    """The environment without settings of the program; the copy's package goes before the installed one."""
    settings = ("CARRIERBILL_", "PROVE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(settings)}
    ours = {"PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1", "HYPOTHESIS_PROFILE": profile}
    return kept | ours
