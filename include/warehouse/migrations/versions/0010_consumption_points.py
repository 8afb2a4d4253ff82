"""Consumption points of customers, and time-of-use parts of their months."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0010_consumption_points.sql")
