"""Clocks of plants and devices, the order of dates of a tenant, and documents that repeat known bytes."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0009_logger_clocks.sql")
