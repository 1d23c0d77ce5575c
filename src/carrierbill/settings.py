"""Settings: from the environment and one TOML file, checked before anything starts."""

import errno
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from carrierbill.domain.errors import BadInputError
from carrierbill.domain.saying import Saying

PREFIX = "CARRIERBILL_"
MOST_PORT = 65_535
SQLITE = "sqlite:///"
MODES = ("sync", "async")
MOST_COUNT = 1_000_000
DATABASES = (SQLITE, "postgresql://")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a start may be told; `rules` None means none was named, and answers then use the guide.

    `database_url` None is a SQLite file in the data folder, and `keys_file` None lies beside it.
    """

    rules: str | None = None
    policies: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    database_url: str | None = None
    keys_file: Path | None = None
    mode: str = "sync"
    async_delay_s: float = 1
    rate_limit: int = 0
    max_matching: int = 0
    sink_private: bool = False
    sink_ca_file: Path | None = None
    oidc_issuer: str | None = None
    sms_api_key: str | None = field(default=None, repr=False)
    sms_api_secret: str | None = field(default=None, repr=False)
    sms_from: str | None = None
    sms_url: str = "https://api.solapi.com"
    sms_kakao_pf_id: str | None = None
    sms_kakao_templates: Path | None = None
    sms_receipts_secret: str | None = field(default=None, repr=False)
    smtp_host: str | None = None
    smtp_port: int | None = None
    smtp_tls: str = "starttls"
    smtp_user: str | None = None
    smtp_password: str | None = field(default=None, repr=False)
    smtp_from: str | None = None
    smtp_to: str | None = None
    smtp_ca_file: Path | None = None


def _text(given: object) -> str:
    if not isinstance(given, str) or not given.strip():
        raise ValueError(given)
    return given.strip()


def _folder(given: object) -> Path:
    folder = Path(_text(given)).expanduser()
    if not folder.is_dir():
        raise ValueError(given)
    return folder


def _port(given: object) -> int:
    port = int(given) if isinstance(given, str) and given.isascii() and given.isdigit() else given
    if not isinstance(port, int) or isinstance(port, bool) or not 0 <= port <= MOST_PORT:
        raise ValueError(given)
    return port


def _database_url(given: object) -> str:
    url = _text(given)
    # Whether all of it can be read is found out when it is opened; a start is not kept waiting for that.
    if not url.startswith(DATABASES) or url.endswith(":memory:"):
        raise ValueError(given)
    return url


def _file(given: object) -> Path:
    return Path(_text(given)).expanduser()


def _mode(given: object) -> str:
    if given not in MODES:
        raise ValueError(given)
    return str(given)


def _count(given: object) -> int:
    count = int(given) if isinstance(given, str) and given.isascii() and given.isdigit() else given
    if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= MOST_COUNT:
        raise ValueError(given)
    return count


def _seconds(given: object) -> float:
    if isinstance(given, bool) or not isinstance(given, (str, int, float)):
        raise ValueError(given)  # noqa: TRY004  # a bad setting is a ValueError here
    seconds = float(given)
    if not 0 <= seconds <= MOST_COUNT:
        raise ValueError(given)
    return seconds


def _switch(given: object) -> bool:
    if given in ("0", 0, False):
        return False
    if given in ("1", 1, True):
        return True
    raise ValueError(given)


def _present_file(given: object) -> Path:
    file = _file(given)
    if not file.is_file():
        raise ValueError(given)
    return file


def _https(given: object) -> str:
    url = _text(given)
    if not url.startswith("https://"):
        raise ValueError(given)
    return url.rstrip("/")


def _https_or_here(given: object) -> str:
    """An https address; plain http on this machine alone."""
    url = _text(given)
    return url.rstrip("/") if HERE.match(url) else _https(url)


def _tls(given: object) -> str:
    if given not in TLS:
        raise ValueError(given)
    return str(given)


def _sender(given: object) -> str:
    number = _text(given).replace("-", "")
    if not SENDER.fullmatch(number):
        raise ValueError(given)
    return number


def _mailbox(given: object) -> str:
    mailbox = _text(given)
    if not MAILBOX.fullmatch(mailbox):
        raise ValueError(given)
    return mailbox


TLS = ("starttls", "implicit")
HERE = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/|$)")
SENDER = re.compile(r"[01][0-9]{7,10}")
MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")
# Each setting's text key is `setting.<name>`: what it is and what would be right.
SETTINGS: Mapping[str, Callable[[object], object]] = {
    "RULES": _text,
    "POLICIES": _folder,
    "HOST": _text,
    "PORT": _port,
    "DATABASE_URL": _database_url,
    "KEYS_FILE": _file,
    "MODE": _mode,
    "ASYNC_DELAY_S": _seconds,
    "RATE_LIMIT": _count,
    "MAX_MATCHING": _count,
    "SINK_PRIVATE": _switch,
    "SINK_CA_FILE": _present_file,
    "OIDC_ISSUER": _https,
    "SMS_API_KEY": _text,
    "SMS_API_SECRET": _text,
    "SMS_FROM": _sender,
    "SMS_URL": _https_or_here,
    "SMS_KAKAO_PF_ID": _text,
    "SMS_KAKAO_TEMPLATES": _present_file,
    "SMS_RECEIPTS_SECRET": _text,
    "SMTP_HOST": _text,
    "SMTP_PORT": _port,
    "SMTP_TLS": _tls,
    "SMTP_USER": _text,
    "SMTP_PASSWORD": _text,
    "SMTP_FROM": _mailbox,
    "SMTP_TO": _mailbox,
    "SMTP_CA_FILE": _present_file,
}
# What says nothing without others: half a way out would leave notices unsent.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "SMS_API_KEY": ("SMS_API_SECRET", "SMS_FROM"),
    "SMS_API_SECRET": ("SMS_API_KEY",),
    "SMS_FROM": ("SMS_API_KEY",),
    "SMS_KAKAO_PF_ID": ("SMS_KAKAO_TEMPLATES", "SMS_API_KEY"),
    "SMS_KAKAO_TEMPLATES": ("SMS_KAKAO_PF_ID",),
    "SMTP_HOST": ("SMTP_FROM", "SMTP_TO"),
    "SMTP_FROM": ("SMTP_HOST",),
    "SMTP_TO": ("SMTP_HOST",),
    "SMTP_USER": ("SMTP_HOST", "SMTP_PASSWORD"),
    "SMTP_PASSWORD": ("SMTP_USER",),
}


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings of an environment; BadInputError names an unknown setting or a bad value."""
    given: dict[str, tuple[str, object]] = {}
    file = environment.get(f"{PREFIX}CONFIG")
    if file is not None:
        in_file = _read_file(Path(file)).items()
        given |= {name.upper(): (f"{file}: {name}", value) for name, value in in_file}
    for variable, text in environment.items():
        if variable.startswith(PREFIX) and variable.removeprefix(PREFIX) not in NOT_SETTINGS:
            given[variable.removeprefix(PREFIX)] = (variable, text)
    checked = {}
    for name, (place, value) in given.items():
        if name not in SETTINGS:
            raise BadInputError(place, Saying("bad_input.unknown_setting", {"known": ", ".join(SETTINGS)}))
        try:
            checked[name.lower()] = SETTINGS[name](value)
        except (ValueError, RuntimeError):  # the latter of a `~` that stands for no one's home
            raise BadInputError(place, Saying(f"setting.{name}")) from None
    for name, others in NEEDS.items():
        missing = next((other for other in others if name in given and other not in given), None)
        if missing:
            raise BadInputError(f"{PREFIX}{missing}", Saying("bad_input.setting_needed", {"by": name}))
    return Settings(**checked)  # type: ignore[arg-type]  # each reader above returns its field's type


