"""Local time of one zone as sorted arrays of instants: where its hours and days begin, also across changes of the clock.

Instants are UTC microseconds since 1970 (int64), days are local calendar days since 1970-01-01 (int32). A local hour begins
where the wall clock shows a full hour; where the clock is put forward or back by another amount than whole hours, one more
begins there, so that no instant belongs to two hours. A local day begins at its first instant, which is not midnight where
the clock skips it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from include.core.span import HOUR_US

DAY_US: Final = 24 * HOUR_US
MINUTE_US: Final = 60_000_000
_QUARTER_US: Final = 900_000_000
"""The finest step at which zones change."""

_MARGIN_DAYS: Final = 140
"""More than four times the reach of a counter: a day may draw in those of an episode before and after it, and their context."""


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """Hours and days of one zone within the local days [first_day, first_day + len(day_us) - 1).

    `hour_us` and `day_us` are where hours and days begin, each with one more at the end; `hour_day` is the local day of each
    hour.
    """

    first_day: int
    hour_us: NDArray[np.int64]
    hour_day: NDArray[np.int32]
    day_us: NDArray[np.int64]

    def day_start_us(self, day: NDArray[np.int32]) -> NDArray[np.int64]:
        """Instant at which each local day begins; the day after the last one is known too."""
        return self.day_us[day - self.first_day]

    def day_of(self, at_us: NDArray[np.int64]) -> NDArray[np.int32]:
        """Local day in which each instant falls."""
        return (np.searchsorted(self.day_us, at_us, side="right") - 1 + self.first_day).astype(np.int32)

    def hour_of(self, at_us: NDArray[np.int64]) -> NDArray[np.int64]:
        """Index of the local hour in which each instant falls."""
        return np.searchsorted(self.hour_us, at_us, side="right") - 1

    def in_minutes(self, first_day: int, end_day: int) -> "Calendar":
        """The same, but the hours of the local days [first_day, end_day) are cut into minutes, each in the place of an hour."""
        first, end = np.searchsorted(self.hour_day, [first_day, end_day])
        begins, ends = self.hour_us[first:end], self.hour_us[first + 1 : end + 1]
        counts = -((begins - ends) // MINUTE_US)
        nth = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        return replace(
            self,
            hour_us=np.concatenate([self.hour_us[:first], np.repeat(begins, counts) + nth * MINUTE_US, self.hour_us[end:]]),
            hour_day=np.concatenate([self.hour_day[:first], np.repeat(self.hour_day[first:end], counts), self.hour_day[end:]]),
        )


def whole_years(timezone: str, days: Sequence[NDArray[np.int32]]) -> Calendar:
    """The zone's calendar of the whole years that sorted days may reach into, and some months around: the same for many calls."""
    first, last = min(int(each[0]) for each in days), max(int(each[-1]) for each in days)
    years = np.array([first - _MARGIN_DAYS, last + _MARGIN_DAYS]).astype("datetime64[D]").astype("datetime64[Y]")
    begin, end = (int(day.astype("datetime64[D]").astype(np.int64)) for day in (years[0], years[1] + 1))
    return calendar_of(timezone, begin - _MARGIN_DAYS, end + _MARGIN_DAYS)


@lru_cache(maxsize=64)
def calendar_of(timezone: str, first_day: int, end_day: int) -> Calendar:
    """Calendar of an IANA zone for the local days [first_day, end_day)."""
    # Two days more on both sides: local time is at most 26 hours away from UTC.
    low = (first_day - 2) * DAY_US
    quarters = np.arange(low, (end_day + 2) * DAY_US, _QUARTER_US)
    stamps = pd.DatetimeIndex(quarters.view("datetime64[us]"), tz="UTC")
    offsets = stamps.tz_convert(timezone).tz_localize(None).as_unit("us").asi8 - quarters
    begins = np.flatnonzero(np.diff(offsets, prepend=offsets[0] - 1))
    hour_us = _hours(quarters[begins], offsets[begins], int(quarters[-1]))
    local = hour_us + offsets[begins][np.searchsorted(quarters[begins], hour_us, side="right") - 1]
    # A clock put back over midnight would show the old day again: the days go on.
    hour_day = np.maximum.accumulate(local // DAY_US).astype(np.int32)
    first, end = np.searchsorted(hour_day, [first_day, end_day])
    day_rows = np.searchsorted(hour_day, np.arange(first_day, end_day + 1))
    return Calendar(first_day, hour_us[first : end + 1], hour_day[first:end], hour_us[day_rows])


def _hours(begin_us: NDArray[np.int64], offset_us: NDArray[np.int64], end_us: int) -> NDArray[np.int64]:
    """Full local hours of each stretch of constant offset, and the beginning of each stretch but the first."""
    parts: list[NDArray[np.int64]] = []
    for begin, end, offset in zip(begin_us, [*begin_us[1:], end_us], offset_us, strict=True):
        first = -(-(begin + offset) // HOUR_US) * HOUR_US - offset
        parts.append(np.arange(first, end, HOUR_US))
    return np.unique(np.concatenate([*parts, begin_us[1:]]))
