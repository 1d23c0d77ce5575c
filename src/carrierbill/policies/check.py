"""Check: a rule set is whole: it has what its rules ask for, and names no stage or carrier it has not."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from carrierbill.domain.policy import CLEAR, Dated, Ladder, Value
from carrierbill.domain.relief import IN_ORDER
from carrierbill.domain.saying import Saying
from carrierbill.policies.read import PolicyFaultError
from carrierbill.policies.topics import Topic

REQUIRED = {
    "due_dates": ("due_date",),
    "stages": ("ladder",),
    "relief": IN_ORDER,
    "reminders": ("before_due",),
    "spending_limits": ("recommended",),
    "law": ("limitation", "collection_waiver"),
    "debt_contact": ("contact",),
    "retention": ("records",),
    "settlement": ("settlement",),
    "objections": ("answer",),
    "accounts": (
        "held_claims",
        "held_payables",
        "unbilled_claims",
        "billed_claims",
        "late_fee_claims",
        "late_fee_income",
        "merchant_payables",
        "withheld_payables",
        "line_credit",
        "refunds_payable",
        "bank",
        "fee_waived",
    ),
}
CAPS = ("carrier", "content", "new_line", "mvno")
# Some caps are a carrier's own: the kind of line or of purchase, and the carrier.
CAPS_OF_CARRIERS = ("minor_", "voucher_")


def check_whole(folder: Path, topics: Mapping[str, Topic], common: Mapping[str, Topic]) -> None:
    """Refuse a rule set that lacks a value its rules ask for, or names a stage a ladder has not.

    What `common` says of a carrier stands also where a rule set has no tariff for it.
    """
    for topic, keys in REQUIRED.items():
        _check_keys(folder / f"{topic}.toml", topics[topic], keys)
    if not topics["late_fee"]:
        raise PolicyFaultError(folder / "late_fee.toml", "tariff", Saying("policy_fault.missing"))
    ladders: Dated[Ladder] = topics["stages"]["ladder"]
    carriers = tuple(topics["late_fee"])
    _check_carriers(folder / "stages.toml", ladders, carriers)
    known = (*dict.fromkeys((*carriers, *common["billing"])),)
    _check_known(folder / "billing.toml", topics["billing"], known)
    _check_caps(folder / "caps.toml", topics["caps"], known)
    for carrier, tariffs in topics["late_fee"].items():
        if carrier not in topics["restoration"]:
            fault = Saying("policy_fault.no_restoration")
            raise PolicyFaultError(folder / "restoration.toml", carrier, fault)
        for tariff, stages in _beside(tariffs, ladders):
            posted = {tariff.posting.stage} - {None}
            _check_stages(folder / "late_fee.toml", f"{carrier}.posted", posted, stages=stages)
        for restoration, stages in _beside(topics["restoration"][carrier], ladders):
            named = {row.from_stage for row in restoration.rows}
            _check_stages(folder / "restoration.toml", f"{carrier}.row", named, stages=stages)


def _check_keys(file: Path, topic: Topic, keys: tuple[str, ...]) -> None:
    """Refuse a topic that lacks one of the keys the rules ask for, or has one they do not know."""
    for key in keys:
        if key not in topic:
            raise PolicyFaultError(file, key, Saying("policy_fault.missing"))
    _check_known(file, topic, keys)


def _check_caps(file: Path, caps: Topic, carriers: tuple[str, ...]) -> None:
    """Refuse a cap of an unknown kind or carrier, and one of new lines without its days."""
    known = (*CAPS, *(kind + carrier for kind in CAPS_OF_CARRIERS for carrier in carriers))
    _check_known(file, caps, known)
    for key, dated in caps.items():
        for value in dated.values:
            if (value.content.days is None) is (key == "new_line"):
                fault = Saying("policy_fault.days_of_new_line")
                raise PolicyFaultError(file, f"{key}.days", fault)


def _check_known(file: Path, topic: Topic, known: tuple[str, ...]) -> None:
    for key in topic:
        if key not in known:
            raise PolicyFaultError(
                file, key, Saying("policy_fault.unknown_word", {"known": ", ".join(known)})
            )


def _check_carriers(file: Path, ladders: Dated[Ladder], carriers: tuple[str, ...]) -> None:
    """Refuse effects at a carrier that has no tariff: a slip of the pen would silently switch nothing on."""
    for row in (row for value in ladders.values for row in value.content.rows):
        if not set(carriers).issuperset(row.effects_by_carrier):
            known = Saying("policy_fault.unknown_word", {"known": ", ".join(carriers)})
            raise PolicyFaultError(file, f"{row.stage}.effects_at", known)


def _beside(dated: Dated[Any], ladders: Dated[Ladder]) -> Iterator[tuple[Any, set[str]]]:
    """What each value says, with the stages of each ladder that is in force on some day beside it."""
    for value, until_on in _spans(dated):
        for ladder, ladder_until_on in _spans(ladders):
            if value.from_on < ladder_until_on and ladder.from_on < until_on:
                yield value.content, {CLEAR, *(row.stage for row in ladder.content.rows)}


def _spans(dated: Dated[Any]) -> Iterator[tuple[Value[Any], date]]:
    """Each value with the first day on which it no longer holds."""
    yield from zip(dated.values, (*(value.from_on for value in dated.values[1:]), date.max), strict=True)


def _check_stages(file: Path, key: str, named: set[str], *, stages: set[str]) -> None:
    if not named <= stages:
        known = ", ".join(sorted(stages))
        raise PolicyFaultError(file, key, Saying("policy_fault.unknown_stage", {"known": known}))
