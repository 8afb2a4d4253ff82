"""The API proves what its transactions are for; log-ins are counted for all processes; tokens have generations."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0013_api_limits.sql")
