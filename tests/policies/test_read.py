"""A table of a policy file gives what is asked for, of just that kind, and nothing may be left over."""

import tomllib
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from carrierbill.policies.read import PolicyFaultError, Table, read_file
from own_rules import fault_key, lines

FILE = Path("policies/mine/late_fee.toml")


def table(text: str, path: str = "") -> Table:
    return Table(tomllib.loads(text), FILE, path)


def test_a_text_is_taken() -> None:
    assert table('name = "guide"').take("name", str) == "guide"


def test_a_whole_number_is_taken() -> None:
    assert table("days = 30").take_amount("days") == 30


def test_a_day_is_taken() -> None:
    assert table("from = 2026-07-01").take_day("from") == date(2026, 7, 1)


def test_a_rate_is_taken_exactly() -> None:
    assert table('rate = "0.125%"').take_rate("rate") == Fraction(1, 800)


def test_a_list_is_taken_as_it_stands() -> None:
    assert table("days = [3, 1]").take_list("days", int) == (3, 1)


def test_what_is_left_out_has_its_default() -> None:
    empty = table("")
    taken = (empty.take("a", bool, default=True), empty.take_amount("b", 7), empty.take_list("c", str, ()))
    assert taken == (True, 7, ())


def test_an_amount_that_is_left_out_is_none() -> None:
    assert table("").take_amount_or_none("at_most_won") is None


TAKES: list[Callable[[Table], object]] = [
    lambda table: table.take("key", str),
    lambda table: table.take_amount("key"),
    lambda table: table.take_day("key"),
    lambda table: table.take_rate("key"),
    lambda table: table.take_list("key", int),
    lambda table: table.take_table("key"),
    lambda table: table.take_tables("key"),
]


@pytest.mark.parametrize("take", TAKES)
def test_what_is_left_out_without_a_default_is_missing(take: Callable[[Table], object]) -> None:
    with pytest.raises(PolicyFaultError) as fault:
        take(table(""))
    assert (fault.value.key, fault_key(fault.value)) == ("key", "missing")


@pytest.mark.parametrize("written", ['"5"', "5.0", "true", "[5]", "2026-07-01", "{ a = 5 }", "nan", "1e1"])
def test_nothing_but_a_whole_number_is_a_number(written: str) -> None:
    with pytest.raises(PolicyFaultError) as fault:
        table(f"days = {written}").take_amount("days")
    assert lines(fault.value)["en"].endswith("days: this has to be a whole number")


@pytest.mark.parametrize("written", ['"true"', "1", "0"])
def test_nothing_but_true_and_false_is_a_yes_or_a_no(written: str) -> None:
    with pytest.raises(PolicyFaultError) as fault:
        table(f"offered = {written}").take("offered", bool)
    assert lines(fault.value)["en"].endswith("this has to be true or false")


@pytest.mark.parametrize("written", ["5", "true", '["guide"]'])
def test_nothing_but_a_text_is_a_text(written: str) -> None:
    with pytest.raises(PolicyFaultError) as fault:
        table(f"source = {written}").take("source", str)
    assert lines(fault.value)["en"].endswith("this has to be a text")


@pytest.mark.parametrize("written", ['"2026-07-01"', "2026-07-01T09:00:00", "20260701", "09:00:00"])
def test_an_instant_or_a_text_is_no_day(written: str) -> None:
    with pytest.raises(PolicyFaultError) as fault:
        table(f"from = {written}").take_day("from")
    assert lines(fault.value)["en"].endswith("this has to be a day such as 2026-01-31")


@pytest.mark.parametrize("written", ["3", '"3"', "[3, '1']", "[3, 1.0]", "[true]"])
def test_a_list_is_of_one_kind(written: str) -> None:
    with pytest.raises(PolicyFaultError) as fault:
        table(f"days = {written}").take_list("days", int)
    assert lines(fault.value)["en"].endswith("this has to be a list of one kind")


@pytest.mark.parametrize("written", ["3", "[]", "[3]", "[[3]]"])
def test_a_table_is_a_table(written: str) -> None:
    with pytest.raises(PolicyFaultError) as fault:
        table(f"stage = {written}").take_table("stage")
    assert lines(fault.value)["en"].endswith("this has to be a table")


@pytest.mark.parametrize("written", ["3", "[]", "[3]", "{}"])
def test_tables_are_one_table_or_more(written: str) -> None:
    with pytest.raises(PolicyFaultError) as fault:
        table(f"stage = {written}").take_tables("stage")
    assert lines(fault.value)["en"].endswith("this has to be one table or more")


def test_an_amount_is_not_negative() -> None:
    with pytest.raises(PolicyFaultError) as fault:
        table("won = -1").take_amount("won")
    assert fault_key(fault.value) == "negative"


@pytest.mark.parametrize("written", ["4.5", "4.5 %", "%", ".%", "-1%", "+1%", "1e2%", "٤%", "4,5%", "4.5.0%"])
def test_a_rate_is_a_plain_percentage(written: str) -> None:
    with pytest.raises(PolicyFaultError) as fault:
        table(f'rate = "{written}"').take_rate("rate")
    assert fault_key(fault.value) == "not_a_rate"


def test_what_was_not_taken_is_unknown() -> None:
    given = table("known = 1\nunknown = 2")
    given.take_amount("known")
    with pytest.raises(PolicyFaultError) as fault:
        given.close()
    assert lines(fault.value)["en"] == f"{FILE}: unknown: this name is unknown; known are: known"


def test_a_table_is_known_by_the_way_to_it() -> None:
    rows = table("[[stage]]\n[stage.at]\n[[stage]]\n[stage.at]").take_tables("stage")
    assert [row.take_table("at").fault("SKT", "missing").key for row in rows] == [
        "stage[1].at.SKT",
        "stage[2].at.SKT",
    ]


def test_rows_within_a_row_are_known_by_both_places() -> None:
    ladder = table("[[ladder]]\n[[ladder.stage]]").take_tables("ladder")[0]
    assert ladder.take_tables("stage")[0].path == "ladder[1].stage[1]"


def test_a_file_that_is_no_toml_says_where(tmp_path: Path) -> None:
    file = tmp_path / "late_fee.toml"
    file.write_text("a = = 1", encoding="utf-8")
    with pytest.raises(PolicyFaultError) as fault:
        read_file(file)
    assert lines(fault.value)["en"].startswith(f"{file}: this is not TOML: Invalid value (at line 1")


def test_a_file_that_names_a_key_twice_is_no_toml(tmp_path: Path) -> None:
    file = tmp_path / "late_fee.toml"
    file.write_text("a = 1\na = 2", encoding="utf-8")
    with pytest.raises(PolicyFaultError) as fault:
        read_file(file)
    assert fault_key(fault.value) == "not_toml"


def test_a_file_that_is_no_utf8_is_no_toml(tmp_path: Path) -> None:
    file = tmp_path / "late_fee.toml"
    file.write_bytes("a = '연체료'".encode("cp949"))
    with pytest.raises(PolicyFaultError) as fault:
        read_file(file)
    assert (fault.value.file, fault_key(fault.value)) == (file, "not_toml")


def test_a_file_that_is_not_there_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(PolicyFaultError) as fault:
        read_file(tmp_path / "late_fee.toml")
    assert lines(fault.value)["en"].endswith("this cannot be read: No such file or directory")


def test_a_folder_in_the_place_of_a_file_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(PolicyFaultError) as fault:
        read_file(tmp_path)
    assert fault_key(fault.value) == "unreadable"
