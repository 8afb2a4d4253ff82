"""Energy against the monthly target, over windows of local days."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from include.core.coverage import COMPLETE_DAY_COVERAGE
from include.core.span import month_start
from include.warehouse.queries import query

WINDOW_DAYS: Final = (1, 7, 30)
"""Lengths [local days] of the windows that end with a day."""


class PerformanceWindow(NamedTuple):
    """Local days of a plant, both included, under the name of the window."""

    plant_id: int
    name: str
    first_day: date
    last_day: date


def day_windows(plant_id: int, as_of: date, window_days: Iterable[int] = WINDOW_DAYS) -> list[PerformanceWindow]:
    """Windows of so many local days that end with `as_of`, by length."""
    return [
        PerformanceWindow(plant_id, f"{days}_days", as_of - timedelta(days=days - 1), as_of) for days in sorted(set(window_days))
    ]


def calendar_windows(plant_id: int, as_of: date) -> list[PerformanceWindow]:
    """Month and year to date, and the last month and year that had ended with `as_of`."""
    tomorrow = as_of + timedelta(days=1)
    month_end = month_start(tomorrow) - timedelta(days=1)
    year_end = tomorrow.replace(month=1, day=1) - timedelta(days=1)
    return [
        PerformanceWindow(plant_id, "month_to_date", month_start(as_of), as_of),
        PerformanceWindow(plant_id, "month", month_start(month_end), month_end),
        PerformanceWindow(plant_id, "year_to_date", as_of.replace(month=1, day=1), as_of),
        PerformanceWindow(plant_id, "year", year_end.replace(month=1, day=1), year_end),
    ]


def read_performance(
    connection: Connection, *, plant_ids: Sequence[int], as_of: date, window_days: Sequence[int] = WINDOW_DAYS
) -> list[dict[str, Any]]:
    """`read_windows` for windows that end on the local day `as_of`, inclusive; by plant and length."""
    return read_windows(connection, [window for plant in sorted(plant_ids) for window in day_windows(plant, as_of, window_days)])


def read_windows(connection: Connection, windows: Sequence[PerformanceWindow]) -> list[dict[str, Any]]:
    """One row per window in the order given; none for a plant that is not there.

    Keys: plant_id, window, window_days, first_day, last_day, energy_kwh, target_kwh (both over the counted days),
    performance_index (energy / target; not a performance ratio), measured_kwh (all days), recovered_kwh (what of it counters know
    and power does not), energy_sources (of all days, sorted), days_counted, days_expected, days_without_target, missing (target:
    no day has one, energy: none is complete, of those with a target; None where a day counts), targets (of its months: month,
    target_kwh, revision, origin, told_at). A number that cannot be told is None.
    """
    parameters = _asked(windows) | {"names": [window.name for window in windows]}
    return [dict(row._mapping) for row in connection.execute(query("performance", "read_performance"), parameters)]


def read_indices(connection: Connection, windows: Sequence[PerformanceWindow]) -> list[float | None]:
    """The performance_index of each window in the order given, as `read_windows` tells it; None for a plant that is not there."""
    return list(connection.execute(query("performance", "read_performance_indices"), _asked(windows)).scalars())


def _asked(windows: Sequence[PerformanceWindow]) -> dict[str, object]:
    return {
        "plant_ids": [window.plant_id for window in windows],
        "first_days": [window.first_day for window in windows],
        "last_days": [window.last_day for window in windows],
        "min_completeness": COMPLETE_DAY_COVERAGE,
    }
