"""Late fee: bands over lateness times stretches of unpaid principal, exact, with every piece kept."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from carrierbill.domain.bill import Bill
from carrierbill.domain.dates import ONE_DAY, days_later, is_months_later, month_later, months_between
from carrierbill.domain.lateness import due_date_missed, effective_due_on
from carrierbill.domain.money import WonRange, cut_down
from carrierbill.domain.policy import Band, Measure, RuleSet, Source, Tariff

DAYS_A_YEAR = 365
ONE_DAY_OF_A_YEAR = Fraction(1, DAYS_A_YEAR)


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

    def accrue(self, piece: Piece) -> None:
        self.pieces.append(piece)
        self.accrued += piece.exact

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
        from_on = self.due_on + ONE_DAY
        for stop in self._stops(day):
            if books.principal_won > 0:
                for piece in self._pieces_between(from_on, stop, books):
                    books.accrue(piece)
            books.repay(self._received_won_on(stop))
            if books.principal_won > 0 and self._capitalises_on(stop):
                books.capitalise(stop)
            from_on = stop + ONE_DAY
        return books.closed()

    def _stops(self, day: date) -> list[date]:
        """The days after the due date, up to `day`, at whose end the base may change."""
        if day <= self.due_on:
            return []
        received = {repayment.received_on for repayment in self.bill.repayments}
        stops = {on for on in received if self.due_on < on < day} | {day}
        months = months_between(self.bill.due_on, day)
        anniversaries = (month_later(self.bill.due_on, count) for count in range(1, months + 1))
        stops |= {on for on in anniversaries if on < day and self._capitalises_on(on)}
        return sorted(stops)

    def _received_won_on(self, day: date) -> int:
        return sum(repayment.won for repayment in self.bill.repayments if repayment.received_on == day)

    def _capitalises_on(self, day: date) -> bool:
        """Whether the reading compounds on the day: the same day of a later month, late long enough."""
        tariff = self.rules.tariffs_for(self.bill.carrier).value_on(day)
        if not self.is_high or tariff is None or tariff.content.compounds_from is None:
            return False
        is_old_enough = (day - self.due_on).days >= tariff.content.compounds_from
        return is_old_enough and is_months_later(self.bill.due_on, day)

    def _pieces_between(self, from_on: date, to_on: date, books: _Books) -> list[Piece]:
        """The pieces of the days from `from_on` to `to_on`, over which the base stays as it is."""
        won = (books.principal_won, books.capitalised_unpaid_won)
        pieces = []
        for first_on, last_on, rate, source in self._daily_stretches(from_on, to_on):
            units = (last_on - first_on).days + 1
            exact = sum(won) * rate * units * ONE_DAY_OF_A_YEAR
            pieces.append(Piece(Measure.DAYS_LATE, first_on, last_on, units, *won, rate, exact, source))
        for step in steps_by(self.bill, to_on, self.rules):
            rate = step.high if self.is_high else step.low
            if step.added_on >= from_on and rate:
                exact, on = books.principal_won * rate, step.added_on
                base = (books.principal_won, 0)
                pieces.append(Piece(Measure.DUE_DATES_MISSED, on, on, 1, *base, rate, exact, step.source))
        return sorted(pieces, key=lambda piece: piece.from_on)

    def _daily_stretches(self, from_on: date, to_on: date) -> Iterator[tuple[date, date, Fraction, Source]]:
        """The stretches of one yearly rate between two days, each under the tariff of its own days."""
        tariffs = self.rules.tariffs_for(self.bill.carrier)
        self.rules.in_force("late_fee", tariffs, from_on)
        for value, following in zip(tariffs.values, (*tariffs.values[1:], None), strict=True):
            until_on = to_on if following is None else min(to_on, following.from_on - ONE_DAY)
            for band in value.content.high if self.is_high else value.content.low:
                first_on = max(from_on, value.from_on, days_later(self.due_on, band.first))
                last_on = until_on if band.last is None else min(until_on, days_later(self.due_on, band.last))
                if band.measure == Measure.DAYS_LATE and band.rate and first_on <= last_on:
                    yield first_on, last_on, band.rate, value.source
