"""The first house: fleet, landing, mart, ops."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0001_first_house.sql")
