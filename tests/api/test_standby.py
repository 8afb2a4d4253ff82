"""The API on a hot standby, made word for word as `docs/operations.md` says: it reads there, and writes on the primary."""

import contextlib
import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg2
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import make_url, text

from api.main import create_app
from cli.run.postgres import free_port
from cli.run.step_down import owner_of_data, programs, step_down
from include.core.settings import Settings
from include.steps.schema import migrate_warehouse
from include.warehouse import access_keys
from include.warehouse.access_keys import SCOPES, new_key
from include.warehouse.engine import engine_of, transaction
from include.warehouse.users import hash_password
from tests import memory
from tests.api.conftest import FIRST_READING, NOW, PASSWORD, SECRET, Stage, an_apis_settings, seed_tenant
from tests.api.test_hot_answers import HISTORIES, LISTS
from tests.e2e.installation import eventually
from tests.pooler import OPERATIONS
from tests.production.conftest import filled_in_example
from tests.production.services import Production

pytestmark = pytest.mark.postgres

WORD = "replicated"
"""Password of the role that replicates."""
WRITES = 25


def commands() -> list[str]:
    """What the page lets the operator type, in order."""
    section = OPERATIONS.read_text(encoding="utf-8").split("### A standby for the API\n")[1].split("\n## ")[0]
    blocks = re.findall(r"```console\n(.*?)```", section, re.DOTALL)
    return [
        command.replace("\\\n", "") for block in blocks for command in re.findall(r"^\$ ((?:.*\\\n)*.*)$", block, re.MULTILINE)
    ]


