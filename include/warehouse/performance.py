"""Energy against the monthly target, over the last 1, 7 and 30 complete local days."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection

from include.warehouse.queries import query

MIN_COVERAGE: Final = 0.9
"""Share of the expected time that must be measured for a day to count."""


def read_performance(connection: Connection, *, plant_ids: Sequence[int], as_of: date) -> list[dict[str, Any]]:
    """Three rows per plant: window_days 1, 7, 30, ending on the local day `as_of`, inclusive.

    Keys: plant_id, window_days, first_day, last_day, energy_kwh, target_kwh (both over the counted days), performance_index
    (energy / target; not a performance ratio), measured_kwh (all days), days_counted, days_expected, days_without_target.
    A number that cannot be told is None.
    """
    parameters = {"plant_ids": list(plant_ids), "as_of": as_of, "min_coverage": MIN_COVERAGE}
    return [dict(row._mapping) for row in connection.execute(query("performance", "read_performance"), parameters)]
