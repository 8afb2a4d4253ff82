"""Weeks and months from days, years from months: combined by count, never a mean of means.

Local weeks are ISO weeks. Days and months are combined in the order of time, so equal ones give equal bits. Expected time
counts the silent days of a period, too.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from include.rollups.buckets import GRAIN_CODES, Buckets, day_keys, empty_buckets
from include.rollups.calendar import Calendar
from include.rollups.expected import expected_days
from include.rollups.measured import sum_known
from include.rollups.statistics import Runs, runs_of

_MONDAY: Final = 4
"""1970-01-01 was a Thursday: the first Monday is four days later."""


@dataclass(frozen=True, slots=True, eq=False)
class Periods:
    """Local weeks, months or years [first_day, end_day) of series, ordered and distinct; days since 1970-01-01."""

    grain: str
    series_id: NDArray[np.int32]
    first_day: NDArray[np.int32]
    end_day: NDArray[np.int32]


def period_of(grain: str, day: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """First day, and the day after the last, of the day, week, month or year that holds each day."""
    if grain == "day":
        return day, day + np.int32(1)
    if grain == "week":
        first = (day - _MONDAY) // 7 * 7 + _MONDAY
        return first.astype(np.int32), (first + 7).astype(np.int32)
    unit = "M" if grain == "month" else "Y"
    start = day.astype("datetime64[D]").astype(f"datetime64[{unit}]")
    return _days(start), _days(start + 1)


def periods_of(grain: str, series_id: NDArray[np.int32], day: NDArray[np.int32]) -> Periods:
    """The distinct periods of a grain that hold the days of the series."""
    first_day, end_day = period_of(grain, day)
    _, rows = np.unique(series_id.astype(np.int64) << 32 | (first_day.astype(np.int64) + 2**31), return_index=True)
    return Periods(grain, series_id[rows], first_day[rows], end_day[rows])


def combine(periods: Periods, parts: Buckets, calendar: Calendar, place: NDArray[np.float64]) -> Buckets:
    """One bucket for each period that has a part.

    `parts` are the days (of weeks and months) or months (of years) of the series, ordered by (series, local date), all of
    each period; what belongs to no period is left out. `place` has latitude and longitude of each period's series, NaN where
    all day is expected.
    """
    key = day_keys(periods.series_id, periods.first_day)
    part_key = day_keys(parts["series_id"], period_of(periods.grain, parts["local_date"])[0])
    at = np.minimum(np.searchsorted(key, part_key), max(len(key) - 1, 0))
    is_held = key[at] == part_key if len(key) else np.zeros(len(parts), bool)
    parts, at = parts[is_held], at[is_held]
    runs = runs_of(at)
    buckets = empty_buckets(len(runs.starts))
    if not len(buckets):
        return buckets
    at = at[runs.starts]
    buckets["series_id"], buckets["local_date"], buckets["grain"] = (
        periods.series_id[at],
        periods.first_day[at],
        GRAIN_CODES[periods.grain],
    )
    buckets["starts_at"] = calendar.day_start_us(periods.first_day[at])
    buckets["ends_at"] = calendar.day_start_us(periods.end_day[at])
    buckets["expected_s"] = _expected_s(calendar, periods.first_day[at], periods.end_day[at], place[at])
    _combine_statistics(buckets, parts, runs)
    buckets["covered_s"] = np.add.reduceat(parts["covered_s"], runs.starts)
    buckets["energy_kwh"] = sum_known(parts["energy_kwh"], runs)
    return buckets


def _combine_statistics(buckets: Buckets, parts: Buckets, runs: Runs) -> None:
    counts = parts["reading_count"]
    total = np.add.reduceat(counts, runs.starts)
    buckets["reading_count"] = total
    buckets["sum"] = sum_known(parts["sum"], runs)
    with np.errstate(divide="ignore", invalid="ignore"):
        buckets["mean"] = buckets["sum"] / total
        apart = counts * (parts["mean"] - np.repeat(buckets["mean"], runs.counts)) ** 2
        within = np.where(np.isnan(parts["stddev"]), 0.0, parts["stddev"]) ** 2 * (counts - 1)
        squares = sum_known(np.where(counts > 0, within + apart, np.nan), runs)
        buckets["stddev"] = np.where(total > 1, np.sqrt(squares / (total - 1)), np.nan)
    buckets["min"] = np.fmin.reduceat(parts["min"], runs.starts)
    buckets["max"] = np.fmax.reduceat(parts["max"], runs.starts)
    has_value = np.flatnonzero(~np.isnan(parts["first"]))
    of_run = np.repeat(np.arange(len(runs.starts)), runs.counts)[has_value]
    ends = runs_of(of_run)
    buckets["first"][of_run[ends.starts]] = parts["first"][has_value[ends.starts]]
    last = ends.starts + ends.counts - 1
    buckets["last"][of_run[last]] = parts["last"][has_value[last]]


def _expected_s(
    calendar: Calendar, first_day: NDArray[np.int32], end_day: NDArray[np.int32], place: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Expected time of each period; worked out once per place and period, since the series of a plant share them."""
    of = np.column_stack([first_day, end_day, np.nan_to_num(place, nan=_NO_PLACE)])
    distinct, row = np.unique(of, axis=0, return_inverse=True)
    starts, ends = distinct[:, 0].astype(np.int32), distinct[:, 1].astype(np.int32)
    places = np.where(distinct[:, 2:] == _NO_PLACE, np.nan, distinct[:, 2:])
    expected = expected_days(calendar, starts, ends, places[:, 0], places[:, 1])
    counts = (ends - starts).astype(np.int64)
    total_us = np.add.reduceat(expected.hi_us - expected.lo_us, np.cumsum(counts) - counts)
    return np.asarray(total_us[row.reshape(-1)] / 1e6)


_NO_PLACE: Final = -1000.0


def _days(stamps: NDArray[np.datetime64]) -> NDArray[np.int32]:
    return stamps.astype("datetime64[D]").astype(np.int64).astype(np.int32)
