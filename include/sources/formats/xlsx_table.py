"""Excel workbooks (.xlsx) as sheets of rows, in values as spreadsheet programs show them."""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Any, Final, NamedTuple
from xml.parsers import expat

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel

from include.core.errors import BadDocument
from include.sources.formats.xlsx_package import Attributes, Package

_MAX_COLUMNS: Final = 1000
_MAX_STRINGS: Final = 1_000_000
_MAX_LETTERS: Final = 50_000_000
_MAX_FILLED: Final = 1_000_000
_TAIL_BYTES: Final = 1_000_000
_FAULTS: Final = (
    zipfile.BadZipFile, zlib.error, expat.ExpatError, LookupError, ValueError, TypeError, AttributeError, ArithmeticError,
    EOFError, OSError, NotImplementedError, RuntimeError,
)  # fmt: skip
_MERGED: Final = re.compile(rb'mergeCell\s[^>]*?ref="([A-Z]{1,3})([0-9]{1,7}):[A-Z]{1,3}([0-9]{1,7})"')

_Convert = Callable[[float], Any]


class Formula(Enum):
    """What stands for the value of a formula that was never computed."""

    UNCOMPUTED = ""


class SheetRow(NamedTuple):
    """One row with cells; `merged` are the positions whose value is that of a merged cell which begins in a row above."""

    cells: list[Any]
    merged: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet that people see, and its rows, to be read once; rows without values are left out."""

    name: str
    rows: Iterator[SheetRow]


def open_sheets(body: bytes | memoryview) -> Iterator[Sheet]:
    """Yield the visible sheets of a workbook in their order.

    Values are texts, int, float, bool, datetime, time or timedelta, None where a cell is empty; a formula is the value that was
    stored with it, else `Formula.UNCOMPUTED`. Cells right of column 1,000 are not read.

    Raises:
        BadDocument: While it is read: no Excel workbook, encrypted, damaged, or built to exhaust memory or time.
    """
    try:
        package = Package(body if isinstance(body, bytes) else bytes(body))
        workbook = _Workbook(package)
        for name, path in workbook.sheets:
            yield Sheet(name, _rows(package, path, workbook))
    except _FAULTS as error:
        raise _unreadable(error) from error


def _rows(package: Package, path: str, workbook: "_Workbook") -> Iterator[SheetRow]:
    try:
        reader = _SheetReader(workbook, _merged_below(package, path))
        for _ in package.parse(path, reader):
            yield from reader.rows
            reader.rows.clear()
    except _FAULTS as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> BadDocument:
    return BadDocument(
        f"the file is no readable Excel workbook ({type(error).__name__}: {str(error)[:120]}); save it again as .xlsx"
    )


class _Workbook:
    """What all sheets share: their list, texts, and how numbers are shown."""

    def __init__(self, package: Package) -> None:
        path = next(found.path for found in package.relations("").values() if found.kind == "officeDocument")
        relations = package.relations(path)
        listed = _SheetList()
        package.read(path, listed)
        self.sheets = [(name, relations[key].path) for name, key in listed.visible if relations[key].kind == "worksheet"]
        self.texts = _Texts()
        styles = _Styles(MAC_EPOCH if listed.counts_from_1904 else WINDOWS_EPOCH)
        for kind, reader in (("sharedStrings", self.texts), ("styles", styles)):
            for found in relations.values():
                if found.kind == kind and package.has(found.path):
                    package.read(found.path, reader)
        self.conversions = styles.conversions
        if not self.sheets:
            raise BadDocument("the Excel file has no sheet with cells; put the table in the first sheet and drop it again")


class _SheetList:
    """Reads the workbook's own part."""

    def __init__(self) -> None:
        self.visible: list[tuple[str, str]] = []
        self.counts_from_1904 = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "workbookPr":
            self.counts_from_1904 = attributes.get("date1904") in {"1", "true"}
        elif name == "sheet" and attributes.get("state", "visible") == "visible":
            key = next(value for key, value in attributes.items() if key.endswith(":id"))
            self.visible.append((attributes["name"], key))

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...


