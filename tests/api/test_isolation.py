"""Tenants are kept apart: every route of the OpenAPI document, many tenants over few connections, and no way to write."""

import asyncio
import contextlib
import dataclasses
import random
from collections.abc import Callable
from datetime import timedelta
from functools import cache

import httpx
import psycopg2
import pytest
from sqlalchemy import text

from api.main import create_app
from api.scopes import SCOPE_OF_TAG
from include.core.errors import NeedsHuman
from include.core.settings import Settings
from include.core.span import Span
from include.rollups.minutes import read_minutes
from include.warehouse.access_keys import SCOPES
from include.warehouse.api_key import save_api_key
from include.warehouse.api_session import CurrentUser, ReadOnlyDatabase
from include.warehouse.engine import transaction
from tests.openapi_document import openapi_document

pytestmark = pytest.mark.postgres

SESSIONS = {"/api/v1/auth/token", "/api/v1/auth/refresh", "/api/v1/auth/log-out"}
PUBLIC = {*SESSIONS, "/api/v1/health/live", "/api/v1/health/ready"}
QUERIES = {
    "/api/v1/brand": "", "/api/v1/plants": "", "/api/v1/fleet": "", "/api/v1/plants/{plant_id}": "",
    "/api/v1/plants/{plant_id}/now": "", "/api/v1/devices/{device_id}/now": "",
    "/api/v1/plants/{plant_id}/energy-statistics": "?from=2026-11-20",
    "/api/v1/plants/{plant_id}/rollups": "?grain=hour&from=2026-11-20&to=2026-11-21",
    "/api/v1/plants/{plant_id}/devices/rollups": "?grain=hour&from=2026-11-20&to=2026-11-21",
    "/api/v1/plants/{plant_id}/energy": "?grain=month&from=2026-11-01",
    "/api/v1/plants/{plant_id}/forecast": "", "/api/v1/plants/{plant_id}/insights": "", "/api/v1/plants/{plant_id}/model": "",
    "/api/v1/plants/{plant_id}/yields": "?grain=day&from=2026-11-20",
    "/api/v1/plants/{plant_id}/inverter-ranks": "?from=2026-11-20",
    "/api/v1/plants/{plant_id}/counter-days": "?from=2026-11-20",
    "/api/v1/plants/{plant_id}/inverter-days": "?from=2026-11-20",
    "/api/v1/plants/{plant_id}/performance": "?as_of=2026-11-20", "/api/v1/performance": "?window=year_to_date",
    "/api/v1/plants/{plant_id}/peak-power": "?from=2026-11-20&to=2026-11-21",
    "/api/v1/plants/{plant_id}/energy-check": "?from=2026-11-20", "/api/v1/plants/{plant_id}/alarms": "?from=2026-11-20",
    "/api/v1/devices": "", "/api/v1/devices/{device_id}": "",
    "/api/v1/customers": "", "/api/v1/customers/{customer_id}": "", "/api/v1/customers/{customer_id}/consumption": "",
    "/api/v1/consumption": "?month=2026-10", "/api/v1/consumption/anomalies": "", "/api/v1/consumption/ranking": "",
    "/api/v1/consumption/months": "", "/api/v1/customers/{customer_id}/consumption/summary": "",
    "/api/v1/customers/{customer_id}/consumption/checks": "",
    "/api/v1/series": "", "/api/v1/series/{series_id}": "",
    "/api/v1/series/{series_id}/readings": "?from=2026-11-20", "/api/v1/series/{series_id}/events": "?from=2026-11-20",
    "/api/v1/series/{series_id}/marks": "?from=2026-11-20",
    "/api/v1/series/{series_id}/rollups": "?grain=hour&from=2026-11-20",
    "/api/v1/documents": "", "/api/v1/documents/{document_id}": "", "/api/v1/quarantine": "",
    "/api/v1/loads": "", "/api/v1/loads/summary": "?run_id=east", "/api/v1/plants/{plant_id}/quarantine": "",
    "/api/v1/reports": "", "/api/v1/reports/{report_id}": "", "/api/v1/reports/{report_id}/pdf": "",
    "/api/v1/reports/{report_id}/xlsx": "", "/api/v1/reports/{report_id}/csv": "",
    "/api/v1/health/detailed": "", "/api/v1/analyses": "", "/api/v1/analyses/{analysis_id}": "",
    "/api/v1/health/devices": "", "/api/v1/devices/{device_id}/statistics": "?period=24h",
    "/api/v1/alarms": "", "/api/v1/accounts": "", "/api/v1/plants/{plant_id}/targets": "",
}  # fmt: skip
"""A good query for every protected route; a route that is missing here fails the first test."""
ADMINS_ONLY = {
    "/api/v1/accounts", "/api/v1/documents", "/api/v1/documents/{document_id}", "/api/v1/loads", "/api/v1/loads/summary",
    "/api/v1/quarantine",
}  # fmt: skip
FILTERS = ("plant_id", "device_id", "customer_id", "document_id")


