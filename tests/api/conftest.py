"""Two tenants, `east` and `west`, of the same shape in one warehouse, and the API above it. The clock stands at NOW."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Connection, text

from api.main import create_app
from include.core.settings import Settings
from include.warehouse import access_keys
from include.warehouse.access_keys import SCOPES, new_key
from include.warehouse.api_key import save_api_key
from include.warehouse.api_session import CurrentUser
from include.warehouse.engine import transaction
from include.warehouse.users import hash_password

NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
PASSWORD = "four unrelated words here"
SECRET = "a key of more than thirty-two bytes"
PDF = b"%PDF-1.7 " + b"x" * 2000
FIRST_READING = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)  # local midnight of 20 November in Sao Paulo
READING_COUNT = 25


@dataclass(frozen=True)
class SeededTenant:
    """Ids of one tenant's things."""

    slug: str
    tenant_id: int
    users: dict[str, int]
    plant_id: int
    device_id: int
    customer_id: int
    power_series_id: int
    state_series_id: int
    plant_series_id: int
    document_id: int
    report_id: int
    analysis_id: int

    def ids(self) -> dict[str, int]:
        return {
            "plant_id": self.plant_id,
            "device_id": self.device_id,
            "customer_id": self.customer_id,
            "series_id": self.power_series_id,
            "document_id": self.document_id,
            "report_id": self.report_id,
            "analysis_id": self.analysis_id,
        }


@dataclass(frozen=True)
class Stage:
    """The app, its two tenants, and the URLs of its warehouse as owner and as the API's role."""

    app: FastAPI
    east: SeededTenant
    west: SeededTenant
    url: str
    api_url: str
    store: Path
    password_hash: str
    now: datetime = NOW
    since: datetime = SINCE
    secret: str = SECRET
    password: str = PASSWORD
    first_reading: datetime = FIRST_READING
    reading_count: int = READING_COUNT

    def new_app(self, clock: Callable[[], datetime] = lambda: NOW, **settings: object) -> FastAPI:
        """An app of its own, with nothing remembered."""
        return create_app(replace(an_apis_settings(self.api_url, self.store), **settings), clock=clock)

    def forget_log_ins(self) -> None:
        with transaction(self.url) as connection:
            connection.execute(text("TRUNCATE ops.log_in_limit"))

    def client_of(self, app: FastAPI, address: str = "192.0.2.1") -> "Client":
        return Client(app, address)

    def token(self, tenant: SeededTenant, role: str = "client") -> str:
        return self.app.state.heliograph.tokens.issue(CurrentUser(tenant.users[role], tenant.tenant_id, 1), now=NOW)

    def headers_at(self, tenant: SeededTenant, now: datetime) -> dict[str, str]:
        """A client's token of another moment."""
        user = CurrentUser(tenant.users["client"], tenant.tenant_id, 1)
        return {"Authorization": f"Bearer {self.app.state.heliograph.tokens.issue(user, now=now)}"}

    def headers(self, tenant: SeededTenant, role: str = "client") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(tenant, role)}"}


WHAT_CAME_LATER = (
    "INSERT INTO mart.series_mark SELECT :series, day::date, :tenant, 288, 6, 0, 1, '2026-11-22T00:00Z', '2026-11-22T00:00Z' "
    "FROM generate_series('2026-11-19'::timestamp, '2026-11-21', '1 day') AS day",
    "INSERT INTO fleet.brand (tenant_id, main_colour, accent_colour, footer, logo_png, set_at) "
    "VALUES (:tenant, '#5b2a86', '#ffd166', :slug, convert_to(:slug, 'UTF8'), :at)",
    "INSERT INTO ops.outbox (tenant_id, report_id, recipient, message_id, state, created_at) "
    "VALUES (:tenant, :report, :slug || '-2', :slug || '-2', 'held', :at)",
)
"""What only newer tables and columns take; `seed_tenant` fills a warehouse of revision 0033, too."""


