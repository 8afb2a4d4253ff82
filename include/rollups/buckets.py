"""Buckets: one aggregate of one series and local hour, day, week, month or year, as rows of a structured array."""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

STATISTICS: Final = (
    "sum", "mean", "min", "max", "first", "last", "stddev", "median", "p95", "p99", "active_minutes", "active_hours",
)  # fmt: skip
"""Columns about the readings in a bucket; NaN where there are none, or where the grain has no such column."""

GRAIN_CODES: Final = {"hour": 0, "day": 1, "week": 2, "month": 3, "year": 4}

BUCKET: Final = np.dtype(
    [
        ("series_id", "i4"), ("grain", "i4"), ("starts_at", "i8"), ("ends_at", "i8"), ("local_date", "i4"),
        ("reading_count", "i8"),
        *((name, "f8") for name in STATISTICS),
        ("covered_s", "f8"), ("expected_s", "f8"), ("energy_kwh", "f8"),
    ]
)  # fmt: skip
"""A row of mart.rollup without its `computed_at`: grain as in `GRAIN_CODES`, instants in UTC microseconds since 1970, days since
1970-01-01, NaN for null. Arrays of it are ordered by (series_id, grain, starts_at)."""

Buckets = NDArray[np.void]
"""An array of `BUCKET`."""


def empty_buckets(count: int) -> Buckets:
    """That many buckets without readings: counts 0, statistics and energy null, no time covered or expected."""
    buckets = np.zeros(count, BUCKET)
    for name in (*STATISTICS, "energy_kwh"):
        buckets[name] = np.nan
    return buckets


def in_order(buckets: Buckets) -> Buckets:
    """The same buckets ordered by their key."""
    order = np.lexsort((buckets["starts_at"], buckets["grain"], buckets["series_id"]))
    return buckets[order]


def day_keys(series_id: NDArray[Any], day: NDArray[Any]) -> NDArray[np.int64]:
    """One integer for a series and a local day; orders by series, then by day."""
    return series_id.astype(np.int64) << 32 | (day.astype(np.int64) + 2**31)


def keys_of(days: Iterable[tuple[int, NDArray[np.int32]]]) -> NDArray[np.int64]:
    """Keys of (series_id, its local days), in their order."""
    return np.concatenate([np.empty(0, np.int64), *(day_keys(np.full(len(each), series_id), each) for series_id, each in days)])


def series_of(keys: NDArray[np.int64]) -> NDArray[np.int32]:
    """The series of `day_keys`."""
    return (keys >> 32).astype(np.int32)


def day_of(keys: NDArray[np.int64]) -> NDArray[np.int32]:
    """The local day of `day_keys`."""
    return ((keys & (2**32 - 1)) - 2**31).astype(np.int32)
