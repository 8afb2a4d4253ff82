"""Reports know which documents they rest on, and whether their figures still hold."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0022"
down_revision = "0020"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0022_restated_reports.sql")
