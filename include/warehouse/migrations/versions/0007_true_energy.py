"""Days of misbehaving counters, the published energy of plants and inverters, and a work list of plant days."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0007_true_energy.sql")
