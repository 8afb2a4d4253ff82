"""Columns named by the field's words, a table of vendors instead of a list in a check, and a priority per request."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0005_words_of_the_field.sql")
