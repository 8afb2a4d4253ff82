"""Hours and days of measured series: powers, gauges and counters of one zone, from their readings.

Statistics belong to the readings of a bucket. Energy and covered time belong to the steps between readings, cut at the borders of
local hours; a day's are the sums of its hours' in the order of time.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from include.core.span import HOUR_US
from include.rollups.buckets import GRAIN_CODES, Buckets, empty_buckets
from include.rollups.calendar import Calendar
from include.rollups.expected import ExpectedTime
from include.rollups.statistics import Runs, describe, runs_of
from include.rollups.steps import Parts, cut, step_limits_us

_SECOND_US = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """Readings of stretches in one zone, sorted by (stretch, instant), with the local hour and day in which each lies."""

    stretch: NDArray[np.int64]
    at_us: NDArray[np.int64]
    value: NDArray[np.float64]
    hour: NDArray[np.int64]
    day: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Contributions:
    """What parts of steps add to local hours: `stretch` and `hour` of each in their order, energy, expected time."""

    stretch: NDArray[np.int64]
    hour: NDArray[np.int64]
    energy_kwh: NDArray[np.float64] | None
    covered_us: NDArray[np.int64] | None


@dataclass(frozen=True, slots=True, eq=False)
class LocalHours:
    """Local hours with a reading or a contribution, sorted by (stretch, hour); energy is NaN where nothing was measured."""

    stretch: NDArray[np.int64]
    hour: NDArray[np.int64]
    energy_kwh: NDArray[np.float64]
    covered_us: NDArray[np.int64]


def read_locally(
    stretch: NDArray[np.int64], at_us: NDArray[np.int64], value: NDArray[np.float64], calendar: Calendar
) -> Readings:
    """Find the local hour and day of each reading."""
    hour = calendar.hour_of(at_us)
    return Readings(stretch, at_us, value, hour, calendar.hour_day[hour])


def bridged_rows(readings: Readings) -> NDArray[np.int64]:
    """Readings that end a step short enough to be bridged."""
    if not len(readings.at_us):
        return np.empty(0, np.int64)
    limits = step_limits_us(readings.stretch, readings.day, readings.at_us)
    is_step = np.zeros(len(readings.at_us), bool)
    is_step[1:] = readings.stretch[1:] == readings.stretch[:-1]
    return np.flatnonzero(is_step & (np.diff(readings.at_us, prepend=0) <= limits))


def cover(
    readings: Readings, rows: NDArray[np.int64], calendar: Calendar, expected: ExpectedTime, *, is_power: bool
) -> Contributions:
    """Covered time of the bridged steps that end in `rows`, and of a power the energy of each, by the trapezoid.

    Power is linear between two readings, so a part of a step from lo to hi after its beginning has the mean at (lo + hi) / 2.
    """
    at_us, value = readings.at_us, readings.value
    from_us = at_us[rows - 1]
    parts = cut(from_us, at_us[rows], calendar.hour_us, readings.hour[rows - 1], readings.hour[rows])
    stretch = readings.stretch[rows][parts.row]
    covered_us = expected.overlap_us(expected.row(stretch, calendar.hour_day[parts.bucket]), parts.lo_us, parts.hi_us)
    energy_kwh = _trapezoids(parts, from_us, at_us[rows] - from_us, value[rows - 1], value[rows]) if is_power else None
    return Contributions(stretch, parts.bucket, energy_kwh, covered_us)


def spread(
    readings: Readings, rows: NDArray[np.int64], from_us: NDArray[np.int64], increase_kwh: NDArray[np.float64], calendar: Calendar
) -> Contributions:
    """Energy of a counter's steps that end in `rows`: each increase is spread evenly from `from_us` to its reading."""
    at_us = readings.at_us[rows]
    parts = cut(from_us, at_us, calendar.hour_us, calendar.hour_of(from_us), readings.hour[rows])
    share = (parts.hi_us - parts.lo_us) / (at_us - from_us)[parts.row]
    return Contributions(readings.stretch[rows][parts.row], parts.bucket, increase_kwh[parts.row] * share, None)


