"""The pages in docs/reference are what the program says of itself, command by command and field by field."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import click
import pytest

from carrierbill.cli.main import command_tree
from carrierbill.documents.answer import late_fee_document, outlook_document, refusal_document
from carrierbill.domain.errors import NoRuleInForceError
from carrierbill.domain.outlook import Question, outlook_for
from carrierbill.domain.position import answer_on
from rule_sets import APP, RULE_SETS, a_bill
from tools import reference_docs


def commands(command: click.Command, context: click.Context) -> Iterator[str]:
    """The words every command is called by, those that are made only when asked for included."""
    yield context.command_path
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, click.Context(below, parent=context, info_name=name))


def keys(document: Any) -> set[str]:
    """Every key of a document, however deep."""
    if isinstance(document, list):
        return set().union(*(keys(each) for each in document))
    if not isinstance(document, dict):
        return set()
    return set(document).union(*(keys(each) for each in document.values()))


def documents() -> list[Any]:
    """One answer of each kind that holds everything such an answer may hold."""
    guide, texts = RULE_SETS["guide"], APP.texts
    bill, day, others = a_bill("KT"), date(2026, 2, 1), APP.shelf.shipped_beside("guide")
    refused = NoRuleInForceError("guide", "late_fee", date(2020, 1, 1))
    return [
        late_fee_document(answer_on(bill, day, guide, others=others), texts),
        outlook_document(outlook_for(bill, Question(), guide, others=others), texts),
        refusal_document(refused, texts),
    ]


@pytest.mark.parametrize("name", reference_docs.PAGES)
def test_a_committed_page_is_what_the_program_says(name: str) -> None:
    committed = (reference_docs.TARGET / name).read_text(encoding="utf-8")
    assert committed == reference_docs.page(name), f"docs/reference/{name} is old: `make docs` writes it anew"


def test_every_command_has_its_heading() -> None:
    tree = command_tree()
    headings = set(re.findall(r"^## `(.*)`$", reference_docs.page("commands.md"), re.MULTILINE))
    assert headings == set(commands(tree, click.Context(tree, info_name="carrierbill")))


def test_every_field_of_an_answer_is_explained() -> None:
    text = (reference_docs.TARGET / "json.md").read_text(encoding="utf-8")
    assert sorted(key for key in keys(documents()) if f"`{key}`" not in text) == []


def test_every_note_a_value_cites_is_told_in_words() -> None:
    text = reference_docs.page("policies.md")
    cited = {
        note for notes in re.findall(r"Notes: (.*)\.$", text, re.MULTILINE) for note in notes.split(", ")
    }
    told = set(re.findall(r"^- (`\w+`): ", text, re.MULTILINE))
    assert "`creditor_reversed`" in cited
    assert cited <= told
