"""Tables of a meter's energies of intervals, as utilities offer them: what was bought and fed in per 5, 15, 30 or 60 minutes.

The beginning of an interval is told by a column (`Start Time`, also beside a `Date`), or reckoned back from its end where only
that is told; its length by a column (`Duration`, `Interval`), else by beginning and end (00:14 ends a quarter of an
hour), else by the step of the file's times. The unit stands in the header or in a column: Wh and kWh are never guessed. The meter
is named by a column or by a line above the table (`Meter Number,72621898`).

The words are those of the CSV downloads of US utilities (Green Button "Download My Data") and of tables made by hand.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, pairwise
from typing import Any, Final

from include.core.errors import BadDocument
from include.core.frames import Fault, Piece, Subject
from include.core.identities import identity, is_rounded, why_rounded
from include.sources.formats import names, units
from include.sources.formats.columns import QUANTITY_CODES, Columns
from include.sources.formats.context import ParseContext
from include.sources.formats.fields import Fields
from include.sources.formats.header import HeaderColumn
from include.sources.formats.instants import OPEN, UNREADABLE
from include.sources.formats.notation import ColumnNumbers, NumberColumn, Texts
from include.sources.formats.table import Table, TableRow, read_table

_ALIASES: Final = {
    alias: name
    for name, aliases in {
        "meter": "meter_number meter_id meter_no meter medidor numero_do_medidor zahler zahlernummer usage_point nmi",
        "date": "date usage_date interval_date data fecha datum",
        "start": "start_time start start_date_time start_datetime interval_start start_interval_date_time interval_start_time "
        "start_date from inicio von usage_start_time hour_beginning",
        "end": "end_time end end_date_time end_datetime interval_end end_interval_date_time interval_end_time to fim bis "
        "hour_ending",
        "length": "duration interval interval_length interval_minutes duracao intervalo",
        "import": "usage usage_kwh usage_wh consumption consumption_kwh consumed import_kwh import energy_import consumo "
        "verbrauch bezug energia_consumida",
        "export": "generation generated export export_kwh exported energy_export feed_in einspeisung energia_injetada received",
        "unit": "units unit unidade einheit uom",
    }.items()
    for alias in aliases.split()
}
FIELDS: Final = Fields(
    _ALIASES,
    (frozenset({"start", "end"}), frozenset({"import", "export"})),
    "the start or end of an interval, and its usage or generation [Wh or kWh]",
)
_DIRECTIONS: Final = ("import", "export")
_LENGTHS: Final = {5: "5min", 15: "15min", 30: "30min", 60: "hour"}
_MINUTE_US: Final = 60_000_000
_TIME_ALONE: Final = re.compile(r"\d{1,2}:\d\d(:\d\d)?( ?[AaPp]\.?[Mm]\.?)?")
_LENGTH: Final = re.compile(r"(?:PT)?(\d{1,2})\s*(m|min|mins|minutes|minutos)?", re.IGNORECASE)
_AN_HOUR: Final = frozenset({"hour", "1 hour", "1h", "pt1h", "1 h", "hourly", "hora"})
_LOOKED_AT: Final = 100


def open_intervals(body: bytes | memoryview, context: ParseContext) -> Table | None:
    """The table where the document is one of a meter's intervals, else None."""
    try:
        return read_table(body, FIELDS, max_rows=context.max_rows)
    except BadDocument:
        return None


def parse_intervals(table: Table, body: bytes | memoryview, context: ParseContext) -> Iterator[Piece]:
    """Read what `open_intervals` opened. Raises `BadDocument` where neither meter nor unit is told."""
    places = table.positions(FIELDS)
    meter = _meter_above(table.preamble)
    if "meter" not in places and meter is None:
        raise BadDocument(
            "the table names no meter: neither a column (meter number) nor a line above it does; add a column meter_number and "
            "drop it again"
        )
    if "unit" not in places and not any(_unit_of(places[name]) for name in _DIRECTIONS if name in places):
        raise BadDocument(
            "the table says neither Wh nor kWh: put the unit into the header, such as Usage (kWh), or add a column Units, and "
            "drop it again"
        )
    columns = Columns(context)
    first = list(islice(table.rows, _LOOKED_AT))
    numbers_of = ColumnNumbers(columns.notations(lambda: _texts(body, context)))
    reader = _Reader(places, meter, columns, numbers_of, _step(first, places, columns))
    for row in chain(first, table.rows):
        reader.read(row)
        yield from columns.full()
    columns.remarks += [*table.remarks, *table.unused(places.values())]
    yield from columns.rest()


