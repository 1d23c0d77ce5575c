"""What waits together is committed together, at once when nothing waits; answers last; errors stay alone."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from concurrent.futures import Future as Promised
from dataclasses import dataclass
from typing import Any

import pytest

from books import Books, books
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.limits import Declined
from carrierbill.domain.line import Usage
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.purchase import Purchase
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.cancel_purchase import Cancel, Cancelled, cancel_purchase
from carrierbill.services.holding import Authorised
from carrierbill.services.ports import Once, Unit
from carrierbill.storage.group_commit import COMMITTERS, ClosedError, GroupCommit
from carrierbill.storage.unit_of_work import UnitOfWork

LONG = 60
MANY = 1_000


@dataclass(frozen=True, slots=True)
class Odd:
    """A command of the services below."""

    name: str
    once: Once | None = None


class Gate:
    """A service that waits to be let through; while it does, others queue up behind it."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()

    def __call__(self, commands: Sequence[Odd], unit: Unit, rules: RuleSet) -> list[object]:
        del unit, rules
        self.reached.set()
        assert self.opened.wait(LONG)
        return [command.name for command in commands]


class Counted:
    """A service with a count of what it was asked at a time: each time is one transaction."""

    def __init__(self, service: Callable[..., list[object]] = authorise_purchase) -> None:
        self.service, self.sizes = service, list[int]()

    def __call__(self, commands: Sequence[Any], unit: Unit, rules: RuleSet) -> list[object]:
        self.sizes.append(len(commands))
        return self.service(commands, unit, rules)


def named(commands: Sequence[Odd], unit: Unit, rules: RuleSet) -> list[object]:
    """Answers with the name; has a bug with one of them, and ends its thread with another."""
    del unit, rules
    if any(command.name == "end" for command in commands):
        raise SystemExit
    if any(command.name == "bug" for command in commands):
        raise ZeroDivisionError
    return [command.name for command in commands]


@pytest.fixture
def book(database_url: str) -> Iterator[Books]:
    made = books(database_url)
    made.merchant()
    yield made
    made.close()


@pytest.fixture
def group(book: Books) -> Iterator[GroupCommit]:
    made = GroupCommit(book.db, book.rules)
    yield made
    made.close()


def held_up(group: GroupCommit) -> Gate:
    """The committer is busy from now on, until the gate is opened."""
    gate = Gate()
    group.submit(gate, Odd("gate"))
    assert gate.reached.wait(LONG)
    return gate


def results(promised: Sequence["Promised[object]"]) -> list[Any]:
    return [future.result(LONG) for future in promised]


def test_what_waits_during_a_commit_shares_the_next_one(book: Books, group: GroupCommit) -> None:
    numbers, service = [book.number(book.line()) for _ in range(20)], Counted()
    gate = held_up(group)
    promised = [group.submit(service, Authorise("shop", number, 1_000)) for number in numbers]
    gate.opened.set()
    assert all(isinstance(outcome, Authorised) for outcome in results(promised))
    assert service.sizes == [20]


def test_a_command_that_finds_nothing_waiting_goes_at_once_and_alone(book: Books, group: GroupCommit) -> None:
    number, service = book.number(book.line()), Counted()
    for _ in range(3):
        outcome = group.submit(service, Authorise("shop", number, 1_000)).result(LONG)
        assert isinstance(outcome, Authorised)
    assert service.sizes == [1, 1, 1]


def test_no_more_than_the_most_share_a_commit(book: Books) -> None:
    group, service = GroupCommit(book.db, book.rules, most=3), Counted(named)
    gate = held_up(group)
    promised = [group.submit(service, Odd(str(at))) for at in range(7)]
    gate.opened.set()
    assert results(promised) == [str(at) for at in range(7)]
    assert service.sizes == [3, 3, 1]
    group.close()


def test_commands_of_a_service_are_decided_in_the_order_they_came(book: Books, group: GroupCommit) -> None:
    number = book.number(book.line(monthly_limit_won=30_000))
    gate = held_up(group)
    promised = [group.submit(authorise_purchase, Authorise("shop", number, 7_000)) for _ in range(6)]
    gate.opened.set()
    kinds = [type(outcome) for outcome in results(promised)]
    assert kinds == [Authorised] * 4 + [Declined] * 2


def test_the_order_stays_from_one_commit_to_the_next(book: Books) -> None:
    group, number = GroupCommit(book.db, book.rules, most=1), book.number(book.line(monthly_limit_won=465))
    gate = held_up(group)
    promised = [group.submit(authorise_purchase, Authorise("shop", number, won)) for won in range(1, 31)]
    gate.opened.set()
    assert [type(outcome) for outcome in results(promised)] == [Authorised] * 30
    with book.db.session() as session:
        booked = session.rows("SELECT won FROM postings ORDER BY entry_seq")
    assert [won for (won,) in booked] == list(range(1, 31))
    group.close()


