"""Readings of Deye's answers: powers and energies of a station, frames of devices.

Instants are epoch seconds as number or text; days and months are numbers of the station's own calendar.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from include.core.errors import BadDocument
from include.core.frames import Piece
from include.core.quantities import QUANTITIES
from include.core.span import day_span, microseconds_of
from include.sources.clouds.columns import Column, column_of
from include.sources.clouds.deye.fields import (
    DAY_FIELDS,
    DEVICE_FIELDS,
    DEVICE_RAW,
    DEVICES_NOW,
    DIVISORS,
    FRAMES,
    MONTH_FIELDS,
    MONTHS,
    ROWS,
    STATES,
    STATION_FIELDS,
    STATION_HISTORY,
)
from include.sources.clouds.deye.lists import rows_of
from include.sources.clouds.deye.refusals import LABEL
from include.sources.clouds.document import LandedAnswer, unpack_answer
from include.sources.clouds.gathering import Gathering, Row
from include.sources.formats import names, numbers
from include.sources.formats.context import ParseContext
from include.sources.formats.instants import UNREADABLE

_ROWS: Final = "rows"
_STATION_KEYS: Final = tuple(key for field in STATION_FIELDS for key in field.keys)
_DIVISORS: Final = {key: DIVISORS[QUANTITIES[field.quantity].unit] for field in DEVICE_FIELDS for key in field.keys}
_NO_POINT: Final[Mapping[str, Any]] = {}
_NOW_KEYS: Final = ("collectionTime", "dataList")
_HISTORY_KEYS: Final = ("time", "itemList")
"""Where a frame has its time and its points."""


def parse(body: bytes | memoryview, context: ParseContext) -> Iterator[Piece]:
    """Readings of a station or of devices; which interface answered about devices, the answer itself shows.

    Raises `BadDocument` for what is no such answer.
    """
    answer = unpack_answer(body)
    gathering = Gathering(answer, context)
    if answer.request.kind == "plants":
        _read_station(gathering, answer, context)
    elif ROWS[DEVICES_NOW] in answer.data:
        _read_devices_now(gathering, answer, context.timezone)
    else:
        _read_frames(gathering, answer, context.timezone)
    return gathering.pieces()


def _read_station(gathering: Gathering, answer: LandedAnswer, context: ParseContext) -> None:
    """The station's powers now, its frames, its days or its months; the answer does not name the station."""
    request = answer.request
    if len(request.subjects) != 1:
        raise BadDocument(f"an answer of {LABEL} about {len(request.subjects)} stations cannot be read; ask about one at once")
    key, granularity = request.subjects[0], request.body.get("granularity", FRAMES)
    is_frame, is_month = granularity == FRAMES, granularity == MONTHS
    fields = STATION_FIELDS if is_frame else MONTH_FIELDS if is_month else DAY_FIELDS
    stamp_name = "timeStamp" if request.interface == STATION_HISTORY else "lastUpdateTime"

    def instant(record: Mapping[str, Any]) -> int | None:
        """Instant [UTC µs] of a row; None for a frame with neither a time nor a figure."""
        if not is_frame:
            return _period_start(record, gathering.timezone(key), is_month=is_month)
        stamp = record.get(stamp_name)
        is_blank = stamp is None and all(record.get(name) is None for name in _STATION_KEYS)
        return None if is_blank else gathering.written_instant(stamp, gathering.timezone(key))

    for number, record in enumerate(rows_of(answer.data, request.interface), start=1):
        if not isinstance(record, dict):
            gathering.add_unreadable(number, fields[0].quantity, record)
        elif (at := instant(record)) is not None and gathering.is_within(at):
            gathering.add(_ROWS, key, Row(number, at, record, record))
    gathering.add_fields(_ROWS, fields)


