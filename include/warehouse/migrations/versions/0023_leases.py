"""Who is at work on what one may work on at a time, without a transaction that stays open."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0023_leases.sql")
