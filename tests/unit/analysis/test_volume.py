"""A source that tells less than it usually does is found, whatever its rhythm; one that rests is left in peace."""

from datetime import date

import numpy as np
import pytest

from include.analysis.volume import SourceDays, SourceVolume, judge_volume
from include.rollups.daylight import daylight

FIRST = date(2025, 1, 6)
"""A Monday."""
YEAR = 420
HOUR_S = 3600.0
PLACES = {
    "Fortaleza": (-3.7, -38.5),
    "São Paulo": (-23.5, -46.6),
    "Denver": (39.7, -105.0),
    "Berlin": (52.5, 13.4),
    "Tromsø": (69.6, 18.9),
}


def source(counts, *, delay_s=HOUR_S, daylight_s=43_200.0, away=None) -> SourceDays:
    counts = np.asarray(counts, float)
    shape = counts.shape
    age_s = (np.arange(shape[0])[::-1] * 86_400.0 + 6 * HOUR_S)[:, np.newaxis] * np.ones(shape)
    return SourceDays(
        counts,
        np.where(counts > 0, delay_s, np.nan),
        age_s,
        np.broadcast_to(np.asarray(daylight_s, float), shape),
        np.zeros(shape[1], bool) if away is None else np.asarray(away),
    )


def judge(days: SourceDays) -> SourceVolume:
    return judge_volume(days, least_share=0.5, margin_s=HOUR_S)


def short_days(days: SourceDays) -> list[int]:
    return list(np.flatnonzero(judge(days).is_short))


def daylight_s(place: str, days: int) -> np.ndarray:
    first = np.datetime64(FIRST).astype(int)
    begin, end = daylight(np.arange(first, first + days, dtype=np.int32), *PLACES[place])
    return (end - begin)[:, np.newaxis] / 1e6


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("sleeps", [True, False])
def test_no_day_of_a_year_at_five_latitudes_is_short_whether_loggers_sleep_at_night_or_not(place, sleeps):
    chance = np.random.default_rng(7)
    light = daylight_s(place, YEAR)
    whole = light / 300 if sleeps else np.full((YEAR, 1), 288.0)
    counts = np.floor(whole * chance.uniform(0.9, 1.0, (YEAR, 6)))
    clock_changes = [(date(2025, 3, 30) - FIRST).days, (date(2025, 10, 26) - FIRST).days]
    counts[clock_changes] = np.floor(counts[clock_changes] * [[23 / 24], [25 / 24]])

    assert short_days(source(counts, daylight_s=light)) == []


@pytest.mark.parametrize("place", PLACES)
def test_a_week_at_thirty_percent_is_short_from_its_first_to_its_last_day(place):
    light = daylight_s(place, YEAR)
    counts = np.floor(light / 300 * np.ones((YEAR, 6)))
    counts[150:157] = np.floor(0.3 * counts[150:157])

    found = judge(source(counts, daylight_s=light))

    assert list(np.flatnonzero(found.is_short)) == list(range(150, 157))
    assert found.received[152] / found.expected[152] == pytest.approx(0.3, abs=0.04)


def test_three_weeks_of_nothing_do_not_become_usual():
    counts = np.full((100, 4), 288.0)
    counts[60:81] = 0

    assert short_days(source(counts)) == list(range(60, 81))


def test_seven_of_ten_devices_that_a_source_loses_make_it_short_and_three_do_not():
    lost_seven, lost_three = np.full((2, 60, 10), 288.0)
    lost_seven[50:, :7] = 0
    lost_three[50:, :3] = 0

    assert short_days(source(lost_seven)) == list(range(50, 60))
    assert short_days(source(lost_three)) == []


def test_a_source_that_rests_at_week_ends_is_not_short_then_nor_on_a_holiday_but_from_two_workdays_on():
    rests = np.array([288.0 if day % 7 < 5 else 0 for day in range(70)])[:, np.newaxis] * np.ones(3)
    holiday, outage = rests.copy(), rests.copy()
    holiday[56] = 0  # a Monday
    outage[53] = outage[56] = 0  # Friday and the Monday after it

    assert short_days(source(rests)) == []
    assert short_days(source(holiday)) == []
    assert short_days(source(outage)) == [53, 56]


def test_a_weekday_of_which_too_little_is_known_is_no_day_of_rest():
    counts = np.full((60, 3), 288.0)
    counts[16] = 10  # in the third week, the first that is judged

    assert short_days(source(counts)) == [16]


def test_devices_that_are_retired_or_silent_by_an_alarm_of_their_own_are_not_expected():
    counts = np.full((60, 10), 288.0)
    counts[50:, :8] = 0

    assert short_days(source(counts, away=[True] * 8 + [False] * 2)) == []
    assert short_days(source(counts, away=[False] * 10)) == list(range(50, 60))


def test_a_new_source_is_not_judged_in_its_first_two_weeks_and_new_devices_make_an_old_one_not_short():
    new = np.full((40, 3), 288.0)
    new[:20] = 0
    new[21] = 2  # its second day was a try
    grows = np.full((60, 10), 288.0)
    grows[:50, 2:] = 0

    assert np.isnan(judge(source(new)).expected[:34]).all()
    assert short_days(source(new)) == []
    assert short_days(source(grows)) == []


def test_a_file_a_week_is_judged_when_it_has_come():
    counts = np.full((70, 3), 288.0)
    until_monday_morning = np.array([(6 - day % 7) * 86_400.0 + 8 * HOUR_S for day in range(70)])[:, np.newaxis]
    counts[63:] = 0  # this week's file is still to come

    assert short_days(source(counts, delay_s=until_monday_morning)) == []

    counts[56:63] = [[60.0]]  # last week's had a fifth of the rows
    assert short_days(source(counts, delay_s=until_monday_morning))[:1] == [56]


def test_a_history_that_was_handed_over_once_is_no_promise_of_more():
    counts = np.full((60, 3), 288.0)
    counts[40:] = 0
    delay_s = np.arange(40, -20, -1)[:, np.newaxis] * 86_400.0

    assert short_days(source(counts, delay_s=delay_s)) == []


def test_a_catch_up_after_an_outage_raises_no_expectation():
    counts = np.full((60, 3), 288.0)
    counts[40] = 20 * 288

    assert short_days(source(counts)) == []
