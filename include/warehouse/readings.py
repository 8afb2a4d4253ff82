"""Bulk load of one document's readings: idempotent, in the order of receipt, marking the days that changed.

Everything here runs in the caller's transaction. A reading is (series, instant); of two documents that contradict each other
the one received last (the higher document_id) wins, whatever the order in which they are loaded.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection

from include.core.settings import PartitionWidth
from include.core.span import Span, microseconds_of
from include.warehouse import documents
from include.warehouse.binary_copy import PG_EPOCH_US, copy_columns
from include.warehouse.engine import transaction
from include.warehouse.incoming import Incoming
from include.warehouse.queries import query

_SAMPLED_SERIES = 20
_DENSE_SHARE = 0.3
"""From this share of new to stored readings in the same spans one range scan per series beats one probe per reading."""

_FEW = 1000
"""Up to so many readings their spans go to PostgreSQL within the statement."""

_MADE_TOGETHER = 100
"""A server has so many locks for a transaction, and each partition takes some."""

_PG_EPOCH_DAY = date(2000, 1, 1)
_QUARTER_US = 900_000_000
_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Written:
    """What a load did to the stored readings; the three sum to the number of incoming ones."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: "Written") -> "Written":
        """Sum, count by count."""
        return Written(self.inserted + other.inserted, self.updated + other.updated, self.unchanged + other.unchanged)


