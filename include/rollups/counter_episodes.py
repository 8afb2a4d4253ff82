"""Falls and jumps of counters that never begin anew by themselves: dips, exchanged meters, rollovers, spikes.

Which rows are accepted depends on readings from the last accepted one on; only what a first value after a reset adds depends on
up to 20 rows before it. So a window may begin at any accepted row.
"""

from typing import Final

import numpy as np

from include.core.span import HOUR_US
from include.rollups.counter_limits import HORIZON_US, rollovers_kwh
from include.rollups.counter_series import Amount, CounterFault, CounterSeries

NEAR_ZERO: Final = 0.1
"""Share of the old level below which a fall may be a new beginning."""
SMALL_FALL: Final = 0.02
"""Share of the old level up to which a fall is rounding, a restored state or net metering, also where it never comes back."""
SMALL_FALL_KWH: Final = 1.0
"""What is added to it [kWh] for young counters, whose last digit may be more than that share."""
FAR_FROM_USUAL: Final = 100
"""How many times its usual rate a counter of unknown rating may have gained in a step that more than doubles it."""
BEGINNING_US: Final = 24 * HOUR_US
"""How long before its first reading a counter may have stood at its beginning. Zeros before that are told: they may go on for
years where nothing is connected, and their days must not hang on what comes then."""
SPIKE_OF_DAY_H: Final = 1.0
"""Over a longer step a counter of the day may have risen from nothing, and have restarted after it."""

_SMALL, _LARGE, _TO_ZERO = range(3)


def judge_reading(series: CounterSeries, last: int, row: int) -> tuple[int, int]:
    """Decide about a row of a lifetime counter, given the last accepted one (-1: none)."""
    if not series.is_reading[row]:
        return _leave_zeros_out(series, last, row)
    if last < 0 or series.at_us[row] - series.at_us[last] > HORIZON_US:
        return series.accept(last, row)
    level, value = float(series.value[last]), float(series.value[row])
    if series.is_fall(level, row):
        return _judge_fall(series, last, row)
    if not series.follows(last, row) or is_doubtful(series, last, row):
        return judge_jump(series, last, row, series.row_from(int(series.at_us[row]) + HORIZON_US))
    return series.accept(last, row, value - level)


def is_doubtful(series: CounterSeries, last: int, row: int) -> bool:
    """Whether a rise of a counter of unknown rating is so large that it may be a spike; of the day, also within an hour."""
    if series.is_rated or (series.is_daily and series.hours(last, row) > SPIKE_OF_DAY_H):
        return False
    level = float(series.value[last])
    return float(series.value[row]) - level > doubtful_kwh(level, is_daily=series.is_daily)


def doubtful_kwh(level: Amount, *, is_daily: bool) -> Amount:
    """The rise [kWh] from which on a counter of unknown rating is doubted; those of the day rise steeply each morning."""
    return SMALL_FALL_KWH + (1.0 if is_daily else SMALL_FALL) * level


def judge_jump(series: CounterSeries, last: int, row: int, end: int) -> tuple[int, int]:
    """Decide about a rise that is not explained, or is doubtful: a spike where it falls back before row `end`."""
    gain_kwh = float(series.value[row] - series.value[last])
    back = _back_from_spike(series, last, row, end)
    if back >= 0:
        series.hold(row, back)
        series.fault[row] = CounterFault.HELD_BACK
        return series.accept(last, back, float(series.value[back] - series.value[last]))
    if not series.is_daily:
        series.await_until(last + 1, int(series.at_us[row]) + HORIZON_US)
    if series.follows(last, row) and not _is_far_from_usual(series, last, row):
        return series.accept(last, row, gain_kwh)
    series.fault[row] = CounterFault.HELD_BACK
    return series.accept(last, row)


def _back_from_spike(series: CounterSeries, last: int, row: int, end: int) -> int:
    """The row before `end` that takes the rise back and follows the last accepted one; -1: none.

    None either where the counter was at work above, climbing by more than half of the rise, or fell below the old level.
    """
    level, value = float(series.value[last]), float(series.value[row])
    rows = series.readings_in(row + 1, end, -np.inf, level + (value - level) / 2)
    if not rows.size or series.is_fall(level, back := int(rows[0])) or not series.follows(last, back):
        return -1
    highest = series.value[row:back][series.is_reading[row:back]].max()
    return back if highest <= value + (value - level) / 2 else -1


def _is_far_from_usual(series: CounterSeries, last: int, row: int) -> bool:
    """Whether a lifetime counter of unknown rating gained far more than usual, as after a series that began in a dip."""
    if series.is_daily or series.value[row] <= 2 * series.value[last]:
        return False
    usual_kw = series.usual_kw(row, int(series.at_us[row]) + HORIZON_US)
    return float(series.value[row] - series.value[last]) > FAR_FROM_USUAL * usual_kw * series.hours(last, row)


def _leave_zeros_out(series: CounterSeries, last: int, row: int) -> tuple[int, int]:
    """Leave a run of zeros and maxima out; zeros up to a day before a first reading that follows from 0 are its beginning."""
    after = series.readings_in(row, len(series.value), -np.inf)
    end = int(after[0]) if after.size else len(series.value)
    series.hold(row, end)
    free = row if last < 0 else max(row, series.row_from(int(series.at_us[last]) + HORIZON_US + 1))
    _await_beginning(series, free, end)
    if not after.size or (last >= 0 and series.at_us[end] - series.at_us[last] <= HORIZON_US):
        return last, end
    first = _beginning(series, free, end)
    if first == end:
        return last, end
    until_us = int(series.at_us[end]) + HORIZON_US
    series.await_until(first, until_us)
    if not series.is_usual(end - 1, end, float(series.value[end]), until_us):
        return last, end
    series.accept(-1, first)
    for zero in range(first + 1, end):
        series.accept(zero - 1, zero, 0.0)
    series.fault[first:end] = CounterFault.NONE
    return end - 1, end


