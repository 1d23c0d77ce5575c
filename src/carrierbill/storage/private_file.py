"""Private file: a file of secrets that is its owner's alone, read strictly, changed whole or not at all."""

import errno
import fcntl
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from carrierbill.domain.errors import BadInputError

BYTES_AT_MOST = 65_536
OTHERS = stat.S_IRWXG | stat.S_IRWXO
# How what was written beside its place is put there: linked, never over another, or in its stead.
Put = Callable[[str, Path], None]


class PrivateFile:
    """A place, and how its faults are told: `fault` is given what is wrong and the values to tell it with.

    `missing` is what is wrong where there is none, `taken` where one is there that must not be.
    """

    def __init__(
        self,
        path: Path,
        fault: Callable[..., BadInputError],
        *,
        missing: str = "unreadable",
        taken: str = "unwritable",
    ) -> None:
        """Only the place; nothing is read yet."""
        self.path, self._fault, self._missing, self._taken = path, fault, missing, taken

    def read(self) -> bytes:
        """What is in it; refused where it is not there, not plain, or not its owner's alone."""
        try:
            found = self.path.stat()
            if not stat.S_ISREG(found.st_mode):
                # A pipe or a device may never come to its end.
                raise self._fault("unreadable", why=os.strerror(errno.EINVAL))
            if found.st_mode & OTHERS:
                raise self._fault("open_to_others", mode=f"{stat.S_IMODE(found.st_mode):04o}")
            with self.path.open("rb") as file:
                return file.read(BYTES_AT_MOST)
        except OSError as error:
            what = self._missing if isinstance(error, FileNotFoundError) else "unreadable"
            raise self._fault(what, why=error.strerror or "") from None

    @contextmanager
    def changing(self) -> Iterator[Path]:
        """The file itself, behind links, while its folder is locked: two changes at once would lose one."""
        place = Path(os.path.realpath(self.path))
        try:
            folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(folder, fcntl.LOCK_EX)
                yield place
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            what = self._taken if isinstance(error, FileExistsError) else "unwritable"
            raise self._fault(what, why=error.strerror or "") from None


def put_text(place: Path, text: str, put: Put, *, owner_of: Path) -> None:
    """Write beside the place, safe on disk, then put it there; it belongs to whom another file does."""
    handle, beside = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            if os.geteuid() == 0:
                # Root may make or turn keys; the service that reads them stays their owner.
                os.fchown(handle, owner_of.stat().st_uid, -1)
            file.write(text)
            file.flush()
            os.fsync(handle)
        put(beside, place)
    finally:
        Path(beside).unlink(missing_ok=True)
