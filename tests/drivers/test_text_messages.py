"""Notices go out by SOLAPI once each, in letters and sizes carriers take, and its receipts are read."""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from socket import create_server
from typing import Any

import pytest

from carrierbill.domain.dates import seoul_day
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.notice import Channel, Notice
from carrierbill.drivers import solapi
from carrierbill.drivers.message_text import parts_of, size_of, written_plainly
from carrierbill.drivers.solapi import Account, Solapi
from carrierbill.drivers.text_messages import (
    Kakao,
    Sender,
    TextMessages,
    is_pushed_by_solapi,
    receipts_in,
    subject_of,
)
from carrierbill.services.ports import Addressed, Delivery
from fake_solapi import FakeSolapi, served
from rule_sets import APP

NUMBER, DIALLED = "+821012345678", "01012345678"
SHORT = "소액결제 요금 5,000원의 납기일은 3월 25일이에요."


def now() -> datetime:
    return datetime.now(tz=UTC)


def addressed(notice_id: int = 7, text: str = SHORT, *, tries: int = 1, **told: Any) -> Addressed:
    at = now()
    notice = Notice(
        notice_id, 1, 1, "reminder", "notice.reminder", Channel.SMS, at, at, sent_at=at, tries=tries
    )
    return Addressed(replace(notice, **told), NUMBER, {"ko": text, "en": "english"})


def again(each: Addressed) -> Addressed:
    return replace(each, notice=replace(each.notice, tries=each.notice.tries + 1))


def handed_over(each: Addressed, delivery: Delivery) -> Notice:
    return replace(each.notice, reference=delivery.reference)


@pytest.fixture
def fake() -> Iterator[FakeSolapi]:
    with served(FakeSolapi()) as fake:
        yield fake


def driver(fake: FakeSolapi, **told: Any) -> TextMessages:
    sender = Sender("0212345678", subject_of(APP.texts), told.pop("kakao", None))
    account = Account(fake.key, told.pop("signs_with", fake.secret), fake.url)
    clock = told.pop("clock", now)
    return TextMessages(Solapi(account, told.pop("signs_at", now)), sender, clock)


# ── what is sent ─────────────────────────────────────────────────────────────────────────────────────────
def test_a_short_notice_is_one_sms_in_korean_that_bears_its_id(fake: FakeSolapi) -> None:
    (delivery,) = driver(fake).send([addressed()])
    ((message_id, message),) = fake.messages.items()
    assert delivery == Delivery(7, f"solapi/{message_id}", None)
    assert {name: message[name] for name in ("to", "from", "text", "type", "customFields")} == {
        "to": DIALLED,
        "from": "0212345678",
        "text": SHORT,
        "type": "SMS",
        "customFields": {"notice": "7", "part": "1/1"},
    }


def test_what_is_longer_goes_as_a_long_message_with_a_subject(fake: FakeSolapi) -> None:
    text = "가" * 45 + "."
    driver(fake).send([addressed(1, text[:-1]), addressed(2, text)])
    assert [(each["type"], each.get("subject")) for each in fake.messages.values()] == [
        ("SMS", None),
        ("LMS", "소액결제 안내"),
    ]


def test_a_bill_of_many_purchases_goes_in_parts_that_lose_nothing(fake: FakeSolapi) -> None:
    lines = [
        f"2026-03-{day:02} 09:00 도깨비책방(02-1234-5678) 그림책 {day},000원 #{day}" for day in range(1, 32)
    ]
    text = "\n".join(["3월 소액결제 청구서예요."] + lines * 3)
    each = addressed(text=text)
    (delivery,) = driver(fake).send([each])
    messages = list(fake.messages.values())
    assert len(messages) == 3
    assert delivery.reference == "solapi/" + " ".join(fake.messages)
    told = "\n".join(message["text"].partition("\n")[2] for message in messages)
    assert told == text
    assert [message["text"][:5] for message in messages] == ["(1/3)", "(2/3)", "(3/3)"]
    assert max(size_of(message["text"]) for message in messages) <= 2_000
    # It has arrived when all of it has.
    notice = handed_over(each, delivery)
    messages[0] |= {"statusCode": "4000", "dateReceived": now().isoformat()}
    assert driver(fake).receipts([notice]) == []
    fake.becomes("4000")
    assert driver(fake).receipts([notice]) == [Delivery(7, delivery.reference, seoul_day(now()))]


