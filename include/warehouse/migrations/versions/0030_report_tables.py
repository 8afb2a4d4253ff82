"""Reports about a whole tenant beside those of plants, their tables as files, and recipients of one report instead of many."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0030"
down_revision = "0028"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0030_report_tables.sql")
