"""A private PostgreSQL cluster and the CPU that it and this process use."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from sqlalchemy import create_engine, text

from cli.run.postgres import database_url, embedded_server, free_port, provision
from include.warehouse.migrate import migrate

_SECRETS = {"HELIOGRAPH_DB_PASSWORD": "owner", "HELIOGRAPH_API_DB_PASSWORD": "reader", "AIRFLOW_DB_PASSWORD": "airflow"}


@dataclass
class Cluster:
    """A migrated warehouse on a server of its own."""

    url: str
    admin_url: str
    postmaster: psutil.Process
    folder: Path

    def cpu_s(self) -> tuple[float, float]:
        """CPU seconds so far of (this process, the whole cluster)."""
        own = time.process_time()
        server = 0.0
        for process in [self.postmaster, *self.postmaster.children(recursive=True)]:
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            server += times.user + times.system
            if process == self.postmaster:
                server += times.children_user + times.children_system
        return own, server

    def run(self, sql: str, **parameters: object) -> None:
        """Run statements as the superuser, each committed."""
        engine = create_engine(self.admin_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(sql), parameters)
        engine.dispose()


@dataclass
class Measured:
    """One timed block: wall and CPU seconds, and the WAL written [MB]."""

    wall_s: float = 0.0
    client_cpu_s: float = 0.0
    server_cpu_s: float = 0.0
    wal_mb: float = 0.0

    @property
    def cpu_s(self) -> float:
        """CPU of both sides."""
        return self.client_cpu_s + self.server_cpu_s


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Start a cluster with durable settings in a temporary folder; it is gone afterwards."""
    with TemporaryDirectory(prefix="bench-") as name:
        home = Path(name)
        home.chmod(0o755)
        port = free_port()
        with embedded_server(home, port=port, password="superuser", durable=True) as server:
            provision(server, _SECRETS)
            url = database_url(port, "heliograph", "heliograph", "owner")
            migrate(url)
            postmaster = psutil.Process(int((home / "pg" / "postmaster.pid").read_text().split()[0]))
            yield Cluster(url, database_url(port, "heliograph", "postgres", "superuser"), postmaster, home)


@contextmanager
def measured(on: Cluster) -> Iterator[Measured]:
    """Time the block."""
    result = Measured()
    wal = _wal_bytes(on)
    client, server = on.cpu_s()
    start = time.perf_counter()
    yield result
    result.wall_s = time.perf_counter() - start
    client_end, server_end = on.cpu_s()
    result.client_cpu_s, result.server_cpu_s = client_end - client, server_end - server
    result.wal_mb = (_wal_bytes(on) - wal) / 1e6


def machine() -> str:
    """One line about the machine."""
    memory_gib = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {memory_gib:.0f} GiB, load {os.getloadavg()[0]:.1f}"


def _wal_bytes(on: Cluster) -> int:
    engine = create_engine(on.admin_url)
    with engine.connect() as connection:
        value = connection.execute(text("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")).scalar_one()
    engine.dispose()
    return int(value)
