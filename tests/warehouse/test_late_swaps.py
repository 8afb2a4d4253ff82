"""A swap of an inverter that is written down weeks late: held back until it is known, and then as if it had been in time."""

from datetime import UTC, date, datetime, timedelta
from functools import partial

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from include.core.settings import Settings
from include.steps.alarms import watch_silence
from include.steps.yields import analyse_yields
from include.warehouse import fleet
from include.warehouse.engine import transaction
from include.warehouse.performance import PerformanceWindow, read_windows
from include.warehouse.plant_yields import rank_inverters, read_window_yields
from tests.warehouse.conftest import SmallFleet
from tests.warehouse.test_dismantled_devices import dismantle, inverters_of_report
from tests.warehouse.test_found_alarms import alarms
from tests.warehouse.test_inverter_days import PEAKS_KW, PLACE, ZONE, Plant, days
from tests.warehouse.test_plant_days import DAY_KWH
from tests.warehouse.test_rollups import add_plant_series, rows_of

pytestmark = pytest.mark.postgres

MONTH = date(2026, 2, 1), date(2026, 2, 28)
NOW = datetime(2026, 3, 1, 11, tzinfo=UTC)
SWAP, WRITTEN_DOWN = "2026-02-05", "2026-02-25"


def swapped(small: SmallFleet, after_kw: float = np.nan) -> Plant:
    """Inverter 3 in the place of 2 from the swap on; `after_kw` is what goes on being told of the old one. The first stays."""
    plant = Plant(small, 3)
    for day in days("2026-02-01", 28):
        plant.shine(day, {"2": 1.0, "3": np.nan} if day < SWAP else {"2": after_kw, "3": 1.0})
    plant.analyse(NOW)
    analyse_yields(Settings(database_url=small.url), clock=lambda: NOW)
    return plant


@pytest.fixture
def metered(fleet_in) -> Plant:
    """The same with a target, a tariff, and the plant's import and export of each day."""
    small = fleet_in(**PLACE)
    keys = {"tenant_id": small.tenant_id, "source": "drops", "plant_key": "p1"}
    with transaction(small.url) as connection:
        fleet.upsert_rows(connection, "target", [keys | {"month": MONTH[0], "target_kwh": 28_000.0}])
        fleet.upsert_rows(
            connection, "tariff", [keys | {"valid_from": date(2026, 1, 1), "price_per_kwh": 0.5, "currency": "BRL"}]
        )
    for quantity, kwh in (("export_day_kwh", 700.0), ("import_day_kwh", 100.0)):
        add_plant_series(small, quantity)
        at = pd.date_range("2026-02-01", "2026-02-28", tz=ZONE)
        small.load(small.register(quantity), rows_of(small.series["p1", quantity], at, [kwh] * len(at)))
    return swapped(small)


def write_down(plant: Plant, now: datetime = NOW) -> None:
    dismantle(plant.fleet, "2", on=WRITTEN_DOWN)
    plant.analyse(now)
    analyse_yields(Settings(database_url=plant.fleet.url), clock=lambda: now)


def answers(plant: Plant) -> dict[str, object]:
    with transaction(plant.fleet.url) as connection:
        plant_id = connection.execute(text("SELECT plant_id FROM fleet.plant")).scalar_one()
        (window,) = read_windows(connection, [PerformanceWindow(plant_id, "month", *MONTH)])
        (row,) = read_window_yields(connection, plant_id=plant_id, windows=[MONTH], today=date(2026, 3, 1)).values()
        ranked = rank_inverters(connection, plant_id=plant_id, first=MONTH[0], end=date(2026, 3, 1))
    names = ("days_complete", "data_availability", "site_days", "bill_without_pv")
    return {name: row[name] for name in names} | {
        "days_counted": window["days_counted"], "performance_index": window["performance_index"], "is_ranked": ranked != "[]",
    }  # fmt: skip


def stored(plant: Plant, table: str) -> pd.DataFrame:
    frame = plant.fleet.read(
        f"SELECT coalesce(d.device_key, 'plant') AS key, t.* FROM {table} AS t LEFT JOIN fleet.device AS d USING (device_id)"
    )
    return frame.set_index(["key", "local_date"]).sort_index()


def completeness(plant: Plant) -> list[float]:
    found = stored(plant, "mart.energy_day").loc["plant"]
    return found.completeness.tolist()


