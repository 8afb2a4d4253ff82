"""What each reading of a counter adds: increases without dips, spikes, exchanged meters and restarts.

Pure, over arrays of many series. Where a counter just goes on, whole arrays are computed at once; only
where it breaks, its readings are looked at one by one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from include.core.span import HOUR_US
from include.rollups.counter_days import RESTART_SHARE, SILENT_NIGHT_H, judge_reading_of_day
from include.rollups.counter_episodes import SPIKE_OF_DAY_H, doubtful_kwh, judge_reading
from include.rollups.counter_limits import HORIZON_DAYS, HORIZON_US, NEIGHBOURS, exceeds, is_maximum, most_kw
from include.rollups.counter_series import CounterFault, CounterSeries, noise_kwh, walk

__all__ = ["HORIZON_DAYS", "CounterFault", "CounterReadings", "CounterSteps", "step_counters"]


@dataclass(frozen=True, slots=True)
class CounterReadings:
    """Readings of counters [kWh], sorted by (series, instant), each instant once."""

    starts: NDArray[np.int64]
    """Row where each series begins, then the number of rows: series i is rows starts[i]:starts[i + 1]; one may be empty."""
    at_us: NDArray[np.int64]
    """UTC, microseconds since 1970."""
    value: NDArray[np.float64]
    local_day: NDArray[np.int32]
    """Local day of each reading, days since 1970."""
    midnight_us: NDArray[np.int64]
    """UTC instant at which that local day begins, per reading."""
    rated_kw: NDArray[np.float64]
    """Per series, NaN where unknown."""
    is_daily: NDArray[np.bool_]
    """Per series: a counter that begins anew each local day."""


@dataclass(frozen=True, slots=True)
class CounterSteps:
    """What each reading adds, per row of the input."""

    increase_kwh: NDArray[np.float64]
    """NaN where the reading ends no step (first of its series, not accepted, held back); 0 where nothing was gained."""
    from_us: NDArray[np.int64]
    """Instant from which the increase is spread evenly up to `at_us`; `at_us` where there is no step."""
    is_accepted: NDArray[np.bool_]
    """False: no reading of a counter (zero, maximum, within a dip or a spike)."""
    fault: NDArray[np.uint8]
    """`CounterFault`, set on the one reading where the fault begins; zeros: on each zero or maximum."""
    episode_row: NDArray[np.int64]
    """Rows at which an episode begins that later readings decide, sorted. Every row that is not accepted lies within one: a
    computation that begins at a row outside of all of them comes to the same bits from 20 rows later on."""
    episode_until_us: NDArray[np.int64]
    """Instant until which they may decide it (exclusive): just behind the rejoining reading, or 31 days after the beginning."""


def step_counters(readings: CounterReadings) -> CounterSteps:
    """What each reading adds to its counter; rules in `counter_episodes`, of counters of the day in `counter_days`."""
    rows = _Rows.of(readings)
    decided = _go_on(rows)
    decided.is_break[:] = _lifetime_breaks(rows)
    if readings.is_daily.any():
        _begin_days(rows, decided)
    episodes = _walk_breaks(rows, decided)
    return CounterSteps(
        decided.increase_kwh,
        decided.from_us,
        decided.is_accepted,
        decided.fault,
        np.array([row for row, _ in episodes], dtype=np.int64),
        np.array([until_us for _, until_us in episodes], dtype=np.int64),
    )


@dataclass(frozen=True, slots=True)
class _Rows:
    """The readings, and each against the row before it in its series; NaN and 0 h at the first row of a series."""

    readings: CounterReadings
    is_daily: NDArray[np.bool_]
    is_rated: NDArray[np.bool_]
    limit_kw: NDArray[np.float64]
    is_reading: NDArray[np.bool_]
    before_kwh: NDArray[np.float64]
    gain_kwh: NDArray[np.float64]
    hours: NDArray[np.float64]

    @staticmethod
    def of(readings: CounterReadings) -> "_Rows":
        value, lengths = readings.value, np.diff(readings.starts)
        before_kwh, before_us = np.empty_like(value), np.empty_like(readings.at_us)
        before_kwh[1:], before_us[1:] = value[:-1], readings.at_us[:-1]
        first = readings.starts[:-1][lengths > 0]
        before_kwh[first], before_us[first] = np.nan, readings.at_us[first]
        is_daily = np.repeat(readings.is_daily, lengths)
        is_reading = (value > 0) | (is_daily & (value == 0))
        is_reading &= ~is_maximum(value)
        return _Rows(
            readings,
            is_daily,
            np.repeat(readings.rated_kw > 0, lengths),
            np.repeat(most_kw(readings.rated_kw), lengths),
            is_reading,
            before_kwh,
            value - before_kwh,
            (readings.at_us - before_us) / HOUR_US,
        )


@dataclass(frozen=True, slots=True)
class _Decided:
    """What is decided about each row so far; where `is_break`, the row is still to be looked at."""

    increase_kwh: NDArray[np.float64]
    from_us: NDArray[np.int64]
    is_accepted: NDArray[np.bool_]
    fault: NDArray[np.uint8]
    is_restart: NDArray[np.bool_]
    is_break: NDArray[np.bool_]


def _go_on(rows: _Rows) -> _Decided:
    """Every row as if its counter went on from the row before."""
    count, at_us = len(rows.gain_kwh), rows.readings.at_us
    increase_kwh, from_us = np.maximum(rows.gain_kwh, 0.0), at_us.copy()
    increase_kwh[rows.hours > HORIZON_DAYS * 24] = np.nan
    from_us[1:] = np.where(np.isnan(increase_kwh[1:]), at_us[1:], at_us[:-1])
    flags = np.zeros((2, count), dtype=bool)
    return _Decided(increase_kwh, from_us, np.ones(count, dtype=bool), np.zeros(count, dtype=np.uint8), *flags)


def _lifetime_breaks(rows: _Rows) -> NDArray[np.bool_]:
    """True where a lifetime counter does not simply go on: no reading, a fall, a rise that is not explained or doubtful."""
    is_near = rows.hours <= HORIZON_DAYS * 24
    is_break = _falls(rows) & is_near
    is_break |= _jumps(rows) & is_near
    is_break |= _doubts(rows) & is_near
    return is_break | ~rows.is_reading


def _falls(rows: _Rows) -> NDArray[np.bool_]:
    """True where a row lies below the one before by more than noise."""
    is_fall = rows.gain_kwh < 0
    fallen = np.flatnonzero(is_fall)
    level = rows.before_kwh[fallen]
    is_fall[fallen] = rows.readings.value[fallen] < level - noise_kwh(level)
    return is_fall


def _jumps(rows: _Rows) -> NDArray[np.bool_]:
    """True where the rating does not explain a rise over the row before since that row's value was first shown."""
    is_jump = exceeds(rows.gain_kwh, rows.hours, rows.limit_kw, rows.before_kwh, rows.readings.value)
    jumps = np.flatnonzero(is_jump)
    still, at_us = jumps - 1, rows.readings.at_us
    for _ in range(NEIGHBOURS):
        still -= (rows.gain_kwh[still] == 0) & (at_us[jumps] - at_us[still - 1] <= HORIZON_US)
    hours = (at_us[jumps] - at_us[still]) / HOUR_US
    is_jump[jumps] = exceeds(
        rows.gain_kwh[jumps], hours, rows.limit_kw[jumps], rows.before_kwh[jumps], rows.readings.value[jumps]
    )
    return is_jump


