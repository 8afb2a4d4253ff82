"""A revision per tenant tells whether an answer still holds; proofs of the API hold for one transaction, not for a session."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0016_tenant_revisions.sql")
