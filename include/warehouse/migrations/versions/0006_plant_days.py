"""Views with one home for the energy of a plant's day, the power of inverters and the target of a day."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0006_plant_days.sql")
