"""A lone inverter beside the clear sky: the best day of a week against the best days of the weeks before. Pure.

Clouds rarely last a week without a bright day, so the best of seven days tells of the inverter more than of the weather: a
Shewhart chart of the share of clear-sky energy, with limits of three standard deviations and at least 20 %.
"""

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from include.analysis.comparison import PAST_DAYS, Expectation, Numbers, quantile

WEEK: Final = 7
_LEAST_OF_WEEK: Final = 4
_LEAST_WEEKS: Final = 14
"""So many days with a known best of their week make limits."""
_LEAST_LIMIT: Final = 0.2
_DEVIATIONS: Final = 3.0
_LOW: Final = 2.8
"""The verdicts' own factor: a spread is given such that its limit is that of the chart."""


def expect_from_clear_sky(past_kwh: Numbers, clear_sky: Numbers, judged: NDArray[np.int64]) -> tuple[Numbers, Expectation]:
    """Of each judged day the energy of the best day of its week, and what that day should have made.

    `clear_sky` is proportional to the clear-sky energy of each day of `past_kwh` (one inverter); both have `PAST_DAYS` rows
    before the first judged one.
    """
    share = np.where(clear_sky > 0, past_kwh / np.where(clear_sky > 0, clear_sky, 1.0), np.nan)
    weeks = sliding_window_view(np.concatenate([np.full(WEEK - 1, np.nan), share]), WEEK)
    best = np.where(np.isfinite(weeks).sum(axis=1) >= _LEAST_OF_WEEK, quantile(weeks, 1.0, axis=1), np.nan)
    before = sliding_window_view(best, PAST_DAYS - 2 * WEEK + 2)[judged - PAST_DAYS + WEEK - 1]
    known = np.isfinite(before).sum(axis=1) >= _LEAST_WEEKS
    usual = np.where(known, quantile(before, 0.5, axis=1), np.nan)
    spread = 1.4826 * quantile(np.abs(before - usual[:, np.newaxis]), 0.5, axis=1) / np.where(usual > 0, usual, np.nan)
    reason = np.where(np.isnan(best[judged]), "not measured", np.where(usual > 0, "", "past too short"))
    day_kwh = best[judged] * clear_sky[judged]
    expected = np.where(reason == "", usual * clear_sky[judged], np.nan)
    limit = np.maximum(_DEVIATIONS * spread, _LEAST_LIMIT) / _LOW
    method = np.where(reason == "", "clear sky", "")
    columns = (expected, np.where(reason == "", limit, np.nan), method, reason)
    return day_kwh[:, np.newaxis], Expectation(*(column[:, np.newaxis] for column in columns))
