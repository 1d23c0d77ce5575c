"""Key file: where master keys and the index secret are kept; read strictly, changed whole or not at all."""

import base64
import errno
import fcntl
import os
import re
import stat
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from carrierbill.domain.errors import BadInputError
from carrierbill.domain.saying import Saying
from carrierbill.settings import PREFIX
from carrierbill.storage.sealed import KEY_BYTES, Keys, id_of

NAMES = {"current", "index_id", "index_secret", "master_keys"}
KEY_ID = re.compile("[0-9a-f]{8}")
BYTES_AT_MOST = 65_536
OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyFile:
    """A TOML file, its owner's alone; BadInputError says what is wrong with it, never what is in it."""

    def __init__(self, path: Path) -> None:
        """Only the place; nothing is read yet."""
        self.path = path

    def create(self) -> Keys:
        """A new file with one master key and an index secret; one that exists is never written over."""
        master = os.urandom(KEY_BYTES)
        keys = Keys(id_of(master), {id_of(master): master}, os.urandom(KEY_BYTES))
        with self._changing() as place:
            _write(place, keys, os.link)
        return keys

    def read(self) -> Keys:
        """The keys; every fault of the file is refused with what would be right."""
        try:
            found = self.path.stat()
            if not stat.S_ISREG(found.st_mode):
                # A pipe or a device may never come to its end.
                raise self._fault("unreadable", why=os.strerror(errno.EINVAL))
            if found.st_mode & OTHERS:
                raise self._fault("open_to_others", mode=f"{stat.S_IMODE(found.st_mode):04o}")
            with self.path.open("rb") as file:
                written = file.read(BYTES_AT_MOST)
        except FileNotFoundError:
            raise self._fault("no_file") from None
        except OSError as error:
            raise self._fault("unreadable", why=error.strerror or "") from None
        return self._keys_in(written)

    def add_master_key(self) -> Keys:
        """The keys with a new current one; those before it still open what they wrapped."""
        with self._changing() as place:
            keys, master = self.read(), os.urandom(KEY_BYTES)
            masters = {**keys.master_keys, id_of(master): master}
            keys = replace(keys, current=id_of(master), master_keys=masters)
            _write(place, keys, os.replace)
        return keys

    def drop_master_key(self, key_id: str) -> Keys:
        """The keys without an old one; what is still wrapped under it is lost, so first wrap all anew."""
        with self._changing() as place:
            keys = self.read()
            if key_id not in keys.master_keys:
                raise self._fault("drop_unknown", known=", ".join(keys.master_keys))
            if key_id == keys.current:
                raise self._fault("drop_current", key=key_id)
            left = {one: key for one, key in keys.master_keys.items() if one != key_id}
            keys = replace(keys, master_keys=left)
            _write(place, keys, os.replace)
        return keys

    def _fault(self, what: str, **values: str) -> BadInputError:
        reason = Saying(f"keys.{what}", {"file": str(self.path), **values})
        return BadInputError(f"{PREFIX}KEYS_FILE", reason)

    @contextmanager
    def _changing(self) -> Iterator[Path]:
        """The file itself, behind links, while its folder is locked: two changes at once would lose a key."""
        place = Path(os.path.realpath(self.path))
        try:
            folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(folder, fcntl.LOCK_EX)
                yield place
                os.fsync(folder)
            finally:
                os.close(folder)
        except FileExistsError:
            raise self._fault("exists") from None
        except OSError as error:
            raise self._fault("unwritable", why=error.strerror or "") from None

    def _keys_in(self, written: bytes) -> Keys:
        try:
            table = tomllib.loads(written.decode())
        except (ValueError, RecursionError):  # whose own words might repeat a key
            raise self._fault("malformed") from None
        masters = table.get("master_keys")
        if set(table) != NAMES or not isinstance(masters, dict) or not all(map(KEY_ID.fullmatch, masters)):
            raise self._fault("malformed")
        by_id = {key_id: self._key(f"master_keys.{key_id}", key_id, masters[key_id]) for key_id in masters}
        index_secret = self._key("index_secret", table["index_id"], table["index_secret"])
        current = str(table["current"])
        if current not in by_id:
            raise self._fault("unknown_current", known=", ".join(by_id))
        return Keys(current, by_id, index_secret)

    def _key(self, name: str, key_id: object, written: object) -> bytes:
        try:
            key = base64.b64decode(str(written), validate=True)
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:
            raise self._fault("wrong_length", key=name)
        if id_of(key) != key_id:
            raise self._fault("damaged", key=name)
        return key


def _write(place: Path, keys: Keys, put: Callable[[str, Path], None]) -> None:
    """Write beside the place, safe on disk, then put it there: linked (never over another) or replaced."""
    handle, beside = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            if place.exists():
                # Root may turn the keys; the service that reads them stays their owner.
                os.fchown(handle, place.stat().st_uid, -1)
            file.write(_as_toml(keys))
            file.flush()
            os.fsync(handle)
        put(beside, place)
    finally:
        Path(beside).unlink(missing_ok=True)


def _as_toml(keys: Keys) -> str:
    def written(key: bytes) -> str:
        return f'"{base64.b64encode(key).decode()}"'

    lines = [
        f'current = "{keys.current}"',
        f'index_id = "{keys.index_id}"',
        f"index_secret = {written(keys.index_secret)}",
        "",
        "[master_keys]",
        *(f"{key_id} = {written(key)}" for key_id, key in keys.master_keys.items()),
    ]
    return "\n".join(lines) + "\n"
