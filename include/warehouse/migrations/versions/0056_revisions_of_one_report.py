"""What a revision of the same report is has one home."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0056"
down_revision = "0055"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0056_revisions_of_one_report.sql")
