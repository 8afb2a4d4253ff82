"""How much less a plant makes from year to year: year-on-year, as Jordan et al. 2018 and RdTools' `degradation_year_on_year`.

Each bright day is compared with the one a year later, both by their clear-sky energy; the median of the slopes is the
degradation, its 95 % interval is drawn from the pairs. Clouds, snow and outages of single days move a median little.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

LEAST_DAYS: Final = 730
"""From the first known day to the last; below two years nothing is told."""
LEAST_PAIRS: Final = 60
_YEAR: Final = 365
_NEAREST: Final = 7
"""Days by which the other day may lie beside a year."""
_DRAWS: Final = 1000


@dataclass(frozen=True, slots=True)
class Degradation:
    """Change per year [%] with its 95 % interval, negative where the plant makes less; pairs of days behind it."""

    pct: float
    low_pct: float
    high_pct: float
    pairs: int


def degradation(
    days_kwh: NDArray[np.float64], clear_sky_kwh: NDArray[np.float64], is_bright: NDArray[np.bool_]
) -> Degradation | None:
    """Year-on-year degradation over consecutive local days; None below two years, or with too few pairs.

    Args:
        days_kwh: Known energies, NaN for days that do not count.
        clear_sky_kwh: What the plant's model makes of the same days without clouds.
        is_bright: Days that may be compared.
    """
    counts = is_bright & ~np.isnan(days_kwh) & (clear_sky_kwh > 0)
    known = np.flatnonzero(counts)
    if len(known) == 0 or known[-1] - known[0] < LEAST_DAYS:
        return None
    ratio = np.full(len(days_kwh), np.nan)
    ratio[known] = days_kwh[known] / clear_sky_kwh[known]
    slopes = _slopes(ratio, known)
    if len(slopes) < LEAST_PAIRS:
        return None
    rng = np.random.default_rng(0)
    drawn = np.median(slopes[rng.integers(0, len(slopes), (_DRAWS, len(slopes)))], axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Degradation(float(np.median(slopes)), float(low), float(high), len(slopes))


def _slopes(ratio: NDArray[np.float64], known: NDArray[np.int64]) -> NDArray[np.float64]:
    """Change [% of the first year per year] from each known day to the known day nearest to a year later."""
    first_year = float(np.nanmedian(ratio[known[0] : known[0] + _YEAR]))
    found = []
    for day in known:
        place = int(np.searchsorted(known, day + _YEAR))
        near = [known[n] for n in (place - 1, place) if 0 <= n < len(known) and abs(known[n] - day - _YEAR) <= _NEAREST]
        if near:
            other = min(near, key=lambda each: abs(each - day - _YEAR))
            found.append(100 * (ratio[other] - ratio[day]) / first_year / ((other - day) / _YEAR))
    return np.array(found)
