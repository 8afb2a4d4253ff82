"""Remarks of a load."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0008_load_remarks.sql")
