"""A fresh warehouse per test: one throw-away PostgreSQL per worker, one migrated template, cheap copies of it.

`--torture` asks for the long forms: more kills, more examples, every fault at every vendor.
"""

import contextlib
import gc
import shutil
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import hypothesis
import psycopg2
import pytest

from cli.run.postgres import Server, database_url, embedded_server, free_port, provision

SECRETS = {"HELIOGRAPH_DB_PASSWORD": "owner", "HELIOGRAPH_API_DB_PASSWORD": "reader", "AIRFLOW_DB_PASSWORD": "airflow"}
NUMBERS = count(1)

pytest_plugins = ["tests.leftovers", "tests.memory", "tests.spread"]
# The short form draws the same examples each time, so that a failure belongs to the change that caused it; the long one explores.
hypothesis.settings.register_profile("short", max_examples=50, deadline=None, derandomize=True)
hypothesis.settings.register_profile("torture", max_examples=2000, deadline=None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--torture", action="store_true", help="run the long forms of the tests, and those that are only long")


def pytest_configure(config: pytest.Config) -> None:
    hypothesis.settings.load_profile("torture" if config.getoption("torture") else "short")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays to the end: looking through eleven thousand tests for garbage takes a third of collecting them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("torture"):
        long = [item for item in items if item.get_closest_marker("torture")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


@pytest.fixture(scope="session")
def torture(pytestconfig: pytest.Config) -> bool:
    """Whether the long form was asked for."""
    return bool(pytestconfig.getoption("torture"))


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An empty server with our roles, on a free port, in a temporary folder."""
    home: Path = tmp_path_factory.mktemp("postgres")
    with embedded_server(home, port=free_port(), password="superuser", durable=False) as server:
        provision(server, SECRETS)
        yield server
    # A run that failed keeps its folder, which may lie in memory; what cannot be removed says nothing of the tests.
    shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def new_warehouse(postgres_server: Server) -> Callable[..., str]:
    """Makes one more migrated warehouse, or one `like` another, and returns its owner's URL; for module-scoped fixtures."""
    from include.warehouse.migrate import migrate

    migrated = database_url(postgres_server.port, "heliograph", "heliograph", "owner")
    migrate(migrated)

    def make(*, like: str = migrated) -> str:
        name, template = f"warehouse_{next(NUMBERS)}", _name_of(like)
        with _superuser(postgres_server) as cursor:
            # What somebody is connected to cannot be copied.
            cursor.execute("SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = %s", (template,))
            # Copying files takes half the time of writing them through the log.
            cursor.execute(f"CREATE DATABASE {name} OWNER heliograph TEMPLATE {template} STRATEGY file_copy")
            cursor.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
            cursor.execute(f"GRANT CONNECT ON DATABASE {name} TO heliograph_api")
        return database_url(postgres_server.port, name, "heliograph", "owner")

    return make


@pytest.fixture
def copy_of(postgres_server: Server, new_warehouse: Callable[..., str]) -> Iterator[Callable[[str], str]]:
    """Makes a warehouse that only this test sees, like another one that was filled once for all tests of a file."""
    urls: list[str] = []

    def make(url: str) -> str:
        urls.append(new_warehouse(like=url))
        return urls[-1]

    yield make

    for url in urls:
        _drop(postgres_server, url)


@pytest.fixture
def warehouse_url(postgres_server: Server, new_warehouse: Callable[..., str]) -> Iterator[str]:
    """SQLAlchemy URL, as role heliograph, of a migrated warehouse that only this test sees."""
    url = new_warehouse()

    yield url

    _drop(postgres_server, url)


@pytest.fixture
def api_url(postgres_server: Server, warehouse_url: str) -> str:
    """The same warehouse as `warehouse_url`, as role heliograph_api."""
    return database_url(postgres_server.port, _name_of(warehouse_url), "heliograph_api", "reader")


def _name_of(url: str) -> str:
    return url.rpartition("/")[2]


def _drop(server: Server, url: str) -> None:
    from include.warehouse.engine import engine_of

    engine_of(url).dispose()
    engine_of.cache_clear()
    with _superuser(server) as cursor:
        cursor.execute(f"DROP DATABASE {_name_of(url)} WITH (FORCE)")


@dataclass
class LiveClouds:
    """The imitated vendor clouds behind a real socket."""

    url: str
    world: Any


@pytest.fixture
def clouds() -> Iterator[LiveClouds]:
    """The vendor clouds on a free port, limits on, at 2026-06-16 12:00 UTC; the clock stands until it is put forward."""
    with live_clouds(datetime(2026, 6, 16, 12, tzinfo=UTC)) as live:
        yield live


@contextlib.contextmanager
def live_clouds(now: datetime, *, limits_on: bool = True, plants: int = 3, first: int = 0) -> Iterator[LiveClouds]:
    """Serve the vendor clouds from a thread for the length of a block."""
    import uvicorn

    from sandbox.clouds import app
    from sandbox.sunshine import sunshine
    from sandbox.world import ShiftedClock, World

    world = World(sunshine=sunshine(plants=plants, first=first), clock=ShiftedClock(now, runs=False), limits_on=limits_on)
    quietly = {"log_level": "critical", "access_log": False, "timeout_graceful_shutdown": 1}
    server = uvicorn.Server(uvicorn.Config(app(world), host="127.0.0.1", port=free_port(), **quietly))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield LiveClouds(f"http://127.0.0.1:{server.config.port}", world)
    finally:
        server.should_exit = True
        thread.join(10)


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
