"""Key file: where master keys and the index secret are kept; read strictly, changed whole or not at all."""

import base64
import os
import re
import tomllib
from dataclasses import replace
from pathlib import Path

from carrierbill.domain.errors import BadInputError
from carrierbill.domain.saying import Saying
from carrierbill.settings import PREFIX
from carrierbill.storage.private_file import PrivateFile, put_text
from carrierbill.storage.sealed import KEY_BYTES, Keys, id_of

NAMES = {"current", "index_id", "index_secret", "master_keys"}
KEY_ID = re.compile("[0-9a-f]{8}")


class KeyFile:
    """A TOML file, its owner's alone; BadInputError says what is wrong with it, never what is in it."""

    def __init__(self, path: Path) -> None:
        """Only the place; nothing is read yet."""
        self.path = path
        self._file = PrivateFile(path, self._fault, missing="no_file", taken="exists")

    def create(self) -> Keys:
        """A new file with one master key and an index secret; one that exists is never written over."""
        master = os.urandom(KEY_BYTES)
        keys = Keys(id_of(master), {id_of(master): master}, os.urandom(KEY_BYTES))
        with self._file.changing() as place:
            put_text(place, _as_toml(keys), os.link, owner_of=place.parent)
        return keys

    def read(self) -> Keys:
        """The keys; every fault of the file is refused with what would be right."""
        return self._keys_in(self._file.read())

    def add_master_key(self) -> Keys:
        """The keys with a new current one; those before it still open what they wrapped."""
        with self._file.changing() as place:
            keys, master = self.read(), os.urandom(KEY_BYTES)
            masters = {**keys.master_keys, id_of(master): master}
            keys = replace(keys, current=id_of(master), master_keys=masters)
            put_text(place, _as_toml(keys), os.replace, owner_of=place)
        return keys

    def drop_master_key(self, key_id: str) -> Keys:
        """The keys without an old one; what is still wrapped under it is lost, so first wrap all anew."""
        with self._file.changing() as place:
            keys = self.read()
            if key_id not in keys.master_keys:
                raise self._fault("drop_unknown", known=", ".join(keys.master_keys))
            if key_id == keys.current:
                raise self._fault("drop_current", key=key_id)
            left = {one: key for one, key in keys.master_keys.items() if one != key_id}
            keys = replace(keys, master_keys=left)
            put_text(place, _as_toml(keys), os.replace, owner_of=place)
        return keys

    def _fault(self, what: str, **values: str) -> BadInputError:
        reason = Saying(f"keys.{what}", {"file": str(self.path), **values})
        return BadInputError(f"{PREFIX}KEYS_FILE", reason)

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
