"""The header of a table: found below titles and covers, each column with its name and its unit."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from include.core.errors import BadDocument
from include.sources.formats.fields import Fields
from include.sources.formats.names import plain

SEARCHED_LINES: Final = 50
"""Lines, blank ones not counted, among which a header is looked for."""

_UNIT_BEHIND: Final = re.compile(r"(.*\S)\s*[(\[]\s*([^()\[\]]{1,20}?)\s*[)\]]\s*", re.DOTALL)
_LONGEST_UNIT: Final = 12
_DATE_FORM: Final = re.compile(r"[dmyhsatz]{1,4}([-/.: T]+[dmyhsatz]{1,4})+", re.IGNORECASE)
_UNITS: Final = frozenset({
    "w", "kw", "mw", "gw", "wh", "kwh", "mwh", "gwh", "va", "kva", "var", "kvar", "v", "mv", "kv", "a", "ma", "ka", "hz", "khz",
    "°c", "ºc", "c", "degc", "deg c", "celsius", "°f", "ºf", "f", "k", "%", "pct", "percent", "%rh", "w/m2", "w/m²",
    "w/m^2", "wm-2", "kwh/m2", "m/s", "km/h", "hpa", "mbar", "kpa", "pa", "bar", "mm", "s", "sec", "min", "h", "hours", "iso",
    "utc", "ts", "rn", "watt", "watts", "volt", "volts", "ampere", "amp", "amps", "kilowatt", "lx", "lux", "ppm", "dbm",
    "units", "unidade", "r$", "eur", "usd", "avg", "smp", "max", "tot", "std", "med", "mean", "sum",
})  # fmt: skip

_SYMBOLS: Final = {
    "degc": "°C", "deg c": "°C", "celsius": "°C", "ºc": "°C", "ºf": "°F", "degf": "°F", "deg f": "°F", "fahrenheit": "°F",
    "watt": "W", "watts": "W", "volt": "V", "kilowatt": "kW", "volts": "V", "ampere": "A", "amp": "A", "amps": "A", "pct": "%",
    "percent": "%",
}  # fmt: skip

IsHeader = Callable[[Sequence["HeaderColumn"]], bool]
FindHeader = Callable[[Sequence[Sequence[Any]]], tuple[int, tuple["HeaderColumn", ...], int] | None]
"""Finds a header among lines, see `find_header`."""


@dataclass(frozen=True, slots=True)
class HeaderColumn:
    """One column of a table.

    Attributes:
        position: Place in a row, from 0.
        written: The header cell as it stands, trimmed.
        unit: What stands in brackets behind the name, or in a row of units above or below, words as symbols (degC as °C); empty
            where nothing does.
        plain: `names.plain` of the whole cell: `Temperatura (°C)` is `temperatura_c`.
        name: `names.plain` of the name without the unit in brackets: `temperatura`.
    """

    position: int
    written: str
    unit: str
    plain: str
    name: str

    def field(self, fields: Fields) -> str | None:
        """The feed's field that the column is, known by its whole cell or by its name alone."""
        return fields.aliases.get(self.plain) or fields.aliases.get(self.name)


def find_header(lines: Sequence[Sequence[Any]], is_header: IsHeader) -> tuple[int, tuple[HeaderColumn, ...], int] | None:
    """Find the header among a table's first lines.

    Returns:
        Its index, its columns and the index of the first line of data; None where no line is a header.
    """
    for index, cells in enumerate(lines):
        columns = columns_of(cells)
        if is_header(columns):
            below = index + 1
            units = lines[index - 1] if index and _are_units(lines[index - 1]) else ()
            while below < len(lines) and _are_units(lines[below]):
                units = units or lines[below]
                below += 1
            return index, tuple(_with_unit(column, units) for column in columns), below
    return None


def columns_of(cells: Sequence[Any], *, units: Sequence[Any] = ()) -> tuple[HeaderColumn, ...]:
    """Columns that a line would have as a header."""
    return tuple(_with_unit(_column(position, cell), units) for position, cell in enumerate(cells))


def positions(columns: Sequence[HeaderColumn], fields: Fields) -> dict[str, HeaderColumn]:
    """The column of each of the feed's fields; raises `BadDocument` where two columns could be the same one."""
    found: dict[str, HeaderColumn] = {}
    for column in columns:
        if (name := column.field(fields)) is None:
            continue
        if name in found:
            raise BadDocument(
                f"two columns could be {name}: {found[name].written!r} (column {found[name].position + 1}) and "
                f"{column.written!r} (column {column.position + 1}); which one is meant? Keep that one and drop the file again"
            )
        found[name] = column
    return found


def _column(position: int, cell: Any) -> HeaderColumn:  # noqa: ANN401 - a cell of a workbook
    written = str(cell).strip() if cell is not None else ""
    shown = written[:200]
    behind = _UNIT_BEHIND.fullmatch(shown)
    name, unit = (behind[1], _symbol(behind[2])) if behind else (shown, "")
    return HeaderColumn(position, written, unit, plain(shown), plain(name))


def _with_unit(column: HeaderColumn, units: Sequence[Any]) -> HeaderColumn:
    if column.unit or column.position >= len(units) or units[column.position] is None:
        return column
    return HeaderColumn(column.position, column.written, _symbol(str(units[column.position]).strip()), column.plain, column.name)


def _symbol(unit: str) -> str:
    return _SYMBOLS.get(unit.lower(), unit)


def _are_units(cells: Sequence[Any]) -> bool:
    """Whether a line has units, or (as loggers write it) how values were combined, and no data.

    A unit among them that is not known must not make the line one of data, whose columns would then be read without their units.
    """
    written = [str(cell).strip().lower() for cell in cells if cell is not None and str(cell).strip()]
    known = sum(_is_unit(cell) for cell in written)
    return 0 < len(written) <= 2 * known and all(_is_unit(cell) or _is_wordlike(cell) for cell in written)


def _is_wordlike(cell: str) -> bool:
    return len(cell) <= _LONGEST_UNIT and not any(letter.isdigit() for letter in cell)


def _is_unit(cell: str) -> bool:
    return cell in _UNITS or _DATE_FORM.fullmatch(cell) is not None
