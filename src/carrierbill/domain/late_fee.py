"""Late fee: bands over lateness times stretches of unpaid principal, exact, with every piece kept."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from carrierbill.domain.bill import Bill
from carrierbill.domain.dates import ONE_DAY, days_later, month_later, months_between
from carrierbill.domain.lateness import due_date_missed, effective_due_on
from carrierbill.domain.money import WonRange, cut_down
from carrierbill.domain.policy import Band, Measure, RuleSet, Source, Tariff, Value

DAYS_A_YEAR = 365


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a fee: one base at one rate over `units` days late, or one step for a due date missed.

    `rate` is a year's for days late and a whole step's for a due date; `exact` is in won.
    """

    measure: Measure
    from_on: date
    to_on: date
    units: int
    principal_won: int
    capitalised_won: int
    rate: Fraction
    exact: Fraction
    source: Source


@dataclass(frozen=True, slots=True)
class Capitalisation:
    """Fee that became principal: the day, the whole won, and the fraction of a won cut off."""

    on: date
    won: int
    cut: Fraction


@dataclass(frozen=True, slots=True)
class FeeRun:
    """One reading of a tariff followed to a day: its pieces and what they come to, in won."""

    pieces: tuple[Piece, ...]
    capitalised: tuple[Capitalisation, ...]
    fee_won: int
    repaid_won: int
    credit_won: int


@dataclass(frozen=True, slots=True)
class LateFee:
    """A bill's late fee at the end of a day, under the low and the high reading."""

    low: FeeRun
    high: FeeRun

    @property
    def fee(self) -> WonRange:
        """The fee in won, repaid or not."""
        return WonRange(self.low.fee_won, self.high.fee_won)

    @property
    def repaid(self) -> WonRange:
        """What of the fee was repaid, in won."""
        return WonRange(self.low.repaid_won, self.high.repaid_won)

    @property
    def credit(self) -> WonRange:
        """What was received beyond principal and fee, in won."""
        return WonRange(self.low.credit_won, self.high.credit_won)

    @property
    def unpaid(self) -> WonRange:
        """The fee still owed, in won."""
        return WonRange(self.low.fee_won - self.low.repaid_won, self.high.fee_won - self.high.repaid_won)


def late_fee_on(bill: Bill, day: date, rules: RuleSet) -> LateFee:
    """The late fee stated at the end of the day, repayments of that day included.

    Raises NoRuleInForceError where a day on which something would accrue has no tariff.
    """
    due_on = effective_due_on(bill, rules)
    low, high = (_Reading(bill, rules, due_on, is_high=is_high) for is_high in (False, True))
    return LateFee(low=low.run(day), high=high.run(day))


@dataclass(frozen=True, slots=True)
class Step:
    """A flat step: the day it is added, and its rate in the low and the high reading."""

    added_on: date
    low: Fraction
    high: Fraction
    source: Source


def steps_by(bill: Bill, day: date, rules: RuleSet) -> Iterator[Step]:
    """The flat steps of the bill up to the day, all by the tariff in force when the first is added."""
    first_late_on = effective_due_on(bill, rules) + ONE_DAY
    tariff = rules.in_force("late_fee", rules.tariffs_for(bill.carrier), first_late_on)
    count = 1
    while month_later(bill.due_on, count - 1) < day:
        low = _rate_at(tariff.content.low, Measure.DUE_DATES_MISSED, count)
        high = _rate_at(tariff.content.high, Measure.DUE_DATES_MISSED, count)
        if low == high == 0 and not _has_flat_band_from(tariff.content, count):
            return
        added_on = due_date_missed(bill, rules, count) + ONE_DAY
        if added_on <= day and (low or high):
            yield Step(added_on, low, high, tariff.source)
        count += 1


