"""Readings that hardly were measured are counted by series and local day, anew where a day changed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from include.analysis.series_marks import LEAST_LINE, interpolated, outliers, stale, still
from include.core.settings import Settings
from include.core.span import microseconds_of
from include.warehouse import series_marks
from include.warehouse.engine import transaction
from include.warehouse.series_marks import UnmarkedDay

_DAYS_AT_ONCE: Final = 3000
"""Each look for them reads what is usual for every series."""
_READINGS_AT_ONCE: Final = 1_000_000
_MOST_ROUNDS: Final = 200
_AROUND: Final = timedelta(hours=12)
"""What lies before and after a day and tells whether a run or a line goes on."""


def mark_readings(settings: Settings, *, now: datetime) -> dict[str, int]:
    """Mark days until none is left; returns how many, and how many of their readings are marked."""
    days = marked = 0
    for _ in range(_MOST_ROUNDS):
        with transaction(settings.database_url) as connection:
            found = _small(series_marks.find_unmarked_days(connection, now=now, limit=_DAYS_AT_ONCE))
            if not found:
                break
            readings = series_marks.read_readings(connection, [_range(day) for day in found])
            borders = np.searchsorted(readings["number"], np.arange(len(found) + 1))
            rows = [_marks(day, readings[borders[place] : borders[place + 1]]) for place, day in enumerate(found)]
            series_marks.write_marks(connection, rows, now)
        days += len(rows)
        marked += sum(row[name] for row in rows for name in ("stale_count", "interpolated_count", "outlier_count"))
    return {"days": days, "marked": marked}


def _small(days: Sequence[UnmarkedDay]) -> Sequence[UnmarkedDay]:
    """The first of them, as many as have no more readings than fit into memory, and at least one."""
    readings = accumulate(day.reading_count for day in days)
    return days[: max(1, sum(count <= _READINGS_AT_ONCE for count in readings))]


def _range(day: UnmarkedDay) -> tuple[int, int, int]:
    return day.series_id, microseconds_of(day.starts_at - _AROUND), microseconds_of(day.ends_at + _AROUND)


def _marks(day: UnmarkedDay, readings: NDArray[np.void]) -> dict[str, Any]:
    at_us, value = readings["at_us"], readings["value"]
    of_day = (at_us >= microseconds_of(day.starts_at)) & (at_us < microseconds_of(day.ends_at))
    if day.kind == "power":
        found = (stale(value, day.usual_peak), interpolated(at_us, value), outliers(value, day.usual_peak))
    else:
        found = (still(at_us, value, day.usual_span), interpolated(at_us, value, LEAST_LINE), outliers(value, day.usual_span))
    counts = zip(("stale_count", "interpolated_count", "outlier_count"), found, strict=True)
    return {
        "series_id": day.series_id,
        "local_date": day.local_date,
        "tenant_id": day.tenant_id,
        "reading_count": int(of_day.sum()),
        **{name: int((marks & of_day).sum()) for name, marks in counts},
        "rolled_up_at": day.rolled_up_at,
    }
