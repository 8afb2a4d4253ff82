"""How much of a vendor's daily limits each account used stays known beyond the two days of single calls."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0047_call_budgets.sql")
