"""Rule sets with a tariff made up for a test, laid over a shipped one."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from carrierbill.domain.money import rate_of
from carrierbill.domain.policy import Band, Dated, Measure, Posting, RuleSet, Source, Standing, Tariff, Value
from rule_sets import RULE_SETS

SOURCE = Source("made up", "for a test", None, Standing.ASSUMED)


def daily(first: int, last: int | None, percent: str) -> Band:
    return Band(Measure.DAYS_LATE, first, last, rate_of(percent))


def step(first: int, last: int | None, percent: str) -> Band:
    return Band(Measure.DUE_DATES_MISSED, first, last, rate_of(percent))


@dataclass(frozen=True)
class Made:
    """A tariff in few words; without a high reading it is the low one."""

    low: Sequence[Band]
    high: Sequence[Band] | None = None
    from_on: date = date(2021, 1, 1)
    compounds_from: int | None = None
    posting: Posting = field(default=Posting(None, None))

    def value(self) -> Value[Tariff]:
        high = self.low if self.high is None else self.high
        tariff = Tariff("carrier", tuple(self.low), tuple(high), self.posting, self.compounds_from)
        return Value("SKT", self.from_on, SOURCE, date(2026, 1, 1), (), tariff, {})


def with_tariff(*made: Made, base: str = "guide") -> RuleSet:
    tariffs = Dated(tuple(one.value() for one in made))
    return replace(RULE_SETS[base], name="made", shipped=False, late_fee={"SKT": tariffs})
