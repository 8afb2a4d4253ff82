"""Months of consumption points become judged months of customers and points."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd

from include.analysis.consumption import METHODS, ConsumptionLimits, Floats, judge_months
from include.analysis.consumption_reasons import reason

_EXPECTED_AFTER_MONTHS: Final = 3
"""So long a point that tells nothing any more is still expected, as in `api.customer_months`."""


def check_months(told: Sequence[tuple[int, int, date, float]]) -> list[dict[str, Any]]:
    """Judge (customer_id, point_id, month, consumption_kwh) rows of whole histories; rows as `mart.consumption_check` has them.

    A customer is judged as a whole (`point_id` None), and where there are several points each of them too. A month of a customer
    in which an expected point is silent is not judged, and no later month is held against it.
    """
    if not told:
        return []
    points = _matrix(told)
    wholes = _wholes(points)
    several = points.groupby(level=0).transform("size") > 1
    subjects = pd.concat([wholes, points[several]])
    limits = judge_months(subjects.to_numpy(float))
    return _rows(subjects, limits)


def _matrix(told: Sequence[tuple[int, int, date, float]]) -> pd.DataFrame:
    """(customer, point) by consecutive calendar months, counted from year 0."""
    rows = pd.DataFrame(told, columns=["customer_id", "point_id", "month", "consumption_kwh"])
    rows["month"] = [month.year * 12 + month.month - 1 for month in rows["month"]]
    found = rows.pivot(index=["customer_id", "point_id"], columns="month", values="consumption_kwh")
    return found.reindex(columns=range(int(rows["month"].min()), int(rows["month"].max()) + 1)).astype(float)


def _wholes(points: pd.DataFrame) -> pd.DataFrame:
    is_told = points.notna().to_numpy()
    places = np.arange(points.shape[1])
    first = is_told.argmax(axis=1)
    last = points.shape[1] - 1 - is_told[:, ::-1].argmax(axis=1) + _EXPECTED_AFTER_MONTHS
    is_silent = ~is_told & (places >= first[:, None]) & (places <= last[:, None])
    sums = points.groupby(level=0).sum(min_count=1)
    any_silent = pd.DataFrame(is_silent, points.index, points.columns).groupby(level=0).any()
    wholes = sums.mask(any_silent)
    wholes.index = pd.MultiIndex.from_product([wholes.index, [0]], names=points.index.names)
    return wholes


def _rows(subjects: pd.DataFrame, limits: ConsumptionLimits) -> list[dict[str, Any]]:
    kwh: Floats = subjects.to_numpy(float)
    months = [date(number // 12, number % 12 + 1, 1) for number in map(int, subjects.columns)]
    keys = [(int(customer), int(point) or None) for customer, point in subjects.index]
    rows = []
    for row, column in np.argwhere(limits.method > 0).tolist():
        customer_id, point_id = keys[row]
        score = float(limits.score[row, column])
        judged = {
            "consumption_kwh": float(kwh[row, column]),
            "method": METHODS[limits.method[row, column]],
            "expected_kwh": float(limits.expected_kwh[row, column]),
            "lower_kwh": float(limits.lower_kwh[row, column]),
            "upper_kwh": float(limits.upper_kwh[row, column]),
            "score": score,
            "verdict": "high" if score > 1 else "low" if score < -1 else "usual",
        }
        rows.append(
            {"customer_id": customer_id, "point_id": point_id, "month": months[column], **judged, "reason": reason(judged)}
        )
    return rows