@cache
def _documented() -> dict:
    return openapi_document()["paths"]


def _filtered_routes() -> list[tuple[str, str]]:
    return [
        (path, parameter["name"])
        for path, operations in _documented().items()
        if path in QUERIES
        for parameter in operations["get"].get("parameters", ())
        if parameter["in"] == "query" and parameter["name"] in FILTERS
    ]


def _url(path: str, ids: dict[str, int]) -> str:
    return path.removeprefix("/api/v1").format(**ids) + QUERIES[path]


def test_every_documented_route_is_public_by_intent_or_covered_here():
    assert set(_documented()) == PUBLIC | set(QUERIES)


def test_only_log_in_and_log_out_are_not_gets():
    methods = {(path, method) for path, operations in _documented().items() for method in operations}

    assert {pair for pair in methods if pair[1] != "get"} == {(path, "post") for path in SESSIONS}


@pytest.mark.parametrize("path", QUERIES)
def test_a_route_says_that_it_needs_a_token_or_a_key(path):
    assert _documented()[path]["get"]["security"] == [{"OAuth2PasswordBearer": []}, {"APIKeyHeader": []}]


@pytest.mark.parametrize("path", QUERIES)
def test_an_admin_reads_the_own_tenant_and_nothing_of_another(stage, client, path):
    answer = client.get(_url(path, stage.east.ids()), stage.headers(stage.east, "admin"))

    assert answer.status_code == 200
    assert b"west" not in answer.content
    if path not in {"/api/v1/health/detailed"}:
        assert answer.content


@pytest.mark.parametrize("path", QUERIES)
def test_a_client_reads_what_is_not_for_admins_only(stage, client, path):
    answer = client.get(_url(path, stage.east.ids()), stage.headers(stage.east, "client"))

    assert answer.status_code == (403 if path in ADMINS_ONLY else 200)


@pytest.mark.parametrize("path", [path for path in QUERIES if "{" in path])
def test_another_tenants_id_does_not_exist(stage, client, path):
    answer = client.get(_url(path, stage.west.ids()), stage.headers(stage.east, "admin"))

    assert answer.status_code == 404
    assert b"west" not in answer.content


@pytest.fixture(scope="module")
def unasked(stage):
    """An app that nobody asked for any of these addresses before."""
    return stage.new_app()


@pytest.mark.parametrize("path", QUERIES)
def test_every_route_opens_to_the_key_of_its_scope_and_to_no_other(stage, unasked, make_key, path):
    client = stage.client_of(unasked)
    (scope,) = {SCOPE_OF_TAG[tag] for tag in _documented()[path]["get"]["tags"]}
    role = "admin" if path in ADMINS_ONLY else "client"
    right, others = make_key(role=role, scopes=[scope]), make_key(role=role, scopes=sorted(SCOPES.keys() - {scope}))
    url = _url(path, stage.east.ids())

    # Twice: the second answer may be one that was given before.
    assert [client.get(url, {"X-API-Key": right}).status_code for _ in range(2)] == [200, 200]
    refused = client.get(url, {"X-API-Key": others})
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:heliograph:problem:scope-missing")
    assert client.get(_url(path, stage.west.ids()), {"X-API-Key": right}).status_code == (404 if "{" in path else 200)


