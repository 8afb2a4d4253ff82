"""The work list of the pulls stays fair and short; accounts that a vendor knows as one user share their budget."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0025"
down_revision = "0023"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0025_fair_work_list.sql")
