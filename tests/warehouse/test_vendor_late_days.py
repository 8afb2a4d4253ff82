"""Which closed days are asked for once more when they are weeks old: those whose power covers too little of them."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import text

from include.warehouse import fleet, pulls
from include.warehouse.engine import Connection, transaction

pytestmark = pytest.mark.postgres

DAY, DAY_BEFORE = date(2026, 6, 10), date(2026, 6, 9)
ZONES = ("America/Sao_Paulo", "Europe/Berlin", "Asia/Shanghai")
INTEGRATION = (
    "INSERT INTO fleet.integration (tenant_id, vendor, name, connection_id, state_set_at, next_due_at) "
    "VALUES (:tenant_id, 'deye', 'deye', 'demo__deye', :now, :now) RETURNING integration_id"
)
PLANT = (
    "INSERT INTO fleet.plant (tenant_id, source, plant_key, name, timezone, integration_id) "
    "VALUES (:tenant_id, 'deye', :key, :key, :zone, :integration_id) RETURNING plant_id"
)
SERIES = (
    "INSERT INTO fleet.series (tenant_id, plant_id, quantity, kind, origin) "
    "VALUES (:tenant_id, :plant_id, 'ac_power_kw', 'power', 'derived') RETURNING series_id"
)
ROLLUP = (
    "INSERT INTO mart.rollup "
    "(series_id, grain, starts_at, ends_at, local_date, reading_count, covered_s, expected_s, computed_at) "
    "VALUES (:series_id, 'day', :day, :day, :day, 1, :covered_s, 40000, :now) RETURNING series_id"
)
NOW = datetime(2026, 6, 16, 12, tzinfo=UTC)


def one(connection: Connection, statement: str, **parameters: Any) -> int:
    return int(connection.execute(text(statement), parameters).scalar_one())


@pytest.fixture
def account(warehouse_url: str) -> Any:
    """In each of three zones: one plant of whose day half is known, one whole, one without a row, one that did not report yet."""
    with transaction(warehouse_url) as connection:
        tenant_id = fleet.upsert_tenant(connection, fleet.Tenant(0, "demo", "Demo", "America/Sao_Paulo"))
        integration_id = one(connection, INTEGRATION, tenant_id=tenant_id, now=NOW)
        for zone in ZONES:
            for name, days in {
                "half": {DAY_BEFORE: 40_000, DAY: 20_000},
                "whole": {DAY_BEFORE: 40_000, DAY: 38_500},
                "silent": {DAY_BEFORE: 40_000},
                "new": {DAY: 10_000},
            }.items():
                key = f"{name} in {zone}"
                plant_id = one(connection, PLANT, tenant_id=tenant_id, key=key, zone=zone, integration_id=integration_id)
                series_id = one(connection, SERIES, tenant_id=tenant_id, plant_id=plant_id)
                for day, covered_s in days.items():
                    one(connection, ROLLUP, series_id=series_id, day=day, covered_s=covered_s, now=NOW)
        yield connection, integration_id


@pytest.mark.parametrize("zone", ZONES)
def test_plants_that_lack_readings_of_a_day_are_found_in_their_own_zone(account: Any, zone: str) -> None:
    connection, integration_id = account

    found = pulls.read_incomplete_plants(connection, integration_id, timezone=zone, day=DAY, complete_ratio=0.95)

    assert found == [f"half in {zone}", f"silent in {zone}"]


def test_what_is_retired_is_not_asked_for_again(account: Any) -> None:
    connection, integration_id = account
    connection.execute(text("UPDATE fleet.plant SET retired_at = now() WHERE plant_key LIKE 'half%'"))

    found = pulls.read_incomplete_plants(connection, integration_id, timezone=ZONES[0], day=DAY, complete_ratio=0.95)

    assert found == [f"silent in {ZONES[0]}"]