def test_letters_that_carriers_do_not_take_are_written_plainly(fake: FakeSolapi) -> None:
    driver(fake).send([addressed(text="Café “가나” 1–2 📖 똠\tx €")])
    (message,) = fake.messages.values()
    assert message["text"] == "Cafe “가나” 1-2 ? ? x €"


@pytest.mark.parametrize(
    "text", ["", "가" * 45, "가" * 1_000, "가" * 1_001, "a\n" * 5_000, "가나다 " * 9_000]
)
def test_no_part_is_too_large_and_all_of_the_text_is_in_them(text: str) -> None:
    parts = parts_of(text)
    assert all(size_of(part) <= 2_000 for part in parts)
    whole = "".join(part.partition("\n")[2] for part in parts) if len(parts) > 1 else parts[0]
    assert whole.replace("\n", "") == text.replace("\n", "")
    assert written_plainly(text) == text


def test_a_holder_is_told_several_things_in_one_go(fake: FakeSolapi) -> None:
    deliveries = driver(fake).send([addressed(1), addressed(2)])
    assert len(fake.messages) == 2
    assert [each.failed for each in deliveries] == [False, False]
    assert len(fake.bodies) == 1


def test_a_message_refused_by_itself_has_failed_and_the_others_have_not(fake: FakeSolapi) -> None:
    fake.refuses = lambda message: "1060" if message["customFields"]["notice"] == "2" else ""
    deliveries = driver(fake).send([addressed(1), addressed(2), addressed(3)])
    assert [(each.notice_id, each.failed) for each in deliveries] == [(1, False), (2, True), (3, False)]


def test_nothing_to_send_asks_nothing(fake: FakeSolapi) -> None:
    assert driver(fake).send([]) == []
    assert driver(fake).receipts([]) == []
    assert fake.requests == []


# ── Alimtalk ─────────────────────────────────────────────────────────────────────────────────────────────
KAKAO = Kakao("KA01PF1", {"reminder": "KA01TP1", "late+help": "KA01TP1", "code": "KA01TPX"})


def test_a_notice_with_a_template_goes_by_alimtalk_with_a_text_message_behind_it(fake: FakeSolapi) -> None:
    text = "“" + "가" * 500
    both = [
        addressed(1, text),
        addressed(2, key="notice.late", details={"also": "notice.help"}),
        addressed(3, key="notice.late"),
    ]
    driver(fake, kakao=KAKAO).send(both)
    first, second, third = fake.messages.values()
    assert (first["type"], first["text"]) == ("ATA", text)
    assert first["kakaoOptions"] == {"pfId": "KA01PF1", "templateId": "KA01TP1", "disableSms": False}
    assert second["type"] == "ATA"
    # Other sentences would not match the template.
    assert third["type"] == "SMS"
    assert "kakaoOptions" not in third


def test_what_alimtalk_has_no_room_for_goes_as_a_long_message(fake: FakeSolapi) -> None:
    driver(fake, kakao=KAKAO).send([addressed(text="a" * 1_001)])
    assert {each["type"] for each in fake.messages.values()} == {"LMS"}


def test_where_alimtalk_failed_the_text_message_behind_it_is_waited_for(fake: FakeSolapi) -> None:
    each = addressed()
    (delivery,) = driver(fake, kakao=KAKAO).send([each])
    notice = handed_over(each, delivery)
    fake.becomes("3104")
    assert driver(fake).receipts([notice]) == []
    later = driver(fake, clock=lambda: now() + timedelta(minutes=11))
    assert [told.failed for told in later.receipts([notice])] == [True]
    fake.becomes("3041", replacement=True, type="LMS")
    assert [told.failed for told in driver(fake).receipts([notice])] == [True]
    fake.becomes("4000")
    assert [told.failed for told in driver(fake).receipts([notice])] == [False]