MINUTES = [path.replace("grain=hour", "grain=minute") for path in map("".join, QUERIES.items()) if "grain=hour" in path]


@pytest.mark.parametrize("path", MINUTES)
def test_minutes_are_those_of_the_own_tenant(stage, client, path):
    path = path.removeprefix("/api/v1")

    own, foreign = (
        client.get(path.format(**tenant.ids()), stage.headers(stage.east, "admin")) for tenant in (stage.east, stage.west)
    )

    assert (own.status_code, foreign.status_code) == (200, 404)
    assert b'"reading_count":1' in own.content
    assert b"west" not in own.content + foreign.content


def test_minutes_of_another_tenants_series_are_none_also_where_its_id_got_through(stage):
    span = Span(stage.first_reading, stage.first_reading + timedelta(days=1))
    user = CurrentUser(stage.east.users["client"], stage.east.tenant_id, 1)

    with ReadOnlyDatabase(stage.api_url, secret=stage.secret).as_user(user) as session:
        found = read_minutes(session.connection, [stage.west.power_series_id, stage.west.plant_series_id], span)

    assert len(found) == 0


@pytest.mark.parametrize(("path", "name"), _filtered_routes())
def test_another_tenants_id_as_a_filter_finds_nothing(stage, client, path, name):
    foreign = stage.west.ids()[name]

    answer = client.get(f"{path.removeprefix('/api/v1')}?{name}={foreign}", stage.headers(stage.east, "admin"))

    assert answer.json()["data"] == []


@pytest.mark.parametrize("path", QUERIES)
def test_without_a_token_nothing_is_told(stage, client, path):
    answer = client.get(_url(path, stage.east.ids()))

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("user", ["disabled", "changed"])
@pytest.mark.parametrize("path", QUERIES)
def test_a_good_token_of_a_disabled_user_or_of_an_older_password_is_refused(stage, client, path, user):
    answer = client.get(_url(path, stage.east.ids()), stage.headers(stage.east, user))

    assert answer.status_code == 401


def test_a_token_that_names_a_user_of_another_tenant_is_refused(stage, client):
    mixed = stage.app.state.heliograph.tokens.issue(
        CurrentUser(stage.east.users["admin"], stage.west.tenant_id, 1), now=stage.now
    )

    answer = client.get("/plants", {"Authorization": f"Bearer {mixed}"})

    assert answer.status_code == 401


WRITES = [
    "INSERT INTO fleet.tenant (slug, name, timezone) VALUES ('x', 'x', 'UTC')",
    "INSERT INTO api.plant (plant_key, name, timezone) VALUES ('x', 'x', 'UTC')",
    "UPDATE api.plant SET name = 'x'",
    "UPDATE fleet.app_user SET role = 'admin'",
    "UPDATE ops.log_in_limit SET failures = 0",
    "DELETE FROM ops.api_key",
    "DELETE FROM mart.reading",
    "TRUNCATE mart.rollup",
    "COPY api.plant (plant_key) FROM PROGRAM 'echo x'",
    "COPY (SELECT 1) TO '/tmp/heliograph-write-attempt'",
    "CREATE TABLE public.x (a int)",
    "CREATE TABLE api.x (a int)",
    "CREATE SCHEMA x",
    "CREATE EXTENSION hstore",
    "CREATE FUNCTION api.x() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
    "CREATE OR REPLACE VIEW api.plant AS SELECT 1",
    "DROP VIEW api.plant",
    "ALTER TABLE mart.reading DISABLE ROW LEVEL SECURITY",
    "ALTER ROLE heliograph_api SUPERUSER",
    "GRANT heliograph TO heliograph_api",
    "SET ROLE heliograph",
    "SET SESSION AUTHORIZATION heliograph",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_creat(-1)",
    "SELECT lo_create(0)",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT lo_put(1, 0, 'x')",
    "SELECT lo_unlink(1)",
    "SELECT lo_open(1, 131072)",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_advisory_xact_lock(hashtext('heliograph.migrate'))",
    "SELECT pg_try_advisory_lock_shared(1, 2)",
    "CREATE TEMPORARY TABLE x (a int)",
    "SELECT nextval('fleet.plant_plant_id_seq')",
    "SELECT ops.ensure_reading_partitions('{2030-01-01}', 'day')",
    "SELECT password_hash FROM fleet.app_user",
    "SELECT inner_pad FROM ops.api_key",
    "SELECT ops.is_proven('tenant 1', '')",
    "SELECT * FROM api.admit_user(1, 1, 1, '')",
    "SELECT * FROM api.admit_user(1, 1, 1, NULL)",
    "SELECT * FROM api.begin_log_in('{}', repeat('0', 64))",
    "SELECT api.end_log_in('{}', repeat('0', 64))",
    "SELECT api.check_key('')",
    "SELECT value FROM mart.reading",
    "SELECT recipient FROM ops.outbox",
]


