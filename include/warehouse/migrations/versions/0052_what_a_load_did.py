"""Loads are found by their run, and know the plants that they were about."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0052"
down_revision = "0051"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0052_what_a_load_did.sql")
