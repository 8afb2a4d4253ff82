"""A fresh warehouse per test: one throw-away PostgreSQL per session, one migrated template, cheap copies of it."""

import contextlib
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psycopg2
import pytest

from cli.run.postgres import Server, database_url, embedded_server, ensure_database, free_port, provision

SECRETS = {"HELIOGRAPH_DB_PASSWORD": "owner", "HELIOGRAPH_API_DB_PASSWORD": "reader", "AIRFLOW_DB_PASSWORD": "airflow"}
NUMBERS = count(1)


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An empty server with our roles, on a free port, in a temporary folder."""
    home: Path = tmp_path_factory.mktemp("postgres")
    with embedded_server(home, port=free_port(), password="superuser", durable=False) as server:
        provision(server, SECRETS)
        yield server


@pytest.fixture(scope="session")
def new_warehouse(postgres_server: Server) -> Callable[[], str]:
    """Makes one more migrated warehouse and returns its owner's URL; for module-scoped fixtures."""
    from include.warehouse.migrate import migrate

    migrate(database_url(postgres_server.port, "heliograph", "heliograph", "owner"))

    def make() -> str:
        name = f"warehouse_{next(NUMBERS)}"
        with _superuser(postgres_server) as cursor:
            ensure_database(cursor, name, owner="heliograph", template="heliograph")
            cursor.execute(f"GRANT CONNECT ON DATABASE {name} TO heliograph_api")
        return database_url(postgres_server.port, name, "heliograph", "owner")

    return make


@pytest.fixture
def warehouse_url(postgres_server: Server, new_warehouse: Callable[[], str]) -> Iterator[str]:
    """SQLAlchemy URL, as role heliograph, of a migrated warehouse that only this test sees."""
    url = new_warehouse()

    yield url

    _forget_engines(url)
    with _superuser(postgres_server) as cursor:
        cursor.execute(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")


@pytest.fixture
def api_url(postgres_server: Server, warehouse_url: str) -> str:
    """The same warehouse as `warehouse_url`, as role heliograph_api."""
    return database_url(postgres_server.port, warehouse_url.rpartition("/")[2], "heliograph_api", "reader")


def _forget_engines(url: str) -> None:
    from include.warehouse.engine import engine_of

    engine_of(url).dispose()
    engine_of.cache_clear()


@contextlib.contextmanager
def _superuser(server: Server) -> Iterator["psycopg2.extensions.cursor"]:
    connection = psycopg2.connect(
        host="127.0.0.1", port=server.port, dbname="postgres", user="postgres", password=server.password
    )
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()
