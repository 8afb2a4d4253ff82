"""Plants have insights: short sentences with the numbers that they rest on."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0028"
down_revision = "0025"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0028_insights.sql")
