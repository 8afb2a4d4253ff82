"""A swap that is written down late is one, and which days rest on power that hardly was measured is said in one place."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0055"
down_revision = "0054"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0055_swaps_and_hardly_measured_days.sql")
