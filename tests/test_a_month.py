"""What docs/how-to/a-month.md tells a newcomer to type can be typed, and prints what is shown."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "a-month.md"
FENCED = re.compile(r"^```(sh|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HERE = {name: value for name, value in os.environ.items() if not name.startswith("CARRIERBILL_")}
MARK = "@@@"


def commands(kind: str, block: str) -> list[str]:
    """The commands of a block: all of it, or the lines behind a `$`."""
    return [block] if kind == "sh" else re.findall(r"^\$ (.*)$", block, re.MULTILINE)


def printed(script: str, folder: Path) -> list[str]:
    """What each command prints, run one after the other in one shell with a terminal of 80 columns."""
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={
            **HERE,
            "PATH": f"{Path(sys.executable).parent}:{HERE['PATH']}",
            "COLUMNS": "80",
            "LC_ALL": "C.UTF-8",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=True,
        encoding="utf-8",
    )
    outputs = done.stdout.split(f"{MARK}\n")[1:]
    return ["".join(f"{line.rstrip()}\n" for line in output.splitlines()) for output in outputs]


def with_outputs(page: str, outputs: Iterator[str]) -> str:
    """The page with what was printed below each command."""

    def shown(found: re.Match[str]) -> str:
        kind, block = found.groups()
        if kind != "console":
            return found[0]
        told = "".join(f"$ {command}\n{next(outputs)}" for command in commands(kind, block))
        return f"```console\n{told}```"

    return FENCED.sub(shown, page)


def test_every_command_of_the_page_prints_what_is_shown(
    golden: Callable[[str, str], None], tmp_path: Path
) -> None:
    page = PAGE.read_text("utf-8")
    typed = [(kind, command) for kind, block in FENCED.findall(page) for command in commands(kind, block)]
    outputs = printed("".join(f"echo '{MARK}'\n{command}\n" for _, command in typed), tmp_path)
    told = [output for (kind, _), output in zip(typed, outputs, strict=True) if kind == "console"]
    golden("../../docs/how-to/a-month.md", with_outputs(page, iter(told)))


def test_the_page_walks_through_a_month() -> None:
    page = PAGE.read_text("utf-8")
    for words in ("demo", "month close", "day advance", "line import", "db verify"):
        assert f"\n$ carrierbill {words}" in page