def test_different_services_that_wait_are_each_answered_in_one_commit_of_their_own(
    book: Books, group: GroupCommit
) -> None:
    number = book.number(book.line())
    held = book.decide(authorise_purchase, *(Authorise("shop", number, 1_000) for _ in range(3)))
    buying, cancelling = Counted(), Counted(cancel_purchase)
    gate, promised = held_up(group), []
    for outcome in held:
        promised.append(group.submit(buying, Authorise("shop", number, 2_000)))
        promised.append(group.submit(cancelling, Cancel("shop", outcome.purchase_id)))
    gate.opened.set()
    assert [type(outcome) for outcome in results(promised)] == [Authorised, Cancelled] * 3
    assert (buying.sizes, cancelling.sizes) == ([3], [3])


def test_a_bug_reaches_its_caller_alone(group: GroupCommit) -> None:
    gate = held_up(group)
    promised = {name: group.submit(named, Odd(name)) for name in ("a", "b", "bug", "c", "d", "e")}
    gate.opened.set()
    with pytest.raises(ZeroDivisionError):
        promised.pop("bug").result(LONG)
    assert results(list(promised.values())) == ["a", "b", "c", "d", "e"]


def test_a_bug_of_an_only_command_reaches_its_caller_and_the_next_one_is_served(group: GroupCommit) -> None:
    with pytest.raises(ZeroDivisionError):
        group.submit(named, Odd("bug")).result(LONG)
    assert group.submit(named, Odd("a")).result(LONG) == "a"


def test_a_service_that_leaves_an_outcome_out_harms_nobody_but_those_it_was_asked_by(
    group: GroupCommit,
) -> None:
    gate = held_up(group)
    promised = [group.submit(Counted(lambda *_: ["one"]), Odd("a"))]
    one_short = Counted(lambda *_: ["one"])
    promised += [group.submit(one_short, Odd(name)) for name in ("b", "c")]
    gate.opened.set()
    assert promised[0].result(LONG) == "one"
    for future in promised[1:]:
        with pytest.raises(ValueError, match="zip"):
            future.result(LONG)
    assert group.submit(named, Odd("d")).result(LONG) == "d"


def test_a_bad_command_is_told_so_and_its_neighbours_are_decided(book: Books, group: GroupCommit) -> None:
    number, gate = book.number(book.line()), held_up(group)
    promised = [
        group.submit(authorise_purchase, Authorise("shop", number, won)) for won in (1_000, -5, 2_000)
    ]
    gate.opened.set()
    first, bad, last = results(promised)
    assert isinstance(first, Authorised)
    assert isinstance(last, Authorised)
    assert isinstance(bad, BadInputError)


def test_an_outcome_is_handed_out_only_when_others_see_it_committed(book: Books, group: GroupCommit) -> None:
    number, seen = book.number(book.line()), list[int]()
    future = group.submit(authorise_purchase, Authorise("shop", number, 1_000))
    future.add_done_callback(lambda _: seen.append(len(book.all(Purchase))))
    future.result(LONG)
    group.close()
    assert seen == [1]


