"""Every sentence is there in both languages, asks for the same values, and is used."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click import Argument, Command, Context, Group

import said_keys
from carrierbill.cli.main import command_tree
from carrierbill.domain.policy import Effect, Standing
from carrierbill.domain.purchase import CATEGORIES
from carrierbill.domain.relief import IN_ORDER
from carrierbill.domain.saying import Saying
from carrierbill.policies.differences import values_by_key
from carrierbill.policies.read import NAMES
from carrierbill.policies.topics import TOPICS, note_keys
from carrierbill.settings import SETTINGS
from carrierbill.texts.load import LANGUAGES, Texts, placeholders, read_sentences, read_texts
from rule_sets import APP, RULE_SETS

TEXTS = read_texts()
KO, EN = TEXTS.sentences["ko"], TEXTS.sentences["en"]
SECTIONS = frozenset(key.partition(".")[0] for key in EN)
WHATS = (
    "reminder",
    "due",
    "reflected",
    "stage",
    "fee_step",
    "fee_posted",
    "capitalised",
    "waiver_closes",
    "time_barred",
)
FILE_ENDS = (".toml", ".html", ".css", ".js", ".ics", ".log")
# Words that frighten; a neutral note on what a law forbids needs none of them.
FRIGHTENING = {
    "ko": ("고소", "고발", "압류", "처벌", "형사", "감옥", "구속", "신용불량", "체납자", "독촉", "협박"),
    "en": ("prosecut", "seiz", "jail", "criminal", "blacklist", "sue you", "court action", "immediately"),
}


def stages() -> set[str]:
    ladders = [value.content for rules in RULE_SETS.values() for value in rules.stages["ladder"].values]
    return {"clear", *(row.stage for ladder in ladders for row in ladder.rows)}


def notes() -> set[str]:
    found = {note for rules in RULE_SETS.values() for note in rules.notes}
    for rules in RULE_SETS.values():
        for topic in TOPICS:
            found |= set(note_keys(dict(values_by_key(rules, topic))))
        for dated in rules.restoration.values():
            found |= {row.note for value in dated.values for row in value.content.rows if row.note}
    return found


def needed() -> dict[str, set[str]]:
    """What can be named or told, by what it is; the sources put these keys together from their data."""
    carriers = {carrier for rules in RULE_SETS.values() for carrier in rules.carriers}
    contacts = {contact for rules in RULE_SETS.values() for contact in rules.contacts}
    reliefs = {f"relief.{name}.{part}" for name in IN_ORDER for part in ("name", "told", "told_closed")}
    return {
        "carriers": {f"carrier.{carrier}" for carrier in carriers},
        "rule sets": {f"rules.{name}" for name in RULE_SETS},
        "categories": {f"category.{category}" for category in CATEGORIES},
        "topics": {f"topic.{topic}" for topic in (*TOPICS, "business_days")},
        "standings": {f"standing.{standing}" for standing in Standing},
        "creditors": {"creditor.carrier", "creditor.gateway"},
        "stages": {f"stage.{stage}.{part}" for stage in stages() for part in ("name", "told")},
        "effects": {f"effect.{effect}" for effect in Effect},
        "kinds of event": {f"what.{what}" for what in WHATS},
        "ways out": reliefs,
        "contacts": {f"contact.{contact}.name" for contact in contacts},
        "notes": {f"note.{note}" for note in notes()},
        "what comes back": {f"restoration.{part}" for part in ("line", "purchases", "limit")},
        "failing auto-pays": {f"event.reminder_{why}" for why in ("card_expired", "balance_short")},
        "settings": {f"setting.{name}" for name in SETTINGS},
        "kinds in policy files": {f"policy_fault.kind_{name}" for name in NAMES.values() if name != "table"}
        | {"policy_fault.kind_table", "policy_fault.kind_tables"},
        "ways of writing": {f"written.{name}" for name in ("won", "day", "months", "weekdays")},
    }


def commands(command: Command, name: str) -> list[tuple[str, Command]]:
    if not isinstance(command, Group):
        return [(name, command)]
    below = [
        (one, command.get_command(Context(command), one)) for one in command.list_commands(Context(command))
    ]
    return [found for one, inner in below if inner for found in commands(inner, f"{name} {one}".strip())]


# ── both languages ───────────────────────────────────────────────────────────────────────────────────────


def test_both_languages_have_the_same_keys() -> None:
    assert set(KO) ^ set(EN) == set()


def test_both_languages_have_their_keys_in_the_same_order() -> None:
    assert list(KO) == list(EN)


@pytest.mark.parametrize("key", sorted(set(KO) & set(EN)))
def test_a_sentence_asks_for_the_same_values_in_both_languages(key: str) -> None:
    assert placeholders(KO[key]) == placeholders(EN[key])


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_empty(language: str) -> None:
    empty = {key for key, sentence in TEXTS.sentences[language].items() if not sentence.strip()}
    assert empty - {"show.blank"} == set()  # the head of a column that needs none


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_calls_a_placeholder_by_place(language: str) -> None:
    by_place = [key for key, sentence in TEXTS.sentences[language].items() if re.search(r"\{\d*\}", sentence)]
    assert by_place == []


# ── all that is asked for is there ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("of_what", needed())
def test_there_are_sentences_for_all(of_what: str) -> None:
    assert {key for key in needed()[of_what] if not TEXTS.has(key)} == set()


def test_every_key_that_stands_in_the_sources_has_a_sentence() -> None:
    missing = {
        f"{where}: {key}"
        for where, key in said_keys.whole_keys(SECTIONS)
        if not TEXTS.has(key) and key not in said_keys.kinds() and not key.endswith(FILE_ENDS)
    }
    assert missing == set()


def test_every_key_put_together_can_come_out_as_a_sentence() -> None:
    ours = [found for found in said_keys.patterns() if found.partition(r"\.")[0] in SECTIONS]
    missing = {found for found in ours if not any(re.fullmatch(found, key) for key in EN)}
    assert {found for found in missing if not found.endswith(tuple(map(re.escape, FILE_ENDS)))} == set()


def test_what_is_said_brings_every_value_its_sentence_asks_for() -> None:
    short = {
        f"{asked.where}: {asked.key} lacks {', '.join(sorted(lacking))}"
        for asked in (*said_keys.sayings(), *said_keys.faults())
        if TEXTS.has(asked.key) and (lacking := placeholders(EN[asked.key]) - asked.values)
    }
    assert short == set()


def test_every_fault_of_a_policy_file_has_a_sentence() -> None:
    assert {asked.key for asked in said_keys.faults() if not TEXTS.has(asked.key)} == set()


@pytest.mark.parametrize(("name", "command"), commands(command_tree(), ""))
def test_what_would_be_right_is_said_for_everything_a_command_requires(name: str, command: Command) -> None:
    required = {max(each.opts, key=len).strip("-") for each in command.params if each.required}
    assert {f"{name}: {each}" for each in required if not TEXTS.has(f"bad_use.right.{each}")} == set()


@pytest.mark.parametrize(("name", "command"), commands(command_tree(), ""))
def test_every_option_of_a_command_is_explained(name: str, command: Command) -> None:
    options = [each for each in command.params if not isinstance(each, Argument)]
    assert {f"{name}: {each.name}" for each in options if not getattr(each, "help", None)} == set()


# ── nothing is there that is not asked for ───────────────────────────────────────────────────────────────


def test_no_sentence_is_unused() -> None:
    asked = set().union(*needed().values()) | said_keys.words()
    assert [key for key in EN if key not in asked and not said_keys.is_put_together(key)] == []


# ── tone ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_uses_a_word_that_frightens(language: str) -> None:
    found = [
        f"{key}: {word}"
        for key, sentence in TEXTS.sentences[language].items()
        for word in FRIGHTENING[language]
        if word in sentence.lower()
    ]
    assert found == []


def test_korean_sentences_speak_politely_and_not_like_an_office() -> None:
    assert [key for key, sentence in KO.items() if re.search(r"니다|십시오|시오\.", sentence)] == []


def test_korean_sentences_that_end_in_a_full_stop_end_in_the_polite_form() -> None:
    # A value may stand last, what was given in brackets, or a list behind a colon.
    stopped = {key for key, text in KO.items() if text.endswith(".")}
    stopped -= {key for key in stopped if re.search(r"(\}|\)|: [^.:]*)\.$", KO[key])}
    assert {key for key in stopped if not KO[key].endswith("요.")} == set()


# ── how values are written ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("language", "won", "written"),
    [
        ("ko", 0, "0원"),
        ("ko", 50_167, "50,167원"),
        ("en", 50_167, "50,167 won"),
        ("en", 10**12, "1,000,000,000,000 won"),
    ],
)
def test_won_are_written_with_thousands_apart(language: str, won: int, written: str) -> None:
    assert TEXTS.won(language, won) == written


@pytest.mark.parametrize(
    ("language", "day", "written"),
    [
        ("ko", date(2025, 9, 30), "2025년 9월 30일(화)"),
        ("en", date(2025, 9, 30), "Tue 30 Sep 2025"),
        ("ko", date(2026, 12, 6), "2026년 12월 6일(일)"),
        ("en", date(2026, 1, 5), "Mon 5 Jan 2026"),
    ],
)
def test_days_are_written_with_their_weekday(language: str, day: date, written: str) -> None:
    assert TEXTS.day(language, day) == written


def made(sentence: str) -> Texts:
    written = {key: text for key, text in EN.items() if key.startswith(("written.", "rules."))}
    both: Any = {language: {**written, "a": sentence, "b": "inside {days}"} for language in LANGUAGES}
    return Texts(both)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"x_won": 1_000}, "1,000 won"),
        ({"x_won": "free"}, "free"),
        ({"x_won": date(2026, 1, 5)}, "Mon 5 Jan 2026"),
        ({"x_won": Saying("b", {"days": 1_234})}, "inside 1,234"),
    ],
)
def test_a_value_is_written_by_what_it_is(values: dict[str, Any], said: str) -> None:
    assert made("{x_won}").say("en", Saying("a", values)) == said


def test_a_number_that_is_no_amount_of_money_is_written_plainly() -> None:
    assert made("{days}").say("en", Saying("a", {"days": 1_234})) == "1,234"


def test_a_word_is_written_by_its_name() -> None:
    assert made("{rules}").say("en", Saying("a", {"rules": "terms"})) == "payment gateway terms"


def test_a_word_without_a_name_is_written_as_it_is() -> None:
    assert made("{rules}").say("en", Saying("a", {"rules": "mine"})) == "mine"


def test_braces_in_a_value_are_left_alone() -> None:
    assert made("{given}").say("en", Saying("a", {"given": "{x}"})) == "{x}"


def test_a_sentence_can_be_said_in_every_language_at_once() -> None:
    assert TEXTS.both("carrier.LGU") == {"ko": "LG U+", "en": "LG U+"}


def test_a_key_in_one_language_alone_is_not_there() -> None:
    assert not Texts({"ko": {"a": "x"}, "en": {}}).has("a")


# ── an operator's sentences ──────────────────────────────────────────────────────────────────────────────


def test_an_operator_may_add_sentences(tmp_path: Path) -> None:
    (tmp_path / "ko.toml").write_text('[carrier]\nMVNO = "알뜰"\n', encoding="utf-8")
    (tmp_path / "en.toml").write_text('[carrier]\nMVNO = "Thrifty"\n', encoding="utf-8")
    assert TEXTS.with_own(tmp_path).both("carrier.MVNO") == {"ko": "알뜰", "en": "Thrifty"}


def test_an_operator_may_not_change_ours(tmp_path: Path) -> None:
    (tmp_path / "en.toml").write_text('[carrier]\nSKT = "Other"\n', encoding="utf-8")
    assert TEXTS.with_own(tmp_path).say("en", "carrier.SKT") == "SKT"


def test_a_file_of_sentences_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert read_sentences(tmp_path / "ko.toml") == {}


def test_the_apps_sentences_are_the_shipped_ones() -> None:
    assert APP.texts.sentences == TEXTS.sentences