# ── what goes wrong ──────────────────────────────────────────────────────────────────────────────────────
def test_a_wrong_secret_sends_nothing_and_is_logged_without_it(
    fake: FakeSolapi, caplog: pytest.LogCaptureFixture
) -> None:
    (delivery,) = driver(fake, signs_with="another").send([addressed()])
    assert delivery == Delivery(7, "", None, failed=True)
    assert fake.messages == {}
    assert caplog.messages == ["text messages were not taken: 403 SignatureDoesNotMatch"]


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_clock_that_is_far_off_is_refused(fake: FakeSolapi, minutes: int) -> None:
    signs_at = lambda: now() + timedelta(minutes=minutes)  # noqa: E731  # short
    (delivery,) = driver(fake, signs_at=signs_at).send([addressed()])
    assert delivery.failed
    (delivery,) = driver(fake, signs_at=lambda: now() + timedelta(minutes=14)).send([addressed()])
    assert not delivery.failed


def test_every_request_is_signed_with_a_salt_of_its_own(
    fake: FakeSolapi, monkeypatch: pytest.MonkeyPatch
) -> None:
    instant = now()
    for _ in range(3):
        assert not driver(fake, signs_at=lambda: instant).send([addressed()])[0].failed
    monkeypatch.setattr("secrets.token_hex", lambda size: "0" * 2 * size)
    told = [driver(fake, signs_at=lambda: instant).send([addressed()])[0].failed for _ in range(2)]
    assert told == [False, True]


@pytest.mark.parametrize("fault", [400, 401, 429, 500, 503, "<html>", "[]", "drop"])
def test_whatever_goes_wrong_the_notice_has_failed_for_now_and_no_number_is_logged(
    fake: FakeSolapi, caplog: pytest.LogCaptureFixture, fault: int | str
) -> None:
    caplog.set_level(logging.DEBUG)
    fake.faults = [fault]
    each = addressed()
    assert driver(fake).send([each]) == [Delivery(7, "", None, failed=True)]
    assert driver(fake).send([again(each)])[0].reference.startswith("solapi/")
    assert len(fake.messages) == 1
    for told in (DIALLED, NUMBER, "12345678", fake.secret, SHORT):
        assert told not in caplog.text
    assert "text messages were not taken" in caplog.text


def test_an_interface_that_does_not_answer_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(solapi, "TIMEOUT", 0.2)
    with create_server(("127.0.0.1", 0)) as silent:
        fake = FakeSolapi()
        fake.url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert driver(fake).send([addressed()])[0].failed
    assert driver(fake).send([addressed()])[0].failed
    assert caplog.messages == [
        "text messages were not taken: ReadTimeout",
        "text messages were not taken: ConnectError",
    ]


# ── once ─────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("fault", ["drop", 500])
def test_a_notice_whose_answer_was_lost_is_found_and_not_sent_again(
    fake: FakeSolapi, fault: int | str
) -> None:
    fake.faults, fake.takes_all_the_same = [fault], True
    each = addressed()
    assert driver(fake).send([each])[0].failed
    (message_id,) = fake.messages
    assert driver(fake).send([again(each)]) == [Delivery(7, f"solapi/{message_id}", None)]
    fake.becomes("4000")
    (delivery,) = driver(fake).send([again(again(each))])
    assert delivery.delivered_on == seoul_day(now())
    assert len(fake.messages) == 1


def test_what_was_sent_is_found_among_many_to_the_same_number(fake: FakeSolapi) -> None:
    fake.page = 2
    each = addressed(7)
    driver(fake).send([addressed(1), addressed(2), addressed(3), addressed(4), each])
    driver(fake).send([again(each)])
    assert len(fake.messages) == 5


def test_a_notice_that_cannot_be_looked_for_is_not_sent_while_new_ones_are(fake: FakeSolapi) -> None:
    fake.faults = [500]
    deliveries = driver(fake).send([addressed(1, tries=2), addressed(2, tries=3), addressed(3)])
    assert [(each.notice_id, each.failed) for each in deliveries] == [(1, True), (2, True), (3, False)]
    assert [each["customFields"]["notice"] for each in fake.messages.values()] == ["3"]


def test_a_message_that_failed_is_sent_anew(fake: FakeSolapi) -> None:
    each = addressed()
    driver(fake).send([each])
    fake.becomes("3042")
    (delivery,) = driver(fake).send([again(each)])
    assert delivery.reference == f"solapi/{list(fake.messages)[1]}"


