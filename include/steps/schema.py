"""The schema of the warehouse, brought to what this code needs."""

from include.core.settings import Settings
from include.warehouse.api_key import save_api_key
from include.warehouse.engine import transaction
from include.warehouse.migrate import migrate


def migrate_warehouse(settings: Settings) -> str:
    """Bring the warehouse to the newest revision and return it; two at the same time are safe.

    Where the settings have the secret of the API, the warehouse believes the API that has it from now on.
    """
    revision = migrate(settings.database_url)
    if settings.jwt_secret:
        with transaction(settings.database_url) as connection:
            save_api_key(connection, settings.jwt_secret)
    return revision
