"""Buckets of amounts: sums of some minutes, a local hour, day or month, stamped with its beginning.

Finer buckets than the interval of an amount do not exist. What has started is covered as a whole, and belongs to the hour and the
day in which it began.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from include.core.span import HOUR_US
from include.rollups.buckets import GRAIN_CODES, Buckets, day_keys, empty_buckets
from include.rollups.calendar import MINUTE_US, Calendar
from include.rollups.periods import Periods, period_of
from include.rollups.series import KnownSeries
from include.rollups.statistics import Runs, describe, ranks_of, runs_of

GRAINS: Final = {"day": ("day", "week", "month", "year"), "month": ("month", "year")}
"""Stored grains of an amount by the interval to which it belongs; shorter ones have hours, too."""

_OF_READINGS: Final = ("reading_count", "sum", "mean", "min", "max", "first", "last", "stddev")


def amount_buckets(
    periods: Periods,
    facts: KnownSeries,
    series_id: NDArray[np.int32],
    at_us: NDArray[np.int64],
    value: NDArray[np.float64],
    calendar: Calendar,
) -> Buckets:
    """One bucket for each period with a reading.

    Readings are sorted by (series, instant) and are all of each period; their series are amounts of the same interval as `facts`.
    """
    day = calendar.day_of(at_us)
    first_day = period_of(periods.grain, day)[0]
    is_held = np.isin(day_keys(series_id, first_day), day_keys(periods.series_id, periods.first_day))
    series_id, at_us, value = series_id[is_held], at_us[is_held], value[is_held]
    day, first_day = day[is_held], first_day[is_held]
    runs = runs_of(series_id, first_day)
    end_day = period_of(periods.grain, first_day[runs.starts])[1]
    placed = {
        "series_id": series_id[runs.starts],
        "grain": GRAIN_CODES[periods.grain],
        "local_date": first_day[runs.starts],
        "starts_at": calendar.day_start_us(first_day[runs.starts]),
        "ends_at": calendar.day_start_us(end_day),
    }
    return _summed(facts, runs, at_us, value, _lengths_us(facts, at_us, day, calendar), placed)


def amount_hours(
    facts: KnownSeries,
    series_id: NDArray[np.int32],
    at_us: NDArray[np.int64],
    value: NDArray[np.float64],
    calendar: Calendar,
) -> Buckets:
    """One bucket for each local hour with a reading; readings as in `amount_buckets`, of an hour or of minutes."""
    hour = calendar.hour_of(at_us)
    runs = runs_of(series_id, hour)
    of_run = hour[runs.starts]
    placed = {
        "series_id": series_id[runs.starts],
        "grain": GRAIN_CODES["hour"],
        "local_date": calendar.hour_day[of_run],
        "starts_at": calendar.hour_us[of_run],
        "ends_at": calendar.hour_us[of_run + 1],
    }
    return _summed(facts, runs, at_us, value, _lengths_us(facts, at_us, calendar.hour_day[hour], calendar), placed)


def _summed(
    facts: KnownSeries,
    runs: Runs,
    at_us: NDArray[np.int64],
    value: NDArray[np.float64],
    lengths_us: NDArray[np.int64],
    placed: Mapping[str, Any],
) -> Buckets:
    """Buckets of runs of readings, each of which stands for the time `lengths_us` from its instant on; `placed` says where."""
    described, buckets = empty_buckets(len(runs.starts)), empty_buckets(len(runs.starts))
    if not len(buckets):
        return buckets
    describe(described, runs, at_us, value, ranks_of(value))
    for name in _OF_READINGS:
        buckets[name] = described[name]
    for name, column in placed.items():
        buckets[name] = column
    buckets["expected_s"] = (buckets["ends_at"] - buckets["starts_at"]) / 1e6
    buckets["covered_s"] = np.add.reduceat(lengths_us, runs.starts) / 1e6
    if facts.is_energy:
        buckets["energy_kwh"] = buckets["sum"]
    return buckets


def _lengths_us(facts: KnownSeries, at_us: NDArray[np.int64], day: NDArray[np.int32], calendar: Calendar) -> NDArray[np.int64]:
    """Length of the minutes, hour, day or month that begins with each reading."""
    if facts.amount_of == "hour":
        return np.full(len(at_us), HOUR_US)
    if facts.amount_of and facts.amount_of.endswith("min"):
        return np.full(len(at_us), int(facts.amount_of.removesuffix("min")) * MINUTE_US)
    end_day = day + np.int32(1) if facts.amount_of == "day" else _month_later(day)
    within_us = at_us - calendar.day_start_us(day)
    return calendar.day_start_us(end_day) + within_us - at_us


def _month_later(day: NDArray[np.int32]) -> NDArray[np.int32]:
    """The same day of the next month; for stamps at a month's beginning, its end."""
    first_day, end_day = period_of("month", day)
    return (end_day + (day - first_day)).astype(np.int32)
