"""Commands decided together have the outcomes, and leave the books, that they have one after the other."""

from dataclasses import fields, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from books import Books, books
from carrierbill.domain.errors import SayableError
from carrierbill.domain.line import Decline, Usage
from carrierbill.domain.notice import Notice
from carrierbill.domain.purchase import Purchase
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.cancel_purchase import Cancel, cancel_purchase
from carrierbill.services.confirm_purchase import Confirm, confirm_purchase
from carrierbill.services.lapse_holds import Lapse, lapse_holds
from carrierbill.services.ports import Once
from databases import sqlite_url

LINES: list[dict[str, Any]] = [
    {},
    {"monthly_limit_won": 60_000},
    {"daily_limit_won": 30_000, "carrier": "KT"},
    {"purchase_limit_won": 20_000, "category_limits": (("content", 0), ("game", 25_000))},
    {"consented_on": None},
    {"mvno": True, "carrier": "LGU+"},
]
NUMBERS = [f"+8210{at:08d}" for at in range(20_001, 20_001 + len(LINES))]
STEPS, TOGETHER = 8, 30
Step = tuple[Any, list[Any]]


def begun(url: str) -> Books:
    """The same book anew: lines, two of them of one holder, and merchants."""
    book = books(url)
    book.merchant("shop")
    book.merchant("games", "game")
    shared = book.holder("Kim Chulsu")
    for at, (number, told) in enumerate(zip(NUMBERS, LINES, strict=True)):
        own = {"holder_id": shared.id} if at in {1, 2} else {}
        book.line(number, **{**told, **own})
    return book


def drawn(random: Random, step: int) -> Step:
    """A service and commands for it; purchases are named by the order they were made in."""
    if step % 2 == 0:
        return authorise_purchase, [_bought(random, f"{step}/{at}") for at in range(TOGETHER)]
    service, command = random.choice(
        [(confirm_purchase, Confirm), (cancel_purchase, Cancel), (lapse_holds, Lapse)]
    )
    wanted = [random.randrange(15) for _ in range(TOGETHER)]
    if command is Lapse:
        return service, [Lapse(at) for at in wanted]
    return service, [command(random.choice(["shop", "shop", "other"]), at) for at in wanted]


def _bought(random: Random, key: str) -> Authorise:
    repeated = random.random() < 0.2
    return Authorise(
        "shop",
        random.choice([*NUMBERS, *NUMBERS, "+821099999999", "no number"]),
        random.choice([0, 1_000, 9_999, 12_000, 30_000, 400_000, 1_200_000]),
        merchant=random.choice([None, "games", "unknown"]),
        category=random.choice([None, None, "content", "nothing"]),
        one_step=random.random() < 0.3,
        exempt=random.random() < 0.5,
        once=Once("shop", "create", "again" if repeated else key, random.choice(["f", "f", "g"])),
    )


def outcomes_of(book: Books, step: Step, *, together: bool) -> list[object]:
    """What a step comes to, purchases named by their order."""
    service, asked = step
    made = [purchase.id for purchase in book.all(Purchase)]
    commands = [_pointed(command, made) for command in asked]
    if together:
        found = book.decide(service, *commands)
    else:
        found = [outcome for command in commands for outcome in book.decide(service, command)]
    order = {purchase.id: at for at, purchase in enumerate(book.all(Purchase))}
    return [_named(outcome, order) for outcome in found]


def _pointed(command: Any, made: list[int]) -> Any:
    if isinstance(command, Authorise):
        return command
    at = command.purchase_id
    return replace(command, purchase_id=made[at] if at < len(made) else -1)


def _named(outcome: Any, order: dict[int, int]) -> object:
    if isinstance(outcome, SayableError):
        return type(outcome), outcome.reason
    if hasattr(outcome, "purchase_id"):
        return replace(outcome, purchase_id=order.get(outcome.purchase_id, -1))
    return outcome


def left_in(book: Books) -> object:
    """The books without ids, which differ."""

    def bare(kind: type[Any]) -> list[Any]:
        names = [field.name for field in fields(kind) if not field.name.endswith("id")]
        return [[getattr(record, name) for name in names] for record in book.all(kind)]

    notices = [(notice.what, notice.details.get("charged_won")) for notice in book.all(Notice)]
    with book.db.session() as session:
        entries = session.rows("SELECT seq, what FROM entries ORDER BY seq")
        answers = session.rows("SELECT key, fingerprint FROM answers ORDER BY key")
    kept = [sorted(bare(Usage), key=str), bare(Decline), bare(Purchase), notices]
    return kept, list(map(tuple, entries)), list(map(tuple, answers)), book.trial_balance()


@pytest.mark.parametrize("seed", range(3))
def test_commands_decided_together_come_to_what_they_come_to_one_by_one(
    database_url: str, tmp_path: Path, seed: int
) -> None:
    random = Random(seed)  # noqa: S311  # no secrets
    (tmp_path / "single").mkdir()
    together, single = begun(database_url), begun(sqlite_url(tmp_path / "single"))
    seen = set[str]()
    for step in (drawn(random, at) for at in range(STEPS)):
        outcomes = outcomes_of(together, step, together=True)
        assert outcomes == outcomes_of(single, step, together=False)
        seen |= {type(outcome).__name__ for outcome in outcomes}
        minutes = random.choice([0, 3, 11])
        for book in (together, single):
            book.clock.by(minutes=minutes)
    assert left_in(together) == left_in(single)
    assert {"Authorised", "Declined", "Refused", "tuple"} <= seen
    together.close()
    single.close()
