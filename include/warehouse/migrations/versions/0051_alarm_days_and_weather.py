"""What an alarm lost is kept by day; a forecast says which of its days a forecast of the weather made."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0051"
down_revision = "0050"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0051_alarm_days_and_weather.sql")
