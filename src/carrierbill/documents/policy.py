"""Policy: rule sets, values and differences as JSON documents."""

from datetime import date
from typing import Any

from carrierbill.documents.answer import Json, source_document
from carrierbill.domain.policy import RuleSet, Source, Value
from carrierbill.policies.differences import Difference, says, values_on
from carrierbill.texts.load import LANGUAGES, Texts


def rules_document(rules: RuleSet, texts: Texts) -> Json:
    """A rule set: its name, carriers, first day with a late fee, and the notes on it as a whole."""
    fees = [value for dated in rules.late_fee.values() for value in dated.values]
    return {
        "id": rules.name,
        "name": {language: texts.name(language, "rules", rules.name) for language in LANGUAGES},
        "shipped": rules.shipped,
        "carriers": list(rules.carriers),
        "late_fee_from": min(value.from_on for value in fees).isoformat(),
        "notes": [texts.both(f"note.{note}") for note in rules.notes],
    }


def topic_document(rules: RuleSet, topic: str, on: date, *, texts: Texts) -> Json:
    """A topic on a day: the values in force, and the keys that have none yet."""
    by_key = dict(values_on(rules, topic, on))
    return {
        "rules": rules.name,
        "topic": topic,
        "on": on.isoformat(),
        "values": [value_document(value, texts) for value in by_key.values() if value],
        "not_in_force": [key for key, value in by_key.items() if value is None],
    }


def days_off_document(rules: RuleSet, on: date, source: Source) -> Json:
    """The days off of a day's year: public ones move what the law fixes, bank ones only business days."""
    calendar = rules.calendar
    return {
        "rules": rules.name,
        "topic": "business_days",
        "on": on.isoformat(),
        "first_on": calendar.first_on.isoformat(),
        "last_on": calendar.last_on.isoformat(),
        "source": source_document(source),
        "days_off": [
            {
                "on": day.isoformat(),
                "kind": "public" if holiday.public else "bank",
                "name": dict(holiday.names),
            }
            for day, holiday in sorted(calendar.holidays.items())
            if day.year == on.year
        ],
    }


def difference_document(difference: Difference, texts: Texts) -> Json:
    """What two rule sets say differently; null where one says nothing."""
    return {
        "topic": difference.topic,
        "key": difference.key,
        "first": value_document(difference.first, texts) if difference.first else None,
        "second": value_document(difference.second, texts) if difference.second else None,
    }


def value_document(value: Value[Any], texts: Texts) -> Json:
    """A value: from which day, what it says as its file writes it, who says so, and the notes on it."""
    return {
        "key": value.key,
        "from": value.from_on.isoformat(),
        "says": says(value),
        "source": source_document(value.source),
        "confirmed_on": value.confirmed_on.isoformat(),
        "notes": [texts.both(f"note.{note}") for note in value.notes],
    }
