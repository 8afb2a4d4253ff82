"""When a plant's energy lies above what a sky without clouds allows, and that too little knowledge is no alarm."""

from datetime import date, timedelta

import pytest

from include.analysis.alarms import find_ceiling_alarms
from include.analysis.ceiling import ceiling_level

FIRST = date(2026, 2, 1)
KNOWN = {
    "completeness": 1.0, "clear_sky_kwh": 600.0, "capacity_kwp": 100.0, "capacity_source": "registered", "plane_source": "fitted",
    "is_place_guessed": False,
}  # fmt: skip


def found(*times: float | None, running: int = 99, **model: object) -> list[tuple]:
    """(code, severity, first, last day) of days that make so many times their clear-sky energy, counted from 0."""
    rows = [
        {**KNOWN, **model, "local_date": FIRST + timedelta(days=n), "energy_kwh": None if each is None else 600 * each}
        for n, each in enumerate(times)
    ]
    alarms = find_ceiling_alarms(rows, running_day=FIRST + timedelta(days=running))
    assert all((each.device_id, each.lost_kwh) == (None, None) for each in alarms)
    return [
        (each.code, each.severity, (each.first_day - FIRST).days, each.last_day and (each.last_day - FIRST).days)
        for each in alarms
    ]


def alarm(first: int, last: int | None) -> list[tuple]:
    return [("above clear sky", "major", first, last)]


@pytest.mark.parametrize(
    ("times", "alarms"),
    [
        ((0.8, 1.2, 1.2, 1.2, 1.2), []),  # the coldest clear days of real plants
        ((0.8, 1.3, 0.8, 1.3, 0.8), []),
        ((0.8, 1.3, 1.3), alarm(1, None)),
        ((0.8, 1.3, None, 1.3, 0.9, 0.9), alarm(1, 3)),
        ((0.8, 2.1, 0.9, 0.9), alarm(1, 1)),
        ((0.8, 2.1, 0.9, 10.0, 0.9), alarm(1, None)),
        ((0.8, 1000.0), alarm(1, None)),
    ],
)
def test_two_days_above_the_ceiling_or_one_far_above_are_an_alarm_that_two_days_below_end(times, alarms):
    assert found(*times) == alarms


def test_a_day_that_still_runs_is_not_above_the_ceiling_yet():
    assert found(0.8, 3.0, running=1) == []


@pytest.mark.parametrize(
    "unknown",
    [
        {"clear_sky_kwh": None, "capacity_kwp": None, "capacity_source": None},
        {"capacity_source": "fitted"},
        {"completeness": None},
        {"completeness": 0.5},
        {"clear_sky_kwh": 40.0},
    ],
)
def test_without_a_registered_capacity_a_complete_day_or_sun_there_is_no_ceiling(unknown):
    assert found(5.0, 5.0, 5.0, **unknown) == []


def test_where_the_plane_is_assumed_or_the_place_guessed_only_twice_the_clear_sky_is_too_much():
    for unsure in ({"plane_source": "assumed"}, {"is_place_guessed": True}):
        assert found(1.6, 1.6, 1.6, **unsure) == []
        assert found(2.1, **unsure) == alarm(0, None)


def test_no_energy_at_all_is_below_the_ceiling():
    assert ceiling_level({**KNOWN, "energy_kwh": 0.0}) == 0
    assert ceiling_level({**KNOWN, "energy_kwh": -0.3}) == 0
