"""Verify books: the laws every commit keeps, over sums and rows told by a port; what breaks one is named."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
from itertools import groupby, islice
from operator import itemgetter
from typing import Protocol

# What is wrong is named one by one up to here; a book that is wrong throughout need not be listed whole.
NAMED_AT_MOST = 100


@dataclass(frozen=True, slots=True)
class WrongRow:
    """The first row of a chain that is not as it was appended: changed, missing, cut, extra or rewritten."""

    table: str
    seq: int
    key: str | None
    what: str


@dataclass(frozen=True, slots=True)
class BrokenLaw:
    """A law that does not hold for a line, bill, purchase or merchant: won by one side and by the other."""

    law: str
    key: str
    booked_won: int | None = None
    told_won: int | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """What was looked through and what is wrong with it; each chain's rows, each account's balance in won."""

    rows: Mapping[str, int]
    trial_balance: Mapping[str, int]
    wrong_rows: tuple[WrongRow, ...]
    broken_laws: tuple[BrokenLaw, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.wrong_rows and not self.broken_laws


class UnreadableError(Exception):
    """What is asked for cannot be read: the file itself is damaged."""


class Facts(Protocol):
    """The books at one moment; all but `wrong_rows` raise UnreadableError where the file is damaged."""

    def wrong_rows(self) -> Iterator[WrongRow]:
        """The first wrong row of each chain, by the database itself and by what was printed outside."""
        ...

    def rows(self) -> Mapping[str, int]:
        """How many rows each chain has; after `wrong_rows`."""
        ...

    def balance(self, account: str, of: str) -> Iterator[tuple[int, int]]:
        """An account's balance, debits less credits, by line, merchant or bill, in the order of ids."""
        ...

    def trial_balance(self) -> Mapping[str, int]:
        """Each account's balance, debits less credits."""
        ...

    def sums(self, name: str) -> Iterator[tuple[int, int]]:
        """Won by id, in the order of the ids, as the records tell it."""
        ...

    def exceptions(self, name: str) -> Iterator[str]:
        """The keys of what should not be there."""
        ...


@dataclass(frozen=True, slots=True)
class Law:
    """An account (None: a sum of records) and the sums that make it up, for each of what it is kept for.

    `side` is 1 where the account grows by debits, -1 where it grows by credits.
    """

    account: str
    of: str
    side: int
    parts: tuple[tuple[int, str], ...]


LAWS: Mapping[str, Law] = {
    "held_claims": Law("held_claims", "line", 1, ((1, "held_by_line"),)),
    "held_payables": Law("held_payables", "merchant", -1, ((1, "held_by_merchant"),)),
    "unbilled_claims": Law(
        "unbilled_claims", "line", 1, ((1, "unbilled_by_line"), (-1, "cancelled_by_line"))
    ),
    "billed_claims": Law("billed_claims", "bill", 1, ((1, "principal_left_by_bill"),)),
    "late_fee_claims": Law("late_fee_claims", "bill", 1, ((1, "fee_left_by_bill"),)),
    "late_fee_income": Law("late_fee_income", "bill", -1, ((1, "fee_booked_by_bill"),)),
    "fee_waived": Law("fee_waived", "bill", 1, ((1, "fee_waived_by_bill"),)),
    "line_credit": Law("line_credit", "line", -1, ((1, "credit_by_line"),)),
    "refunds_payable": Law("refunds_payable", "line", -1, ((1, "paid_back_by_line"),)),
    "withheld_payables": Law("withheld_payables", "merchant", -1, ((1, "withheld_by_merchant"),)),
    "merchant_payables": Law(
        "merchant_payables",
        "merchant",
        -1,
        (
            (1, "confirmed_by_merchant"),
            (-1, "refunded_by_merchant"),
            (-1, "withheld_by_merchant"),
            (-1, "settled_by_merchant"),
        ),
    ),
    "bank": Law("bank", "house", 1, ((1, "received"), (-1, "paid_out"))),
}
# Two ways in which the records tell the same won.
TOLD_TWICE: Mapping[str, tuple[str, str]] = {
    "repaid": ("repaid_by_line", "received_by_line"),
    "paid_back": ("paid_back_by_line", "refunds_paid_back_by_line"),
    "refunded": ("refunded_by_purchase", "refunds_by_purchase"),
    "cancelled": ("cancelled_by_purchase", "refunds_cancelled_by_purchase"),
    "refunded_in_money": ("paid_back_by_purchase", "refunds_paid_back_by_purchase"),
    "used": ("used_by_line", "using_by_line"),
}
# What should not be there at all.
NEVER = (
    "voided_and_posted",
    "confirmed_unposted",
    "held_unposted",
    "paid_back_beyond_repaid",
    "above_limit",
    "key_twice",
    "reverses_nothing",
    "settled_wrongly",
    "purchase_of_nobody",
)


def verify_books(facts: Facts) -> Findings:
    """What is wrong with the books, or nothing."""
    wrong = tuple(facts.wrong_rows())
    broken: list[BrokenLaw] = []
    for name, faults in _laws(facts):
        try:
            broken += islice(faults, NAMED_AT_MOST)
        except UnreadableError:
            broken.append(BrokenLaw("unreadable", name))
    try:
        balances = facts.trial_balance()
    except UnreadableError:
        balances = {}
    if sum(balances.values()) != 0:
        broken.append(BrokenLaw("trial_balance", "", sum(balances.values()), 0))
    return Findings(facts.rows(), balances, wrong, tuple(broken))


def _laws(facts: Facts) -> Iterator[tuple[str, Iterator[BrokenLaw]]]:
    """Each law with what breaks it."""
    for name, law in LAWS.items():
        booked = ((law.side, facts.balance(law.account, law.of)),)
        yield name, _differences(name, booked, [(sign, facts.sums(part)) for sign, part in law.parts])
    for name, (one, other) in TOLD_TWICE.items():
        yield name, _differences(name, ((1, facts.sums(one)),), ((1, facts.sums(other)),))
    for name in NEVER:
        yield name, _found(name, facts)


def _found(name: str, facts: Facts) -> Iterator[BrokenLaw]:
    for key in facts.exceptions(name):
        yield BrokenLaw(name, key)


Signed = Iterable[tuple[int, Iterator[tuple[int, int]]]]


def _differences(name: str, booked: Signed, told: Signed) -> Iterator[BrokenLaw]:
    """Where the two sides differ, id by id; both are streamed, so that any number of lines will do."""
    streams = [_marked(0, sign, rows) for sign, rows in booked] + [
        _marked(1, sign, rows) for sign, rows in told
    ]
    for key, rows in groupby(merge(*streams, key=itemgetter(0)), key=itemgetter(0)):
        won = [0, 0]
        for _, side, signed_won in rows:
            won[side] += signed_won
        if won[0] != won[1]:
            yield BrokenLaw(name, str(key), won[0], won[1])


def _marked(side: int, sign: int, rows: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    for key, won in rows:
        yield key, side, sign * won
