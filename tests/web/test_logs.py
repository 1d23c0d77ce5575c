"""A line of the log tells what happened and where, and nothing of whom it happened to."""

import json
import logging
import sqlite3
from typing import Any

import pytest

from carrierbill.web.logs import HIDDEN, Lines, log_answer, masked, write_lines


def line_of(message: str, *values: object, error: BaseException | None = None, **more: Any) -> dict[str, Any]:
    record = logging.LogRecord(
        "carrierbill.x",
        logging.ERROR,
        "x.py",
        1,
        message,
        values,
        (type(error), error, error.__traceback__) if error else None,
    )
    record.__dict__.update(more)
    written = Lines().format(record)
    assert "\n" not in written
    found: dict[str, Any] = json.loads(written)
    return found


@pytest.mark.parametrize(
    "personal",
    [
        "+821012345678",
        "+82 10-1234-5678",
        "+82-(0)10-1234-5678",
        "01012345678",
        "010-1234-5678",
        "010.1234.5678",
        "010 123 4567",
        "02-123-4567",
        "821012345678",
        "82-10-1234-5678",
        "+34671999000",
        "900101-1234567",
        "9001011234567",
        "Bearer abc.def-ghi",
        "Authorization: Basic c2hvcDpzZWNyZXQ=",
        "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
        "hong.gildong@example.kr",
        "https://shop.example/hook?token=geheim&x=1",
    ],
)
def test_what_looks_personal_is_hidden(personal: str) -> None:
    for shown in (masked(personal), masked(f"before ({personal}), after")):
        assert HIDDEN in shown
        for part in ("1234", "345", "999000", "abc", "c2hv", "eyJ", "gildong", "geheim"):
            assert part not in shown


@pytest.mark.parametrize(
    "harmless",
    [
        "3f0c1d2e-0101-4234-8567-010123456789",
        "2026-11-24T21:38:06.123+09:00",
        "took 1200 ms of 5000",
        "services/decide.py:112 decide",
        "schema 0001",
        "/carrier-billing/v0.5/payments/{paymentId}",
        "1,000,000,000,000 won",
    ],
)
def test_what_is_harmless_is_told(harmless: str) -> None:
    assert masked(harmless) == harmless


def test_a_line_has_time_level_logger_and_message() -> None:
    line = line_of("job %s failed for %s", "lapse", "010-1234-5678")
    assert line.pop("time").endswith("+00:00")
    assert line == {"level": "error", "logger": "carrierbill.x", "message": f"job lapse failed for {HIDDEN}"}


def test_a_failure_tells_what_and_where_and_not_what_it_was_given() -> None:
    nobody: dict[str, int] = {}
    with pytest.raises(KeyError) as raised:
        nobody["Hong Gildong"]
    line = line_of("x", error=raised.value)
    assert line["error"] == "KeyError"
    assert line["at"][-1].endswith("test_a_failure_tells_what_and_where_and_not_what_it_was_given")
    assert "Gildong" not in json.dumps(line)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(111, "Connection refused"),
        sqlite3.OperationalError("Connection refused\nDETAIL: Hong"),
    ],
)
def test_of_the_system_the_reason_is_told_as_well(error: Exception) -> None:
    line = line_of("x", error=error)
    assert "Connection refused" in line["why"]
    assert "Hong" not in line["why"]


def test_a_cause_is_named_by_its_kind() -> None:
    error = RuntimeError("Hong")
    error.__cause__ = ValueError("Gildong")
    assert line_of("x", error=error)["of"] == "ValueError"


def test_an_answer_worth_a_look_is_told_with_its_operation(caplog: pytest.LogCaptureFixture) -> None:
    log_answer(
        logging.ERROR,
        operation="createPayment",
        status=500,
        ms=12,
        correlator="a-01012345678/82-10-1234-5678",
    )
    line = json.loads(Lines().format(caplog.records[0]))
    del line["time"]
    assert line == {
        "level": "error",
        "logger": "carrierbill.answers",
        "message": "answered",
        "correlator": f"a-{HIDDEN}/{HIDDEN}",
        "operation": "createPayment",
        "status": 500,
        "ms": 12,
    }


def test_all_that_is_written_is_written_in_lines() -> None:
    logger = logging.Logger("one of our own")  # noqa: LOG001  # nobody else's is touched
    handler = logging.StreamHandler()
    logger.addHandler(handler)
    write_lines(logger)
    assert isinstance(handler.formatter, Lines)
