"""${message}."""

from include.warehouse.migrations.run_sql import run_sql

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Run the SQL."""
    run_sql("${up_revision}_.sql")
