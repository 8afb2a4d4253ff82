"""A device that was taken away holds nothing back: no sum, ratio, comparison, report or alarm waits for it."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from include.core.span import day_span, microseconds_of
from include.rollups.daylight import place_of
from include.steps.hour_table import HourTable, read_energies
from include.steps.inverter_times import swapped_on
from include.warehouse import fleet, reports
from include.warehouse.engine import transaction
from tests.warehouse.conftest import SmallFleet
from tests.warehouse.test_found_alarms import alarms
from tests.warehouse.test_inverter_days import PLACE, ZONE, Plant, days
from tests.warehouse.test_rollups import rows_of
from tests.warehouse.test_yields import analyse, answers, day_of_power, load

pytestmark = pytest.mark.postgres

TODAY = datetime(2026, 2, 27, 12, tzinfo=UTC)


def dismantle(small: SmallFleet, key: str, on: str, kind: str = "inverter") -> None:
    """As a row of the registry does."""
    row = {
        "tenant_id": small.tenant_id, "source": "drops", "device_key": key, "plant_key": "p1", "parent_key": None, "kind": kind,
        "name": None, "model": None, "capacity_kw": None, "dismantled_on": on,
    }  # fmt: skip
    with transaction(small.url) as connection:
        fleet.upsert_rows(connection, "device", [row])
    small.roll_up()


def counted(small: SmallFleet, key: str, day: str):
    """A day of a counter that gains ten kilowatt-hours an hour from 8 to 16 o'clock."""
    table = day_of_power(small, key, day, 1.0, "energy_today_kwh")
    table["value"] = np.cumsum(table["value"]) * 10 / 12
    return table


@pytest.fixture
def counters(fleet_in) -> SmallFleet:
    """Two inverters that tell counters alone and a sensor of irradiance; the second is silent from 22 February on."""
    small = fleet_in(timezone=ZONE, **PLACE)
    small.add_device("1", quantities=("energy_today_kwh",))
    small.add_device("2", quantities=("energy_today_kwh",))
    small.add_device("s", kind="sensor", quantities=("irradiance_poa_w_m2",))
    for day in ("2026-02-20", "2026-02-21", "2026-02-22", "2026-02-23", "2026-02-24"):
        tables = [counted(small, key, day) for key in ("1", "2") if key == "1" or day < "2026-02-22"]
        load(small, day, *tables, day_of_power(small, "s", day, 800.0, "irradiance_poa_w_m2"))
    return small


def test_ratios_and_availability_go_on_without_an_inverter_that_was_dismantled(counters):
    analyse(counters, TODAY)
    waiting = answers(counters)
    dismantle(counters, "2", on="2026-02-24")
    analyse(counters, TODAY)
    found = answers(counters)

    silent, gone = date(2026, 2, 23), date(2026, 2, 24)
    assert waiting.loc[gone, "reporting_s"] / waiting.loc[gone, "daylight_s"] == pytest.approx(0.5, abs=0.05)
    assert np.isnan(waiting.loc[gone, "irradiated_kwh"])
    # Eight hours of ten kilowatt-hours of the first one; until the day before the second one was there, and silent.
    assert found.loc[gone, "irradiated_kwh"] == pytest.approx(80, abs=2)
    assert found.loc[gone, "reporting_s"] / found.loc[gone, "daylight_s"] == pytest.approx(1, abs=0.05)
    assert np.isnan(found.loc[silent, "irradiated_kwh"])
    assert found.loc[silent, "reporting_s"] / found.loc[silent, "daylight_s"] == pytest.approx(0.5, abs=0.05)


def test_the_hours_that_a_forecast_rests_on_go_on_without_an_inverter_that_was_dismantled(counters):
    table = HourTable(microseconds_of(day_span(date(2026, 2, 24), ZoneInfo(ZONE)).start), 1)

    def known() -> float:
        with transaction(counters.url) as connection:
            plant_id = connection.execute(text("SELECT plant_id FROM fleet.plant")).scalar_one()
            return float(np.nansum(read_energies(connection, plant_id, ZoneInfo(ZONE), table)))

    waiting = known()
    dismantle(counters, "2", on="2026-02-23")

    assert (waiting, known()) == (0, pytest.approx(80, abs=2))


@pytest.fixture
def plant(fleet_in):
    return lambda inverters: Plant(fleet_in(**PLACE), inverters)


def test_the_alarm_of_an_inverter_ends_with_it_and_keeps_what_was_lost(plant):
    three = plant(3)
    for day in days("2026-02-01", 6):
        three.shine(day, {"3": 0.0 if day >= "2026-02-03" else 1.0})
    three.analyse()
    lost = three.fleet.read("SELECT lost_kwh FROM mart.alarm").lost_kwh[0]
    assert alarms(three) == [("3", "zero", "major", "2026-02-03", None)]

    dismantle(three.fleet, "3", on="2026-02-06")
    three.analyse()

    assert alarms(three) == [("3", "zero", "major", "2026-02-03", "2026-02-06")]
    # Three days of the four: the zeros that are told of it on the day on which it was taken away are nobody's loss.
    assert three.fleet.read("SELECT lost_kwh FROM mart.alarm").lost_kwh[0] == pytest.approx(lost * 3 / 4)
    assert three.answers().loc["3"].index.max() == date(2026, 2, 5)
    assert set(three.answers().loc["1"].verdict) == {"normal"}


