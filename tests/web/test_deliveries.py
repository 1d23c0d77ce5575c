"""Every event reaches its sink in order and in CAMARA's form, whatever sinks and workers do meanwhile."""

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from cloudevents.core.bindings.http import HTTPMessage, from_http_event

from books import Books
from carrierbill.domain.line import DemoPart, Line
from carrierbill.domain.purchase import Merchant, RefundTerms
from carrierbill.domain.request import Ask, ClientEvent, EventState, Happening
from carrierbill.drivers.webhooks import Webhooks
from carrierbill.services import deliver_events
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.cancel_purchase import Cancel, cancel_purchase
from carrierbill.services.confirm_purchase import Confirm, confirm_purchase
from carrierbill.services.deliver_events import LEASE, WAITS
from carrierbill.services.lapse_holds import holds_run_out, lapse_holds
from carrierbill.services.refund_purchase import RefundPurchase, finish_refund, refund_purchase, refunds_due
from carrierbill.services.validate_purchase import Validate, validate_purchase
from carrierbill.settings import Settings
from carrierbill.storage.codes import PublicIds, SecretCodes, Vault
from carrierbill.texts.load import read_texts
from carrierbill.web.camara.sinks import sink_of
from carrierbill.web.deliveries import MOST_TO_ONE, Deliveries, look_up
from carrierbill.web.rounds import Failures, Footing, looking
from carrierbill.web.shapes.events import EventShape
from money_steps import shop_line
from sinks import Sink, ca_file, sink_at, until

TOKEN = "word-of-the-sink"  # noqa: S105  # made up


@pytest.fixture
def sink() -> Iterator[Sink]:
    with sink_at() as opened:
        yield opened


@pytest.fixture
def deliver(book: Books, tmp_path: Path) -> Deliveries:
    return deliveries(book, tmp_path)


def deliveries(book: Books, folder: Path, *, within_s: float = 10) -> Deliveries:
    secret = book.db.keys.index_secret
    webhooks = Webhooks(look_up, private=True, ca_file=ca_file(folder), within_s=within_s)
    shape = EventShape(PublicIds(secret), Vault(secret), read_texts())
    return Deliveries(Footing(book.db, book.rules, Failures()), shape, webhooks)


class Shop:
    """Buys on a line, each time with a sink."""

    def __init__(self, book: Books, sink: Sink | str, credential: bytes | None = None, **line: Any) -> None:
        self.book, self.sink, self.credential = book, sink if isinstance(sink, str) else sink.url, credential
        self.line: Line = shop_line(book, monthly_limit_won=10_000_000, **line)
        self._asked = 0

    def ask(self) -> Ask:
        self._asked += 1
        return Ask(f"{self.line.id}-{self._asked}", sink=self.sink, credential=self.credential)

    def buy(self, **more: Any) -> int:
        command = Authorise("shop", self.book.number(self.line), 9_000, ask=self.ask(), **more)
        purchase_id: int = self.book.decide(authorise_purchase, command)[0].purchase_id
        return purchase_id

    def buy_in_two_steps(self) -> int:
        """Reserved, completed."""
        purchase_id = self.buy(exempt=True)
        self.book.decide(confirm_purchase, Confirm("shop", purchase_id))
        return purchase_id

    def refund(self, purchase_id: int, later_s: float | None = None) -> None:
        command = RefundPurchase("shop", purchase_id, 1_000, ask=self.ask(), later_s=later_s)
        self.book.decide(refund_purchase, command)
        if later_s is not None:
            self.book.clock.by(minutes=1)
            with self.book.db.unit() as unit:
                due = refunds_due(unit, 10)
            self.book.decide(finish_refund, *due)

    def terms(self, terms: RefundTerms) -> None:
        with self.book.db.unit() as unit:
            (shop,) = unit.load(Merchant, identifier=["shop"])
            unit.put(replace(shop, refund_terms=terms))


