"""The shipped values say who says so; a contradiction in the guide is told at the value it concerns."""

from pathlib import Path
from typing import Any

import pytest

from carrierbill.policies.differences import values_by_key
from carrierbill.policies.load import SHIPPED, SHIPPED_FOLDER, Shelf, read_layer
from carrierbill.policies.topics import note_keys

# What the guide gets wrong or leaves open, and the value whose reader has to be told.
CONTRADICTIONS = [
    ("who sets and charges the fee", "late_fee", "SKT", "creditor_reversed"),
    ("who sets and charges the fee", "late_fee", "KT", "creditor_reversed"),
    ("who sets and charges the fee", "late_fee", "LGU", "creditor_reversed"),
    ("daily interest against flat steps", "late_fee", "SKT", "daily_against_flat"),
    ("daily interest against flat steps", "late_fee", "KT", "daily_against_flat"),
    ("daily interest against flat steps", "late_fee", "LGU", "daily_against_flat"),
    ("an example at a rate of its own", "late_fee", "SKT", "example_rate_differs"),
    ("an example at a rate of its own", "late_fee", "LGU", "example_rate_differs"),
    ("compounding", "late_fee", "SKT", "compounding_unknown_to_terms"),
    ("compounding", "late_fee", "KT", "compounding_unknown_to_terms"),
    ("compounding", "late_fee", "LGU", "compounding_unknown_to_terms"),
    ("text against table", "late_fee", "KT", "kt_text_against_table"),
    ("a block after one day, a limit of 0 after 30", "stages", "ladder", "block_day_against_limit_zero"),
    ("a due date on a day off", "due_dates", "due_date", "due_date_stays_against_civil_act"),
    ("late from Saturday, not from Monday", "stages", "ladder", "weekend_block_against_civil_act"),
    ("the credit bureaus after 60 days", "stages", "ladder", "credit_bureau_only_through_insurer"),
    ("90 % off for everyone", "relief", "debt_adjustment", "debt_adjustment_not_for_all"),
    ("a waiver within ten days", "relief", "waiver", "waiver_unsourced"),
    ("instalments up to 100,000", "relief", "carrier_instalment", "instalment_unsourced"),
    ("a fifth of the income", "spending_limits", "recommended", "limit_advice_unsourced"),
    ("a rate set by the regulator", "late_fee", "SKT", "regulator_set_no_rate"),
    ("a rate set by the regulator", "late_fee", "KT", "regulator_set_no_rate"),
    ("a rate set by the regulator", "late_fee", "LGU", "regulator_set_no_rate"),
    ("numbers to call", "contacts", "skt", "contact_114_everywhere"),
    ("numbers to call", "contacts", "kt", "contact_114_everywhere"),
    ("numbers to call", "contacts", "lgu", "contact_114_everywhere"),
]


@pytest.mark.parametrize(("what", "topic", "key", "note"), CONTRADICTIONS)
def test_a_contradiction_in_the_guide_is_a_note_at_its_value(
    what: str, topic: str, key: str, note: str
) -> None:
    dated = values_by_key(Shelf().rule_set("guide"), topic)[key]
    assert note in set(note_keys({key: dated})), what


def test_who_published_the_guide_is_a_note_on_the_guide() -> None:
    assert "publisher_sells_cash_outs" in Shelf().rule_set("guide").notes


def test_the_terms_moved_due_date_carries_the_same_note_as_the_guides() -> None:
    dated = values_by_key(Shelf().rule_set("terms"), "due_dates")
    assert set(note_keys(dict(dated))) == {"due_date_stays_against_civil_act"}


def shipped_folders() -> list[Any]:
    return [pytest.param(SHIPPED_FOLDER / name, id=name) for name in ("common", *SHIPPED)]


@pytest.mark.parametrize("folder", shipped_folders())
def test_every_shipped_value_says_who_says_so_and_where(folder: Path) -> None:
    layer = read_layer(folder, read_layer(SHIPPED_FOLDER / "common", {}).publications)
    bare = [
        (topic, value.key)
        for topic, values in layer.topics.items()
        for dated in values.values()
        for value in dated.values
        if not (value.source.title and value.source.where)
    ]
    assert bare == []


@pytest.mark.parametrize("folder", shipped_folders())
def test_no_shipped_value_is_confirmed_before_its_source_was_published(folder: Path) -> None:
    layer = read_layer(folder, read_layer(SHIPPED_FOLDER / "common", {}).publications)
    early = [
        (topic, value.key)
        for topic, values in layer.topics.items()
        for dated in values.values()
        for value in dated.values
        if value.source.published_on and value.source.published_on > value.confirmed_on
    ]
    assert early == []


def test_the_guides_example_differs_from_the_guide_in_the_late_fee_alone() -> None:
    shelf = Shelf()
    guide, example = shelf.rule_set("guide"), shelf.rule_set("guide-example")
    topics = (
        "due_dates",
        "stages",
        "restoration",
        "relief",
        "reminders",
        "spending_limits",
        "law",
        "contacts",
    )
    assert [topic for topic in topics if getattr(guide, topic) != getattr(example, topic)] == []


def test_the_guides_example_holds_no_copy_of_the_guide() -> None:
    files = {file.name for file in (SHIPPED_FOLDER / "guide-example").iterdir()}
    assert files == {"rule_set.toml", "late_fee.toml"}
