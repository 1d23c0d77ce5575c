"""A database is opened with its keys and the clock, or refused in one line; nothing acts on it by default."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from carrierbill.bootstrap import App, start
from carrierbill.domain.dates import SEOUL
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.line import Holder
from carrierbill.storage.marks import is_demo, mark_demo, rules_text
from rule_sets import RULE_SETS

AT = datetime(2026, 3, 2, 10, tzinfo=SEOUL)


def app_at(url: str, folder: Path, **more: str) -> App:
    told = {"DATABASE_URL": url, "KEYS_FILE": str(folder / "keys.toml"), **more}
    return replace(start({f"CARRIERBILL_{name}": value for name, value in told.items()}), clock=lambda: AT)


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> App:
    """An app with an upgraded database of each kind."""
    made = app_at(database_url, tmp_path)
    made.upgraded_database()[0].close()
    return made


def fault_of(app: App) -> tuple[str, str]:
    with pytest.raises(BadInputError) as fault:
        app.database()
    return fault.value.field, fault.value.reason.key


def test_a_database_is_run_by_the_clock_of_the_app(app: App) -> None:
    database = app.database()
    with database.unit() as unit:
        assert unit.now == AT
    assert f"{app.today()}" == "2026-03-02"
    database.close()


def test_the_first_upgrade_makes_the_key_file_and_later_ones_read_it(app: App) -> None:
    keys = app.key_file().read()
    database, before = app.upgraded_database()
    assert (database.keys, before) == (keys, "0001")
    database.close()


def test_before_the_first_upgrade_there_is_no_database(database_url: str, tmp_path: Path) -> None:
    app = app_at(database_url, tmp_path)
    app.key_file().create()
    assert fault_of(app) == ("CARRIERBILL_DATABASE_URL", "database.none")
    assert not (tmp_path / "book.db").exists()


def test_without_its_key_file_it_is_not_opened_nor_a_new_one_made(app: App) -> None:
    app.key_file().path.unlink()
    assert fault_of(app) == ("CARRIERBILL_KEYS_FILE", "keys.no_file")
    with pytest.raises(BadInputError) as fault:
        app.upgraded_database()
    assert fault.value.reason.key == "keys.no_file"


def test_under_another_key_file_it_is_not_opened(app: App) -> None:
    app.key_file().path.unlink()
    app.key_file().create()
    assert fault_of(app) == ("CARRIERBILL_KEYS_FILE", "keys.other_database")
    with pytest.raises(BadInputError) as fault:
        app.upgraded_database()
    assert fault.value.reason.key == "keys.other_database"


def test_under_a_key_file_that_lacks_its_master_key_it_is_not_opened(app: App) -> None:
    old = app.key_file().read().current
    app.key_file().add_master_key()
    app.key_file().drop_master_key(old)
    assert fault_of(app) == ("CARRIERBILL_KEYS_FILE", "keys.master_missing")


def test_a_database_that_was_not_finished_is_told_to_be(app: App) -> None:
    database = app.database()
    with database.session() as session:
        session.rows("DELETE FROM marks")
    assert fault_of(app) == ("CARRIERBILL_DATABASE_URL", "database.unmarked")
    database.close()


def test_a_server_that_does_not_answer_is_told_in_one_line(tmp_path: Path) -> None:
    app = app_at(f"postgresql://nobody@/books?host={tmp_path}", tmp_path)
    app.key_file().create()
    assert fault_of(app) == ("CARRIERBILL_DATABASE_URL", "database.unreachable")


def test_a_file_that_is_no_database_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "book.db").write_text("no database at all" * 100, encoding="utf-8")
    app = app_at(f"sqlite:///{tmp_path}/book.db", tmp_path)
    app.key_file().create()
    assert fault_of(app) == ("CARRIERBILL_DATABASE_URL", "database.unreachable")


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(BadInputError) as fault:
        app_at(f"sqlite:///{tmp_path}/file/book.db", tmp_path).upgraded_database()
    assert fault.value.reason.key == "database.unreachable"


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    database, _ = app_at(f"sqlite:///{tmp_path}/in/here/book.db", tmp_path).upgraded_database()
    database.close()
    assert (tmp_path / "in/here/book.db").stat().st_mode & 0o077 == 0


# ── acting ───────────────────────────────────────────────────────────────────────────────────────────────


def policies_in(app: App) -> list[tuple[str, str]]:
    database = app.database()
    with database.session() as session:
        rows = session.rows("SELECT name, content FROM policies ORDER BY seq")
    database.close()
    return [(name, content) for name, content in rows]


def test_nothing_acts_by_default(app: App) -> None:
    database = app.database()
    with pytest.raises(BadInputError) as fault:
        app.acting_rules(database)
    assert (fault.value.field, fault.value.reason.key) == ("CARRIERBILL_RULES", "bad_use.rules_to_act_by")
    assert policies_in(app) == []
    database.close()


def test_the_rule_set_that_is_named_acts_and_its_text_is_kept_once(app: App) -> None:
    named = replace(app, settings=replace(app.settings, rules="terms"))
    database = named.database()
    assert [named.acting_rules(database).name for _ in range(2)] == ["terms", "terms"]
    assert policies_in(app) == [("terms", rules_text(RULE_SETS["terms"]))]
    database.close()


def test_in_a_demo_the_guide_acts_with_every_row_confirmed(app: App) -> None:
    database = app.database()
    with database.session() as session:
        assert not is_demo(session)
        mark_demo(session)
        assert is_demo(session)
    rules = app.acting_rules(database)
    rows = [row for value in rules.stages["ladder"].values for row in value.content.rows]
    assert (rules.name, {row.confirmed for row in rows}) == ("guide", {True})
    assert {row.confirmed for row in RULE_SETS["guide"].stages["ladder"].values[0].content.rows} != {True}
    ((name, content),) = policies_in(app)
    assert name == "guide"
    assert content != rules_text(RULE_SETS["guide"])
    database.close()


def test_a_rule_set_that_is_named_acts_in_a_demo_as_it_is(app: App) -> None:
    named = replace(app, settings=replace(app.settings, rules="terms"))
    database = named.database()
    with database.session() as session:
        mark_demo(session)
    assert named.acting_rules(database) == RULE_SETS["terms"]
    database.close()


def test_only_an_empty_database_becomes_a_demo(app: App) -> None:
    database = app.database()
    with database.unit() as unit:
        unit.add(Holder(1))
    with pytest.raises(BadInputError) as fault, database.session() as session:
        mark_demo(session)
    assert fault.value.reason.key == "database.demo_too_late"
    with database.session() as session:
        assert not is_demo(session)
    database.close()
