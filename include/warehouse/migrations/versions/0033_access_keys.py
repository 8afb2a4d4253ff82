"""Programs come in with keys of their own, and sessions go on with tokens that are good once."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0033_access_keys.sql")
