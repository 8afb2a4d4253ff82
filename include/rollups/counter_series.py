"""One counter on its way through its readings: which were accepted, what each added, and which faults began where."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from include.core.span import HOUR_US
from include.rollups.counter_limits import HORIZON_US, NEIGHBOURS, exceeds, resolution_kwh, rising_kw

USUAL_FACTOR: Final = 10
"""Up to how many times its usual rate a counter of unknown rating is believed where more than an absurd bound is needed."""


class CounterFault(IntEnum):
    """How a counter misbehaved, as told at the reading with which it began."""

    NONE = 0
    ZERO = 1
    DIP = 2
    RESET = 3
    HELD_BACK = 4


Amount = TypeVar("Amount", float, NDArray[np.float64])
"""One amount [kWh], or an array of them."""


def noise_kwh(level: Amount) -> Amount:
    """How far below a level [kWh] a value is still the same number."""
    return 1e-9 * (level + 1.0)


@dataclass(slots=True)
class CounterSeries:
    """Views of one series' rows in the arrays of all; what is decided is written into them.

    Rows are counted from the series' first. `last` is always the last accepted row, -1 before the first.
    """

    at_us: NDArray[np.int64]
    value: NDArray[np.float64]
    local_day: NDArray[np.int32]
    midnight_us: NDArray[np.int64]
    is_reading: NDArray[np.bool_]
    limit_kw: float
    is_rated: bool
    is_daily: bool
    increase_kwh: NDArray[np.float64]
    from_us: NDArray[np.int64]
    is_accepted: NDArray[np.bool_]
    fault: NDArray[np.uint8]
    is_restart: NDArray[np.bool_]
    episodes: dict[int, int] = field(default_factory=dict)

    def accept(self, last: int, row: int, gain_kwh: float = np.nan, from_us: int | None = None) -> tuple[int, int]:
        """Accept a row that adds `gain_kwh` since `from_us`, else since the last accepted one; tells this row and the next."""
        start_us = int(self.at_us[max(last, 0)]) if from_us is None else from_us
        is_step = last >= 0 and not np.isnan(gain_kwh) and self.at_us[row] - start_us <= HORIZON_US
        self.is_accepted[row] = True
        self.increase_kwh[row] = max(gain_kwh, 0.0) if is_step else np.nan
        self.from_us[row] = start_us if is_step else self.at_us[row]
        if 0 <= last < row - 1:
            self.await_until(last + 1, min(int(self.at_us[row]), int(self.at_us[last]) + HORIZON_US) + 1)
        return row, row + 1

    def hold(self, first: int, end: int) -> None:
        """Accept none of the rows from `first` up to `end`; zeros and maxima among them are told one by one."""
        self.is_accepted[first:end] = False
        self.increase_kwh[first:end] = np.nan
        self.from_us[first:end] = self.at_us[first:end]
        self.fault[first:end][~self.is_reading[first:end]] = CounterFault.ZERO

    def await_until(self, first: int, until_us: int) -> None:
        """Tell that readings before `until_us` decide what began at row `first`."""
        self.episodes[first] = max(until_us, self.episodes.get(first, until_us))

    def hours(self, first: int, row: int) -> float:
        """Time between two rows [h]."""
        return float(self.at_us[row] - self.at_us[first]) / HOUR_US

    def is_fall(self, level: float, row: int) -> bool:
        """Whether a row lies below a level by more than noise."""
        return bool(self.value[row] < level - noise_kwh(level))

    def follows(self, last: int, row: int) -> bool:
        """Whether the rating, or else the absurd bound, explains a rise over an earlier row since that value was first shown."""
        start, end = float(self.value[last]), float(self.value[row])
        if not exceeds(end - start, self.hours(last, row), self.limit_kw, start, end)[0]:
            return True
        still = self._still_since(last, row)
        return still < last and not exceeds(end - start, self.hours(still, row), self.limit_kw, start, end)[0]

    def _still_since(self, last: int, row: int) -> int:
        """The row, at most 20 back and 31 days before `row`, since which a value has been shown; zeros and maxima aside."""
        earliest = min(max(last - NEIGHBOURS, self._first_near(row)), last)
        others = np.flatnonzero((self.value[earliest:last] != self.value[last]) & self.is_reading[earliest:last])
        first = earliest + int(others[-1]) + 1 if others.size else earliest
        return first + int(np.argmax(self.value[first : last + 1] == self.value[last]))

    def _first_near(self, row: int) -> int:
        """The first row within 31 days before a row: what lies further back decides nothing."""
        return self.row_from(int(self.at_us[row]) - HORIZON_US)

    def row_from(self, at_us: int) -> int:
        """The first row at or after an instant."""
        return int(np.searchsorted(self.at_us, at_us))

    def readings_in(self, first: int, end: int, low: float, high: float = np.inf) -> NDArray[np.int64]:
        """Rows from `first` up to `end` whose reading lies within a band, both limits included."""
        value = self.value[first:end]
        rows: NDArray[np.int64] = np.flatnonzero((value >= low) & (value <= high) & self.is_reading[first:end]) + first
        return rows

    def reading_before(self, row: int) -> int:
        """The row of the reading before a row, accepted or not."""
        row -= 1
        while row > 0 and not self.is_reading[row]:
            row -= 1
        return row

    def rejoin(self, last: int, first: int, end: int) -> int:
        """The first row from `first` up to `end` that is back at the last accepted level without jumping over it; -1: none."""
        level = float(self.value[last])
        rows = self.readings_in(first, end, level - noise_kwh(level))
        most = self.limit_kw * (self.at_us[rows] - self.at_us[max(last - NEIGHBOURS, 0)]) / HOUR_US + 1001.0
        rows = rows[self.value[rows] - level <= most]
        return next((int(row) for row in rows if self.follows(last, int(row))), -1)

    def is_usual(self, last: int, row: int, gain_kwh: float, until_us: int) -> bool:
        """Whether the rating, or else 10 times the usual rate around a row, explains a gain since the last accepted row.

        Readings at or behind `until_us` are not looked at. Where no usual rate is known, nothing is explained.
        """
        around = self._rows_around(row, until_us)
        limit_kw = self.limit_kw if self.is_rated else min(USUAL_FACTOR * self.usual_kw(row, until_us), self.limit_kw)
        room = gain_kwh - limit_kw * self.hours(last, row)
        return bool(room <= 1e-9 or room <= float(resolution_kwh(self.value[around]).min()) * (1 + 1e-9))

    def usual_kw(self, row: int, until_us: int) -> float:
        """Median rate [kW] of the rises in 20 rows before a row and 20 after it, before `until_us` and within 31 days; or NaN."""
        around = self._rows_around(row, until_us)
        halves = (around[around < row], around[around >= row])
        rates = np.concatenate([rising_kw(self.at_us[rows], self.value[rows]) for rows in halves])
        return float(np.median(rates)) if rates.size else np.nan

    def _rows_around(self, row: int, until_us: int) -> NDArray[np.int64]:
        end = min(row + NEIGHBOURS + 1, self.row_from(until_us))
        return self.readings_in(max(row - NEIGHBOURS, self._first_near(row)), end, -np.inf)


Judge = Callable[[CounterSeries, int, int], tuple[int, int]]
"""Decides about a row, given the last accepted one; tells the last accepted row and the next one to look at."""


def walk(series: CounterSeries, breaks: list[int], judge: Judge) -> None:
    """Judge the rows (sorted) at which a counter does not simply go on, and those after them until it goes on again."""
    last, row = -1, 0
    while row < len(series.value):
        if last == row - 1:
            position = bisect_left(breaks, row)
            if position == len(breaks):
                return
            row = breaks[position]
            last = row - 1
        last, row = judge(series, last, row)
    if 0 <= last < len(series.value) - 1:
        series.await_until(last + 1, int(series.at_us[last]) + HORIZON_US + 1)
