"""Ledger trials: races and duels on one database, so many times; what happened and what went wrong."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from books import START, Books, books
from carrierbill.domain.line import Holder, Line
from ledger_laws import broken_laws
from tools.ledger_workers import (
    Order,
    Racers,
)

CALLERS, PROCESSES, MOST_ROOM = 200, 4, 10
# Most rounds share their commits as a service under load does; in some each caller has its own.
ALONE_EVERY = 25
CHECK_EVERY = 100
WON = 1_000
BATCH = 500


@dataclass(slots=True)
class Tally:
    """What happened how often, and every fault in a line."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def make_lines(book: Books, limits: Sequence[int], *, lines_a_holder: int = 1) -> dict[str, int]:
    """Lines with these monthly limits in one transaction, by their numbers."""
    made = {}
    with book.db.unit() as unit:
        for n, limit_won in enumerate(limits):
            if n % lines_a_holder == 0:
                holder = Holder(unit.new_id(Holder))
                unit.add(holder)
                unit.people.enrol(holder.id, "Hong Gildong")
            long_ago = date(2020, 1, 1)
            line = Line(unit.new_id(Line), holder.id, "SKT", long_ago, 25, limit_won, consented_on=long_ago)
            unit.add(line)
            number = book.next_number()
            unit.people.give_number(line.id, holder.id, number)
            made[number] = line.id
    return made


# ── races ────────────────────────────────────────────────────────────────────────────────────────────────
def races(url: str, rounds: int, *, callers: int = CALLERS, alone_every: int = ALONE_EVERY) -> Tally:
    """So many purchases at once on a line with room for k of them, k from 0 to 10 and again."""
    book, tally = books(url), Tally()
    book.merchant()
    rooms = [count % (MOST_ROOM + 1) for count in range(rounds)]
    # Half a purchase more than k: what does not fit is not rounded into fitting.
    numbers = list(make_lines(book, [room * WON + WON // 2 for room in rooms]))
    with (
        Racers(url, PROCESSES, threads=callers // PROCESSES, grouped=True) as together,
        Racers(url, PROCESSES, threads=8) as alone,
    ):
        for count, (room, number) in enumerate(zip(rooms, numbers, strict=True)):
            racers = alone if count % alone_every == 0 else together
            order = Order(
                "Authorise", {"client": "shop", "number": number, "won": WON, "one_step": count % 2 == 0}
            )
            outcomes = racers.round([(START, [order] * (callers // PROCESSES))] * PROCESSES)
            accepted = sum(outcome.startswith('{"_":"Authorised"') for some in outcomes for outcome in some)
            declined = sum(outcome.startswith('{"_":"Declined"') for some in outcomes for outcome in some)
            if (accepted, declined) != (room, callers - room):
                tally.faults.append(
                    f"round {count}: room for {room}, {accepted} accepted, {declined} declined"
                )
            tally.counts.update(accepted=accepted, declined=declined)
            if count % CHECK_EVERY == CHECK_EVERY - 1 or count == rounds - 1:
                tally.faults += broken_laws(book.db)
    book.close()
    return tally


# ── duels ────────────────────────────────────────────────────────────────────────────────────────────────
def duels(url: str, rounds: int) -> Tally:
    """Two that cannot both be: exactly one of them is done, each time."""
    book, tally = books(url), Tally()
    book.merchant()
    with Racers(url, 2) as racers:
        for duel in (_confirm_or_lapse, _confirm_or_cancel, _refund_or_refund):
            for start in range(0, rounds, BATCH):
                count = min(BATCH, rounds - start)
                duel(book, racers, count, tally=tally)
            tally.faults += broken_laws(book.db)
    book.close()
    return tally


def _bought(book: Books, count: int, *, one_step: bool) -> list[int]:
    """So many purchases, each on a line of its own."""
    numbers = make_lines(book, [WON] * count)
    orders = [
        Order("Authorise", {"client": "shop", "number": number, "won": WON, "one_step": one_step})
        for number in numbers
    ]
    outcomes = book.decide(orders[0].service, *(order.command() for order in orders))
    return [outcome.purchase_id for outcome in outcomes]


Clocked = tuple[datetime, Order]


def _fight(racers: Racers, first: Clocked, second: Clocked) -> tuple[dict[str, object], dict[str, object]]:
    """What the two were answered."""
    (one,), (other,) = racers.round([(at, [order]) for at, order in (first, second)])
    return _read(one), _read(other)


def _read(outcome: str) -> dict[str, object]:
    read: dict[str, object] = json.loads(outcome) if outcome.startswith("{") else {"_": outcome}
    return read


def _judge(tally: Tally, name: str, *, first: bool, second: bool, told_of: object) -> None:
    tally.counts[f"{name} by the {'first' if first else 'second'}"] += first != second
    if first == second:
        tally.faults.append(f"{name}: {told_of}")


def _confirm_or_lapse(book: Books, racers: Racers, count: int, *, tally: Tally) -> None:
    in_time, over = START + timedelta(minutes=10, seconds=-1), START + timedelta(minutes=10)
    for purchase_id in _bought(book, count, one_step=False):
        confirm = Order("Confirm", {"client": "shop", "purchase_id": purchase_id})
        lapse = Order("Lapse", {"purchase_id": purchase_id})
        one, other = _fight(racers, (in_time, confirm), (over, lapse))
        first, second = (
            one["_"] == "Confirmed",
            other == {"_": "Lapsed", "purchase_id": purchase_id, "lapsed": True},
        )
        _judge(tally, "confirm or lapse", first=first, second=second, told_of=(one, other))


def _confirm_or_cancel(book: Books, racers: Racers, count: int, *, tally: Tally) -> None:
    for purchase_id in _bought(book, count, one_step=False):
        given = {"client": "shop", "purchase_id": purchase_id}
        one, other = _fight(racers, (START, Order("Confirm", given)), (START, Order("Cancel", given)))
        first, second = one["_"] == "Confirmed", other["_"] == "Cancelled"
        _judge(tally, "confirm or cancel", first=first, second=second, told_of=(one, other))


def _refund_or_refund(book: Books, racers: Racers, count: int, *, tally: Tally) -> None:
    """Two refunds of more than half each."""
    for purchase_id in _bought(book, count, one_step=True):
        given = {"client": "shop", "purchase_id": purchase_id, "won": WON * 6 // 10}
        order = Order("RefundPurchase", given)
        one, other = _fight(racers, (START, order), (START, order))
        first, second = one["_"] == "Refunded", other["_"] == "Refunded"
        _judge(tally, "two refunds", first=first, second=second, told_of=(one, other))
