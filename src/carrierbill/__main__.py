"""Start carrierbill from the command line: `carrierbill …` or `python -m carrierbill …`."""

import io
import sys

from carrierbill.cli.main import run


def main() -> None:
    """Run the command line and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal without Korean letters gets escapes in their place, which in JSON mean the same.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
