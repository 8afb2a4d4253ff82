"""Statistics of devices and their sensors beside what pandas says of the readings, and who is online."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from api.models.sensors import DeviceFreshness, SeriesStatistics
from api.routers.sensors import _span
from include.warehouse.api_sensors import find_device_zone, list_device_freshness, read_device_statistics
from include.warehouse.engine import transaction
from tests.warehouse.conftest import make_fleet

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 10, 26, 9, 30, tzinfo=UTC)
ZONE = "Europe/Berlin"


@pytest.fixture(scope="module")
def shared(new_warehouse):
    """Equipment with two sensors over the end of summer time: the night that is an hour longer is in it. One never spoke."""
    fleet = make_fleet(new_warehouse(), timezone=ZONE)
    fleet.add_device("E", "equipment", quantities=("voltage_v",))
    fleet.add_device("T", "sensor", quantities=("temperature_c",))
    fleet.add_device("silent", "sensor", quantities=("humidity_pct",))
    random = np.random.default_rng(7)
    begin = pd.Timestamp("2026-10-15", tz=ZONE).tz_convert("UTC")
    stamps = begin + pd.to_timedelta(np.sort(random.uniform(0, 11.2 * 86_400, 4_000)), unit="s")
    # Half of the readings are of two days: a mean of daily means would be another one.
    dense = pd.Timestamp("2026-10-22", tz=ZONE) + pd.to_timedelta(np.sort(random.uniform(0, 2 * 86_400, 4_000)), unit="s")
    stamps = stamps.append(dense.tz_convert("UTC")).floor("s").unique().sort_values()
    value = 20 + 5 * np.sin(np.arange(len(stamps)) / 500) + random.normal(0, 1, len(stamps))
    fleet.readings = pd.DataFrame({"at": stamps, "value": value})
    rows = fleet.readings.assign(at=stamps.tz_localize(None), series_id=fleet.series["T", "temperature_c"])
    fleet.load(fleet.register("temperatures"), rows)
    fleet.roll_up()
    with transaction(fleet.url) as connection:
        connection.execute(text("UPDATE fleet.device SET parent_device_id = :parent WHERE device_key = 'T'"), {"parent": 1})
        connection.execute(
            text(
                "INSERT INTO fleet.series (tenant_id, device_id, quantity, kind, origin) "
                "SELECT tenant_id, device_id, 'state', 'state', 'measured' FROM fleet.device WHERE device_key = 'E'"
            )
        )
        for at, state in (("2026-10-20T10:00Z", "on"), ("2026-10-25T23:30Z", "off"), ("2026-10-26T08:00Z", "on")):
            connection.execute(
                text(
                    "INSERT INTO mart.state_event (series_id, document_id, happened_at, state) "
                    "SELECT series_id, 1, CAST(:at AS timestamptz), :state FROM fleet.series WHERE quantity = 'state'"
                ),
                {"at": at, "state": state},
            )
    return fleet


def statistics(fleet, key: str, period: str) -> dict[str, SeriesStatistics]:
    with transaction(fleet.url) as connection:
        device_id = connection.execute(text("SELECT device_id FROM fleet.device WHERE device_key = :k"), {"k": key}).scalar_one()
        assert find_device_zone(connection, device_id) == ZONE
        span = _span(period, ZoneInfo(ZONE), NOW)
        found = read_device_statistics(connection, device_id=device_id, grain="hour" if period == "24h" else "day", span=span)
    return {row["quantity"]: SeriesStatistics.model_validate(row) for row in json.loads(found)}


@pytest.mark.parametrize(
    ("period", "first", "end"),
    [
        ("24h", "2026-10-25T10:00+01:00", "2026-10-26T10:00+01:00"),
        ("7d", "2026-10-19T00:00+02:00", "2026-10-26T00:00+01:00"),
        ("30d", "2026-09-26T00:00+02:00", "2026-10-26T00:00+01:00"),
        ("1y", "2025-10-26T00:00+02:00", "2026-10-26T00:00+01:00"),
    ],
)
def test_statistics_weigh_readings_and_not_hours_or_days(shared, period, first, end):
    told = statistics(shared, "T", period)["temperature_c"]

    rows = shared.readings[(shared.readings["at"] >= first) & (shared.readings["at"] < end)]
    local = rows["at"].dt.tz_convert("UTC")
    value = rows["value"]
    assert (told.reading_count, told.unit) == (len(rows), "°C")
    assert (told.mean, told.min, told.max, told.stddev) == pytest.approx((value.mean(), value.min(), value.max(), value.std()))
    assert told.active_minutes == local.dt.floor("min").nunique()
    assert told.active_hours == local.dt.floor("h").nunique()
    assert 0 < told.coverage <= 1


def test_equipment_tells_of_the_sensors_below_it_and_of_changes_of_state(shared):
    told = statistics(shared, "E", "7d")

    assert set(told) == {"voltage_v", "state", "temperature_c"}
    assert (told["voltage_v"].reading_count, told["voltage_v"].mean, told["voltage_v"].event_count) == (0, None, None)
    assert told["temperature_c"].device_key == "T"
    # Yesterday ended at 23:00 UTC: what happened after it is not of these days.
    assert (told["state"].event_count, told["state"].last_state) == (1, "on")
    assert statistics(shared, "E", "24h")["state"].event_count == 2


def test_a_device_is_online_by_its_last_reading_or_state_and_one_that_never_spoke_is_offline(shared):
    last_at = shared.readings["at"].max().to_pydatetime()

    def states(fresh_from: datetime, **wanted) -> dict[str, tuple]:
        with transaction(shared.url) as connection:
            page = list_device_freshness(
                connection, **({"plant_id": None, "kind": None, "after": 0, "limit": 10} | wanted), fresh_from=fresh_from
            )
        rows = [DeviceFreshness.model_validate(row) for row in json.loads(page.data)]
        return {row.device_key: (row.state, row.last_measured_at) for row in rows}

    assert states(last_at)["T"] == ("online", last_at)
    assert states(last_at + timedelta(seconds=1))["T"] == ("offline", last_at)
    assert states(last_at)["E"] == ("online", datetime(2026, 10, 26, 8, tzinfo=UTC))
    assert states(last_at)["silent"] == ("offline", None)
    with transaction(shared.url) as connection:
        connection.execute(text("UPDATE fleet.device SET dismantled_on = '2026-10-20' WHERE device_key IN ('silent', 'T')"))
    assert (states(last_at)["silent"], states(last_at)["T"]) == (("retired", None), ("online", last_at))
    with transaction(shared.url) as connection:
        connection.execute(text("UPDATE fleet.device SET dismantled_on = NULL"))
    assert set(states(last_at, kind="equipment")) == {"E"}
    assert set(states(last_at, plant_id=99)) == set()
