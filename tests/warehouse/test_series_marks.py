"""Readings that hardly were measured are counted by day in the warehouse, anew where a day changed, and only there."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from include.core.settings import Settings
from include.steps import series_marks
from include.steps.series_marks import mark_readings

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 3, 6, 12, tzinfo=UTC)
DAYS = pd.date_range("2026-03-01", "2026-03-06", freq="1D", tz="America/Sao_Paulo")


def load(small, name, key, quantity, values, first=DAYS[0], computed_at=NOW - timedelta(hours=1)):
    """Values, one a quarter of an hour from a local midnight on."""
    at = pd.date_range(first, periods=len(values), freq="15min").tz_convert("UTC").tz_localize(None)
    rows = pd.DataFrame({"series_id": small.series[key, quantity], "at": at, "value": values})
    small.load(small.register(name), rows)
    small.roll_up(now=computed_at)


def mark(small, now=NOW):
    return mark_readings(Settings(database_url=small.url), now=now)


def marks(small):
    frame = small.read(
        "SELECT quantity, local_date::text, reading_count, stale_count, interpolated_count, outlier_count "
        "FROM mart.series_mark JOIN fleet.series USING (series_id) ORDER BY quantity, local_date"
    )
    return [tuple(row) for row in frame.values.tolist() if any(row[3:])]


@pytest.fixture
def marked(small_fleet):
    """Five days: a power that is frozen at noon of the second; a temperature, still on the third, that jumps on the fourth."""
    small_fleet.add_device("s", kind="sensor", quantities=("temperature_c",))
    chance = np.random.default_rng(3)
    noon = np.clip(np.sin((np.arange(5 * 96) % 96 - 24) / 48 * np.pi), 0, None) * 40 * chance.uniform(0.9, 1, 5 * 96)
    noon[96 + 46 : 96 + 52] = noon[96 + 46]
    warmth = 20 + 5 * np.sin(np.arange(5 * 96) / 96 * 2 * np.pi) + chance.normal(0, 0.1, 5 * 96)
    warmth[2 * 96 + 30 : 2 * 96 + 60] = 20.5
    warmth[3 * 96 + 40] += 12
    load(small_fleet, "power", "1", "ac_power_kw", noon)
    load(small_fleet, "warmth", "s", "temperature_c", warmth)
    return small_fleet


def test_days_of_powers_and_sensors_keep_how_many_of_their_readings_hardly_were_measured(marked):
    done = mark(marked)

    assert done["days"] == 10
    assert marks(marked) == [
        ("ac_power_kw", "2026-03-02", 96, 6, 0, 0),
        ("temperature_c", "2026-03-03", 96, 30, 0, 0),
        ("temperature_c", "2026-03-04", 96, 0, 0, 1),
    ]
    assert done["marked"] == 37


def test_few_readings_are_held_at_once_and_all_days_are_marked_all_the_same(marked, monkeypatch):
    monkeypatch.setattr(series_marks, "_READINGS_AT_ONCE", 250)

    assert mark(marked)["days"] == 10
    assert len(marks(marked)) == 3


def test_a_gauge_that_stands_still_over_midnight_is_stale_on_both_days_and_a_short_line_is_chance(small_fleet):
    small_fleet.add_device("s", kind="sensor", quantities=("temperature_c",))
    warmth = 20 + 5 * np.sin(np.arange(5 * 96) / 96 * 2 * np.pi) + np.random.default_rng(3).normal(0, 0.1, 5 * 96)
    warmth[96 - 16 : 96 + 12] = 20.5
    for first, readings in ((2 * 96 + 40, 7), (3 * 96 + 40, 8)):
        warmth[first : first + readings] = warmth[first] + 0.125 * np.arange(readings)
    load(small_fleet, "warmth", "s", "temperature_c", warmth)
    mark(small_fleet)

    assert marks(small_fleet) == [
        ("temperature_c", "2026-03-01", 96, 16, 0, 0),
        ("temperature_c", "2026-03-02", 96, 12, 0, 0),
        ("temperature_c", "2026-03-04", 96, 0, 8, 0),
    ]


def test_one_dark_day_does_not_make_what_little_there_is_at_dusk_say_something(small_fleet):
    chance = np.random.default_rng(3).uniform(0.9, 1, 5 * 96)
    noon = np.clip(np.sin((np.arange(5 * 96) % 96 - 24) / 48 * np.pi), 0, None) * 40 * chance
    noon[2 * 96 : 3 * 96] *= 0.01
    noon[3 * 96 + 72 : 3 * 96 + 80] = 0.3  # of 40 kW
    load(small_fleet, "power", "1", "ac_power_kw", noon)
    mark(small_fleet)

    assert marks(small_fleet) == []


def test_what_did_not_change_is_not_marked_again_and_a_late_correction_marks_its_day_anew(marked):
    mark(marked)
    again = mark(marked, NOW + timedelta(hours=1))
    moving = 20 + np.random.default_rng(4).normal(0, 1, 30)
    load(marked, "corrected", "s", "temperature_c", moving, DAYS[2] + pd.Timedelta("7.5h"), computed_at=NOW + timedelta(hours=2))
    anew = mark(marked, NOW + timedelta(hours=3))

    assert again == {"days": 0, "marked": 0}
    assert anew["days"] == 1
    assert ("temperature_c", "2026-03-03", 96, 30, 0, 0) not in marks(marked)


def test_a_day_that_still_runs_is_not_marked(marked):
    assert mark(marked, datetime(2026, 3, 5, 12, tzinfo=UTC))["days"] == 8
