"""Reports are also of the consumption of customers, in groups, and of the quality of the data."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0043_report_subjects.sql")
