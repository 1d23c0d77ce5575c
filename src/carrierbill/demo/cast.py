"""Cast: who is in the demo year, read from its file: lines with their stories, merchants, what they sell."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from carrierbill.domain.line import DemoPart
from carrierbill.domain.purchase import RefundTerms

CLIENTS = ("demo-shop", "demo-game")
# The ranges of numbers: promised lines from 1, the year's own from 10001, further ones from 100001.
PROMISED, OWN, FURTHER = 0, 10_000, 100_000
MOST_OWN = 9_999
DUE_DAYS = {"SKT": (15, 21, 25, 31), "KT": (18, 21, 25, 31), "LGU": (15, 18, 25, 31)}
USUAL_LIMIT_WON, CAP_WON = 500_000, 1_000_000


@dataclass(frozen=True, slots=True)
class Member:
    """A line and its holder; `told` is what its registration says beside the usual.

    A member whose `holder` is another's number shares that one's holder.
    """

    number: str
    name: str
    carrier: str
    due_day: int
    story: str
    holder: str | None = None
    second: str | None = None
    opened_in_month: int | None = None
    minor: bool = False
    welfare: bool = False
    autopay: bool = False
    unreachable: bool = False
    told: Mapping[str, Any] = field(default_factory=dict)


# What a member's table says of the member; the rest goes into the registration as it stands.
OWN_FIELDS = {each.name for each in fields(Member)} - {"number", "told"}


@dataclass(frozen=True, slots=True)
class Firm:
    """A merchant of a client."""

    client: str
    identifier: str
    name: str
    contact: str
    category: str
    refund_terms: RefundTerms = RefundTerms.GRANTED
    refund_cap_won: int | None = None


@dataclass(frozen=True, slots=True)
class Sold:
    """What a category's firms sell, and from how much to how much it costs, in hundreds of won."""

    least: int
    most: int
    items: Sequence[str]


@cache
def read_cast() -> Mapping[str, Any]:
    """The file as it stands."""
    return tomllib.loads(Path(__file__).with_name("cast.toml").read_text(encoding="utf-8"))


def number_of(place: int) -> str:
    """The number at a place.

    >>> number_of(1), number_of(OWN + 1), number_of(FURTHER + 1)
    ('+821000000001', '+821000010001', '+821000100001')
    """
    return f"+8210{place:08d}"


def dice(seed: int, name: str) -> Random:
    """Chance that comes out the same for the same seed and name."""
    return Random(f"{seed}/{name}")  # noqa: S311  # nothing is kept secret by it


def firms() -> Iterator[Firm]:
    """Every merchant: the firms people buy from, and what the refund interface has to show at each client."""
    cast = read_cast()
    told = [*cast["firm"]]
    told += [
        {**firm, "client": client, "category": "game" if client == "demo-game" else "goods"}
        for client in CLIENTS
        for firm in cast["promised_firm"]
    ]
    for place, firm in enumerate(told, 1):
        terms = RefundTerms(firm.get("refund_terms", RefundTerms.GRANTED))
        yield Firm(contact=f"02-0000-{place:04d}", **{**firm, "refund_terms": terms})


def sold() -> Mapping[str, Sold]:
    """What is sold, by category."""
    cast = read_cast()
    categories = dict.fromkeys(firm["category"] for firm in cast["firm"])
    return {category: Sold(**cast[category]) for category in categories}


def promised_members() -> Iterator[Member]:
    """The lines that contracts promise."""
    for line in read_cast()["promised"]:
        told = dict(line)
        usual = {"due_day": 25, "monthly_limit_won": CAP_WON}
        part = DemoPart(told.pop("demo", DemoPart.EXEMPT))
        yield _member(PROMISED + told.pop("number"), {**usual, **told, "demo": part})


def characters() -> Iterator[Member]:
    """The lines with a story of their own; the second line of a holder comes right after the first."""
    place = OWN
    for character in read_cast()["character"]:
        told = dict(character)
        second_carrier = told.pop("second_carrier", None)
        place += 1
        second = number_of(place + 1) if second_carrier else None
        first = _member(place, {"due_day": 25, "second": second, **told})
        yield first
        if second_carrier:
            place += 1
            shared = {"name": first.name, "holder": first.number, "due_day": 25}
            yield _member(place, {**shared, "carrier": second_carrier})


def ordinary_members(lines: int, seed: int) -> Iterator[Member]:
    """Lines that buy and pay as people do; one in twelve is another line of the holder before."""
    told, place = read_cast()["ordinary"], OWN + 100
    before: Member | None = None
    for number in range(place + 1, place + lines + 1):
        chance = dice(seed, f"member/{number}")
        carrier = drawn(told["carriers"], chance)
        shares = before is not None and before.holder is None and chance.randrange(12) == 0
        before = _member(
            number,
            {
                "name": before.name if shares and before else _name(told, chance),
                "holder": before.number if shares and before else None,
                "carrier": carrier,
                "due_day": chance.choice(DUE_DAYS[carrier]),
                "story": drawn(told["habits"], chance),
                "autopay": chance.randrange(100) < told["autopay"],
                "mvno": chance.randrange(100) < told["mvno"],
                "monthly_limit_won": chance.choice((200_000, 300_000, USUAL_LIMIT_WON, USUAL_LIMIT_WON)),
            },
        )
        yield before


def _member(place: int, told: Mapping[str, Any]) -> Member:
    own = {name: value for name, value in told.items() if name in OWN_FIELDS}
    of_line = {name: value for name, value in told.items() if name not in OWN_FIELDS}
    of_line.setdefault("monthly_limit_won", USUAL_LIMIT_WON)
    if "category_limits" in of_line:
        of_line["category_limits"] = tuple(of_line["category_limits"].items())
    return Member(number_of(place), told=of_line, **{"story": "", **own})


def _name(told: Mapping[str, Any], chance: Random) -> str:
    if chance.randrange(6) == 0:
        return str(chance.choice(told["english"]))
    return f"{told['mark']} {chance.choice(told['family'])}{chance.choice(told['given'])}"


def drawn(shares: Mapping[str, int], chance: Random) -> str:
    """One of the names, by their shares of a hundred."""
    left = chance.randrange(sum(shares.values()))
    for name, share in shares.items():
        if left < share:
            return name
        left -= share
    raise LookupError(left)
