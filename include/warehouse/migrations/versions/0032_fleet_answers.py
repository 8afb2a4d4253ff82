"""The API tells the fleet at a glance, and what state the accounts in vendors' clouds are in."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0032"
down_revision = "0030"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0032_fleet_answers.sql")
