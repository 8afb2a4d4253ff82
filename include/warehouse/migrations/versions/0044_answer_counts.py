"""How many readings of each series an answer had tells a later one whether it has more."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0044_answer_counts.sql")
