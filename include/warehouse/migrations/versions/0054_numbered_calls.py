"""Calls of a caller are numbered, so that a full window is found without reading all of it."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0054"
down_revision = "0053"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0054_numbered_calls.sql")