def test_of_a_notice_in_parts_only_what_is_missing_is_sent_again(fake: FakeSolapi) -> None:
    each = addressed(text="한 줄이에요.\n" * 300)
    fake.refuses = lambda message: "1030" if message["customFields"]["part"].startswith("2/") else ""
    assert driver(fake).send([each])[0].failed
    fake.refuses = lambda _: ""
    (delivery,) = driver(fake).send([again(each)])
    assert not delivery.failed
    assert sorted(message["customFields"]["part"] for message in fake.messages.values()) == ["1/2", "2/2"]
    ordered = [fake.messages[one]["customFields"]["part"] for one in delivery.reference[7:].split()]
    assert ordered == ["1/2", "2/2"]


# ── receipts ─────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("code", ["2000", "3000"])
def test_what_is_on_its_way_has_no_receipt_for_three_days_and_then_has_failed(
    fake: FakeSolapi, code: str
) -> None:
    each = addressed()
    (delivery,) = driver(fake).send([each])
    fake.becomes(code)
    notice = handed_over(each, delivery)
    assert driver(fake).receipts([notice]) == []
    much_later = driver(fake, clock=lambda: now() + timedelta(days=3, minutes=1))
    assert much_later.receipts([notice]) == [Delivery(7, delivery.reference, None, failed=True)]


def test_a_message_counts_on_the_day_in_seoul_on_which_it_was_received(fake: FakeSolapi) -> None:
    each = addressed()
    (delivery,) = driver(fake).send([each])
    fake.becomes("4000", dateReceived="2026-03-04T15:30:00.000Z")
    assert driver(fake).receipts([handed_over(each, delivery)]) == [
        Delivery(7, delivery.reference, date(2026, 3, 5))
    ]


def test_many_are_asked_after_in_pages_and_a_fault_leaves_the_rest_for_later(fake: FakeSolapi) -> None:
    many = [addressed(number) for number in range(1, 121)]
    fake.page = 50
    deliveries = driver(fake).send(many)
    fake.becomes("4000")
    notices = [handed_over(*both) for both in zip(many, deliveries, strict=True)]
    assert len(driver(fake).receipts(notices)) == 120
    fake.requests.clear()
    driver(fake).receipts(notices)
    assert len(fake.requests) == 3
    fake.faults = [429]
    assert driver(fake).receipts(notices) == []


# ── receipts that are pushed ─────────────────────────────────────────────────────────────────────────────
def pushed(code: str, **told: Any) -> dict[str, Any]:
    own = {"notice": "7", "part": "1/1"}
    data = {"messageId": "M1", "statusCode": code, "type": "SMS", "customFields": own, **told}
    return {"eventDataId": "E1", "data": data}


def test_a_pushed_report_tells_of_the_notice_it_bears() -> None:
    at = datetime(2026, 3, 5, 3, tzinfo=UTC)
    payload = [
        pushed("4000", dateReceived="2026-03-04T15:30:00Z"),
        pushed("3042", messageId="M2"),
        pushed("3000"),
        pushed("3104", type="ATA"),
        pushed("4000", customFields={"notice": "7", "part": "1/2"}),
        pushed("4000", customFields=None),
        pushed("4000", customFields={"notice": "9" * 30, "part": "1/1"}),
        pushed("TEST1000"),
        {"messageId": "M3", "statusCode": "4000", "customFields": {"notice": "8", "part": "1/1"}},
        pushed("4000", messageId="M4", dateReceived="2026-03-09T15:30:00Z"),
    ]
    assert receipts_in(payload, at) == [
        Delivery(7, "solapi/M1", date(2026, 3, 5)),
        Delivery(7, "solapi/M2", None, failed=True),
        Delivery(8, "solapi/M3", date(2026, 3, 5)),
        Delivery(7, "solapi/M4", date(2026, 3, 5)),
    ]


@pytest.mark.parametrize("payload", [None, {}, "x", [1], [{"data": []}], [[]]])
def test_a_body_that_is_no_list_of_reports_is_bad_input(payload: object) -> None:
    with pytest.raises(BadInputError):
        receipts_in(payload, now())


def test_a_push_is_theirs_by_the_secret_alone() -> None:
    right = hashlib.sha1(b"shared", usedforsecurity=False).hexdigest()
    assert is_pushed_by_solapi(right, "shared")
    assert is_pushed_by_solapi(right.upper(), "shared")
    for header, secret in ((right, "other"), (right, None), (right, ""), (None, "shared"), ("", "shared")):
        assert not is_pushed_by_solapi(header, secret)
    assert not is_pushed_by_solapi("비밀", "shared")
