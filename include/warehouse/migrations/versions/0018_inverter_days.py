"""Inverters are compared day by day, and alarms of our own stand beside the vendors'."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0018_inverter_days.sql")