def test_a_commit_that_fails_is_an_error_of_all_it_would_have_answered(
    book: Books, group: GroupCommit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise OSError("no space left")

    number, gate = book.number(book.line()), held_up(group)
    promised = [group.submit(authorise_purchase, Authorise("shop", number, 1_000)) for _ in range(3)]
    with monkeypatch.context() as patch:
        patch.setattr(UnitOfWork, "flush", lambda _: broken())
        gate.opened.set()
        for future in promised:
            with pytest.raises(OSError, match="no space left"):
                future.result(LONG)
    assert book.all(Purchase) == []
    assert isinstance(group.submit(authorise_purchase, Authorise("shop", number, 1)).result(LONG), Authorised)


def test_closing_answers_all_that_was_taken_and_takes_no_more(book: Books) -> None:
    group = GroupCommit(book.db, book.rules)
    gate = held_up(group)
    promised = [group.submit(named, Odd(str(at))) for at in range(5)]
    closing = threading.Thread(target=group.close)
    closing.start()
    gate.opened.set()
    closing.join(LONG)
    assert all(future.done() for future in promised)
    assert results(promised) == ["0", "1", "2", "3", "4"]
    with pytest.raises(ClosedError):
        group.submit(named, Odd("late"))
    with pytest.raises(ClosedError):
        asyncio.run(group.decide(named, Odd("late")))
    group.close()


def test_when_the_committer_dies_nobody_waits_for_ever(book: Books) -> None:
    group = GroupCommit(book.db, book.rules, most=2)
    gate = held_up(group)
    # Two are taken when it dies, two wait behind them.
    promised = [group.submit(named, Odd("end"))]
    promised += [group.submit(Counted(named), Odd("behind")) for _ in range(3)]
    gate.opened.set()
    for future in promised:
        with pytest.raises(ClosedError) as told:
            future.result(LONG)
        assert isinstance(told.value.__cause__, SystemExit)
    with pytest.raises(ClosedError) as told:
        group.submit(named, Odd("late"))
    assert isinstance(told.value.__cause__, SystemExit)
    group.close()


def test_a_command_given_up_before_it_was_taken_is_not_decided(book: Books, group: GroupCommit) -> None:
    number, gate = book.number(book.line()), held_up(group)
    given_up = group.submit(authorise_purchase, Authorise("shop", number, 1_000))
    kept = group.submit(authorise_purchase, Authorise("shop", number, 2_000))
    assert given_up.cancel()
    gate.opened.set()
    assert isinstance(kept.result(LONG), Authorised)
    with pytest.raises(CancelledError):
        given_up.result(LONG)
    assert [purchase.won for purchase in book.all(Purchase)] == [2_000]


def test_a_thousand_threads_are_answered_from_few_commits(book: Books, group: GroupCommit) -> None:
    numbers, service = [book.number(book.line(monthly_limit_won=500_000)) for _ in range(10)], Counted()
    outcomes: list[object] = []
    gate = held_up(group)

    def buy(at: int) -> None:
        outcomes.append(group.submit(service, Authorise("shop", numbers[at % 10], 10)).result(LONG))

    threads = [threading.Thread(target=buy, args=(at,)) for at in range(MANY)]
    for thread in threads:
        thread.start()
    gate.opened.set()
    for thread in threads:
        thread.join(LONG)
    assert [type(outcome) for outcome in outcomes] == [Authorised] * MANY
    assert sum(service.sizes) == MANY
    assert len(service.sizes) <= 20
    assert [usage.won for usage in book.all(Usage)] == [1_000] * 10


def test_a_thousand_tasks_of_a_loop_share_commits_and_wake_it_once_for_each(
    book: Books, group: GroupCommit, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers, service, woken = [book.number(book.line()) for _ in range(10)], Counted(), list[object]()

    async def buy(at: int) -> list[object]:
        asked = (Authorise("shop", numbers[at % 10], 10) for _ in range(2))
        return [await group.decide(service, command) for command in asked]

    async def buy_all() -> list[list[object]]:
        loop = asyncio.get_running_loop()
        wake = loop.call_soon_threadsafe

        def woken_by(*call: Any) -> object:
            woken.append(call)
            return wake(*call)

        monkeypatch.setattr(loop, "call_soon_threadsafe", woken_by)
        return await asyncio.gather(*(buy(at) for at in range(MANY)))

    outcomes = [outcome for two in asyncio.run(buy_all()) for outcome in two]
    assert [type(outcome) for outcome in outcomes] == [Authorised] * 2 * MANY
    assert sum(service.sizes) == 2 * MANY
    # Asked in one turn of the loop, told in one: the thousand go together, in a part for each committer.
    assert service.sizes[0] == (MANY if book.db.on_sqlite else MANY // COMMITTERS)
    assert len(service.sizes) <= 10
    assert len(woken) == len(service.sizes)
    assert [usage.won for usage in book.all(Usage)] == [2_000] * 10


def test_a_task_is_raised_a_bug_and_told_a_bad_command(book: Books, group: GroupCommit) -> None:
    number = book.number(book.line())

    async def ask() -> tuple[object, object]:
        told = await group.decide(authorise_purchase, Authorise("shop", number, -1))
        with pytest.raises(ZeroDivisionError):
            await group.decide(named, Odd("bug"))
        return told, await group.decide(named, Odd("a"))

    told, after = asyncio.run(ask())
    assert isinstance(told, BadInputError)
    assert after == "a"


def test_a_task_that_is_cancelled_leaves_the_others_theirs(book: Books, group: GroupCommit) -> None:
    number = book.number(book.line())

    async def ask() -> object:
        gate = held_up(group)
        given_up = asyncio.create_task(group.decide(authorise_purchase, Authorise("shop", number, 1_000)))
        kept = asyncio.create_task(group.decide(authorise_purchase, Authorise("shop", number, 2_000)))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.sleep(0)
        gate.opened.set()
        return await kept

    assert isinstance(asyncio.run(ask()), Authorised)
    assert [purchase.won for purchase in book.all(Purchase)] == [2_000]


def test_a_loop_that_has_ended_keeps_nobody_from_an_answer(group: GroupCommit) -> None:
    gate, loop = held_up(group), asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # a task that is still waiting is what this is about
    left = loop.create_task(group.decide(named, Odd("left")))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    promised = group.submit(named, Odd("a"))
    gate.opened.set()
    assert promised.result(LONG) == "a"
    assert not left.done()