def _await_beginning(series: CounterSeries, first: int, end: int) -> None:
    """Tell of zeros that a reading within a day decides whether they are a beginning: those of a local day together."""
    if first >= end:
        return
    days = np.flatnonzero(np.diff(series.local_day[first:end])) + first + 1
    for begin, behind in zip([first, *days.tolist()], [*days.tolist(), end], strict=True):
        series.await_until(begin, int(series.at_us[behind - 1]) + BEGINNING_US + 1)


def _beginning(series: CounterSeries, free: int, end: int) -> int:
    """The first of the zeros up to a day before a first reading at row `end`, with nothing else between; `end`: none."""
    first, earliest = end, max(free, series.row_from(int(series.at_us[end]) - BEGINNING_US))
    while first > earliest and series.value[first - 1] == 0:
        first -= 1
    return first


def _judge_fall(series: CounterSeries, last: int, row: int) -> tuple[int, int]:
    level = float(series.value[last])
    end = series.row_from(int(series.at_us[row]) + HORIZON_US)
    back = series.rejoin(last, row + 1, end)
    depth = _depth(series, level, row)
    deeper = _falls_deeper(series, level, depth, (row + 1, end if back < 0 else back), has_rejoined=back >= 0)
    if deeper >= 0:
        return hold_dip(series, last, row, deeper)
    if back >= 0 and (depth < _TO_ZERO or jumps_back(series, level, row, back)):
        return leave_dip_out(series, last, row, back)
    if back >= 0:
        return reset(series, last, row, int(series.at_us[back]) + 1)
    return _judge_lasting_fall(series, last, row, end, depth)


def _judge_lasting_fall(series: CounterSeries, last: int, row: int, end: int, depth: int) -> tuple[int, int]:
    """Decide about a fall that does not come back before row `end`, where the horizon ends."""
    until_us = int(series.at_us[row]) + HORIZON_US
    series.await_until(last + 1, until_us)
    for gain_kwh in rollovers_kwh(float(series.value[last]), float(series.value[row])):
        if series.is_usual(last, row, gain_kwh, until_us):
            series.fault[row] = CounterFault.RESET
            return series.accept(last, row, gain_kwh)
    if depth == _SMALL:
        lasting = int(series.readings_in(row, end, -np.inf)[-1])
        hold_dip(series, last, row, lasting)
        return series.accept(last, lasting)
    if depth == _TO_ZERO:
        return reset(series, last, row, until_us)
    series.fault[row] = CounterFault.RESET
    return series.accept(last, row)


def _depth(series: CounterSeries, level: float, row: int) -> int:
    """How deep a fall is; one over a zero began there."""
    value = float(series.value[row])
    if value <= NEAR_ZERO * level or _is_after_zero(series, row):
        return _TO_ZERO
    return _SMALL if level - value <= _small_kwh(level) else _LARGE


def _small_kwh(level: float) -> float:
    return SMALL_FALL_KWH + SMALL_FALL * level


def _is_after_zero(series: CounterSeries, row: int) -> bool:
    return bool(series.value[row - 1] <= 0 and not series.is_reading[row - 1])


def _falls_deeper(series: CounterSeries, level: float, depth: int, between: tuple[int, int], *, has_rejoined: bool) -> int:
    """The first row at which a fall goes on to a depth that asks for a decision of its own; -1: none."""
    if depth == _TO_ZERO or (depth == _LARGE and not has_rejoined):
        return -1
    limit = NEAR_ZERO * level if has_rejoined else np.nextafter(level - _small_kwh(level), -np.inf)
    rows = series.readings_in(*between, -np.inf, limit)
    return int(rows[0]) if rows.size else -1


def jumps_back(series: CounterSeries, level: float, row: int, back: int) -> bool:
    """Whether a counter came back from a fall in one jump, as after a dip, and did not count its way up.

    On its way up it may have dipped itself; so its highest value so far is compared.
    """
    rows = np.append(series.readings_in(row, back, -np.inf, level), back)
    value = series.value[rows]
    if _is_after_zero(series, row):
        value = np.insert(value, 0, 0.0)
    if np.diff(np.maximum.accumulate(value)).max() > (level - value[0]) / 2:
        return True
    highest = int(rows[np.argmax(series.value[rows[:-1]])])
    return not series.follows(highest, back)


def hold_dip(series: CounterSeries, last: int, row: int, end: int) -> tuple[int, int]:
    """Accept nothing of a dip up to row `end`, which is looked at next."""
    series.hold(row, end)
    if series.is_reading[max(last, 0) : row].sum() <= 1:
        series.fault[row] = CounterFault.DIP
    return last, end


def leave_dip_out(series: CounterSeries, last: int, row: int, back: int) -> tuple[int, int]:
    """Leave a dip out that came back at row `back`: energy goes on from the old level."""
    hold_dip(series, last, row, back)
    return series.accept(last, back, float(series.value[back]) - float(series.value[last]))


def reset(series: CounterSeries, last: int, row: int, until_us: int) -> tuple[int, int]:
    """Count from a row on that began near zero; its value is added where it can have been gained since `last`."""
    series.await_until(last + 1, until_us)
    series.fault[row] = CounterFault.RESET
    value = float(series.value[row])
    return series.accept(last, row, value if series.is_usual(last, row, value, until_us) else np.nan)
