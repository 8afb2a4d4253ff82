"""The schema of the warehouse, brought to what this code needs."""

from contextlib import suppress

from include.core.errors import TryLater
from include.core.settings import Settings
from include.warehouse import migrate
from include.warehouse.api_key import save_api_key
from include.warehouse.engine import transaction
from include.warehouse.sessions import end_idle_sessions, limit_own_sessions


def migrate_warehouse(settings: Settings) -> str:
    """Bring the warehouse to the newest revision and return it; two at the same time are safe.

    Where the settings have the secret of the API, the warehouse believes the API that has it from now on. Sessions of the owner
    get the limits of the settings. Raises `NeedsHuman` where the warehouse is newer than this code.
    """
    revision = migrate.migrate(settings.database_url)
    with transaction(settings.database_url) as connection:
        had_others = limit_own_sessions(
            connection,
            lock_s=settings.lock_timeout_s,
            statement_s=settings.statement_timeout_s,
            idle_transaction_s=settings.idle_transaction_timeout_s,
        )
        if settings.jwt_secret:
            save_api_key(connection, settings.jwt_secret)
    if had_others:
        # The session that ends the others ends itself at last.
        with suppress(TryLater), transaction(settings.database_url) as connection:
            end_idle_sessions(connection)
    return revision


def warehouse_revision(settings: Settings) -> str | None:
    """Revision of the warehouse; None for an empty one."""
    with transaction(settings.database_url) as connection:
        return migrate.read_revision(connection)


def require_known_revision(revision: str | None) -> None:
    """Raise `NeedsHuman` for a revision that only newer code knows."""
    migrate.require_known_revision(revision)