@pytest.mark.parametrize("statement", WRITES)
def test_the_apis_role_is_refused_even_outside_a_read_only_transaction(stage, statement):
    connection = psycopg2.connect(stage.api_url.replace("+psycopg2", ""))
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ WRITE")
            cursor.execute("SELECT set_config('heliograph.tenant_id', '1', true)")
            with pytest.raises(psycopg2.Error):
                cursor.execute(statement)
    finally:
        connection.close()


def test_the_apis_role_sees_nothing_before_a_tenant_is_set(stage):
    connection = psycopg2.connect(stage.api_url.replace("+psycopg2", ""))
    views = ("plant", "device", "customer", "series", "reading", "rollup", "document", "quarantine", "report",
             "dirty_day", "outbox", "state_event", "target", "tariff", "tenant", "consumption", "alarm",
             "consumption_point", "point_consumption", "consumption_check", "target_revision", "analysis",
             "energy_check", "energy_day", "plant_day", "counter_day", "inverter_day", "account", "account_block",
             "account_left_out")  # fmt: skip
    with connection.cursor() as cursor:
        counts = {}
        for view in views:
            cursor.execute(f"SELECT count(*) FROM api.{view}")
            counts[view] = cursor.fetchone()[0]
    connection.close()

    assert counts == dict.fromkeys(views, 0)


def test_a_pooled_connection_carries_no_tenant_to_the_next_request(stage):
    database = ReadOnlyDatabase(stage.api_url, secret=stage.secret, pool_size=1)
    user = CurrentUser(stage.east.users["client"], stage.east.tenant_id, 1)
    with database.as_user(user) as session:
        backend = session.connection.execute(text("SELECT pg_backend_pid()")).scalar_one()

    with database.transaction() as after_it:
        after = after_it.connection.execute(
            text("SELECT pg_backend_pid(), nullif(current_setting('heliograph.tenant_id', true), ''), count(*) FROM api.plant")
        ).one()

    assert tuple(after) == (backend, None, 0)


def test_every_view_of_the_api_runs_as_its_reader(stage):
    with transaction(stage.url) as connection:
        rows = connection.execute(
            text(
                "SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
                "WHERE n.nspname = 'api' AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false)"
            )
        ).all()

    assert rows == []


def test_the_api_refuses_to_run_as_the_owner_of_the_tables(stage):
    with pytest.raises(NeedsHuman, match="owns tables"):
        ReadOnlyDatabase(stage.url, secret=stage.secret).check()


def test_the_api_refuses_to_run_as_a_superuser(stage, postgres_server):
    database = stage.url.rpartition("/")[2]
    url = f"postgresql+psycopg2://postgres:{postgres_server.password}@127.0.0.1:{postgres_server.port}/{database}"

    with pytest.raises(NeedsHuman, match="is a superuser"):
        ReadOnlyDatabase(url, secret=stage.secret).check()


