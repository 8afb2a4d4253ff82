"""The plane and the capacity of a plant, from the clear days that it measured itself.

A clear day is smooth: its hours rise and fall once, and it makes about as much as the best days around it. Of the planes, that
one is taken whose clear-sky power has the least squares to those days, times one capacity for all of them.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from include.analysis.clear_sky import Sky, clear_sky_power, plane_irradiance

LEAST_CLEAR_DAYS: Final = 5
MOST_CLEAR_DAYS: Final = 25
MOST_MISFIT_PCT: Final = 12.0
"""A fit that is off by more is none: trackers, several planes, shade."""
_BRIGHT: Final = 0.85
"""Of the best day within two weeks before and after."""
_AROUND_DAYS: Final = 14
_LEAST_HOURS: Final = 6
"""Hours with energy of a day that can tell a plane."""
_ROUGHEST: Final = 0.02
"""Roughness of a clear day: the sum of the squared second differences by the sum of squares."""
_TILTS: Final = tuple(range(0, 61, 5))
_AZIMUTHS: Final = tuple(range(0, 360, 15))


@dataclass(frozen=True, slots=True)
class PlaneFit:
    """A plane [degrees], the capacity [kWp] with which it is the plant, and how far off it is [%] on so many clear days."""

    tilt_deg: float
    azimuth_deg: float
    capacity_kwp: float
    misfit_pct: float
    clear_days: int


def clear_days(energy_kwh: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rows of a table (day, hour) that are days without clouds, the smoothest first; incomplete days are none."""
    hours = np.where(np.isnan(energy_kwh), 0.0, energy_kwh)
    sums = np.where(_has_gap(energy_kwh), np.nan, hours.sum(axis=1))
    squares = (hours**2).sum(axis=1)
    steps = (np.diff(hours, 2, axis=1) ** 2).sum(axis=1)
    roughness = np.divide(steps, squares, out=np.full(len(hours), np.inf), where=squares > 0)
    turns = _turns(hours)
    candidates = np.flatnonzero(is_bright(sums) & (turns <= 1) & ((hours > 0).sum(axis=1) >= _LEAST_HOURS))
    order = candidates[np.argsort(roughness[candidates], kind="stable")]
    smooth = order[roughness[order] <= max(_ROUGHEST, 1.5 * float(np.min(roughness[order], initial=np.inf)))]
    return np.asarray(smooth[:MOST_CLEAR_DAYS])


def is_bright(days_kwh: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Days that make at least 85 % of the best one within two weeks before and after; unknown days are not."""
    known = np.nan_to_num(days_kwh)
    return np.asarray((known > 0) & (known >= _BRIGHT * _best_around(known)))


def fit_plane(
    energy_kwh: NDArray[np.float64], sky: Sky, *, plane: tuple[float, float] | None = None, capacity_kw: float | None = None
) -> PlaneFit | None:
    """Fit plane and capacity, or with a known `plane` (tilt, azimuth) the capacity alone.

    Args:
        energy_kwh: Known energies (day, hour).
        sky: The sky of the same hours, in their order.
        plane: Tilt and azimuth where they are registered.
        capacity_kw: AC rating: hours near it are cut and left out.

    Returns:
        None where there are fewer than five clear days, or nothing fits them.
    """
    days = clear_days(energy_kwh)
    if len(days) < LEAST_CLEAR_DAYS:
        return None
    rows = (days[:, None] * 24 + np.arange(24)).ravel()
    real = energy_kwh.ravel()[rows]
    counts = ~np.isnan(real) & (real > 0) & (real < 0.97 * (capacity_kw or np.inf))
    real, chosen = real[counts], _at(sky, rows[counts])
    found = _best_plane(real, chosen, [plane] if plane else [(t, a) for t in _TILTS for a in _AZIMUTHS])
    if plane is None:
        for step in (2.5, 1.0):
            around = [
                (min(max(found.tilt_deg + step * t, 0.0), 90.0), (found.azimuth_deg + 2 * step * a) % 360)
                for t in (-1, 0, 1)
                for a in (-2, -1, 0, 1, 2)
            ]
            found = _best_plane(real, chosen, around)
    if found.misfit_pct > MOST_MISFIT_PCT:
        return None
    return PlaneFit(found.tilt_deg, found.azimuth_deg, found.capacity_kwp, found.misfit_pct, len(days))


def _best_plane(real: NDArray[np.float64], sky: Sky, planes: list[tuple[float, float]]) -> PlaneFit:
    """The plane with the least squares of one capacity; power is nearly proportional to it."""
    tilts, azimuths = (np.array([plane[part] for plane in planes], float)[:, np.newaxis] for part in (0, 1))
    one_kwp = clear_sky_power(plane_irradiance(sky, tilts, azimuths), 1.0, None)
    squares = (one_kwp**2).sum(axis=1)
    capacities = np.divide(one_kwp @ real, squares, out=np.zeros(len(planes)), where=squares > 0)
    off = np.sqrt(np.mean((capacities[:, np.newaxis] * one_kwp - real) ** 2, axis=1))
    best = int(np.argmin(off))
    tilt, azimuth = planes[best]
    return PlaneFit(float(tilt), float(azimuth), float(capacities[best]), float(100 * off[best] / real.mean()), 0)


def _at(sky: Sky, rows: NDArray[np.int64]) -> Sky:
    return Sky(sky.zenith_deg[rows], sky.azimuth_deg[rows], sky.direct_w_m2[rows], sky.global_w_m2[rows], sky.diffuse_w_m2[rows])


def _has_gap(energy_kwh: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Days on which an hour between the first and the last one with energy is unknown."""
    made = np.nan_to_num(energy_kwh) > 0
    begun = np.logical_or.accumulate(made, axis=1)
    goes_on = np.logical_or.accumulate(made[:, ::-1], axis=1)[:, ::-1]
    return np.asarray((np.isnan(energy_kwh) & begun & goes_on).any(axis=1))


def _turns(hours: NDArray[np.float64]) -> NDArray[np.int64]:
    """How often energy begins to fall in a day, by more than 2 % of its strongest hour."""
    steps = np.diff(hours, axis=1)
    least = 0.02 * hours.max(axis=1, keepdims=True)
    direction = np.where(steps > least, 1, np.where(steps < -least, -1, 0))
    turns = np.zeros(len(hours), np.int64)
    last = np.zeros(len(hours), np.int64)
    for column in range(direction.shape[1]):
        now = direction[:, column]
        turns += (now == -1) & (last == 1)
        last = np.where(now == 0, last, now)
    return turns


def _best_around(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    padded = np.pad(sums, _AROUND_DAYS)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, 2 * _AROUND_DAYS + 1).max(axis=1))
