"""The schema of the warehouse, brought to what this code needs."""

from include.core.settings import Settings
from include.warehouse import migrate
from include.warehouse.api_key import save_api_key
from include.warehouse.engine import transaction


def migrate_warehouse(settings: Settings) -> str:
    """Bring the warehouse to the newest revision and return it; two at the same time are safe.

    Where the settings have the secret of the API, the warehouse believes the API that has it from now on. Raises `NeedsHuman`
    where the warehouse is newer than this code.
    """
    revision = migrate.migrate(settings.database_url)
    if settings.jwt_secret:
        with transaction(settings.database_url) as connection:
            save_api_key(connection, settings.jwt_secret)
    return revision


def warehouse_revision(settings: Settings) -> str | None:
    """Revision of the warehouse; None for an empty one."""
    with transaction(settings.database_url) as connection:
        return migrate.read_revision(connection)


def require_known_revision(revision: str | None) -> None:
    """Raise `NeedsHuman` for a revision that only newer code knows."""
    migrate.require_known_revision(revision)
