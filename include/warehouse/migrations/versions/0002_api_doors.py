"""Row level security and the views of the API."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0002_api_doors.sql")
