"""The resolved calendar is the package's, day by day, and holds together by itself."""

import tomllib
from collections.abc import Iterator
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import holidays
import pytest
from holidays.constants import BANK, PUBLIC

from tools import business_days

FILE = Path(__file__).parents[2] / "src/carrierbill/policies/common/business_days.toml"
FRIDAY = 4
SATURDAY = 5


def days_from(first_on: date, last_on: date) -> Iterator[date]:
    return (first_on + timedelta(days=ahead) for ahead in range((last_on - first_on).days + 1))


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def one_off(data: dict[str, Any]) -> set[date]:
    return {entry["day"] for entry in data.get("one_off", [])}


def kept_days(data: dict[str, Any], kind: str) -> set[date]:
    return {date.fromisoformat(day) for day in data[kind]}


def package_days(category: str) -> holidays.HolidayBase:
    return holidays.country_holidays("KR", years=range(2010, 2051), categories=(category,))


def test_every_day_is_a_business_day_exactly_when_the_package_says_so(
    data: dict[str, Any], one_off: set[date]
) -> None:
    public, bank = package_days(PUBLIC), package_days(BANK)
    closed = kept_days(data, "public") | kept_days(data, "bank")
    wrong = [
        day
        for day in days_from(data["first_on"], data["last_on"])
        if day not in one_off
        and (day.weekday() <= FRIDAY and day not in closed)
        != (day.weekday() <= FRIDAY and day not in public and day not in bank)
    ]
    assert wrong == []


def test_every_day_is_a_legal_rest_day_exactly_when_the_package_says_so(
    data: dict[str, Any], one_off: set[date]
) -> None:
    public, kept = package_days(PUBLIC), kept_days(data, "public")
    wrong = [
        day
        for day in days_from(data["first_on"], data["last_on"])
        if day not in one_off
        and (day.weekday() >= SATURDAY or day in kept) != (day.weekday() >= SATURDAY or day in public)
    ]
    assert wrong == []


def test_the_names_are_the_packages_in_korean_and_english(data: dict[str, Any]) -> None:
    expected = {
        kind: {str(day): {"ko": korean, "en": english} for day, (korean, english) in days.items()}
        for kind, days in business_days.tables().items()
    }
    assert {kind: data[kind] for kind in ("public", "bank")} == expected


def test_the_tables_are_in_order_and_within_their_days_and_never_hold_a_day_twice(
    data: dict[str, Any],
) -> None:
    for kind in ("public", "bank"):
        days = [date.fromisoformat(day) for day in data[kind]]
        assert days == sorted(days)
        assert data["first_on"] <= days[0] <= days[-1] <= data["last_on"]
    assert kept_days(data, "public").isdisjoint(kept_days(data, "bank"))


def test_a_one_off_day_names_its_source_and_is_in_no_table(data: dict[str, Any], one_off: set[date]) -> None:
    assert one_off.isdisjoint(kept_days(data, "public") | kept_days(data, "bank"))
    for entry in data.get("one_off", []):
        assert set(entry) == {"day", "kind", "ko", "en", "source"}
        assert entry["kind"] in {"public", "bank"}


@pytest.mark.parametrize(
    ("day", "kind", "korean"),
    [
        ("2026-09-25", "public", "추석"),
        ("2025-10-03", "public", "개천절"),
        ("2024-05-01", "bank", "근로자의날"),
        ("2026-05-01", "public", "노동절"),
        ("2027-07-19", "public", "제헌절 대체 휴일"),
        ("2020-08-17", "public", "임시공휴일"),
        ("2024-04-10", "public", "국회의원 선거일"),
    ],
)
def test_days_anyone_can_look_up_are_there(data: dict[str, Any], day: str, kind: str, korean: str) -> None:
    assert data[kind][day]["ko"] == korean


def test_the_data_says_which_version_it_came_from(data: dict[str, Any]) -> None:
    assert data["source"]["where"] == f"version {version('holidays')}"
    assert data["first_on"] == date(2010, 1, 1)
    assert data["last_on"] == date(2050, 12, 31)


def test_made_anew_the_file_is_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = FILE.read_text(encoding="utf-8")
    source = tomllib.loads(before)["source"]
    copy = tmp_path / "business_days.toml"
    copy.write_text(before, encoding="utf-8")
    monkeypatch.setattr(business_days, "TARGET", copy)
    dates = ["--published-on", str(source["published_on"]), "--confirmed-on", str(source["confirmed_on"])]
    monkeypatch.setattr("sys.argv", ["business_days.py", *dates])
    business_days.main()
    assert copy.read_text(encoding="utf-8") == before