def test_an_app_with_a_dangerous_role_does_not_start(stage):
    from fastapi.testclient import TestClient

    app = create_app(Settings(api_database_url=stage.url, jwt_secret="k" * 32))

    with pytest.raises(NeedsHuman), TestClient(app):
        pass


def test_an_app_that_skipped_its_start_check_still_serves_nothing_as_a_dangerous_role(stage):
    app = create_app(
        Settings(api_database_url=stage.url, jwt_secret="a key of more than thirty-two bytes"), clock=lambda: stage.now
    )

    answer = stage.client_of(app).get("/plants", stage.headers(stage.east))

    assert answer.status_code == 503
    assert b"east" not in answer.content


def test_many_tenants_over_one_small_pool_never_see_a_foreign_row(new_warehouse: Callable[[], str], stage, torture):
    tenant_count, request_count = (50, 10_000) if torture else (20, 2_000)
    url = new_warehouse()
    with transaction(url) as connection:
        save_api_key(connection, "k" * 32)
        connection.execute(
            text(
                "INSERT INTO fleet.tenant (slug, name, timezone) "
                "SELECT 't' || i, 't' || i, 'UTC' FROM generate_series(1, :count) AS i;"
                "INSERT INTO fleet.app_user (tenant_id, email, role, password_hash, password_changed_at) "
                "SELECT tenant_id, slug || '@x.example', 'client', '', '2026-01-01Z' FROM fleet.tenant;"
                "INSERT INTO fleet.plant (tenant_id, plant_key, name, timezone) "
                "SELECT tenant_id, slug, slug, 'UTC' FROM fleet.tenant"
            ),
            {"count": tenant_count},
        )
        tenants = [
            tuple(row)
            for row in connection.execute(
                text(
                    "SELECT t.tenant_id, u.user_id, p.plant_id, t.slug FROM fleet.tenant AS t "
                    "JOIN fleet.app_user AS u USING (tenant_id) JOIN fleet.plant AS p USING (tenant_id) ORDER BY t.tenant_id"
                )
            )
        ]
    settings = Settings(
        api_database_url=url.replace("heliograph:owner@", "heliograph_api:reader@"), jwt_secret="k" * 32,
        api_address_requests_per_minute=0,
    )  # fmt: skip
    app = create_app(settings, clock=lambda: stage.now)
    app.state.heliograph = dataclasses.replace(
        app.state.heliograph, database=ReadOnlyDatabase(settings.api_database_url, secret=settings.jwt_secret, pool_size=5)
    )
    tokens = {
        tenant: app.state.heliograph.tokens.issue(CurrentUser(user, tenant, 1), now=stage.now) for tenant, user, _, _ in tenants
    }
    chance = random.Random(7)
    plans = [(chance.choice(tenants), chance.choice(tenants), chance.random()) for _ in range(request_count)]

    async def ask_all() -> list[str]:
        gate = asyncio.Semaphore(8)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api/api/v1") as http:

            async def ask(mine, other, draw) -> str | None:
                headers = {"Authorization": f"Bearer {tokens[mine[0]]}"}
                async with gate:
                    if draw < 0.1:
                        # The caller hangs up: the connection goes back to the pool half-way.
                        with contextlib.suppress(TimeoutError):
                            await asyncio.wait_for(http.get("/plants", headers=headers), 0.0005)
                        return None
                    path = "/plants" if draw < 0.55 else f"/plants/{other[2]}"
                    answer = await http.get(path, headers=headers)
                if path == "/plants":
                    keys = [row["plant_key"] for row in answer.json()["data"]]
                    return None if keys == [mine[3]] else f"{mine} saw {keys}"
                expected = 200 if mine == other else 404
                return None if answer.status_code == expected else f"{mine} asked for {other}: {answer.status_code}"

            return [fault for fault in await asyncio.gather(*(ask(*plan) for plan in plans)) if fault]

    faults = asyncio.run(ask_all())

    assert faults == []
    assert len({mine[0] for mine, _, _ in plans}) == tenant_count
