"""Schema: which one a database has, and its way to the newest; needs no file of settings."""

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import DBAPIError

from carrierbill.domain.errors import BadInputError
from carrierbill.domain.saying import Saying
from carrierbill.settings import PREFIX, SQLITE
from carrierbill.storage.sql import DATABASE_ERRORS

MIGRATIONS = Path(__file__).parent / "migrations"
# Any number, as long as no other program locks by it: two upgrades at a time wait for each other.
UPGRADING = 7_221_405


# The name under which every refusal of a database is told.
URL = f"{PREFIX}DATABASE_URL"


def check_there(url: str) -> None:
    """Refuse a SQLite file that is not there, before opening it would make an empty one."""
    if url.startswith(SQLITE) and not Path(url.removeprefix(SQLITE)).exists():
        raise BadInputError(URL, Saying("database.none"))


def make_file(url: str) -> None:
    """Make a SQLite file that is not there yet, its owner's alone, with its folder."""
    if not url.startswith(SQLITE):
        return
    file = Path(url.removeprefix(SQLITE))
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)
    except OSError as error:
        raise BadInputError(URL, Saying("database.unreachable", {"why": error.strerror or ""})) from None


def upgrade(engine: Engine, to: str = "head") -> tuple[str | None, str]:
    """Bring a database to the newest schema in one transaction: which it had (None: none), which it has."""
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        return upgrade_within(connection, to)


def upgrade_within(connection: Connection, to: str = "head") -> tuple[str | None, str]:
    """The same in a transaction that has begun."""
    from alembic.operations import Operations  # noqa: PLC0415  # it takes a while to load, and only this needs it
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415  # slow to import
    from alembic.script import ScriptDirectory  # noqa: PLC0415  # the same

    scripts = ScriptDirectory(str(MIGRATIONS), version_locations=[str(MIGRATIONS)])
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADING})")
    before = version_within(connection)
    if before is not None and before not in versions():
        raise BadInputError(URL, Saying("database.newer", {"version": before}))
    # Alembic names no public way to run its steps without a file of settings and an env.py.
    how = {"fn": lambda heads, _: scripts._upgrade_revs(to, heads)}  # noqa: SLF001  # as its command does
    context = MigrationContext.configure(connection, opts=how)
    with Operations.context(context):
        context.run_migrations()
    return before, version_within(connection) or ""


@cache
def versions() -> tuple[str, ...]:
    """The versions there are, the newest last; read off the names of their files."""
    return tuple(sorted(file.stem[1:5] for file in MIGRATIONS.glob("v[0-9]*.py")))


def version_of(engine: Engine) -> str | None:
    """Which schema a database has, None for none of ours; BadInputError where it cannot be reached."""
    try:
        with engine.connect() as connection:
            return version_within(connection)
    except (DBAPIError, *DATABASE_ERRORS) as error:
        why = " ".join(str(getattr(error, "orig", error)).split())
        raise BadInputError(URL, Saying("database.unreachable", {"why": why})) from None


def version_within(connection: Connection) -> str | None:
    """The same by a connection, whose transaction may have begun."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one_or_none()
    return None if found is None else str(found)


def check_newest(engine: Engine) -> None:
    """Refuse a database that is behind or ahead of this program, with what to do about it."""
    version = version_of(engine)
    if version is None:
        raise BadInputError(URL, Saying("database.none"))
    if version not in versions():
        raise BadInputError(URL, Saying("database.newer", {"version": version}))
    if version != versions()[-1]:
        raise BadInputError(URL, Saying("database.older", {"version": version, "newest": versions()[-1]}))
