"""Stored buckets: read within ranges, compared with fresh ones, and brought to them.

A bucket that comes out the same is not written and keeps its `computed_at`, so a repeat restates nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from include.core.span import microseconds_of
from include.rollups.buckets import BUCKET, GRAIN_CODES, Buckets, in_order
from include.rollups.series import ROOM, run
from include.warehouse.binary_copy import NULL_INT32, PG_EPOCH_DAY, PG_EPOCH_US, copy_records, read_records
from include.warehouse.queries import query_text

_FIELDS: Final = [(name, BUCKET[name].str[1:]) for name in BUCKET.names or ()]
_WHOLE: Final = ("active_minutes", "active_hours")
"""Columns that PostgreSQL keeps as integers."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """Spans [lo_us, hi_us) of series, none of one series overlapping."""

    series_id: NDArray[np.int32]
    lo_us: NDArray[np.int64]
    hi_us: NDArray[np.int64]

    def holds(self, buckets: Buckets) -> NDArray[np.bool_]:
        """Does a bucket of one of these series begin within a range of it? Ranges begin and end at whole seconds."""
        order = np.lexsort((self.lo_us, self.series_id))
        series = np.unique(self.series_id)
        begins = _place(series, self.series_id[order], self.lo_us[order])
        ends = np.maximum.accumulate(_place(series, self.series_id[order], self.hi_us[order]))
        places = _place(series, buckets["series_id"], buckets["starts_at"])
        before = np.searchsorted(begins, places, side="right") - 1
        return np.asarray((before >= 0) & (places < ends[before]))


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """What has to be written: stored buckets that go, for good or to come again with other figures, and those that come.

    `same` is how many are as they should be.
    """

    gone: Buckets
    come: Buckets
    same: int

    @property
    def changed_rows(self) -> int:
        """Buckets that are new, changed or gone."""
        return len(np.unique(_keys(np.concatenate([self.gone, self.come]))))


def merged_ranges(series_id: NDArray[np.int32], lo_us: NDArray[np.int64], hi_us: NDArray[np.int64]) -> Ranges:
    """The spans as ranges: those of a series that overlap or touch become one. Spans begin and end at whole seconds."""
    order = np.lexsort((lo_us, series_id))
    series_id, lo_us, hi_us = series_id[order], lo_us[order], hi_us[order]
    if not len(order):
        return Ranges(series_id, lo_us, hi_us)
    series = np.unique(series_id)
    furthest = np.maximum.accumulate(_place(series, series_id, hi_us))
    is_new = np.ones(len(order), bool)
    is_new[1:] = _place(series, series_id, lo_us)[1:] > furthest[:-1]
    starts = np.flatnonzero(is_new)
    return Ranges(series_id[starts], lo_us[starts], np.maximum.reduceat(hi_us, starts))


def read_hours(connection: Connection, ranges: Ranges) -> Buckets:
    """Stored hours that start within the ranges."""
    parameters = {"series_ids": ranges.series_id.tolist(), "lo": ranges.lo_us.tolist(), "hi": ranges.hi_us.tolist()}
    return _read(connection, "read_hours", parameters)


def read_longer(connection: Connection, ranges: Mapping[str, Ranges]) -> Buckets:
    """Stored days, weeks, months and years that start within the ranges of their grain."""
    columns = {
        "series_ids": [each.series_id for each in ranges.values()],
        "codes": [np.full(len(each.series_id), GRAIN_CODES[grain]) for grain, each in ranges.items()],
        "lo": [each.lo_us for each in ranges.values()],
        "hi": [each.hi_us for each in ranges.values()],
    }
    return _read(connection, "read_longer", {name: np.concatenate(parts).tolist() for name, parts in columns.items()})


def differ(stored: Buckets, fresh: Buckets) -> Difference:
    """Compare stored and fresh buckets by their key, then figure by figure; equal bits, or both null, are the same."""
    both = _keys(np.concatenate([stored, fresh]))
    stored_keys, fresh_keys = both[: len(stored)], both[len(stored) :]
    order = np.argsort(stored_keys)
    place = np.searchsorted(stored_keys[order], fresh_keys)
    place = np.minimum(place, max(len(stored) - 1, 0))
    is_known = np.zeros(len(fresh), bool)
    if len(stored):
        is_known = stored_keys[order][place] == fresh_keys
    is_same = is_known.copy()
    match = order[place[is_known]]
    is_same[is_known] = _same(stored[match], fresh[is_known])
    is_kept = np.zeros(len(stored), bool)
    is_kept[order[place[is_same]]] = True
    return Difference(stored[~is_kept], fresh[~is_same], int(is_same.sum()))


def write(connection: Connection, difference: Difference, computed_at: datetime) -> None:
    """Bring the stored buckets to the fresh ones."""
    gone = difference.gone
    if len(gone):
        keys = {name: gone[name].tolist() for name in ("series_id", "grain", "starts_at")}
        run(connection, "stored", "delete_buckets", **keys)
    if len(difference.come):
        copy_records(connection, "mart.rollup", _rows(in_order(difference.come), computed_at))


def _read(connection: Connection, block: str, parameters: Mapping[str, object]) -> Buckets:
    buckets: Buckets = read_records(connection, query_text(ROOM, "stored")[block], _FIELDS, parameters).astype(BUCKET)
    buckets["starts_at"] += PG_EPOCH_US
    buckets["ends_at"] += PG_EPOCH_US
    buckets["local_date"] += PG_EPOCH_DAY
    return buckets


def _keys(buckets: Buckets) -> NDArray[np.int64]:
    """One integer per bucket that tells its key among these: series, grain, second at which it starts."""
    places = _place(np.unique(buckets["series_id"]), buckets["series_id"], buckets["starts_at"])
    return np.asarray(places << 3 | buckets["grain"])


def _place(series: NDArray[np.int32], series_id: NDArray[np.int32], at_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """One integer that orders by series, one of the sorted `series`, and then by second."""
    return np.asarray(np.searchsorted(series, series_id) << 36 | (at_us // 1_000_000 + (1 << 35)))


def _same(one: Buckets, other: Buckets) -> NDArray[np.bool_]:
    is_same = np.ones(len(one), bool)
    for name in BUCKET.names or ():
        a, b = one[name], other[name]
        is_equal = a == b
        if a.dtype.kind == "f":
            is_equal |= np.isnan(a) & np.isnan(b)
        is_same &= is_equal
    return is_same


def _rows(buckets: Buckets, computed_at: datetime) -> NDArray[np.void]:
    """Buckets as rows of mart.rollup: instants and days as PostgreSQL counts them."""
    fields = [(name, BUCKET[name].str) for name in BUCKET.names or () if name not in ("grain", *_WHOLE)]
    rows = np.empty(len(buckets), [("grain", "S5"), *fields, *((name, "i4") for name in _WHOLE), ("computed_at", "i8")])
    for name, _ in fields:
        rows[name] = buckets[name]
    for name in _WHOLE:
        rows[name] = np.where(np.isnan(buckets[name]), NULL_INT32, buckets[name])
    rows["grain"] = np.array([grain.encode() for grain in GRAIN_CODES])[buckets["grain"]]
    rows["starts_at"] -= PG_EPOCH_US
    rows["ends_at"] -= PG_EPOCH_US
    rows["local_date"] -= PG_EPOCH_DAY
    rows["computed_at"] = microseconds_of(computed_at) - PG_EPOCH_US
    return rows
