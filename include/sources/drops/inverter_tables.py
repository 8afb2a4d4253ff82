"""Tables of inverters, CSV or Excel, as portals, loggers and spreadsheets write them.

Three forms: a row per device and instant with the device in a column (long), a row per instant with a column per device and
quantity (wide, the device in the header, of one or several lines), and a row per single value (`device, time, name of the value,
value, unit`). Which device it is, is told by a column, else by the header of a column, else by a line above the table (`Serial
number: ...`); a file that names none is refused.

A time is that of a reading, or the beginning of the interval whose energy a row tells; the length of intervals is the step of the
file's times. A file of days (dates without times) tells energies of days: its lifetime counters are not read, since nothing says
whether they were taken in the morning or in the evening. A temperature of 0 beside a power of 0 is that of a
sleeping inverter: no reading.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, time
from typing import Any, Final

from include.core.errors import BadDocument
from include.core.frames import Piece, Subject
from include.core.identities import identity, is_rounded, why_rounded
from include.sources.drops.inverter_columns import Device, MeasuredColumn
from include.sources.drops.inverter_header import InverterHeader, ValueColumn, find_header
from include.sources.formats import names
from include.sources.formats.columns import QUANTITY_CODES, Columns
from include.sources.formats.context import ParseContext
from include.sources.formats.fields import Fields
from include.sources.formats.header import HeaderColumn
from include.sources.formats.notation import ColumnNumbers, Texts
from include.sources.formats.table import Table, TableRow, read_table

FIELDS: Final = Fields(
    {},
    (frozenset({"inverter", "time", "measure"}),),
    "an inverter (inverter_id, serial number), a time, and power [W or kW], energy [Wh or kWh] or another measure of it",
)
_FOOTERS: Final = frozenset({
    "total", "totals", "totais", "gesamt", "summe", "sum", "soma", "average", "avg", "media", "mittelwert", "max", "min",
    "maximum", "minimum",
})  # fmt: skip
_SUMMER_TIME: Final = re.compile(r"\s+DST$")
_WEATHER: Final = frozenset(
    {"temp_module_c", "temp_air_c", "irradiance_poa_w_m2", "irradiance_ghi_w_m2", "wind_speed_m_s", "humidity_pct"}
)
_TEMPERATURE, _AC_POWER = "temp_inverter_c", "ac_power_kw"
_TOLD: Final = 20
"""Names of values, and totals, of which a load tells that they were not read."""


def parse_table(body: bytes | memoryview, context: ParseContext) -> Iterator[Piece]:
    """Read a table of inverters; see the module for the forms. Raises `BadDocument` where it is none or names no device."""
    table, header = _open(body, context)
    columns = Columns(header.told_by_header(context))
    notations = columns.notations(lambda: _texts(body, context), header.notation)
    reader = _RowReader(header, columns, ColumnNumbers(notations))
    for row in table.rows:
        reader.read(row)
        if len(columns) >= 100_000:
            yield from columns.full()
    columns.remarks += [*table.remarks, *header.remarks, *reader.remarks()]
    yield from columns.rest()


def _open(body: bytes | memoryview, context: ParseContext) -> tuple[Table, InverterHeader]:
    headers: dict[tuple[HeaderColumn, ...], InverterHeader] = {}

    def find(lines: Sequence[Sequence[Any]]) -> tuple[int, tuple[HeaderColumn, ...], int] | None:
        if (found := find_header(lines)) is None:
            return None
        index, columns, header = found
        headers.setdefault(columns, header)
        return index, columns, index + 1

    table = read_table(body, FIELDS, max_rows=context.max_rows, find=find)
    header = headers[table.columns]
    header.settle(table.preamble)
    return table, header


def _texts(body: bytes | memoryview, context: ParseContext) -> Texts:
    table, header = _open(body, context)
    for row in table.rows:
        for _, columns in [] if row.fault else header.groups_of(row):
            for column in columns:
                if isinstance(value := row.cells[column.position], str):
                    yield column.number, value


class _RowReader:
    """Turns rows into readings."""

    def __init__(self, header: InverterHeader, columns: Columns, numbers: ColumnNumbers) -> None:
        self._header = header
        self._columns = columns
        self._numbers = numbers
        self._codes: dict[tuple[Any, ...], int | None] = {}
        self._unread: dict[str, str] = {}
        self._totals: list[str] = []
        self._has_read = False

    def remarks(self) -> list[str]:
        """What was not read; raises `BadDocument` where nothing else was there."""
        told = [f"value {name!r} is not used: {why}" for name, why in self._unread.items()]
        if told and not self._has_read:
            raise BadDocument("; ".join(["no value of the table can be read", *told[:6]]))
        return [*told, *self._totals]

    def read(self, row: TableRow) -> None:
        """Read one row."""
        if row.fault:
            self._columns.add_unreadable(row.number, _AC_POWER, row.cells, row.fault)
        elif _is_footer(row, self._header.time):
            if len(self._totals) < _TOLD:
                self._totals.append(f"row {row.number} is a total and no reading")
        elif groups := self._header.groups_of(row):
            self._has_read = True
            stamp = self._stamp(row)
            for device, columns in groups:
                self._add(row, self._code(row, device, columns), stamp, columns)
        else:
            measure = self._header.measure_in(row)
            why = (
                "it is no known measure of an inverter" if measure is None or isinstance(measure, MeasuredColumn) else measure.why
            )
            if len(self._unread) < _TOLD:
                self._unread.setdefault(str(row.cells[self._header.places["measure"]])[:60], why)

    def _add(self, row: TableRow, code: int | None, stamp: object, columns: Sequence[ValueColumn]) -> None:
        if code is None:
            self._columns.add_unreadable(row.number, _AC_POWER, row.cells, self._unnamed(row))
            return
        instant = self._columns.times.read(stamp, code)
        found = [(column.measure.quantity, *self._numbers[column.number].read(row.cells[column.position])) for column in columns]
        is_asleep = any(quantity == _AC_POWER and value == 0 for quantity, value, _ in found)
        for quantity, value, fault in found:
            measured = None if is_asleep and value == 0 and quantity == _TEMPERATURE else value
            self._columns.add(row.number, code, QUANTITY_CODES[quantity], instant, measured, row.cells, fault)

    def _code(self, row: TableRow, device: Device | None, columns: Sequence[ValueColumn]) -> int | None:
        """Number of the device of some columns; None where its key cannot be read."""
        named = (device and device.key, *(row.cells[position] for position in self._header.naming))
        if named not in self._codes:
            self._codes[named] = self._introduce(self._header.device_of(row) or device, columns)
        return self._codes[named]

    def _unnamed(self, row: TableRow) -> str:
        device = self._header.device_of(row)
        return why_rounded(device.key) if device and is_rounded(device.key) else "the row names no inverter"

    def _introduce(self, device: Device | None, columns: Sequence[ValueColumn]) -> int | None:
        key = identity(device.key) if device else None
        if device is None or key is None:
            return None
        is_weather = all(column.measure.quantity in _WEATHER for column in columns)
        subject = Subject(
            key,
            name=names.text(_on_one_line(device.name or "")),
            kind="sensor" if is_weather else "inverter",
            model=names.text(_on_one_line(device.model or "")),
            plant_key=identity(device.plant_key),
            plant_name=names.text(device.plant_name or self._header.plant_name),
        )
        return self._columns.code(key, subject)

    def _stamp(self, row: TableRow) -> object:
        """What the row says of its time: one text, or what a workbook holds."""
        written, clock = row.cells[self._header.time], self._header.clock
        if clock is not None:
            day = written.date().isoformat() if isinstance(written, datetime) else str(written or "").strip()
            at = row.cells[clock]
            return f"{day} {at.isoformat() if isinstance(at, time) else str(at or '').strip()}"
        if isinstance(written, datetime):
            written = written.isoformat(sep=" ")
        if not isinstance(written, str):
            return written
        text = _SUMMER_TIME.sub("", written.strip())
        return f"{text} 00:00" if self._header.is_daily and ":" not in text else text


def _is_footer(row: TableRow, time_position: int) -> bool:
    written = str(row.cells[time_position] or row.cells[0] or "")
    return not written[:1].isdigit() and names.plain(written) in _FOOTERS


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
