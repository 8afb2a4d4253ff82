"""Readings in Sungrow's answers: the last ones, five-minute history, and amounts by day and month."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from include.core.errors import BadDocument
from include.core.frames import Piece
from include.core.span import instant_of, local_day
from include.sources.clouds.columns import column_of, columns_without
from include.sources.clouds.document import unpack_answer
from include.sources.clouds.fields import Field
from include.sources.clouds.gathering import Gathering, Row, day_start, may_be_of_before
from include.sources.clouds.sungrow.families import PLANT_KEY_ENDING, reading_interfaces
from include.sources.clouds.sungrow.fields import DAY_ENERGIES, MEASURES, MONTH_ENERGIES, PLANT, STATE_POINTS, STATES, TODAY
from include.sources.clouds.sungrow.result import landed_list, landed_result
from include.sources.clouds.sungrow.stamps import StampWindow, iso_text, period_start
from include.sources.formats import names
from include.sources.formats.context import ParseContext
from include.sources.formats.instants import OPEN, UNREADABLE, known_part

_ENERGIES: Final[Mapping[str, Field]] = {
    field.quantity: field for fields in (*DAY_ENERGIES.values(), *MONTH_ENERGIES.values()) for field in fields
}
_Reader = Callable[[Gathering, Mapping[str, Any]], None]


def parse(body: bytes | memoryview, context: ParseContext) -> Iterator[Piece]:
    """Read realtime, five-minute or period values of plants or devices.

    Rows of others, and rows whose local time is outside the requested window, are dropped. Raises `BadDocument`.
    """
    landed = unpack_answer(body)
    read = _READERS.get(landed.request.interface)
    if read is None:
        raise BadDocument(f"answers of {landed.request.interface[:100]!r} hold no readings; they belong to another feed")
    gathering = Gathering(landed, context)
    read(gathering, landed.data)
    return gathering.pieces()


def _read_realtime(gathering: Gathering, data: Mapping[str, Any]) -> None:
    key_field = "ps_id" if _is_about_plants(gathering) else "ps_key"
    instants: list[int] = []
    midnights: list[int] = []
    for listed in landed_list(data, "device_point_list"):
        number = gathering.next_row()
        row = listed.get("device_point", listed) if isinstance(listed, dict) else None
        if not isinstance(row, dict):
            gathering.add_unreadable(number, "ac_power_kw", listed)
            continue
        subject = _subject(gathering, row.get(key_field))
        if subject is None or (row.get("device_time") is None and _has_no_value(row)):
            continue
        timezone = _timezone(gathering, subject)
        instant = gathering.written_instant(iso_text(row.get("device_time")), timezone)
        gathering.add(_device_type(gathering, subject), subject, Row(number, instant, row, row))
        instants.append(instant)
        midnights.append(_midnight(instant, timezone))
    _add_measures(gathering)
    if _is_about_plants(gathering):
        column = columns_without([may_be_of_before(*pair) for pair in zip(instants, midnights, strict=True)])
        gathering.add_fields(PLANT, TODAY, midnights, column=column)


def _read_minutes(gathering: Gathering, data: Mapping[str, Any]) -> None:
    body = gathering.request.body
    window = StampWindow(str(body.get("start_time_stamp")), str(body.get("end_time_stamp")))
    for key, rows in landed_result(data).items():
        if (subject := _subject(gathering, key)) is not None:
            _read_minutes_of(gathering, subject, rows, window)
    _add_measures(gathering)


def _read_minutes_of(gathering: Gathering, subject: str, rows: object, window: StampWindow) -> None:
    # A day of a large fleet has a million rows: what does not change from row to row is looked up once.
    table, code = gathering.tables[_device_type(gathering, subject)], gathering.columns.code(subject)
    timezone = _timezone(gathering, subject)
    for row in _listed(rows):
        number = gathering.next_row()
        if not isinstance(row, dict):
            gathering.add_unreadable(number, "ac_power_kw", row)
            continue
        text, is_requested = window.read(row.get("time_stamp"))
        if is_requested:
            instant = gathering.written_instant(text, timezone)
            if gathering.is_within(instant):
                table.append(number, code, instant, row, row)


def _read_periods(gathering: Gathering, data: Mapping[str, Any]) -> None:
    for key, points in landed_result(data).items():
        subject = _subject(gathering, key)
        if subject is None or points is None:
            continue
        if isinstance(points, dict):
            _read_periods_of(gathering, subject, points)
        else:
            gathering.add_unreadable(gathering.next_row(), "energy_day_kwh", points)
    # The value's key in a row is the `data_type` of the request, whatever the point.
    value_key = str(gathering.request.body.get("data_type"))
    for quantity in gathering.tables:
        gathering.add_fields(quantity, [_ENERGIES[quantity]._replace(keys=(value_key,))])


def _read_periods_of(gathering: Gathering, subject: str, points: Mapping[str, Any]) -> None:
    first, last = (str(gathering.request.body.get(name)) for name in ("start_time", "end_time"))
    timezone = _timezone(gathering, subject)
    energies = DAY_ENERGIES if len(first) == 8 else MONTH_ENERGIES
    for field in energies.get(_device_type(gathering, subject), ()):
        for row in _listed(points.get(field.keys[0])):
            number = gathering.next_row()
            if not isinstance(row, dict):
                gathering.add_unreadable(number, field.quantity, row)
                continue
            text = names.key(row.get("time_stamp")) or ""
            instant = period_start(text, len(first), timezone)
            if instant == UNREADABLE or (first <= text <= last and gathering.is_within(instant)):
                gathering.add(field.quantity, subject, Row(number, instant, row, row))


def _add_measures(gathering: Gathering) -> None:
    """Add the points of the moment of each type of device, and states where they change."""
    for device_type in gathering.tables:
        gathering.add_fields(device_type, MEASURES.get(device_type, ()))
        if device_type in STATE_POINTS:
            _add_states(gathering, device_type)


def _add_states(gathering: Gathering, device_type: str) -> None:
    codes = column_of(gathering.tables[device_type].points, STATE_POINTS[device_type])
    gathering.columns.missing_count += int((codes.is_missing & ~codes.is_absent).sum())
    positions = (~codes.is_missing).nonzero()[0].tolist()
    states = {at: _state(code) for at, code in zip(positions, codes.values[positions].tolist(), strict=True)}
    gathering.add_states(device_type, states)


def _state(code: float) -> str | None:
    return None if math.isnan(code) else STATES.get(int(code), f"{code:.10g}")


def _midnight(instant: int, timezone: ZoneInfo) -> int:
    """Where the local day of an instant [UTC µs] begins; both passes of a repeated hour are of one day."""
    at = known_part(instant) if instant >= OPEN else instant
    return UNREADABLE if at == UNREADABLE else day_start(local_day(instant_of(at), timezone), timezone)


def _is_about_plants(gathering: Gathering) -> bool:
    return gathering.request.kind == "plants"


def _subject(gathering: Gathering, key: object) -> str | None:
    """The plant or device of a key where it was asked about; a plant may be named as a device."""
    if _is_about_plants(gathering):
        key = (names.key(key) or "").removesuffix(PLANT_KEY_ENDING)
    return gathering.subject(key)


def _device_type(gathering: Gathering, subject: str) -> str:
    return PLANT if _is_about_plants(gathering) else subject.partition("_")[2].partition("_")[0]


def _timezone(gathering: Gathering, subject: str) -> ZoneInfo:
    return gathering.timezone(subject.partition("_")[0])


def _has_no_value(row: Mapping[str, Any]) -> bool:
    return all(value is None for name, value in row.items() if name[:1] == "p" and name[1:].isdecimal())


def _listed(rows: object) -> Iterable[Any]:
    """Elements of a list, none of null; anything else is one row that cannot be read."""
    if rows is None:
        return []
    return rows if isinstance(rows, list) else [rows]


_READERS: Final[Mapping[str, _Reader]] = {
    **dict.fromkeys(reading_interfaces("realtime"), _read_realtime),
    **dict.fromkeys(reading_interfaces("minutes"), _read_minutes),
    **dict.fromkeys(reading_interfaces("periods"), _read_periods),
}
