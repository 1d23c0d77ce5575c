"""Long agreement: the domain beside the naive day-by-day reference on very many random bills."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Any

import random_bills
from random_bills import Drawn
from rule_sets import RULE_SETS

OUTLOOK_DAYS = 45
CHUNK = 500
MOST_TOLD = 5

Both = tuple[Any, Any]


@dataclass(frozen=True, slots=True)
class Chunk:
    """So many bills of one rule set; its own seed makes it the same on any number of cores."""

    what: str
    rules: str
    seed: str
    bills: int


@dataclass(slots=True)
class Tally:
    """What a chunk's bills were, how many came out differently, and the first of these in full."""

    kinds: Counter[str] = field(default_factory=Counter)
    differing: int = 0
    told: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Count another chunk's bills too."""
        self.kinds += other.kinds
        self.differing += other.differing
        self.told = (self.told + other.told)[:MOST_TOLD]


def _position(drawn: Drawn, _random: Random) -> Both:
    return random_bills.stated(drawn), random_bills.expected(drawn)


def _outlook(drawn: Drawn, random: Random) -> Both:
    """From a day before the drawn one, so that repayments fall within the window too."""
    earlier = replace(drawn, on=drawn.on - timedelta(days=random.randrange(OUTLOOK_DAYS)))
    if not RULE_SETS[drawn.rules].calendar.holds(earlier.on):
        earlier = drawn
    return (
        random_bills.stated_events(earlier, OUTLOOK_DAYS),
        random_bills.expected_events(earlier, OUTLOOK_DAYS),
    )


def _relief(drawn: Drawn, random: Random) -> Both:
    found, wanted = _position(drawn, random)
    if isinstance(found, dict) and isinstance(wanted, dict):
        return random_bills.stated_relief(drawn), random_bills.expected_relief(drawn)
    return found, wanted


# What is compared, and one bill is drawn for it for so many drawn for positions.
COMPARED: Mapping[str, tuple[Callable[[Drawn, Random], Both], int]] = {
    "positions": (_position, 1),
    "outlooks": (_outlook, 20),
    "reliefs": (_relief, 5),
}


def compare(chunk: Chunk) -> Tally:
    """Draw a chunk's bills and compare both answers to each; a crash is an answer that differs."""
    random = Random(chunk.seed)  # noqa: S311  # drawn bills, no secrets
    answers, tally = COMPARED[chunk.what][0], Tally()
    for number in range(chunk.bills):
        drawn = random_bills.draw(random, chunk.rules)
        try:
            found, wanted = answers(drawn, random)
        except Exception as error:  # noqa: BLE001  # whatever it is, the bill that causes it has to be told
            found, wanted = repr(error), "no crash"
        tally.kinds.update(kinds_of(drawn, found))
        if chunk.what == "outlooks" and not isinstance(found, str):
            tally.kinds["events"] += len(found)
        if found != wanted:
            tally.differing += 1
            tally.told.append(
                f"{chunk.what}, bill {number} of chunk {chunk.seed!r}:\n{drawn}\n{found}\n{wanted}"
            )
    tally.told = tally.told[:MOST_TOLD]
    return tally


def kinds_of(drawn: Drawn, found: Any) -> Iterator[str]:  # noqa: ANN401  # an answer of any of the comparisons
    """What sort of case a bill was, so that a proof can show it met more than easy ones."""
    yield "bills"
    if drawn.bill.repayments:
        yield "with repayments"
    if isinstance(found, str):
        yield "refused"
    elif isinstance(found, dict):
        if found["days_late"]:
            yield "late"
        if found["capitalised"]:
            yield "compounding"
        if found["credit_won"]["low"]:
            yield "overpaid"


def chunks(what: str, rules: str, seed: int, *, bills: int) -> Iterator[Chunk]:
    """So many bills in chunks, the last one shorter.

    >>> [(chunk.seed, chunk.bills) for chunk in chunks("positions", "terms", 7, bills=600)]
    [('7 positions terms 0', 500), ('7 positions terms 1', 100)]
    """
    for number, start in enumerate(range(0, bills, CHUNK)):
        yield Chunk(what, rules, f"{seed} {what} {rules} {number}", min(CHUNK, bills - start))


def compare_all(seed: int, bills: int, *, cores: int) -> Iterator[tuple[str, str, Tally]]:
    """For everything compared and every rule set: what, which rules, and the tally of its bills."""
    with ProcessPoolExecutor(cores) as pool:
        for what, (_, fewer) in COMPARED.items():
            for rules in RULE_SETS:
                whole = Tally()
                for tally in pool.map(compare, chunks(what, rules, seed, bills=max(1, bills // fewer))):
                    whole.add(tally)
                yield what, rules, whole
