"""Where the devices, times and values of a table of inverters stand; found in its first lines.

The table begins at the first line with a time below a line of names. Its header may have several lines; a column is
called by all of them.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from itertools import pairwise
from typing import Any, Final, NamedTuple

from include.core.errors import BadDocument
from include.core.span import DateOrder
from include.sources.drops.inverter_columns import INTERVAL_ENERGY, Device, MeasuredColumn, UnreadableColumn, measure_of
from include.sources.formats import names
from include.sources.formats.context import ParseContext
from include.sources.formats.header import HeaderColumn, columns_of
from include.sources.formats.notation import UNDECIDED, Notation, NumberColumn
from include.sources.formats.table import TableRow

_PLACES: Final = {
    "key": (
        "inversor_id inverter_id id_inversor device_id device_key inverter_sn device_sn inverter_serial_number serial_number "
        "alias_serial_number serial sn numero_de_serie numero_serie n_serie no_de_serie n_de_serie "
        "seriennummer logger_sn siteid site_id system_id"
    ),
    "name": (
        "device_name devicename manageobject manage_object inverter_name inverter inversor_nome nome_do_inversor inversor "
        "wechselrichter nome_do_dispositivo dispositivo equipamento device alias geratename sensor"
    ),
    "plant": "usina_id plant_id station_id plant_key",
    "plant_name": "usina_nome nome_da_usina nome_da_planta nome_da_estacao usina plant_name plant site_name station_name "
    "planta anlage anlagenname",
    "model": "devicetype device_type device_model inverter_type modelo model",
    "measure": "meas_name measure measurement parameter parametro variable variavel quantity grandeza metric point messgroesse",
    "value": "meas_val_f value valor wert reading leitura",
    "unit": "unit units unidade einheit",
}
_NAMING: Final = ("key", "name", "model", "plant", "plant_name")
_PLACE_OF: Final = {word: place for place, words in _PLACES.items() for word in words.split()}
_KEY_ORDER: Final = {word: rank for rank, word in enumerate(_PLACES["key"].split())}


def _words(text: str) -> list[str]:
    return text.split()


_TIME_WORDS: Final = frozenset(
    _words(
        "time date datetime timestamp data hora datum uhrzeit zeit zeitstempel fecha dia hour day ts measured start updated begin"
    )
)
_DATE_FORM: Final = re.compile(r"\W*([dMyHhmsatz]{1,4}([-/.: T]+[dMyHhmsatz]{1,4})+)\W*")
_DATE: Final = re.compile(r"\d{1,4}[-/.](\d{1,2}|[A-Za-zçÇ]{3,9})[-/.]\d{2,4}(?!\d)|\d{8}T\d{4}")
_OF_DAY: Final = re.compile(r":|\dT\d\d|^\d{10}")
_CLOCK: Final = re.compile(r"(?:^|[ T])(\d{1,2}):(\d\d)(?::\d\d)?")
_CLOCK_ALONE: Final = re.compile(r"\d{1,2}:\d\d(:\d\d(\.\d+)?)?( ?[AaPp]\.?[Mm]\.?)?")
_MIDNIGHT: Final = re.compile(r"[ T]0?0:00(:00([.,]0+)?)?$")
_DIGITS: Final = re.compile(r"(\d{10}|\d{12,14})(\.\d+)?")
_NUMBER: Final = re.compile(r"[+-]?\d[\d.,' ]*(\s*[A-Za-z%°/²³]{1,6})?|-+|n/?a", re.IGNORECASE)
_DECIMAL_POINT: Final = re.compile(r"decimalpoint (comma|dot|point)", re.IGNORECASE)

_LONGEST_NAME: Final = 200

_INTERVALS: Final = {5: "energy_5min_kwh", 15: "energy_15min_kwh", 30: "energy_30min_kwh", 60: "energy_hour_kwh"}
"""Quantity of the energy of an interval, by its minutes."""


class ValueColumn(NamedTuple):
    """One column of values: its place, what it measures and how its numbers are written."""

    position: int
    measure: MeasuredColumn
    number: NumberColumn


def find_header(lines: Sequence[Sequence[Any]]) -> tuple[int, tuple[HeaderColumn, ...], "InverterHeader"] | None:
    """The header of a table among its first lines: the last line above the first one that has a time."""
    for index in range(1, len(lines)):
        above = lines[index - 1]
        at = next((place for place, cell in enumerate(lines[index]) if _is_time(cell, _cell(above, place))), None)
        if at is None or _has_numbers(above):
            continue
        stacked, header = _stacked(lines, index, at), InverterHeader()
        columns = tuple(_named(column, stacked) for column in columns_of(above))
        if header.understand(columns, stacked, at, lines[index:]):
            return index - 1, columns, header
    return None


@dataclass(slots=True)
class InverterHeader:
    """Where a table's devices, times and values stand; found in its first lines."""

    time: int = 0
    clock: int | None = None
    is_daily: bool = False
    is_midnight: bool = False
    minutes: int | None = None
    places: dict[str, int] = field(default_factory=dict)
    groups: list[tuple[Device | None, list[ValueColumn]]] = field(default_factory=list)
    naming: tuple[int, ...] = ()
    device: Device | None = None
    plant_name: str | None = None
    remarks: list[str] = field(default_factory=list)
    notation: Notation = UNDECIDED
    _order: DateOrder | None = None
    _found: list[tuple[HeaderColumn, MeasuredColumn | UnreadableColumn | None]] = field(default_factory=list)
    _measures: dict[tuple[str, str], MeasuredColumn | UnreadableColumn | None] = field(default_factory=dict)

    def settle(self, preamble: Sequence[Sequence[Any]]) -> None:
        """Decide which columns are read, now that the lines above the table are known; raises `BadDocument` where none is."""
        self._above(preamble)
        self.naming = tuple(self.places[place] for place in _NAMING if place in self.places)
        for column in [] if self.is_single_value else self._chosen():
            self._of_device(column.measure.device or self.device).append(column)
        if not self.is_single_value and not self.groups:
            raise BadDocument("; ".join(["no column of the table can be read", *self.remarks[:6]]))
        if not {"key", "name"} & self.places.keys() and not self.device and not any(device for device, _ in self.groups):
            raise BadDocument(
                "the table names no inverter: neither a column (inverter_id, serial number, device name) nor a header nor a line "
                "above it does; add a column inverter_id, or a first line such as 'Serial number;1234', and drop it again"
            )

    def _of_device(self, device: Device | None) -> list[ValueColumn]:
        for known, columns in self.groups:
            if (known and known.key) == (device and device.key):
                return columns
        self.groups.append((device, []))
        return self.groups[-1][1]

    @property
    def is_single_value(self) -> bool:
        """Whether each row holds one value and its name."""
        return {"measure", "value"} <= self.places.keys()

    def device_of(self, row: TableRow) -> Device | None:
        """The device that columns of the row name."""
        found = {place: _given(row.cells[self.places[place]]) for place in _NAMING if place in self.places}
        key, name = found.get("key") or found.get("name"), found.get("name")
        if key is None:
            return None
        return Device(key, name if name != key else None, found.get("model"), found.get("plant"), found.get("plant_name"))

    def told_by_header(self, context: ParseContext) -> ParseContext:
        """The context with the order of dates that a header such as `dd/MM/yyyy HH:mm:ss` tells."""
        return context if self._order is None else replace(context, date_order=self._order)

    def groups_of(self, row: TableRow) -> list[tuple[Device | None, list[ValueColumn]]]:
        """The columns of a row that are read, by the device that a header or a line above the table names."""
        if not self.is_single_value:
            return self.groups
        measure = self.measure_in(row)
        if not isinstance(measure, MeasuredColumn):
            return []
        number = NumberColumn(measure.quantity, measure.quantity, measure.conversion)
        return [(self.device, [ValueColumn(self.places["value"], measure, number)])]

    def measure_in(self, row: TableRow) -> MeasuredColumn | UnreadableColumn | None:
        """What the value of a row measures, in a table of one value per row."""
        unit = str(row.cells[self.places["unit"]] or "") if "unit" in self.places else ""
        found = str(row.cells[self.places["measure"]] or ""), unit
        if found not in self._measures:
            self._measures[found] = self._timed(measure_of(found))
        return self._measures[found]

    def understand(
        self, columns: Sequence[HeaderColumn], stacked: Sequence[Sequence[str]], at: int, rows: Sequence[Sequence[Any]]
    ) -> bool:
        """Take the columns of a header and the rows below it; whether any of them measures something."""
        self.time = at
        self.clock = _clock_beside(columns, at, rows)
        self.is_daily = self.clock is None and _are_days([_cell(row, at) for row in rows])
        self.is_midnight = not self.is_daily and all(_MIDNIGHT.search(_written(_cell(row, at))) for row in rows)
        self.minutes = _step([_cell(row, at if self.clock is None else self.clock) for row in rows])
        self._order = next((order for cell in stacked[at] if (order := _date_order(cell))), None)
        for column in columns:
            if column.position in {at, self.clock}:
                continue
            place = _PLACE_OF.get(column.plain) or _PLACE_OF.get(column.name)
            if place and self._is_better(place, column, columns):
                self.places[place] = column.position
            self._found.append((column, None if place else measure_of(stacked[column.position])))
        return self.is_single_value or any(isinstance(measure, MeasuredColumn | UnreadableColumn) for _, measure in self._found)

    def _is_better(self, place: str, column: HeaderColumn, columns: Sequence[HeaderColumn]) -> bool:
        if place not in self.places:
            return True
        earlier = columns[self.places[place]]
        return place == "key" and _KEY_ORDER.get(column.plain, 99) < _KEY_ORDER.get(earlier.plain, 99)

    def _above(self, preamble: Sequence[Sequence[Any]]) -> None:
        for cells in preamble:
            if found := _DECIMAL_POINT.search(" ".join(str(cell) for cell in cells if cell)):
                self.notation = Notation("," if found[1].lower() == "comma" else ".")
            written = [str(cell).strip() for cell in cells if cell is not None and str(cell).strip()]
            pair = written if len(written) == 2 else [part.strip() for part in "".join(written[:1]).split(":", 1)]
            place = _PLACE_OF.get(names.plain(pair[0])) if len(pair) == 2 and pair[1] else None
            if place in {"key", "name"} and (self.device is None or place == "key"):
                self.device = Device(pair[1])
            elif place == "plant_name":
                self.plant_name = pair[1]

    def _chosen(self) -> list[ValueColumn]:
        """One column for each device and quantity; the others are told."""
        by_series: dict[tuple[str | None, str], list[tuple[HeaderColumn, MeasuredColumn]]] = {}
        others_name_it = any(isinstance(measure, MeasuredColumn) and measure.device for _, measure in self._found)
        for column, found in self._found:
            measure = self._timed(found)
            if isinstance(measure, MeasuredColumn):
                measure = self._of_a_device(measure, others_name_it=others_name_it)
            if isinstance(measure, MeasuredColumn):
                by_series.setdefault((measure.device and measure.device.key, measure.quantity), []).append((column, measure))
            elif column.written and column.position not in self.places.values():
                self._tell(column, measure.why if measure else "")
        return [chosen for columns in by_series.values() if (chosen := self._surest(columns))]

    def _of_a_device(self, measure: MeasuredColumn, *, others_name_it: bool) -> MeasuredColumn | UnreadableColumn:
        if {"key", "name"} & self.places.keys():
            return UnreadableColumn("its header names a device, and so does a column") if measure.device else measure
        if measure.device is None and self.device is None and others_name_it:
            return UnreadableColumn("it names no inverter, as other columns do")
        return measure

    def _surest(self, columns: Sequence[tuple[HeaderColumn, MeasuredColumn]]) -> ValueColumn | None:
        rank = min(measure.rank for _, measure in columns)
        surest = [(column, measure) for column, measure in columns if measure.rank == rank]
        if len(surest) > 1 and len({column.plain for column, _ in surest}) == 1:
            column = surest[0][0]
            raise BadDocument(
                f"several columns are called {column.written!r}; which one is meant? Keep that one and drop the file again"
            )
        for column, _ in columns if len(surest) > 1 else ():
            self._tell(column, f"others could be {surest[0][1].quantity}, too: {', '.join(one.written for one, _ in surest[:3])}")
        if len(surest) > 1:
            return None
        for column, measure in columns:
            if measure.rank > rank:
                self._tell(column, f"{surest[0][0].written!r} is surer")
        column, measure = surest[0]
        return ValueColumn(column.position, measure, NumberColumn(column.position, measure.quantity, measure.conversion))

    def _timed(self, measure: MeasuredColumn | UnreadableColumn | None) -> MeasuredColumn | UnreadableColumn | None:
        """A measure with the quantity that it has in a table of days, or of intervals."""
        if not isinstance(measure, MeasuredColumn):
            return measure
        if self.is_midnight and measure.quantity in {INTERVAL_ENERGY, "energy_today_kwh"}:
            return UnreadableColumn("midnight alone does not tell whether a row is that of a day")
        if self.is_daily:
            if measure.quantity in {INTERVAL_ENERGY, "energy_today_kwh"}:
                return measure._replace(quantity="energy_day_kwh")
            return UnreadableColumn("a table of days does not say at which time of the day it was measured")
        if measure.quantity == INTERVAL_ENERGY:
            quantity = _INTERVALS.get(self.minutes or 0)
            return (
                measure._replace(quantity=quantity)
                if quantity
                else UnreadableColumn("rows are not 5, 15, 30 or 60 minutes apart")
            )
        return measure

    def _tell(self, column: HeaderColumn, why: str) -> None:
        self.remarks.append(f"column {column.written[:60]!r} is not used" + (f": {why}" if why else ""))


