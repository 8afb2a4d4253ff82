"""Incidents, what the watch remembers between two looks, notices in the outbox, and limits of the owner's sessions."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0015_incidents.sql")
