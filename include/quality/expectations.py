"""Expectations that Great Expectations does not have: rules that need the quantity beside the value, and whole months.

Importing this module imports Great Expectations (seconds of CPU); only `include.quality.checks` does so, and late.
"""

from typing import Any, Literal

import numpy as np
import pandas as pd
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation, MulticolumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import column_condition_partial
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import ColumnMapMetricProvider
from great_expectations.expectations.metrics.map_metric_provider.multicolumn_condition_partial import (
    multicolumn_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.multicolumn_map_metric_provider import (
    MulticolumnMapMetricProvider,
)

_EASTMOST = pd.Timedelta(hours=14)
_WESTMOST = pd.Timedelta(hours=12)


class _InstantsWithinLimits(MulticolumnMapMetricProvider):
    condition_metric_name = "reading.instants_within_limits"
    condition_value_keys = ("earliest",)

    @multicolumn_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator] # GX leaves it untyped
    def _pandas(cls, columns: pd.DataFrame, *, earliest: str, **_: Any) -> pd.Series:  # noqa: N805, ANN401
        at, latest = columns.iloc[:, 0], columns.iloc[:, 1]
        return ~((at < pd.Timestamp(earliest)) | (at > latest))


class ExpectInstantsWithinLimits(MulticolumnMapExpectation):
    """Each instant is not before `earliest` (ISO 8601, aware) and not after that of its own row; nulls keep the rule.

    column_list = [instant, latest instant], both with a zone.
    """

    earliest: str
    ignore_row_if: Literal["never"] = "never"

    map_metric = "reading.instants_within_limits"
    success_keys = ("earliest", "mostly")
    args_keys = ("column_list", "earliest")


class _WithinLimits(MulticolumnMapMetricProvider):
    condition_metric_name = "reading.within_limits"
    condition_value_keys = ("limits",)

    @multicolumn_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator] # GX leaves it untyped
    def _pandas(cls, columns: pd.DataFrame, *, limits: dict[str, list[float]], **_: Any) -> pd.Series:  # noqa: N805, ANN401
        """NaN and rows of a quantity without limits keep the rule."""
        names = list(columns.iloc[:, 0].cat.categories)
        codes = columns.iloc[:, 0].cat.codes.to_numpy()
        value = columns.iloc[:, 1].to_numpy()
        # Code -1, no quantity, takes the last place of both tables.
        low = np.array([limits[name][0] if name in limits else -np.inf for name in names] + [-np.inf])
        high = np.array([limits[name][1] if name in limits else np.inf for name in names] + [np.inf])
        return pd.Series(~((value < low[codes]) | (value > high[codes])), index=columns.index)


class ExpectReadingsWithinLimits(MulticolumnMapExpectation):
    """Each value lies within the inclusive `[low, high]` of its own quantity; column_list = [quantity, value]."""

    limits: dict[str, list[float]]
    ignore_row_if: Literal["never"] = "never"

    map_metric = "reading.within_limits"
    success_keys = ("limits", "mostly")
    args_keys = ("column_list", "limits")


class _PowerWithinRating(MulticolumnMapMetricProvider):
    condition_metric_name = "reading.power_within_rating"
    condition_value_keys = ("limits", "most", "own_use")

    @multicolumn_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator] # GX leaves it untyped
    def _pandas(
        cls,  # noqa: N805
        columns: pd.DataFrame,
        *,
        limits: dict[str, list[float]],
        most: float,
        own_use: float,
        **_: Any,  # noqa: ANN401
    ) -> pd.Series:
        """NaN, unknown ratings, rows of another quantity and what is impossible anyway keep the rule."""
        names = list(columns.iloc[:, 0].cat.categories)
        codes = columns.iloc[:, 0].cat.codes.to_numpy()
        value = columns.iloc[:, 1].to_numpy()
        low, high = (np.array([limits[name][side] if name in limits else np.nan for name in names] + [np.nan]) for side in (0, 1))
        rated, may_draw = columns.iloc[:, 2].to_numpy(), np.where(columns.iloc[:, 3].to_numpy(), most, own_use)
        is_outside = (value > most * rated) | (value < -may_draw * rated)
        return pd.Series(~(is_outside & (value >= low[codes]) & (value <= high[codes])), index=columns.index)


class ExpectPowerWithinRating(MulticolumnMapExpectation):
    """Each value of a power in `limits` is at most `most` times the rating of its row, and at least `-own_use` times it.

    With a battery it is at least `-most` times it. column_list = [quantity, value, rated_kw, has_battery]. What lies outside the
    inclusive `[low, high]` of its power is told by another rule.
    """

    limits: dict[str, list[float]]
    most: float
    own_use: float
    ignore_row_if: Literal["never"] = "never"

    map_metric = "reading.power_within_rating"
    success_keys = ("limits", "most", "own_use", "mostly")
    args_keys = ("column_list", "limits", "most", "own_use")


class _ReadableValue(MulticolumnMapMetricProvider):
    condition_metric_name = "reading.readable_value"
    condition_value_keys = ("states",)

    @multicolumn_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator] # GX leaves it untyped
    def _pandas(cls, columns: pd.DataFrame, *, states: list[str], **_: Any) -> pd.Series:  # noqa: N805, ANN401
        quantity = columns.iloc[:, 0]
        codes = quantity.cat.codes.to_numpy()
        readable = ~np.isnan(columns.iloc[:, 1].to_numpy())
        if columns.shape[1] > 2:
            is_state = np.array([name in states for name in quantity.cat.categories] + [False])[codes]
            readable = np.where(is_state, columns.iloc[:, 2].to_numpy(), readable)
        return pd.Series(readable & (codes >= 0), index=columns.index)


class ExpectReadableValue(MulticolumnMapExpectation):
    """Each row has a quantity and a value of its kind: a number, or a text where the quantity is one of `states`.

    column_list = [quantity, value], and has_state (bool) as a third where `states` is not empty.
    """

    states: list[str]
    ignore_row_if: Literal["never"] = "never"

    map_metric = "reading.readable_value"
    success_keys = ("states", "mostly")
    args_keys = ("column_list", "states")


class _MonthStart(ColumnMapMetricProvider):
    condition_metric_name = "column_values.month_start"

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, **_: Any) -> pd.Series:  # noqa: N805, ANN401
        # A local midnight of the first day lies from 14 h before to 12 h after the same midnight in UTC.
        eastmost = column + _EASTMOST
        day_of_month = eastmost.dt.day
        since_midnight = eastmost - eastmost.dt.normalize()
        into_month = since_midnight + pd.to_timedelta(day_of_month - 1, unit="D")
        on_the_quarter = (column.dt.minute % 15 == 0) & (column.dt.second == 0) & (column.dt.microsecond == 0)
        kept: pd.Series = (into_month <= _EASTMOST + _WESTMOST) & on_the_quarter
        return kept


class ExpectMonthStart(ColumnMapExpectation):
    """Each instant is the first midnight of a month in some time zone of the world; nulls keep the rule."""

    map_metric = "column_values.month_start"
    success_keys = ("mostly",)
    args_keys = ("column",)
