"""A bill's lateness worked out one day after another, by the definition in `rules.md` §3–7 and nothing else.

It is slow and plain on purpose: the rates and ladders are typed in again here, the business days come
straight from the `holidays` package, and nothing is taken from the package under test. Money is whole won; a
fee that is still growing is counted in whole `PARTS` of a won, so that every step is exact.
"""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from typing import Any, Literal, NamedTuple

import holidays

Side = Literal["low", "high"]
Repaid = Sequence[tuple[date, int]]

# Rates are in basis points a year of 365 days, so one won × one basis point × one day is one part.
PARTS = 10_000 * 365

# (first day late, low, high): yearly rates, per carrier. The first version of both guides; nothing before it.
GUIDE_IN_FORCE_FROM = date(2021, 1, 1)
DAILY_BANDS = {
    ("guide", "SKT"): ((1, 200, 450),),
    ("guide", "KT"): ((1, 200, 500), (90, 350, 500)),
    ("guide", "LGU"): ((1, 200, 350),),
    ("guide-example", "SKT"): ((1, 1500, 1500),),
    ("guide-example", "KT"): ((1, 1500, 1500),),
    ("guide-example", "LGU"): ((1, 1500, 1500),),
}
# (in force from, what the 1st, 2nd … missed due date costs): flat, the latest version last.
FLAT_STEPS: tuple[tuple[date, tuple[int, ...]], ...] = (
    (date(2010, 3, 1), (200,)),
    (date(2012, 9, 1), (500,)),
    (date(2013, 11, 1), (400, 100)),
    (date(2019, 7, 1), (300, 50)),
)
# In bit order: lists of effects are always given in this order.
EFFECTS = (
    "pg_marked_unpaid",
    "block_purchases",
    "notice_sms",
    "notice_letter",
    "limit_zero",
    "suspend_line",
    "pg_refuses",
    "report_short_term",
    "register_long_term",
    "mark_long_term",
    "stop_outgoing",
    "stop_all",
    "list_kait",
    "report_insurer",
    "end_contract",
)
# The order in which the events of one day are told.
EVENTS = (
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


class NoRule(Exception):  # noqa: N818 -- the name other tests are written against
    """Something would accrue on `day`, and no rule is in force on it."""

    def __init__(self, day: date) -> None:
        super().__init__(f"no rule in force on {day}")
        self.day = day


class Bill(NamedTuple):
    """What is known of a bill; `repaid` is in date order."""

    rules: str
    carrier: str
    principal_won: int
    due_on: date
    repaid: tuple[tuple[date, int], ...] = ()
    welfare: bool = False

    @property
    def effective_due_on(self) -> date:
        return effective(self.rules, self.due_on)

    @property
    def reflected_on(self) -> date:
        """The first day on which lateness shows in the line's status."""
        day_after = self.effective_due_on + timedelta(1)
        return day_after if self.rules == "terms" else business_day(day_after)


# ── days ──────────────────────────────────────────────────────────────────────────────────────────


@cache
def closed_days(year: int, *categories: str) -> frozenset[date]:
    return frozenset(holidays.country_holidays("KR", years=year, categories=categories))


def business_day(day: date) -> date:
    """`day` if it is a business day, else the next one."""
    while day.weekday() >= 5 or day in closed_days(day.year, "public", "bank"):
        day += timedelta(1)
    return day


def end_of_period(day: date) -> date:
    """The last day of a period fixed by law: bank holidays do not move it."""
    while day.weekday() >= 5 or day in closed_days(day.year, "public"):
        day += timedelta(1)
    return day


def month_later(day: date, months: int) -> date:
    """The same day number `months` later, clipped to the month's last day.

    >>> [month_later(date(2025, 1, 31), n).isoformat() for n in (1, 2)]
    ['2025-02-28', '2025-03-31']
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@cache
def effective(rules: str, due_on: date) -> date:
    return business_day(due_on) if rules == "terms" else due_on


def each_day(first: date, last: date) -> Iterator[date]:
    for n in range((last - first).days + 1):
        yield first + timedelta(n)


# ── the fee (§5) ──────────────────────────────────────────────────────────────────────────────────


class Run:
    """One of the runs of a bill, low or high, as it stands at the end of the last day stepped through."""

    def __init__(self, bill: Bill, side: Side) -> None:
        self.bill, self.side = bill, side
        self.unpaid = self.unpaid_at_start = bill.principal_won  # P, and P at the start of the day
        self.unpaid_capitalised = 0  # C
        self.ever_capitalised = 0  # K
        self.accrual = 0  # A, in parts of a won
        self.repaid_of_accrual = 0  # U
        self.credit = 0
        self.capitalised: list[dict[str, Any]] = []
        self.added = 0  # what the day itself accrued, in parts
        self.step_added = self.is_capitalisation_day = False
        self.flat_steps: tuple[int, ...] = ()

    def step(self, day: date) -> None:
        """Accrue, repay, capitalise; days up to the effective due date know only repayments."""
        self.unpaid_at_start, self.added = self.unpaid, 0
        self.step_added = self.is_capitalisation_day = False
        days_since_due = (day - self.bill.effective_due_on).days
        if days_since_due > 0 and self.unpaid > 0:
            self._accrue(day, days_since_due)
        for received_on, won in self.bill.repaid:
            if received_on == day:
                self._repay(won)
        if self.unpaid > 0 and days_since_due >= 90:
            self._capitalise(day)

    def _accrue(self, day: date, days_since_due: int) -> None:
        if self.bill.rules == "terms":
            self._add_flat_step(day, days_since_due)
        else:
            self._add_one_day(day, days_since_due)
        self.accrual += self.added

    def _add_one_day(self, day: date, days_since_due: int) -> None:
        if day < GUIDE_IN_FORCE_FROM:
            raise NoRule(day)
        bands = DAILY_BANDS[self.bill.rules, self.bill.carrier]
        first_day, low, high = [band for band in bands if band[0] <= days_since_due][-1]
        self.added = (self.unpaid + self.unpaid_capitalised) * (low if self.side == "low" else high)
        self.step_added = first_day == days_since_due > 1

    def _add_flat_step(self, day: date, days_since_due: int) -> None:
        if days_since_due == 1:
            # The first step chooses the version; a later step of the bill stays with it.
            versions = [steps for in_force_from, steps in FLAT_STEPS if in_force_from <= day]
            if not versions:
                raise NoRule(day)
            self.flat_steps = versions[-1]
        for n, rate in enumerate(self.flat_steps, start=1):
            nth_due_on = effective("terms", month_later(self.bill.due_on, n - 1))
            if day == nth_due_on + timedelta(1):
                self.added += self.unpaid * rate * 365
                self.step_added = True

    def _repay(self, won: int) -> None:
        principal = min(won, self.unpaid)
        capitalised = min(won - principal, self.unpaid_capitalised)
        whole_won = self.accrual // PARTS - self.repaid_of_accrual
        accrued = min(won - principal - capitalised, whole_won)
        self.unpaid -= principal
        self.unpaid_capitalised -= capitalised
        self.repaid_of_accrual += accrued
        self.credit += won - principal - capitalised - accrued

    def _capitalise(self, day: date) -> None:
        due_on = self.bill.due_on
        months = (day.year - due_on.year) * 12 + day.month - due_on.month
        compounds = self.bill.rules == "guide" and self.side == "high"
        if not compounds or day != month_later(due_on, months):
            return
        won, cut = divmod(self.accrual, PARTS)
        self.ever_capitalised += won
        self.unpaid_capitalised += won - self.repaid_of_accrual
        self.accrual = self.repaid_of_accrual = 0
        self.is_capitalisation_day = True
        if won:
            self.capitalised.append({"on": day, "won": won, "cut": str(Fraction(cut, PARTS))})

    @property
    def late_fee(self) -> int:
        return self.ever_capitalised + self.accrual // PARTS

    @property
    def fee_repaid(self) -> int:
        return self.ever_capitalised - self.unpaid_capitalised + self.repaid_of_accrual

    @property
    def total(self) -> int:
        return self.unpaid + self.late_fee - self.fee_repaid


def low_high_charged(low: int, high: int) -> dict[str, int]:
    """An ambiguous rule is read for the customer: `charged` is a run of its own that goes as `low` does."""
    return {"low": low, "high": high, "charged": low}


# ── stages and effects (§4, §6) ───────────────────────────────────────────────────────────────────


def days_late(bill: Bill, day: date, unpaid: int) -> int:
    return max(0, (day - bill.effective_due_on).days) if unpaid else 0


def status_day(bill: Bill, day: date, unpaid: int) -> int:
    return max(0, (day - bill.reflected_on).days + 1) if unpaid else 0


def time_barred_on(bill: Bill, day: date) -> date:
    """The first day on which the claim is time-barred, as far as repayments up to `day` tell."""
    ends_on = end_of_period(month_later(bill.effective_due_on, 36))
    for received_on, _ in bill.repaid:
        # Money that comes once the three years are over acknowledges nothing any more.
        if bill.effective_due_on < received_on <= min(day, ends_on):
            ends_on = end_of_period(month_later(received_on, 36))
    return ends_on + timedelta(1)


Rows = list[tuple[bool, str, str]]


def guide_rows(bill: Bill, day: date, unpaid: int) -> Rows:
    """(does the row's condition hold, its stage, its effects), in the ladder's order."""
    n, carrier = status_day(bill, day, unpaid), bill.carrier
    first = "pg_marked_unpaid" + (" block_purchases" if carrier in ("SKT", "KT") else "")
    thirtieth = "limit_zero suspend_line pg_refuses" + (" block_purchases" if carrier == "LGU" else "")
    ninetieth = "register_long_term" + (" mark_long_term" if carrier == "SKT" else "")
    return [
        (n >= 1, "late_1", first),
        (n >= 7, "late_7", ""),
        (n >= 15, "late_15", "notice_sms notice_letter"),
        (n >= 30, "late_30", thirtieth),
        (n >= 60, "late_60", "report_short_term"),
        (n >= 90, "late_90", ninetieth),
    ]


def terms_rows(bill: Bill, day: date, unpaid: int) -> Rows:
    """As `guide_rows`; the one bill is taken for all the holder has at the carrier."""
    due_on, late = bill.effective_due_on, days_late(bill, day, unpaid) > 0
    fully_stopped_on = month_later(due_on, 2) + timedelta(60 if bill.welfare else 14)
    is_barred = late and day >= time_barred_on(bill, day)
    three_months = late and day >= month_later(due_on, 3) and not is_barred
    return [
        (late, "late", "pg_marked_unpaid block_purchases notice_sms"),
        (late and day >= month_later(due_on, 1), "warned", "notice_letter"),
        (late and day >= month_later(due_on, 2), "outgoing_stopped", "stop_outgoing"),
        (late and day >= fully_stopped_on, "fully_stopped", "stop_all"),
        (three_months and unpaid >= 10_000, "listed", "list_kait"),
        (three_months and unpaid >= 100_000, "reported", "report_insurer"),
        (late and day >= month_later(due_on, 5), "ended", "end_contract"),
        (is_barred, "time_barred", ""),
    ]


def stage_and_effects(bill: Bill, day: date, unpaid: int) -> tuple[str, list[str]]:
    """Effects of every row that holds, and the last such row as the stage."""
    rows = terms_rows(bill, day, unpaid) if bill.rules == "terms" else guide_rows(bill, day, unpaid)
    stage, held = "clear", set[str]()
    for holds, name, effects in rows:
        if holds:
            stage = name
            held.update(effects.split())
    return stage, [effect for effect in EFFECTS if effect in held]


def restoration(bill: Bill, on: date) -> dict[str, Any]:
    """What comes back when, if all is paid on `on`: by the stage had nothing been paid."""
    stage, _ = stage_and_effects(bill._replace(repaid=()), on, bill.principal_won)

    def within(earliest_on: date | None, latest_on: date | None) -> dict[str, date | None]:
        return {"earliest_on": earliest_on, "latest_on": latest_on}

    def nth_business_day(n: int) -> date:
        day = on
        for _ in range(n):
            day = business_day(day + timedelta(1))
        return day

    if bill.rules == "terms":
        has_ended = stage in ("ended", "time_barred")
        line = within(None, None) if has_ended else within(on, nth_business_day(3))
    elif stage not in ("late_30", "late_60", "late_90"):
        line = within(on, on)
    else:
        line = {
            "SKT": within(nth_business_day(1), nth_business_day(2)),
            "KT": within(on, on + timedelta(1)),
            "LGU": within(nth_business_day(2), nth_business_day(3)),
        }[bill.carrier]
    purchases = within(None, None) if stage == "late_90" and bill.carrier == "SKT" else line
    limit = within(line["earliest_on"], None) if stage == "late_90" else line
    return {"line": line, "purchases": purchases, "limit": limit, "held_by": []}


# ── answers ───────────────────────────────────────────────────────────────────────────────────────


def bill_of(rules: str, carrier: str, principal_won: int, due_on: date, repaid: Repaid) -> Bill:
    return Bill(rules, carrier, principal_won, due_on, tuple(sorted(repaid, key=lambda one: one[0])))


def both_runs(bill: Bill, first: date, last: date) -> Iterator[tuple[date, Run, Run]]:
    """Each day from `first` (or the first repayment, or the due date, if earlier) to `last`, at its end."""
    low, high = Run(bill, "low"), Run(bill, "high")
    start = min(first, bill.effective_due_on, *(received_on for received_on, _ in bill.repaid), last)
    for day in each_day(start, last):
        low.step(day)
        high.step(day)
        yield day, low, high


def late_fee(  # noqa: PLR0913, PLR0917 -- the facts of a bill, in the order of the command line
    rules: str,
    carrier: str,
    principal_won: int,
    due_on: date,
    on: date,
    repaid: Repaid = (),
    welfare: bool = False,  # noqa: FBT001, FBT002
) -> dict[str, Any]:
    """The figures of `late-fee --json` at the end of `on`, in won; later repayments are not looked at."""
    known = [one for one in repaid if one[0] <= on]
    bill = bill_of(rules, carrier, principal_won, due_on, known)._replace(welfare=welfare)
    *_, (_, low, high) = both_runs(bill, on, on)
    stage, effects = stage_and_effects(bill, on, low.unpaid)
    was_late = on > bill.effective_due_on and low.unpaid_at_start > 0
    return {
        "effective_due_on": bill.effective_due_on,
        "days_late": days_late(bill, on, low.unpaid),
        "status_day": status_day(bill, on, low.unpaid),
        "stage": stage,
        "effects": effects,
        "unpaid_won": low.unpaid,
        "late_fee_won": low_high_charged(low.late_fee, high.late_fee),
        "fee_repaid_won": low_high_charged(low.fee_repaid, high.fee_repaid),
        "total_won": low_high_charged(low.total, high.total),
        "credit_won": low_high_charged(low.credit, high.credit),
        "capitalised": high.capitalised,
        "restoration": restoration(bill, on) if was_late else None,
    }


def dated_events(bill: Bill, day: date) -> set[str]:
    """Events whose day the calendar alone tells."""
    due_on = bill.effective_due_on
    return {
        what
        for what, on in (
            ("reminder", due_on - timedelta(3)),
            ("reminder", due_on - timedelta(1)),
            ("due", due_on),
            ("reflected", bill.reflected_on),
            ("waiver_closes", due_on + timedelta(10) if bill.rules != "terms" else None),
            ("time_barred", time_barred_on(bill, day) if bill.rules == "terms" else None),
        )
        if on == day
    }


def is_fee_posted(bill: Bill, day: date, low: Run, *, has_added: bool) -> bool:
    """`has_added`: whether anything was added since the last 13th, that day included and `day` not."""
    if bill.rules == "terms" or bill.carrier == "LGU":
        return day.day == 13 and has_added
    return bill.carrier == "KT" and status_day(bill, day, low.unpaid) == 15


def outlook(  # noqa: PLR0913, PLR0917 -- the facts of a bill, in the order of the command line
    rules: str,
    carrier: str,
    principal_won: int,
    due_on: date,
    from_on: date | None = None,
    days: int = 120,
    repaid: Repaid = (),
    welfare: bool = False,  # noqa: FBT001, FBT002
) -> list[dict[str, Any]]:
    """The events of `outlook --json`, figures in won at the end of each day."""
    bill = bill_of(rules, carrier, principal_won, due_on, repaid)._replace(welfare=welfare)
    first = bill.effective_due_on - timedelta(3) if from_on is None else from_on
    events: list[dict[str, Any]] = []
    has_added, before = False, ("clear", list[str]())
    # Stepping begins on the due date at the latest, when nothing holds yet: so `before` is always right.
    for day, low, high in both_runs(bill, first, first + timedelta(days - 1)):
        now = stage_and_effects(bill, day, low.unpaid)
        happened = {
            "stage": now != before,
            "fee_step": low.step_added,
            "capitalised": high.is_capitalisation_day,
        }
        whats = dated_events(bill, day) | {what for what, does in happened.items() if does}
        if low.unpaid_at_start == 0:
            whats = set()
        if is_fee_posted(bill, day, low, has_added=has_added):
            whats.add("fee_posted")
        has_added = low.added > 0 or (has_added and day.day != 13)
        if day >= first:
            events += events_of_day(bill, day, (low, high), before[1], sorted(whats, key=EVENTS.index))
        before = now
    return events


def events_of_day(
    bill: Bill, day: date, runs: tuple[Run, Run], effects_before: list[str], whats: list[str]
) -> list[dict[str, Any]]:
    low, high = runs
    stage, effects = stage_and_effects(bill, day, low.unpaid)
    return [
        {
            "on": day,
            "what": what,
            "stage": stage,
            "days_late": days_late(bill, day, low.unpaid),
            "late_fee_won": low_high_charged(low.late_fee, high.late_fee),
            "total_won": low_high_charged(low.total, high.total),
            "effects": effects,
            "starts": [one for one in effects if one not in effects_before and n == 0],
            "ends": [one for one in effects_before if one not in effects and n == 0],
        }
        for n, what in enumerate(whats)
    ]


def relief(  # noqa: PLR0913, PLR0917 -- the facts of a bill, in the order of the command line
    rules: str, carrier: str, principal_won: int, due_on: date, on: date, repaid: Repaid = ()
) -> list[dict[str, Any]]:
    """The ways to relief in [B]'s order: which are open at the end of `on`, and until when."""
    stated = late_fee(rules, carrier, principal_won, due_on, on, repaid)
    owed_won = stated["total_won"]["charged"]
    has_waiver = rules != "terms"
    closes_on = stated["effective_due_on"] + timedelta(10) if has_waiver else None
    return [
        {"id": "ask_carrier", "open": True, "until": None},
        {"id": "pay_all", "open": owed_won > 0, "until": None},
        {"id": "check_posted", "open": True, "until": None},
        {"id": "waiver", "open": has_waiver and 1 <= stated["days_late"] <= 10, "until": closes_on},
        {"id": "carrier_instalment", "open": 0 < owed_won <= 100_000, "until": None},
        {"id": "card_payment", "open": True, "until": None},
        {"id": "debt_adjustment", "open": True, "until": None},
    ]