def _doubts(rows: _Rows) -> NDArray[np.bool_]:
    """True where a rise of a counter of unknown rating is so large that it may be a spike."""
    level = rows.before_kwh
    least = np.where(rows.is_daily, doubtful_kwh(level, is_daily=True), doubtful_kwh(level, is_daily=False))
    return ~rows.is_rated & (rows.gain_kwh > least) & ~(rows.is_daily & (rows.hours > SPIKE_OF_DAY_H))


def _begin_days(rows: _Rows, decided: _Decided) -> None:
    """Decide about the first rows of local days of counters of the day, where nothing speaks against a regular restart."""
    readings, day = rows.readings, rows.readings.local_day
    is_new_day = np.zeros(len(day), dtype=bool)
    is_new_day[1:] = day[1:] != day[:-1]
    decided.is_break[_settle_doubts(rows, is_new_day)] = False
    is_near = rows.hours <= HORIZON_DAYS * 24
    new = np.flatnonzero(is_new_day & rows.is_daily & ~np.isnan(rows.gain_kwh) & rows.is_reading & is_near)
    value, was = readings.value[new], rows.before_kwh[new]
    since_us, is_silent = readings.midnight_us[new], rows.hours[new] > SILENT_NIGHT_H
    day_hours = (readings.at_us[new] - since_us) / HOUR_US
    is_possible = ~exceeds(value, day_hours, rows.limit_kw[new], value)
    falls = (value < was - noise_kwh(was)) & (is_silent | (value < RESTART_SHARE * was))
    restarts = falls & is_possible & (_highest_rise(rows, is_new_day)[new] <= (was - value) / 2)
    restarts |= (value > was + noise_kwh(was)) & is_silent & is_possible & (day_hours >= 1)
    equals = np.abs(value - was) <= noise_kwh(was)
    decided.increase_kwh[new[restarts]], decided.from_us[new[restarts]] = value[restarts], since_us[restarts]
    decided.increase_kwh[new[equals]] = 0.0
    decided.is_restart[new[restarts]] = True
    decided.is_break[new] = ~restarts & ~equals