def daily_rates_on(bill: Bill, day: date, rules: RuleSet) -> tuple[Fraction, Fraction]:
    """The low and high yearly rate that a late day accrues at; zero for a tariff of steps alone."""
    tariff = rules.in_force("late_fee", rules.tariffs_for(bill.carrier), day).content
    days_late = (day - effective_due_on(bill, rules)).days
    return (
        _rate_at(tariff.low, Measure.DAYS_LATE, days_late),
        _rate_at(tariff.high, Measure.DAYS_LATE, days_late),
    )


def _rate_at(bands: tuple[Band, ...], measure: Measure, unit: int) -> Fraction:
    for band in bands:
        if band.measure == measure and band.first <= unit and (band.last is None or unit <= band.last):
            return band.rate
    return Fraction(0)


def _has_flat_band_from(tariff: Tariff, count: int) -> bool:
    return any(
        band.measure == Measure.DUE_DATES_MISSED and (band.last is None or band.last >= count)
        for band in (*tariff.low, *tariff.high)
    )


@dataclass(frozen=True, slots=True)
class _Charge:
    """A rate over a stretch of days: a year's for days late, a whole step's on the one day it is added."""

    measure: Measure
    first_on: date
    last_on: date
    rate: Fraction
    source: Source


@dataclass(slots=True)
class _Books:
    """What one run has so far: the letters of the definition in docs/rounding.md, by name."""

    principal_won: int
    credit_won: int
    capitalised_unpaid_won: int = 0
    capitalised_ever_won: int = 0
    accrued: Fraction = Fraction(0)
    accrued_repaid_won: int = 0
    pieces: list[Piece] = field(default_factory=list)
    capitalised: list[Capitalisation] = field(default_factory=list)

    def accrue_between(self, from_on: date, to_on: date, charges: list[_Charge]) -> None:
        """Add the pieces of the days between, over which the base stays as it is."""
        for charge in charges:
            first_on, last_on = max(from_on, charge.first_on), min(to_on, charge.last_on)
            if first_on <= last_on:
                piece = self._piece(charge, first_on, last_on)
                self.pieces.append(piece)
                self.accrued += piece.exact

    def _piece(self, charge: _Charge, first_on: date, last_on: date) -> Piece:
        """A daily rate bears on principal and capitalised fee, a step on the principal alone."""
        is_daily = charge.measure == Measure.DAYS_LATE
        units = (last_on - first_on).days + 1
        capitalised_won = self.capitalised_unpaid_won if is_daily else 0
        won = (self.principal_won + capitalised_won) * units * charge.rate.numerator
        over = charge.rate.denominator * (DAYS_A_YEAR if is_daily else 1)
        return Piece(
            measure=charge.measure,
            from_on=first_on,
            to_on=last_on,
            units=units,
            principal_won=self.principal_won,
            capitalised_won=capitalised_won,
            rate=charge.rate,
            exact=Fraction(won, over),
            source=charge.source,
        )

    def repay(self, won: int) -> None:
        """Settle principal, then capitalised fee, then accrued fee; the rest is credit."""
        to_principal = min(won, self.principal_won)
        self.principal_won -= to_principal
        to_capitalised = min(won - to_principal, self.capitalised_unpaid_won)
        self.capitalised_unpaid_won -= to_capitalised
        left_won = won - to_principal - to_capitalised
        to_accrued = min(left_won, cut_down(self.accrued) - self.accrued_repaid_won)
        self.accrued_repaid_won += to_accrued
        self.credit_won += left_won - to_accrued

    def capitalise(self, on: date) -> None:
        """Make whole won of the accrued fee bear fees themselves; what is cut off is gone."""
        won = cut_down(self.accrued)
        self.capitalised.append(Capitalisation(on, won, self.accrued - won))
        self.capitalised_ever_won += won
        self.capitalised_unpaid_won += won - self.accrued_repaid_won
        self.accrued, self.accrued_repaid_won = Fraction(0), 0

    def closed(self) -> FeeRun:
        return FeeRun(
            pieces=tuple(self.pieces),
            capitalised=tuple(self.capitalised),
            fee_won=self.capitalised_ever_won + cut_down(self.accrued),
            repaid_won=self.capitalised_ever_won - self.capitalised_unpaid_won + self.accrued_repaid_won,
            credit_won=self.credit_won,
        )