class _Texts:
    """Reads the texts that cells refer to by number."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._parts: list[str] = []
        self._is_text = self._is_spoken = False
        self._letter_count = 0

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "t":
            self._is_text = not self._is_spoken
        elif name == "rPh":
            self._is_spoken = True

    def end(self, name: str) -> None:
        if name == "t":
            self._is_text = False
        elif name == "rPh":
            self._is_spoken = False
        elif name == "si":
            self.texts.append("".join(self._parts))
            self._parts.clear()
            if len(self.texts) > _MAX_STRINGS or self._letter_count > _MAX_LETTERS:
                raise BadDocument("the Excel file holds more than a million texts; split it and drop the parts as CSV")

    def text(self, text: str) -> None:
        if self._is_text:
            self._parts.append(text)
            self._letter_count += len(text)


class _Styles:
    """Reads how numbers are shown; `conversions` has for each style what makes a number a date, a time or a duration, or None."""

    def __init__(self, epoch: datetime) -> None:
        self.conversions: list[_Convert | None] = []
        self._formats = dict(BUILTIN_FORMATS)
        self._epoch = epoch
        self._is_listed = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "numFmt" and not self._is_listed:
            self._formats[int(attributes["numFmtId"])] = attributes["formatCode"]
        elif name == "cellXfs":
            self._is_listed = True
        elif name == "xf" and self._is_listed:
            self.conversions.append(self._conversion(self._formats.get(int(attributes.get("numFmtId", 0)), "")))

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._is_listed = False

    def text(self, text: str) -> None: ...

    def _conversion(self, shown: str) -> _Convert | None:
        if not is_date_format(shown):
            return None
        return partial(from_excel, epoch=self._epoch, timedelta=is_timedelta_format(shown))


class _Columns(dict[str, int]):
    """Position of a column by its letters, from 0."""

    def __missing__(self, letters: str) -> int:
        position = 0
        for letter in letters:
            position = position * 26 + ord(letter) - 64
        self[letters] = position - 1
        return position - 1


class _SheetReader:
    """Reads the rows of a sheet; what is complete waits in `rows`."""

    def __init__(self, workbook: _Workbook, merged: dict[int, list[tuple[int, int]]]) -> None:
        self.rows: list[SheetRow] = []
        self._texts, self._conversions = workbook.texts.texts, workbook.conversions
        self._merged = merged
        self._filling: dict[int, tuple[int, Any]] = {}
        self._filled_count = 0
        self._columns = _Columns()
        self._row_number = 0
        self._cells: list[Any] = []
        self._position = -1
        self._kind = self._style = ""
        self._value: str | None = None
        self._is_value = self._is_formula = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "c":
            self._start_cell(attributes)
        elif name == "v" or name == "t":
            self._is_value = True
            self._value = self._value or ""
        elif name == "f":
            self._is_formula = True
        elif name == "row":
            self._row_number = int(attributes.get("r", self._row_number + 1))
            self._cells, self._position = [], -1

    def end(self, name: str) -> None:
        if name == "c":
            self._end_cell()
        elif name == "v" or name == "t":
            self._is_value = False
        elif name == "row" and self._cells:
            self.rows.append(SheetRow(self._cells, self._fill()) if self._merged else SheetRow(self._cells))

    def text(self, text: str) -> None:
        if self._is_value and self._value is not None:
            self._value += text

    def _start_cell(self, attributes: Attributes) -> None:
        reference = attributes.get("r")
        self._position = self._columns[reference.rstrip("0123456789")] if reference else self._position + 1
        self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "0")
        self._value, self._is_formula = None, False

    def _end_cell(self) -> None:
        value: Any = self._read()
        if value is None or value == "" or not 0 <= self._position < _MAX_COLUMNS:
            return
        cells = self._cells
        cells.extend([None] * (self._position + 1 - len(cells)))
        cells[self._position] = value

    def _read(self) -> Any:  # noqa: ANN401 - a cell's value
        text = self._value
        if self._is_formula and not text and self._kind != "str":
            return Formula.UNCOMPUTED
        if text is None:
            return None
        match self._kind:
            case "s":
                return self._texts[int(text)]
            case "n":
                return self._number(text) if text else None
            case "b":
                return text.strip() in {"1", "true"}
            case _:
                return text

    def _number(self, text: str) -> Any:  # noqa: ANN401
        number = int(text) if text.isdecimal() and len(text) < 16 else float(text)
        style = int(self._style)
        convert = self._conversions[style] if style < len(self._conversions) else None
        if convert is None:
            return number
        try:
            return convert(number)
        except (ValueError, OverflowError):
            return number

    def _fill(self) -> frozenset[int]:
        """Give the row the values of merged cells that begin above it; remember those that begin in it."""
        self._filling = {position: kept for position, kept in self._filling.items() if kept[0] >= self._row_number}
        filled = []
        for position, (_, value) in self._filling.items():
            if position >= len(self._cells):
                self._cells.extend([None] * (position + 1 - len(self._cells)))
            if self._cells[position] is None:
                self._cells[position] = value
                filled.append(position)
        self._filled_count += len(filled)
        if self._filled_count > _MAX_FILLED:
            raise BadDocument("the Excel file has more than a million merged cells; drop the table without merged cells")
        for position, last_row in self._merged.get(self._row_number, ()):
            if position < len(self._cells) and self._cells[position] is not None:
                self._filling[position] = last_row, self._cells[position]
        return frozenset(filled)


def _merged_below(package: Package, path: str) -> dict[int, list[tuple[int, int]]]:
    """Cells that reach over rows, by their first row: position and last row. They are listed at the end of a sheet."""
    tail = b""
    for chunk in package.stream(path):
        tail = (tail + chunk)[-_TAIL_BYTES:]
    columns, merged = _Columns(), dict[int, list[tuple[int, int]]]()
    for letters, first, last in _MERGED.findall(tail):
        if int(last) > int(first) and (position := columns[letters.decode()]) < _MAX_COLUMNS:
            merged.setdefault(int(first), []).append((position, int(last)))
    return merged
