"""Readings that no one expects: none but zeros, one for ever, huge, long ago, far ahead; a plant that moves between roll-ups."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from include.warehouse import fleet
from include.warehouse.engine import transaction
from tests.warehouse.conftest import SmallFleet

pytestmark = pytest.mark.postgres

QUANTITIES = ("ac_power_kw", "energy_total_kwh", "energy_today_kwh", "temp_inverter_c")
COUNTERS = ("energy_total_kwh", "energy_today_kwh")


@pytest.fixture
def small(fleet_in) -> SmallFleet:
    small = fleet_in()
    small.add_device("1", quantities=QUANTITIES)
    small.add_device("2", kind="meter", quantities=("export_total_kwh",))
    return small


def load(small: SmallFleet, quantity: str, begin: str, values, freq: str = "h", key: str = "1") -> int:
    at = pd.date_range(begin, periods=len(values), freq=freq, tz=small.timezone).tz_convert("UTC").tz_localize(None).as_unit("us")
    series_id = small.series[key, quantity]
    rows = pd.DataFrame({"series_id": series_id, "at": at, "value": np.array(values, float)})
    small.load(small.register(f"{key} {quantity} {begin} {len(values)} {values[0]}"), rows)
    small.roll_up()
    return series_id


def energy(small: SmallFleet, grain: str, series_id: int) -> float:
    return small.rollups(grain, series_id)["energy_kwh"].sum()


def faults(small: SmallFleet, series_id: int) -> dict[str, int]:
    frame = small.read("SELECT zeros, dips, resets, held_back FROM mart.counter_day WHERE series_id = :id", id=series_id)
    return {name: int(n) for name, n in frame.sum().items() if n}


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_a_series_of_zeros_has_buckets_and_no_energy(small, quantity):
    series_id = load(small, quantity, "2026-02-01", [0] * 72)

    days = small.rollups("day", series_id)
    assert days["reading_count"].tolist() == [24] * 3
    assert (days["energy_kwh"].fillna(0) == 0).all()
    assert faults(small, series_id) == ({"zeros": 72} if quantity == "energy_total_kwh" else {})


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_the_only_reading_ever_has_a_bucket_of_every_grain_and_no_energy(small, quantity):
    series_id = load(small, quantity, "2026-02-01T12:00", [5.0])

    for grain in ("hour", "day", "week", "month", "year"):
        (row,) = small.rollups(grain, series_id).to_dict("records")
        assert (row["reading_count"], row["mean"], row["covered_s"]) == (1, 5.0, 0)
        assert pd.isna(row["energy_kwh"])


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_two_readings_forty_days_apart_have_nothing_between_them(small, quantity):
    series_id = load(small, quantity, "2025-12-20T12:00", [5.0, 9.0], freq="40D")

    assert small.rollups("day", series_id)["local_date"].tolist() == [date(2025, 12, 20), date(2026, 1, 29)]
    assert small.rollups("year", series_id)["reading_count"].tolist() == [1, 1]
    assert energy(small, "year", series_id) == 0


@pytest.mark.parametrize(("key", "quantity"), [("1", "energy_total_kwh"), ("1", "energy_today_kwh"), ("2", "export_total_kwh")])
def test_a_huge_value_of_a_counter_adds_nothing(small, key, quantity):
    series_id = load(small, quantity, "2026-02-01T08:00", [500, 510, 1e12, 1e12, 520, 530], key=key)

    assert energy(small, "day", series_id) == pytest.approx(30)
    assert faults(small, series_id) == {"held_back": 1}


@pytest.mark.parametrize("value", [1e12, 9.99e11])
def test_huge_values_are_summed_without_a_crash(small, value):
    for quantity in QUANTITIES:
        series_id = load(small, quantity, "2026-02-01T08:00", [value] * 5)
        assert small.rollups("month", series_id)["mean"].item() == pytest.approx(value)


@pytest.mark.parametrize("begin", ["1969-12-31T20:00", "1970-01-01", "1900-06-01", "2099-12-31T20:00"])
@pytest.mark.parametrize("quantity", ["ac_power_kw", "energy_total_kwh"])
def test_long_ago_and_far_ahead_are_days_like_any_other(small, begin, quantity):
    series_id = load(small, quantity, begin, np.arange(10.0) + 100)

    for grain in ("day", "week", "month", "year"):
        assert small.rollups(grain, series_id)["reading_count"].sum() == 10
        assert energy(small, grain, series_id) == pytest.approx(9 if quantity != "ac_power_kw" else 9 * 104.5)


def test_ten_thousand_dirty_days_of_one_series_are_worked_off(small):
    series_id = load(small, "energy_total_kwh", "2025-12-01", np.arange(50.0) + 100)
    before = small.rollups("day", series_id)

    with transaction(small.url) as connection:
        connection.execute(
            text(
                "INSERT INTO ops.dirty_day (series_id, local_day) "
                "SELECT :id, date '2000-01-01' + n FROM generate_series(0, 9999) AS n"
            ),
            {"id": series_id},
        )
    small.roll_up()

    pd.testing.assert_frame_equal(small.rollups("day", series_id), before)
    assert small.read("SELECT count(*) AS n FROM ops.dirty_day")["n"].item() == 0


def test_a_plant_without_devices_is_worked_off(fleet_in):
    small = fleet_in()

    with transaction(small.url) as connection:
        connection.execute(
            text("INSERT INTO ops.dirty_plant_day (plant_id, local_day) SELECT plant_id, date '2026-02-01' FROM fleet.plant")
        )
    small.roll_up()

    assert small.read("SELECT count(*) AS n FROM mart.energy_day")["n"].item() == 0
    assert small.read("SELECT count(*) AS n FROM ops.dirty_plant_day")["n"].item() == 0


@pytest.mark.parametrize("quantity", QUANTITIES)
@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_a_plant_that_moves_while_days_are_dirty_has_the_days_of_its_new_zone(small, fleet_in, quantity, zone):
    values = np.concatenate([np.arange(30.0) + 500, [0, 0, 400, 530, 531]])
    series_id = load(small, quantity, "2026-01-30T15:00", values)
    at = pd.date_range("2026-01-30T15:00", periods=35, freq="h", tz=small.timezone)
    late = pd.DataFrame({"series_id": series_id, "at": at[10:12].tz_convert("UTC").tz_localize(None), "value": [511.0, 511.5]})

    small.load(small.register("late"), late)
    with transaction(small.url) as connection:
        row = connection.execute(text("SELECT * FROM fleet.plant")).mappings().one()
        kept = ("source", "plant_key", "name", "city", "latitude", "longitude", "capacity_kwp", "capacity_kw", "commissioned_on")
        moved = {name: row[name] for name in kept} | {"tenant_id": small.tenant_id, "timezone": zone}
        fleet.upsert_rows(connection, "plant", [moved])
    small.roll_up()

    days = small.rollups("day", series_id)
    local = at.tz_convert(zone).date
    counts = pd.Series(1, local).groupby(level=0).sum()
    assert dict(zip(days["local_date"], days["reading_count"], strict=True)) == counts.to_dict()
    frame = small.read("SELECT local_date FROM mart.counter_day WHERE series_id = :id", id=series_id)
    assert set(frame["local_date"]) <= set(local) | {max(local) + timedelta(days=n) for n in range(33)}
