"""Settings: from the environment and one TOML file, checked before anything starts."""

import errno
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
