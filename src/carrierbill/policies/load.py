"""Load: rule sets from their folders, each laid over the one it is based on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from carrierbill.domain.dates import Holiday
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.policy import Dated, RuleSet, Source
from carrierbill.domain.saying import Saying
from carrierbill.policies.business_days import read_calendar, read_calendar_source, read_one_off_days
from carrierbill.policies.check import check_whole
from carrierbill.policies.read import PolicyFaultError, read_file
from carrierbill.policies.sources import Publications, read_publications
from carrierbill.policies.topics import TOPICS, Topic, read_topic

SHIPPED_FOLDER = Path(__file__).parent
SHIPPED = ("guide", "guide-example", "terms")
COMMON = "common"
CALENDAR = SHIPPED_FOLDER / COMMON / "business_days.toml"
NOT_TOPICS = ("rule_set", "sources", "business_days")
MOST_BASES = 10


@dataclass(frozen=True, slots=True)
class Layer:
    """What one folder says: topics by name, the notes of the rule set, and what it is based on."""

    topics: Mapping[str, Topic]
    notes: tuple[str, ...]
    based_on: str | None
    publications: Publications
    days_off: Mapping[date, Holiday]


class Shelf:
    """All rule sets at hand: the shipped ones and those in an operator's folder, read when asked for."""

    def __init__(self, own_folder: Path | None = None) -> None:
        """Look for the operator's rule sets in `own_folder`; PolicyFaultError when it is no folder."""
        self._folders = {name: SHIPPED_FOLDER / name for name in SHIPPED}
        if own_folder is not None:
            self._folders |= _own_folders(own_folder)
        self._read: dict[str, RuleSet] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The rule sets' names, the shipped ones first."""
        return tuple(self._folders)

    def folder(self, name: str) -> Path:
        """Where a rule set's files are; BadInputError for a name that is not on the shelf."""
        if name not in self._folders:
            raise BadInputError(
                "rules", Saying("bad_input.rules", {"given": name, "known": ", ".join(self.names)})
            )
        return self._folders[name]

    def rule_set(self, name: str) -> RuleSet:
        """A rule set with all it is based on; PolicyFaultError names file and key of a fault."""
        if name not in self._read:
            self._read[name] = self.read_folder(name, self.folder(name))
        return self._read[name]

    def shipped_beside(self, name: str) -> tuple[RuleSet, ...]:
        """The other shipped rule sets, in their fixed order."""
        return tuple(self.rule_set(other) for other in SHIPPED if other != name)

    def read_folder(self, name: str, folder: Path) -> RuleSet:
        """The rule set a folder holds, whatever the shelf knows by that name."""
        common = read_common()
        layers, lowest = [read_layer(folder, common.publications)], folder
        while layers[0].based_on is not None:
            if len(layers) > MOST_BASES:
                raise PolicyFaultError(
                    lowest / "rule_set.toml", "based_on", Saying("policy_fault.based_on_itself")
                )
            if layers[0].based_on not in self._folders:
                known = ", ".join(self.names)
                raise PolicyFaultError(
                    lowest / "rule_set.toml",
                    "based_on",
                    Saying("policy_fault.unknown_word", {"known": known}),
                )
            lowest = self._folders[layers[0].based_on]
            layers.insert(0, read_layer(lowest, common.publications))
        topics = _laid_over([common, *layers])
        check_whole(folder, topics, common.topics)
        calendar = read_calendar(CALENDAR)
        added = {day: holiday for layer in layers for day, holiday in layer.days_off.items()}
        return RuleSet(
            name=name,
            shipped=name in SHIPPED,
            notes=tuple(note for layer in layers for note in layer.notes),
            calendar=replace(calendar, holidays={**calendar.holidays, **added}) if added else calendar,
            **topics,
        )


def _own_folders(own_folder: Path) -> dict[str, Path]:
    if not own_folder.is_dir():
        raise PolicyFaultError(own_folder, "", Saying("policy_fault.no_folder"))
    folders = {
        folder.name: folder for folder in sorted(own_folder.iterdir()) if (folder / "rule_set.toml").exists()
    }
    for name, folder in folders.items():
        if name in (*SHIPPED, COMMON):
            raise PolicyFaultError(folder, "", Saying("policy_fault.shipped_name", {"name": name}))
    if not folders:
        raise PolicyFaultError(own_folder, "", Saying("policy_fault.no_rule_set"))
    return folders


@cache
def read_common() -> Layer:
    """What holds in every rule set, and the publications any of them may cite."""
    return read_layer(SHIPPED_FOLDER / COMMON, {})


def read_layer(folder: Path, publications: Publications) -> Layer:
    """What the files of one folder say, strictly; a file that is no topic is a fault."""
    sources = folder / "sources.toml"
    if sources.exists():
        publications = {**publications, **read_publications(read_file(sources))}
    notes: tuple[str, ...] = ()
    based_on = None
    if folder.name != COMMON:
        head = read_file(folder / "rule_set.toml")
        notes = head.take_list("notes", str, ())
        based_on = head.take("based_on", str) if head.has("based_on") else None
        head.close()
    topics = {}
    for file in sorted(folder.glob("*.toml")):
        if file.stem in NOT_TOPICS:
            continue
        topics[file.stem] = read_topic_file(file, publications)
    return Layer(topics, notes, based_on, publications, _days_off(folder))


def _days_off(folder: Path) -> dict[date, Holiday]:
    """The days a folder adds to the calendar; the shipped calendar itself is read apart."""
    file = folder / CALENDAR.name
    return read_one_off_days(file) if file != CALENDAR and file.exists() else {}


def calendar_source() -> Source:
    """Who says which days of the shipped calendar are off."""
    return read_calendar_source(read_file(CALENDAR).take_table("source"))


def read_topic_file(file: Path, publications: Publications) -> Topic:
    """The values of one topic file; its name has to be a topic's."""
    if file.stem not in TOPICS:
        raise PolicyFaultError(file, "", Saying("policy_fault.unknown_topic", {"known": ", ".join(TOPICS)}))
    return read_topic(file.stem, read_file(file), publications)


def _laid_over(layers: list[Layer]) -> dict[str, Any]:
    """The layers as one: key by key, an upper layer holds alone from its first day on."""
    whole: dict[str, Topic] = {topic: {} for topic in TOPICS}
    for layer in layers:
        for topic, own in layer.topics.items():
            for key, dated in own.items():
                below: Dated[Any] | None = whole[topic].get(key)
                whole[topic][key] = dated if below is None else below.overridden_by(dated)
    return whole