def test_until_it_is_written_down_the_days_are_held_back_and_the_alarm_says_what_to_do(metered):
    assert completeness(metered) == pytest.approx([2 / 3] * 28, abs=0.02)
    assert answers(metered)["days_counted"] == 0
    assert answers(metered)["bill_without_pv"] is None

    settings = Settings(database_url=metered.fleet.url)
    at_noon = partial(datetime, 2026, 2, hour=15, tzinfo=UTC)
    opened = [watch_silence(settings, now=at_noon(day=day)) for day in (5, 19, 26)]

    # Two weeks later it is still silent, and its plant still waits for it.
    assert opened == [{"opened": 1, "closed": 0}, {"opened": 0, "closed": 0}, {"opened": 0, "closed": 0}]
    ((key, advice),) = metered.fleet.read(
        "SELECT device_key, advice FROM mart.alarm JOIN fleet.device USING (device_id) WHERE code = 'offline' AND is_open"
    ).itertuples(index=False, name=None)
    assert key == "2"
    assert "dismantled_on" in advice

    write_down(metered)
    assert watch_silence(settings, now=at_noon(day=26)) == {"opened": 0, "closed": 1}


def test_once_it_is_written_down_all_days_of_the_month_are_whole_and_count(metered):
    write_down(metered)

    assert completeness(metered) == pytest.approx([1] * 28, abs=0.02)
    found = answers(metered)
    energy_kwh = [(PEAKS_KW[0] + PEAKS_KW[1 if day < SWAP else 2]) / 10 * DAY_KWH for day in days("2026-02-01", 28)]
    assert (found["days_complete"], found["days_counted"], found["site_days"]) == (28, 28, 28)
    assert found["performance_index"] == pytest.approx(sum(energy_kwh) / 28_000, rel=2e-3)
    assert found["data_availability"] == pytest.approx(1, abs=0.01)
    # What it made and drew from the grid, less what it fed into it.
    assert found["bill_without_pv"] == pytest.approx(0.5 * (sum(energy_kwh) + 28 * (100 - 700)), rel=2e-3)
    assert inverters_of_report(metered.fleet, "2026-02-01", 28)["2"] == 1.0
    assert set(inverters_of_report(metered.fleet, "2026-02-10", 10)) == {"1", "3"}


def test_exactly_what_waited_for_the_old_one_is_another(metered):
    energies, compared = stored(metered, "mart.energy_day"), stored(metered, "mart.inverter_day")
    write_down(metered, NOW + timedelta(hours=1))

    after = stored(metered, "mart.energy_day")
    is_other = after.computed_at != energies.computed_at.reindex(after.index)
    assert sorted(after[is_other].index.tolist()) == [("plant", date(2026, 2, day)) for day in range(1, 29)]
    assert after.energy_kwh.equals(energies.energy_kwh)

    left = stored(metered, "mart.inverter_day")
    gone = compared.index.difference(left.index)
    assert gone.tolist() == [("2", date(2026, 2, day)) for day in range(5, 29)]
    is_other = left.computed_at != compared.computed_at.loc[left.index]
    # Beside the third alone the first one has seven days of a past only when seven days are over since the swap.
    assert left[is_other].index.tolist() == [("1", date(2026, 2, day)) for day in range(8, 12)]
    assert left.verdict.equals(compared.verdict.loc[left.index])


def test_zeros_that_a_cloud_goes_on_telling_of_the_old_one_are_nobodys_loss(fleet_in):
    plant = swapped(fleet_in(**PLACE), after_kw=0.0)
    assert alarms(plant) == [("2", "zero", "major", SWAP, None)]

    write_down(plant)

    assert alarms(plant) == []
    assert plant.fleet.read("SELECT lost_kwh FROM mart.alarm").lost_kwh.tolist() == [0]
    assert completeness(plant) == pytest.approx([1] * 28, abs=0.02)


def test_a_dismantling_that_was_no_swap_is_held_back_until_its_day(fleet_in):
    plant = Plant(fleet_in(**PLACE), 2)
    for day in days("2026-02-01", 28):
        plant.shine(day, {"2": 1.0 if day < SWAP else np.nan})
    plant.analyse(NOW)

    write_down(plant)

    assert completeness(plant) == pytest.approx([1] * 4 + [0.5] * 20 + [1] * 4, abs=0.02)


def test_an_inverter_that_was_dismantled_on_the_first_day_of_the_calendar_is_missed_as_long_as_it_generated(fleet_in):
    plant = Plant(fleet_in(**PLACE), 2)
    for day in days("2026-02-01", 4):
        plant.shine(day, {"2": 1.0 if day < "2026-02-03" else np.nan})
    plant.analyse(NOW)

    dismantle(plant.fleet, "2", on="0001-01-01")
    plant.analyse(NOW)

    assert completeness(plant) == pytest.approx([1] * 4, abs=0.02)
