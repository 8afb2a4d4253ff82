"""Reports of a tenant's choice wait for a person's yes before their mails leave."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0046_report_approval.sql")
