"""Session: who may look at what: staff and their roles, signed-in people, their codes and their tries."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from carrierbill.domain.copies import changed

# How sessions end is this program's own safety, not a rule of any carrier or gateway: no bill depends on it,
# so it stands here and not among the dated policies. Fifteen minutes unused, half a day in all.
IDLE, LONGEST = timedelta(minutes=15), timedelta(hours=12)
# A session in use is noted no more often than this, so that looking at pages is not writing all the time.
NOTED_EVERY = timedelta(minutes=1)
# How often a code may be typed in before another one has to be asked for.
CODE_TRIES = 5
# What the notice is that tells it.
SIGN_IN_CODE = "sign_in_code"
EPOCH, SECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(seconds=1)


class Role(StrEnum):
    """What a member of staff may do: look, work on cases, decide on them, or look at what others did."""

    READER = "reader"
    CLERK = "clerk"
    APPROVER = "approver"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff by the name they sign in with; `password_hash` is slow to guess against."""

    name: str
    role: Role
    password_hash: str
    added_at: datetime
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser, by the keyed hash of what it bears: a holder who showed a line, or staff."""

    token_hash: bytes
    began_at: datetime
    seen_at: datetime
    holder_id: int | None = None
    line_id: int | None = None
    staff: str | None = None

    @property
    def ends_at(self) -> datetime:
        """When it is over, should nothing more be asked for."""
        return min(self.seen_at + IDLE, self.began_at + LONGEST)

    def is_over(self, now: datetime) -> bool:
        """Whether it has ended by itself."""
        return self.ends_at <= now

    def seen(self, now: datetime) -> "Session":
        """The session used at an instant."""
        return changed(self, seen_at=now)


@dataclass(frozen=True, slots=True)
class SignInCode:
    """The one code that a line may be signed in with: its keyed hash, tries left, until when it is good."""

    line_id: int
    holder_id: int
    code_hash: bytes
    tries_left: int
    expires_at: datetime

    def is_good(self, now: datetime) -> bool:
        """Whether it may be tried."""
        return self.tries_left > 0 and now < self.expires_at


class Trying(StrEnum):
    """What is counted, and of whom."""

    LINE_CODES = "line_codes"
    ADDRESS_CODES = "address_codes"
    ADDRESS_WRONG = "address_wrong"
    STAFF_WRONG = "staff_wrong"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many at most in any stretch of `within`; after that none, or one more each `pause`."""

    most: int
    within: timedelta
    pause: timedelta | None = None


HOUR = timedelta(hours=1)
LIMITS = {
    Trying.LINE_CODES: Limit(5, HOUR),
    Trying.ADDRESS_CODES: Limit(20, HOUR),
    Trying.ADDRESS_WRONG: Limit(50, HOUR),
    Trying.STAFF_WRONG: Limit(10, HOUR, timedelta(minutes=15)),
}
LONGEST_COUNTED = max(limit.within for limit in LIMITS.values())


@dataclass(frozen=True, slots=True)
class Tries:
    """When something was tried, in seconds of the epoch, the latest last; `whose` is a keyed hash alone."""

    what: Trying
    whose: bytes
    seconds: tuple[int, ...]
    last_at: datetime

    def free_at(self, now: datetime) -> datetime | None:
        """When one more may be tried; None for at once.

        >>> first = datetime(2026, 3, 2, tzinfo=UTC)
        >>> tries = Tries(Trying.LINE_CODES, b"", (), first)
        >>> for minute in range(5):
        ...     tries = tries.and_at(first + timedelta(minutes=minute))
        >>> str(tries.free_at(first + timedelta(minutes=9)))
        '2026-03-02 01:00:00+00:00'
        >>> tries.free_at(first + HOUR)
        """
        limit = LIMITS[self.what]
        recent = self._since(now - limit.within)
        if len(recent) < limit.most:
            return None
        leaves_at = _instant(recent[-limit.most]) + limit.within
        if limit.pause is None:
            return leaves_at
        free_at = min(leaves_at, _instant(recent[-1]) + limit.pause)
        return free_at if now < free_at else None

    def and_at(self, now: datetime) -> "Tries":
        """With one more; older ones than matter are left out."""
        limit = LIMITS[self.what]
        kept = (*self._since(now - limit.within), (now - EPOCH) // SECOND)
        return changed(self, seconds=kept[-limit.most :], last_at=now)

    def _since(self, after: datetime) -> tuple[int, ...]:
        return tuple(second for second in self.seconds if _instant(second) > after)


def _instant(second: int) -> datetime:
    return EPOCH + second * SECOND
