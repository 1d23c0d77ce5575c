"""The checkers behind test_house_rules.py: each takes a source and returns its faults, a line each."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import PurePath

MODULE_LINES = 300
FUNCTION_LINES = 40
ARGUMENTS = 5
POSITIONAL_ARGUMENTS = 3

Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DOCUMENTED = (*FUNCTIONS, ast.ClassDef)

EMPTY_NAMES = frozenset(
    {"abstract", "common", "helper", "helpers", "impl", "manager", "managers", "misc", "util", "utils"}
)
CONCURRENT = frozenset({"asyncio", "concurrent", "multiprocessing", "threading"})
# A domain that could read a clock, a file, the network or chance would not give the same answer twice.
NOT_IN_DOMAIN = CONCURRENT | frozenset(
    # chance, machine, clock
    {"locale", "logging", "os", "platform", "random", "secrets", "signal", "sys", "time", "warnings"}
    # files
    | {"getpass", "glob", "io", "mmap", "pathlib", "shutil", "sqlite3", "tempfile"}
    # network
    | {"ftplib", "http", "select", "smtplib", "socket", "ssl", "urllib", "xmlrpc"}
    # other programs
    | {"subprocess"}
)
CLOCK_CALLS = frozenset({"now", "today", "utcnow"})
OUTSIDE_CALLS = frozenset({"open", "input", "print", "exec", "eval"})
# `a / b  # exact: both are fractions` is how a line in the domain argues for a true division.
EXACT = "# exact:"

HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff]")
MACHINE_PATH = re.compile(r"(?<![\w.-])(?:(?<!/)|(?<=://)|(?<=:///))/(?:work|root|home)/")
REGISTRY = re.compile(
    r"pypi\.(?:org|python\.org)|pythonhosted\.org|registry\.(?:npmjs|yarnpkg)|deb\.debian\.org|--(?:extra-)?index-url|--find-links",
    re.IGNORECASE,
)


def functions(source: str) -> Iterator[Function]:
    """Every function and method, nested ones too."""
    return (node for node in ast.walk(ast.parse(source)) if isinstance(node, FUNCTIONS))


def long_module(source: str) -> list[str]:
    """More lines than a module may have."""
    count = len(source.splitlines())
    return [f"{count} lines, at most {MODULE_LINES}"] if count > MODULE_LINES else []


def long_functions(source: str) -> list[str]:
    """Functions with more lines than they may have, their docstring not counted."""
    found = []
    for function in functions(source):
        count = (function.end_lineno or function.lineno) - function.lineno + 1
        if ast.get_docstring(function) is not None:
            docstring = function.body[0]
            count -= (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
        if count > FUNCTION_LINES:
            found.append(f"{function.name} has {count} lines, at most {FUNCTION_LINES}")
    return found


def many_arguments(source: str) -> list[str]:
    """Functions with more than five arguments, or more than three that need no keyword."""
    found = []
    for function in functions(source):
        by_place = [
            argument.arg
            for argument in (*function.args.posonlyargs, *function.args.args)
            if argument.arg not in {"self", "cls"}
        ]
        starred = [argument for argument in (function.args.vararg, function.args.kwarg) if argument]
        count = len(by_place) + len(function.args.kwonlyargs) + len(starred)
        if count > ARGUMENTS:
            found.append(f"{function.name} takes {count} arguments, at most {ARGUMENTS}")
        if len(by_place) > POSITIONAL_ARGUMENTS:
            found.append(f"{function.name}: from the fourth on, arguments are keyword-only")
    return found


def unopened(source: str) -> list[str]:
    """A module that does not open with one line saying what it is."""
    docstring = ast.get_docstring(ast.parse(source), clean=False) or ""
    first, *rest = docstring.splitlines() or [""]
    opened = source.startswith('"""') and first.strip() and not (rest and rest[0].strip())
    return [] if opened else ["the first line is not a docstring of one line"]


def undocumented(source: str) -> list[str]:
    """Public functions, classes and methods without a docstring; one inside a function is nobody else's."""
    found = []
    rooms: list[ast.Module | ast.ClassDef] = [ast.parse(source)]
    while rooms:
        for node in rooms.pop().body:
            if not isinstance(node, DOCUMENTED) or node.name.startswith("_"):
                continue
            if ast.get_docstring(node) is None:
                found.append(f"{node.name} has no docstring")
            if isinstance(node, ast.ClassDef):
                rooms.append(node)
    return found


def empty_names(path: str) -> list[str]:
    """Words in a module's path that say nothing about what is inside."""
    words = {word for part in PurePath(path).with_suffix("").parts for word in part.lower().split("_")}
    return [f"{word!r} says nothing" for word in sorted(words & EMPTY_NAMES)]


def empty_class_names(source: str) -> list[str]:
    """Class names with a word that says nothing."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            words = {word.lower() for word in re.findall("[A-Z][a-z0-9]*", node.name)}
            found += [f"{node.name}: {word!r} says nothing" for word in sorted(words & EMPTY_NAMES)]
    return found


def floats(source: str) -> list[str]:
    """Anything that is or may give a number that is not exact."""
    lines = source.splitlines()
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, (float, complex)):
            found.append(f"line {node.lineno}: {node.value} is not exact")
        elif isinstance(node, ast.Name) and node.id in {"float", "complex"}:
            found.append(f"line {node.lineno}: {node.id}")
        elif isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div):
            argued = EXACT in "".join(lines[node.lineno - 1 : node.end_lineno])
            found += (
                []
                if argued
                else [f"line {node.lineno}: a division without {EXACT!r}: use // or Fraction(a, b)"]
            )
    return found


def imported(source: str) -> set[str]:
    """The first word of every module that is imported."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names


def imports_outside(source: str) -> list[str]:
    """Imports other than the pure part of the standard library; a service is told the rest by its ports."""
    allowed = (sys.stdlib_module_names - NOT_IN_DOMAIN) | {"carrierbill", "__future__"}
    return [f"imports {name}" for name in sorted(imported(source) - allowed)]


def threads(source: str) -> list[str]:
    """Imports of what runs several things at once."""
    return [f"imports {name}" for name in sorted(imported(source) & CONCURRENT)]


def reaches_outside(source: str) -> list[str]:
    """Imports other than the pure part of the standard library, and calls to the clock or the machine."""
    found = imports_outside(source)
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK_CALLS:
            found.append(f"line {node.lineno}: reads the clock")
        elif isinstance(node.func, ast.Name) and node.func.id in OUTSIDE_CALLS:
            found.append(f"line {node.lineno}: calls {node.func.id}")
    return found


def asserts(source: str) -> list[str]:
    """Assertions, which vanish under `python -O`."""
    found = [node.lineno for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Assert)]
    return [f"line {line}: assert" for line in found]


def korean_letters(source: str) -> list[str]:
    """Lines with Korean letters; sentences for people live in texts."""
    return [
        f"line {at}: {line.strip()}" for at, line in enumerate(source.splitlines(), 1) if HANGUL.search(line)
    ]


def places(text: str) -> list[str]:
    """Lines that name a folder of one machine or the address of a package registry."""
    return [
        f"line {at}: {found[0]}"
        for at, line in enumerate(text.splitlines(), 1)
        if (found := MACHINE_PATH.search(line) or REGISTRY.search(line))
    ]
