"""The schema of the warehouse, brought to what this code needs."""

from include.core.settings import Settings
from include.warehouse import migrate
from include.warehouse.engine import transaction


def migrate_warehouse(settings: Settings) -> str:
    """Bring the warehouse to the newest revision and return it; two at the same time are safe.

    Raises `NeedsHuman` where the warehouse is newer than this code.
    """
    return migrate.migrate(settings.database_url)


def warehouse_revision(settings: Settings) -> str | None:
    """Revision of the warehouse; None for an empty one."""
    with transaction(settings.database_url) as connection:
        return migrate.read_revision(connection)


def require_known_revision(revision: str | None) -> None:
    """Raise `NeedsHuman` for a revision that only newer code knows."""
    migrate.require_known_revision(revision)