def _period_start(record: Mapping[str, Any], timezone: ZoneInfo, *, is_month: bool) -> int:
    """Instant [UTC µs] at which the row's local day or month begins."""
    fields = ("year", "month") if is_month else ("year", "month", "day")
    read = [numbers.number(record.get(name), frozenset()) for name in fields]
    try:
        year, month, *days = [int(number) for number in read if number is not None and number == int(number)]
        return microseconds_of(day_span(date(year, month, 1 if is_month else days[0]), timezone).start)
    except (ValueError, IndexError, OverflowError):
        return UNREADABLE


def _read_devices_now(gathering: Gathering, answer: LandedAnswer, timezone: ZoneInfo) -> None:
    """The last frame of each device, and its state."""
    for number, record in enumerate(rows_of(answer.data, DEVICES_NOW), start=1):
        key = names.key(record.get("deviceSn")) if isinstance(record, dict) else None
        if key is None:
            gathering.add_unreadable(number, "ac_power_kw", record)
        elif gathering.subject(key) is not None:
            _add_frame(gathering, key, number, record, _NOW_KEYS, timezone)
    _add_points(gathering)
    codes = enumerate(names.key(record.get("deviceState")) for record in gathering.tables[_ROWS].records)
    gathering.add_states(_ROWS, {at: STATES.get(code, code) for at, code in codes if code is not None})


def _read_frames(gathering: Gathering, answer: LandedAnswer, timezone: ZoneInfo) -> None:
    """Frames of one device, from either history."""
    subjects, named = answer.request.subjects, answer.data.get("deviceSn")
    key = subjects[0] if named is None and len(subjects) == 1 else names.key(named)
    records = rows_of(answer.data, DEVICE_RAW)
    if key is None or gathering.subject(key) is None:
        return
    for number, record in enumerate(records, start=1):
        if isinstance(record, dict):
            _add_frame(gathering, key, number, record, _HISTORY_KEYS, timezone)
        else:
            gathering.add_unreadable(number, "ac_power_kw", record)
    _add_points(gathering)


def _add_frame(
    gathering: Gathering, key: str, number: int, record: Mapping[str, Any], keys: tuple[str, str], timezone: ZoneInfo
) -> None:
    """Add a frame of the device `key`, unless it has neither a time nor a point that is read."""
    stamp, points = record.get(keys[0]), _points_of(record.get(keys[1]))
    if stamp is None and _DIVISORS.keys().isdisjoint(points):
        return
    at = gathering.written_instant(stamp, timezone)
    if gathering.is_within(at):
        gathering.add(_ROWS, key, Row(number, at, points, record))


def _points_of(items: object) -> dict[str, Mapping[str, Any]]:
    """The points of a frame by key: each with its value and unit."""
    if not isinstance(items, list):
        return {}
    try:
        return {item["key"]: item for item in items}
    except (TypeError, KeyError):
        rows = [item for item in items if isinstance(item, dict)]
        return {key: item for item in rows if isinstance(key := item.get("key"), str)}


def _add_points(gathering: Gathering) -> None:
    """Add the readings of all frames; a device sends only some of the points."""
    frames = gathering.tables[_ROWS].points
    sent = frozenset().union(*frames)
    not_sent = column_of([_NO_POINT] * len(frames), "value")

    def column(rows: Sequence[Mapping[str, Any]], key: str) -> Column:
        return _column_in_our_unit(rows, key) if key in sent else not_sent

    gathering.add_fields(_ROWS, DEVICE_FIELDS, column=column)


def _column_in_our_unit(rows: Sequence[Mapping[str, Any]], key: str) -> Column:
    """One point of all frames, each by its own unit; unreadable in an unknown one: a guess could be wrong a thousandfold."""
    items = [row.get(key, _NO_POINT) for row in rows]
    column, divisors = column_of(items, "value"), _DIVISORS[key]
    units = [item.get("unit", "") for item in items]
    if units.count(units[0]) == len(units):
        return column.over(_divisor(units[0], divisors))
    return column.over(np.array([_divisor(unit, divisors) for unit in units], np.float64))


def _divisor(unit: object, divisors: Mapping[str, float]) -> float:
    return divisors.get(unit.strip().lower() if isinstance(unit, str) else "", math.nan)
