"""The API tells admins which plants and devices a vendor refuses."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0045"
down_revision = "0044"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0045_left_out_members.sql")
