"""Documents are numbered beyond what int4 holds: everywhere, and in a warehouse that was filled before."""

from datetime import UTC, date, datetime

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, create_engine, text

from api.main import create_app
from cli.run.postgres import database_url
from include.core.settings import Settings
from include.quality.checks import preload
from include.sources.clouds.registry import CLOUDS
from include.steps.audit import audit_rollups
from include.steps.due_reports import due_reports
from include.steps.report import render_report
from include.warehouse import migrate as migrations
from include.warehouse.api_key import save_api_key
from include.warehouse.api_session import CurrentUser
from include.warehouse.engine import transaction
from include.warehouse.migrate import migrate
from include.warehouse.queries import query
from tests.api.conftest import SECRET, Client, an_apis_settings, as_api_role, seed_tenant
from tests.conftest import NUMBERS, _superuser, live_clouds
from tests.warehouse.small_river import SmallRiver, assert_nothing_lost, assert_same_state, late_set, whole_set
from tests.warehouse.test_tenant_revisions import add_user
from tests.warehouse.vendor_house import VENDORS, build, leave_history_out

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
INT4 = 2**31 - 1
BEFORE, WIDENED = "0033", "0034"
TABLES = (
    "SELECT c.oid::regclass::text FROM pg_class AS c WHERE c.relkind = 'r' AND c.relname <> 'heliograph_migration' "
    "AND c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema', 'pg_toast') ORDER BY 1"
)
NUMBERED = (
    "SELECT c.oid::regclass || '.' || a.attname AS name, format_type(a.atttypid, NULL) AS type "
    "FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid WHERE c.relkind IN ('r', 'p', 'v') AND NOT a.attisdropped "
    "AND a.attname IN ('document_id', 'document_ids', 'repeat_of', 'retracted_by') ORDER BY 1"
)
# A zero beside a number of a document is one of its type.
DOORS = (
    "SELECT c.oid::regclass::text AS name, replace(pg_get_viewdef(c.oid), '(0)::bigint', '0') AS definition, "
    "c.reloptions::text AS options, c.relacl::text AS rights, obj_description(c.oid, 'pg_class') AS comment FROM pg_class AS c "
    "WHERE c.relkind = 'v' AND c.relnamespace = 'api'::regnamespace ORDER BY 1"
)
FILLING = """
    INSERT INTO mart.reading (series_id, document_id, measured_at, value)
    SELECT s.series_id, d.document_id, timestamptz '2026-01-01Z' + n * interval '1 hour', n / 7.0
    FROM landing.document AS d JOIN fleet.series AS s USING (tenant_id), generate_series(0, 1000) AS n;
    INSERT INTO mart.superseded_reading (series_id, measured_at, document_id, value, retracted_by)
    SELECT series_id, measured_at, document_id, value + 1, document_id FROM mart.reading LIMIT 100;
    INSERT INTO landing.document (tenant_id, feed, original_name, sha256, uri, size_bytes, stored_bytes, received_at,
        last_received_at, repeat_of)
    SELECT tenant_id, feed, 'again', repeat('b', 64), uri, 1, 1, now(), now(), document_id FROM landing.document;
    INSERT INTO landing.claim (claim_id, document_id) SELECT 'claim ' || document_id, document_id FROM landing.document;
    INSERT INTO landing.notation (tenant_id, feed, decimal_mark, document_id)
    SELECT tenant_id, feed, ',', min(document_id) FROM landing.document GROUP BY 1, 2;
    INSERT INTO landing.answer (document_id, tenant_id, feed, starts_at, ends_at, series_ids)
    SELECT document_id, tenant_id, feed, received_at, received_at + interval '1 day', '{1}' FROM landing.document;
    UPDATE mart.report SET document_ids = ARRAY(SELECT document_id FROM landing.document);
"""
OWN_VIEWS = """
    CREATE SCHEMA own;
    CREATE VIEW own.plain AS SELECT document_id, value FROM mart.reading;
    CREATE VIEW own.above WITH (security_barrier = true) AS SELECT max(document_id) AS document_id FROM own.plain;
    GRANT SELECT ON own.plain, api.report TO PUBLIC;
    GRANT SELECT, UPDATE ON own.above TO pg_monitor;
"""


