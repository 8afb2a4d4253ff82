"""Days of series whose readings are to be marked, these readings, and the marks by day."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from include.warehouse.binary_copy import PG_EPOCH_US, read_records
from include.warehouse.queries import query, query_text

_READING: Final = (("number", "i4"), ("at_us", "i8"), ("value", "f8"))


class UnmarkedDay(NamedTuple):
    """A local day of a power or gauge, and what is usual of the series: its peak, and over how much it moves in a day."""

    series_id: int
    tenant_id: int
    kind: str
    local_date: date
    starts_at: datetime
    ends_at: datetime
    rolled_up_at: datetime
    reading_count: int
    usual_peak: float
    usual_span: float


def find_unmarked_days(connection: Connection, *, now: datetime, limit: int) -> list[UnmarkedDay]:
    """Days of the last five weeks that are over and changed since they were marked, the newest first."""
    rows = connection.execute(query("series_marks", "find_unmarked_days"), {"now": now, "limit": limit})
    return list(map(UnmarkedDay._make, rows))


def read_readings(connection: Connection, ranges: Sequence[tuple[int, int, int]]) -> NDArray[np.void]:
    """Readings within each `(series_id, lo, hi)` [us since 1970 UTC], `number` is its place; in the order of time."""
    series_ids, lo, hi = ([row[place] for row in ranges] for place in range(3))
    asked = {"numbers": list(range(len(ranges))), "series_ids": series_ids, "lo": lo, "hi": hi}
    found = read_records(connection, query_text("include.warehouse", "series_marks")["read_readings"], _READING, asked)
    found["at_us"] += PG_EPOCH_US
    return found


def write_marks(connection: Connection, rows: Sequence[Mapping[str, Any]], computed_at: datetime) -> None:
    """Write the marks of days in place of earlier ones."""
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    connection.execute(query("series_marks", "write_marks"), {**columns, "computed_at": computed_at})
