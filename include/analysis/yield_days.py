"""The sums of a plant's local days from which yields, ratios and availabilities of any period are made (IEC 61724-1 words). Pure.

All arrays go along one axis of hours; `day` says to which of the days each hour belongs. NaN is unknown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from include.analysis.clear_sky import TEMPERATURE_COEFFICIENT

Numbers = NDArray[np.float64]

LEAST_SUN_DEGREES: Final = 10.0
"""Height of the sun in the middle of an hour above which an inverter should produce."""
LEAST_POWER_SHARE: Final = 0.001
"""Of its rating; an inverter whose strongest power in an hour is not more stands still."""
_HOUR_S: Final = 3600.0


@dataclass(frozen=True, slots=True, eq=False)
class InverterHours:
    """What an inverter told of each hour: the share of it that is covered (0 where silent), and whether it made anything.

    `weight` is its rating, or 1 for all where one is unknown, and 0 in hours in which it is not there.
    """

    weight: Numbers
    covered_share: Numbers
    is_producing: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class PlantHours:
    """What is known of a plant hour by hour: energy [kWh], irradiance [W/m2] on its modules, their temperature [°C], the sun.

    `clear_sky_kwh` is None where the plant has no model with a capacity; `is_over` tells which hours have ended.
    `sun_degrees` is the height of the sun in the middle of the hour.
    """

    day: NDArray[np.int64]
    energy_kwh: Numbers
    irradiance_w_m2: Numbers
    module_c: Numbers
    sun_degrees: Numbers
    is_over: NDArray[np.bool_]
    clear_sky_kwh: Numbers | None
    inverters: Sequence[InverterHours]


def yield_days(hours: PlantHours, count: int) -> dict[str, list[float | None]]:
    """Columns of `mart.yield_day` for `count` days; a sum over no hour is None, times without an inverter are 0."""
    lit = hours.sun_degrees > 0
    insolation = np.maximum(hours.irradiance_w_m2, 0.0) / 1000
    both = lit & ~np.isnan(hours.energy_kwh) & ~np.isnan(insolation)
    warm = both & ~np.isnan(hours.module_c)
    corrected = insolation * (1 + TEMPERATURE_COEFFICIENT * (hours.module_c - 25))
    gate = (hours.sun_degrees > LEAST_SUN_DEGREES) & hours.is_over

    def total(values: Numbers, where: NDArray[np.bool_]) -> list[float | None]:
        sums = np.bincount(hours.day[where], weights=values[where], minlength=count)
        hits = np.bincount(hours.day[where], minlength=count)
        return [float(value) if hit else None for value, hit in zip(sums, hits, strict=True)]

    def seconds(share: Numbers) -> list[float | None]:
        return [float(value) for value in np.bincount(hours.day[gate], weights=_HOUR_S * share[gate], minlength=count)]

    clear = hours.clear_sky_kwh
    return {
        "clear_sky_kwh": [None] * count if clear is None else total(clear, np.ones_like(lit)),
        "irradiated_kwh": total(hours.energy_kwh, both),
        "insolation_kwh_m2": total(insolation, both),
        "corrected_kwh": total(hours.energy_kwh, warm),
        "corrected_kwh_m2": total(corrected, warm),
        "daylight_s": seconds(_mean([np.ones(len(lit))] * len(hours.inverters), hours)),
        "reporting_s": seconds(_mean([each.covered_share for each in hours.inverters], hours)),
        "producing_s": seconds(_mean([each.covered_share * each.is_producing for each in hours.inverters], hours)),
    }


def _mean(shares: Sequence[Numbers], hours: PlantHours) -> Numbers:
    """Mean over the inverters that are there, weighted by rating; 0 where none is."""
    if not shares:
        return np.zeros(len(hours.day))
    weights = np.stack([each.weight for each in hours.inverters])
    total = weights.sum(axis=0)
    return np.asarray(np.divide((weights * np.stack(shares)).sum(axis=0), total, out=np.zeros(len(hours.day)), where=total > 0))
