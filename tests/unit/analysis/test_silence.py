"""Silence in daylight: of inverters beside their plant, of plants beside their source, and never at night."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from include.analysis.silence import Silence, find_silences
from include.core.span import microseconds_of
from include.rollups.daylight import daylight
from include.steps.alarms import _daylight_us

ZONES = {
    -33.4: ("America/Santiago", -70.6), -3.7: ("America/Fortaleza", -38.5), 0.3: ("America/Guayaquil", -79.9),
    52.5: ("Europe/Berlin", 13.4), 69.6: ("Europe/Oslo", 18.9),
}  # fmt: skip
HOUR = timedelta(hours=1)


def inverter(device_id: int, last: datetime | None, plant_id: int = 1, source: str = "deye", latitude: float = -3.7) -> dict:
    zone, longitude = ZONES[latitude]
    return {
        "plant_id": plant_id, "device_id": device_id, "tenant_id": 1, "source": source, "timezone": zone, "latitude": latitude,
        "longitude": longitude, "last_us": last and microseconds_of(last), "is_prompt": True,
    }  # fmt: skip


NOON = datetime(2026, 2, 10, 15, tzinfo=UTC)
"""Noon in Fortaleza."""


@pytest.mark.parametrize("latitude", ZONES)
def test_no_inverter_that_sleeps_at_night_is_ever_offline_in_a_year(latitude):
    """One inverter reports while the sun is more than 5 degrees high, every 15 minutes; the other one day and night."""
    longitude = ZONES[latitude][1]
    days = np.arange(20_454, 20_454 + 366, dtype=np.int32)
    begin, end = daylight(days, latitude, longitude)
    quarter = 15 * 60_000_000
    for now in range(int(begin[1]), int(end[-1]), 311 * 60_000_000):
        lit = int(np.searchsorted(begin, now, side="right")) - 1
        while lit > 0 and end[lit] <= begin[lit]:
            lit -= 1
        last = min(now, int(end[lit]) - 1)
        last -= (last - int(begin[lit])) % quarter
        sleeper = inverter(1, NOON, latitude=latitude) | {"last_us": last}
        awake = inverter(2, NOON, latitude=latitude) | {"last_us": now}
        assert find_silences([sleeper, awake], _daylight_us) == [], now


def test_an_inverter_that_is_silent_for_an_hour_of_daylight_is_offline():
    quiet, barely, awake = inverter(1, NOON - HOUR), inverter(3, NOON - HOUR + timedelta(seconds=1)), inverter(2, NOON)

    assert find_silences([quiet, barely, awake], _daylight_us) == [Silence(1, 1, microseconds_of(NOON - HOUR))]


def test_a_dead_logger_is_one_alarm_of_its_plant():
    silent = [inverter(number, NOON - 5 * HOUR) for number in range(1, 8)]

    found = find_silences([*silent, inverter(9, NOON, plant_id=2)], _daylight_us)

    assert found == [Silence(1, None, microseconds_of(NOON - 5 * HOUR))]


def test_where_all_of_a_source_are_silent_no_plant_is_offline():
    assert find_silences([inverter(1, NOON - 5 * HOUR), inverter(2, NOON - 5 * HOUR, plant_id=2)], _daylight_us) == []


def test_plants_whose_files_are_dropped_are_not_measured_by_each_other():
    plants = [inverter(1, NOON - 30 * HOUR, source="drops"), inverter(2, NOON, plant_id=2, source="drops")]

    assert find_silences(plants, _daylight_us) == []


def test_what_was_never_read_or_is_long_gone_is_not_judged():
    assert find_silences([inverter(1, None), inverter(2, NOON)], _daylight_us) == []


def bare(plant_id: int, last: datetime, *, is_prompt: bool = True, latitude: float = -3.7) -> dict:
    """A plant that is known without an inverter: by its meters, or what its vendor says of it."""
    return inverter(0, last, plant_id, latitude=latitude) | {"device_id": None, "is_prompt": is_prompt}


def test_a_plant_without_inverters_is_offline_like_any_other():
    def silent_for(hours: int) -> list[Silence]:
        return find_silences([bare(1, NOON - hours * HOUR), inverter(9, NOON, plant_id=2)], _daylight_us)

    assert silent_for(2) == []
    assert silent_for(3) == [Silence(1, None, microseconds_of(NOON - 3 * HOUR))]


MIDNIGHT = datetime(2026, 2, 10, 3, tzinfo=UTC)
"""The end of 9 February in Fortaleza."""


@pytest.mark.parametrize(
    ("ended", "is_silent"),
    [(timedelta(0), False), (timedelta(days=1), False), (timedelta(days=2), True)],
    ids=["yesterday was told", "it was not: the vendor is asked again", "nor the day before"],
)
def test_a_plant_of_which_only_days_that_are_over_are_told_is_offline_two_days_later(ended, is_silent):
    daily = bare(1, MIDNIGHT - ended, is_prompt=False)

    assert bool(find_silences([daily, inverter(9, NOON, plant_id=2)], _daylight_us)) is is_silent
    assert bool(find_silences([daily, bare(2, MIDNIGHT, is_prompt=False)], _daylight_us)) is False


def test_days_that_are_over_speak_for_no_plant_that_tells_its_running_day():
    plants = [bare(1, NOON - 30 * HOUR), bare(2, MIDNIGHT, is_prompt=False)]

    assert find_silences(plants, _daylight_us) == []


@pytest.mark.parametrize("latitude", ZONES)
@pytest.mark.parametrize("is_prompt", [True, False], ids=["tells its power", "tells its days"])
def test_no_plant_without_inverters_is_offline_at_night_in_a_year(latitude, is_prompt):
    """It tells while the sun is more than 5 degrees high, or each day once it is over; another one speaks day and night."""
    longitude = ZONES[latitude][1]
    begin, end = daylight(np.arange(20_454, 20_454 + 366, dtype=np.int32), latitude, longitude)
    day_us = 24 * 3_600_000_000
    for now in range(int(begin[1]), int(end[-1]), 311 * 60_000_000):
        lit = int(np.searchsorted(begin, now, side="right")) - 1
        last = min(now, int(end[lit]) - 1) if is_prompt else now // day_us * day_us - day_us
        sleeper = bare(1, NOON, is_prompt=is_prompt, latitude=latitude) | {"last_us": last}
        awake = inverter(2, NOON, plant_id=2, latitude=latitude) | {"last_us": now}
        assert find_silences([sleeper, awake], _daylight_us) == [], now
