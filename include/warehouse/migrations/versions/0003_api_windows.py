"""Further views of the API: zone and place of a series, work in progress, revision."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0003_api_windows.sql")
