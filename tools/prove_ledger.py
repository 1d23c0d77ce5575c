"""Prove the ledger: races, duels, killed workers and killed servers on both databases.

    python tools/prove_ledger.py --seed 7                    all, as `make prove` runs it
    python tools/prove_ledger.py races kills --scale 0.1     a tenth of some parts

Each part ends by itself; nothing listens but a PostgreSQL of our own, on a socket in its folder.
"""

import argparse
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(1, str(Path(__file__).parents[1]))
sys.path.insert(2, str(Path(__file__).parents[1] / "tests"))

from books import books
from databases import KINDS, sqlite_url
from tools.ledger_kills import kills, server_kills
from tools.ledger_trials import Tally, duels, races
from tools.postgres_server import PostgresServer, temporary_server

# How often each part is tried at full scale, on each database.
TIMES = {"races": 1_000, "duels": 1_000, "kills": 200, "server kills": 20}
MOST_TOLD = 5


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part is tried: a fresh database, its server if it has one, and a folder for its files."""

    url: str
    folder: Path
    server: PostgresServer | None


Trial = Callable[[Place, int, int], Tally]
TRIALS: Mapping[str, Trial] = {
    "races": lambda place, times, _seed: races(place.url, times),
    "duels": lambda place, times, _seed: duels(place.url, times),
    "kills": lambda place, times, seed: kills(place.url, times, seed=seed, folder=place.folder),
    "server kills": lambda place, times, seed: server_kills(
        place.server, place.url, times, seed=seed, folder=place.folder
    ),
}


@contextmanager
def places(kind: str) -> Iterator[Callable[[], Place]]:
    """Fresh databases of a kind, as durable as in production."""
    with TemporaryDirectory(prefix="carrierbill-ledger-") as name:
        folder = Path(name)
        if kind == "sqlite":
            yield lambda: _sqlite_place(folder)
        else:
            with temporary_server(durable=True) as server:
                yield lambda: _postgres_place(server, folder)


def _fresh(folder: Path) -> Path:
    made = folder / secrets.token_hex(4)
    made.mkdir()
    return made


def _sqlite_place(folder: Path) -> Place:
    own = _fresh(folder)
    url = sqlite_url(own)
    books(url).close()
    return Place(url, own, None)


def _postgres_place(server: PostgresServer, folder: Path) -> Place:
    url = server.new_database()
    books(url).close()
    return Place(url, _fresh(folder), server)


@dataclass(slots=True)
class Ledger:
    """What came of all parts."""

    rows: list[list[str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def prove(
    seed: int, *, parts: Sequence[str] = tuple(TIMES), scale: float = 1, say: Callable[[str], None] = print
) -> Ledger:
    """Try every part on each database; a server is killed only where there is one."""
    found = Ledger()
    for kind in KINDS:
        with places(kind) as place:
            for part in parts:
                if part == "server kills" and kind == "sqlite":
                    continue
                times, start = max(1, round(TIMES[part] * scale)), time.monotonic()
                tally = TRIALS[part](place(), times, seed)
                seconds = round(time.monotonic() - start)
                told = "; ".join(f"{count:,} {what}" for what, count in tally.counts.items())
                found.rows.append([part, kind, f"{times:,}", told, f"{seconds}", f"{len(tally.faults)}"])
                found.faults += [f"{part}, {kind}: {fault}" for fault in tally.faults[:MOST_TOLD]]
                say(f"ledger: {part} on {kind}: {told}; {len(tally.faults)} faults, {seconds} s")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts asked for; 0 if no fault was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join(TIMES)}; none for all")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9))
    parser.add_argument("--scale", type=float, default=1, help="of the usual number of times")
    given = parser.parse_args(arguments)
    if unknown := [part for part in given.parts if part not in TIMES]:
        parser.error(f"no part is called {', '.join(unknown)}; there are {', '.join(TIMES)}")
    print(f"seed {given.seed}", flush=True)
    found = prove(given.seed, parts=given.parts or tuple(TIMES), scale=given.scale)
    print("\n".join(found.faults) or "Everything held.")
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main())
