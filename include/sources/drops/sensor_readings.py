"""Readings of servers: temperature [°C], humidity [%], voltage [V] and current [A] at an instant; JSON lines, JSON array or CSV.

A record names its server (`server_ulid`) and instant (`timestamp`, ISO 8601; without offset it is local time of the tenant's
zone). A record without any of the four values, or without a server, is unreadable. Servers send 1 to 10 records a second.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from include.core.errors import BadDocument
from include.core.frames import Piece, Subject
from include.core.identities import identity
from include.sources.drops.telemetry_measures import Measure, measure_of
from include.sources.formats import names, numbers
from include.sources.formats.columns import NO_SUBJECT, QUANTITY_CODES, Columns
from include.sources.formats.context import ParseContext
from include.sources.formats.document_text import recognised
from include.sources.formats.fields import Fields
from include.sources.formats.header import HeaderColumn
from include.sources.formats.instants import Instants
from include.sources.formats.json_fields import RecordFields
from include.sources.formats.json_text import loose, raw_records
from include.sources.formats.table import read_table

_UNSET: Final = msgspec.UNSET
_VALUES: Final = ("temperature", "humidity", "voltage", "current")
_QUANTITIES: Final = tuple(QUANTITY_CODES[name] for name in ("temperature_c", "humidity_pct", "voltage_v", "current_a"))
_ALIASES: Final = {
    "server_ulid": "server_ulid", "server": "server_ulid", "ulid": "server_ulid", "server_id": "server_ulid",
    "servidor": "server_ulid", "timestamp": "timestamp", "datetime": "timestamp", "time": "timestamp",
    "data_hora": "timestamp", "temperature": "temperature", "temperatura": "temperature", "temperature_c": "temperature",
    "humidity": "humidity", "umidade": "humidity", "humidity_pct": "humidity", "voltage": "voltage", "tensao": "voltage",
    "voltage_v": "voltage", "current": "current", "corrente": "current", "current_a": "current",
}  # fmt: skip
FIELDS: Final = Fields(
    _ALIASES,
    (frozenset({"server_ulid"}), frozenset({"timestamp"}), frozenset(_VALUES)),
    "server_ulid, timestamp and at least one of temperature, humidity, voltage, current",
)


class _Record(msgspec.Struct):
    server_ulid: Any = None
    timestamp: Any = None
    temperature: Any = _UNSET
    humidity: Any = _UNSET
    voltage: Any = _UNSET
    current: Any = _UNSET


_RECORD: Final = msgspec.json.Decoder(_Record)
_Found = tuple[object, object, tuple[Any, Any, Any, Any]]
_Records = Iterator[tuple[_Found | None, Any, str]]


def parse(body: bytes | memoryview, context: ParseContext) -> Iterator[Piece]:
    """Read server readings. Raises `BadDocument` where the whole is neither JSON nor a table with a header."""
    columns, instants = Columns(context), Instants(context.timezone)
    text = recognised(body, wanted="JSON or CSV")
    is_json = text[:1000].lstrip()[:1] in {b"[", b"{"}
    records = _json_records(text, context, columns) if is_json else _table_records(text, context, columns)
    for row_number, (found, record, why) in enumerate(records, start=1):
        key = None if found is None else identity(found[0])
        if found is None or key is None or all(value is _UNSET or value is None for value in found[2]):
            columns.add_unreadable(row_number, "temperature_c", record, why)
        else:
            code = columns.codes.get(key)
            if code is None or columns.subjects.get(key) is None:
                code = columns.code(key, Subject(key, kind="equipment"))
            instant = instants.read(found[1], code)
            for quantity_code, value in zip(_QUANTITIES, found[2], strict=True):
                if value is not _UNSET:
                    columns.add(row_number, code, quantity_code, instant, _number(value), record)
        if len(columns) >= 100_000:
            yield from columns.full()
    yield from columns.rest()


def _number(value: Any) -> float | None:  # noqa: ANN401
    if type(value) is float and math.isfinite(value) and value not in numbers.SENTINELS:
        return value
    return numbers.number(value)


def _json_records(text: bytes, context: ParseContext, columns: Columns) -> _Records:
    for raw in raw_records(text, context, RecordFields(FIELDS, names.plain), columns.remarks):
        record = _decode(raw)
        if record is None:
            yield None, raw, NO_SUBJECT
            continue
        values = (record.temperature, record.humidity, record.voltage, record.current)
        yield (record.server_ulid, record.timestamp, values), raw, NO_SUBJECT


def _decode(raw: msgspec.Raw) -> _Record | None:
    try:
        record = _RECORD.decode(raw)
        if record.server_ulid is not None:
            return record
    except (msgspec.MsgspecError, UnicodeDecodeError):
        pass
    try:
        named = {FIELDS.aliases.get(names.plain(name), name): value for name, value in loose(raw).items()}
        return msgspec.convert(named, _Record)
    except (ValueError, AttributeError):
        return None


def _table_records(text: bytes, context: ParseContext, columns: Columns) -> _Records:
    table = read_table(text, FIELDS, max_rows=context.max_rows)
    places = table.positions(FIELDS)
    server, stamp = places["server_ulid"].position, places["timestamp"].position
    readers = [
        _reader(places[name], quantity) if name in places else None for name, quantity in zip(_VALUES, _QUANTITIES, strict=True)
    ]
    for row in table.rows:
        if row.fault:
            yield None, row.cells, row.fault
            continue
        first, second, third, fourth = (_UNSET if read is None else read(row.cells) for read in readers)
        yield (row.cells[server], row.cells[stamp], (first, second, third, fourth)), row.cells, NO_SUBJECT
    columns.remarks += [*table.remarks, *table.unused(places.values())]


def _reader(column: HeaderColumn, quantity_code: int) -> Callable[[list[str]], Any]:
    """What reads the quantity of a column, in the unit that its header names; raises `BadDocument` for an unknown unit."""
    measure, position = measure_of(column.name, column.unit), column.position
    if measure is None or measure.quantity_code != quantity_code:
        raise BadDocument(
            f"the unit {column.unit!r} of column {column.written!r} is not read here; convert the column and drop the file again"
        )
    if measure == Measure(quantity_code):
        return lambda cells: cells[position].strip() or None
    return lambda cells: _scaled(_number(cells[position]), measure)


def _scaled(value: float | None, measure: Measure) -> float | None:
    return None if value is None else value * measure.factor + measure.offset