def happen(book: Books, sink: Sink) -> None:
    """Everything that a client is told of."""
    codes = SecretCodes(book.db.keys.index_secret)
    shop = Shop(book, sink, demo=DemoPart.NEEDS_CODE)
    denied = shop.buy(codes=codes)
    for _ in range(3):
        book.decide(validate_purchase, Validate("shop", denied, b"wrong"))
    reserved = shop.buy(codes=codes)
    book.decide(validate_purchase, Validate("shop", reserved, codes.hash_of(reserved, "000000")))
    book.decide(confirm_purchase, Confirm("shop", reserved))
    shop.refund(reserved)
    shop.terms(RefundTerms.NEXT_BILL)
    shop.refund(reserved)
    shop.terms(RefundTerms.REFUSED)
    shop.refund(reserved, later_s=1)
    plain = Shop(book, sink)
    cancelled, lapsed = plain.buy(exempt=True), plain.buy(exempt=True)
    book.decide(cancel_purchase, Cancel("shop", cancelled))
    book.clock.by(minutes=60)
    with book.db.unit() as unit:
        over = holds_run_out(unit, 10)
    assert [each.purchase_id for each in over] == [lapsed]
    book.decide(lapse_holds, *over)


@cache
def schemas(file: str) -> Any:
    text = resources.files("carrierbill.web.contracts").joinpath(file).read_text(encoding="utf-8")
    return yaml.safe_load(text)["components"]["schemas"]


def check_by_contract(event: dict[str, Any]) -> None:
    """An event is of the kind its type says in CAMARA's file, with no field that is not there."""
    file = "carrier-billing-refund.yaml" if "-refund." in event["type"] else "carrier-billing.yaml"
    known = schemas(file)
    kind = known["CloudEvent"]["discriminator"]["mapping"][event["type"]]
    whole = {"$ref": kind, "components": {"schemas": known}}
    judge = jsonschema_rs.Draft4Validator(whole, validate_formats=True)
    assert [str(error) for error in judge.iter_errors(event)] == []
    data = known[kind.rpartition("/")[2].removeprefix("Event")]["allOf"]
    fields = {name for part in data for name in part.get("properties", {})}
    assert set(event["data"]) <= fields | set(known["BasicEvent"]["properties"])


def test_every_event_is_received_as_the_contracts_describe_it(
    book: Books, sink: Sink, deliver: Deliveries
) -> None:
    happen(book, sink)
    deliver.run()
    stored = sorted(book.all(ClientEvent), key=lambda each: each.id)
    assert {event.what for event in stored} == set(Happening)
    assert {event.state for event in stored} == {EventState.DELIVERED}
    ids = PublicIds(book.db.keys.index_secret)
    received = {each.event["id"]: each for each in sink.received}
    assert set(received) == {ids.told(event.id, "event") for event in stored}
    for event in stored:
        got = received[ids.told(event.id, "event")]
        parsed = from_http_event(HTTPMessage(got.headers, got.body))
        assert parsed.get_time() == event.at
        assert got.event["source"].startswith("urn:uuid:")
        assert got.headers["content-type"] == "application/cloudevents+json"
        assert got.headers["x-correlator"] == got.event["id"]
        assert "authorization" not in got.headers
        data = parsed.get_data()
        assert isinstance(data, dict)
        check_by_contract(got.event)
        assert data["paymentId"] == ids.told(event.purchase_id, "payment")
        assert data.get("refundId") == (
            event.refund_request_id and ids.told(event.refund_request_id, "refund")
        )
    by_kind = {each.told: each.event["data"] for each in sink.received}
    assert {told: data["status"] for told, data in by_kind.items()} == {
        str(what): "failed" if "denied" in what else "succeeded" for what in Happening
    }
    assert by_kind["refund-denied"]["denialReason"] == read_texts().say("en", "refusal.refund_refused")
    assert by_kind["payment-denied"]["denialReason"]
    lapsed = [each.event["data"]["description"] for each in sink.received if each.told == "payment-cancelled"]
    assert sorted(lapsed) == sorted(
        read_texts().say("en", key) for key in ("event.payment-cancelled", "event.lapsed")
    )


def test_events_of_a_purchase_come_in_order_and_a_repeated_one_under_the_same_id(
    book: Books, sink: Sink, deliver: Deliveries
) -> None:
    shop = Shop(book, sink)
    shop.refund(shop.buy_in_two_steps())
    sink.answers = [500, 301, 404, 204, 503, 204]
    for wait in (timedelta(), WAITS[0], WAITS[1], WAITS[2], WAITS[0]):
        book.clock.at += wait
        deliver.run()
    told = ["payment-reserved"] * 4 + ["payment-completed"] * 2 + ["refund-completed"]
    assert sink.told() == told
    assert len({each.body for each in sink.received}) == 3
    assert [event.tries for event in book.all(ClientEvent)] == [4, 2, 1]


