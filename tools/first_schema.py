"""Write the tables of the first migration anew, for both databases: until the first release, never after."""

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable, SchemaItem

from carrierbill.storage import migrations
from carrierbill.storage.tables import metadata

FOLDER = Path(migrations.__file__).parent
DIALECTS: tuple[Dialect, ...] = (sqlite.dialect(), postgresql.dialect())  # type: ignore[no-untyped-call]  # SQLAlchemy's


def statements(dialect: Dialect) -> Iterator[str]:
    """What creates the tables and their indexes, a statement each, what is pointed at first."""
    for table in metadata.sorted_tables:
        yield _written(CreateTable(table), dialect)
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            yield _written(CreateIndex(index), dialect)


def _written(statement: SchemaItem | CreateTable | CreateIndex, dialect: Dialect) -> str:
    text = str(statement.compile(dialect=dialect))  # type: ignore[union-attr]  # a statement, which has it
    return "\n".join(line.rstrip().replace("\t", "    ") for line in text.splitlines() if line.strip())


def text_for(dialect: Dialect) -> str:
    """The whole file of a database."""
    return "\n\n".join(statements(dialect)) + "\n"


def file_for(dialect: Dialect) -> Path:
    """Where it lies."""
    return FOLDER / f"v0001_tables.{dialect.name}.sql"


if __name__ == "__main__":
    for one in DIALECTS:
        file_for(one).write_text(text_for(one), encoding="utf-8")
        print(f"wrote {file_for(one)}")
