"""Steps between neighbouring readings: how long one may be to be bridged, and where bucket borders cut it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from include.rollups.calendar import DAY_US
from include.rollups.statistics import expand, runs_of

SHORT_STEP_US: Final = 1_800_000_000
"""A step up to this length is always bridged."""

FEWEST_STEPS: Final = 2
"""Steps within a day from which their median tells how often is measured."""

_STEP_BITS: Final = 37
"""Bits of a step within a local day, which has at most 26 hours."""


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Parts of steps in the order of time.

    Each has the row of its step, the bucket in which it lies, and its span [lo_us, hi_us).
    """

    row: NDArray[np.int64]
    bucket: NDArray[np.int64]
    lo_us: NDArray[np.int64]
    hi_us: NDArray[np.int64]


def step_limits_us(run: NDArray[np.int64], day: NDArray[np.int32], at_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """Longest step that is bridged if it ends in each reading: max(3 x median step of its local day, 30 min), at most a day.

    The median is over the steps of which both readings lie in that day, of an even number the lower one of the middle two: a
    pause among few steps is no rhythm. A day with less than two steps has the limit of 30 min. Readings are sorted by
    (run, instant); steps of different runs are never mixed.
    """
    days = runs_of(run, day)
    limits = np.full(len(days.starts), SHORT_STEP_US, np.int64)
    place = np.repeat(np.arange(len(days.starts), dtype=np.int64), days.counts)
    within = np.ones(len(at_us), bool)
    within[days.starts] = False
    steps = np.diff(at_us, prepend=0)[within]
    keys = place[within] << _STEP_BITS | steps
    keys.sort()
    counts = days.counts - 1
    has_median = counts >= FEWEST_STEPS
    middle = (np.cumsum(counts) - counts + (counts - 1) // 2)[has_median]
    median = keys[middle] & ((1 << _STEP_BITS) - 1)
    limits[has_median] = np.clip(3 * median, SHORT_STEP_US, DAY_US)
    return np.repeat(limits, days.counts)


def cut(
    from_us: NDArray[np.int64],
    at_us: NDArray[np.int64],
    edges_us: NDArray[np.int64],
    first: NDArray[np.int64],
    last: NDArray[np.int64],
) -> Parts:
    """Cut steps [from_us, at_us), none of them empty, at the bucket borders `edges_us`.

    `first` and `last` are the buckets in which the step's two readings lie. A step that ends on a border does not reach the
    bucket that begins there.
    """
    counts = last - first + 1 - (edges_us[last] == at_us)
    row, nth = expand(counts)
    bucket = first[row] + nth
    return Parts(row, bucket, np.maximum(from_us[row], edges_us[bucket]), np.minimum(at_us[row], edges_us[bucket + 1]))
