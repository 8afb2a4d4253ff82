"""Energy against the monthly target, over windows of complete local days."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection

from include.core.coverage import COMPLETE_DAY_COVERAGE
from include.warehouse.queries import query

WINDOW_DAYS: Final = (1, 7, 30)
"""Lengths [local days] of the windows that are published."""


def read_performance(
    connection: Connection, *, plant_ids: Sequence[int], as_of: date, window_days: Sequence[int] = WINDOW_DAYS
) -> list[dict[str, Any]]:
    """One row per plant and window that ends on the local day `as_of`, inclusive, by plant and length.

    Keys: plant_id, window_days, first_day, last_day, energy_kwh, target_kwh (both over the counted days), performance_index
    (energy / target; not a performance ratio), measured_kwh (all days), recovered_kwh (what of it counters know and power does
    not), energy_sources (of all days, sorted), days_counted, days_expected, days_without_target. A number that cannot be told is
    None.
    """
    parameters = {
        "plant_ids": list(plant_ids),
        "as_of": as_of,
        "window_days": sorted(set(window_days)),
        "longest_days": max(window_days),
        "min_completeness": COMPLETE_DAY_COVERAGE,
    }
    return [dict(row._mapping) for row in connection.execute(query("performance", "read_performance"), parameters)]
