"""An operator's own rule set, written into a folder: files that are right, and slips of the pen in them."""

from collections.abc import Mapping
from pathlib import Path

from carrierbill.bootstrap import start
from carrierbill.domain.saying import Saying
from carrierbill.policies.read import PolicyFaultError

RULE_SET = 'based_on = "guide"\n'

LATE_FEE = """\
confirmed_on = 2026-06-01
[[tariff]]
carriers = ["SKT"]
from = 2026-07-01
creditor = "carrier"
posted = "daily"
low = [{ days_late = [1, 29], rate_a_year = "3.00%" }, { days_late = [30], rate_a_year = "4.00%" }]
high = [{ days_late = [1], rate_a_year = "5.00%" }, { due_dates_missed = [1, 1], rate_a_step = "1.00%" }]
high_compounds_from_day = 90
source = "guide"
where = "the board's minutes"
standing = "published"
"""

STAGES = """\
confirmed_on = 2026-06-01
[[ladder]]
key = "ladder"
from = 2010-01-01
source = "guide"
where = "all of it"
standing = "published"
[[ladder.stage]]
stage = "late_1"
from_status_day = 1
effects = ["block_purchases"]
effects_at = { SKT = ["limit_zero"] }
source = "guide"
where = "first rung"
standing = "published"
[[ladder.stage]]
stage = "late_15"
from_status_day = 15
source = "guide"
where = "second rung"
standing = "published"
[[ladder.stage]]
stage = "late_30"
from_status_day = 30
source = "guide"
where = "third rung"
standing = "published"
[[ladder.stage]]
stage = "late_90"
after_months = 3
plus_days = 2
source = "guide"
where = "fourth rung"
standing = "published"
"""

RESTORATION = """\
confirmed_on = 2026-06-01
[[restoration]]
carriers = ["SKT"]
from = 2010-01-01
source = "guide"
where = "all of it"
standing = "published"
row = [
    { from_stage = "clear", line = ["0 days", "1 day"] },
    { from_stage = "late_30", line = ["1 business day", "unknown"] },
]
"""

RELIEF = """\
confirmed_on = 2026-06-01
[[relief]]
key = "waiver"
from = 2026-07-01
offered = true
days_late = [1, 20]
source = "guide"
where = "all of it"
standing = "published"
"""

REMINDERS = """\
confirmed_on = 2026-06-01
[[reminder]]
key = "before_due"
from = 2026-07-01
days_before = [7, 1]
source = "guide"
where = "all of it"
standing = "published"
"""

LIMITS = """\
confirmed_on = 2026-06-01
[[spending_limit]]
key = "recommended"
from = 2026-07-01
share_of_income = "10.00%"
at_most_won = 100_000
source = "guide"
where = "all of it"
standing = "published"
"""

DUE_DATES = """\
confirmed_on = 2026-06-01
[[due_date]]
key = "due_date"
from = 2026-07-01
on_day_off = "stays"
reflected = "next_day"
source = "guide"
where = "all of it"
standing = "published"
"""

SOURCES = """\
[minutes]
title = "Minutes of the board"
published_on = 2026-05-30
"""

FILES = {
    "rule_set.toml": RULE_SET,
    "late_fee.toml": LATE_FEE,
    "stages.toml": STAGES,
    "restoration.toml": RESTORATION,
    "relief.toml": RELIEF,
    "reminders.toml": REMINDERS,
    "spending_limits.toml": LIMITS,
    "due_dates.toml": DUE_DATES,
    "sources.toml": SOURCES,
}


def write_rules(policies: Path, files: Mapping[str, str | bytes], name: str = "mine") -> Path:
    """Write the files of one rule set below an operator's folder; returns the rule set's folder."""
    folder = policies / name
    for file, text in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def with_slip(file: str, old: str, new: str) -> dict[str, str]:
    """The right files, one of them with its first `old` written as `new`."""
    assert old in FILES[file], f"{file} has no {old!r}"
    return {**FILES, file: FILES[file].replace(old, new, 1)}


def fault_key(fault: PolicyFaultError) -> str:
    """The sentence a fault is told with, by its key."""
    told = fault.reason.values["fault"]
    assert isinstance(told, Saying)
    return told.key.removeprefix("policy_fault.")


def lines(fault: PolicyFaultError) -> dict[str, str]:
    """What a person is told of the fault, by language."""
    return start({}).texts.both(fault.reason)
