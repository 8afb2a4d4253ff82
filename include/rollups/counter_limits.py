"""What a counter can show and gain: maxima that are no readings, the most that a rating explains, resolution, usual rate."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from include.core.span import HOUR_US

HORIZON_DAYS: Final = 31
"""How long the readings after a fall or a jump may decide what it was, and the longest step that has energy."""
HORIZON_US: Final = HORIZON_DAYS * 24 * HOUR_US

OVER_RATING: Final = 1.2
"""How far an increase may exceed rating x time: inverters run above their rating for a while, and clocks are not exact."""
UNRATED_KW: Final = 500_000.0
"""What no counter of unknown rating exceeds: the largest plants."""
NEIGHBOURS: Final = 20
"""Rows before and after a reading that tell its counter's usual rate and resolution."""

_SCALES: Final = (1, 10, 100, 1000)
_RESOLUTIONS_KWH: Final = (1000.0, 100.0, 10.0, 1.0, 0.1, 0.01, 0.001)


def _maxima() -> NDArray[np.float64]:
    """Maxima of integers of 16, 32 and 64 bits in units of 1 to 0.001 kWh; divided and multiplied, which round differently."""
    whole = [2.0**bits - 1 for bits in (15, 16, 31, 32, 63, 64)]
    scaled = {value for top in whole for scale in _SCALES for value in (top / scale, top * (1 / scale))}
    return np.array([*sorted(scaled), np.inf])


_MAXIMA: Final = _maxima()
_MODULI: Final = np.array([10.0**n for n in range(3, 13)] + [2.0**bits / scale for bits in (16, 32) for scale in _SCALES])


def is_maximum(value: NDArray[np.float64]) -> NDArray[np.bool_]:
    """True where a value [kWh] is the maximum of an integer, signed or not: what a register shows that was never written."""
    found: NDArray[np.bool_] = _MAXIMA[np.searchsorted(_MAXIMA, value)] == value
    return found


def most_kw(rated_kw: NDArray[np.float64]) -> NDArray[np.float64]:
    """The highest mean power [kW] of an increase; a rating that is unknown (NaN) or not positive bounds only the absurd."""
    return np.where(rated_kw > 0, OVER_RATING * rated_kw, UNRATED_KW)


def exceeds(
    gain_kwh: NDArray[np.float64] | float,
    hours: NDArray[np.float64] | float,
    limit_kw: NDArray[np.float64] | float,
    *values: NDArray[np.float64] | float,
) -> NDArray[np.bool_]:
    """True where a gain within `hours` exceeds `limit_kw` by more than the resolution of the values [kWh] it lies between."""
    room = np.asarray(gain_kwh) - np.asarray(limit_kw) * np.asarray(hours)
    found = np.atleast_1d(room > 1e-9)
    rows = np.flatnonzero(found)
    if rows.size:
        ends = [np.broadcast_to(np.asarray(value), room.shape).reshape(-1)[rows] for value in values]
        found[rows] = room.reshape(-1)[rows] > resolution_kwh(*ends) * (1 + 1e-9)
    return found


def resolution_kwh(*values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest power of ten, 0.001 to 1,000 kWh, of which all values of a row are multiples; 0 where there is none."""
    result = np.zeros(len(values[0]))
    for unit in reversed(_RESOLUTIONS_KWH):
        is_multiple = np.ones(len(result), dtype=bool)
        for value in values:
            count = value / unit
            is_multiple &= np.abs(count - np.round(count)) <= 1e-6 + 4e-16 * np.abs(count)
        result[is_multiple] = unit
    return result


def rising_kw(at_us: NDArray[np.int64], value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rates [kW] at which a run of readings rose, of steps that begin at its highest value so far: no returns from dips."""
    is_rise = (np.diff(value) > 0) & (value[:-1] >= np.maximum.accumulate(value)[:-1])
    rates: NDArray[np.float64] = np.diff(value)[is_rise] / (np.diff(at_us)[is_rise] / HOUR_US)
    return rates


def rollovers_kwh(level: float, value: float) -> list[float]:
    """What a counter gained from `level` over its modulus to `value`, for each modulus of which `level` lacks at most 1 %."""
    near = _MODULI[(level >= 0.99 * _MODULI) & (level < _MODULI)]
    return sorted(float(modulus) - level + value for modulus in near)
