"""Settings, rule sets, sentences and the clock are joined, or the start is refused in one sentence."""

from datetime import UTC, datetime, tzinfo
from pathlib import Path

import pytest

from carrierbill import bootstrap
from carrierbill.bootstrap import App, start
from carrierbill.domain.errors import BadInputError
from carrierbill.policies.read import PolicyFaultError
from own_rules import FILES, RELIEF, RESTORATION, RULE_SET, STAGES, fault_key, write_rules

KO = '[stage.month]\nname = "한 달"\ntold = "한 달이 지났어요."\n'
EN = '[stage.month]\nname = "A month"\ntold = "A month has passed."\n'
LADDER = {
    "rule_set.toml": RULE_SET,
    "stages.toml": STAGES.replace('"late_30"', '"month"'),
    "restoration.toml": RESTORATION.replace('"late_30"', '"month"'),
}
# A ladder without the guide's rungs needs restoration times and postings of its own at every carrier.
OWN_LADDER = {
    **LADDER,
    "restoration.toml": LADDER["restoration.toml"].replace('["SKT"]', '["SKT", "KT", "LGU"]'),
}


def app_with(policies: Path, files: dict[str, str], **settings: str) -> App:
    write_rules(policies, files)
    told = {f"CARRIERBILL_{name}": value for name, value in settings.items()}
    return start({"CARRIERBILL_POLICIES": str(policies), **told})


def fault_of(policies: Path, files: dict[str, str]) -> PolicyFaultError:
    with pytest.raises(PolicyFaultError) as fault:
        app_with(policies, files).rules("mine")
    return fault.value


# ── rule sets ────────────────────────────────────────────────────────────────────────────────────────────


def test_answers_use_the_guide_where_nothing_is_named() -> None:
    assert start({}).rules().name == "guide"


def test_answers_use_the_rule_set_of_the_settings() -> None:
    assert start({"CARRIERBILL_RULES": "terms"}).rules().name == "terms"


def test_a_rule_set_that_is_named_stands_over_that_of_the_settings() -> None:
    assert start({"CARRIERBILL_RULES": "terms"}).rules("guide-example").name == "guide-example"


def test_the_settings_may_name_an_operators_rule_set(tmp_path: Path) -> None:
    assert app_with(tmp_path, {"rule_set.toml": RULE_SET}, RULES="mine").rules().name == "mine"


def test_an_unknown_rule_set_in_the_settings_stops_the_start() -> None:
    with pytest.raises(BadInputError) as error:
        start({"CARRIERBILL_RULES": "gide"})
    assert error.value.field == "CARRIERBILL_RULES"


def test_an_unknown_rule_set_that_is_asked_for_is_bad_input() -> None:
    with pytest.raises(BadInputError) as error:
        start({}).rules("gide")
    assert error.value.reason.key == "bad_input.rules"


def test_a_folder_without_rule_sets_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(PolicyFaultError) as fault:
        start({"CARRIERBILL_POLICIES": str(tmp_path)})
    assert fault_key(fault.value) == "no_rule_set"


def test_the_environment_is_that_of_the_process_where_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARRIERBILL_RULES", "terms")
    assert start().settings.rules == "terms"


# ── sentences ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_rule_set_of_known_words_needs_no_sentences(tmp_path: Path) -> None:
    assert app_with(tmp_path, FILES).rules("mine").name == "mine"


def test_a_stage_of_its_own_needs_sentences(tmp_path: Path) -> None:
    fault = fault_of(tmp_path, OWN_LADDER)
    assert (fault.file, fault.key, fault_key(fault)) == (tmp_path / "mine", "stage.month.name", "no_text")


def test_a_stage_of_its_own_with_its_sentences_can_be_told(tmp_path: Path) -> None:
    app = app_with(tmp_path, {**OWN_LADDER, "texts/ko.toml": KO, "texts/en.toml": EN})
    app.rules("mine")
    assert app.texts.both("stage.month.name") == {"ko": "한 달", "en": "A month"}


