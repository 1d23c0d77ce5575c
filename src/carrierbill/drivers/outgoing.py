"""Outgoing: each notice goes the way that is set for its channel, else into the files of the day."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

from carrierbill.domain.errors import BadInputError
from carrierbill.domain.notice import Channel, Notice
from carrierbill.domain.saying import Saying
from carrierbill.drivers.mail import Letters, Mailbox
from carrierbill.drivers.notices import FileNotices
from carrierbill.drivers.solapi import Account, Solapi
from carrierbill.drivers.text_messages import REFERENCE, Kakao, Sender, TextMessages, subject_of
from carrierbill.services.ports import Addressed, Delivery, NoticeDriver
from carrierbill.settings import PREFIX, Settings
from carrierbill.texts.load import read_texts


class OutgoingNotices:
    """Sends each notice by its channel's own way; where there is none, files take it."""

    def __init__(
        self, files: NoticeDriver, *, texts: TextMessages | None = None, letters: Letters | None = None
    ) -> None:
        """Know the ways there are."""
        self._files, self._texts, self._letters = files, texts, letters

    def send(self, notices: Sequence[Addressed]) -> list[Delivery]:
        """Hand over, each way all of its own at a time; answered in the order given."""
        ways: dict[NoticeDriver, list[Addressed]] = {}
        for each in notices:
            ways.setdefault(self._way_of(each.notice), []).append(each)
        deliveries = {
            delivery.notice_id: delivery for way, some in ways.items() for delivery in way.send(some)
        }
        return [deliveries[each.notice.id] for each in notices if each.notice.id in deliveries]

    def receipts(self, notices: Sequence[Notice]) -> list[Delivery]:
        """What is known by now of text messages that were handed over; of letters nobody tells."""
        if self._texts is None:
            return []
        ours = [each for each in notices if each.reference.startswith(REFERENCE)]
        return self._texts.receipts(ours) if ours else []

    def _way_of(self, notice: Notice) -> NoticeDriver:
        own: Mapping[Channel, NoticeDriver | None] = {
            Channel.SMS: self._texts,
            Channel.LETTER: self._letters,
        }
        return own[notice.channel] or self._files


def outgoing_notices(
    settings: Settings,
    folder: Path,
    *,
    today: Callable[[], date],
    masked: Callable[[str], str],
    demo: bool = False,
) -> OutgoingNotices:
    """The ways that are set; of a demo, whose people are nobody, everything goes into files.

    Raises BadInputError where the templates for Alimtalk cannot be read.
    """
    files = FileNotices(folder, today, masked)
    if demo:
        return OutgoingNotices(files)
    return OutgoingNotices(files, texts=_texts(settings), letters=_letters(settings))


def _texts(settings: Settings) -> TextMessages | None:
    if settings.sms_api_key is None or settings.sms_api_secret is None or settings.sms_from is None:
        return None
    account = Account(settings.sms_api_key, settings.sms_api_secret, settings.sms_url)
    sender = Sender(settings.sms_from, subject_of(read_texts()), _kakao(settings))
    return TextMessages(Solapi(account), sender)


def _kakao(settings: Settings) -> Kakao | None:
    file = settings.sms_kakao_templates
    if settings.sms_kakao_pf_id is None or file is None:
        return None
    try:
        templates = tomllib.loads(file.read_text(encoding="utf-8")).get("templates")
    except (OSError, ValueError):
        templates = None
    if not isinstance(templates, dict) or not all(isinstance(each, str) for each in templates.values()):
        raise BadInputError(f"{PREFIX}SMS_KAKAO_TEMPLATES", Saying("bad_input.templates"))
    return Kakao(settings.sms_kakao_pf_id, templates)


def _letters(settings: Settings) -> Letters | None:
    if settings.smtp_host is None or settings.smtp_from is None or settings.smtp_to is None:
        return None
    return Letters(
        Mailbox(
            settings.smtp_host,
            settings.smtp_from,
            settings.smtp_to,
            port=settings.smtp_port,
            tls=settings.smtp_tls,
            user=settings.smtp_user,
            password=settings.smtp_password,
            trusted=settings.smtp_ca_file,
        )
    )
