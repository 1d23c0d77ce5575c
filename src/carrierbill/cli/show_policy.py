"""Show policy: rule sets, values and differences as tables, for a person at a terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from rich.text import Text

from carrierbill.cli.screen import Screen
from carrierbill.domain.policy import RuleSet, Source, Value
from carrierbill.policies.differences import Difference, apart, says, values_on
from carrierbill.policies.topics import TOPICS
from carrierbill.texts.load import Texts

# Lists that say from where to where; the others say one thing after another.
STRETCHES = ("days_late", "due_dates_missed")


@dataclass(frozen=True, slots=True)
class Page:
    """What is looked at: a rule set, a topic (or the rule set it is compared with), a day."""

    rules: RuleSet
    subject: str
    on: date


def show_list(rule_sets: Sequence[RuleSet], texts: Texts, language: str) -> None:
    """The rule sets on the shelf, and the topics there are."""
    screen = Screen(texts, language)
    table = screen.table(*screen.heads("id", "rules", "carriers", "late_fee_from"))
    for rules in rule_sets:
        first_on = min(value.from_on for dated in rules.late_fee.values() for value in dated.values)
        table.add_row(rules.name, screen.name("rules", rules.name), ", ".join(rules.carriers), f"{first_on}")
    screen.print(table)
    screen.heading("topics")
    for topic in (*TOPICS, "business_days"):
        screen.console.print(Text(f"{topic:<18}{screen.name('topic', topic)}"))
    screen.notes(texts.say(language, f"note.{note}") for rules in rule_sets for note in rules.notes)


def show_topic(page: Page, texts: Texts, language: str) -> None:
    """The values of a topic in force on a day, with their sources and the notes that concern them."""
    screen = Screen(texts, language)
    title = screen.say("policy_title", rules=page.rules.name, topic=page.subject, on=page.on)
    screen.title(title)
    screen.console.print()
    table = screen.table(*screen.heads("key", "from", "says", "source"))
    notes: list[str] = []
    for key, value in values_on(page.rules, page.subject, page.on):
        if value is None:
            table.add_row(_key(key, page, screen), "", screen.say("not_in_force"), "")
            continue
        said, source = Text(written(says(value))), Text(_source(value, screen))
        table.add_row(_key(key, page, screen), f"{value.from_on}", said, source)
        notes += [*value.notes, *_row_notes(value)]
    screen.print(table)
    screen.notes(texts.say(language, f"note.{note}") for note in notes)


def show_days_off(page: Page, source: Source, texts: Texts, *, language: str) -> None:
    """The days off of the day's year, and who says so."""
    screen = Screen(texts, language)
    title = screen.say("policy_title", rules=page.rules.name, topic=page.subject, on=page.on)
    screen.title(title)
    screen.console.print()
    table = screen.table(*screen.heads("on", "day_off", "kind"))
    for day, holiday in sorted(page.rules.calendar.holidays.items()):
        if day.year == page.on.year:
            table.add_row(
                screen.day(day), holiday.names[language], screen.say("public" if holiday.public else "bank")
            )
    screen.print(table)
    screen.console.print(
        Text(f"\n{source.title}, {source.where} [{screen.name('standing', source.standing)}]")
    )


def show_differences(page: Page, found: Sequence[Difference], texts: Texts, *, language: str) -> None:
    """What two rule sets say differently on a day, side by side."""
    screen = Screen(texts, language)
    title = screen.say(
        "diff_title", rules=page.rules.name, second=screen.name("rules", page.subject), on=page.on
    )
    screen.title(title)
    screen.console.print()
    if not found:
        screen.console.print(screen.say("no_difference"))
        return
    table = screen.table(*screen.heads("topic", "key", "first", "second"))
    for difference in found:
        sides = zip((difference.first, difference.second), apart(difference), strict=True)
        cells = [Text(f"{written(said)}\n{_source(side, screen)}" if side else "-") for side, said in sides]
        table.add_row(screen.name("topic", difference.topic), difference.key, *cells)
        table.add_section()
    screen.print(table)


def written(field: object, name: str = "") -> str:
    """A field of a policy file in one line or a few, the way a person would note it.

    >>> written({"offered": True, "days_late": [1, 10], "due_days": [11, 21, 31]})
    'offered: yes, days_late: 1-10, due_days: 11, 21, 31'
    """
    if isinstance(field, Mapping):
        return ", ".join(f"{key}: {written(inner, key)}" for key, inner in field.items())
    if isinstance(field, list) and field and all(isinstance(item, Mapping) for item in field):
        return "".join(f"\n- {written(item)}" for item in field)
    if isinstance(field, list) and name in STRETCHES:
        return "-".join(written(item) for item in field) + ("-" if len(field) == 1 else "")
    if isinstance(field, list):
        return ", ".join(written(item) for item in field)
    if isinstance(field, bool):
        return "yes" if field else "no"
    return f"{field:,}" if isinstance(field, int) else str(field)


def _key(key: str, page: Page, screen: Screen) -> str:
    """A key, and below it the name of an account, which books are read by."""
    return f"{key}\n{screen.name('account', key)}" if page.subject == "accounts" else key


def _row_notes(value: Value[Any]) -> list[str]:
    return [note for row in getattr(value.content, "rows", ()) for note in getattr(row, "notes", ())]


def _source(value: Value[Any], screen: Screen) -> str:
    standing = screen.name("standing", value.source.standing)
    return f"{value.source.title}, {value.source.where} [{standing}]"
