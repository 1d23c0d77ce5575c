"""What the program asks of its sentences, read off its sources: keys as they stand, and keys put together."""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "src" / "carrierbill"
QUOTED = re.compile(r"""(?=(["'])([^"'\n]*)\1)""")
# `t("a." ~ name ~ ".b")`: a key put together in a template.
JOINED = re.compile(r'"[^"\n]*"(?:\s*~\s*(?:"[^"\n]*"|[\w.]+))+')
ANYTHING = r"([\w.-]+)"


@dataclass(frozen=True)
class Asked:
    """A sentence asked for with all its values at hand: where, its key, and the names of the values."""

    where: str
    key: str
    values: frozenset[str]


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the package, parsed."""
    return {
        str(file.relative_to(PACKAGE)): ast.parse(file.read_text(encoding="utf-8"))
        for file in sorted(PACKAGE.rglob("*.py"))
    }


@cache
def templates() -> dict[str, str]:
    """Every template's text."""
    return {
        str(file.relative_to(PACKAGE)): file.read_text(encoding="utf-8")
        for file in sorted(PACKAGE.rglob("*.html"))
    }


def nodes() -> Iterator[tuple[str, ast.AST]]:
    """Every node of every module, with the module's name."""
    return ((name, node) for name, module in modules().items() for node in ast.walk(module))


@cache
def words() -> frozenset[str]:
    """Every text and number that stands in a module, a template or a policy file."""
    found = {str(node.value).strip("-_") for _, node in nodes() if isinstance(node, ast.Constant)}
    found |= {word for text in templates().values() for _, word in QUOTED.findall(text)}
    for file in sorted((PACKAGE / "policies").rglob("*.toml")):
        found |= set(_texts_in(tomllib.loads(file.read_text(encoding="utf-8"))))
    return frozenset(found)


def _texts_in(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts_in(inner)
    elif isinstance(value, str):
        yield value


@cache
def patterns() -> frozenset[str]:
    """Keys put together, as patterns; one of nothing but values and dots says nothing."""
    put_together = [_of_f_string(node) for _, node in nodes() if isinstance(node, ast.JoinedStr)]
    put_together += [_of_joined(found) for text in templates().values() for found in JOINED.findall(text)]
    return frozenset(found for found in put_together if re.search("[a-z]", found.replace(ANYTHING, "")))


def _of_f_string(node: ast.JoinedStr) -> str:
    parts = [
        re.escape(str(part.value)) if isinstance(part, ast.Constant) else ANYTHING for part in node.values
    ]
    return "".join(parts)


def _of_joined(found: str) -> str:
    parts = (part.strip() for part in found.split("~"))
    return "".join(re.escape(part.strip('"')) if part.startswith('"') else ANYTHING for part in parts)


@cache
def kinds() -> frozenset[str]:
    """The kinds of things that are called by name: `name("carrier", …)`."""
    found = {
        str(node.args[0].value)
        for _, node in nodes()
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "name"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    return frozenset(found)


def is_put_together(key: str) -> bool:
    """Whether a pattern, or a kind and a name, give the key out of words that the sources know."""
    known = words()
    kind, _, name = key.rpartition(".")
    if kind in kinds() and name in known:
        return True
    return any(
        all(
            part in known or part.replace("_", "-") in known or is_put_together(part)
            for part in match.groups()
        )
        for pattern in patterns()
        if (match := re.fullmatch(pattern, key)) and key not in match.groups()
    )


def sayings() -> Iterator[Asked]:
    """Every `Saying("key", {…})` whose key and values stand there in full."""
    for where, node in nodes():
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Saying"):
            continue
        key, *values = node.args
        names = _names_in(values[0]) if values else frozenset()
        if isinstance(key, ast.Constant) and names is not None:
            yield Asked(f"{where}:{node.lineno}", str(key.value), names)


def _names_in(values: ast.expr) -> frozenset[str] | None:
    if not isinstance(values, ast.Dict) or not all(isinstance(key, ast.Constant) for key in values.keys):
        return None
    return frozenset(str(key.value) for key in values.keys if isinstance(key, ast.Constant))


def faults() -> Iterator[Asked]:
    """Every `table.fault("key", "what", …)` of the policy readers."""
    for where, node in nodes():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "fault":
            what = node.args[1]
            if isinstance(what, ast.Constant):
                names = frozenset(keyword.arg for keyword in node.keywords if keyword.arg)
                yield Asked(f"{where}:{node.lineno}", "policy_fault." + str(what.value), names)


def whole_keys(sections: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Every text in a module or template that looks like a key of one of the sections, with its place."""
    looks = re.compile(rf"(?:{'|'.join(sorted(map(re.escape, sections)))})(?:\.[\w-]+)+")
    parts = {id(part) for _, node in nodes() if isinstance(node, ast.JoinedStr) for part in node.values}
    for where, node in nodes():
        if id(node) in parts or not isinstance(node, ast.Constant):
            continue
        if isinstance(node.value, str) and looks.fullmatch(node.value):
            yield f"{where}:{node.lineno}", node.value
    for where, text in templates().items():
        for called in re.findall(r"""\bt\(["']([\w.-]+)["']\s*[,)]""", text):
            yield where, called
