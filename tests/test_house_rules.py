"""The pages on names, sizes and layers in docs/architecture.md hold, and each check can fail."""

from collections.abc import Callable, Iterable, Iterator
from os import walk
from pathlib import Path

import pytest

import house_rules as rules

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "carrierbill"
MODULES_AT_MOST = 240
PAGE_LINES = 80
DECISION_LINES = 40
PICTURES = {".png", ".jpg", ".webp", ".gif", ".ico", ".woff2"}
# What a run of the tests leaves behind.
MEASURED = ".coverage"
NOT_OURS = {"__pycache__", "build", "dist", "node_modules"}

Checker = Callable[[str], list[str]]


def python_files(*folders: str) -> list[Path]:
    return sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))


def written_files() -> Iterator[Path]:
    """Every text file of the project; git may be absent, so the tree is walked."""
    for folder, below, files in walk(ROOT):
        below[:] = sorted(
            name for name in below if name not in NOT_OURS and (not name.startswith(".") or name == ".ci")
        )
        yield from (
            Path(folder, name)
            for name in sorted(files)
            if Path(name).suffix not in PICTURES and not name.startswith(MEASURED)
        )


def shown(file: Path) -> str:
    return str(file.relative_to(ROOT) if file.is_relative_to(ROOT) else file)


def faults(checker: Checker, files: Iterable[Path]) -> str:
    """What the checker finds, a line each with its file."""
    return "\n".join(
        f"{shown(file)}: {fault}" for file in files for fault in checker(file.read_text(encoding="utf-8"))
    )


def longer_than(limit: int, files: Iterable[Path]) -> str:
    """The files with more lines than that."""

    def too_long(text: str) -> list[str]:
        count = len(text.splitlines())
        return [f"{count} lines, at most {limit}"] if count > limit else []

    return faults(too_long, sorted(files))


# ── sizes ────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_package_has_few_enough_modules_to_be_held_in_one_head() -> None:
    assert len([file for file in PACKAGE.rglob("*.py") if file.name != "__init__.py"]) <= MODULES_AT_MOST


def test_a_module_is_short() -> None:
    assert faults(rules.long_module, python_files("src", "tools")) == ""


def test_a_function_is_short() -> None:
    assert faults(rules.long_functions, python_files("src", "tools")) == ""


def test_a_function_takes_at_most_five_arguments_and_from_the_fourth_on_by_keyword() -> None:
    assert faults(rules.many_arguments, python_files("src", "tools")) == ""


def test_a_template_and_a_sql_step_are_short() -> None:
    assert longer_than(PAGE_LINES, PACKAGE.glob("web/templates/**/*.html")) == ""
    assert longer_than(PAGE_LINES, PACKAGE.glob("book/sql/*.sql")) == ""


def test_a_decision_record_is_short() -> None:
    assert longer_than(DECISION_LINES, (ROOT / "docs" / "decisions").glob("*.md")) == ""


# ── names and words ──────────────────────────────────────────────────────────────────────────────────────


def test_the_name_of_a_module_says_what_is_inside() -> None:
    found = [
        f"{shown(file)}: {fault}"
        for file in python_files("src", "tools")
        for fault in rules.empty_names(shown(file))
    ]
    assert found == []


def test_the_name_of_a_class_says_what_it_is() -> None:
    assert faults(rules.empty_class_names, python_files("src", "tools")) == ""


def test_every_module_opens_with_one_line_that_says_what_it_is() -> None:
    assert faults(rules.unopened, python_files("src", "tools", "tests")) == ""


def test_every_public_function_and_class_says_what_it_does() -> None:
    assert faults(rules.undocumented, python_files("src", "tools")) == ""


def test_sentences_for_people_live_in_texts_and_not_in_code() -> None:
    elsewhere = [file for file in python_files("src", "tools") if not file.is_relative_to(PACKAGE / "texts")]
    assert faults(rules.korean_letters, elsewhere) == ""


def test_no_file_names_a_folder_of_one_machine_or_a_package_registry() -> None:
    examples = {Path(rules.__file__), Path(__file__)}
    assert faults(rules.places, (file for file in written_files() if file not in examples)) == ""


# ── the domain is pure and exact ─────────────────────────────────────────────────────────────────────────


def test_no_number_in_the_domain_is_inexact() -> None:
    assert faults(rules.floats, python_files("src/carrierbill/domain")) == ""


def test_the_domain_knows_no_clock_no_file_no_network_and_no_tool() -> None:
    assert faults(rules.reaches_outside, python_files("src/carrierbill/domain")) == ""


def test_no_rule_rests_on_assert() -> None:
    assert faults(rules.asserts, python_files("src")) == ""


# ── a service is told the rest by its ports ──────────────────────────────────────────────────────────────


def test_a_service_imports_no_clock_no_file_no_network_and_no_tool() -> None:
    assert faults(rules.imports_outside, python_files("src/carrierbill/services")) == ""


def test_several_things_run_at_once_only_where_they_are_stored_or_answered() -> None:
    may = [PACKAGE / room for room in ("storage", "web", "cli")]
    others = [file for file in python_files("src") if not any(file.is_relative_to(room) for room in may)]
    assert faults(rules.threads, others) == ""


