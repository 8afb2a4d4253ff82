"""An inverter that was swapped for another, or removed, leaves its plant as complete as it was."""

import json
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from include.core.span import day_span, zone
from include.rollups.minutes import read_minutes
from include.warehouse import fleet as registry
from include.warehouse.engine import transaction
from include.warehouse.plant_yields import rank_inverters
from tests.warehouse.conftest import NOW
from tests.warehouse.test_plant_days import PLACE, ZONE, Days, stamps

pytestmark = pytest.mark.postgres

BEFORE, SWAP, AFTER = "2026-02-01", "2026-02-02", "2026-02-03"


def retire(days: Days, key: str) -> None:
    """As the third whole list without it does."""
    with transaction(days.fleet.url) as connection:
        connection.execute(text("UPDATE fleet.device SET retired_at = now() WHERE device_key = :key"), {"key": key})
        registry.mark_plants(connection, connection.execute(text("SELECT plant_id FROM fleet.plant")).scalars().all())


def completeness(days: Days) -> list[tuple[float, float]]:
    """Of the days before, of and after the swap: completeness of the plant, and covered by expected time."""
    days.fleet.roll_up(now=NOW)
    rows = days.fleet.read(
        "SELECT completeness, covered_s / expected_s AS coverage FROM mart.energy_day WHERE device_id IS NULL ORDER BY local_date"
    )
    return [(round(row.completeness, 2), round(row.coverage, 2)) for row in rows.itertuples()]


@pytest.fixture
def days(fleet_in) -> Days:
    """Two inverters, one of which is silent from noon of the second day on."""
    days = Days(fleet_in(**PLACE))
    for day in (BEFORE, SWAP, AFTER):
        days.power("stays", stamps(day=day))
    days.power("old", stamps(day=BEFORE))
    days.power("old", stamps(last="12:00", day=SWAP))
    return days


def test_an_inverter_that_is_silent_and_still_listed_is_missed(days):
    assert completeness(days)[2] == pytest.approx((0.49, 0.48), abs=0.02)


def test_a_removed_inverter_is_missed_until_its_last_day(days):
    completeness(days)
    retire(days, "old")

    before, swap, after = completeness(days)

    assert before[0] > 0.97
    assert swap[0] < 0.8
    assert after[0] > 0.97


def test_the_successor_of_a_swapped_inverter_takes_its_place_on_every_day(days):
    days.power("new", stamps(first="12:05", day=SWAP))
    days.power("new", stamps(day=AFTER))
    missed = completeness(days)
    retire(days, "old")

    found = completeness(days)

    assert [share for share, _ in missed] == [pytest.approx(0.67, abs=0.02)] * 3
    assert all(share > 0.97 for share, _ in (found[0], found[2]))
    assert all(coverage > 0.94 for _, coverage in (found[0], found[2]))
    derived = days.fleet.read(
        "SELECT grain, covered_s / expected_s AS coverage FROM mart.rollup JOIN fleet.series USING (series_id) "
        "WHERE origin = 'derived' AND grain = 'day' ORDER BY starts_at"
    )
    assert derived["coverage"].tolist()[::2] == pytest.approx([0.96, 0.96], abs=0.03)


def test_what_is_stored_after_a_swap_is_what_an_audit_computes(days):
    days.power("new", stamps(day=AFTER))
    completeness(days)
    retire(days, "old")
    completeness(days)

    stored = days.fleet.rollups("day"), days.fleet.rollups("month")
    with transaction(days.fleet.url) as connection:
        registry.mark_plants(connection, connection.execute(text("SELECT plant_id FROM fleet.plant")).scalars().all())
    days.fleet.roll_up(now=NOW + timedelta(hours=1))

    for frame, again in zip(stored, (days.fleet.rollups("day"), days.fleet.rollups("month")), strict=True):
        pd.testing.assert_frame_equal(frame, again)


def test_zeros_that_are_told_of_an_inverter_that_is_gone_do_not_keep_its_place(days):
    days.tell("old", "ac_power_kw", stamps(first="12:05", day=SWAP), np.zeros(len(stamps(first="12:05", day=SWAP))))
    days.tell("old", "ac_power_kw", stamps(day=AFTER), np.zeros(len(stamps(day=AFTER))))
    days.power("new", stamps(first="12:05", day=SWAP))
    days.power("new", stamps(day=AFTER))
    completeness(days)
    retire(days, "old")

    found = completeness(days)

    assert all(share > 0.97 and coverage > 0.94 for share, coverage in (found[0], found[2]))
    derived = "SELECT covered_s, expected_s FROM mart.rollup JOIN fleet.series USING (series_id) WHERE origin = 'derived'"
    assert all(bucket.covered_s <= bucket.expected_s for bucket in days.fleet.read(derived).itertuples())


def test_the_minutes_of_a_plant_expect_as_many_inverters_as_its_hours_after_a_swap(days):
    days.power("new", stamps(first="12:05", day=SWAP))
    days.power("new", stamps(day=AFTER))
    completeness(days)
    retire(days, "old")
    completeness(days)

    for day in (BEFORE, SWAP, AFTER):
        span = day_span(date.fromisoformat(day), zone(ZONE))
        with transaction(days.fleet.url) as connection:
            plant = connection.execute(text("SELECT series_id FROM api.plant_energy_series")).scalar_one()
            minutes = read_minutes(connection, [plant], span)
        hours = days.fleet.rollups("hour", plant)
        hours = hours[(hours["starts_at"] >= span.start) & (hours["starts_at"] < span.end)]
        noon = [hour for hour in hours.itertuples() if hour.covered_s > 0][2:-2]
        for hour in noon:
            starts = pd.DatetimeIndex(minutes["starts_at"].astype("datetime64[us]"), tz="UTC")
            own = minutes[(starts >= hour.starts_at) & (starts < hour.ends_at)]
            assert own["expected_s"].sum() == pytest.approx(hour.expected_s), (day, hour.starts_at)
            assert own["covered_s"].sum() == pytest.approx(hour.covered_s), (day, hour.starts_at)


@pytest.mark.parametrize(
    ("end", "ranked"),
    [("2026-02-02", ["old", "stays"]), ("2026-02-03", ["old", "stays"]), ("2026-02-05", ["new", "stays"])],
    ids=["before the swap", "until the day of the swap", "after the swap"],
)
def test_inverters_are_ranked_among_those_of_their_time(days, end, ranked):
    for day in (AFTER, "2026-02-04"):
        days.power("new", stamps(day=day))
    days.power("stays", stamps(day="2026-02-04"))
    completeness(days)
    retire(days, "old")
    completeness(days)

    with transaction(days.fleet.url) as connection:
        plant_id = connection.execute(text("SELECT plant_id FROM fleet.plant")).scalar_one()
        told = rank_inverters(connection, plant_id=plant_id, first=date(2026, 2, 1), end=date.fromisoformat(end))

    assert sorted(row["device_key"] for row in json.loads(told)) == ranked
