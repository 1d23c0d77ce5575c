"""An event is taken by one at a time, in the order of its purchase, and tried until it has ended."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from books import Books
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.line import Line
from carrierbill.domain.purchase import Purchase
from carrierbill.domain.request import Ask, ClientEvent, EventState, Happening, PurchaseRequest
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.confirm_purchase import Confirm, confirm_purchase
from carrierbill.services.deliver_events import (
    LEASE,
    MOST_TRIES,
    WAITS,
    DueEvent,
    EventRecorded,
    EventsResent,
    LeftAlone,
    RecordEvent,
    ResendEvents,
    Result,
    TakeEvent,
    ToSend,
    events_due,
    ids_due,
    record_events,
    resend_events,
    take_events,
)
from carrierbill.services.refund_purchase import RefundPurchase, refund_purchase
from money_steps import shop_line

SINK, OTHER = "https://shop.example/told", "https://other.example/told"


@pytest.fixture
def line(book: Books) -> Line:
    return shop_line(book)


def charged(book: Books, line: Line, name: str = "a", *, sink: str = SINK) -> Purchase:
    """A purchase held, then charged: two events."""
    ask = Ask(reference=f"ref-{name}", sink=sink, credential=b"sealed")
    (held,) = book.decide(authorise_purchase, Authorise("shop", book.number(line), 9_000, ask=ask))
    book.decide(confirm_purchase, Confirm("shop", held.purchase_id))
    return book.one(Purchase, held.purchase_id)


def refunded(book: Books, purchase: Purchase, name: str, sink: str = OTHER) -> None:
    """A refund of it: a third event."""
    ask = Ask(reference=f"refund-{name}", sink=sink)
    (done,) = book.decide(refund_purchase, RefundPurchase("shop", purchase.id, 1_000, ask=ask))
    assert done.cancelled_won == 1_000


def events(book: Books) -> list[ClientEvent]:
    return sorted(book.all(ClientEvent), key=lambda event: (event.purchase_id, event.place))


def states(book: Books) -> list[str]:
    return [str(event.state) for event in events(book)]


def due(book: Books) -> list[DueEvent]:
    with book.db.unit() as unit:
        return events_due(unit, 100)


def take(book: Books, *found: ClientEvent) -> list[Any]:
    return book.decide(take_events, *[TakeEvent(event.id) for event in found])


def record(book: Books, taken: Any, result: Result, why: str = "") -> EventRecorded:
    command = RecordEvent(taken.event.id, taken.event.tries, result, why)
    recorded: EventRecorded = book.decide(record_events, command)[0]
    return recorded


def test_an_event_due_is_taken_once_with_its_sink_and_what_that_wants_to_see(book: Books, line: Line) -> None:
    charged(book, line)
    first, second = events(book)
    (taken,) = take(book, first)
    assert (taken.sink, taken.credential, taken.reference, taken.event.tries) == (SINK, b"sealed", "ref-a", 1)
    assert take(book, first, second) == [LeftAlone(first.id), LeftAlone(second.id)]
    assert due(book) == []


def test_a_later_event_of_a_purchase_waits_until_the_earlier_one_has_ended(book: Books, line: Line) -> None:
    charged(book, line)
    first, second = events(book)
    assert [each.event_id for each in due(book)] == [first.id, second.id]
    taken, left = take(book, first, second)
    assert left == LeftAlone(second.id)
    assert record(book, taken, Result.FAILED, "status 500").state == EventState.WAITING
    # Behind one that waits for its next try it does not come up again and again.
    assert due(book) == []
    book.clock.by(minutes=WAITS[0].total_seconds() / 60)
    assert due(book) == [DueEvent(first.id, SINK)]
    (taken,) = take(book, first)
    assert record(book, taken, Result.DELIVERED).state == EventState.DELIVERED
    assert due(book) == [DueEvent(second.id, SINK)]
    (taken,) = take(book, second)
    record(book, taken, Result.DELIVERED)
    assert [(event.state, event.ended_at, event.why) for event in events(book)] == [
        (EventState.DELIVERED, book.clock.at, "")
    ] * 2


def test_events_of_different_purchases_do_not_wait_for_each_other(book: Books, line: Line) -> None:
    charged(book, line), charged(book, line, "b")
    first_a, _, first_b, _ = events(book)
    assert all(isinstance(each, ToSend) for each in take(book, first_a, first_b))


def test_the_waits_grow_to_days_and_the_last_try_leaves_a_dead_letter(book: Books, line: Line) -> None:
    charged(book, line)
    first, second = events(book)
    waited = []
    for _ in range(MOST_TRIES - 1):
        (taken,) = take(book, first)
        record(book, taken, Result.FAILED, "timeout")
        waited.append(book.one(ClientEvent, first.id).not_before - book.clock.at)  # type: ignore[operator]
        book.clock.at += waited[-1] - timedelta(microseconds=1)
        assert take(book, first) == [LeftAlone(first.id)]
        book.clock.at += timedelta(microseconds=1)
    assert [wait.total_seconds() for wait in waited] == [5, 30, 120, 600, 3600, 21600, 43200, 86400, 86400]
    (taken,) = take(book, first)
    assert record(book, taken, Result.FAILED, "timeout").state == EventState.DEAD
    assert (book.one(ClientEvent, first.id).why, MOST_TRIES) == ("timeout", 10)
    # What follows has its turn all the same.
    assert [each.event_id for each in due(book)] == [second.id]


def test_an_event_whose_worker_is_gone_is_sent_again_by_another(book: Books, line: Line) -> None:
    charged(book, line)
    first, _ = events(book)
    (lost,) = take(book, first)
    book.clock.at += LEASE - timedelta(seconds=1)
    assert take(book, first) == [LeftAlone(first.id)]
    book.clock.at += timedelta(seconds=1)
    (taken,) = take(book, first)
    assert (taken.event.id, taken.event.tries) == (lost.event.id, 2)
    # The lost one is heard again: its failure says nothing of the new try, its success is one.
    record(book, lost, Result.FAILED)
    assert book.one(ClientEvent, first.id).not_before == book.clock.at + LEASE
    assert record(book, lost, Result.DELIVERED).state == EventState.DELIVERED
    assert record(book, taken, Result.FAILED).state == EventState.DELIVERED


def test_a_worker_that_dies_at_each_try_does_not_try_for_ever(book: Books, line: Line) -> None:
    charged(book, line)
    first, _ = events(book)
    for _ in range(MOST_TRIES):
        assert isinstance(take(book, first)[0], ToSend)
        book.clock.at += LEASE
    assert take(book, first) == [LeftAlone(first.id)]
    assert states(book) == ["dead", "waiting"]


def test_a_sink_that_is_gone_is_told_nothing_more_of_that_request(book: Books, line: Line) -> None:
    purchase = charged(book, line)
    refunded(book, purchase, "a")
    first, _, third = events(book)
    (taken,) = take(book, first)
    record(book, taken, Result.GONE, "status 410")
    assert states(book) == ["gone", "gone", "waiting"]
    # A refund has its own sink; what happens later to the purchase is not told.
    assert due(book) == [DueEvent(third.id, OTHER)]
    with book.db.unit() as unit:
        later = replace(
            first, id=unit.new_id(ClientEvent), place=4, not_before=unit.now, what=Happening.CANCELLED
        )
        unit.add(later)
    (taken, left) = take(book, third, later)
    assert isinstance(left, LeftAlone)
    record(book, taken, Result.DELIVERED)
    assert take(book, later) == [LeftAlone(later.id)]
    assert states(book) == ["gone", "gone", "delivered", "gone"]


def test_refunds_to_sinks_of_their_own_stay_in_the_order_of_the_purchase(book: Books, line: Line) -> None:
    purchase = charged(book, line)
    refunded(book, purchase, "a")
    refunded(book, purchase, "b", sink=SINK)
    sent = []
    while found := due(book):
        for taken in take(book, *[book.one(ClientEvent, each.event_id) for each in found]):
            if isinstance(taken, ToSend):
                sent.append((taken.event.place, taken.sink))
                record(book, taken, Result.DELIVERED)
    assert sent == [(1, SINK), (2, SINK), (3, OTHER), (4, SINK)]


def test_what_can_never_be_sent_is_dead_at_once(book: Books, line: Line) -> None:
    charged(book, line)
    first, second = events(book)
    (taken,) = take(book, first)
    record(book, taken, Result.UNUSABLE, "credential expired")
    with book.db.unit() as unit:  # a person was forgotten, and with them where their purchases were told
        (request,) = unit.load(PurchaseRequest, purchase_id=[first.purchase_id])
        unit.put(replace(request, sink="", credential=None))
    assert take(book, second) == [LeftAlone(second.id)]
    assert [(event.state, event.why) for event in events(book)] == [
        (EventState.DEAD, "credential expired"),
        (EventState.DEAD, "no sink"),
    ]


def give_up(book: Books, result: Result = Result.UNUSABLE) -> None:
    """Every event that waits is given up."""
    while found := due(book):
        for taken in take(book, *[book.one(ClientEvent, each.event_id) for each in found]):
            if isinstance(taken, ToSend):
                record(book, taken, result)


def test_a_client_has_its_dead_letters_sent_again_with_the_same_ids_and_all_tries(
    book: Books, line: Line
) -> None:
    purchase, other = charged(book, line), charged(book, line, "b")
    give_up(book)
    assert states(book) == ["dead"] * 4
    before = [event.id for event in events(book)]
    assert book.decide(resend_events, ResendEvents("someone")) == [EventsResent(0, more=False)]
    assert book.decide(resend_events, ResendEvents("shop", purchase.id)) == [EventsResent(2, more=False)]
    assert states(book) == ["waiting"] * 2 + ["dead"] * 2
    assert book.decide(resend_events, ResendEvents("shop")) == [EventsResent(2, more=False)]
    first, second, *_ = events(book)
    assert [isinstance(each, ToSend) for each in take(book, first, second)] == [True, False]
    assert [event.id for event in events(book)] == before
    assert {event.purchase_id for event in events(book)} == {purchase.id, other.id}
    assert book.one(ClientEvent, first.id).tries == 1


def test_a_sink_that_was_gone_is_asked_again_only_for_a_purchase_that_is_named(
    book: Books, line: Line
) -> None:
    purchase = charged(book, line)
    give_up(book, Result.GONE)
    assert states(book) == ["gone"] * 2
    assert book.decide(resend_events, ResendEvents("shop"))[0].events == 0
    assert book.decide(resend_events, ResendEvents("shop", purchase.id))[0].events == 2
    give_up(book, Result.DELIVERED)
    assert states(book) == ["delivered"] * 2
    assert book.decide(resend_events, ResendEvents("shop", purchase.id))[0].events == 0


def test_another_clients_purchase_is_none_of_yours_to_resend(book: Books, line: Line) -> None:
    purchase = charged(book, line)
    give_up(book)
    outcomes = book.decide(resend_events, ResendEvents("other", purchase.id), ResendEvents("shop", 1))
    assert all(isinstance(each, BadInputError) for each in outcomes)
    assert states(book) == ["dead"] * 2


def test_of_many_dead_letters_some_are_resent_at_a_time(
    book: Books, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carrierbill.services.deliver_events.RESENT_AT_A_TIME", 2)
    charged(book, line), charged(book, line, "b")
    give_up(book)
    assert book.decide(resend_events, ResendEvents("shop"))[0] == EventsResent(2, more=True)
    assert book.decide(resend_events, ResendEvents("shop"))[0] == EventsResent(2, more=False)


def test_a_page_of_what_is_due_goes_on_where_the_last_one_ended(book: Books, line: Line) -> None:
    charged(book, line), charged(book, line, "b")
    with book.db.unit() as unit:
        page = events_due(unit, 3)
        rest = events_due(unit, 3, page[-1].event_id)
        assert ids_due(unit, 2) == [each.event_id for each in page[:2]]
    assert [each.event_id for each in (*page, *rest)] == [event.id for event in events(book)]


def test_of_workers_that_want_the_same_event_at_once_one_has_it(book: Books, line: Line) -> None:
    charged(book, line)
    first, _ = events(book)
    barrier = Barrier(4)

    def want(_: int) -> bool:
        barrier.wait()
        return isinstance(take(book, first)[0], ToSend)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(want, range(4))) == [False, False, False, True]
