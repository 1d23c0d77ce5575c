"""At hand: the records of one kind that a unit of work has read or is going to write."""

from operator import attrgetter
from typing import Any

from carrierbill.domain.line import Holder
from carrierbill.storage.records import Layout


class AtHand:
    """The records of one kind at hand, by key and by holder; which are new, which changed, which are gone."""

    __slots__ = ("_by_holder", "_holder_of", "changed", "gone", "kept", "key_of", "layout", "new")

    def __init__(self, kind: type, layout: Layout) -> None:
        """Begin with none."""
        self.layout, self.key_of = layout, layout.key_of
        self.kept: dict[Any, Any] = {}
        self.new: dict[Any, None] = {}
        self.changed: dict[Any, None] = {}
        # Removed ones, as they last were.
        self.gone: dict[Any, Any] = {}
        names = {field.name for field in layout.columns}
        holder = "id" if kind is Holder else "holder_id" if "holder_id" in names else None
        self._holder_of = attrgetter(holder) if holder else None
        # Keys by holder, from when the first one is asked for.
        self._by_holder: dict[int, dict[Any, None]] | None = None

    def of_holder(self, holder_id: int) -> list[Any]:
        """All of a holder's, in the order they came."""
        if self._by_holder is None:
            self._by_holder = {}
            for key, record in self.kept.items():
                self._note_holder(key, record)
        return [self.kept[key] for key in self._by_holder.get(holder_id, ())]

    def keep(self, key: object, record: object) -> None:
        """Take in a record."""
        self.kept[key] = record
        if self._by_holder is not None:
            self._note_holder(key, record)

    def _note_holder(self, key: object, record: object) -> None:
        if self._by_holder is not None and self._holder_of is not None:
            self._by_holder.setdefault(self._holder_of(record), {})[key] = None

    def forget(self, key: object) -> None:
        """Take back a new one."""
        del self.new[key]
        self.changed.pop(key, None)
        self._let_go(key)

    def remove(self, key: object) -> None:
        """Have one no more."""
        self.gone[key] = self.kept[key]
        self._let_go(key)

    def _let_go(self, key: object) -> None:
        record = self.kept.pop(key)
        if self._by_holder is not None and self._holder_of is not None:
            self._by_holder[self._holder_of(record)].pop(key, None)