def test_sentences_in_one_language_are_not_enough(tmp_path: Path) -> None:
    fault = fault_of(tmp_path, {**OWN_LADDER, "texts/ko.toml": KO})
    assert fault.key == "stage.month.name"


def test_a_carrier_of_its_own_needs_a_name(tmp_path: Path) -> None:
    own = {name: text.replace('["SKT"]', '["MVNO"]') for name, text in FILES.items() if name != "stages.toml"}
    assert fault_of(tmp_path, own).key == "carrier.MVNO"


@pytest.mark.parametrize(
    ("file", "old", "new", "key"),
    [
        ("rule_set.toml", RULE_SET, f'{RULE_SET}notes = ["mine"]\n', "note.mine"),
        ("late_fee.toml", "from =", 'notes = ["mine"]\nfrom =', "note.mine"),
        ("stages.toml", 'stage = "late_15"', 'notes = ["mine"]\nstage = "late_15"', "note.mine"),
        ("restoration.toml", "from =", 'notes = ["mine"]\nfrom =', "note.mine"),
        ("restoration.toml", '"unknown"]', '"unknown"], note = "mine"', "note.mine"),
        ("relief.toml", "from =", 'notes = ["mine"]\nfrom =', "note.mine"),
        ("reminders.toml", "from =", 'notes = ["mine"]\nfrom =', "note.mine"),
        ("due_dates.toml", "from =", 'notes = ["mine"]\nfrom =', "note.mine"),
    ],
)
def test_a_note_needs_a_sentence_wherever_it_stands(
    file: str, old: str, new: str, *, key: str, tmp_path: Path
) -> None:
    assert fault_of(tmp_path, {**FILES, file: FILES[file].replace(old, new, 1)}).key == key


def test_a_contact_needs_a_name(tmp_path: Path) -> None:
    contact = RELIEF[: RELIEF.index("[[")] + (
        '[[contact]]\nkey = "desk"\nfrom = 2026-01-01\nnumber = "1"\n'
        'source = "guide"\nwhere = "x"\nstanding = "published"\n'
    )
    assert (
        fault_of(tmp_path, {"rule_set.toml": RULE_SET, "contacts.toml": contact}).key == "contact.desk.name"
    )


@pytest.mark.parametrize("text", ["x = = 1", "x = 1\nx = 2"])
def test_sentences_that_are_no_toml_are_refused(text: str, tmp_path: Path) -> None:
    fault = fault_of(tmp_path, {"rule_set.toml": RULE_SET, "texts/ko.toml": text})
    assert (fault.file, fault_key(fault)) == (tmp_path / "mine" / "texts" / "ko.toml", "not_toml")


def test_a_folder_in_the_place_of_sentences_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine" / "texts" / "en.toml").mkdir(parents=True)
    assert fault_key(fault_of(tmp_path, {"rule_set.toml": RULE_SET})) == "unreadable"


def test_sentences_may_not_repeat_ours(tmp_path: Path) -> None:
    own = {"rule_set.toml": RULE_SET, "texts/en.toml": '[carrier]\nSKT = "Other"\n'}
    fault = fault_of(tmp_path, own)
    assert (fault.key, fault_key(fault)) == ("carrier.SKT", "shipped_sentence")


@pytest.mark.parametrize("told", ["{days} days", "a stray {", "{}"])
def test_sentences_that_ask_for_values_nobody_brings_are_refused(told: str, tmp_path: Path) -> None:
    english = EN.replace("A month has passed.", told)
    fault = fault_of(tmp_path, {**OWN_LADDER, "texts/ko.toml": KO, "texts/en.toml": english})
    assert (fault.key, fault_key(fault)) == ("stage.month.told", "placeholder")


# ── the clock ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 11, 24, 14, 59, tzinfo=UTC), "2026-11-24"),
        (datetime(2026, 11, 24, 15, 0, tzinfo=UTC), "2026-11-25"),
    ],
)
def test_today_is_the_day_in_seoul(instant: datetime, day: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return instant.astimezone(tz)

    monkeypatch.setattr(bootstrap, "datetime", Clock)
    assert f"{start({}).today()}" == day