def seed_what_came_later(connection: Connection, tenant: SeededTenant) -> None:
    """Marked days of the power, a brand, and a mail that is held."""
    values = {"tenant": tenant.tenant_id, "slug": tenant.slug, "series": tenant.power_series_id, "report": tenant.report_id}
    for statement in WHAT_CAME_LATER:
        connection.execute(text(statement), values | {"at": SINCE})


@pytest.fixture(scope="session")
def stage(new_warehouse: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Stage:
    store = tmp_path_factory.mktemp("reports")
    url = new_warehouse()
    api_url = as_api_role(url)
    password_hash = hash_password(PASSWORD)
    with transaction(url) as connection:
        save_api_key(connection, SECRET)
        connection.execute(text("SELECT ops.ensure_reading_partitions('{2026-11-20}', 'month')"))
        east, west = (seed_tenant(connection, slug, store=store, password_hash=password_hash) for slug in ("east", "west"))
        for tenant in (east, west):
            seed_what_came_later(connection, tenant)
    app = create_app(an_apis_settings(api_url, store), clock=lambda: NOW)
    return Stage(app, east, west, url, api_url, store, password_hash)


class Client:
    """A synchronous face of the app in this process; any number of threads may use their own."""

    def __init__(self, app: FastAPI, address: str = "192.0.2.1") -> None:
        from fastapi.testclient import TestClient

        self._client = TestClient(app, raise_server_exceptions=False, follow_redirects=False, client=(address, 50_000))

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return self._client.get(f"/api/v1{path}", headers=headers)

    def request(self, method: str, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return self._client.request(method, f"/api/v1{path}", headers=headers)

    def log_in(self, username: str, password: str, **more: str) -> httpx.Response:
        return self._client.post("/api/v1/auth/token", data={"username": username, "password": password, **more})


@pytest.fixture
def client(stage: Stage) -> Client:
    return Client(stage.app)


@pytest.fixture
def make_key(stage):
    """Makes a key of a user of a tenant; every key of this test is gone after it."""

    def make(tenant=stage.east, role="client", scopes=tuple(SCOPES), days=None):
        key = new_key()
        with transaction(stage.url) as connection:
            access_keys.add_key(
                connection, email=f"{role}@{tenant.slug}.example", name=secrets.token_hex(4), key=key, scopes=scopes,
                now=stage.now, expires_at=None if days is None else stage.now + timedelta(days=days),
            )  # fmt: skip
        return key

    yield make
    with transaction(stage.url) as connection:
        connection.execute(text("DELETE FROM access.access_key"))


@pytest.fixture
def as_east(stage: Stage, client: Client) -> Callable[[str], httpx.Response]:
    """GET as the client user of tenant east."""
    return lambda path: client.get(path, stage.headers(stage.east))


def an_apis_settings(api_url: str, store: Path) -> Settings:
    # The clock stands still, so all tests would share one window.
    return Settings(
        api_database_url=api_url, jwt_secret=SECRET, report_store_url=str(store),
        api_address_requests_per_minute=0, api_user_requests_per_minute=0,
    )  # fmt: skip


def as_api_role(url: str) -> str:
    return url.replace("heliograph:owner@", "heliograph_api:reader@")


def seed_tenant(connection: Connection, slug: str, *, store: Path, password_hash: str) -> SeededTenant:  # noqa: C901 - one of everything
    """One of everything; every text of it contains the slug, every number of `east` is that of `west`."""

    def add(sql: str, **values: object) -> int:
        return connection.execute(text(sql), {"slug": slug, **values}).scalar_one()

    tenant_id = add(
        "INSERT INTO fleet.tenant (slug, name, timezone) VALUES (:slug, :slug, 'America/Sao_Paulo') RETURNING tenant_id"
    )
    users = {
        name: add(
            "INSERT INTO fleet.app_user "
            "(tenant_id, email, role, password_hash, password_changed_at, is_active, token_generation) "
            "VALUES (:t, :email, :role, :hash, :since, :active, :generation) RETURNING user_id",
            t=tenant_id, email=f"{name}@{slug}.example", role="admin" if name == "admin" else "client",
            hash=password_hash, since=SINCE, active=name != "disabled", generation=2 if name == "changed" else 1,
        )
        for name in ("client", "admin", "disabled", "changed")
    }  # fmt: skip
    plant_id = add(
        "INSERT INTO fleet.plant (tenant_id, plant_key, name, timezone) "
        "VALUES (:t, :slug, :slug, 'America/Sao_Paulo') RETURNING plant_id", t=tenant_id,
    )  # fmt: skip
    device_id = add(
        "INSERT INTO fleet.device (tenant_id, device_key, plant_id, kind, name) VALUES (:t, :slug, :p, 'inverter', :slug) "
        "RETURNING device_id", t=tenant_id, p=plant_id,
    )  # fmt: skip
    customer_id = add(
        "INSERT INTO fleet.customer (tenant_id, document, name) VALUES (:t, :slug, :slug) RETURNING customer_id", t=tenant_id
    )

    def series(quantity: str, kind: str, origin: str = "measured", **owner: int) -> int:
        owners = {"plant_id": None, "device_id": None, "customer_id": None, "point_id": None, **owner}
        return add(
            "INSERT INTO fleet.series (tenant_id, plant_id, device_id, customer_id, point_id, quantity, kind, origin) "
            "VALUES (:t, :plant_id, :device_id, :customer_id, :point_id, :q, :k, :o) RETURNING series_id",
            t=tenant_id, q=quantity, k=kind, o=origin, **owners,
        )  # fmt: skip

    power = series("ac_power_kw", "power", device_id=device_id)
    state = series("state", "state", device_id=device_id)
    point_id = add(
        "INSERT INTO fleet.consumption_point (tenant_id, customer_id) VALUES (:t, :c) RETURNING point_id",
        t=tenant_id,
        c=customer_id,
    )
    consumption = series("consumption_kwh", "amount", customer_id=customer_id, point_id=point_id)
    derived = series("ac_power_kw", "power", "derived", plant_id=plant_id)
    series("ac_power_kw", "power", plant_id=plant_id)
    document_id = add(
        "INSERT INTO landing.document (tenant_id, feed, original_name, sha256, uri, size_bytes, stored_bytes, state, "
        "received_at, last_received_at) "
        "VALUES (:t, 'telemetry_batches', :slug, repeat('a', 64), :slug, 10, 5, 'loaded', :at, :at) "
        "RETURNING document_id", t=tenant_id, at=FIRST_READING,
    )  # fmt: skip
    add(
        "INSERT INTO landing.load (document_id, tenant_id, loaded_at, run_id, code_version, parsed_rows, inserted_rows, "
        "updated_rows, unchanged_rows, duplicate_rows, quarantined_rows, missing_values) "
        "VALUES (:d, :t, :at, :slug, '1', 28, 25, 0, 0, 0, 3, 0) "
        "RETURNING load_id", d=document_id, t=tenant_id, at=FIRST_READING,
    )  # fmt: skip
    for row_number in (1, 2, 3):
        add(
            "INSERT INTO landing.quarantine (document_id, row_number, quantity, tenant_id, subject, broken_rules, payload) "
            "VALUES (:d, :n, 'ac_power_kw', :t, :slug, ARRAY[:rule], jsonb_build_object('who', :slug)) RETURNING row_number",
            d=document_id, n=row_number, t=tenant_id, rule="subject_known" if row_number == 1 else "within_limits",
        )  # fmt: skip
    add(
        "WITH d AS (INSERT INTO ops.dirty_day (series_id, local_day) "
        "VALUES (:s, '2026-11-20'), (:s, '2026-11-20'), (:s, '2026-11-21') "
        "RETURNING 1) SELECT count(*) FROM d", s=power,
    )  # fmt: skip
    for step in range(READING_COUNT):
        at = FIRST_READING + timedelta(minutes=5 * step)
        add("INSERT INTO mart.reading VALUES (:s, :d, :at, :v) RETURNING 1", s=power, d=document_id, at=at, v=step + 0.1)
    for step, name in enumerate(("stopped", "running", "NaN")):
        at = FIRST_READING + timedelta(hours=step)
        add("INSERT INTO mart.state_event VALUES (:s, :d, :at, :v) RETURNING 1", s=state, d=document_id, at=at, v=name)
    for series_id in (power, derived):
        for hour in range(48):
            start = FIRST_READING + timedelta(hours=hour)
            night = hour % 24 < 6
            add(
                "INSERT INTO mart.rollup (series_id, grain, starts_at, ends_at, local_date, reading_count, mean, max, covered_s, "
                "expected_s, energy_kwh, computed_at) "
                "VALUES (:s, 'hour', :a, :b, :day, 12, :v, :nan, 1800, :e, :v, :b) RETURNING 1",
                s=series_id, a=start, b=start + timedelta(hours=1), day=(start - timedelta(hours=3)).date(), v=hour / 10,
                e=0 if night else 3600, nan=float("nan") if hour == 0 else 2.5,
            )  # fmt: skip
    told, counter = (
        series("energy_day_kwh", "amount", device_id=device_id),
        series("energy_total_kwh", "counter", device_id=device_id),
    )
    for day in (0, 1):
        at = FIRST_READING + timedelta(days=day)
        for series_id, kwh in ((power, 97.0), (derived, 98.0), (told, 100.0), (counter, 95.0 + day * 3)):
            add(
                "INSERT INTO mart.rollup (series_id, grain, starts_at, ends_at, local_date, reading_count, covered_s, "
                "expected_s, energy_kwh, sum, computed_at) VALUES (:s, 'day', :a, :b, :day, 1, 0, 0, :v, :v, :b) RETURNING 1",
                s=series_id, a=at, b=at + timedelta(days=1), day=at.date(), v=kwh,
            )  # fmt: skip
        for device, integrated, vendor in ((None, 98.0, None), (device_id, 97.0, 100.0)):
            add(
                "INSERT INTO mart.energy_day (tenant_id, plant_id, device_id, local_date, starts_at, ends_at, energy_kwh, "
                "energy_source, recovered_kwh, integrated_kwh, counted_kwh, vendor_kwh, covered_s, expected_s, completeness, "
                "computed_at) "
                "VALUES (:t, :p, :d, :day, :a, :b, :kwh, 'power and counter', 0.5, :i, :c, :v, 39600, 43200, 0.96, :b) "
                "RETURNING 1", t=tenant_id, p=plant_id, d=device, day=at.date(), a=at, b=at + timedelta(days=1),
                kwh=integrated + 0.5, i=integrated, c=95.0 + day * 3, v=vendor,
            )  # fmt: skip
    for day, opened_at in ((datetime(2026, 11, 20), None), (datetime(2026, 11, 21), datetime(2026, 11, 21, tzinfo=UTC))):
        add(
            "INSERT INTO mart.counter_day (series_id, local_date, zeros, dips, resets, held_back, opened_at) "
            "VALUES (:s, :day, 3, 2, 1, 0, :since) RETURNING 1", s=counter, day=day, since=opened_at,
        )  # fmt: skip
    compared = ((20, "very low", "rating", None, 20.6, 665.0, 644.4), (21, "not compared", None, "no peer", 640.0, None, None))
    for day, verdict, method, reason, kwh, expected, lost in compared:
        add(
            "INSERT INTO mart.inverter_day (tenant_id, plant_id, device_id, local_date, verdict, method, reason, compared_kwh, "
            "expected_kwh, lost_kwh, zero_s, stale_s, night_s, computed_at) VALUES (:t, :p, :d, :day, :verdict, :method, "
            ":reason, :kwh, :expected, :lost, 0, 0, 0, :at) RETURNING 1", t=tenant_id, p=plant_id, d=device_id, kwh=kwh,
            day=datetime(2026, 11, day).date(), verdict=verdict, method=method, reason=reason, expected=expected, lost=lost,
            at=datetime(2026, 11, day, 12, tzinfo=UTC),
        )  # fmt: skip
    for hour, is_open in enumerate((True, False, False)):
        at = FIRST_READING + timedelta(hours=hour)
        add(
            "INSERT INTO mart.alarm (tenant_id, plant_id, device_id, alarm_key, code, name, severity, raised_at, cleared_at, "
            "is_open, document_id, reported_at) "
            "VALUES (:t, :p, :d, :key, '2032', :slug, 'major', :at, :cleared, :open, :doc, :at) RETURNING alarm_id",
            t=tenant_id, p=plant_id, d=device_id, key=f"{slug} {hour}", at=at, open=is_open, doc=document_id,
            cleared=None if is_open else at + timedelta(minutes=30),
        )  # fmt: skip
    for month in (8, 9, 10):
        add(
            "INSERT INTO mart.rollup (series_id, grain, starts_at, ends_at, local_date, reading_count, covered_s, expected_s, "
            "energy_kwh, computed_at) VALUES (:s, 'month', :a, :b, :day, 1, 0, 0, :v, :b) RETURNING 1",
            s=consumption, a=datetime(2026, month, 1, 3, tzinfo=UTC), b=datetime(2026, month + 1, 1, 3, tzinfo=UTC),
            day=datetime(2026, month, 1).date(), v=month * 100.5,
        )  # fmt: skip
    for month, verdict in ((9, "usual"), (10, "high")):
        add(
            "INSERT INTO mart.consumption_check (customer_id, month, tenant_id, consumption_kwh, method, expected_kwh, "
            "lower_kwh, upper_kwh, score, verdict, reason, checked_at) "
            "VALUES (:c, :day, :t, :v, 'short', 500, 100, 904, :score, :verdict, CAST(:reason AS jsonb), :at) RETURNING 1",
            c=customer_id, day=datetime(2026, month, 1).date(), t=tenant_id, v=month * 100.5, score=(month * 100.5 - 500) / 404.5,
            verdict=verdict, reason=None if verdict == "usual" else f'{{"en": "of {slug}", "pt-BR": "de {slug}"}}', at=SINCE,
        )  # fmt: skip
    file = store / slug / "report.pdf"
    file.parent.mkdir()
    file.write_bytes(PDF + slug.encode())
    for suffix in (".xlsx", ".csv.zip"):
        file.with_name(f"report{suffix}").write_bytes(PDF + slug.encode())
    report_id = add(
        "INSERT INTO mart.report (tenant_id, plant_id, kind, starts_on, ends_on, language, revision, fingerprint, figures, uri, "
        "pdf_sha256, xlsx_sha256, csv_sha256, size_bytes, issued_at, run_id) VALUES (:t, :p, 'month', '2026-10-01', "
        "'2026-10-31', 'pt-BR', 1, 'f', jsonb_build_object('who', :slug), :uri, :sha, :sha, :sha, 1, :at, :slug) "
        "RETURNING report_id",
        t=tenant_id, p=plant_id, uri=str(file), sha=hashlib.sha256(PDF + slug.encode()).hexdigest(), at=SINCE,
    )  # fmt: skip
    add(
        "INSERT INTO ops.outbox (tenant_id, report_id, recipient, message_id, created_at) "
        "VALUES (:t, :r, :slug, :slug, :at) RETURNING mail_id", t=tenant_id, r=report_id, at=SINCE,
    )  # fmt: skip
    analysis_id = add(
        "INSERT INTO mart.analysis (tenant_id, question, parameters, data_revision, answer, computed_at, run_id) "
        "VALUES (:t, 'plant_generation', jsonb_build_object('plant_key', :slug), :slug, jsonb_build_object('who', :slug), :at, "
        ":slug) RETURNING analysis_id", t=tenant_id, at=SINCE,
    )  # fmt: skip
    return SeededTenant(
        slug, tenant_id, users, plant_id, device_id, customer_id, power, state, derived, document_id, report_id, analysis_id
    )
