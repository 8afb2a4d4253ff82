"""Verdicts on inverters, from what they made and what they should have made. Pure; arrays are days x inverters."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from include.analysis.comparison import Expectation, Numbers
from include.core.peer_shares import LOW_SHARE, SLIGHTLY_LOW_SHARE, VERY_LOW_SHARE, ZERO_SHARE

SHARPEST_SHARE: Final = 0.96
"""Where an inverter keeps its share very evenly, a smaller loss is seen, too, but none above this share."""
_SIGNIFICANT: Final = 2.8
"""Spreads below the usual share from which on a deviation is hardly chance."""


def judge(compared_kwh: Numbers, expectation: Expectation) -> NDArray[np.str_]:
    """The verdict of each day and inverter; low only where the deviation is beyond what is usual for the inverter."""
    with np.errstate(invalid="ignore", divide="ignore"):
        share = compared_kwh / expectation.expected_kwh
    limit = 1 - _SIGNIFICANT * np.nan_to_num(expectation.spread, nan=0.0)
    slightly = np.clip(limit, VERY_LOW_SHARE, SHARPEST_SHARE)
    slightly = np.where(np.isnan(expectation.spread), SLIGHTLY_LOW_SHARE, slightly)
    verdict = np.full(share.shape, "normal", "<U12")
    limits: dict[str, Numbers | float] = {
        "slightly low": slightly,
        "low": np.minimum(LOW_SHARE, slightly),
        "very low": VERY_LOW_SHARE,
        "zero": ZERO_SHARE,
    }
    for name, below in limits.items():
        verdict[share < below] = name
    verdict[expectation.reason != ""] = "not compared"
    return verdict


def lost_kwh(compared_kwh: Numbers, expectation: Expectation, verdict: NDArray[np.str_]) -> Numbers:
    """What was lost in the compared hours where the verdict is low or worse; 0 else, NaN where nothing is expected."""
    is_low = ~np.isin(verdict, ("normal", "not compared"))
    loss = np.where(is_low, np.maximum(expectation.expected_kwh - compared_kwh, 0.0), 0.0)
    return np.where(np.isnan(expectation.expected_kwh), np.nan, loss)
