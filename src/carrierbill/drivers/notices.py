"""Notices: the file driver appends what is sent to a file of the day, each notice once."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

from carrierbill.domain.dates import seoul_day
from carrierbill.services.ports import Addressed, Delivery


class FileNotices:
    """Writes notices to `notices-YYYY-MM-DD.jsonl` in a folder and takes them as delivered the same day.

    A line has the notice's id, the number with stars, its way and its sentences. What is handed over a second
    time is found by its id and not written again.
    """

    def __init__(self, folder: Path, today: Callable[[], date], masked: Callable[[str], str]) -> None:
        """Know the folder, the day and how a number is shown; nothing is written yet."""
        self._folder, self._today, self._masked = folder, today, masked

    def send(self, notices: Sequence[Addressed]) -> list[Delivery]:
        """Append what was not written before; each is delivered on the day it was written."""
        today = self._today()
        # Only what was handed over before can have been written before.
        again = [seoul_day(each.notice.created_at) for each in notices if each.notice.tries > 1]
        written = dict(self._written_since(min(again))) if again else {}
        self._append(today, [self._line(each) for each in notices if each.notice.id not in written])
        return [
            Delivery(each.notice.id, f"file/{each.notice.id}", written.get(each.notice.id, today))
            for each in notices
        ]

    def _line(self, addressed: Addressed) -> str:
        notice = addressed.notice
        told = {
            "id": notice.id,
            "number": self._masked(addressed.number),
            "channel": str(notice.channel),
            "what": notice.what,
            **addressed.said,
        }
        return json.dumps(told, ensure_ascii=False)

    def _written_since(self, first: date) -> Iterator[tuple[int, date]]:
        """The ids in the files from a day on, each with the day of its file."""
        for file in sorted(self._folder.glob("notices-????-??-??.jsonl")):
            day = date.fromisoformat(file.stem.removeprefix("notices-"))
            if day < first:
                continue
            for line in file.read_text(encoding="utf-8").splitlines():
                # A line that was cut off by a crash was not written.
                with suppress(ValueError):
                    yield json.loads(line)["id"], day

    def _append(self, day: date, lines: Sequence[str]) -> None:
        if not lines:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / f"notices-{day.isoformat()}.jsonl"
        with file.open("a+b") as out:
            # After a crash the last line may lack its end.
            torn = out.seek(0, os.SEEK_END) > 0 and out.seek(-1, os.SEEK_END) >= 0 and out.read() != b"\n"
            out.write(("\n" if torn else "").encode() + "".join(f"{line}\n" for line in lines).encode())
            out.flush()
            os.fsync(out.fileno())
