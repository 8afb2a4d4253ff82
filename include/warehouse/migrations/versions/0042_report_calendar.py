"""Each recipient has a calendar of their own: which reports, of which plants, in which language, on which morning."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0042_report_calendar.sql")
