"""Mail: letters go by SMTP to the house that prints and posts them, each under a Message-ID of its own."""

import json
import logging
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from carrierbill.services.ports import Addressed, Delivery
from carrierbill.texts.load import LANGUAGES

REFERENCE = "mail/"
TIMEOUT_S = 30
STARTTLS, IMPLICIT = "starttls", "implicit"
PORTS = {STARTTLS: 587, IMPLICIT: 465}
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mail server, how it is reached, and the addresses letters go from and to."""

    host: str
    sender: str
    receiver: str
    port: int | None = None
    tls: str = STARTTLS
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    trusted: Path | None = None


class Letters:
    """Hands letters to the print house: a mail for each, as docs/reference/files.md lays down.

    It is handed over, not delivered: when it arrives is not told to anybody, and policy says what is assumed.
    The same notice bears the same Message-ID again, by which the print house knows it.
    """

    def __init__(self, mailbox: Mailbox) -> None:
        """Know the server; nothing is connected yet."""
        self._mailbox = mailbox

    def send(self, notices: Sequence[Addressed]) -> list[Delivery]:
        """Hand over all in one connection; what is not taken has failed, and is tried again later."""
        taken: set[int] = set()
        try:
            with self._connected() as server:
                for addressed in notices:
                    if self._is_taken(addressed, server):
                        taken.add(addressed.notice.id)
        except (OSError, smtplib.SMTPException) as error:
            log.warning("letters were not taken: %s", _told(error))
        return [
            Delivery(each.notice.id, f"{REFERENCE}{self._message_id(each)}", None)
            if each.notice.id in taken
            else Delivery(each.notice.id, "", None, failed=True)
            for each in notices
        ]

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        box = self._mailbox
        port = box.port if box.port is not None else PORTS[box.tls]
        trust = ssl.create_default_context(cafile=str(box.trusted) if box.trusted else None)
        if box.tls == IMPLICIT:
            server: smtplib.SMTP = smtplib.SMTP_SSL(box.host, port, timeout=TIMEOUT_S, context=trust)
        else:
            server = smtplib.SMTP(box.host, port, timeout=TIMEOUT_S)
        try:
            if box.tls == STARTTLS:
                # Raises where the server offers none: nothing about anybody goes in the clear.
                server.starttls(context=trust)
            if box.user is not None:
                server.login(box.user, box.password or "")
            yield server
        finally:
            # What was taken is taken, even where the farewell fails.
            with suppress(OSError, smtplib.SMTPException):
                server.quit()

    def _is_taken(self, addressed: Addressed, server: smtplib.SMTP) -> bool:
        """Hand over one; a refusal of one leaves the others their chance, a lost connection does not."""
        try:
            server.send_message(self._letter(addressed))
        except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as error:
            log.warning("a letter was not taken: %s", _told(error))
            return False
        return True

    def _message_id(self, addressed: Addressed) -> str:
        domain = self._mailbox.sender.rpartition("@")[2]
        return f"<notice-{addressed.notice.id}@{domain}>"

    def _letter(self, addressed: Addressed) -> EmailMessage:
        """A part to be printed in each language, and one that programs read: for which line it is."""
        notice = addressed.notice
        letter = EmailMessage()
        letter["Message-ID"] = self._message_id(addressed)
        letter["Date"] = format_datetime(notice.sent_at or notice.created_at)
        letter["From"], letter["To"] = self._mailbox.sender, self._mailbox.receiver
        letter["Subject"] = f"letter {notice.id} {notice.what}"
        letter["Auto-Submitted"] = "auto-generated"
        letter.make_mixed()
        for language in LANGUAGES:
            letter.add_attachment(addressed.said[language], filename=f"{language}.txt")
            list(letter.iter_parts())[-1]["Content-Language"] = language
        told = {"id": notice.id, "number": addressed.number, "what": notice.what}
        letter.add_attachment(
            json.dumps(told).encode(), maintype="application", subtype="json", filename="letter.json"
        )
        return letter


def _told(error: Exception) -> str:
    """What went wrong, without what the server says: that may repeat what was sent."""
    code = getattr(error, "smtp_code", "")
    return f"{type(error).__name__} {code}".strip()
