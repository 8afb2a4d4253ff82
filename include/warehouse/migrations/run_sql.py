"""Runs one migration file as it stands."""

from contextlib import closing
from pathlib import Path

from alembic import op


def run_sql(name: str) -> None:
    """Execute `migrations/sql/<name>`; the text goes to PostgreSQL untouched, colons and percent signs included."""
    script = (Path(__file__).parent / "sql" / name).read_text(encoding="utf-8")
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(script)
