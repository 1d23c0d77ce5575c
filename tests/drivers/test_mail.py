"""Letters go to the print house by SMTP, each under its own Message-ID, and never in the clear."""

import json
import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from socket import create_server
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from carrierbill.domain.dates import SEOUL
from carrierbill.domain.notice import Channel, Notice
from carrierbill.drivers import mail
from carrierbill.drivers.mail import Letters, Mailbox
from carrierbill.services.ports import Addressed, Delivery

RIGHT, WRONG = "sesame", "knock-knock"
AT = datetime(2026, 3, 2, 9, tzinfo=SEOUL)


def addressed(notice_id: int = 7, *, tries: int = 1) -> Addressed:
    notice = Notice(
        notice_id, 1, 1, "notice_letter", "notice.late", Channel.LETTER, AT, AT, sent_at=AT, tries=tries
    )
    said = {"ko": "소액결제 요금이 남아 있어요.", "en": "The bill is still unpaid."}
    return Addressed(notice, "+821012345678", said)


class PrintHouse:
    """Takes letters in, and refuses what it is told to."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.encrypted: list[bool] = []
        self.signed_in: list[bool] = []
        self.answers: list[str] = []

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802  # its name
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer.startswith("250") or answer == "drop":
            assert isinstance(envelope.content, bytes)
            letter = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(letter, EmailMessage)
            self.letters.append(letter)
            self.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
            self.signed_in.append(bool(session.authenticated))
        if answer == "drop":
            server.transport.abort()
        return answer


def checked(_server: Any, _session: Any, _envelope: Any, _how: str, given: Any) -> AuthResult:
    right = isinstance(given, LoginPassword) and (given.login, given.password) == (b"carrier", RIGHT.encode())
    return AuthResult(success=right, handled=False)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> Path:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return file


@contextmanager
def served(house: PrintHouse, authority: trustme.CA, *, tls: str = "starttls") -> Iterator[int]:
    """A mail server on a free port; its port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    ways: dict[str, dict[str, Any]] = {
        "starttls": {"tls_context": context, "require_starttls": True, "auth_require_tls": True},
        "implicit": {"ssl_context": context, "auth_require_tls": False},
        "none": {"auth_require_tls": False},
    }
    how = ways[tls]
    how["auth_required"] = tls == "starttls"
    controller = Controller(house, "localhost", 0, authenticator=checked, **how)
    # The port is chosen by the machine; the controller's own first try needs to know it beforehand.
    with create_server(("localhost", 0)) as free:
        controller.port = free.getsockname()[1]
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def letters(port: int, trusted: Path | None, **told: Any) -> Letters:
    box = Mailbox(
        "localhost",
        "letters@carrier.example",
        "print@post.example",
        port=port,
        user="carrier",
        password=RIGHT,
        trusted=trusted,
    )
    return Letters(replace(box, **told))


@pytest.fixture
def house() -> PrintHouse:
    return PrintHouse()


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_letter_is_handed_over_encrypted_in_both_languages_and_is_not_delivered_yet(
    house: PrintHouse, authority: trustme.CA, trusted: Path, tls: str
) -> None:
    with served(house, authority, tls=tls) as port:
        deliveries = letters(port, trusted, tls=tls).send([addressed(7), addressed(8)])
    assert deliveries == [
        Delivery(7, "mail/<notice-7@carrier.example>", None),
        Delivery(8, "mail/<notice-8@carrier.example>", None),
    ]
    assert house.signed_in == house.encrypted == [True, True]
    letter = house.letters[0]
    assert letter["Message-ID"] == "<notice-7@carrier.example>"
    assert (letter["From"], letter["To"]) == ("letters@carrier.example", "print@post.example")
    assert letter["Subject"] == "letter 7 notice_letter"
    korean, english, told = letter.iter_parts()
    assert isinstance(korean, EmailMessage)
    assert isinstance(english, EmailMessage)
    assert isinstance(told, EmailMessage)
    assert (korean["Content-Language"], english["Content-Language"]) == ("ko", "en")
    assert korean.get_content().strip() == "소액결제 요금이 남아 있어요."
    assert english.get_content().strip() == "The bill is still unpaid."
    assert json.loads(told.get_content()) == {"id": 7, "number": "+821012345678", "what": "notice_letter"}
    # Nothing about anybody where relays keep it: in a header.
    assert "1234" not in str(letter.items())


