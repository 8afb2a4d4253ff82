"""What a tenant's reports, mails and page look like, as it was when a report was issued and as it is now."""

from include.warehouse.migrations.run_sql import run_sql

revision = "0048"
down_revision = "0047"


def upgrade() -> None:
    """Run the SQL."""
    run_sql("0048_brands.sql")
