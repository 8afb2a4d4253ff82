"""Which claimed files are noted: one that a crash left behind is not taken for one that was received again."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0014_noted_claims.sql")