def test_a_letter_handed_over_again_bears_the_same_message_id_and_date(
    house: PrintHouse, authority: trustme.CA, trusted: Path
) -> None:
    with served(house, authority) as port:
        for tries in (1, 2):
            letters(port, trusted).send([addressed(7, tries=tries)])
    first, second = house.letters
    assert (first["Message-ID"], first["Date"]) == (second["Message-ID"], second["Date"])


def test_of_several_letters_one_that_is_refused_has_failed_alone(
    house: PrintHouse, authority: trustme.CA, trusted: Path, caplog: pytest.LogCaptureFixture
) -> None:
    house.answers = ["250 taken", "552 +821012345678 is too large", "250 taken"]
    with served(house, authority) as port:
        deliveries = letters(port, trusted).send([addressed(1), addressed(2), addressed(3)])
    assert [(each.notice_id, each.failed) for each in deliveries] == [(1, False), (2, True), (3, False)]
    assert [letter["Subject"] for letter in house.letters] == [
        "letter 1 notice_letter",
        "letter 3 notice_letter",
    ]
    assert [each.message for each in caplog.records if each.name == mail.__name__] == [
        "a letter was not taken: SMTPDataError 552"
    ]


def test_where_the_connection_is_lost_what_was_answered_stays_and_the_rest_is_tried_later(
    house: PrintHouse, authority: trustme.CA, trusted: Path
) -> None:
    house.answers = ["250 taken", "drop"]
    with served(house, authority) as port:
        deliveries = letters(port, trusted).send([addressed(1), addressed(2), addressed(3)])
        assert [(each.notice_id, each.failed) for each in deliveries] == [(1, False), (2, True), (3, True)]
        letters(port, trusted).send([addressed(2, tries=2), addressed(3, tries=2)])
    # The second was taken, and nobody knew: it comes again under the name it had.
    ids = [str(letter["Message-ID"]).partition("@")[0] for letter in house.letters]
    assert ids == ["<notice-1", "<notice-2", "<notice-2", "<notice-3"]


def test_a_server_that_offers_no_encryption_is_told_nothing(
    house: PrintHouse, authority: trustme.CA, trusted: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with served(house, authority, tls="none") as port:
        (delivery,) = letters(port, trusted).send([addressed()])
    assert delivery.failed
    assert house.letters == []
    assert "letters were not taken: SMTPNotSupportedError" in caplog.messages


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_server_nobody_vouches_for_is_told_nothing(
    house: PrintHouse, authority: trustme.CA, tls: str
) -> None:
    with served(house, authority, tls=tls) as port:
        (delivery,) = letters(port, None, tls=tls).send([addressed()])
    assert delivery.failed
    assert house.letters == []


def test_a_wrong_password_is_not_logged(
    house: PrintHouse, authority: trustme.CA, trusted: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="carrierbill")
    with served(house, authority) as port:
        (delivery,) = letters(port, trusted, password=WRONG).send([addressed()])
    assert delivery.failed
    own = [each.message for each in caplog.records if each.name == mail.__name__]
    assert own == ["letters were not taken: SMTPAuthenticationError 535"]
    assert WRONG not in repr(Mailbox("h", "a@b", "c@d", password=WRONG))


def test_a_server_that_is_not_there_or_says_nothing_leaves_all_for_later(
    trusted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "TIMEOUT_S", 0.2)
    with create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        (delivery,) = letters(port, trusted, host="127.0.0.1").send([addressed()])
        assert delivery.failed
    (delivery,) = letters(port, trusted, host="127.0.0.1").send([addressed()])
    assert delivery.failed
