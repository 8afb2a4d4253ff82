"""Readings of Huawei's answers: frames of devices, figures of plants.

Times are epoch milliseconds: of a five-minute frame, or of the start of a plant-local hour, day or month. Realtime answers have
no time per row: their moment is `params.currentTime`.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from include.core.errors import BadDocument
from include.core.frames import Piece
from include.core.span import HOUR_US, instant_of, local_day, month_start, next_month
from include.sources.clouds.columns import columns_without
from include.sources.clouds.document import LandedAnswer, unpack_answer
from include.sources.clouds.gathering import Gathering, Row, day_start, may_be_of_before
from include.sources.clouds.huawei.fields import (
    DEVICE_FIELDS,
    DEVICE_HISTORY,
    DEVICES_NOW,
    DISCONNECTED,
    INVERTERS,
    NOW_FIELDS,
    PERIOD_FIELDS,
    PLANT_DAYS,
    PLANT_HOURS,
    PLANTS_NOW,
    STATE_KEY,
    STATES,
    THIS_MONTH_FIELDS,
    TODAY_FIELDS,
)
from include.sources.clouds.huawei.refusals import code_of
from include.sources.formats import names, numbers
from include.sources.formats.context import ParseContext
from include.sources.formats.instants import UNREADABLE, epoch_ms

_FRAME_US: Final = 300_000_000
_ROWS: Final = "rows"


def parse(body: bytes | memoryview, context: ParseContext) -> Iterator[Piece]:
    """Readings of one answer. Raises `BadDocument` for what is no such answer."""
    answer = unpack_answer(body)
    read = _READERS.get(answer.request.interface)
    if read is None:
        raise BadDocument(f"answers of {answer.request.interface[:60]!r} hold no readings; land them with the feed of their kind")
    gathering = Gathering(answer, context)
    read(gathering, answer)
    yield from gathering.pieces()


def list_of(answer: LandedAnswer) -> list[Any]:
    """The rows of an answer, none where its list is null; raises `BadDocument` where it has no list."""
    rows = answer.data.get("data", False)
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise BadDocument(f"the answer of {answer.request.interface} holds no list; ask again")
    return rows


def instant(value: object) -> int:
    """Instant [UTC µs] of epoch milliseconds, `UNREADABLE` for anything else."""
    if type(value) is int:
        return epoch_ms(value)
    read = numbers.number(value, frozenset())
    return UNREADABLE if read is None else epoch_ms(read)


def _read_devices(gathering: Gathering, answer: LandedAnswer) -> None:
    """Figures of devices at their instants; an inverter's state where it changes."""
    kind = str(answer.request.body.get("devTypeId"))
    now = _now(answer) if answer.request.interface == DEVICES_NOW else None

    def within(key: str, record: Mapping[str, Any]) -> int | None:
        at = instant(record.get("collectTime")) if now is None else now
        return at if gathering.is_within(at) else None

    _gather(gathering, answer, "devId", within, _measured)
    gathering.add_fields(_ROWS, DEVICE_FIELDS.get(kind, ()))
    if kind in INVERTERS:
        codes = enumerate(values.get(STATE_KEY) for values in gathering.tables[_ROWS].points)
        gathering.add_states(_ROWS, {at: _state(code) for at, code in codes if code is not None})


def _read_periods(gathering: Gathering, answer: LandedAnswer) -> None:
    """Figures of hours, days or months; those of a period that is not wholly within the asked span are left out."""
    interface = answer.request.interface

    def start_within(key: str, record: Mapping[str, Any]) -> int | None:
        at = instant(record.get("collectTime"))
        if at == UNREADABLE:
            return UNREADABLE
        start, end = _period(interface, at, gathering.timezone(key))
        return start if gathering.is_within(start, end) else None

    _gather(gathering, answer, "stationCode", start_within)
    gathering.add_fields(_ROWS, PERIOD_FIELDS[interface])


def _read_plants_now(gathering: Gathering, answer: LandedAnswer) -> None:
    """Counters of the day and ever at the instant, and the amounts so far of the running day and month, once they are its own."""
    now = _now(answer)
    today: list[int] = []
    this_month: list[int] = []

    def at(key: str, record: Mapping[str, Any]) -> int:
        day = month = UNREADABLE
        if now != UNREADABLE:
            timezone = gathering.timezone(key)
            local = local_day(instant_of(now), timezone)
            day, month = day_start(local, timezone), day_start(month_start(local), timezone)
        today.append(day)
        this_month.append(month)
        return now

    _gather(gathering, answer, "stationCode", at)
    gathering.add_fields(_ROWS, NOW_FIELDS)
    for fields, starts in ((TODAY_FIELDS, today), (THIS_MONTH_FIELDS, this_month)):
        column = columns_without([may_be_of_before(now, start) for start in starts])
        gathering.add_fields(_ROWS, fields, starts, column=column)


_READERS: Final[dict[str, Callable[[Gathering, LandedAnswer], None]]] = {
    DEVICE_HISTORY: _read_devices,
    DEVICES_NOW: _read_devices,
    PLANTS_NOW: _read_plants_now,
    **dict.fromkeys(PERIOD_FIELDS, _read_periods),
}


def _measured(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a device reports; of one that is disconnected only that it is: its figures stand still."""
    is_disconnected = code_of(values.get(STATE_KEY)) in DISCONNECTED or code_of(values.get("run_state")) == 0
    return {STATE_KEY: values.get(STATE_KEY)} if is_disconnected else values


def _gather(
    gathering: Gathering,
    answer: LandedAnswer,
    key_name: str,
    instant_of_row: Callable[[str, Mapping[str, Any]], int | None],
    measured: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda values: values,
) -> None:
    """Rows of what was asked for, without those that have no instant; one of which not even that can be read is unreadable."""
    for record in list_of(answer):
        number = gathering.next_row()
        key = names.key(record.get(key_name)) if isinstance(record, dict) else None
        values = (record.get("dataItemMap") or {}) if isinstance(record, dict) else None
        if key is None or not isinstance(values, dict):
            gathering.add_unreadable(number, "energy_today_kwh", record)
        elif gathering.subject(key) is not None and (at := instant_of_row(key, record)) is not None:
            gathering.add(_ROWS, key, Row(number, at, measured(values), record))


def _now(answer: LandedAnswer) -> int:
    """The moment of a realtime answer, at the five minutes for which the history will speak."""
    params = answer.data.get("params")
    at = instant(params.get("currentTime")) if isinstance(params, dict) else UNREADABLE
    return at if at == UNREADABLE else at - at % _FRAME_US


def _state(code: object) -> str | None:
    if type(code) is float and code in STATES:
        return STATES[int(code)]
    read = code_of(code)
    return None if read is None else STATES.get(read, str(read))


def _period(interface: str, at: int, timezone: ZoneInfo) -> tuple[int, int]:
    """Start and end [UTC µs] of the period that an answer names by the instant of its start.

    A day starts at our midnight that is nearest, as the vendor may keep the plant in another zone than we do.
    """
    if interface == PLANT_HOURS:
        return at, at + HOUR_US
    day: date = (instant_of(at).astimezone(timezone) + timedelta(hours=12)).date()
    if interface == PLANT_DAYS:
        return day_start(day, timezone), day_start(day + timedelta(days=1), timezone)
    month = month_start(day)
    return day_start(month, timezone), day_start(next_month(month), timezone)
