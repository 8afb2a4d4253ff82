"""Which months of consumption are unusual: each is held against the months before it, never against later ones.

Months are columns, subjects (customers or consumption points) are rows; a month of which nothing is known is NaN. The method is
the best that the months before allow, and all of them work on logarithms, for consumption changes by shares:

- `seasonal`: the same month of the two or three years before, each moved by how the last six months changed against that year.
- `last_year`: the same from one year alone.
- `recent`: mean of the last twelve months, at least six; limits three sample standard deviations and at least 30 % away.
- `short`: median of the last three months; limits a fifth and five times of it: only gross errors.

Limits of the first two are 3.5 robust standard deviations (1.4826 x median absolute error of the last 24 expectations, at least
0.03 in logarithms) and at least 25 % away. No limit is closer than 10 kWh.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

METHODS: Final = ("none", "short", "recent", "last_year", "seasonal")
RULES_VERSION: Final = 1
"""Rises with every change of the rules: then all months are judged again."""

_YEAR: Final = 12
_MOST_YEARS: Final = 3
_TREND_MONTHS: Final = 6
_LEAST_TREND_MONTHS: Final = 3
_RECENT_MONTHS: Final = 12
_LEAST_RECENT_MONTHS: Final = 6
_ERROR_MONTHS: Final = 24
_LEAST_ERRORS: Final = 3
_UNKNOWN_SCALE: Final = 0.15
_LEAST_SCALE: Final = 0.03
_SCALES: Final = 3.5
_LEAST_SHARE: Final = 0.25
_RECENT_DEVIATIONS: Final = 3.0
_LEAST_RECENT_SHARE: Final = 0.3
_SHORT_FACTOR: Final = 5.0
_LEAST_KWH: Final = 10.0
_USUAL_ZEROS: Final = 3
_NEW_LEVEL_MONTHS: Final = 3
_MAD_TO_SD: Final = 1.4826


@dataclass(frozen=True, slots=True)
class ConsumptionLimits:
    """What was to be expected, and how far from it a month is; all (subject, month), NaN where no judgement is possible.

    `score` is the distance from the expectation by that of the limit on its side: beyond 1 or -1 a month is unusual. `method`
    holds places in `METHODS`.
    """

    method: NDArray[np.int8]
    expected_kwh: Floats
    lower_kwh: Floats
    upper_kwh: Floats
    score: Floats

    @property
    def is_unusual(self) -> NDArray[np.bool_]:
        """Months beyond a limit."""
        return np.abs(self.score) > 1


def judge_months(consumption_kwh: Floats) -> ConsumptionLimits:
    """Judge every month of every subject [kWh] by the months before it; consecutive calendar months, NaN where unknown.

    An unusual month does not enter later expectations, until three in a row made a new level. A zero is no level; where three
    of the last twelve months are zero, it is usual and not judged.
    """
    known = _Known(consumption_kwh)
    shape = consumption_kwh.shape
    limits = ConsumptionLimits(np.zeros(shape, np.int8), *(np.full(shape, np.nan) for _ in range(4)))
    for month in range(shape[1]):
        _judge(known, limits, month)
    return limits


class _Known:
    """What is known before a month: levels as logarithms, errors of earlier expectations, unusual months in a row."""

    def __init__(self, consumption_kwh: Floats) -> None:
        self.kwh = consumption_kwh
        with np.errstate(divide="ignore"):
            self.log = np.where(consumption_kwh > 0, np.log(np.where(consumption_kwh > 0, consumption_kwh, 1.0)), np.nan)
        self.level = np.full(consumption_kwh.shape, np.nan)
        self.error = np.full(consumption_kwh.shape, np.nan)
        self.unusual_in_a_row = np.zeros(len(consumption_kwh), np.int64)

    def accept(self, month: int, expected: Floats, is_unusual: NDArray[np.bool_]) -> None:
        """Take a judged month in: as it is, or as it should have been."""
        is_known = ~np.isnan(self.kwh[:, month])
        self.unusual_in_a_row = np.where(is_known, np.where(is_unusual, self.unusual_in_a_row + 1, 0), self.unusual_in_a_row)
        self.level[:, month] = np.where(is_unusual, expected, self.log[:, month])
        most = 1.0 if month >= _YEAR else 0.5
        self.error[:, month] = np.clip(self.log[:, month] - expected, -most, most)
        is_new = is_unusual & (self.unusual_in_a_row >= _NEW_LEVEL_MONTHS)
        first = max(month + 1 - _NEW_LEVEL_MONTHS, 0)
        new = self.log[:, first : month + 1]
        self.level[:, first : month + 1] = np.where(is_new[:, None], new, self.level[:, first : month + 1])


def _judge(known: _Known, limits: ConsumptionLimits, month: int) -> None:
    by_year, years = _seasonal(known.level, month)
    recent = _recent(known.level, month)
    scale = _scale(known.error, month)
    widths = _SCALES * scale
    with np.errstate(invalid="ignore"):
        seasonal = (
            np.exp(by_year),
            np.exp(by_year) * np.minimum(np.exp(-widths), 1 - _LEAST_SHARE),
            np.exp(by_year) * np.maximum(np.exp(widths), 1 + _LEAST_SHARE),
        )
        short = _median(np.exp(known.level[:, max(month - 3, 0) : month]), 3)
        shorts = (short, short / _SHORT_FACTOR, short * _SHORT_FACTOR)
    choice = np.select([years >= 2, years == 1, ~np.isnan(recent[0]), ~np.isnan(short)], [4, 3, 2, 1], 0)
    is_judged = ~np.isnan(known.kwh[:, month]) & ~_zeros_are_usual(known.kwh, month)
    expected, lower, upper = (
        np.select([choice >= 3, choice == 2, choice == 1], [seasonal[i], recent[i], shorts[i]], np.nan) for i in range(3)
    )
    lower = np.minimum(np.maximum(lower, expected / 20), np.maximum(expected - _LEAST_KWH, 0))
    upper = np.maximum(upper, expected + _LEAST_KWH)
    over = known.kwh[:, month] - expected
    score = np.where(over >= 0, over / (upper - expected), over / np.where(expected > lower, expected - lower, np.nan))
    limits.method[:, month] = np.where(is_judged, choice, 0)
    for target, values in (
        (limits.expected_kwh, expected), (limits.lower_kwh, lower), (limits.upper_kwh, upper), (limits.score, score),
    ):  # fmt: skip
        target[:, month] = np.where(is_judged & (choice > 0), values, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        known.accept(month, np.log(expected), np.abs(limits.score[:, month]) > 1)


def _seasonal(level: Floats, month: int) -> tuple[Floats, NDArray[np.int64]]:
    """Expected logarithm from the same month of earlier years, and from how many of them."""
    total, years = np.zeros(len(level)), np.zeros(len(level), np.int64)
    latest_trend = np.zeros(len(level))
    for year in range(1, _MOST_YEARS + 1):
        back = year * _YEAR
        if month < back:
            break
        first = max(back, month - _TREND_MONTHS)
        changes = level[:, first:month] - level[:, first - back : month - back]
        trend = _median(changes, _LEAST_TREND_MONTHS)
        trend = np.where(np.isnan(trend), latest_trend, trend)
        latest_trend = trend if year == 1 else latest_trend
        told = level[:, month - back] + trend
        is_told = ~np.isnan(told)
        total, years = total + np.where(is_told, told, 0), years + is_told
    return np.divide(total, years, out=np.full(len(level), np.nan), where=years > 0), years


def _recent(level: Floats, month: int) -> tuple[Floats, Floats, Floats]:
    """Mean of the last months and its limits [kWh]; NaN where fewer than six are known."""
    past = np.exp(level[:, max(month - _RECENT_MONTHS, 0) : month])
    count = (~np.isnan(past)).sum(axis=1)
    is_told = count >= _LEAST_RECENT_MONTHS
    mean = np.divide(np.nansum(past, axis=1), count, out=np.full(len(level), np.nan), where=is_told)
    squares = np.nansum((past - mean[:, None]) ** 2, axis=1)
    deviation = np.sqrt(np.divide(squares, count - 1, out=np.full(len(level), np.nan), where=is_told))
    width = np.maximum(_RECENT_DEVIATIONS * deviation, _LEAST_RECENT_SHARE * mean)
    return mean, mean - width, mean + width


def _scale(error: Floats, month: int) -> Floats:
    """Robust standard deviation of the last errors, in logarithms."""
    found = _MAD_TO_SD * _median(np.abs(error[:, max(month - _ERROR_MONTHS, 0) : month]), _LEAST_ERRORS)
    return np.where(np.isnan(found), _UNKNOWN_SCALE, np.maximum(found, _LEAST_SCALE))


def _zeros_are_usual(kwh: Floats, month: int) -> NDArray[np.bool_]:
    zeros = np.count_nonzero(kwh[:, max(month - _YEAR, 0) : month] == 0, axis=1)
    usual: NDArray[np.bool_] = (kwh[:, month] == 0) & (zeros >= _USUAL_ZEROS)
    return usual


def _median(values: Floats, least: int) -> Floats:
    """Median of each row without its NaN; NaN where fewer than `least` are left."""
    if not values.shape[1]:
        return np.full(len(values), np.nan)
    ordered = np.sort(values, axis=1)
    count = (~np.isnan(values)).sum(axis=1)
    rows = np.arange(len(values))
    middle = (ordered[rows, np.maximum(count - 1, 0) // 2] + ordered[rows, np.minimum(count // 2, values.shape[1] - 1)]) / 2
    return np.where(count >= least, middle, np.nan)
