"""A forecast of energy from forecasts of the weather, on the days on which these did better on the plant's own past. Pure.

As without them, the energies of the last weeks are divided by an irradiance, and the quantiles multiplied by that of the coming
hours; here by the irradiance that was forecast as early as it is for the day ahead. A day ahead rests on the weather where, on
the past days that were told as early, its median was surely nearer than without: the 90 % interval of the skill lies above zero.

Arrays have a row per day and a column per hour, as in `include.analysis.forecast`; NaN is unknown.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from include.analysis.clear_sky import TEMPERATURE_COEFFICIENT, module_temperature
from include.analysis.forecast import (
    CHECKED_DAYS,
    DAYS_AHEAD,
    LEAST_DAYS,
    Forecast,
    Hours,
    forecast_energy,
    forecast_from,
    is_lit,
    median_after,
    ratios_of,
)

_LEAST_GLOBAL_W_M2: Final = 20.0
"""Clear-sky irradiance below which its share tells nothing."""
_MOST_SHARE: Final = 1.5
"""Of the clear-sky irradiance that a forecast may tell; clouds brighten, and not by more."""
_DRAWS: Final = 500


@dataclass(frozen=True, slots=True, eq=False)
class WeatherTable:
    """What was forecast of hours: irradiance [W/m2], horizontal or on the plane of the modules, and temperature of the air."""

    ghi_w_m2: Hours
    poa_w_m2: Hours
    air_c: Hours


@dataclass(frozen=True, slots=True, eq=False)
class WeatherForecast:
    """A forecast, and of each day ahead whether it is by the weather and what skill that had on the past (NaN: unknown)."""

    forecast: Forecast
    by_weather: NDArray[np.bool_]
    skill: NDArray[np.float64]
    reason: str | None


def effective_irradiance(told: WeatherTable, clear_ghi_w_m2: Hours, clear_plane_w_m2: Hours) -> Hours:
    """Irradiance on the modules that counts for power: brought to the plane by the clear sky, and less where modules are hot."""
    share = np.divide(
        told.ghi_w_m2, clear_ghi_w_m2, out=np.full_like(told.ghi_w_m2, np.nan), where=clear_ghi_w_m2 > _LEAST_GLOBAL_W_M2
    )
    dim = np.where(np.isnan(told.ghi_w_m2), np.nan, 1.0)
    share = np.where(clear_ghi_w_m2 > _LEAST_GLOBAL_W_M2, np.clip(share, 0.0, _MOST_SHARE), dim)
    by_share = share * clear_plane_w_m2
    plane = np.where(np.isnan(told.poa_w_m2), by_share, told.poa_w_m2)
    heat = 1 + TEMPERATURE_COEFFICIENT * (module_temperature(plane, told.air_c) - 25.0)
    return np.asarray(np.maximum(plane, 0.0) * np.where(np.isnan(told.air_c), 1.0, heat))


def forecast_with_weather(
    energy_kwh: Hours, days_kwh: NDArray[np.float64], clear_sky: Hours, told: NDArray[np.float64]
) -> WeatherForecast | None:
    """The forecast of the seven days ahead, each by the weather where that did better; None where too little is known.

    `told` has for each of the seven days ahead the irradiance of all rows of `clear_sky` as it was forecast so many days before.
    """
    plain = forecast_energy(energy_kwh, days_kwh, clear_sky)
    if plain is None:
        return None
    lit = is_lit(clear_sky)
    known = len(energy_kwh)
    hours_kwh, ahead_kwh = plain.hours_kwh.copy(), plain.days_kwh.copy()
    by_weather, skill = np.zeros(DAYS_AHEAD, bool), np.full(DAYS_AHEAD, np.nan)
    is_there = np.zeros(DAYS_AHEAD, bool)
    for number in range(DAYS_AHEAD):
        irradiance = np.where(lit, told[number], 0.0)
        coming = irradiance[known + 1 + number]
        is_there[number] = not np.isnan(coming).any()
        past = _lit_or_untold(irradiance[:known])
        skill[number], low = _skill(energy_kwh, np.where(lit, clear_sky, 0.0)[:known], past, days_before=number + 1)
        if is_there[number] and low > 0:
            found = forecast_from(energy_kwh, days_kwh, past, np.broadcast_to(coming, (DAYS_AHEAD, coming.size)))
            hours_kwh[:, number], ahead_kwh[:, number] = found.hours_kwh[:, number], found.days_kwh[:, number]
            by_weather[number] = not (np.isnan(found.hours_kwh[:, number]).any() or np.isnan(found.days_kwh[:, number]).any())
    hours_kwh = np.where(by_weather[None, :, None], hours_kwh, plain.hours_kwh)
    mixed = Forecast(hours_kwh, np.where(by_weather, ahead_kwh, plain.days_kwh), plain.days_known)
    return WeatherForecast(mixed, by_weather, skill, _reason(by_weather, is_there, skill))


def _lit_or_untold(irradiance: Hours) -> Hours:
    """Irradiance of the hours that are lit, 0 in the others; an hour that was not told stays NaN: it is no hour without sun."""
    untold = np.isnan(irradiance)
    return np.asarray(np.where(untold | is_lit(np.where(untold, 0.0, irradiance)), irradiance, 0.0))


def _reason(by_weather: NDArray[np.bool_], is_there: NDArray[np.bool_], skill: NDArray[np.float64]) -> str | None:
    left = ~by_weather
    if not left.any():
        return None
    if not is_there[left].any():
        return "not told for the days"
    return "too few past days" if np.isnan(skill[left & is_there]).all() else "no better than without"


def _skill(energy_kwh: Hours, clear_sky: Hours, weather: Hours, *, days_before: int) -> tuple[float, float]:
    """1 - MAE with / MAE without the weather on the last days, each told so many days before, and the low end of its interval."""
    plain, better = ratios_of(energy_kwh, clear_sky), ratios_of(energy_kwh, weather)
    errors = []
    for day in range(max(len(energy_kwh) - CHECKED_DAYS, days_before + 1), len(energy_kwh)):
        end = day - days_before
        without = np.abs(median_after(plain, end) * clear_sky[day] - energy_kwh[day])
        with_it = np.abs(median_after(better, end) * weather[day] - energy_kwh[day])
        counts = (clear_sky[day] > 0) & ~np.isnan(without) & ~np.isnan(with_it)
        if counts.any():
            errors.append((with_it[counts].sum(), without[counts].sum()))
    if len(errors) < LEAST_DAYS:
        return np.nan, np.nan
    table = np.array(errors)
    drawn = np.random.default_rng(0).integers(0, len(table), (_DRAWS, len(table)))
    with_it, without = table[drawn].sum(axis=1).T
    skills = 1 - with_it / np.where(without > 0, without, np.nan)
    total = table.sum(axis=0)
    return float(1 - total[0] / total[1]) if total[1] > 0 else np.nan, float(np.nanquantile(skills, 0.05))
