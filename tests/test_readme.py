"""What README.md shows of the program is what the program prints."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "README.md"
# A command cut after so many lines, and what stands below it.
SHOWN = re.compile(r"^```console\n\$ carrierbill ([^\n]*) \| head -(\d+)\n(.*?)```", re.MULTILINE | re.DOTALL)
HERE = {name: value for name, value in os.environ.items() if not name.startswith("CARRIERBILL_")}


def shown() -> list[tuple[str, int, str]]:
    return [
        (arguments, int(lines), output) for arguments, lines, output in SHOWN.findall(PAGE.read_text("utf-8"))
    ]


def printed(arguments: str, lines: int) -> str:
    """The first lines a terminal of 80 columns shows, ends of lines without the blanks a table may leave."""
    done = subprocess.run(
        [sys.executable, "-m", "carrierbill", *arguments.split()],
        env={**HERE, "COLUMNS": "80", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    return "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines()[:lines])


def test_three_commands_are_shown_and_one_in_korean() -> None:
    found = [arguments for arguments, _, _ in shown()]
    assert {arguments.split()[0] for arguments in found} == {"late-fee", "outlook", "policy"}
    assert any("--lang ko" in arguments for arguments in found)
    assert PAGE.read_text("utf-8").count("```console") == len(found)


@pytest.mark.parametrize(("arguments", "lines", "output"), shown())
def test_an_output_in_the_readme_is_real(arguments: str, lines: int, output: str) -> None:
    assert output == printed(arguments, lines), "paste the new output into README.md"