def sum_hours(readings: Readings, contributions: list[Contributions], hour_count: int) -> LocalHours:
    """Sum contributions by local hour; at most one of them has energy and one covered time."""
    reading_runs = runs_of(readings.stretch, readings.hour)
    keys = [readings.stretch[reading_runs.starts] * hour_count + readings.hour[reading_runs.starts]]
    runs = [runs_of(each.stretch, each.hour) for each in contributions]
    keys += [each.stretch[run.starts] * hour_count + each.hour[run.starts] for each, run in zip(contributions, runs, strict=True)]
    key = np.unique(np.concatenate(keys))
    energy_kwh, covered_us = np.full(len(key), np.nan), np.zeros(len(key), np.int64)
    for each, run, its_keys in zip(contributions, runs, keys[1:], strict=True):
        places = np.searchsorted(key, its_keys)
        if each.energy_kwh is not None and len(places):
            energy_kwh[places] = np.add.reduceat(each.energy_kwh, run.starts)
        if each.covered_us is not None and len(places):
            covered_us[places] = np.add.reduceat(each.covered_us, run.starts)
    return LocalHours(key // hour_count, key % hour_count, energy_kwh, covered_us)


def hour_buckets(
    readings: Readings, sums: LocalHours, calendar: Calendar, expected: ExpectedTime, ranks: NDArray[np.int64]
) -> Buckets:
    """One bucket for each hour of the sums; `series_id` is the stretch, to be replaced."""
    buckets = empty_buckets(len(sums.hour))
    runs = runs_of(readings.stretch, readings.hour)
    hour_count = len(calendar.hour_day)
    key = sums.stretch * hour_count + sums.hour
    places = np.searchsorted(key, readings.stretch[runs.starts] * hour_count + readings.hour[runs.starts])
    _fill(buckets, places, readings, runs, ranks)
    day = calendar.hour_day[sums.hour]
    buckets["grain"] = GRAIN_CODES["hour"]
    buckets["series_id"] = sums.stretch
    buckets["starts_at"], buckets["ends_at"] = calendar.hour_us[sums.hour], calendar.hour_us[sums.hour + 1]
    buckets["local_date"] = day
    row = expected.row(sums.stretch, day)
    buckets["expected_s"] = expected.overlap_us(row, buckets["starts_at"], buckets["ends_at"]) / _SECOND_US
    buckets["covered_s"] = sums.covered_us / _SECOND_US
    buckets["energy_kwh"] = sums.energy_kwh
    return buckets


def day_buckets(
    readings: Readings, sums: LocalHours, calendar: Calendar, expected: ExpectedTime, ranks: NDArray[np.int64]
) -> Buckets:
    """One bucket for each local day with an hour in the sums; `series_id` is the stretch, to be replaced."""
    day_of_hour = calendar.hour_day[sums.hour]
    of_hours = runs_of(sums.stretch, day_of_hour)
    stretch, day = sums.stretch[of_hours.starts], day_of_hour[of_hours.starts]
    buckets = empty_buckets(len(day))
    runs = runs_of(readings.stretch, readings.day)
    day_count = len(calendar.day_us)
    key = stretch * day_count + (day - calendar.first_day)
    places = np.searchsorted(key, readings.stretch[runs.starts] * day_count + (readings.day[runs.starts] - calendar.first_day))
    _fill(buckets, places, readings, runs, ranks)
    buckets["grain"] = GRAIN_CODES["day"]
    buckets["series_id"] = stretch
    buckets["starts_at"], buckets["ends_at"] = calendar.day_start_us(day), calendar.day_start_us(day + 1)
    buckets["local_date"] = day
    row = expected.row(stretch, day)
    buckets["expected_s"] = (expected.hi_us[row] - expected.lo_us[row]) / _SECOND_US
    if len(day):
        hours_read = runs_of(readings.stretch, readings.hour)
        of_day = runs_of(readings.stretch[hours_read.starts], readings.day[hours_read.starts])
        buckets["active_hours"][places] = of_day.counts
        buckets["covered_s"] = np.add.reduceat(sums.covered_us, of_hours.starts) / _SECOND_US
        buckets["energy_kwh"] = sum_known(sums.energy_kwh, of_hours)
    return buckets


def sum_known(value: NDArray[np.float64], runs: Runs) -> NDArray[np.float64]:
    """Sum of the values of each run that are known, in their order; NaN where none is. At least one run."""
    is_known = ~np.isnan(value)
    total = np.add.reduceat(np.where(is_known, value, 0.0), runs.starts)
    return np.where(np.logical_or.reduceat(is_known, runs.starts), total, np.nan)


def _fill(buckets: Buckets, places: NDArray[np.int64], readings: Readings, runs: Runs, ranks: NDArray[np.int64]) -> None:
    described = empty_buckets(len(places))
    describe(described, runs, readings.at_us, readings.value, ranks)
    buckets[places] = described


def _trapezoids(
    parts: Parts,
    from_us: NDArray[np.int64],
    step_us: NDArray[np.int64],
    before: NDArray[np.float64],
    after: NDArray[np.float64],
) -> NDArray[np.float64]:
    row = parts.row
    lo_us, hi_us = parts.lo_us - from_us[row], parts.hi_us - from_us[row]
    middle = (lo_us + hi_us) / (2 * step_us[row])
    mean_kw = before[row] + (after[row] - before[row]) * middle
    return mean_kw * (hi_us - lo_us) / HOUR_US