def _settle_doubts(rows: _Rows, is_new_day: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Rows of counters of the day whose steep rise, as each morning has, is not doubted: the day has no fall after them."""
    falls = np.cumsum(rows.gain_kwh < 0)
    doubtful = np.flatnonzero(_doubts(rows) & rows.is_daily & rows.is_reading)
    ends = np.append(np.flatnonzero(is_new_day | np.isnan(rows.gain_kwh)), len(falls))
    last = ends[np.searchsorted(ends, doubtful, side="right")] - 1
    is_explained = ~exceeds(
        rows.gain_kwh[doubtful],
        rows.hours[doubtful],
        rows.limit_kw[doubtful],
        rows.before_kwh[doubtful],
        rows.readings.value[doubtful],
    )
    settled: NDArray[np.int64] = doubtful[(falls[last] == falls[doubtful]) & is_explained]
    return settled


def _highest_rise(rows: _Rows, is_new_day: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The highest rise [kWh] from row to row within the local day of each row."""
    begins = np.flatnonzero(is_new_day | np.isnan(rows.gain_kwh))
    inside = rows.gain_kwh.copy()
    inside[begins] = 0.0
    highest: NDArray[np.float64] = np.repeat(np.maximum.reduceat(inside, begins), np.diff(np.append(begins, len(inside))))
    return highest


def _walk_breaks(rows: _Rows, decided: _Decided) -> list[tuple[int, int]]:
    """Look at the breaks of each series in turn; rows at which episodes begin, and until when they may be decided."""
    starts, breaks = rows.readings.starts, np.flatnonzero(decided.is_break)
    bounds = np.searchsorted(breaks, starts)
    episodes: list[tuple[int, int]] = []
    for number in np.flatnonzero(np.diff(bounds)):
        first = int(starts[number])
        series = _series(rows, decided, slice(first, int(starts[number + 1])))
        inside = breaks[bounds[number] : bounds[number + 1]] - first
        walk(series, inside.tolist(), judge_reading_of_day if rows.readings.is_daily[number] else judge_reading)
        episodes += sorted((first + row, until_us) for row, until_us in series.episodes.items())
    return episodes


def _series(rows: _Rows, decided: _Decided, span: slice) -> CounterSeries:
    readings = rows.readings
    return CounterSeries(
        readings.at_us[span],
        readings.value[span],
        readings.local_day[span],
        readings.midnight_us[span],
        rows.is_reading[span],
        float(rows.limit_kw[span.start]),
        bool(rows.is_rated[span.start]),
        bool(rows.is_daily[span.start]),
        decided.increase_kwh[span],
        decided.from_us[span],
        decided.is_accepted[span],
        decided.fault[span],
        decided.is_restart[span],
    )