# ── each check can fail, and lets good work pass ─────────────────────────────────────────────────────────

LONG_FUNCTION = "def f():\n" + 40 * "    x = 1\n"
FAULTY: list[tuple[Checker, str]] = [
    (rules.long_module, 301 * "\n"),
    (rules.long_functions, LONG_FUNCTION),
    (rules.long_functions, "class A:\n    async def f(self):\n" + 40 * "        x = 1\n"),
    (rules.many_arguments, "def f(a, b, *, c, d, e, f): ..."),
    (rules.many_arguments, "def f(a, *rest, b, c, d, **more): ..."),
    (rules.many_arguments, "def f(a, b, c, d): ..."),
    (rules.unopened, "import this\n"),
    (rules.unopened, '\n"""Late."""\n'),
    (rules.unopened, '"""Two lines\nin one sentence."""\n'),
    (rules.unopened, '"""\nBelow."""\n'),
    (rules.undocumented, "def f(): ..."),
    (rules.undocumented, 'class A:\n    """Fine."""\n    def f(self): ...'),
    (rules.undocumented, "class A: ..."),
    (rules.empty_names, "src/carrierbill/web/date_utils.py"),
    (rules.empty_names, "src/carrierbill/common/money.py"),
    (rules.empty_names, "src/carrierbill/manager.py"),
    (rules.empty_class_names, "class BillManager: ..."),
    (rules.empty_class_names, "class AbstractBill: ..."),
    (rules.floats, "x = 0.5"),
    (rules.floats, "x = 1e9"),
    (rules.floats, "x = float(1)"),
    (rules.floats, "def f(x: float) -> None: ..."),
    (rules.floats, "x = a / b"),
    (rules.floats, "x /= 2"),
    (rules.reaches_outside, "import os"),
    (rules.reaches_outside, "from pathlib import Path"),
    (rules.reaches_outside, "import urllib.request"),
    (rules.reaches_outside, "def f():\n    import click"),
    (rules.reaches_outside, "from starlette.responses import Response"),
    (rules.reaches_outside, "x = date.today()"),
    (rules.reaches_outside, "x = datetime.datetime.now(zone)"),
    (rules.reaches_outside, "x = open('a')"),
    (rules.imports_outside, "import sqlite3"),
    (rules.imports_outside, "def f():\n    from sqlalchemy import select"),
    (rules.threads, "from threading import Lock"),
    (rules.threads, "def f():\n    import concurrent.futures"),
    (rules.asserts, "def f(x):\n    assert x"),
    (rules.korean_letters, "x = '휴대폰'"),
    (rules.korean_letters, "# 민법"),
    (rules.places, "see /work/main"),
    (rules.places, 'path = "/home/kim/x"'),
    (rules.places, "file:///root/x"),
    (rules.places, "sqlite:////work/x.db"),
    (rules.places, "#!/root/bin/python"),
    (rules.places, "--index-url https://example.org"),
    (rules.places, "https://pypi.org/simple"),
]
FINE: list[tuple[Checker, str]] = [
    (rules.long_module, 300 * "\n"),
    (rules.long_functions, LONG_FUNCTION.removesuffix("    x = 1\n")),
    (rules.long_functions, 'def f():\n    """One.\n' + 40 * "\n" + '    """\n    return 1\n'),
    (rules.many_arguments, "class A:\n    def f(self, a, b, c, *, d, e): ..."),
    (rules.unopened, '"""One line."""\n'),
    (rules.unopened, '"""One line.\n\nAnd why."""\n'),
    (rules.undocumented, "def _f(): ..."),
    (rules.undocumented, 'def f():\n    """Give g."""\n    def g(): ...\n    return g'),
    (rules.empty_names, "src/carrierbill/domain/late_fee.py"),
    (rules.empty_class_names, "class Commonwealth: ..."),
    (rules.floats, "x = a // b"),
    (rules.floats, "x = a / b  # exact: both are fractions"),
    (rules.reaches_outside, "from datetime import date\nfrom carrierbill.domain import money"),
    (rules.imports_outside, "from carrierbill.services.ports import Book\ndef f(clock):\n    clock.now()"),
    (rules.threads, "from carrierbill.domain import bill\nimport contextlib"),
    (rules.asserts, "x = 'assert'"),
    (rules.korean_letters, "x = '−×…'"),
    (rules.places, "https://example.kr/home/x and src/work/x and ../home/x"),
]


@pytest.mark.parametrize(("checker", "source"), FAULTY)
def test_a_check_finds_its_fault(checker: Checker, source: str) -> None:
    assert checker(source) != []


@pytest.mark.parametrize(("checker", "source"), FINE)
def test_a_check_lets_good_work_pass(checker: Checker, source: str) -> None:
    assert checker(source) == []


def test_a_page_that_is_too_long_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(81 * "<p>\n", encoding="utf-8")
    assert longer_than(PAGE_LINES, [page]) == f"{page}: 81 lines, at most 80"
    assert longer_than(PAGE_LINES + 1, [page]) == ""
