"""The docs are true: what the program has is documented, and what the docs point to is there."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from carrierbill.cli.main import command_tree
from carrierbill.settings import SETTINGS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
POLICIES = ROOT / "src" / "carrierbill" / "policies"

FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"""\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)|(?:src|srcset|href)="([^"]+)["]""")


def reference(name: str) -> str:
    return (DOCS / "reference" / name).read_text(encoding="utf-8")


def markdown_files() -> list[Path]:
    return [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]


def is_named(name: str, text: str) -> bool:
    """Whether the text has the name as code: `name`, or at the head of a longer piece of code."""
    return re.search(rf"`(?:CARRIERBILL_)?{re.escape(name)}(?![\w-])", text) is not None


def unnamed(names: set[str], text: str) -> list[str]:
    return sorted(name for name in names if not is_named(name, text))


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """A command and all below it, each with the words it is called by."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, f"{path} {name}")


def section(heading: str, text: str) -> str:
    """What stands under the heading that names this command, up to the next heading of any level."""
    found = re.search(rf"^#+ `?{re.escape(heading)}`?\s*$(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def undocumented_options(command: click.Command, text: str) -> list[str]:
    options = {
        spelling
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.hidden
        for spelling in parameter.opts
        if spelling.startswith("--") and spelling != "--help"
    }
    return unnamed(options, text)


def values_of(key: str, data: Any) -> set[str]:
    """Every word that stands under a key, however deep."""
    if isinstance(data, list):
        return set().union(*(values_of(key, each) for each in data))
    if not isinstance(data, dict):
        return set()
    here = data.get(key, [])
    words = {here} if isinstance(here, str) else {word for word in here if isinstance(word, str)}
    return words.union(*(values_of(key, each) for each in data.values()))


def effects_at(data: Any) -> set[str]:
    """The effects that only some carriers have."""
    if isinstance(data, list):
        return set().union(*(effects_at(each) for each in data))
    if not isinstance(data, dict):
        return set()
    here = {word for words in data.get("effects_at", {}).values() for word in words}
    return here.union(*(effects_at(each) for each in data.values()))


def ladders() -> list[dict[str, Any]]:
    return [
        tomllib.loads(file.read_text(encoding="utf-8")) for file in sorted(POLICIES.glob("*/stages.toml"))
    ]


def broken_links(file: Path) -> list[str]:
    """Relative links to what is not there; code and other people's addresses are left out."""
    text = FENCED.sub("", file.read_text(encoding="utf-8"))
    found = []
    for link in LINK.findall(text):
        target = (link[0] or link[1]).partition("#")[0]
        if target and not re.match(r"[a-z]+:", target) and not (file.parent / target).exists():
            found.append(target)
    return found


def test_every_command_and_option_is_in_the_reference() -> None:
    text = reference("commands.md")
    found = {}
    for path, command in commands(command_tree(), "carrierbill"):
        part = section(path, text)
        if not command.hidden and (not part or undocumented_options(command, part)):
            found[path] = undocumented_options(command, part) if part else ["no heading of its own"]
    assert found == {}


def test_every_setting_is_in_the_reference() -> None:
    assert unnamed(set(SETTINGS), reference("settings.md")) == []


def test_every_policy_topic_and_rule_set_is_in_the_reference() -> None:
    files = list(POLICIES.glob("*/*.toml"))
    assert files
    names = {file.stem for file in files} | {file.parent.name for file in files}
    assert unnamed(names, reference("policies.md")) == []


def test_every_stage_and_effect_is_explained_in_the_docs() -> None:
    ids = set().union(
        *(values_of("stage", data) | values_of("effects", data) | effects_at(data) for data in ladders())
    )
    assert "late_1" in ids
    assert "block_purchases" in ids
    assert unnamed(ids, "\n".join(file.read_text(encoding="utf-8") for file in DOCS.rglob("*.md"))) == []


@pytest.mark.parametrize("file", markdown_files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(file: Path) -> None:
    assert broken_links(file) == []


def test_the_readme_says_how_to_run_and_how_to_test() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make run" in text
    assert "make test" in text


# ── each check can fail ──────────────────────────────────────────────────────────────────────────────────


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        '[a](gone.md) ![b](gone.png "x") <img src="gone.svg"> [c](page.md#part) [d](#part) '
        "[e](https://example.org/x) [f](mailto:a@example.org)\n```\n[g](in-code.md)\n```\n",
        encoding="utf-8",
    )
    assert broken_links(page) == ["gone.md", "gone.png", "gone.svg"]


def test_an_option_that_is_not_under_its_own_command_is_found() -> None:
    text = "## `carrierbill a`\n`--here D` …\n## carrierbill b\n`--there`\n"
    command = click.Command("a", params=[click.Option(["--here"]), click.Option(["--there"])])
    assert undocumented_options(command, section("carrierbill a", text)) == ["--there"]
    assert section("carrierbill c", text) == ""


def test_a_name_counts_only_as_a_whole_and_as_code() -> None:
    text = "`late_10`, late_1, `CARRIERBILL_PORT`, `--on D`"
    assert unnamed({"late_1", "late_10", "PORT", "--on", "--o"}, text) == ["--o", "late_1"]


def test_stage_and_effect_words_are_found_however_deep() -> None:
    data = {"ladder": [{"stage": [{"stage": "x", "effects": ["y"], "effects_at": {"KT": ["z"]}}]}]}
    assert values_of("stage", data) == {"x"}
    assert values_of("effects", data) == {"y"}
    assert effects_at(data) == {"z"}