@pytest.fixture
def old_warehouse(postgres_server, tmp_path) -> str:
    """URL of a warehouse as it was before, with one of everything of two tenants and three months of readings."""
    name = f"warehouse_{next(NUMBERS)}"
    with _superuser(postgres_server) as cursor:
        cursor.execute(f"CREATE DATABASE {name} OWNER heliograph")
    url = database_url(postgres_server.port, name, "heliograph", "owner")
    engine = create_engine(url)
    upgrade(engine, BEFORE)
    with engine.begin() as connection:
        connection.execute(text("SELECT ops.ensure_reading_partitions('2026-01-01Z', '2026-11-30Z')"))
        for slug in ("east", "west"):
            seed_tenant(connection, slug, store=tmp_path, password_hash="x")
        connection.execute(text(FILLING))
        connection.execute(query("integrations", "add_vendors"), {"vendors": list(CLOUDS)})
    engine.dispose()
    return url


def test_a_filled_warehouse_has_the_same_data_and_the_same_doors_after_the_upgrade(old_warehouse):
    engine = create_engine(old_warehouse)
    with engine.begin() as connection:
        before, doors = everything(connection), rows_of(connection, DOORS)
        assert {row["type"] for row in rows_of(connection, NUMBERED)} == {"integer", "integer[]"}

    upgrade(engine, WIDENED)

    with engine.begin() as connection:
        assert everything(connection) == before
        assert rows_of(connection, DOORS) == doors

    migrate(old_warehouse)

    with engine.begin() as connection:
        assert {row["type"] for row in rows_of(connection, NUMBERED)} == {"bigint", "bigint[]"}
        last = connection.execute(text("SELECT max(document_id) FROM landing.document")).scalar_one()
        number_from(connection, INT4 + 1)
        assert new_document(connection) == INT4 + 1 > last
    engine.dispose()


def test_an_operators_own_view_and_the_rights_on_every_view_are_the_same_after_the_upgrade(old_warehouse):
    engine = create_engine(old_warehouse)
    own = DOORS.replace("'api'::regnamespace", "ANY (ARRAY['api', 'own']::regnamespace[])")
    with engine.begin() as connection:
        connection.execute(text(OWN_VIEWS))
        before = rows_of(connection, own)
        assert {row["name"] for row in before} > {"own.plain", "own.above", "api.report"}

    upgrade(engine, WIDENED)

    with engine.begin() as connection:
        assert sorted_rights(rows_of(connection, own)) == sorted_rights(before)
    engine.dispose()


def sorted_rights(views: list[dict]) -> list[dict]:
    """Views with their rights in one order; who was granted first is told by no one."""
    return [view | {"rights": sorted((view["rights"] or "{}").strip("{}").split(","))} for view in views]


def upgrade(engine: Engine, revision: str) -> None:
    """Bring a warehouse to a revision."""
    with engine.begin() as connection:
        config = migrations._config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def everything(connection: Connection) -> dict[str, list[str]]:
    """Every row of every table, partitions one by one, as text."""
    tables = connection.execute(text(TABLES)).scalars().all()
    return {table: sorted(connection.execute(text(f"SELECT t::text FROM ONLY {table} AS t")).scalars()) for table in tables}


def rows_of(connection: Connection, sql: str) -> list[dict]:
    return [dict(row._mapping) for row in connection.execute(text(sql))]


def number_from(connection: Connection, first: int) -> None:
    connection.execute(text(f"ALTER TABLE landing.document ALTER COLUMN document_id RESTART WITH {first}"))


def new_document(connection: Connection) -> int:
    return connection.execute(
        text(
            "INSERT INTO landing.document (tenant_id, feed, original_name, sha256, uri, size_bytes, stored_bytes, received_at, "
            "last_received_at) VALUES (1, 'telemetry_batches', 'x', repeat('c', 64), 'x', 1, 1, now(), now()) "
            "RETURNING document_id"
        )
    ).scalar_one()


