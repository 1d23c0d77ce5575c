"""Machine: what a measured result says of the computer it was measured on, and nothing that names it."""

import os
import platform

GIBI = 2**30


def described() -> str:
    """Cores, memory and the version of Python."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return f"{os.cpu_count()} cores, {round(memory / GIBI)} GiB of memory, Python {platform.python_version()}"
