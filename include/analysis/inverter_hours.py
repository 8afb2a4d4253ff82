"""The hours of a plant's inverters on some local days: what all of them measured together, and what one alone gives away.

Pure. Arrays are days x hours x inverters, hours counted from local midnight; NaN is unknown.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from include.analysis.comparison import Numbers, peer_median, quantile

HOURS: Final = 26
"""A local day has at most 25 hours; a clock that is set back by more has never been."""
HOUR_S: Final = 3600.0

_MEASURED_SHARE: Final = 0.9
"""Part of its expected time from which on an hour is measured."""
_TAKES_PART: Final = 0.5
"""An inverter that measured less than this part of the hours of the best one would leave too few in common."""
_WHOLE_DAY: Final = 0.98
_AT_WORK: Final = 0.1
"""An inverter is at work in an hour with more than this part of the energy of its best hour of the day."""
_NOTHING: Final = 0.005
_MOVED: Final = 1.5
"""Where the others' power changed by this factor, one that stood still is stuck; one at its rating may stand still for less."""
_AT_RATING: Final = 0.97
"""A power above this part of the day's peak may be held by the inverter's rating."""
_CIVIL_DUSK_DEGREES: Final = -6.0
_NOTABLE: Final = 0.01
_LEAST_READINGS: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class InverterPowers:
    """AC power of inverters by hour: energy, the part of the expected time that was measured, lowest, highest and mean power.

    `sun_degrees` is how high the sun's centre gets in each hour (days x hours). `reading_count` is 0 where there is no hour.
    """

    energy_kwh: Numbers
    covered_share: Numbers
    low_kw: Numbers
    high_kw: Numbers
    mean_kw: Numbers
    reading_count: Numbers
    sun_degrees: Numbers


def compared_energies(hours: InverterPowers, whole_kwh: Numbers, completeness: Numbers) -> Numbers:
    """What each inverter made in the hours that all that take part measured [kWh], days x inverters; NaN of one that does not.

    Where all that told anything are known for the whole day it is the published energy of the day.
    """
    measured = np.where(hours.covered_share >= _MEASURED_SHARE, hours.energy_kwh, np.nan)
    count = np.isfinite(measured).sum(axis=1)
    takes_part = np.logical_and(count > 0, count >= _TAKES_PART * count.max(axis=1, keepdims=True))
    is_common = np.logical_and.reduce(np.isfinite(measured) | ~takes_part[:, np.newaxis, :], axis=2)
    common = np.logical_and(is_common, takes_part.any(axis=1)[:, np.newaxis])
    in_common = np.where(common[:, :, np.newaxis], measured, 0.0)
    by_hours = np.where(takes_part & common.any(axis=1)[:, np.newaxis], np.nansum(in_common, axis=1), np.nan)
    tells = np.isfinite(whole_kwh)
    is_whole = np.logical_and.reduce(~tells | (completeness >= _WHOLE_DAY), axis=1) & tells.any(axis=1)
    return np.where(is_whole[:, np.newaxis], whole_kwh, by_hours)


def zero_s(hours: InverterPowers) -> Numbers:
    """Time without power while the others were at work [s], days x inverters."""
    measured = np.where(hours.covered_share >= _MEASURED_SHARE, hours.energy_kwh, np.nan)
    others = peer_median(measured)
    best = np.nanmax(np.where(np.isfinite(others), others, 0.0), axis=1, keepdims=True)
    stands = (others > _AT_WORK * best) & (measured <= _NOTHING * others)
    return np.asarray(stands.sum(axis=1) * HOUR_S)


def stale_s(hours: InverterPowers) -> Numbers:
    """Time in which a power did not move though that of the others, or the sun, did [s], days x inverters."""
    peak = np.nanmax(np.where(np.isfinite(hours.high_kw), hours.high_kw, 0.0), axis=1, keepdims=True)
    flat = (hours.reading_count >= _LEAST_READINGS) & (hours.low_kw == hours.high_kw) & (hours.mean_kw > _NOTABLE * peak)
    value = quantile(np.where(flat, hours.mean_kw, np.nan), 0.5, axis=1)[:, np.newaxis]
    flat &= np.isclose(hours.mean_kw, value, rtol=1e-9)
    others = peer_median(np.where(hours.covered_share >= _MEASURED_SHARE, hours.energy_kwh, np.nan))
    sun = np.clip(np.sin(np.radians(hours.sun_degrees)), 0.0, None)[:, :, np.newaxis]
    light = np.where(np.isfinite(others), others, sun)
    low = np.where(flat, light, np.inf).min(axis=1)
    high = np.where(flat, light, -np.inf).max(axis=1)
    # Below its own peak of the day nothing but a limit holds a power still, and a limit holds the others, too.
    stirred = peer_median(hours.high_kw - hours.low_kw) > _NOTABLE * peer_median(hours.high_kw)
    is_stuck = (high > _MOVED * low) | (flat & stirred & (hours.mean_kw < _AT_RATING * peak)).any(axis=1)
    return np.where(flat.any(axis=1) & is_stuck, flat.sum(axis=1) * HOUR_S, 0.0)


def night_s(hours: InverterPowers) -> Numbers:
    """Time of power while the sun stayed more than six degrees below the horizon [s], days x inverters."""
    peak = np.nanmax(np.where(np.isfinite(hours.high_kw), hours.high_kw, 0.0), axis=1, keepdims=True)
    is_night = hours.sun_degrees[:, :, np.newaxis] < _CIVIL_DUSK_DEGREES
    return np.asarray((is_night & (hours.mean_kw > _NOTABLE * peak)).sum(axis=1) * HOUR_S)


def tensor(days: int, inverters: int, place: tuple[NDArray[np.int64], ...], values: Numbers, fill: float = np.nan) -> Numbers:
    """Values at their (day, hour, inverter)."""
    found = np.full((days, HOURS, inverters), fill)
    found[place] = values
    return found
