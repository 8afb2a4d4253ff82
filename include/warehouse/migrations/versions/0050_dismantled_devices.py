"""A device that is gone holds nothing back: the registry may say when it was dismantled."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0050"
down_revision = "0048"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0050_dismantled_devices.sql")
