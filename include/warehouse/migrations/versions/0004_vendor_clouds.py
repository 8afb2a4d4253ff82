"""Vendor clouds: accounts, work list, call budgets, alarms, and the check of a day's energies."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0004_vendor_clouds.sql")
