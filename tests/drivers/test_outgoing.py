"""Each notice goes the way that is set for it, and what a notice announces waits for its receipt."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from books import Books
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.notice import Channel, Notice, NoticeState
from carrierbill.drivers.mail import Letters
from carrierbill.drivers.notices import FileNotices
from carrierbill.drivers.outgoing import OutgoingNotices, outgoing_notices
from carrierbill.drivers.solapi import Account, Solapi
from carrierbill.drivers.text_messages import Sender, TextMessages, receipts_in
from carrierbill.services.follow_notices import Followed, follow_up, take_receipts
from carrierbill.services.ports import Addressed, Delivery
from carrierbill.services.send_notices import RecordDelivery
from carrierbill.settings import Settings, read_settings
from carrierbill.storage.sealed import masked_number
from fake_solapi import FakeSolapi, served
from working_days import GUIDE, WorkingDays

DAY = date(2026, 3, 2)
SMS = {
    "CARRIERBILL_SMS_API_KEY": "K",
    "CARRIERBILL_SMS_API_SECRET": "S",
    "CARRIERBILL_SMS_FROM": "02-1234-5678",
}
SMTP = {
    "CARRIERBILL_SMTP_HOST": "mail.example",
    "CARRIERBILL_SMTP_FROM": "letters@carrier.example",
    "CARRIERBILL_SMTP_TO": "print@post.example",
}


def addressed(notice_id: int, channel: Channel) -> Addressed:
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    notice = Notice(notice_id, 1, 1, "reminder", "notice.reminder", channel, at, at, tries=1)
    return Addressed(notice, "+821012345678", {"ko": "안녕", "en": "hello"})


class Way:
    """Takes what it is given, and says so."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.taken: list[int] = []

    def send(self, notices: Sequence[Addressed]) -> list[Delivery]:
        self.taken += [each.notice.id for each in notices]
        return [Delivery(each.notice.id, self.name, None) for each in notices]

    def receipts(self, notices: Sequence[Notice]) -> list[Delivery]:
        return [Delivery(each.id, each.reference, DAY) for each in notices]


def built(settings: Settings, folder: Path, *, demo: bool = False) -> OutgoingNotices:
    return outgoing_notices(settings, folder, today=lambda: DAY, masked=masked_number, demo=demo)


def ways(outgoing: OutgoingNotices) -> tuple[bool, bool]:
    """Whether text messages and letters have a way of their own."""
    return isinstance(outgoing._texts, TextMessages), isinstance(outgoing._letters, Letters)  # noqa: SLF001


# ── which way ────────────────────────────────────────────────────────────────────────────────────────────
def test_text_messages_and_letters_go_their_own_ways_and_are_answered_in_order() -> None:
    files, texts, letters = Way("files"), Way("solapi/1"), Way("mail/1")
    outgoing: Any = OutgoingNotices(files, texts=texts, letters=letters)  # type: ignore[arg-type]  # stand-ins
    both = [addressed(1, Channel.LETTER), addressed(2, Channel.SMS), addressed(3, Channel.LETTER)]
    assert [(each.notice_id, each.reference) for each in outgoing.send(both)] == [
        (1, "mail/1"),
        (2, "solapi/1"),
        (3, "mail/1"),
    ]
    assert (files.taken, texts.taken, letters.taken) == ([], [2], [1, 3])


def test_what_has_no_way_of_its_own_goes_into_files(tmp_path: Path) -> None:
    files, texts = FileNotices(tmp_path, lambda: DAY, masked_number), Way("solapi/1")
    outgoing: Any = OutgoingNotices(files, texts=texts)  # type: ignore[arg-type]  # a stand-in
    outgoing.send([addressed(1, Channel.LETTER), addressed(2, Channel.SMS)])
    assert texts.taken == [2]
    assert '"id": 1' in (tmp_path / "notices-2026-03-02.jsonl").read_text(encoding="utf-8")


def test_only_of_messages_it_took_solapi_is_asked() -> None:
    texts = Way("solapi/1")
    outgoing: Any = OutgoingNotices(Way("files"), texts=texts)  # type: ignore[arg-type]  # a stand-in
    at = datetime(2026, 3, 2, tzinfo=UTC)
    made = [
        Notice(number, 1, 1, "reminder", "k", Channel.SMS, at, at, reference=reference)
        for number, reference in ((1, "solapi/M1"), (2, "file/2"), (3, "demo/3"))
    ]
    assert [each.notice_id for each in outgoing.receipts(made)] == [1]
    assert OutgoingNotices(Way("files")).receipts(made) == []


@pytest.mark.parametrize(
    ("environment", "expected"),
    [({}, (False, False)), (SMS, (True, False)), (SMTP, (False, True)), (SMS | SMTP, (True, True))],
)
def test_the_settings_say_which_ways_there_are(
    tmp_path: Path, environment: dict[str, str], expected: tuple[bool, bool]
) -> None:
    assert ways(built(read_settings(environment), tmp_path)) == expected


def test_a_demo_sends_nothing_to_anybody_whatever_is_set(tmp_path: Path) -> None:
    assert ways(built(read_settings(SMS | SMTP), tmp_path, demo=True)) == (False, False)


