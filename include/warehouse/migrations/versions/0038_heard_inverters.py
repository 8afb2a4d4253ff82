"""When each inverter generated first and last, where its plant had a swap: it decides when it is expected."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0038"
down_revision = "0035"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0038_heard_inverters.sql")
