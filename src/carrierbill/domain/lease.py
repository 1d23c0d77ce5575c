"""Lease: which worker does a job for now; whoever dies loses it when its time is over."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Lease:
    """A job by its name, who does it, and until when nobody else does."""

    name: str
    owner: str
    until: datetime

    def is_free(self, owner: str, now: datetime) -> bool:
        """Whether an owner may take it: it is theirs, or its time is over."""
        return self.owner == owner or self.until <= now