@dataclass(frozen=True, slots=True)
class _Reading:
    """A bill under the low or the high reading of its tariffs; `due_on` is the effective due date."""

    bill: Bill
    rules: RuleSet
    due_on: date
    is_high: bool

    def run(self, day: date) -> FeeRun:
        """Walk from stop to stop: between two stops the base does not change, so days are only counted."""
        in_time_won = self.bill.repaid_won_by(min(day, self.due_on))
        books = _Books(
            principal_won=max(0, self.bill.principal_won - in_time_won),
            credit_won=max(0, in_time_won - self.bill.principal_won),
        )
        charges = self._charges_by(day) if books.principal_won and day > self.due_on else []
        capitalises_on = self._capitalisation_days(day)
        from_on = self.due_on + ONE_DAY
        for stop in self._stops(day, capitalises_on):
            if books.principal_won > 0:
                books.accrue_between(from_on, stop, charges)
            books.repay(self._received_won_on(stop))
            if books.principal_won > 0 and stop in capitalises_on:
                books.capitalise(stop)
            from_on = stop + ONE_DAY
        return books.closed()

    def _stops(self, day: date, capitalises_on: set[date]) -> list[date]:
        """The days after the due date, up to `day`, at whose end the base may change."""
        if day <= self.due_on:
            return []
        received = {repayment.received_on for repayment in self.bill.repayments}
        return sorted({on for on in received | capitalises_on if self.due_on < on < day} | {day})

    def _capitalisation_days(self, day: date) -> set[date]:
        """The days up to `day` on which the reading compounds if something is unpaid, late long enough."""
        if not self.is_high:
            return set()
        tariffs = self.rules.tariffs_for(self.bill.carrier)
        months = months_between(self.bill.due_on, day)
        anniversaries = (month_later(self.bill.due_on, count) for count in range(1, months + 1))
        return {on for on in anniversaries if on <= day and self._compounds_on(on, tariffs.value_on(on))}

    def _compounds_on(self, day: date, tariff: Value[Tariff] | None) -> bool:
        compounds_from = tariff.content.compounds_from if tariff else None
        return compounds_from is not None and (day - self.due_on).days >= compounds_from

    def _received_won_on(self, day: date) -> int:
        return sum(repayment.won for repayment in self.bill.repayments if repayment.received_on == day)

    def _charges_by(self, day: date) -> list[_Charge]:
        """All charges from the first day late to the day, in order; on one day the daily rate first."""
        daily = list(self._daily_charges(self.due_on + ONE_DAY, day))
        steps = [
            _Charge(Measure.DUE_DATES_MISSED, step.added_on, step.added_on, rate, step.source)
            for step in steps_by(self.bill, day, self.rules)
            if (rate := step.high if self.is_high else step.low)
        ]
        return sorted((*daily, *steps), key=lambda charge: charge.first_on)

    def _daily_charges(self, from_on: date, to_on: date) -> Iterator[_Charge]:
        """The stretches of one yearly rate between two days, each under the tariff of its own days."""
        tariffs = self.rules.tariffs_for(self.bill.carrier)
        self.rules.in_force("late_fee", tariffs, from_on)
        for value, following in zip(tariffs.values, (*tariffs.values[1:], None), strict=True):
            until_on = to_on if following is None else min(to_on, following.from_on - ONE_DAY)
            for band in value.content.high if self.is_high else value.content.low:
                first_on = max(from_on, value.from_on, days_later(self.due_on, band.first))
                last_on = until_on if band.last is None else min(until_on, days_later(self.due_on, band.last))
                if band.measure == Measure.DAYS_LATE and band.rate and first_on <= last_on:
                    yield _Charge(Measure.DAYS_LATE, first_on, last_on, band.rate, value.source)
