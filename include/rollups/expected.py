"""The time of each local day in which readings of a series are expected: the whole day, of solar power its daylight."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from include.rollups.calendar import Calendar
from include.rollups.daylight import daylight, solar_day
from include.rollups.statistics import expand


@dataclass(frozen=True, slots=True, eq=False)
class ExpectedTime:
    """Expected time [lo_us, hi_us) of each (stretch, local day): one row per day of each stretch, stretches one after another."""

    offset: NDArray[np.int64]
    lo_us: NDArray[np.int64]
    hi_us: NDArray[np.int64]

    def row(self, stretch: NDArray[np.int64], day: NDArray[np.int32]) -> NDArray[np.int64]:
        """Row of a (stretch, local day)."""
        return self.offset[stretch] + day

    def overlap_us(self, row: NDArray[np.int64], lo_us: NDArray[np.int64], hi_us: NDArray[np.int64]) -> NDArray[np.int64]:
        """How much of each span [lo_us, hi_us), which lies within the day of its row, is expected."""
        overlap = np.minimum(hi_us, self.hi_us[row]) - np.maximum(lo_us, self.lo_us[row])
        return np.asarray(np.maximum(overlap, 0))


def expected_days(
    calendar: Calendar,
    first_day: NDArray[np.int32],
    end_day: NDArray[np.int32],
    latitude: NDArray[np.float64],
    longitude: NDArray[np.float64],
) -> ExpectedTime:
    """Expected time of the local days [first_day, end_day) of stretches.

    Latitude and longitude are NaN where all day is expected. Daylight is cut at the borders of the local day; a polar night
    expects nothing.
    """
    counts = (end_day - first_day).astype(np.int64)
    stretch, nth = expand(counts)
    day = (first_day[stretch] + nth).astype(np.int32)
    lo_us, hi_us = calendar.day_start_us(day), calendar.day_start_us(day + 1)
    is_solar = ~np.isnan(latitude[stretch])
    if is_solar.any():
        midnight, next_midnight = lo_us[is_solar], hi_us[is_solar]
        north, east = latitude[stretch][is_solar], longitude[stretch][is_solar]
        lit = daylight(solar_day((midnight + next_midnight) // 2, east), north, east)
        lo_us[is_solar] = np.clip(lit[0], midnight, next_midnight)
        hi_us[is_solar] = np.clip(lit[1], midnight, next_midnight)
    return ExpectedTime(np.cumsum(counts) - counts - first_day, lo_us, hi_us)
