"""The API behind PgBouncer in transaction mode: few sessions, shared by all requests, processes and whoever else may enter."""

import contextlib
import threading
from collections.abc import Callable, Iterator

import psycopg2
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from include.warehouse.api_session import CurrentUser, QueryTooSlow, ReadOnlyDatabase
from tests.pooler import pooled, through

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def pooler(postgres_server, tmp_path_factory) -> Iterator[int]:
    """Port of a PgBouncer that lets all of a role and database share one session."""
    with pooled(postgres_server, tmp_path_factory.mktemp("pgbouncer"), default_pool_size=1) as port:
        yield port


@pytest.fixture
def pooled_url(stage, pooler) -> str:
    """The warehouse of the stage as the API's role, through the pooler."""
    return through(pooler, stage.api_url)


@pytest.fixture
def stranger(pooled_url) -> Iterator["psycopg2.extensions.cursor"]:
    """Somebody else with the role's password, in the same session by turns."""
    with contextlib.closing(psycopg2.connect(pooled_url.replace("+psycopg2", ""))) as connection:
        connection.autocommit = True
        yield connection.cursor()


def user_of(tenant) -> CurrentUser:
    return CurrentUser(tenant.users["client"], tenant.tenant_id, 1)


def test_many_callers_of_two_tenants_over_one_session_see_their_own(stage, pooled_url):
    faults = []
    app = stage.new_app(api_database_url=pooled_url)
    with TestClient(app) as http:

        def ask(tenant) -> None:
            for path in ("/plants", "/devices", f"/series/{tenant.power_series_id}/readings?from=2026-11-20") * 4:
                answer = http.get(f"/api/v1{path}", headers=stage.headers(tenant))
                other = b"west" if tenant.slug == "east" else b"east"
                if answer.status_code != 200 or other in answer.content:
                    faults.append((tenant.slug, path, answer.status_code))

        callers = [threading.Thread(target=ask, args=(tenant,)) for tenant in (stage.east, stage.west) * 4]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        log_in = http.post("/api/v1/auth/token", data={"username": "client@east.example", "password": stage.password})

    assert faults == []
    assert log_in.status_code == 200
    stage.forget_log_ins()


def test_a_statement_ends_at_its_limit_there_too(stage, pooled_url):
    database = ReadOnlyDatabase(pooled_url, secret=stage.secret, statement_timeout_s=0.2)

    with pytest.raises(QueryTooSlow), database.as_user(user_of(stage.east)) as session:
        session.connection.execute(text("SELECT pg_sleep(5)"))
    with database.as_user(user_of(stage.east)) as session:
        assert session.connection.execute(text("SELECT count(*) FROM api.plant")).scalar_one() == 1
    database.close()


def test_nothing_is_left_in_the_session_for_the_next_one(stage, pooled_url, stranger):
    stranger.execute("SELECT pg_backend_pid()")
    session_of_the_stranger = stranger.fetchone()[0]
    database = ReadOnlyDatabase(pooled_url, secret=stage.secret)
    with database.as_user(user_of(stage.east)) as session:
        same = session.connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        told = session.connection.execute(
            text("SELECT current_setting('heliograph.tenant_id'), current_setting('heliograph.tenant_proof')")
        ).one()
    database.close()

    assert same == session_of_the_stranger
    for name, value in zip(("heliograph.tenant_id", "heliograph.tenant_proof"), told, strict=True):
        stranger.execute("SELECT set_config(%s, %s, false)", (name, value))
    stranger.execute("SELECT count(*) FROM api.plant")
    assert stranger.fetchone() == (0,), "a proof that was seen opens nothing in the same session"
    stranger.execute("RESET ALL")


@pytest.fixture(scope="module")
def asked(stage, pooler) -> Callable[[], list]:
    """Two questions, asked through the pooler by an app that remembers nothing."""
    app = stage.new_app(api_database_url=through(pooler, stage.api_url))

    def ask() -> list:
        app.state.heliograph.answers.__init__()
        return answers_of(stage, app)

    return ask


@pytest.fixture(scope="module")
def expected(stage) -> list[bytes]:
    """What they are answered without a pooler."""
    return [answer.content for answer in answers_of(stage, stage.app)]


def answers_of(stage, app) -> list:
    client = stage.client_of(app)
    paths = (
        f"/series/{stage.east.power_series_id}/rollups?grain=hour&from=2026-11-20",
        f"/plants/{stage.east.plant_id}/energy-check?from=2026-11-20",
    )
    return [client.get(path, stage.headers(stage.east)) for path in paths]


@pytest.mark.parametrize("setting", [
    "statement_timeout = 200", "TimeZone = 'Asia/Tokyo'", "DateStyle = 'German'", "extra_float_digits = -15",
    "search_path = nowhere", "default_transaction_read_only = off", "default_transaction_isolation = 'read committed'",
    "idle_in_transaction_session_timeout = 500", "IntervalStyle = 'iso_8601'", "heliograph.tenant_id = '2'",
])  # fmt: skip
def test_what_another_one_set_in_the_session_changes_no_answer(asked, expected, stranger, setting):
    stranger.execute(f"SET {setting}")

    found = asked()
    stranger.execute("RESET ALL")

    assert [answer.status_code for answer in found] == [200, 200]
    assert [answer.content for answer in found] == expected
