"""Weeks, months and years around days that are computed anew: what is stored beside them, and what they come to.

Days of series are written as keys, one integer for a series and a local day (`day_keys`), distinct and ordered.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from include.core.span import HOUR_US
from include.rollups.buckets import GRAIN_CODES, Buckets, day_keys, day_of, in_order, series_of
from include.rollups.calendar import Calendar
from include.rollups.periods import Periods, combine, periods_of
from include.rollups.statistics import expand
from include.rollups.stored import merged_ranges, read_longer

ZONE_CHANGE_US: Final = 26 * HOUR_US
"""A plant that moved to another zone has buckets that begin at most so much earlier or later."""


def stored_longer(
    connection: Connection, periods: Mapping[str, Periods], touched: NDArray[np.int64], calendar: Calendar
) -> Buckets:
    """Stored days and longer buckets: those that are touched, and those beside them in the same month, week and year."""
    wanted = {"day": [periods_of("day", series_of(touched), day_of(touched))]} | {
        grain: [each] for grain, each in periods.items()
    }
    wanted["day"] += [periods[grain] for grain in ("week", "month") if grain in periods]
    if "year" in periods and "month" in periods:
        wanted["month"].append(periods["year"])
    ranges = {}
    for grain, parts in wanted.items():
        lo_us = [calendar.day_start_us(each.first_day) - ZONE_CHANGE_US for each in parts]
        hi_us = [calendar.day_start_us(each.end_day) + ZONE_CHANGE_US for each in parts]
        series_id = [each.series_id for each in parts]
        ranges[grain] = merged_ranges(np.concatenate(series_id), np.concatenate(lo_us), np.concatenate(hi_us))
    return read_longer(connection, ranges)


def longer_buckets(
    periods: Mapping[str, Periods],
    stored: Buckets,
    fresh_days: Buckets,
    touched: NDArray[np.int64],
    calendar: Calendar,
    places: Mapping[int, tuple[float, float]],
) -> list[Buckets]:
    """Weeks, months and years that hold a touched day; `places` has latitude and longitude by series_id, NaN for no sun."""
    series_ids = np.array(sorted(places), np.int32)
    of_series = np.array([places[series_id] for series_id in sorted(places)], np.float64)

    def combined(grain: str, parts: Buckets) -> Buckets:
        wanted = periods[grain]
        return combine(wanted, parts, calendar, of_series[np.searchsorted(series_ids, wanted.series_id)])

    keys = day_keys(stored["series_id"], stored["local_date"])
    kept_days = stored[(stored["grain"] == GRAIN_CODES["day"]) & ~np.isin(keys, touched)]
    days = in_order(np.concatenate([kept_days, fresh_days]))
    weeks, months = combined("week", days), combined("month", days)
    anew = day_keys(periods["month"].series_id, periods["month"].first_day)
    kept_months = stored[(stored["grain"] == GRAIN_CODES["month"]) & ~np.isin(keys, anew)]
    years = combined("year", in_order(np.concatenate([kept_months, months])))
    return [weeks, months, years]


def within(stored: Buckets, touched: NDArray[np.int64], periods: Mapping[str, Periods]) -> Buckets:
    """Stored days and longer buckets that are computed anew."""
    keys = day_keys(stored["series_id"], stored["local_date"])
    anew = {grain: day_keys(each.series_id, each.first_day) for grain, each in periods.items()}
    anew.setdefault("day", touched)
    is_within = np.zeros(len(stored), bool)
    for grain, wanted in anew.items():
        is_within |= (stored["grain"] == GRAIN_CODES[grain]) & np.isin(keys, wanted)
    return stored[is_within]


def keys_of_days(series_id: NDArray[np.int32], first_day: NDArray[np.int32], end_day: NDArray[np.int32]) -> NDArray[np.int64]:
    """Keys of the days [first_day, end_day) of the series, distinct and ordered."""
    row, nth = expand((end_day - first_day).astype(np.int64))
    return np.unique(day_keys(series_id[row], first_day[row] + nth))
