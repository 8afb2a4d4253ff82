"""Quarantined rows are found by the plant that they are of."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0053"
down_revision = "0052"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0053_quarantine_of_plants.sql")
