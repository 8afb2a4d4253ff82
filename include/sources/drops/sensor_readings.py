"""Readings of servers: temperature [°C], humidity [%], voltage [V] and current [A] at an instant; JSON lines, JSON array or CSV.

A record names its server (`server_ulid`) and instant (`timestamp`, ISO 8601; without offset it is local time of the tenant's
zone). A record without any of the four values, or without a server, is unreadable. Servers send 1 to 10 records a second.
"""

import math
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from include.core.frames import Piece, Subject
from include.sources.formats import names, numbers
from include.sources.formats.columns import QUANTITY_CODES, Columns
from include.sources.formats.context import ParseContext
from include.sources.formats.csv_table import missing_header, positions, read_table
from include.sources.formats.document_text import recognised
from include.sources.formats.json_text import loose, raw_records

_UNSET: Final = msgspec.UNSET
_FIELDS: Final = ("temperature", "humidity", "voltage", "current")
_QUANTITIES: Final = tuple(QUANTITY_CODES[name] for name in ("temperature_c", "humidity_pct", "voltage_v", "current_a"))
_HEADER: Final = {
    "server_ulid": "server_ulid", "server": "server_ulid", "ulid": "server_ulid", "server_id": "server_ulid",
    "servidor": "server_ulid", "timestamp": "timestamp", "datetime": "timestamp", "time": "timestamp",
    "data_hora": "timestamp", "temperature": "temperature", "temperatura": "temperature", "temperature_c": "temperature",
    "humidity": "humidity", "umidade": "humidity", "humidity_pct": "humidity", "voltage": "voltage", "tensao": "voltage",
    "voltage_v": "voltage", "current": "current", "corrente": "current", "current_a": "current",
}  # fmt: skip


class _Record(msgspec.Struct):
    server_ulid: Any = None
    timestamp: Any = None
    temperature: Any = _UNSET
    humidity: Any = _UNSET
    voltage: Any = _UNSET
    current: Any = _UNSET


_RECORD: Final = msgspec.json.Decoder(_Record)
_Found = tuple[object, object, tuple[Any, Any, Any, Any]]


def parse(body: bytes | memoryview, context: ParseContext) -> Iterator[Piece]:
    """Read server readings. Raises `BadDocument` where the whole is neither JSON nor CSV with a header."""
    columns = Columns(context)
    is_json = recognised(body, wanted="JSON or CSV")[:1000].lstrip()[:1] in {b"[", b"{"}
    for row_number, (found, record) in enumerate(_json_records(body, context) if is_json else _csv_records(body), start=1):
        key = None if found is None else names.key(found[0])
        if found is None or key is None or all(value is _UNSET or value is None for value in found[2]):
            columns.add_unreadable(row_number, "temperature_c", record)
        else:
            code = columns.codes.get(key)
            if code is None or columns.subjects.get(key) is None:
                code = columns.code(key, Subject(key, kind="equipment"))
            instant = columns.times.read(found[1], code)
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


def _json_records(body: bytes | memoryview, context: ParseContext) -> Iterator[tuple[_Found | None, msgspec.Raw]]:
    for raw in raw_records(body, context):
        try:
            record = _RECORD.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            try:
                record = msgspec.convert(loose(raw), _Record)
            except ValueError:
                yield None, raw
                continue
        yield (record.server_ulid, record.timestamp, (record.temperature, record.humidity, record.voltage, record.current)), raw


def _csv_records(body: bytes | memoryview) -> Iterator[tuple[_Found | None, list[str]]]:
    table = read_table(body, accept_windows=False)
    found = positions(table.header, _HEADER)
    if not {"server_ulid", "timestamp"} <= found.keys() or found.keys().isdisjoint(_FIELDS):
        raise missing_header(table.header, "server_ulid, timestamp and at least one of temperature, humidity, voltage, current")
    server, stamp, values = found["server_ulid"], found["timestamp"], [found.get(name) for name in _FIELDS]
    for _, cells in table.rows:
        if len(cells) <= max(found.values()):
            yield None, cells
        else:
            first, second, third, fourth = (
                _UNSET if position is None else cells[position].strip() or None for position in values
            )
            yield (cells[server], cells[stamp], (first, second, third, fourth)), cells
