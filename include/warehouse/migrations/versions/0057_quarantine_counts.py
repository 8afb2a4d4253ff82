"""What is set aside is counted as it is set aside: lists of a plant's quarantine need not read every row."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0057"
down_revision = "0056"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0057_quarantine_counts.sql")