def test_an_inverter_that_is_left_alone_is_compared_with_the_clear_sky(plant):
    two = plant(2)
    at = pd.date_range("2026-01-01", "2026-02-11", freq="10min", inclusive="left", tz=ZONE)
    sun_kw = np.clip(np.sin((at.hour + at.minute / 60 - 6) / 12 * np.pi), 0, None) * 80
    weak = np.where(at >= pd.Timestamp("2026-02-02", tz=ZONE), 0.5, 1.0)
    until = at < pd.Timestamp("2026-01-05", tz=ZONE)
    for key, told, power_kw in (("1", at, sun_kw * weak), ("2", at[until], sun_kw[until])):
        two.fleet.load(two.fleet.register(key), rows_of(two.fleet.series[key, "ac_power_kw"], told, power_kw))
    two.analyse()
    silenced = two.answers().loc["1"].iloc[-2:]

    dismantle(two.fleet, "2", on="2026-01-05")
    two.analyse()

    left = two.answers().loc["1"].iloc[-2:]
    assert silenced.verdict.tolist() == ["not compared"] * 2
    assert (left.method.tolist(), left.verdict.tolist()) == (["clear sky"] * 2, ["very low"] * 2)


def test_the_energy_of_the_plant_is_whole_without_an_inverter_that_was_dismantled(plant):
    two = plant(2)
    for day in days("2026-02-01", 6):
        two.shine(day, {"2": 1.0 if day < "2026-02-04" else np.nan})
    whole = "SELECT local_date, completeness FROM mart.energy_day WHERE device_id IS NULL ORDER BY 1"
    two.analyse()
    waiting = two.fleet.read(whole).completeness.tolist()

    dismantle(two.fleet, "2", on="2026-02-04")
    two.analyse()

    assert waiting == pytest.approx([1, 1, 1, 0.5, 0.5, 0.5], abs=0.02)
    assert two.fleet.read(whole).completeness.tolist() == pytest.approx([1] * 6, abs=0.02)


def test_what_was_answered_of_days_together_is_what_is_answered_one_by_one_after_a_dismantling(plant):
    three = plant(3)
    for day in days("2026-02-01", 12):
        three.shine(day, {"3": 1.0 if day < "2026-02-06" else np.nan, "2": 0.5 if day == "2026-02-08" else 1.0})
    dismantle(three.fleet, "3", on="2026-02-06")
    three.analyse()
    together = three.answers().drop(columns="computed_at")

    for day in days("2026-02-01", 12):
        three.change(
            "INSERT INTO ops.unanswered_day (subject, plant_id, local_day) SELECT 'inverters', plant_id, :day FROM fleet.plant",
            day=day,
        )
        three.analyse()

    assert together.equals(three.answers().drop(columns="computed_at"))


def inverters_of_report(small: SmallFleet, first: str, days: int) -> dict[str, float]:
    """The inverters that a report of some days lists, with their completeness."""
    first_day = date.fromisoformat(first)
    last_day = first_day + timedelta(days=days - 1)
    with transaction(small.url) as connection:
        plant = fleet.read_plants(connection)[0]
        place = place_of(plant["timezone"], plant["latitude"], plant["longitude"])
        known = reports.read_plant_period(
            connection,
            plant_id=plant["plant_id"],
            first_day=first_day,
            last_day=last_day,
            through_day=last_day,
            span=day_span(first_day, ZoneInfo(ZONE), days),
            place=(place.latitude, place.longitude),
            with_curve=False,
            swapped_on=swapped_on(connection, [plant["plant_id"]]),
        )
    return {row["device_key"]: round(row["completeness"], 1) for row in known.inverters}


def test_a_report_lists_an_inverter_over_the_days_on_which_it_was_there(plant):
    two = plant(2)
    for day in days("2026-02-01", 10):
        two.shine(day, {"2": 1.0 if day < "2026-02-06" else np.nan})
    two.analyse()
    waiting = inverters_of_report(two.fleet, "2026-02-01", 10)
    dismantle(two.fleet, "2", on="2026-02-06")

    assert waiting == {"1": 1.0, "2": 0.5}
    assert inverters_of_report(two.fleet, "2026-02-01", 10) == {"1": 1.0, "2": 1.0}
    assert inverters_of_report(two.fleet, "2026-02-06", 5) == {"1": 1.0}


def test_a_device_that_was_dismantled_by_mistake_is_there_again(counters):
    dismantle(counters, "2", on="2026-02-24")
    dismantle(counters, "2", on="never")
    analyse(counters, TODAY)

    assert counters.read("SELECT retired_on FROM api.device WHERE device_key = '2'").retired_on.tolist() == [None]
    gone = answers(counters).loc[date(2026, 2, 24)]
    assert gone["reporting_s"] / gone["daylight_s"] == pytest.approx(0.5, abs=0.05)
