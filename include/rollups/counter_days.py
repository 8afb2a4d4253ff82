"""Counters that begin anew each local day: which fall is the day's restart, and what still belongs to yesterday.

The energy of a day is the rise of its maximum after its restart. A restart comes near midnight or at dawn, is the first fall to
less than half, and counts from local midnight. Nothing is awaited beyond the next restart.
"""

from typing import Final

import numpy as np

from include.core.span import HOUR_US
from include.rollups.counter_episodes import hold_dip, is_doubtful, judge_jump, jumps_back, leave_dip_out, reset
from include.rollups.counter_limits import HORIZON_US, exceeds
from include.rollups.counter_series import CounterFault, CounterSeries, noise_kwh

SILENT_NIGHT_H: Final = 2.0
"""A pause over midnight that is longer has hidden the restart."""
RESTART_SHARE: Final = 0.5
"""A restart falls below this share of the old value; less is rounding, or a battery that feeds the house."""
DAWN_H: Final = 6.0
"""Up to when a counter may show yesterday's total again after a dip."""
NOON_H: Final = 12.0
"""By when a counter of the day has restarted."""
EVENING_H: Final = 18.0
"""From when on a fall to near zero is an early restart."""
SAME_TOTAL: Final = 0.01
"""Share by which yesterday's total may have risen during a dip."""
WORTH_A_DIP_KWH: Final = 1.0
"""A total below this [kWh] is passed in one step on any morning: coming back to it proves no dip."""


def judge_reading_of_day(series: CounterSeries, last: int, row: int) -> tuple[int, int]:
    """Decide about a row of a counter of the day, given the last accepted one (-1: none)."""
    if not series.is_reading[row]:
        series.hold(row, row + 1)
        return last, row + 1
    if last < 0 or series.at_us[row] - series.at_us[last] > HORIZON_US:
        return series.accept(last, row)
    if series.local_day[row] > series.local_day[last]:
        return _judge_new_day(series, last, row)
    if series.is_fall(float(series.value[last]), row):
        return _judge_fall(series, last, row)
    return _judge_rise(series, last, row)


def _judge_new_day(series: CounterSeries, last: int, row: int) -> tuple[int, int]:
    """Decide about a reading on a later local day than the last accepted one."""
    level, value = float(series.value[last]), float(series.value[row])
    before = series.reading_before(row)
    was, is_silent = float(series.value[before]), series.hours(before, row) > SILENT_NIGHT_H
    if abs(value - level) <= noise_kwh(level):
        return series.accept(last, row, 0.0)
    if value < was - noise_kwh(was) and (is_silent or value < RESTART_SHARE * was):
        return _restart(series, last, row)
    if value > was + noise_kwh(was) and is_silent and _counts_from_midnight(series, row):
        return _accept_restart(series, last, row)
    if value > level:
        return _judge_rise(series, last, row)
    return hold_dip(series, last, row, row + 1)


def _judge_rise(series: CounterSeries, last: int, row: int) -> tuple[int, int]:
    level, value = float(series.value[last]), float(series.value[row])
    end = _next_day(series, row)
    is_spike_possible = is_doubtful(series, last, row) and _falls_later(series, row, end)
    if series.follows(last, row) and not is_spike_possible:
        return series.accept(last, row, value - level)
    return judge_jump(series, last, row, end)


def _judge_fall(series: CounterSeries, last: int, row: int) -> tuple[int, int]:
    """Decide about a fall below the last accepted reading of the same local day."""
    level = float(series.value[last])
    if series.value[row] >= RESTART_SHARE * level:
        return _judge_shallow_fall(series, last, row)
    if not _has_restarted(series, last, row):
        return _restart(series, last, row)
    end = _next_day(series, row)
    back = series.rejoin(last, row + 1, end)
    if back >= 0 and jumps_back(series, level, row, back):
        return leave_dip_out(series, last, row, back)
    if back < 0 and (back := _back_at_total(series, last, row, (end, _next_day(series, end)))) >= 0:
        return leave_dip_out(series, last, row, back)
    if _hours_of_day(series, row) >= EVENING_H:
        series.await_until(last + 1, int(series.midnight_us[row] + (24 + DAWN_H) * HOUR_US))
        return _accept_early_restart(series, last, row)
    return reset(series, last, row, int(series.at_us[end - 1]) + 1)