def _stacked(lines: Sequence[Sequence[Any]], index: int, at: int) -> list[list[str]]:
    """Cells of each column in the lines that make the header, from top to bottom."""
    first = index - 1
    while first and _continues(lines[first - 1], lines[first], at):
        first -= 1
    width = max(len(line) for line in lines[first:index])
    return [
        [written[:_LONGEST_NAME] for line in lines[first:index] if (written := _written(_cell(line, place)))]
        for place in range(width)
    ]


def _continues(above: Sequence[Any], below: Sequence[Any], at: int) -> bool:
    """Whether a line is part of the header that goes on below it."""
    filled = sum(bool(_written(cell)) for cell in above)
    names_time = not _written(_cell(above, at)) or _is_time_word(_written(_cell(above, at)))
    return names_time and filled >= max(1, (len(below) - 1) // 2) and not any(_is_time(cell, "") for cell in above)


def _named(column: HeaderColumn, stacked: Sequence[Sequence[str]]) -> HeaderColumn:
    """A column that is called by all lines of its header."""
    cells = stacked[column.position]
    return replace(column, written=" ".join(cells)) if len(cells) > 1 else column


def _is_time(cell: Any, header: Any) -> bool:  # noqa: ANN401 - a cell of a workbook
    if isinstance(cell, date):
        return True
    written = _written(cell)
    if _DATE.match(written):
        return True
    return bool(_DIGITS.fullmatch(written)) and _is_time_word(_written(header))


def _is_time_word(written: str) -> bool:
    return bool(_DATE_FORM.fullmatch(written)) or not _TIME_WORDS.isdisjoint(names.plain(written).split("_"))


def _is_day(cell: Any) -> bool:  # noqa: ANN401 - a cell of a workbook
    """Whether a cell tells a day without a time; what is no time at all does not speak against it."""
    if isinstance(cell, datetime):
        return (cell.hour, cell.minute, cell.second) == (0, 0, 0)
    return not (_is_time(cell, "time") and _OF_DAY.search(_written(cell)))


def _are_days(cells: Sequence[Any]) -> bool:
    """Whether a column tells days: dates, or midnights alone of more than one day."""
    if not all(_is_day(cell) or _MIDNIGHT.search(_written(cell)) for cell in cells):
        return False
    times = [cell for cell in cells if _is_time(cell, "time")]
    return len({_written(cell) for cell in times}) > 1 or ":" not in _written(times[0])


def _clock_beside(header: Sequence[HeaderColumn], at: int, rows: Sequence[Sequence[Any]]) -> int | None:
    """The column of times of day beside a column of days."""
    if not all(_is_day(_cell(row, at)) for row in rows):
        return None
    for column in header:
        cell = _cell(rows[0], column.position)
        if column.position != at and (isinstance(cell, time) or _CLOCK_ALONE.fullmatch(_written(cell))):
            return column.position
    return None


def _step(cells: Sequence[Any]) -> int | None:
    """The commonest step between times that follow each other, in minutes."""
    found = [minutes for cell in cells if (minutes := _minutes(cell)) is not None]
    steps = Counter(abs(after - before) for before, after in pairwise(found) if after != before)
    return steps.most_common(1)[0][0] if steps else None


def _minutes(cell: Any) -> int | None:  # noqa: ANN401 - a cell of a workbook
    if isinstance(cell, datetime | time):
        return cell.hour * 60 + cell.minute
    found = _CLOCK.search(_written(cell))
    return int(found[1]) * 60 + int(found[2]) if found else None


def _date_order(written: str) -> DateOrder | None:
    form = _DATE_FORM.fullmatch(written)
    if form is None or "M" not in form[1] or "d" not in form[1]:
        return None
    return "day first" if form[1].index("d") < form[1].index("M") else "month first"


def _has_numbers(cells: Sequence[Any]) -> bool:
    return any(isinstance(cell, int | float) or _NUMBER.fullmatch(_written(cell)) for cell in cells)


def _cell(cells: Sequence[Any], position: int) -> Any:  # noqa: ANN401 - a cell of a workbook
    return cells[position] if position < len(cells) else None


def _written(cell: Any) -> str:  # noqa: ANN401 - a cell of a workbook
    return "" if cell is None else str(cell).strip()


def _given(value: Any) -> str | None:  # noqa: ANN401 - a cell of a workbook
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return _written(value) or None