@dataclass
class Servers:
    """A primary and its standby, each with its port, and what runs there."""

    primary: Production
    folder: Path
    port: int
    standby: subprocess.Popen[bytes] | None = None

    def typed(self, beginning: str) -> str:
        """The one command of the page that begins so, with the places and names of this machine."""
        (command,) = [command for command in commands() if command.startswith(beginning)]
        here = {
            "-h primary": "-h 127.0.0.1",
            "-h standby": "-h 127.0.0.1",
            "/var/lib/postgresql/data": str(self.folder),
            "...": WORD,
        }
        for word, mine in here.items():
            command = command.replace(word, mine)
        return command

    def run(self, beginning: str, *, port: int, password: str) -> str:
        path = f"{programs()}:{os.environ['PATH']}"
        environment = {"PATH": path, "PGPORT": str(port), "PGPASSWORD": password, "HOME": str(self.folder.parent), "LC_ALL": "C"}
        done = subprocess.run(
            [*step_down(self.folder), "bash", "-ec", self.typed(beginning)], env=environment, cwd=self.folder,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start_standby(self) -> None:
        """With the options of the compose file and those of the page."""
        options = self.primary.command("postgres")
        options = options[options.index("-c") :]
        page = self.typed("postgres ").split()[3:]
        place = [str(programs() / "postgres"), "-D", str(self.folder), "-p", str(self.port)]
        with (self.folder.parent / "said").open("ab") as said:
            self.standby = subprocess.Popen(
                [*step_down(self.folder), *place, *options, *page], cwd=self.folder, stdout=said, stderr=said
            )
        eventually(self.answers, what=(self.folder.parent / "said").read_text(), limit_s=60, every_s=0.1)

    def answers(self) -> bool:
        assert self.standby.poll() is None, (self.folder.parent / "said").read_text()[-3000:]
        with contextlib.suppress(psycopg2.OperationalError), self.superuser():
            return True
        return False

    @property
    def primary_port(self) -> int:
        return make_url(self.primary.warehouse_url()).port

    @property
    def password(self) -> str:
        """The superuser's, on both."""
        return self.primary.environment("postgres")["POSTGRES_PASSWORD"]

    @contextlib.contextmanager
    def superuser(self, database: str = "postgres") -> Iterator["psycopg2.extensions.cursor"]:
        """On the standby."""
        with contextlib.closing(
            psycopg2.connect(host="127.0.0.1", port=self.port, user="postgres", password=self.password, dbname=database)
        ) as connection:
            connection.autocommit = True
            yield connection.cursor()

    def stop(self) -> None:
        if self.standby is not None:
            self.standby.send_signal(2)
            self.standby.wait(30)
        self.primary.stop_all()


@pytest.fixture(scope="module")
def servers(tmp_path_factory) -> Iterator[Servers]:
    home = tmp_path_factory.mktemp("standby")
    memory.let_others_in(home)
    both = Servers(Production(home / "primary", filled_in_example()), home / "standby" / "pg", free_port())
    both.folder.mkdir(parents=True, mode=0o700)
    if (owner := owner_of_data()) is not None:
        os.chown(both.folder, *owner)
    try:
        both.primary.start("postgres")
        both.run("psql -h primary", port=both.primary_port, password=both.password)
        both.run("pg_basebackup", port=both.primary_port, password=WORD)
        both.start_standby()
        yield both
    finally:
        both.stop()


@pytest.fixture(scope="module")
def stage(servers, tmp_path_factory) -> Stage:
    """Two tenants, written on the primary while the standby follows; the app reads from the primary."""
    store, url = tmp_path_factory.mktemp("reports"), servers.primary.warehouse_url()
    api_url = servers.primary.environment("api")["HELIOGRAPH_API_DATABASE_URL"]
    migrate_warehouse(Settings(database_url=url, jwt_secret=SECRET))
    password_hash = hash_password(PASSWORD)
    with transaction(url) as connection:
        connection.execute(text("SELECT ops.ensure_reading_partitions(ARRAY[CAST(:at AS date)], 'month')"), {"at": FIRST_READING})
        east, west = (seed_tenant(connection, slug, store=store, password_hash=password_hash) for slug in ("east", "west"))
    app = create_app(an_apis_settings(api_url, store), clock=lambda: NOW)
    yield Stage(app, east, west, url, api_url, store, password_hash)
    engine_of(url).dispose()
    engine_of.cache_clear()


@pytest.fixture(scope="module")
def standby_url(stage, servers) -> str:
    return make_url(stage.api_url).set(port=servers.port).render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def reading(stage, standby_url) -> Iterator[TestClient]:
    """An API that reads from the standby and writes on the primary, as it is served."""
    app = stage.new_app(api_database_url=standby_url, api_limits_database_url=stage.api_url)
    with TestClient(app, client=("192.0.2.1", 50_000), raise_server_exceptions=False) as http:
        yield http


@pytest.fixture
def caught_up(stage, servers) -> Callable[[], None]:
    """Wait until the standby has replayed what the primary has written so far."""

    def wait() -> None:
        with transaction(stage.url) as connection:
            written = connection.execute(text("SELECT pg_current_wal_lsn()::text")).scalar_one()
        with servers.superuser() as cursor:
            eventually(lambda: _replayed(cursor, written), limit_s=30, every_s=0.02)

    return wait


def _replayed(cursor, written: str) -> bool:
    cursor.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", (written,))
    return cursor.fetchone()[0]


def rename(stage, tenant, name: str) -> None:
    with transaction(stage.url) as connection:
        connection.execute(text("UPDATE fleet.plant SET name = :n WHERE plant_id = :p"), {"n": name, "p": tenant.plant_id})


def get(http: TestClient, stage, path: str, tenant=None, **headers: str):
    tenant = tenant or stage.east
    return http.get("/api/v1" + path.format(**tenant.ids()), headers=stage.headers(tenant) | headers)


def log_in(http: TestClient):
    return http.post("/api/v1/auth/token", data={"username": "client@east.example", "password": PASSWORD})


def test_every_command_of_the_page_was_tried(servers):
    """The last one is typed by the last test."""
    assert [command.split()[0] for command in commands()] == ["psql", "pg_basebackup", "postgres", "psql", "psql"]
    with servers.superuser() as cursor:
        cursor.execute("SELECT pg_is_in_recovery(), current_setting('hot_standby_feedback')")
        assert cursor.fetchone() == (True, "on")
    assert "behind" in servers.run('psql -h standby -U postgres -c "SELECT now()', port=servers.port, password=servers.password)


def test_the_line_of_the_page_lets_a_standby_in(stage, servers):
    line = re.search(r"`(host replication standby .*?)`", OPERATIONS.read_text())[1].replace("<its address>", "192.0.2.7")
    hba = servers.primary.folder / "pg" / "pg_hba.conf"
    hba.write_text(f"{hba.read_text()}{line}\n")

    with psycopg2.connect(make_url(stage.url).set(drivername="postgresql", username="postgres", password=servers.password)
                          .render_as_string(hide_password=False)) as connection, connection.cursor() as cursor:  # fmt: skip
        cursor.execute("SELECT count(*) FILTER (WHERE error IS NOT NULL), bool_or(address = '192.0.2.7') FROM pg_hba_file_rules")
        assert cursor.fetchone() == (0, True)


@pytest.mark.parametrize("path", LISTS + HISTORIES)
def test_an_answer_of_the_standby_is_that_of_the_primary_to_the_byte(stage, reading, caught_up, path):
    caught_up()
    client = stage.client_of(stage.app)

    for tenant in (stage.east, stage.west):
        expected = client.get(path.format(**tenant.ids()), stage.headers(tenant))
        found = get(reading, stage, path, tenant)
        assert (found.status_code, found.content, found.headers["etag"]) == (200, expected.content, expected.headers["etag"])


def test_what_is_written_on_the_primary_ends_what_the_standbys_api_remembers(stage, reading, caught_up):
    caught_up()
    before = get(reading, stage, "/plants")
    other = get(reading, stage, "/plants", stage.west)
    assert get(reading, stage, "/plants", **{"If-None-Match": before.headers["etag"]}).status_code == 304

    rename(stage, stage.east, "renamed east")
    caught_up()
    after = get(reading, stage, "/plants", **{"If-None-Match": before.headers["etag"]})

    assert after.status_code == 200
    assert after.json()["data"][0]["name"] == "renamed east"
    assert get(reading, stage, "/plants", **{"If-None-Match": after.headers["etag"]}).status_code == 304
    assert get(reading, stage, "/plants", stage.west, **{"If-None-Match": other.headers["etag"]}).status_code == 304


def test_under_writes_no_answer_is_older_than_one_that_was_given_before(stage, reading, standby_url, caught_up):
    """Two processes ask the standby while the primary counts; each numbers a plant and its city alike."""
    other_app = stage.new_app(api_database_url=standby_url, api_limits_database_url=stage.api_url)
    faults, seen, ended = [], ({}, {}), threading.Event()

    def ask(http: TestClient, etags: dict[str, int]) -> None:
        last = -1
        while not ended.is_set() or last < WRITES:
            answer = get(http, stage, "/plants")
            plant = answer.json()["data"][0]
            number = int(plant["name"]) if plant["name"].isdigit() else -1
            if number < last or plant["city"] != plant["name"] or etags.setdefault(answer.headers["etag"], number) != number:
                faults.append((last, plant["name"], plant["city"]))
            last = number

    def write() -> None:
        for number in range(WRITES + 1):
            with transaction(stage.url) as connection:
                connection.execute(
                    text("UPDATE fleet.plant SET name = :n, city = :n WHERE plant_id = :p"),
                    {"n": str(number), "p": stage.east.plant_id},
                )
            if number % (WRITES // 5) == 0:
                eventually(lambda number=number: all(number in etags.values() for etags in seen), limit_s=60, every_s=0.05)

    with transaction(stage.url) as connection:
        connection.execute(text("UPDATE fleet.plant SET city = name"))
    caught_up()
    with (
        TestClient(other_app, client=("192.0.2.2", 50_000)) as other,
        ThreadPoolExecutor() as pool,
        contextlib.ExitStack() as stack,
    ):
        readers = pool.map(ask, (reading, other), seen)
        stack.callback(ended.set)
        write()
    list(readers)

    assert faults == []
    assert min(map(len, seen)) > 3


def test_log_ins_refresh_tokens_and_log_outs_go_to_the_primary(stage, reading, caught_up):
    wrong = reading.post("/api/v1/auth/token", data={"username": "client@east.example", "password": "wrong words of five"})
    tokens = log_in(reading)
    refreshed = reading.post("/api/v1/auth/refresh", data={"refresh_token": tokens.json()["refresh_token"]})
    again = reading.post("/api/v1/auth/refresh", data={"refresh_token": tokens.json()["refresh_token"]})

    assert (wrong.status_code, tokens.status_code, refreshed.status_code, again.status_code) == (401, 200, 200, 401)
    with transaction(stage.url) as connection:
        assert connection.execute(text("SELECT count(*) FROM ops.log_in_limit")).scalar_one() > 0
    bearer = {"Authorization": f"Bearer {refreshed.json()['access_token']}"}
    assert reading.get("/api/v1/plants", headers=bearer).status_code == 200


def test_an_api_that_knows_only_a_standby_refuses_log_ins_says_why_and_answers_the_rest(stage, standby_url, caplog):
    with TestClient(stage.new_app(api_database_url=standby_url), raise_server_exceptions=False) as http:
        refused = log_in(http)

        assert refused.status_code == 503
        assert "set HELIOGRAPH_API_LIMITS_DATABASE_URL to the primary" in caplog.text
        assert get(http, stage, "/plants").status_code == 200


def test_while_the_standby_lags_its_answers_show_one_earlier_moment(stage, reading, servers, caught_up):
    rename(stage, stage.east, "before")
    caught_up()
    with servers.superuser() as cursor:
        cursor.execute("SELECT pg_wal_replay_pause()")
        eventually(lambda: _is_paused(cursor), limit_s=30, every_s=0.02)
        try:
            rename(stage, stage.east, "after")
            _shut(stage, "client", is_active=False)
            late = [get(reading, stage, path) for path in ("/plants", "/plants/{plant_id}", "/plants")]
        finally:
            cursor.execute("SELECT pg_wal_replay_resume()")
    caught_up()
    shut = get(reading, stage, "/plants")
    _shut(stage, "client", is_active=True)
    caught_up()

    assert [answer.status_code for answer in late] == [200] * 3
    assert {late[0].json()["data"][0]["name"], late[1].json()["data"]["name"], late[2].json()["data"][0]["name"]} == {"before"}
    assert shut.status_code == 401
    assert get(reading, stage, "/plants").json()["data"][0]["name"] == "after"


def _is_paused(cursor) -> bool:
    cursor.execute("SELECT pg_get_wal_replay_pause_state()")
    return cursor.fetchone() == ("paused",)


def _shut(stage, name: str, *, is_active: bool) -> None:
    with transaction(stage.url) as connection:
        connection.execute(
            text("UPDATE fleet.app_user SET is_active = :a WHERE user_id = :u"), {"a": is_active, "u": stage.east.users[name]}
        )


def test_without_its_primary_the_standby_answers_and_once_promoted_it_writes(stage, reading, servers, standby_url, caught_up):
    rename(stage, stage.east, "the last")
    key = {"X-API-Key": new_key()}
    with transaction(stage.url) as connection:
        access_keys.add_key(
            connection, email="client@east.example", name="grafana", key=key["X-API-Key"], scopes=tuple(SCOPES), now=NOW,
            expires_at=None,
        )  # fmt: skip
    caught_up()
    assert reading.get("/api/v1/plants", headers=key).status_code == 200
    engine_of(stage.url).dispose()
    servers.primary.stop_all()
    answered, refused = get(reading, stage, "/plants"), log_in(reading)
    by_key = reading.get("/api/v1/devices", headers=key)

    servers.run('psql -h standby -U postgres -c "SELECT pg_promote', port=servers.port, password=servers.password)
    owner = make_url(stage.url).set(port=servers.port).render_as_string(hide_password=False)
    promoted = replace(stage, url=owner, api_url=standby_url)
    promoted.forget_log_ins()
    rename(promoted, stage.east, "after the last")
    written = get(reading, stage, "/plants")
    with TestClient(stage.new_app(api_database_url=standby_url)) as http:
        logged_in = log_in(http)
    engine_of(owner).dispose()

    assert answered.json()["data"][0]["name"] == "the last"
    assert by_key.status_code == 200
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert written.json()["data"][0]["name"] == "after the last"
    assert logged_in.status_code == 200
    migrate_warehouse(Settings(database_url=owner, jwt_secret=SECRET))