@pytest.fixture(scope="module")
def numbers_of(new_warehouse, tmp_path_factory):
    """Carries the whole set through every step in a warehouse whose documents are numbered from `first`."""
    preload()

    def carry(first: int) -> SmallRiver:
        river = SmallRiver(new_warehouse(), tmp_path_factory.mktemp("river"), recipients=["a@example.org"])
        with transaction(river.settings.database_url) as connection:
            number_from(connection, first)
        for wave, files in enumerate([whole_set(), late_set()]):
            river.drop(files, wave=wave)
            river.flow()
        return river

    return carry


def test_documents_on_both_sides_of_int4_end_like_any_others(numbers_of):
    expected, found = numbers_of(1), numbers_of(INT4 - 4)

    assert_same_state(found.state(), expected.state())
    assert found.refused() == expected.refused()
    assert_nothing_lost(found)
    assert found.count(f"mart.reading WHERE document_id > {INT4}") > 0
    assert found.count(f"mart.superseded_reading WHERE document_id <= {INT4}") > 0
    audit = audit_rollups(found.settings, {"tenant": "demo"}, days=None, seed=1, now=NOW)
    assert audit["equal_rows"] > 0
    assert audit["mismatch_count"] == 0


def test_reports_and_the_api_tell_of_documents_beyond_int4(numbers_of):
    river = numbers_of(INT4 + 5)
    (request,) = due_reports(
        river.settings, tenant="demo", plants=["p"], kind="month", day=date(2026, 2, 1), language="en", run_after=NOW
    )
    render_report(river.settings, request, now=NOW, run_id="test", send=True)
    get = reader_of(river)

    listed = [row["document_id"] for row in get("/documents?limit=1000")["data"]]
    paged = [get("/documents?limit=2")]
    while cursor := paged[-1]["next"]:
        paged.append(get(f"/documents?limit=2&cursor={cursor}"))

    assert min(listed) > INT4
    assert [row["document_id"] for page in paged for row in page["data"]] == listed
    assert get(f"/documents/{listed[0]}")["data"]["document_id"] == listed[0]
    quarantined = {row["document_id"] for row in get("/quarantine?limit=1000")["data"]}
    assert quarantined <= set(listed)
    assert {row["document_id"] for row in get(f"/quarantine?document_id={min(quarantined)}")["data"]} == {min(quarantined)}
    (report,) = (get(f"/reports/{one['report_id']}")["data"] for one in get("/reports")["data"])
    assert set(report["document_ids"]) <= set(listed)
    assert report["document_ids"]


def reader_of(river: SmallRiver):
    """GET as an admin of the tenant; the answer's JSON."""
    user = add_user(river.settings.database_url, river.tenant_id)
    with transaction(river.settings.database_url) as connection:
        save_api_key(connection, SECRET)
        connection.execute(text("UPDATE fleet.app_user SET role = 'admin'"))
    api_settings: Settings = an_apis_settings(as_api_role(river.settings.database_url), river.settings.home)
    app = create_app(api_settings, clock=lambda: NOW)
    token = app.state.heliograph.tokens.issue(CurrentUser(user.user_id, user.tenant_id, 1), now=NOW)
    client = Client(app)

    def get(path: str) -> dict:
        answer = client.get(path, {"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, answer.text
        return answer.json()

    return get


def test_answers_of_vendors_beyond_int4_are_weighed_against_each_other(warehouse_url, tmp_path, monkeypatch):
    leave_history_out(monkeypatch)
    with transaction(warehouse_url) as connection:
        number_from(connection, INT4 - 2)
    with live_clouds(datetime(2026, 6, 16, 12, tzinfo=UTC), plants=1) as clouds:
        house = build(warehouse_url, clouds, tmp_path)
        for vendor in VENDORS:
            house.add(vendor)
            assert house.is_due(vendor)
            house.pull(vendor)
        house.load()

    with transaction(warehouse_url) as connection:
        assert connection.execute(text(f"SELECT count(*) FROM mart.reading WHERE document_id > {INT4}")).scalar_one() > 0
        assert connection.execute(text("SELECT count(*) FROM landing.document WHERE state = 'landed'")).scalar_one() == 0
