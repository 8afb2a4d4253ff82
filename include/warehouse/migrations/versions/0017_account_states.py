"""An account's state is true: what the vendor refused, since when, and when figures came last."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0017_account_states.sql")
