"""Minutes of series as JSON. They are computed from the readings when they are asked for: nobody stores them."""

from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray

from include.core.span import Span, instant_of, microseconds_of
from include.rollups.minutes import read_minutes
from include.warehouse.api_history import ROLLUP_COLUMNS, DeviceGroup, SeriesHead, list_group_series
from include.warehouse.api_session import TenantSession

_MICROSECOND: Final = timedelta(microseconds=1)
_QUARTER_US: Final = 900_000_000
"""The finest step at which zones change."""

# Rows of a long span are many, and none holds another object that could lead back to it: nothing for the garbage collector.
_Row = msgspec.defstruct("_Row", ROLLUP_COLUMNS, gc=False)


def read_series_minutes(
    session: TenantSession, *, head: SeriesHead, span: Span, settled_until: datetime, as_table: bool = False
) -> str:
    """Minutes of one series that overlap the span, as `read_rollups` tells the stored grains."""
    buckets = read_minutes(session.connection, [head.series_id], span)
    rows = _rows(buckets, timezone=head.timezone, span=span, settled_until=settled_until)
    return msgspec.json.encode(list(map(msgspec.structs.astuple, rows)) if as_table else rows).decode()


def read_device_minutes(session: TenantSession, *, group: DeviceGroup, span: Span, settled_until: datetime) -> str:
    """Minutes of one quantity for every device of a plant, as `read_device_rollups` tells the stored grains."""
    devices = list_group_series(session.connection, group)
    buckets = read_minutes(session.connection, [device["series_id"] for device in devices], span)
    rows = _rows(buckets, timezone=group.timezone, span=span, settled_until=settled_until)
    for device in devices:
        first, end = np.searchsorted(buckets["series_id"], [device["series_id"], device["series_id"] + 1]).tolist()
        device["rows"] = rows[first:end]
    return msgspec.json.encode(devices).decode()


def _rows(buckets: NDArray[np.void], *, timezone: str, span: Span, settled_until: datetime) -> list[Any]:
    """A row for each bucket with the members of `ROLLUP_COLUMNS`; msgspec writes NaN as null."""
    lo_us, hi_us, settled_us = (microseconds_of(each) for each in (span.start, span.end, settled_until))
    starts, ends = buckets["starts_at"], buckets["ends_at"]
    is_expected = buckets["expected_s"] > 0
    told = {
        "starts_at": _local_times(starts, ZoneInfo(timezone)),
        "ends_at": _local_times(ends, ZoneInfo(timezone)),
        "local_date": np.datetime_as_string(buckets["local_date"].astype("datetime64[D]")).tolist(),
        "active_minutes": [count or None for count in np.nan_to_num(buckets["active_minutes"]).astype(np.int64).tolist()],
        "active_hours": [None] * len(buckets),
        "coverage": np.divide(
            buckets["covered_s"], buckets["expected_s"], out=np.full(len(buckets), np.nan), where=is_expected
        ).tolist(),
        "provisional": (ends > settled_us).tolist(),
        "partial": ((starts < lo_us) | (ends > hi_us)).tolist(),
    }
    columns = (told[name] if name in told else buckets[name].tolist() for name in ROLLUP_COLUMNS)
    return list(map(_Row, *columns))


def _local_times(at_us: NDArray[np.int64], zone: ZoneInfo) -> list[str]:
    """Instants of whole seconds as ISO 8601, in local time with its offset."""
    quarters, place = np.unique(at_us // _QUARTER_US, return_inverse=True)
    begins = [instant_of(quarter * _QUARTER_US).astimezone(zone) for quarter in quarters.tolist()]
    offset_us = np.array([(each.utcoffset() or timedelta()) // _MICROSECOND for each in begins], np.int64)
    suffixes = [each.isoformat()[len("2026-11-21T12:00:00") :] for each in begins]
    local = np.datetime_as_string((at_us + offset_us[place]).astype("datetime64[us]"), unit="s").tolist()
    return [text + suffixes[quarter] for text, quarter in zip(local, place.tolist(), strict=True)]
