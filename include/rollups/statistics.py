"""What the readings of a bucket say: count, sum, mean, extremes, deviation, percentiles, active minutes.

Readings come sorted by (series, instant); a bucket is a run of them. Sums are taken in the order of time, so equal readings give
equal bits, whatever else is computed beside them.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from include.rollups.buckets import Buckets

_MINUTE_US: Final = 60_000_000
_PERCENTILES: Final = (("median", 0.5), ("p95", 0.95), ("p99", 0.99))


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Neighbouring rows with the same key: where each run begins and how many rows it has."""

    starts: NDArray[np.int64]
    counts: NDArray[np.int64]


def runs_of(*keys: NDArray[np.integer]) -> Runs:
    """Runs of rows in which no key changes; at least one key, all equally long."""
    rows = len(keys[0])
    if not rows:
        return Runs(np.empty(0, np.int64), np.empty(0, np.int64))
    is_new = np.zeros(rows, bool)
    is_new[0] = True
    for key in keys:
        is_new[1:] |= key[1:] != key[:-1]
    starts = np.flatnonzero(is_new)
    return Runs(starts, np.diff(starts, append=rows))


def expand(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For every one of `counts` things: which count it belongs to, and its place among those, from 0."""
    row = np.repeat(np.arange(len(counts)), counts)
    return row, np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)


def ranks_of(value: NDArray[np.float64]) -> NDArray[np.int64]:
    """Place of each value in the ascending order of all, from 0; equal values have any order among themselves."""
    ranks = np.empty(len(value), np.int64)
    ranks[np.argsort(value)] = np.arange(len(value))
    return ranks


def describe(
    buckets: Buckets, runs: Runs, at_us: NDArray[np.int64], value: NDArray[np.float64], ranks: NDArray[np.int64]
) -> None:
    """Fill count and statistics of the buckets, one for each run.

    stddev is that of a sample and null for a single reading; percentiles are interpolated linearly between the sorted values, as
    percentile_cont does; active minutes are the distinct minutes with a reading.
    """
    starts, counts = runs.starts, runs.counts
    if not len(starts):
        return
    ends = starts + counts - 1
    buckets["reading_count"] = counts
    buckets["sum"] = np.add.reduceat(value, starts)
    buckets["mean"] = buckets["sum"] / counts
    buckets["min"] = np.minimum.reduceat(value, starts)
    buckets["max"] = np.maximum.reduceat(value, starts)
    buckets["first"] = value[starts]
    buckets["last"] = value[ends]
    buckets["stddev"] = _deviations(runs, value, buckets["mean"])
    for (name, _), found in zip(_PERCENTILES, _percentiles(runs, value, ranks), strict=True):
        buckets[name] = found
    minute = at_us // _MINUTE_US
    is_new = np.ones(len(minute), bool)
    is_new[1:] = minute[1:] != minute[:-1]
    is_new[starts] = True
    buckets["active_minutes"] = np.add.reduceat(is_new.astype(np.int64), starts)


def _deviations(runs: Runs, value: NDArray[np.float64], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    squares = (value - np.repeat(mean, runs.counts)) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        found: NDArray[np.float64] = np.sqrt(np.add.reduceat(squares, runs.starts) / (runs.counts - 1))
    found[runs.counts < 2] = np.nan
    return found


def _percentiles(runs: Runs, value: NDArray[np.float64], ranks: NDArray[np.int64]) -> list[NDArray[np.float64]]:
    # Run number and rank in one integer: sorting those is several times faster than sorting pairs.
    bits = max(1, len(value).bit_length())
    keys = np.repeat(np.arange(len(runs.starts), dtype=np.int64) << bits, runs.counts) | ranks
    keys.sort()
    by_rank = np.empty(len(value), np.float64)
    by_rank[ranks] = value
    ordered = by_rank[keys & ((1 << bits) - 1)]
    found = []
    for _, share in _PERCENTILES:
        place = share * (runs.counts - 1)
        below = np.floor(place).astype(np.int64)
        low = ordered[runs.starts + below]
        high = ordered[runs.starts + np.minimum(below + 1, runs.counts - 1)]
        found.append(low + (place - below) * (high - low))
    return found
