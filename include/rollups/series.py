"""Series that are to be rolled up: claimed for one transaction, and what their buckets need to know of their subjects."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import nan
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, CursorResult

from include.rollups.daylight import place_of
from include.warehouse.queries import room_query

ROOM: Final = "include.rollups"


@dataclass(frozen=True, slots=True)
class KnownSeries:
    """One series and its subject. `timezone` is IANA; coordinates are the plant's own, `plant_id` the plant or the device's.

    `rated_kw` bounds what a counter of generation can gain; `amount_of` is 5min, 15min, 30min, hour, day or month.
    """

    series_id: int
    kind: str
    origin: str
    quantity: str
    timezone: str
    plant_id: int | None
    device_kind: str | None
    is_solar: bool
    latitude: float | None
    longitude: float | None
    amount_of: str | None
    is_daily: bool
    is_energy: bool
    rated_kw: float | None

    @property
    def place(self) -> tuple[float, float]:
        """Latitude and longitude of the sun over solar power, else NaN: its readings are expected all day."""
        if not self.is_solar:
            return nan, nan
        place = place_of(self.timezone, self.latitude, self.longitude)
        return place.latitude, place.longitude


def claim_days(connection: Connection, limit: int) -> dict[int, NDArray[np.int32]]:
    """Take the dirty days of the series that waited longest: local days since 1970-01-01 by series_id, none twice.

    A series is claimed with all its dirty days, and no other roll-up has it until the transaction ends. About `limit` days in
    all, more where a single series has more.
    """
    locked = run(connection, "claims", "lock_series", limit=limit).all()
    series_ids, days = [], 0
    for row in locked:
        if days and days + row.marks > limit:
            break
        series_ids.append(row.series_id)
        days += row.marks
    if not series_ids:
        run(connection, "claims", "delete_orphans")
        return {}
    taken = run(connection, "claims", "take_marks", series_ids=series_ids).all()
    if not taken:
        # Another roll-up took them and committed while this one looked for series.
        return {}
    series, day = np.array([tuple(row) for row in taken], np.int32).reshape(-1, 2).T
    starts = np.flatnonzero(np.diff(series, prepend=-1))
    return dict(zip(series[starts].tolist(), np.split(day, starts[1:]), strict=True))


def describe_series(connection: Connection, series_ids: Sequence[int]) -> list[KnownSeries]:
    """Facts of the series that exist, by series_id."""
    rows = run(connection, "claims", "describe_series", series_ids=list(series_ids))
    return [KnownSeries(**row._mapping) for row in rows]


def computed_together(series: Iterable[KnownSeries]) -> Iterator[list[KnownSeries]]:
    """Groups of series of one zone and kind, amounts of the same interval, each group by series_id."""

    def common(each: KnownSeries) -> tuple[str, str, str, bool]:
        return each.timezone, each.kind, each.amount_of or "", each.is_energy

    for _, group in groupby(sorted(series, key=lambda each: (*common(each), each.series_id)), key=common):
        yield list(group)


def run(connection: Connection, subject: str, block: str, **parameters: object) -> CursorResult[Any]:
    """Execute one block of this room's SQL."""
    return connection.execute(room_query(ROOM, subject, block), parameters)
