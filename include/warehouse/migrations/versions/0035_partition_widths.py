"""Readings lie in partitions of a month or of a day, whichever is asked for."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0035_partition_widths.sql")
