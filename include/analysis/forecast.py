"""Energy of the next days by hour, without a weather service: what the plant made at the same hours of its last weeks.

Of each hour of the day the energies of the last eight weeks are divided by the clear-sky irradiance of their hour, younger days
weigh more, and the weighted quantiles times the clear-sky irradiance of the coming hour are the forecast. The median is the
forecast with the least mean absolute error that such a history has. How far the outer quantiles were off on the last days is
added to them (conformalised quantile regression, Romano, Patterson and Candes 2019, each side for itself).

Arrays have a row per day and a column per hour of the plant's standard time; NaN is unknown.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

LEVELS: Final = (0.1, 0.5, 0.9)
"""Quantiles that are published."""
DAYS_AHEAD: Final = 7
HISTORY_DAYS: Final = 56
"""Days whose energies make the quantiles."""
HALVED_AFTER_DAYS: Final = 17
"""Age at which a day weighs half."""
CHECKED_DAYS: Final = 42
"""Days on which the outer quantiles are checked."""
LEAST_DAYS: Final = 14
"""Fewer known days have no forecast."""
_LEAST_CLEAR_SKY: Final = 0.03
"""Share of the strongest hour below which an hour is night."""

Hours = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """Quantiles [kWh] in the order of `LEVELS`: of each hour (level, day, hour) and of each whole day (level, day)."""

    hours_kwh: NDArray[np.float64]
    days_kwh: NDArray[np.float64]
    days_known: int


def forecast_energy(energy_kwh: Hours, days_kwh: NDArray[np.float64], clear_sky: Hours) -> Forecast | None:
    """Forecast of the seven days of which the first is the next but one after the history.

    So the day on which it is issued lies between: early in its morning hardly anything of it is known.

    Args:
        energy_kwh: Known energies of the hours, the last row the last finished day.
        days_kwh: Known energies of the same days as wholes.
        clear_sky: Clear-sky irradiance, in any unit, of the same days, the day of issue and the seven days ahead.

    Returns:
        Quantiles of the last seven rows of `clear_sky`, or None where fewer than 14 days with sun are known. An hour that had
        no sun, or was never known, in the last eight weeks has NaN; one without sun has 0.
    """
    lit_sky = np.where(is_lit(clear_sky), clear_sky, 0.0)
    found = forecast_from(energy_kwh, days_kwh, lit_sky[: len(energy_kwh)], lit_sky[-DAYS_AHEAD:])
    return found if found.days_known >= LEAST_DAYS else None


def forecast_from(energy_kwh: Hours, days_kwh: NDArray[np.float64], past: Hours, ahead: Hours) -> Forecast:
    """The same of any irradiance, 0 at night: that of the known days and that of the days ahead; NaN where it is unknown."""
    by_hour = ratios_of(energy_kwh, past)
    days_known = int((~np.isnan(by_hour[-HISTORY_DAYS:])).any(axis=1).sum())
    by_day = ratios_of(days_kwh, past.sum(axis=1))[:, None]
    hours_kwh = np.where(ahead == 0, 0.0, _calibrated(by_hour)[:, None, :] * ahead)
    return Forecast(hours_kwh, _calibrated(by_day) * ahead.sum(axis=1), days_known)


def is_lit(clear_sky: Hours) -> NDArray[np.bool_]:
    """Hours that have more than 3 % of the clear-sky irradiance of the strongest one; the others are night."""
    return np.asarray(clear_sky > _LEAST_CLEAR_SKY * np.nanmax(clear_sky, initial=0.0))


def weighted_quantiles(values: Hours, weights: NDArray[np.float64], levels: tuple[float, ...] = LEVELS) -> NDArray[np.float64]:
    """Quantiles (level, column) of the rows of `values`, interpolated between the middles of their weights; NaN weighs nothing.

    A column without any value has NaN.
    """
    order = np.argsort(values, axis=0)
    ordered = np.take_along_axis(values, order, axis=0)
    weight = np.where(np.isnan(ordered), 0.0, weights[order])
    total = weight.sum(axis=0)
    middle = (np.cumsum(weight, axis=0) - weight / 2) / np.where(total > 0, total, np.nan)
    counts = (~np.isnan(ordered)).sum(axis=0)
    found = np.full((len(levels), values.shape[1]), np.nan)
    for column in np.flatnonzero(counts):
        known = slice(counts[column])
        found[:, column] = np.interp(levels, middle[known, column], ordered[known, column])
    return found


def ratios_of(energy_kwh: NDArray[np.float64], clear_sky: NDArray[np.float64]) -> NDArray[np.float64]:
    """Energy by irradiance; NaN where either is unknown, or there is no sun."""
    return np.divide(energy_kwh, clear_sky, out=np.full_like(energy_kwh, np.nan), where=clear_sky > 0)


def _calibrated(ratios: Hours) -> NDArray[np.float64]:
    """Quantiles (level, column) after the last row, the outer ones moved by how far they were off on the last day ahead."""
    low, middle, high = _quantiles_after(ratios, len(ratios))
    ends = [row - DAYS_AHEAD for row in range(len(ratios) - CHECKED_DAYS, len(ratios)) if row - DAYS_AHEAD >= LEAST_DAYS]
    if ends:
        told = np.stack([_quantiles_after(ratios, end) for end in ends])
        real = ratios[[end + DAYS_AHEAD for end in ends]]
        low, high = low - _shortfall(told[:, 0] - real), high + _shortfall(real - told[:, -1])
    return np.asarray(np.maximum(np.stack((np.minimum(low, middle), middle, np.maximum(high, middle))), 0.0))


def median_after(ratios: Hours, end: int) -> NDArray[np.float64]:
    """The median by column, as it is told after the rows before `end`."""
    return np.asarray(_quantiles_after(ratios, end)[LEVELS.index(0.5)])


def _shortfall(beyond: Hours) -> float:
    """What has to be added so that nine of ten lie within; no less than nothing."""
    known = beyond[~np.isnan(beyond)]
    return max(0.0, float(np.quantile(known, LEVELS[-1]))) if len(known) else 0.0


def _quantiles_after(ratios: Hours, end: int) -> NDArray[np.float64]:
    """Quantiles of the rows before `end`, as they are told on that day."""
    history = ratios[max(0, end - HISTORY_DAYS) : end]
    age_days = np.arange(len(history))[::-1]
    return weighted_quantiles(history, np.exp2(-age_days / HALVED_AFTER_DAYS))
