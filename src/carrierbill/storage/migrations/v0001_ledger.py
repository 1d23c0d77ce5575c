"""The ledger: its tables, what keeps the appended ones as they are, and where ids and chains begin."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Run the statements written for this database; a blank line stands between two of them."""
    bind = op.get_bind()
    for part in ("tables", "guards"):
        file = Path(__file__).with_name(f"v0001_{part}.{bind.dialect.name}.sql")
        for statement in file.read_text(encoding="utf-8").strip().split("\n\n"):
            bind.exec_driver_sql(statement)