@pytest.mark.parametrize("text", ["", "templates = 1", "[templates]\ncharge = 1", "x", "[other]\na = 'b'"])
def test_a_file_of_templates_that_says_nothing_stops_the_start(tmp_path: Path, text: str) -> None:
    file = tmp_path / "templates.toml"
    file.write_text(text, encoding="utf-8")
    kakao = {"CARRIERBILL_SMS_KAKAO_PF_ID": "P", "CARRIERBILL_SMS_KAKAO_TEMPLATES": str(file)}
    settings = read_settings(SMS | kakao)
    with pytest.raises(BadInputError) as fault:
        built(settings, tmp_path)
    assert fault.value.field == "CARRIERBILL_SMS_KAKAO_TEMPLATES"
    file.write_text('[templates]\ncharge = "KA01TP1"\n', encoding="utf-8")
    assert ways(built(settings, tmp_path)) == (True, False)


# ── what is announced waits for its receipt ──────────────────────────────────────────────────────────────
DUE_ON = date(2025, 9, 30)  # a Tuesday
SENT_ON, BLOCKED_ON = date(2025, 9, 29), date(2025, 10, 1)


@pytest.fixture
def fake() -> Iterator[FakeSolapi]:
    with served(FakeSolapi()) as fake:
        yield fake


@pytest.fixture
def days(book: Books, fake: FakeSolapi, tmp_path: Path) -> WorkingDays:
    """Days whose notices go out by the fake; it stands in their own time."""
    book.clock.to(date(2025, 9, 24))
    days = WorkingDays(book, GUIDE)
    solapi = Solapi(Account(fake.key, fake.secret, fake.url))
    texts = TextMessages(solapi, Sender("0212345678", "subject"), clock=book.clock)
    files = FileNotices(tmp_path, lambda: book.clock.day, masked_number)
    days.post = OutgoingNotices(files, texts=texts)  # type: ignore[assignment]  # another driver of the same port
    return days


def receive(fake: FakeSolapi, day: date) -> None:
    fake.becomes("4000", dateReceived=f"{day}T03:00:00Z")


def ask(days: WorkingDays) -> Followed:
    driver: Any = days.post
    return follow_up(days.book.db, driver, days.book.rules)


def test_a_block_starts_on_the_day_after_the_receipt_of_its_reminder_and_not_before(
    days: WorkingDays, fake: FakeSolapi
) -> None:
    line = days.book.line()
    days.bill(line, 50_000, DUE_ON)
    days.through(SENT_ON, BLOCKED_ON, line)
    (reminder,) = days.notices(line, "reminder")
    assert (reminder.state, reminder.delivered_on) == (NoticeState.SENT, None)
    fake.becomes("3000")
    assert ask(days) == Followed()
    assert "block_purchases" not in days.in_force(line)
    days.through(date(2025, 10, 2), date(2025, 10, 2), line)
    assert "block_purchases" not in days.in_force(line)
    receive(fake, date(2025, 10, 2))
    assert ask(days).delivered >= 1
    (reminder,) = days.notices(line, "reminder")
    assert (reminder.state, reminder.delivered_on) == (NoticeState.DELIVERED, date(2025, 10, 2))
    assert "block_purchases" not in days.in_force(line)
    days.work(date(2025, 10, 3), line)
    assert "block_purchases" in days.in_force(line)


def test_a_message_that_did_not_arrive_is_sent_again_and_counts_when_that_one_does(
    days: WorkingDays, fake: FakeSolapi
) -> None:
    line = days.book.line()
    days.bill(line, 50_000, DUE_ON)
    days.through(SENT_ON, SENT_ON, line)
    fake.becomes("3042")
    assert ask(days).failed == 1
    (reminder,) = days.notices(line, "reminder")
    assert (reminder.state, reminder.reference) == (NoticeState.QUEUED, "")
    days.send(13)
    assert len(fake.messages) == 2
    receive(fake, SENT_ON)
    fake.messages[next(iter(fake.messages))]["statusCode"] = "3042"
    assert ask(days) == Followed(delivered=1)
    days.through(DUE_ON, BLOCKED_ON, line)
    assert "block_purchases" in days.in_force(line)


def test_a_receipt_that_is_pushed_is_taken_once_and_one_of_an_earlier_try_never(
    days: WorkingDays, fake: FakeSolapi
) -> None:
    line = days.book.line()
    days.bill(line, 50_000, DUE_ON)
    days.through(SENT_ON, SENT_ON, line)
    ((message_id, message),) = fake.messages.items()
    push = {**message, "statusCode": "4000", "dateReceived": f"{SENT_ON}T03:00:00Z"}
    stale = {**push, "messageId": "M4VEARLIER", "statusCode": "3042"}
    forged = {**push, "customFields": {"notice": "999999", "part": "1/1"}}
    payload = [{"data": each} for each in (stale, forged, push, push)]
    commands = [RecordDelivery(told) for told in receipts_in(payload, days.book.clock())]
    outcomes = days.book.decide(take_receipts, *commands)
    assert [each.state for each in outcomes] == ["unknown", "unknown", "delivered", "delivered"]
    (reminder,) = days.notices(line, "reminder")
    assert (reminder.reference, reminder.delivered_on) == (f"solapi/{message_id}", SENT_ON)
    (late,) = days.book.decide(take_receipts, commands[0])
    assert late.state == "unknown"


def test_a_holder_who_cannot_be_reached_is_tried_six_times_and_then_given_up(
    days: WorkingDays, fake: FakeSolapi
) -> None:
    line = days.book.line()
    days.bill(line, 50_000, DUE_ON)
    fake.faults = [500] * 20
    for day in range(29, 31):
        days.through(date(2025, 9, day), date(2025, 9, day), line)
        for hour in range(13, 21):
            days.send(hour)
    for day in range(1, 4):
        days.book.clock.to(date(2025, 10, day), 9)
        days.send(10)
    (reminder,) = days.notices(line, "reminder")
    assert (reminder.state, reminder.tries) == (NoticeState.FAILED, 6)
    assert fake.messages == {}
