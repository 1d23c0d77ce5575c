"""Served: the program itself as a server, on a database of its own, for as long as a test needs it."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MOST_S = 240


@dataclass(frozen=True)
class Served:
    """A server: its process, its address, and what the commands beside it are told."""

    process: "subprocess.Popen[str]"
    address: str
    environment: dict[str, str]

    def told(self, *command: str) -> str:
        """What a command prints beside the server."""
        return run(self.environment, *command)


def run(environment: dict[str, str], *command: str) -> str:
    """What a command prints."""
    program = [sys.executable, "-m", "carrierbill", *command]
    done = subprocess.run(program, env=environment, check=True, capture_output=True, text=True)
    return done.stdout


@contextmanager
def serving(folder: Path, *first: str, **settings: str) -> Iterator[Served]:
    """A server on the database that a first command makes; a SQLite file unless another is named."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CARRIERBILL_")}
    named = {"DATABASE_URL": f"sqlite:///{folder}/book.db", "KEYS_FILE": f"{folder}/keys.toml", **settings}
    environment = {**kept, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "LANG": "C.UTF-8"}
    environment |= {f"CARRIERBILL_{name}": value for name, value in named.items()}
    run(environment, *first)
    process = subprocess.Popen(
        [sys.executable, "-m", "carrierbill", "serve", "--port", "0"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    watch = threading.Timer(MOST_S, process.kill)
    watch.start()
    try:
        assert process.stdout is not None
        found = re.search(r"http://[^ ]+/", process.stdout.readline())
        assert found is not None
        yield Served(process, found[0], environment)
    finally:
        watch.cancel()
        process.kill()
        process.communicate()
