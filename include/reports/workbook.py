"""Tables as an Excel workbook and as CSV files in an archive.

The same tables and time give the same bytes, and text of others is never a formula.
"""

import csv
import io
import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.cell.cell import Cell as SheetCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from include.reports.plain_text import clean
from include.reports.tables import Cell, ReportColumn, ReportTable

_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)
_MODIFIED: Final = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(<)")
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""Their full-width forms are computed too."""

_MOST_CHARS: Final = 2000
_WIDEST: Final = 60


def workbook(tables: Sequence[ReportTable], *, title: str, issued_at: datetime) -> bytes:
    """An XLSX file with one sheet per table, its head frozen; `issued_at` is aware and becomes the time of creation."""
    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.title = clean(title, 200)
    book.properties.creator = "Heliograph"
    book.properties.created = issued_at.replace(tzinfo=None)
    for table in tables:
        _fill(book.create_sheet(table.title[:31].translate(str.maketrans("", "", "[]:*?/\\"))), table)
    saved = io.BytesIO()
    book.save(saved)
    return _same_bytes(saved.getvalue(), issued_at)


def csv_archive(tables: Sequence[ReportTable]) -> bytes:
    """A ZIP archive with one CSV file per table.

    UTF-8 with a mark for Excel, commas, decimal points, ISO dates; what is unknown is empty.
    """
    saved = io.BytesIO()
    with ZipFile(saved, "w", ZIP_DEFLATED) as archive:
        for table in tables:
            archive.writestr(_entry(f"{table.name}.csv"), csv_text(table).encode("utf-8-sig"))
    return saved.getvalue()


def csv_text(table: ReportTable) -> str:
    """One table as CSV (RFC 4180)."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([_safe(column.title) for column in table.columns])
    writer.writerows([[_safe(cell) for cell in row] for row in table.rows])
    return text.getvalue()


def _safe(cell: Cell) -> Cell:
    """Text that a spreadsheet would compute begins with an apostrophe; numbers stay numbers."""
    if not isinstance(cell, str):
        return cell
    text = clean(cell, _MOST_CHARS) if cell else ""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _fill(sheet: Worksheet, table: ReportTable) -> None:
    sheet.freeze_panes = "A2"
    for index, column in enumerate(table.columns, 1):
        head = sheet.cell(1, index)
        _write_text(head, column.title)
        head.font = Font(bold=True)
        head.alignment = Alignment(wrap_text=True, vertical="top")
        longest = max((len(str(row[index - 1])) for row in table.rows if row[index - 1] is not None), default=0)
        sheet.column_dimensions[get_column_letter(index)].width = min(max(longest, 10) + 2, _WIDEST)
    for row_number, row in enumerate(table.rows, 2):
        for index, (cell, column) in enumerate(zip(row, table.columns, strict=True), 1):
            _write(sheet.cell(row_number, index), cell, column)


def _write(target: SheetCell, cell: Cell, column: ReportColumn) -> None:
    if cell is None:
        return
    if not isinstance(cell, str):
        target.value = cell
        target.number_format = _number_format(column)
    elif column.form == "date":
        target.value = date.fromisoformat(cell)
        target.number_format = "yyyy-mm-dd"
    else:
        _write_text(target, cell)


def _write_text(target: SheetCell, text: str) -> None:
    target.value = clean(text, _MOST_CHARS) if text else ""
    target.data_type = "s"


def _number_format(column: ReportColumn) -> str:
    places = f".{'0' * column.decimals}" if column.decimals else ""
    share = f"0{places}%"
    forms = {"ratio": share, "growth": f"+{share};-{share};{share}", "count": "0"}
    return forms.get(column.form, f"#,##0{places}")


def _same_bytes(saved: bytes, issued_at: datetime) -> bytes:
    """The workbook without the moment of its saving."""
    told = f"{issued_at:%Y-%m-%dT%H:%M:%SZ}".encode()
    result = io.BytesIO()
    with ZipFile(io.BytesIO(saved)) as before, ZipFile(result, "w", ZIP_DEFLATED) as after:
        for name in before.namelist():
            content = before.read(name)
            if name == "docProps/core.xml":
                content = _MODIFIED.sub(rb"\g<1>" + told + rb"\g<2>", content)
            after.writestr(_entry(name), content)
    return result.getvalue()


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, _ZIP_TIME)
    entry.compress_type = ZIP_DEFLATED
    return entry
