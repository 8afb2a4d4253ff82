"""Reports are of days, weeks, months, billing cycles, or any days."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0041_report_spans.sql")