def data_folder() -> Path:
    """The user's data folder for carrierbill (XDG base directories); it may not exist yet.

    Raises BadInputError where it lies in the home of a user who has none.
    """
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    try:
        return Path(base).expanduser() / "carrierbill"
    except RuntimeError as error:
        reason = Saying("bad_use.data_folder", {"folder": base, "why": str(error)})
        raise BadInputError("XDG_DATA_HOME", reason) from None


def database_url(settings: Settings) -> str:
    """The database that is named, else a SQLite file in the data folder."""
    return settings.database_url or f"{SQLITE}{data_folder() / 'carrierbill.db'}"


def has_database(settings: Settings) -> bool:
    """Whether a database is named, or there is one in the data folder."""
    return settings.database_url is not None or (data_folder() / "carrierbill.db").exists()


def keys_path(settings: Settings) -> Path:
    """The key file that is named, else one in the data folder; BadInputError where it has to be named."""
    if settings.keys_file is not None:
        return settings.keys_file
    if not database_url(settings).startswith(SQLITE):
        raise BadInputError(f"{PREFIX}KEYS_FILE", Saying("keys.unnamed"))
    return data_folder() / "keys.toml"


def heads_file() -> Path:
    """Where the heads of the chains are printed, outside of any database."""
    return data_folder() / "heads.log"


def outgoing_folder() -> Path:
    """Where files for the outside world are put; they grow old with the records they tell of."""
    return data_folder() / "outgoing"


# CONFIG names the file itself.
NOT_SETTINGS = ("CONFIG",)


def _read_file(file: Path) -> Mapping[str, object]:
    if file.exists() and not file.is_file():
        # A device may never come to its end.
        why = os.strerror(errno.EINVAL)
        reason = Saying("bad_input.config_file", {"file": str(file), "why": why})
        raise BadInputError(f"{PREFIX}CONFIG", reason)
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = Saying("bad_input.config_file", {"file": str(file), "why": str(error)})
        raise BadInputError(f"{PREFIX}CONFIG", reason) from None
