"""The audit finds what was changed behind the roll-up's back, and nothing where nothing was."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from include.core.errors import NeedsHuman, Refused
from include.core.settings import Settings
from include.rollups.roll_up import roll_up
from include.steps.audit import audit_rollups, audit_sentence, require_agreement
from include.warehouse import fleet as registry
from include.warehouse.engine import snapshot, transaction
from tests.warehouse.conftest import NOW, SmallFleet, make_fleet
from tests.warehouse.test_rollups import add_plant_series, rows_of, uneven_days

pytestmark = pytest.mark.postgres

ZONE = "America/Sao_Paulo"
PLACE = {"latitude": -23.55, "longitude": -46.63}
FIRST, LAST = "2026-01-20", "2026-02-10"


def counted(at: pd.DatetimeIndex) -> np.ndarray:
    """A counter that dips for an hour at noon of 3 February, and begins anew with 7 February."""
    minutes = (at - at[0]).total_seconds().to_numpy() / 60
    values = 5000 + np.floor(minutes / 10) / 10
    local = at.tz_convert(ZONE)
    values[(local.strftime("%m-%d %H") == "02-03 12")] -= 40
    restart = np.flatnonzero(local.strftime("%m-%d") == "02-07")[0]
    values[restart:] = values[restart:] - values[restart]
    return values


@pytest.fixture(scope="module")
def filled(new_warehouse) -> SmallFleet:
    """Two inverters with powers, counters, a gauge and the vendor's days; a plant's amounts of months; all rolled up."""
    small = make_fleet(new_warehouse(), **PLACE)
    small.add_device("1", quantities=("ac_power_kw", "energy_total_kwh", "temp_inverter_c", "energy_day_kwh"))
    small.add_device("2", quantities=("ac_power_kw",))
    add_plant_series(small, "energy_month_kwh")
    days = pd.date_range(FIRST, LAST, freq="D", tz=ZONE)
    whole = pd.date_range(FIRST, LAST, freq="10min", tz=ZONE)
    tell(small, "1", "ac_power_kw", *uneven_days(1, FIRST, LAST, ZONE))
    tell(small, "2", "ac_power_kw", *uneven_days(2, FIRST, LAST, ZONE))
    tell(small, "1", "energy_total_kwh", whole, counted(whole))
    tell(small, "1", "temp_inverter_c", *uneven_days(3, FIRST, LAST, ZONE))
    tell(small, "1", "energy_day_kwh", days, np.linspace(80, 120, len(days)))
    tell(small, "p1", "energy_month_kwh", pd.DatetimeIndex(["2026-01-01", "2026-02-01"]).tz_localize(ZONE), [2000.0, 900.0])
    small.roll_up()
    return small


@pytest.fixture
def fleet(filled, copy_of) -> SmallFleet:
    """The same, for one test to change."""
    return filled.in_warehouse(copy_of(filled.url))


def tell(small: SmallFleet, key: str, quantity: str, at, values) -> None:
    name = f"{key} {quantity} {len(small.read('SELECT 1 FROM landing.document'))}"
    small.load(small.register(name), rows_of(small.series[key, quantity], at, values))


def audited(small: SmallFleet, *, days: int | None = None, seed: int = 7, now=NOW, **wish) -> dict:
    return audit_rollups(Settings(database_url=small.url), wish, days=days, seed=seed, now=now)


def change(small: SmallFleet, sql: str, **parameters: object) -> None:
    """Change exactly one row behind the roll-up's back."""
    with transaction(small.url) as connection:
        assert connection.execute(text(sql), parameters).rowcount == 1


def told(found: dict) -> list[tuple]:
    return [(row["table"], row["quantity"], row["grain"], str(row["local_date"]), row["column"]) for row in found["mismatches"]]


