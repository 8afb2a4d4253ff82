"""The power of a whole plant: a derived series whose buckets are summed from those of its inverters.

Every registered inverter is expected, silent ones included; one that was replaced or removed until its last day. Sums of floats
run in the order of the inverters' series, so equal figures give equal bits.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from include.rollups.buckets import GRAIN_CODES, Buckets, day_keys, day_of, empty_buckets, in_order, keys_of, series_of
from include.rollups.calendar import Calendar
from include.rollups.expectation import DaySpan
from include.rollups.longer import ZONE_CHANGE_US, longer_buckets, stored_longer, within
from include.rollups.measured import sum_known
from include.rollups.periods import period_of, periods_of
from include.rollups.statistics import runs_of
from include.rollups.stored import Difference, Ranges, differ, merged_ranges, read_hours, read_longer


@dataclass(frozen=True, slots=True)
class DerivedSeries:
    """The power of a plant: its own series, the power series of its inverters, and how many inverters are expected.

    Attributes:
        series_id: Its own series.
        inverter_series_ids: Those of its inverters.
        device_count: How many inverters are always expected.
        place: Latitude and longitude.
        days: The local days to compute, sorted, since 1970-01-01.
        limited: Of each other inverter the local days [since, until) on which it is expected.
    """

    series_id: int
    inverter_series_ids: tuple[int, ...]
    device_count: int
    place: tuple[float, float]
    days: NDArray[np.int32]
    limited: tuple[DaySpan, ...] = ()


def rebuild_derived(connection: Connection, derived: Sequence[DerivedSeries], calendar: Calendar) -> Difference:
    """How the stored buckets of derived series of one zone differ from what they should be, around their days."""
    touched = np.sort(keys_of((each.series_id, each.days) for each in derived))
    parts, stored_hours = _read(connection, derived, calendar)
    summed = sum_inverters(parts, derived, touched)
    periods = {grain: periods_of(grain, series_of(touched), day_of(touched)) for grain in ("week", "month", "year")}
    beside = stored_longer(connection, periods, touched, calendar)
    places = {each.series_id: each.place for each in derived}
    days = summed[summed["grain"] == GRAIN_CODES["day"]]
    longer = np.concatenate(longer_buckets(periods, beside, days, touched, calendar, places))
    longer["expected_s"] *= _device_counts(longer, derived)
    is_touched = np.isin(day_keys(stored_hours["series_id"], stored_hours["local_date"]), touched)
    stored = np.concatenate([stored_hours[is_touched], within(beside, touched, periods)])
    return differ(stored, np.concatenate([summed, longer]))


def _read(connection: Connection, derived: Sequence[DerivedSeries], calendar: Calendar) -> tuple[Buckets, Buckets]:
    """Hours and days of the inverters on the days, and the stored hours of the derived series."""
    ranges = _ranges(((series_id, each.days) for each in derived for series_id in each.inverter_series_ids), calendar)
    own = _ranges(((each.series_id, each.days) for each in derived), calendar)
    parts = np.concatenate([read_hours(connection, ranges), read_longer(connection, {"day": ranges})])
    moved = merged_ranges(own.series_id, own.lo_us - ZONE_CHANGE_US, own.hi_us + ZONE_CHANGE_US)
    return parts, read_hours(connection, moved)


def _ranges(wanted: Iterable[tuple[int, NDArray[np.int32]]], calendar: Calendar) -> Ranges:
    """The days of series as spans."""
    keys = keys_of(wanted)
    days = day_of(keys)
    return merged_ranges(series_of(keys), calendar.day_start_us(days), calendar.day_start_us(days + 1))


def sum_inverters(parts: Buckets, derived: Sequence[DerivedSeries], touched: NDArray[np.int64]) -> Buckets:
    """Buckets of the derived series on the touched days (`day_keys`) from those of their inverters."""
    if not len(parts):
        return empty_buckets(0)
    owners = sorted((part, each.series_id) for each in derived for part in each.inverter_series_ids)
    part_ids, owner_ids = (np.array(column, np.int32) for column in zip(*owners, strict=True))
    owner = owner_ids[np.searchsorted(part_ids, parts["series_id"])]
    order = np.lexsort((parts["series_id"], parts["starts_at"], parts["grain"], owner))
    parts, owner = parts[order], owner[order]
    is_wanted = np.isin(day_keys(owner, parts["local_date"]), touched)
    parts, owner = parts[is_wanted], owner[is_wanted]
    runs = runs_of(owner, parts["grain"], parts["starts_at"])
    summed = empty_buckets(len(runs.starts))
    if not len(summed):
        return summed
    for name in ("grain", "starts_at", "ends_at", "local_date"):
        summed[name] = parts[name][runs.starts]
    summed["series_id"] = owner[runs.starts]
    summed["reading_count"] = np.add.reduceat(parts["reading_count"], runs.starts)
    summed["energy_kwh"] = sum_known(parts["energy_kwh"], runs)
    counts = _device_counts(summed, derived)
    summed["expected_s"] = np.maximum.reduceat(parts["expected_s"], runs.starts) * counts
    # Zeros that are told of an inverter that is gone cover nothing.
    most_s = np.maximum.reduceat(parts["covered_s"], runs.starts) * counts
    summed["covered_s"] = np.minimum(np.add.reduceat(parts["covered_s"], runs.starts), most_s)
    return in_order(summed)


def _device_counts(buckets: Buckets, derived: Sequence[DerivedSeries]) -> NDArray[np.float64]:
    """How many inverters are expected in each bucket; of a period the mean of its days."""
    always = {each.series_id: each.device_count for each in derived}
    counts = np.array([always[series_id] for series_id in buckets["series_id"].tolist()], np.float64)
    for each in derived:
        if each.limited:
            own = np.flatnonzero(buckets["series_id"] == each.series_id)
            counts[own] += _limited_counts(buckets[own], each.limited)
    return counts


def _limited_counts(buckets: Buckets, limited: Sequence[DaySpan]) -> NDArray[np.float64]:
    first = buckets["local_date"].astype(np.int64)
    end = first + 1
    for grain in ("week", "month", "year"):
        own = np.flatnonzero(buckets["grain"] == GRAIN_CODES[grain])
        first[own], end[own] = period_of(grain, buckets["local_date"][own])
    counts = np.zeros(len(buckets))
    for since, until in limited:
        counts += np.clip(np.minimum(end, until) - np.maximum(first, since), 0, None) / (end - first)
    return counts