def test_an_event_whose_delivery_could_not_be_recorded_is_delivered_again(
    book: Books,
    sink: Sink,
    deliver: Deliveries,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    Shop(book, sink).buy_in_two_steps()

    def broken(*_: Any) -> list[object]:
        raise OSError("number +821012345678")

    with monkeypatch.context() as patched:
        patched.setattr("carrierbill.web.deliveries.record_events", broken)
        deliver.run()
    assert sink.told() == ["payment-reserved"]
    deliver.run()
    assert sink.told() == ["payment-reserved"]
    book.clock.at += LEASE
    deliver.run()
    assert sink.told() == ["payment-reserved", "payment-reserved", "payment-completed"]
    assert sink.received[0].body == sink.received[1].body
    assert "builtins.OSError" in caplog.text
    assert "+8210" not in caplog.text


def test_a_sink_that_is_gone_is_left_alone(book: Books, sink: Sink, deliver: Deliveries) -> None:
    shop = Shop(book, sink)
    purchase_id = shop.buy_in_two_steps()
    sink.answers = [410, 204]
    deliver.run()
    assert sink.told() == ["payment-reserved"]
    shop.refund(purchase_id)
    deliver.run()
    assert sink.told() == ["payment-reserved", "refund-completed"]
    assert [event.state for event in book.all(ClientEvent)] == ["gone", "gone", "delivered"]


def test_sinks_that_do_not_answer_hold_up_nobody_else(book: Books, sink: Sink, deliver: Deliveries) -> None:
    with sink_at() as slow, sink_at() as slower:
        slow.gate = slower.gate = threading.Event()
        for _ in range(10):
            Shop(book, slow).buy(one_step=True)
            Shop(book, slower).buy(one_step=True)
        quick, stopping = Shop(book, sink), threading.Event()
        for _ in range(20):
            quick.buy(one_step=True)
        thread = threading.Thread(target=deliver.run, args=[stopping.is_set])
        thread.start()
        until(lambda: len(sink.received) == 20)
        # What becomes due meanwhile is sent meanwhile too.
        quick.buy(one_step=True)
        until(lambda: len(sink.received) == 21)
        # To one sink a few are under way at a time.
        until(lambda: len(slow.received) + len(slower.received) >= 2 * MOST_TO_ONE)
        assert (len(slow.received), len(slower.received)) == (MOST_TO_ONE, MOST_TO_ONE)
        stopping.set()
        slow.gate.set()
        thread.join()
        # Those under way were ended and recorded.
        states = [event.state for event in book.all(ClientEvent)]
        assert states.count(EventState.DELIVERED) == 21 + 2 * MOST_TO_ONE


def test_a_sink_that_failed_is_sent_one_at_a_time_until_it_answers_well(
    book: Books, sink: Sink, tmp_path: Path
) -> None:
    sink.slow_s = 0.6
    shop = Shop(book, sink)
    for _ in range(MOST_TO_ONE + 3):
        shop.buy(one_step=True)
    began = time.monotonic()
    deliveries(book, tmp_path, within_s=0.3).run()
    assert time.monotonic() - began > 4 * 0.3
    assert {event.why for event in book.all(ClientEvent)} == {"timeout"}


def test_a_sinks_many_events_do_not_hide_another_ones(
    book: Books, sink: Sink, deliver: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carrierbill.web.deliveries.PAGE", 3)
    monkeypatch.setattr("carrierbill.web.deliveries.MOST_NOTED", 2)
    with sink_at() as busy:
        busy.slow_s = 0.3
        crowd = Shop(book, busy)
        for _ in range(20):
            crowd.buy(one_step=True)
        Shop(book, sink).buy(one_step=True)
        thread = threading.Thread(target=deliver.run)
        thread.start()
        until(lambda: bool(sink.received))
        assert len(busy.received) < 20
        thread.join()
        assert (len(busy.received), len(sink.received)) == (20, 1)


def sealed(book: Books, shop: Shop, ends: datetime) -> bytes:
    """A credential as the interface seals it for the shop's next request."""

    class App:
        settings = Settings(sink_private=True)

    class Desk:
        app = App()
        vault = Vault(book.db.keys.index_secret)

    credential = {
        "credentialType": "ACCESSTOKEN",
        "accessTokenType": "bearer",
        "accessToken": TOKEN,
        "accessTokenExpiresUtc": ends.isoformat(),
    }
    desk: Any = Desk()
    _, found = sink_of(desk, shop.sink, credential, bound=f"shop/{shop.line.id}-1")
    assert found is not None
    return found


def test_a_sinks_credential_is_shown_to_it_and_to_nobody_else(
    book: Books, sink: Sink, deliver: Deliveries, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shop = Shop(book, sink)
    shop.credential = sealed(book, shop, book.clock.at + timedelta(minutes=1))
    purchase_id = shop.buy_in_two_steps()
    deliver.run()
    assert [each.headers["authorization"] for each in sink.received] == [f"Bearer {TOKEN}"] * 2
    assert TOKEN not in caplog.text
    shop.credential = None
    shop.refund(purchase_id)
    deliver.run()
    assert "authorization" not in sink.received[2].headers


def test_no_event_is_sent_to_a_sink_whose_credential_has_expired_or_is_not_its_own(
    book: Books, sink: Sink, deliver: Deliveries
) -> None:
    shop, other = Shop(book, sink), Shop(book, sink)
    shop.credential = sealed(book, shop, book.clock.at + timedelta(minutes=1))
    shop.buy(one_step=True)
    other.credential = shop.credential
    other.buy(one_step=True)
    book.clock.by(minutes=1)
    deliver.run()
    assert sink.received == []
    assert [(event.state, event.why) for event in book.all(ClientEvent)] == [
        (EventState.DEAD, "credential expired"),
        (EventState.DEAD, "credential unreadable"),
    ]


@pytest.mark.parametrize("url", ["https://localhost:25/", "https://nobody.invalid/", "http://localhost/"])
def test_what_cannot_be_reached_is_tried_again_later(url: str, book: Books, deliver: Deliveries) -> None:
    Shop(book, url).buy(one_step=True)
    deliver.run()
    (event,) = book.all(ClientEvent)
    assert (event.state, event.not_before) == (EventState.WAITING, book.clock.at + WAITS[0])


def test_an_event_that_cannot_be_told_keeps_no_other_from_its_way_and_is_logged_once(
    book: Books, sink: Sink, deliver: Deliveries, caplog: pytest.LogCaptureFixture
) -> None:
    shop = Shop(book, sink)
    shop.buy(one_step=True), shop.buy(one_step=True), shop.buy(one_step=True)
    with book.db.unit() as unit:
        for event in unit.load(ClientEvent)[:2]:
            unit.put(replace(event, told="event.unknown"))
    deliver.run()
    assert len(sink.received) == 1
    assert [event.why for event in book.all(ClientEvent)] == ["error", "error", ""]
    assert len([each for each in caplog.records if each.name == "carrierbill.worker"]) == 1


def test_an_event_that_cannot_be_taken_rests_and_keeps_no_other_from_its_way(
    book: Books, sink: Sink, deliver: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(book, sink)
    shop.buy(one_step=True), shop.buy(one_step=True)
    first, _ = book.all(ClientEvent)

    def taking(commands: Any, unit: Any, rules: Any) -> list[object]:
        if any(command.event_id == first.id for command in commands):
            raise LookupError
        return deliver_events.take_events(commands, unit, rules)

    with monkeypatch.context() as patched:
        patched.setattr("carrierbill.web.deliveries.take_events", taking)
        assert is_due(book, deliver)
        deliver.run()
        assert len(sink.received) == 1
        assert not is_due(book, deliver)
    book.clock.by(minutes=2)
    assert is_due(book, deliver)
    deliver.run()
    assert len(sink.received) == 2


def is_due(book: Books, deliver: Deliveries) -> bool:
    with looking(book.db) as (session, unit):
        return deliver.is_due(session, unit)


def test_nothing_is_begun_when_stopping(book: Books, sink: Sink, deliver: Deliveries) -> None:
    Shop(book, sink).buy(one_step=True)
    deliver.run(lambda: True)
    assert sink.received == []
    assert [event.tries for event in book.all(ClientEvent)] == [0]
