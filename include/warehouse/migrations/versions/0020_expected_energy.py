"""Plants have a model and what follows from it: expected energy, yields, availability, money and forecasts."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0020_expected_energy.sql")
