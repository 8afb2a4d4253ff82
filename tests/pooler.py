"""A real PgBouncer in front of the tests' PostgreSQL, with the settings that `docs/operations.md` asks for."""

import configparser
import contextlib
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import make_url

from cli.run.postgres import Server, free_port
from tests import memory

OPERATIONS = Path(__file__).resolve().parents[1] / "docs" / "operations.md"


@contextlib.contextmanager
def pooled(server: Server, home: Path, **other: object) -> Iterator[int]:
    """Port of a PgBouncer for the length of a block; `other` settings replace those of the page."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("PgBouncer is not installed: apt-get install pgbouncer")
    memory.let_others_in(home)
    port = free_port()
    ini = _settings()
    ini["databases"] = {"*": f"host=127.0.0.1 port={server.port}"}
    here = {"listen_addr": "127.0.0.1", "listen_port": port, "unix_socket_dir": "", "auth_file": home / "userlist.txt"}
    ini["pgbouncer"].update({name: str(value) for name, value in (here | other).items()})
    with (home / "pgbouncer.ini").open("w") as file:
        ini.write(file)
    (home / "userlist.txt").write_text(_userlist(server))
    as_nobody = ["-u", "nobody"] if os.geteuid() == 0 else []
    with (home / "said").open("wb") as said:
        process = subprocess.Popen([program, *as_nobody, str(home / "pgbouncer.ini")], stdout=said, stderr=said)
    try:
        _await(port, process, home / "said")
        yield port
    finally:
        process.terminate()
        process.wait(10)


def through(port: int, url: str) -> str:
    """The same database by way of the pooler."""
    return make_url(url).set(port=port).render_as_string(hide_password=False)


def _section() -> str:
    return OPERATIONS.read_text(encoding="utf-8").split("### PgBouncer\n")[1].split("\n### ")[0]


def _settings() -> configparser.ConfigParser:
    """The page's `pgbouncer.ini`."""
    ini = configparser.ConfigParser(interpolation=None)
    ini.read_string(re.search(r"```ini\n(.*?)```", _section(), re.DOTALL)[1])
    return ini


def _userlist(server: Server) -> str:
    """What the page's statement makes."""
    statement = re.search(r"-Atc \"(SELECT .*?)\" > userlist.txt", _section())[1].replace('\\"', '"')
    address = server.url("postgres").replace("+psycopg2", "")
    with contextlib.closing(psycopg2.connect(address)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return "".join(f"{line}\n" for (line,) in cursor.fetchall())


def _await(port: int, process: subprocess.Popen[bytes], said: Path) -> None:
    """It listens. Nobody logs in meanwhile: it would keep a session in that database, which then could not be copied."""
    deadline = time.monotonic() + 120
    while True:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        assert process.poll() is None, said.read_text()
        assert time.monotonic() < deadline, f"PgBouncer does not answer: {said.read_text()}"
        time.sleep(0.05)