def ensure_partitions(
    url: str, incoming: Incoming, width: PartitionWidth = "month", *, days_since: date = date(1970, 1, 1)
) -> None:
    """Create the partitions that `incoming` needs, some in each short transaction: all wait for it.

    New ones are so wide, but none of days before `days_since` (UTC) is narrower than a month: a history of decades is not to
    make thousands, which everybody would search.
    """
    days = np.unique((incoming.measured_at - PG_EPOCH_US) // _DAY_US)
    old = days < (days_since - _PG_EPOCH_DAY).days
    for of_width, chosen in (("month", days[old].tolist()), (width, days[~old].tolist())):
        for start in range(0, len(chosen), _MADE_TOGETHER):
            with transaction(url) as connection:
                some = {"days": chosen[start : start + _MADE_TOGETHER], "width": of_width}
                connection.execute(query("readings", "ensure_partitions"), some)


def lock_tenant(connection: Connection, tenant_id: int) -> None:
    """Wait until nobody else writes readings of this tenant or registers its fleet; held until the transaction ends."""
    connection.execute(query("readings", "lock_tenant"), {"tenant_id": tenant_id})


def load_readings(
    connection: Connection,
    incoming: Incoming,
    *,
    document_id: int,
    timezones: Mapping[int, str],
    earlier: tuple[datetime, datetime, int] | None = None,
) -> Written:
    """Bring the stored readings to what `incoming` asserts and mark the days that changed.

    Args:
        connection: a transaction that holds `lock_tenant`; the partitions exist.
        incoming: the document's readings.
        document_id: decides contradictions.
        timezones: IANA zone of each series.
        earlier: (first instant, last instant, tenant_id) of an earlier load of the same document, whose readings
            that are no longer in it are retracted.
    """
    if not len(incoming) and earlier is None:
        return Written()
    if earlier is None and not overlaps(connection, incoming):
        append(connection, incoming, document_id, timezones)
        return Written(inserted=len(incoming))
    stage(connection, incoming)
    if earlier is not None:
        retract(connection, document_id, earlier)
    return merge(connection, incoming, document_id)


def load_states(connection: Connection, rows: Iterable[tuple[int, datetime, str]], *, document_id: int) -> Written:
    """Upsert text states (series_id, happened_at, state), each key once."""
    states = list(rows)
    if not states:
        return Written()
    connection.execute(query("readings", "create_incoming_state"))
    insert = "INSERT INTO incoming_state (series_id, happened_at, state) VALUES (%s, %s, %s)"
    connection.exec_driver_sql(insert, states)
    row = connection.execute(query("readings", "upsert_states"), {"document_id": document_id}).one()
    return Written(row.inserted, row.updated, len(states) - row.inserted - row.updated)


def overlaps(connection: Connection, incoming: Incoming, span: Span | None = None) -> bool:
    """Does a series hold a reading between its first and last incoming one, or within `span`?"""
    if span is None and len(incoming) <= _FEW:
        series_ids, firsts, lasts = _ranges(incoming)
        spans = {"series_ids": series_ids.tolist(), "firsts": firsts.tolist(), "lasts": lasts.tolist(), **bounds_of(incoming)}
        return bool(connection.execute(query("readings", "has_overlap_of_few"), spans).scalar_one())
    _copy_ranges(connection, incoming, span)
    return bool(connection.execute(query("readings", "has_overlap"), bounds_of(incoming, span)).scalar_one())


def append(connection: Connection, incoming: Incoming, document_id: int, timezones: Mapping[int, str]) -> None:
    """Write readings where there are none yet."""
    copy_columns(
        connection,
        "mart.reading",
        [
            ("series_id", incoming.series_id),
            ("document_id", np.full(len(incoming), document_id, np.int64)),
            ("measured_at", incoming.measured_at - PG_EPOCH_US),
            ("value", incoming.value),
        ],
    )
    _mark_dirty(connection, local_days(incoming, timezones))


def stage(connection: Connection, incoming: Incoming) -> None:
    """Put the readings into the temporary table `incoming`."""
    connection.exec_driver_sql("SET LOCAL work_mem = '128MB'")
    connection.execute(query("readings", "create_incoming"))
    columns: list[tuple[str, NDArray[Any]]] = [
        ("series_id", incoming.series_id),
        ("measured_at", incoming.measured_at - PG_EPOCH_US),
        ("value", incoming.value),
    ]
    copy_columns(connection, "incoming", columns)
    connection.exec_driver_sql("ANALYZE incoming")


def merge(connection: Connection, incoming: Incoming, document_id: int) -> Written:
    """Bring the stored readings to what is staged."""
    if not len(incoming):
        return Written()
    connection.execute(query("readings", "create_difference"))
    shape = "difference_dense" if _is_dense(connection, incoming) else "difference_sparse"
    bounds, document = bounds_of(incoming), {"document_id": document_id}
    connection.execute(query("readings", shape), document | bounds)
    connection.execute(query("readings", "keep_superseded"), document)
    updated = connection.execute(query("readings", "update_changed"), document | bounds).rowcount
    inserted = connection.execute(query("readings", "insert_new"), document).rowcount
    if updated or inserted:
        connection.execute(query("readings", "mark_dirty_difference"), document)
    return Written(inserted, updated, len(incoming) - inserted - updated)


def retract(
    connection: Connection, document_id: int, earlier: tuple[datetime, datetime, int], *, feed: str | None = None
) -> None:
    """Take away what an earlier load of the document asserted and what is not staged now.

    What a document says as another said it before is kept nowhere, so all later ones that may have said the same say it again;
    `feed` is the only one that has the same series, None for all dropped files.
    """
    first, last, tenant_id = earlier
    parameters = {"document_id": document_id, "first": first, "last": last, "tenant_id": tenant_id}
    forgotten = connection.execute(query("readings", "forget_assertions"), parameters).rowcount
    retracted = connection.execute(query("readings", "retract"), parameters).rowcount
    if not forgotten and not retracted:
        return
    heir_id = connection.execute(query("readings", "reinstate"), {"document_id": document_id}).scalar_one()
    connection.execute(query("readings", "mark_dirty_retracted"))
    since = min(document_id, document_id if heir_id is None else heir_id)
    documents.reopen_newer(connection, document_id, tenant_id, (first, last), feed=feed, since=since)


def _copy_ranges(connection: Connection, incoming: Incoming, span: Span | None = None) -> None:
    series_id, first, last = _ranges(incoming, span)
    connection.execute(query("readings", "create_range"))
    copy_columns(connection, "incoming_range", [("series_id", series_id), ("lo", first), ("hi", last)])
    connection.exec_driver_sql("ANALYZE incoming_range")


def _ranges(incoming: Incoming, span: Span | None = None) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Each series with its first and last instant, or those of `span` where these are beyond [µs since 2000]."""
    starts = run_starts(incoming.series_id)
    ends = np.append(starts[1:], len(incoming)) - 1
    first, last = incoming.measured_at[starts], incoming.measured_at[ends]
    if span is not None:
        first, last = np.minimum(first, microseconds_of(span.start)), np.maximum(last, microseconds_of(span.end) - 1)
    return incoming.series_id[starts], first - PG_EPOCH_US, last - PG_EPOCH_US


def bounds_of(incoming: Incoming, span: Span | None = None) -> dict[str, datetime]:
    """First and last instant of all, or of `span` where these are beyond."""
    first, last = incoming.first, incoming.last
    return {"first": min(first, span.start), "last": max(last, span.end)} if span else {"first": first, "last": last}


def _is_dense(connection: Connection, incoming: Incoming) -> bool:
    if connection.exec_driver_sql("SELECT to_regclass('pg_temp.incoming_range')").scalar_one() is None:
        _copy_ranges(connection, incoming)
    starts = run_starts(incoming.series_id)
    counts = np.diff(np.append(starts, len(incoming)))
    picked = np.linspace(0, len(starts) - 1, min(_SAMPLED_SERIES, len(starts))).astype(int)
    parameters = {"series_ids": incoming.series_id[starts[picked]].tolist(), **bounds_of(incoming)}
    stored = connection.execute(query("readings", "stored_in_sample"), parameters).scalar_one()
    return bool(counts[picked].sum() >= _DENSE_SHARE * stored)


def _mark_dirty(connection: Connection, days: tuple[NDArray[np.int32], NDArray[np.int32]]) -> None:
    copy_columns(connection, "ops.dirty_day", [("series_id", days[0]), ("local_day", days[1])])


def local_days(incoming: Incoming, timezones: Mapping[int, str]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Distinct (series_id, local day) of the readings; days count from 2000-01-01, as PostgreSQL stores a date."""
    names = sorted(set(timezones.values()))
    if len(names) == 1:
        day = _local_day_number(incoming.measured_at, names[0])
    else:
        day = np.empty(len(incoming), np.int32)
        zone_of_row = _zone_index(incoming.series_id, timezones)
        for index, name in enumerate(names):
            rows = zone_of_row == index
            if rows.any():
                day[rows] = _local_day_number(incoming.measured_at[rows], name)
    is_new = np.ones(len(day), bool)
    is_new[1:] = (incoming.series_id[1:] != incoming.series_id[:-1]) | (day[1:] != day[:-1])
    return incoming.series_id[is_new], day[is_new] - np.int32(PG_EPOCH_US // _DAY_US)


def _zone_index(series_id: NDArray[np.int32], timezones: Mapping[int, str]) -> NDArray[np.int16]:
    names = {name: index for index, name in enumerate(sorted(set(timezones.values())))}
    table = np.zeros(max(timezones, default=0) + 1, np.int16)
    for series, name in timezones.items():
        table[series] = names[name]
    return table[series_id]


def _local_day_number(measured_at: NDArray[np.int64], timezone: str) -> NDArray[np.int32]:
    """Days since 1970 in the zone; offsets are looked up per quarter hour, the finest step at which zones change."""
    first = int(measured_at.min()) // _QUARTER_US
    quarters = np.arange(first, int(measured_at.max()) // _QUARTER_US + 1) * _QUARTER_US
    stamps = pd.DatetimeIndex(quarters.view("datetime64[us]"), tz="UTC")
    wall = stamps.tz_convert(timezone).tz_localize(None).as_unit("us").asi8
    local = measured_at + (wall - quarters)[measured_at // _QUARTER_US - first]
    return np.asarray(local // _DAY_US, np.int32)


def run_starts(sorted_ids: NDArray[np.int32]) -> NDArray[np.int64]:
    """Positions at which a new value starts in a sorted array."""
    if not len(sorted_ids):
        return np.empty(0, np.int64)
    return np.concatenate(([0], np.flatnonzero(np.diff(sorted_ids)) + 1)).astype(np.int64)
