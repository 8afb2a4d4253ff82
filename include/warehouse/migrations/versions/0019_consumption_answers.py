"""Consumption is held against what was expected; targets have a history; answers to questions on demand are kept."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0019_consumption_answers.sql")