@dataclass(slots=True)
class _Reader:
    """Turns rows into amounts; `step` is that of the file's times [min]."""

    places: Mapping[str, HeaderColumn]
    meter: str | None
    columns: Columns
    numbers_of: ColumnNumbers
    step: int | None

    def read(self, row: TableRow) -> None:
        """Read one row."""
        key = identity(_cell(row, self.places, "meter")) or (self.meter if "meter" not in self.places else None)
        if row.fault or key is None:
            named = _cell(row, self.places, "meter")
            why = row.fault or (why_rounded(named) if is_rounded(named) else "the row names no meter")
            self.columns.add_unreadable(row.number, "import_hour_kwh", row.cells, why)
            return
        code = self.columns.codes.get(key)
        if code is None:
            code = self.columns.code(key, Subject(key, kind="meter"))
        start, end = (_instant(row, self.places, name, self.columns, code) for name in ("start", "end"))
        minutes = _length(row, self.places, start, end) or self.step
        begin, fault = _begin(start, end, minutes, has_start="start" in self.places)
        for direction in _DIRECTIONS:
            if direction in self.places:
                self._add(row, code, direction, begin, minutes, fault)

    def _add(self, row: TableRow, code: int, direction: str, begin: int, minutes: int | None, fault: Fault | None) -> None:
        if (length := _LENGTHS.get(minutes or 0)) is None:
            unknown = Fault("unit_known", f"an interval of {minutes} minutes is none of 5, 15, 30 or 60 minutes")
            fault = unknown if minutes else Fault("unit_known", "nothing tells how long the interval is")
        quantity, unit = f"{direction}_{length or 'hour'}_kwh", _unit(row, self.places, direction)
        conversion = units.conversion(quantity, unit) if unit else None
        if conversion is None:
            fault = Fault("unit_known", f"{units.question(unit)} of an energy" if unit else "no unit of an energy")
        column = NumberColumn(direction, quantity, conversion or units.AS_IT_IS)
        value, doubt = self.numbers_of[column].read(row.cells[self.places[direction].position])
        is_told = conversion is not None and length is not None
        measured = value if is_told or value is None else float("nan")
        self.columns.add(row.number, code, QUANTITY_CODES[quantity], begin, measured, row.cells, doubt, fault)


def _begin(start: int, end: int, minutes: int | None, *, has_start: bool) -> tuple[int, Fault | None]:
    if has_start:
        return start, None
    if end == UNREADABLE or minutes is None:
        return UNREADABLE, None
    if end >= OPEN:
        return UNREADABLE, Fault("time_unambiguous", "the end of the interval can be two times")
    return end - minutes * _MINUTE_US, None


def _length(row: TableRow, places: Mapping[str, HeaderColumn], start: int, end: int) -> int | None:
    """Length of a row's interval [min], by its column or by beginning and end."""
    written = _cell(row, places, "length").lower()
    if written in _AN_HOUR:
        return 60
    if found := _LENGTH.fullmatch(written):
        return int(found[1])
    if UNREADABLE in {start, end} or start >= OPEN or end >= OPEN:
        return None
    minutes = (end - start) // _MINUTE_US % 1440
    return minutes + 1 if minutes % 5 == 4 else minutes


def _step(rows: Sequence[TableRow], places: Mapping[str, HeaderColumn], columns: Columns) -> int | None:
    """The commonest step between the times of rows that follow each other [min]."""
    name = "start" if "start" in places else "end"
    at = [_instant(row, places, name, columns, None) for row in rows if not row.fault]
    known = [each for each in at if each != UNREADABLE and each < OPEN]
    steps = Counter(abs(after - before) // _MINUTE_US for before, after in pairwise(known) if after != before)
    return steps.most_common(1)[0][0] if steps else None


def _instant(row: TableRow, places: Mapping[str, HeaderColumn], name: str, columns: Columns, code: int | None) -> int:
    if name not in places:
        return UNREADABLE
    written = row.cells[places[name].position]
    text = str(written or "").strip()
    if "date" in places and _TIME_ALONE.fullmatch(text):
        day = row.cells[places["date"].position]
        return columns.times.read(f"{str(day or '').strip()[:10]} {text}", code)
    return columns.times.read(text if isinstance(written, str) else str(written) if written is not None else None, code)


def _cell(row: TableRow, places: Mapping[str, HeaderColumn], name: str) -> str:
    cell = row.cells[places[name].position] if name in places else None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).strip() if cell is not None else ""


def _unit(row: TableRow, places: Mapping[str, HeaderColumn], direction: str) -> str:
    return _unit_of(places[direction]) or _cell(row, places, "unit")


def _unit_of(column: HeaderColumn) -> str:
    """The unit that a header names in brackets, in a row of units or behind its word."""
    last = column.plain.rpartition("_")[2]
    return column.unit or (last if last in {"kwh", "wh", "mwh"} else "")


def _meter_above(preamble: Sequence[Sequence[Any]]) -> str | None:
    for cells in preamble:
        told = [str(cell).strip() for cell in cells if cell is not None and str(cell).strip()]
        pair = told if len(told) == 2 else [part.strip() for part in "".join(told[:1]).split(":", 1)]
        if len(pair) == 2 and _ALIASES.get(names.plain(pair[0])) == "meter":
            return identity(pair[1])
    return None


def _texts(body: bytes | memoryview, context: ParseContext) -> Texts:
    table = read_table(body, FIELDS, max_rows=context.max_rows)
    places = table.positions(FIELDS)
    for row in table.rows:
        for direction in _DIRECTIONS if not row.fault else ():
            if direction in places and isinstance(value := row.cells[places[direction].position], str):
                quantity = f"{direction}_hour_kwh"
                conversion = units.conversion(quantity, _unit(row, places, direction)) or units.AS_IT_IS
                for length in _LENGTHS.values():
                    yield NumberColumn(direction, f"{direction}_{length}_kwh", conversion), value
