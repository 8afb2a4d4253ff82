"""What each source told of each local day is counted, and held against what it usually tells."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0039_source_volumes.sql")
