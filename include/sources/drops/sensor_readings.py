"""Readings of servers: temperature [°C], humidity [%], voltage [V] and current [A] at an instant; JSON lines, JSON array or CSV.

A record names its server (`server_ulid`) and instant (`timestamp`, ISO 8601; without offset it is local time of the tenant's
zone). A record without any of the four values, or without a server, is unreadable. Servers send 1 to 10 records a second.

A table of a Campbell Scientific logger (TOA5: a line about the logger, names, units and processing, then rows) is about its
station, which the first line names ("LoggerNet Instruction Manual", appendix B.1).
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from include.core.errors import BadDocument
from include.core.frames import Piece, Subject
from include.core.identities import identity
from include.sources.formats import names, units
from include.sources.formats.columns import NO_SUBJECT, QUANTITY_CODES, Columns
from include.sources.formats.context import ParseContext
from include.sources.formats.document_text import recognised
from include.sources.formats.fields import Fields
from include.sources.formats.header import HeaderColumn
from include.sources.formats.json_fields import RecordFields
from include.sources.formats.json_text import loose, raw_records
from include.sources.formats.notation import ColumnNumbers, NumberColumn, Texts
from include.sources.formats.table import Table, read_table

_UNSET: Final = msgspec.UNSET
_VALUES: Final = ("temperature", "humidity", "voltage", "current")
_QUANTITIES: Final = ("temperature_c", "humidity_pct", "voltage_v", "current_a")
_COLUMNS: Final = tuple(NumberColumn(name, quantity) for name, quantity in zip(_VALUES, _QUANTITIES, strict=True))
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
_OF_STATION: Final = Fields(
    _ALIASES
    | {f"{name}{processed}": field for processed in ("", "_avg") for name, field in (
        ("airt", "temperature"), ("airtc", "temperature"), ("air_temp", "temperature"), ("airtemp", "temperature"),
        ("temp", "temperature"), ("t_air", "temperature"), ("rh", "humidity"), ("relhum", "humidity"), ("hr", "humidity"),
        ("battv", "voltage"), ("batt_volt", "voltage"), ("batt_v", "voltage"),
    )},
    (frozenset({"timestamp"}), frozenset(_VALUES)),
    "TIMESTAMP and at least one of AirT, RH, BattV (each also with _Avg)",
)  # fmt: skip
"""Columns of a logger's table; its station stands above it."""


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


class _Opened(NamedTuple):
    """A document as records, with the columns of their four values; `remarks` are complete once the records are read."""

    columns: tuple[NumberColumn, ...]
    records: _Records
    remarks: Callable[[], list[str]] = list


def parse(body: bytes | memoryview, context: ParseContext) -> Iterator[Piece]:
    """Read server readings. Raises `BadDocument` where the whole is neither JSON nor a table with a header."""
    columns = Columns(context)
    text = recognised(body, wanted="JSON or CSV")
    opened = _open(text, context)
    numbers_of = ColumnNumbers(columns.notations(lambda: _texts(text, context)))
    quantities = [(QUANTITY_CODES[column.quantity], numbers_of[column]) for column in opened.columns]
    for row_number, (found, record, why) in enumerate(opened.records, start=1):
        key = None if found is None else identity(found[0])
        if found is None or key is None or all(value is _UNSET or value is None for value in found[2]):
            columns.add_unreadable(row_number, "temperature_c", record, why)
        else:
            code = columns.codes.get(key)
            if code is None or columns.subjects.get(key) is None:
                code = columns.code(key, Subject(key, kind="equipment"))
            instant = columns.times.read(found[1], code)
            for (quantity_code, values), value in zip(quantities, found[2], strict=True):
                if value is not _UNSET:
                    number, fault = values.read(value)
                    columns.add(row_number, code, quantity_code, instant, number, record, fault)
        if len(columns) >= 100_000:
            yield from columns.full()
    columns.remarks += opened.remarks()
    yield from columns.rest()


def _open(text: bytes, context: ParseContext) -> _Opened:
    if text[:1000].lstrip()[:1] in {b"[", b"{"}:
        remarks: list[str] = []
        return _Opened(_COLUMNS, _json_records(text, context, remarks), lambda: remarks)
    station = _station(text)
    fields = FIELDS if station is None else _OF_STATION
    table = read_table(text, fields, max_rows=context.max_rows)
    places = table.positions(fields)
    columns = tuple(_in_unit(column, places[name]) if (name := str(column.key)) in places else column for column in _COLUMNS)
    return _Opened(columns, _table_records(table, places, station), lambda: [*table.remarks, *table.unused(places.values())])


def _texts(text: bytes, context: ParseContext) -> Texts:
    opened = _open(text, context)
    for found, _, _ in opened.records:
        for column, value in zip(opened.columns, found[2] if found else (), strict=False):
            if isinstance(value, str):
                yield column, value


def _json_records(text: bytes, context: ParseContext, remarks: list[str]) -> _Records:
    for raw in raw_records(text, context, RecordFields(FIELDS, names.plain), remarks):
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


def _station(text: bytes) -> str | None:
    """Name of the station that a logger's table begins with; None for other documents."""
    if not text[:6].lstrip(b'"').startswith(b"TOA5"):
        return None
    line = text[:1000].partition(b"\n")[0].decode("utf-8", "replace")
    first = next(csv.reader([line]), [])
    return first[1] if len(first) > 1 else None


def _table_records(table: Table, places: Mapping[str, HeaderColumn], station: str | None) -> _Records:
    server, stamp = places.get("server_ulid"), places["timestamp"].position
    at = [places[name].position if name in places else None for name in _VALUES]
    for row in table.rows:
        if row.fault:
            yield None, row.cells, row.fault
            continue
        first, second, third, fourth = (_UNSET if position is None else row.cells[position].strip() or None for position in at)
        key = station if server is None else row.cells[server.position]
        yield (key, row.cells[stamp], (first, second, third, fourth)), row.cells, NO_SUBJECT


def _in_unit(column: NumberColumn, header: HeaderColumn) -> NumberColumn:
    """The column in the unit that its header names; raises `BadDocument` for one that is not known."""
    conversion = units.conversion(column.quantity, header.unit) if header.unit else column.conversion
    if conversion is None:
        raise BadDocument(
            f"{units.question(header.unit)} of column {header.written!r} is not read here; "
            "convert the column and drop the file again"
        )
    return column._replace(conversion=conversion)
