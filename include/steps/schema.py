"""The schema of the warehouse, brought to what this code needs."""

from include.core.settings import Settings
from include.warehouse.migrate import migrate


def migrate_warehouse(settings: Settings) -> str:
    """Bring the warehouse to the newest revision and return it; two at the same time are safe."""
    return migrate(settings.database_url)
