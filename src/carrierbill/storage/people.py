"""People: the sealed part of the books, in the same transaction as the rest; fills the port `People`."""

from collections.abc import Callable, Iterable, Mapping

from carrierbill.domain.errors import SayableError
from carrierbill.domain.saying import Saying
from carrierbill.services.ports import Found
from carrierbill.storage.marks import MASTER_KEY
from carrierbill.storage.sealed import Keys, normalised_number
from carrierbill.storage.sql import Row, Session

PERSON_COLUMNS = ("holder_id", "wrapped_key", "name_sealed", "name_hash")
NUMBER_COLUMNS = ("line_id", "holder_id", "number_sealed", "number_hash", "tail_hash")


class KeysTurnedError(SayableError):
    """The master key was changed by another program while this one ran."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(Saying("keys.turned"))


class SealedPeople:
    """Who holders are and which numbers their lines have: sealed when told, unsealed when asked for."""

    def __init__(self, session: Session, keys: Keys, note: Callable[[str], None]) -> None:
        """Begin with nobody at hand; `note` is told of each row that is going to be written."""
        self._session, self._keys, self._note = session, keys, note
        self._wrapped: dict[int, bytes] = {}
        self._people: list[Row] = []
        self._numbers: list[Row] = []

    def enrol(self, holder_id: int, name: str) -> None:
        """Seal a new holder's name under a key of their own."""
        wrapped = self._wrapped[holder_id] = self._keys.new_holder_key(holder_id)
        sealed = self._keys.seal(holder_id, wrapped, "name", text=name)
        self._people.append((holder_id, wrapped, sealed, self._keys.name_hash(name)))
        self._note("people")

    def give_number(self, line_id: int, holder_id: int, number: str) -> None:
        """Seal a line's number under its holder's key; LookupError for a holder who is not enrolled."""
        written = normalised_number(number)
        sealed = self._keys.seal(holder_id, self._key_of(holder_id), f"number/{line_id}", text=written)
        hashes = (self._keys.number_hash(written), self._keys.tail_hash(written))
        self._numbers.append((line_id, holder_id, sealed, *hashes))
        self._note("numbers")

    def take_back(self, table: str) -> None:
        """Forget the row noted last for the table."""
        if table == "numbers":
            self._numbers.pop()
        else:
            self._wrapped.pop(self._people.pop()[0])

    def flush(self) -> None:
        """Write what was told; holders and lines are there by now."""
        if self._people:
            self._check_master_key()
        for table, columns, rows in (
            ("people", PERSON_COLUMNS, self._people),
            ("numbers", NUMBER_COLUMNS, self._numbers),
        ):
            if rows:
                self._session.append(table, columns, rows)

    def name_of(self, holder_id: int) -> str | None:
        """The holder's name; None when forgotten."""
        return self.names_of([holder_id]).get(holder_id)

    def number_of(self, line_id: int) -> str | None:
        """The line's number in E.164; None when forgotten."""
        return self.numbers_of([line_id]).get(line_id)

    def names_of(self, holder_ids: Iterable[int]) -> Mapping[int, str]:
        """The names of holders, those not forgotten."""
        wanted = set(holder_ids)
        rows = [row[:3] for row in self._people if row[0] in wanted]
        rows += self._select("SELECT holder_id, wrapped_key, name_sealed FROM people", "holder_id", wanted)
        return {
            holder_id: self._keys.unseal(holder_id, bytes(wrapped), "name", sealed=bytes(sealed))
            for holder_id, wrapped, sealed in rows
        }

    def numbers_of(self, line_ids: Iterable[int]) -> Mapping[int, str]:
        """The numbers of lines in E.164, those not forgotten."""
        wanted = set(line_ids)
        rows = [(row[0], row[1], self._wrapped[row[1]], row[2]) for row in self._numbers if row[0] in wanted]
        rows += self._select(
            "SELECT line_id, holder_id, wrapped_key, number_sealed"
            " FROM numbers JOIN people USING (holder_id)",
            "line_id",
            wanted,
        )
        return {
            line_id: self._keys.unseal(holder_id, bytes(wrapped), f"number/{line_id}", sealed=bytes(sealed))
            for line_id, holder_id, wrapped, sealed in rows
        }

    def find(self, *, number: str = "", tail: str = "", name: str = "") -> list[Found]:
        """The lines that fit all that is given, of what is written; nothing given fits none."""
        given = {
            "number_hash": self._keys.number_hash(number) if number else None,
            "tail_hash": self._keys.tail_hash(tail) if tail else None,
            "name_hash": self._keys.name_hash(name) if name else None,
        }
        asked = {column: value for column, value in given.items() if value is not None}
        if not asked:
            return []
        rows = self._session.rows(
            "SELECT line_id, holder_id FROM numbers JOIN people USING (holder_id) "  # noqa: S608  # names are ours
            f"WHERE {' AND '.join(f'{column} = ?' for column in asked)} ORDER BY line_id",
            list(asked.values()),
        )
        return [Found(line_id, holder_id) for line_id, holder_id in rows]

    def _check_master_key(self) -> None:
        """Wrap nobody's key under a master key that is being dropped; until we commit the mark stays."""
        lock = "" if self._session.on_sqlite else " FOR SHARE"
        marked = self._session.rows(f"SELECT value FROM marks WHERE name = ?{lock}", [MASTER_KEY])  # noqa: S608  # ours
        if any(key_id not in self._keys.master_keys for (key_id,) in marked):
            raise KeysTurnedError

    def _key_of(self, holder_id: int) -> bytes:
        if holder_id not in self._wrapped:
            found = self._select("SELECT wrapped_key FROM people", "holder_id", {holder_id})
            if not found:
                raise LookupError(holder_id)
            self._wrapped[holder_id] = bytes(found[0][0])
        return self._wrapped[holder_id]

    def _select(self, statement: str, column: str, wanted: set[int]) -> list[Row]:
        if not wanted:
            return []
        parts = self._session.any_of(column, sorted(wanted))
        return [
            row
            for condition, values in parts
            for row in self._session.rows(f"{statement} WHERE {condition}", values)
        ]
