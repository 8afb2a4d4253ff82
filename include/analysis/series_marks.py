"""Readings of powers and gauges that hardly were measured: stale, interpolated, outliers; docs/data-quality.md: how well told.

Pure. Arrays are readings of one series in the order of time; instants are microseconds since 1970 UTC. Marks say something of
readings and remove none.
"""

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Marks = NDArray[np.bool_]

LEAST_RUN: Final = 4
"""So many equal readings on end are stale, so many on one slope interpolated."""
NOTABLE: Final = 0.01
"""Share of the series' usual peak above which a power says something: at night it is the same for hours, and rightly."""
SAME_SLOPE: Final = 1e-3
"""Relative difference up to which two slopes are one."""
NEIGHBOURS: Final = 3
"""Readings on each side that an outlier is held against."""
DEVIATIONS: Final = 3.0
"""Robust standard deviations of the neighbours beyond which a reading is an outlier (Hampel's identifier)."""
LEAST_SPREAD: Final = 0.1
"""No spread of neighbours counts as less than this share of the usual peak, or each cloud would be an outlier."""
STILL_S: Final = 6 * 3600.0
"""A gauge that usually moves is stale when it stood still for so long."""
STEPS_OF_A_DAY: Final = 10
"""A gauge that usually does not move over so many of its own steps in a day may stand still for long, and rightly."""
LEAST_LINE: Final = 8
"""So many readings of a gauge on one slope are interpolated: coarse steps make short lines by chance."""


def usual_peak(power: Numbers) -> float:
    """The 99 % quantile of what is above zero: single outliers do not move it; 0 where nothing is."""
    positive = power[power > 0]
    return float(np.quantile(positive, 0.99)) if len(positive) else 0.0


def stale(power: Numbers, peak: float | None = None) -> Marks:
    """Readings that do not differ from the others of their run; `peak` is the usual one where more is known."""
    return _in_long_runs(np.diff(power) == 0, LEAST_RUN) & (power > NOTABLE * (usual_peak(power) if peak is None else peak))


def still(at_us: NDArray[np.int64], values: Numbers, usual_span: float) -> Marks:
    """Readings of a gauge that stood still for six hours, though it usually moves over `usual_span` in a day.

    Not at the least or greatest of all these values: light is dark all night, and moist air is full.
    """
    steps = np.abs(np.diff(values))
    moves = steps[steps > 0]
    if not len(steps) or usual_span <= STEPS_OF_A_DAY * min(moves, default=0.0):
        return np.zeros(len(values), bool)
    borders = np.flatnonzero(np.concatenate([[True], steps > 0, [True]]))
    first, last = borders[:-1], borders[1:] - 1
    is_still = (at_us[last] - at_us[first] >= STILL_S * 1e6) & (last - first + 1 >= LEAST_RUN)
    is_inside = (values[first] > values.min()) & (values[first] < values.max()) if len(moves) else True
    return np.repeat(is_still & is_inside, np.diff(borders))


def interpolated(at_us: NDArray[np.int64], power: Numbers, least: int = LEAST_RUN) -> Marks:
    """Readings on a straight line that neither rises nor falls by chance: equal steps of time, equal steps of power."""
    if len(power) < least:
        return np.zeros(len(power), bool)
    step, slope = np.diff(at_us), np.diff(power)
    larger = np.maximum(np.abs(slope[1:]), np.abs(slope[:-1]))
    goes_on = (np.abs(np.diff(slope)) <= SAME_SLOPE * larger) & (larger > 0) & (step[1:] == step[:-1])
    on_line = _in_long_runs(goes_on, least - 1)
    marks = np.zeros(len(power), bool)
    marks[:-1] |= on_line
    marks[1:] |= on_line
    return marks


def outliers(power: Numbers, span: float | None = None) -> Marks:
    """Readings far from the median of their neighbours; `span` is over what they usually move, the usual peak of a power."""
    peak = usual_peak(power) if span is None else span
    if not len(power) or peak == 0:
        return np.zeros(len(power), bool)
    padded = np.pad(power, NEIGHBOURS, mode="reflect" if len(power) > NEIGHBOURS else "edge")
    around = sliding_window_view(padded, 2 * NEIGHBOURS + 1)
    middle = np.median(around, axis=1)
    spread = 1.4826 * np.median(np.abs(around - middle[:, np.newaxis]), axis=1)
    return np.asarray(np.abs(power - middle) > DEVIATIONS * np.maximum(spread, LEAST_SPREAD * peak))


def _in_long_runs(goes_on: Marks, least: int) -> Marks:
    """Elements of runs of at least so many; `goes_on` says of each but the first whether it belongs to the one before."""
    borders = np.flatnonzero(np.concatenate([[True], ~goes_on, [True]]))
    lengths = np.diff(borders)
    return np.repeat(lengths >= least, lengths)
