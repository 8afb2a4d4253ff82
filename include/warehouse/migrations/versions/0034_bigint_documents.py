"""Documents are numbered by bigint, wherever their numbers are kept."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0034_bigint_documents.sql")