def test_an_untouched_warehouse_has_no_mismatch(fleet):
    found = audited(fleet)

    rows = fleet.read("SELECT (SELECT count(*) FROM mart.rollup) + (SELECT count(*) FROM mart.energy_day)").iloc[0, 0]
    assert (found["mismatch_count"], found["mismatches"], found["advice"]) == (0, [], [])
    assert found["equal_rows"] == rows > 2500
    assert fleet.read("SELECT sum(dips) AS dips, sum(resets) AS resets FROM mart.counter_day").iloc[0].tolist() == [1, 1]
    # Powers, counter, gauge; amounts from the beginning of their month on.
    assert found["series_days"] == 2 * 21 + 22 + 21 + 41 + 32
    assert found["plant_days"] == 22
    require_agreement(found)


def test_every_single_day_alone_agrees_too(fleet):
    """A day that is computed alone needs the same readings around it as one among others."""
    for day in pd.date_range("2026-01-19", "2026-02-11").date:
        found = audited(fleet, first=day, last=day)
        assert found["mismatch_count"] == 0, (day, told(found))


NEW_BUCKET = """INSERT INTO mart.rollup
    (series_id, grain, starts_at, ends_at, local_date, reading_count, covered_s, expected_s, computed_at)"""
TAMPERED = {
    "a value of a day": (
        "UPDATE mart.rollup SET median = median + 1 WHERE series_id = :gauge AND grain = 'day' AND local_date = '2026-02-02'",
        ("mart.rollup", "temp_inverter_c", "day", "2026-02-02", "median"),
    ),
    "the last bit of an hour": (
        "UPDATE mart.rollup SET mean = mean * (1 + 2.3e-16) WHERE series_id = :power AND grain = 'hour' "
        "AND starts_at = '2026-02-02T15:00Z'",
        ("mart.rollup", "ac_power_kw", "hour", "2026-02-02", "mean"),
    ),
    "a null that is no zero": (
        "UPDATE mart.rollup SET energy_kwh = 0 WHERE series_id = :gauge AND grain = 'day' AND local_date = '2026-02-02'",
        ("mart.rollup", "temp_inverter_c", "day", "2026-02-02", "energy_kwh"),
    ),
    "a missing hour": (
        "DELETE FROM mart.rollup WHERE series_id = :gauge AND grain = 'hour' AND starts_at = '2026-02-02T15:00Z'",
        ("mart.rollup", "temp_inverter_c", "hour", "2026-02-02", "row"),
    ),
    "a missing day": (
        "DELETE FROM mart.rollup WHERE series_id = :gauge AND grain = 'day' AND local_date = '2026-02-03'",
        ("mart.rollup", "temp_inverter_c", "day", "2026-02-03", "row"),
    ),
    "an hour too many": (
        f"{NEW_BUCKET} VALUES (:gauge, 'hour', '2026-02-14T15:00Z', '2026-02-14T16:00Z', '2026-02-14', 1, 0, 0, now())",
        ("mart.rollup", "temp_inverter_c", "hour", "2026-02-14", "row"),
    ),
    "a day too many": (
        f"{NEW_BUCKET} VALUES (:gauge, 'day', '2026-02-14T03:00Z', '2026-02-15T03:00Z', '2026-02-14', 0, 0, 0, now())",
        ("mart.rollup", "temp_inverter_c", "day", "2026-02-14", "row"),
    ),
    "a week": (
        "UPDATE mart.rollup SET covered_s = 0 WHERE series_id = :power AND grain = 'week' AND local_date = '2026-02-02'",
        ("mart.rollup", "ac_power_kw", "week", "2026-02-02", "covered_s"),
    ),
    "a month of an amount": (
        "UPDATE mart.rollup SET sum = 1 WHERE series_id = :months AND grain = 'month' AND local_date = '2026-02-01'",
        ("mart.rollup", "energy_month_kwh", "month", "2026-02-01", "sum"),
    ),
    "a year": (
        "UPDATE mart.rollup SET reading_count = 0 WHERE series_id = :counter AND grain = 'year'",
        ("mart.rollup", "energy_total_kwh", "year", "2026-01-01", "reading_count"),
    ),
    "the fault of a counter": (
        "UPDATE mart.counter_day SET dips = 2 WHERE local_date = '2026-02-03'",
        ("mart.counter_day", "energy_total_kwh", "day", "2026-02-03", "dips"),
    ),
    "a forgotten fault": (
        "DELETE FROM mart.counter_day WHERE local_date = '2026-02-07'",
        ("mart.counter_day", "energy_total_kwh", "day", "2026-02-07", "row"),
    ),
    "a fault that never was": (
        "INSERT INTO mart.counter_day VALUES (:counter, '2026-01-25', 1, 0, 0, 0, NULL)",
        ("mart.counter_day", "energy_total_kwh", "day", "2026-01-25", "row"),
    ),
    "the power of a plant": (
        "UPDATE mart.rollup SET energy_kwh = 3 WHERE series_id = (SELECT series_id FROM fleet.series WHERE origin = 'derived') "
        "AND grain = 'month' AND local_date = '2026-02-01'",
        ("mart.rollup", "ac_power_kw", "month", "2026-02-01", "energy_kwh"),
    ),
    "a published energy": (
        "UPDATE mart.energy_day SET energy_kwh = energy_kwh * 2 WHERE device_id IS NULL AND local_date = '2026-02-02'",
        ("mart.energy_day", None, "day", "2026-02-02", "energy_kwh"),
    ),
    "the source of an energy": (
        "UPDATE mart.energy_day SET energy_source = 'vendor' WHERE device_id = 1 AND local_date = '2026-02-02'",
        ("mart.energy_day", None, "day", "2026-02-02", "energy_source"),
    ),
    "a missing energy": (
        "DELETE FROM mart.energy_day WHERE device_id IS NULL AND local_date = '2026-02-02'",
        ("mart.energy_day", None, "day", "2026-02-02", "row"),
    ),
    "an energy too many": (
        "INSERT INTO mart.energy_day SELECT tenant_id, plant_id, device_id, '2026-02-14', starts_at + interval '12 days', "
        "ends_at + interval '12 days', energy_kwh, energy_source, recovered_kwh, integrated_kwh, counted_kwh, vendor_kwh, "
        "covered_s, expected_s, completeness, computed_at FROM mart.energy_day "
        "WHERE device_id IS NULL AND local_date = '2026-02-02'",
        ("mart.energy_day", None, "day", "2026-02-14", "row"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_tampered_with_is_found_and_nothing_else(fleet, what):
    sql, expected = TAMPERED[what]
    names = {"power": "ac_power_kw", "counter": "energy_total_kwh", "gauge": "temp_inverter_c"}
    ids = {name: fleet.series["1", quantity] for name, quantity in names.items()} | {
        "months": fleet.series["p1", "energy_month_kwh"]
    }
    change(fleet, sql, **{name: series_id for name, series_id in ids.items() if f":{name}" in sql})

    found = audited(fleet)

    assert (found["mismatch_count"], told(found)) == (1, [expected])


def test_a_plant_agrees_with_its_inverters_as_they_are_stored(fleet):
    """A changed day of an inverter no longer agrees with its readings, and its plant no longer agrees with it."""
    change(
        fleet,
        "UPDATE mart.rollup SET energy_kwh = 5 WHERE series_id = :id AND grain = 'day' AND local_date = '2026-02-02'",
        id=fleet.series["1", "ac_power_kw"],
    )

    found = audited(fleet)

    assert {(row["table"], row["device"], row["grain"]) for row in found["mismatches"]} == {
        ("mart.rollup", "1", "day"), ("mart.energy_day", "1", "day"), ("mart.energy_day", None, "day"),
        *(("mart.rollup", None, grain) for grain in ("day", "week", "month", "year")),
    }  # fmt: skip
    # Computing the day again computes its week, month and year.
    assert found["advice"] == ["helio recompute --tenant demo --plant p1 --from 2026-02-02 --to 2026-02-02"]


def test_readings_that_were_changed_without_a_mark_are_found_in_all_grains(fleet):
    gauge = fleet.series["1", "temp_inverter_c"]
    with transaction(fleet.url) as connection:
        gone = (
            "DELETE FROM mart.reading WHERE series_id = :id AND measured_at BETWEEN '2026-02-02T14:00Z' AND '2026-02-02T16:00Z'"
        )
        connection.execute(text(gone), {"id": gauge})

    found = audited(fleet)

    assert {row["grain"] for row in found["mismatches"]} == {"hour", "day", "week", "month", "year"}
    assert {row["series_id"] for row in found["mismatches"]} == {gauge}
    assert found["advice"] == ["helio recompute --tenant demo --plant p1 --from 2026-02-02 --to 2026-02-02"]


def test_days_that_wait_for_the_roll_up_are_no_mismatch(fleet):
    late = pd.DatetimeIndex(["2026-02-02T12:03"]).tz_localize(ZONE)
    tell(fleet, "1", "ac_power_kw", late, [99.0])

    found = audited(fleet)

    # The day, and three on both sides of it that its readings might reach.
    assert (found["mismatch_count"], found["waiting_days"]) == (0, 7)
    fleet.roll_up()
    assert audited(fleet)["waiting_days"] == 0


def test_days_of_plants_that_wait_are_no_mismatch(fleet):
    change(fleet, "UPDATE mart.energy_day SET energy_kwh = 0 WHERE device_id IS NULL AND local_date = '2026-02-02'")
    change(fleet, "INSERT INTO ops.dirty_plant_day (plant_id, local_day) VALUES (1, '2026-02-02')")

    found = audited(fleet)

    assert (found["mismatch_count"], found["waiting_days"], found["plant_days"]) == (0, 1, 21)


def test_a_vendors_day_that_ended_since_waits(fleet_in):
    small = fleet_in(**PLACE)
    small.add_device("1", quantities=("energy_day_kwh",))
    tell(small, "1", "energy_day_kwh", pd.DatetimeIndex(["2026-03-01"]).tz_localize(ZONE), [50.0])
    small.roll_up()

    found = audited(small, now=NOW + timedelta(days=1))

    assert (found["mismatch_count"], found["waiting_days"]) == (0, 1)
    small.roll_up(now=NOW + timedelta(days=1))
    assert audited(small, now=NOW + timedelta(days=1))["plant_days"] == 1


def test_a_plant_without_the_power_series_that_it_should_have_is_told(fleet):
    with transaction(fleet.url) as connection:
        connection.execute(
            text("DELETE FROM mart.rollup WHERE series_id = (SELECT series_id FROM fleet.series WHERE origin = 'derived')")
        )
        connection.execute(text("DELETE FROM fleet.series WHERE origin = 'derived'"))

    found = audited(fleet)

    assert found["mismatch_count"] > 500
    assert {(row["plant"], row["quantity"], row["series_id"], row["stored"]) for row in found["mismatches"]} == {
        ("p1", "ac_power_kw", None, "none")
    }


def test_a_sample_is_the_same_for_the_same_seed_and_finds_what_it_meets(fleet):
    change(
        fleet,
        "UPDATE mart.rollup SET p99 = 0 WHERE series_id = :id AND grain = 'day' AND local_date = '2026-02-02'",
        id=fleet.series["1", "ac_power_kw"],
    )

    counts = [audited(fleet, days=40, seed=seed)["mismatch_count"] for seed in (*range(12), *range(12))]

    assert counts[:12] == counts[12:]
    assert set(counts) == {0, 1}
    assert audited(fleet, days=40, seed=3)["series_days"] == 40


def test_only_what_is_asked_for_is_compared(fleet):
    counter = fleet.series["1", "energy_total_kwh"]

    found = audited(fleet, series_ids=(counter,), first=date(2026, 2, 1), last=date(2026, 2, 5))

    assert (found["series_days"], found["plant_days"]) == (5, 0)
    assert audited(fleet, plants=("p1",), first=date(2026, 2, 1), last=date(2026, 2, 1))["plant_days"] == 1
    assert audited(fleet, first=date(2027, 1, 1))["equal_rows"] == 0
    with pytest.raises(Refused, match="plant 'p9' is not known"):
        audited(fleet, plants=("p9",))
    with pytest.raises(NeedsHuman, match="tenant 'nobody' does not exist"):
        audited(fleet, tenant="nobody")


def test_an_audit_changes_nothing_and_cannot(fleet):
    change(fleet, "UPDATE mart.energy_day SET energy_kwh = 0 WHERE device_id IS NULL AND local_date = '2026-02-02'")

    found = audited(fleet)

    assert found["mismatch_count"] == audited(fleet)["mismatch_count"] == 1
    with snapshot(fleet.url) as connection, pytest.raises(DBAPIError, match="read-only"):
        connection.execute(text("DELETE FROM mart.energy_day"))
    with transaction(fleet.url) as connection:
        connection.execute(text("DELETE FROM mart.energy_day"))


def test_the_operator_is_told_the_rows_and_the_next_action(fleet):
    change(
        fleet,
        "UPDATE mart.rollup SET p95 = 5 WHERE series_id = :id AND grain = 'day' AND local_date = '2026-02-02'",
        id=fleet.series["1", "ac_power_kw"],
    )

    found = audited(fleet)

    with pytest.raises(NeedsHuman) as failure:
        require_agreement(found)
    said = str(failure.value)
    assert "1 stored figures are not what the readings come to" in said
    assert "demo p1 1 ac_power_kw (series 1): mart.rollup day 2026-02-02T03:00Z p95: stored 5.0, recomputed " in said
    assert "helio recompute --tenant demo --plant p1 --from 2026-02-02 --to 2026-02-02" in said
    assert audit_sentence(found).startswith("1 mismatches in 158 days of series and 22 of plants (every day): ")


@pytest.mark.parametrize("seed", [*range(6), 100])
def test_at_no_moment_between_loads_and_roll_ups_is_there_a_mismatch(fleet, seed):
    """Late readings of any day, steps over many days, faults of counters: whatever the roll-up has not done yet waits."""
    rng = np.random.default_rng(seed)
    subjects = [key for key in fleet.series if key != ("p1", "energy_month_kwh")]
    compared = waited = 0
    for turn in range(14):
        key, quantity = subjects[rng.integers(len(subjects))]
        begin = pd.Timestamp("2026-01-14", tz=ZONE) + pd.Timedelta(days=int(rng.integers(0, 32)))
        at = begin + pd.to_timedelta(np.unique(rng.integers(0, 2 * 86400, rng.integers(1, 30))), unit="s")
        if quantity == "energy_day_kwh":
            at = pd.DatetimeIndex([begin])
        tell(fleet, key, quantity, at, rng.choice([0, 0.5, 40, 5001, 5100, 9000], len(at)))

        found = audited(fleet)

        assert found["mismatch_count"] == 0, (seed, turn, told(found)[:5])
        compared, waited = compared + found["equal_rows"], waited + found["waiting_days"]
        if turn % 3 == 2:
            with transaction(fleet.url) as connection:
                roll_up(connection, computed_at=NOW, limit=1)
    fleet.roll_up()
    found = audited(fleet)
    assert (found["mismatch_count"], found["waiting_days"]) == (0, 0)
    assert compared > 1000
    assert waited > 100


def test_a_plant_that_lost_all_its_inverters_agrees(fleet):
    """Its power series stays, with nothing to sum."""
    plant = {
        "source": "drops", "plant_key": "p2", "name": "Plant 2", "timezone": ZONE, "city": None, "latitude": None,
        "longitude": None, "capacity_kwp": 100, "capacity_kw": 90, "commissioned_on": None, "tenant_id": fleet.tenant_id,
    }  # fmt: skip
    device = {"tenant_id": fleet.tenant_id, "source": "drops", "plant_key": "p2", "parent_key": None, "kind": "inverter"}
    with transaction(fleet.url) as connection:
        registry.upsert_rows(connection, "plant", [plant])
        moved = [device | {"device_key": key, "name": key, "model": None, "capacity_kw": 50} for key in ("1", "2")]
        registry.upsert_rows(connection, "device", moved)
    fleet.roll_up()

    found = audited(fleet)

    assert (found["mismatch_count"], found["waiting_days"]) == (0, 0), found["mismatches"]
    # Alone, too.
    change(fleet, "INSERT INTO ops.dirty_plant_day (plant_id, local_day) VALUES (1, '2026-02-02')")
    fleet.roll_up()
    assert audited(fleet)["mismatch_count"] == 0
