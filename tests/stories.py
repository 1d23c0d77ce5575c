"""The stories of scenarios/: how they are read, and how an answer is laid beside what one expects."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.toml"))


def cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{path.stem}: {case['name']}")
        for path in SCENARIOS
        for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]
    ]


def differences(expected: Any, found: Any, where: str) -> list[str]:
    """Where `found` is not as expected: a table may hold more than is expected of it, a list may not."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return [
            line
            for key, value in expected.items()
            for line in differences(value, found.get(key, "absent"), f"{where}.{key}")
        ]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True))
        return [line for n, pair in pairs for line in differences(*pair, f"{where}[{n}]")]
    wanted = None if expected == "null" else expected
    return [] if wanted == found else [f"{where}: expected {wanted}, found {found}"]
