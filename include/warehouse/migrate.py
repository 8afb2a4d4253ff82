"""Forward-only migrations: Alembic revisions whose SQL lives beside them as `.sql` files."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from include.core.errors import NeedsHuman
from include.core.vendors import VENDORS
from include.warehouse.queries import query

REVISION_TABLE: Final = "heliograph_migration"
"""Where Alembic notes the revision of a warehouse."""

_FOLDER: Final = Path(__file__).parent / "migrations"


def migrate(url: str) -> str:
    """Bring the warehouse at `url` to the newest revision, with the vendors that this code knows, and return the revision.

    Two at the same time are safe: the second waits on an advisory lock. Raises `NeedsHuman` where the warehouse is newer.
    """
    engine = create_engine(url)
    with engine.begin() as connection:
        # A migration takes as long as it needs, and the second of two waits for the first.
        connection.execute(query("sessions", "lift_all_limits"))
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('heliograph.migrate'))"))
        require_known_revision(read_revision(connection))
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.execute(query("integrations", "add_vendors"), {"vendors": list(VENDORS)})
        connection.execute(query("migrate", "settle"))
    engine.dispose()
    return newest_revision()


def read_revision(connection: Connection) -> str | None:
    """Revision of a warehouse; None for an empty one."""
    return MigrationContext.configure(connection, opts={"version_table": REVISION_TABLE}).get_current_revision()


def require_known_revision(revision: str | None) -> None:
    """Raise `NeedsHuman` for a revision that only newer code knows; None, an empty warehouse, is fine."""
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if revision is not None and revision not in known:
        raise NeedsHuman(
            f"the warehouse is at revision {revision}, made by a newer version; this one knows up to {newest_revision()}: "
            "install the newer version again, schemas never go back"
        )


def newest_revision() -> str:
    """Newest revision that this code knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
