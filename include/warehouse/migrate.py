"""Forward-only migrations: Alembic revisions whose SQL lives beside them as `.sql` files."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from include.core.vendors import VENDORS
from include.warehouse.queries import query

_FOLDER = Path(__file__).parent / "migrations"


def migrate(url: str) -> str:
    """Bring the warehouse at `url` to the newest revision, with the vendors that this code knows, and return the revision.

    Two at the same time are safe: the second waits on an advisory lock.
    """
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('heliograph.migrate'))"))
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.execute(query("integrations", "add_vendors"), {"vendors": list(VENDORS)})
    engine.dispose()
    return newest_revision()


def newest_revision() -> str:
    """Newest revision that this code knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
