"""A plant may have a customer, whose consumption tells the bill without it; days of series keep how much was hardly measured."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0040_bills_and_marks.sql")
