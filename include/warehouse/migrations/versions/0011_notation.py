"""How a tenant's files of a feed write numbers."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0011_notation.sql")