def _judge_shallow_fall(series: CounterSeries, last: int, row: int) -> tuple[int, int]:
    """Leave a fall out until the day's maximum is reached again, the counter falls deeper, or the day ends."""
    level, end = float(series.value[last]), _next_day(series, row)
    back = series.rejoin(last, row + 1, end)
    deeper = series.readings_in(row + 1, end if back < 0 else back, -np.inf, np.nextafter(RESTART_SHARE * level, -np.inf))
    if deeper.size:
        return hold_dip(series, last, row, int(deeper[0]))
    if back >= 0:
        return leave_dip_out(series, last, row, back)
    return hold_dip(series, last, row, end)


def _restart(series: CounterSeries, last: int, row: int) -> tuple[int, int]:
    """Decide about the first deep fall of a local day: its restart, unless yesterday's total comes back."""
    back = _back_at_total(series, last, row, (row + 1, _next_day(series, row)))
    if back >= 0:
        return leave_dip_out(series, last, row, back)
    return _accept_restart(series, last, row)


def _accept_restart(series: CounterSeries, last: int, row: int) -> tuple[int, int]:
    """Count a row from local midnight on, spread from there or from the last accepted row if that is later."""
    series.is_restart[row] = True
    value = float(series.value[row])
    if exceeds(value, _hours_of_day(series, row), series.limit_kw, value)[0]:
        series.fault[row] = CounterFault.HELD_BACK
        return series.accept(last, row)
    return series.accept(last, row, value, max(int(series.at_us[last]), int(series.midnight_us[row])))


def _accept_early_restart(series: CounterSeries, last: int, row: int) -> tuple[int, int]:
    """Count from a row on that begins the next day before midnight."""
    series.is_restart[row] = True
    value, until_us = float(series.value[row]), int(series.at_us[_next_day(series, row) - 1]) + 1
    return series.accept(last, row, value if series.is_usual(last, row, value, until_us) else np.nan)


def _back_at_total(series: CounterSeries, last: int, row: int, between: tuple[int, int]) -> int:
    """The first row in between at which the last accepted total is back after a deep fall at `row`; -1: none.

    The total comes back in one jump, and it does so in the night, or the restart follows before noon.
    """
    level, low = float(series.value[last]), float(series.value[row])
    if level <= WORTH_A_DIP_KWH:
        return -1
    for back in series.readings_in(*between, level - noise_kwh(level), level * (1 + SAME_TOTAL)):
        before = series.reading_before(int(back))
        is_jump = series.value[back] - series.value[before] > (level - low) / 2
        if is_jump and _is_yesterdays(series, int(before), int(back), level):
            return int(back)
    return -1


def _is_yesterdays(series: CounterSeries, before: int, row: int, level: float) -> bool:
    """Whether a total is yesterday's `level`; after a silence it may be gained anew, unless it is the same in the night."""
    is_night = _hours_of_day(series, row) < DAWN_H
    if series.hours(before, row) > SILENT_NIGHT_H:
        return is_night and bool(abs(series.value[row] - level) <= noise_kwh(level))
    if is_night:
        return True
    noon = series.row_from(int(series.midnight_us[row] + NOON_H * HOUR_US))
    return bool(series.readings_in(row + 1, noon, -np.inf, np.nextafter(RESTART_SHARE * level, -np.inf)).size)


def _counts_from_midnight(series: CounterSeries, row: int) -> bool:
    """Whether a value can have been gained since midnight; within the first hour it is taken for yesterday's."""
    hours, value = _hours_of_day(series, row), float(series.value[row])
    return hours >= 1 and not exceeds(value, hours, series.limit_kw, value)[0]


def _has_restarted(series: CounterSeries, last: int, row: int) -> bool:
    """Whether the day of a row has had its restart: seen, told by its rise, or before the counter's first afternoon."""
    first = int(np.searchsorted(series.local_day, series.local_day[row]))
    is_never_seen = first == 0 or series.at_us[first] - series.at_us[first - 1] > HORIZON_US
    if is_never_seen and _hours_of_day(series, first) >= NOON_H:
        return True
    rows = np.flatnonzero(series.is_accepted[first:row]) + first
    return bool(series.is_restart[rows].any() or series.value[rows[0]] < RESTART_SHARE * series.value[last])


def _falls_later(series: CounterSeries, row: int, end: int) -> bool:
    return bool((np.diff(series.value[row:end]) < 0).any())


def _next_day(series: CounterSeries, row: int) -> int:
    """The first row of a later local day than the row's, the number of rows where there is none."""
    if row >= len(series.value):
        return row
    return int(np.searchsorted(series.local_day, series.local_day[row], side="right"))


def _hours_of_day(series: CounterSeries, row: int) -> float:
    return float(series.at_us[row] - series.midnight_us[row]) / HOUR_US
