"""At hand: the records of one kind that a unit of work has read or is going to write."""

from operator import attrgetter
from typing import Any

from carrierbill.domain.line import Holder
from carrierbill.storage.records import Layout


class AtHand:
    """The records of one kind at hand, by key and by holder; which are new, which changed."""

    __slots__ = ("_holder_of", "by_holder", "changed", "kept", "layout", "new")

    def __init__(self, kind: type, layout: Layout) -> None:
        """Begin with none."""
        self.layout = layout
        self.kept: dict[Any, Any] = {}
        self.by_holder: dict[int, dict[Any, None]] = {}
        self.new: dict[Any, None] = {}
        self.changed: dict[Any, None] = {}
        names = {field.name for field in layout.columns}
        holder = "id" if kind is Holder else "holder_id" if "holder_id" in names else None
        self._holder_of = attrgetter(holder) if holder else None

    def keep(self, key: object, record: object) -> None:
        """Take in a record."""
        self.kept[key] = record
        if self._holder_of is not None:
            self.by_holder.setdefault(self._holder_of(record), {})[key] = None

    def forget(self, key: object) -> None:
        """Take back a new one."""
        record = self.kept.pop(key)
        del self.new[key]
        self.changed.pop(key, None)
        if self._holder_of is not None:
            self.by_holder[self._holder_of(record)].pop(key, None)
