"""Tables of dropped files, CSV or Excel, as a header and rows below it.

    table = read_table(body, FIELDS, max_rows=context.max_rows)
    places = table.positions(FIELDS)
    for row in table.rows: ... row.cells[places["kwh"].position]

A header may stand below titles, covers and comments. A row that is not whole says so in `fault`; it is not to be read.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from typing import Any, Final, NamedTuple

from include.core.errors import BadDocument
from include.sources.formats.csv_table import CsvText, open_csv
from include.sources.formats.fields import Fields
from include.sources.formats.header import SEARCHED_LINES, FindHeader, HeaderColumn, IsHeader, find_header, positions
from include.sources.formats.whole_rows import WholeRow
from include.sources.formats.xlsx_table import Formula, Sheet, SheetRow, open_sheets
from include.sources.formats.zip_archive import MAGIC

_BLANK_LINES: Final = 1_000_000


class TableRow(NamedTuple):
    """One row below a header.

    Attributes:
        number: Counted from 1 below the header, blank rows not.
        cells: As many as the header has; texts of a CSV, values of a workbook (None where empty).
        fault: Why the row is not whole, as a sentence for the person who sent it; None where it is.
        sheet: Name of its sheet; empty in a CSV.
        merged: Positions whose value is that of a merged cell which begins in a row above.
    """

    number: int
    cells: list[Any]
    fault: str | None = None
    sheet: str = ""
    merged: frozenset[int] = frozenset()


@dataclass(slots=True)
class Table:
    """A table with a header.

    Attributes:
        columns: Of the header, in order.
        rows: To be read once.
        delimiter: What separates the cells of a CSV; empty for a workbook, whose cells are typed.
        preamble: Lines above the header, as cells.
        remarks: What of the document is not in the rows, in sentences; complete once the rows are read.
    """

    columns: tuple[HeaderColumn, ...]
    rows: Iterator[TableRow]
    delimiter: str = ""
    preamble: tuple[Sequence[Any], ...] = ()
    remarks: list[str] = field(default_factory=list)

    def positions(self, fields: Fields) -> dict[str, HeaderColumn]:
        """The column of each of the feed's fields; raises `BadDocument` where two columns could be the same one."""
        return positions(self.columns, fields)

    def unused(self, used: Iterable[HeaderColumn]) -> list[str]:
        """Remarks on the columns that are not among the used ones."""
        taken = {column.position for column in used}
        return [
            f"column {column.written[:60]!r} is not used"
            for column in self.columns
            if column.written and column.position not in taken
        ]


def read_table(
    body: bytes | memoryview,
    fields: Fields,
    *,
    max_rows: int,
    is_header: IsHeader | None = None,
    find: FindHeader | None = None,
) -> Table:
    """Open a CSV document or an Excel workbook.

    Args:
        body: The unpacked document.
        fields: What the feed reads. The header is the first of the first 50 lines that has what it needs.
        max_rows: Most rows; with more the document is refused.
        is_header: Tells a header by other means than the feed's fields.
        find: Finds the header by other means than looking at one line at a time.

    Raises:
        BadDocument: No table of this feed, another format or encoding; while rows are read, too many of them or a damaged file.
    """

    def has_fields(columns: Sequence[HeaderColumn]) -> bool:
        return fields.complete({name for column in columns if (name := column.field(fields))})

    found = find or partial(find_header, is_header=is_header or has_fields)
    if bytes(body[:4]) == MAGIC:
        return _workbook(open_sheets(body), fields, found, max_rows)
    text = open_csv(body, max_lines=max_rows + _BLANK_LINES)
    return _csv(text, fields, found, max_rows, reads_all=bool(is_header or find))


def read_tables(body: bytes | memoryview, fields: Fields, *, max_rows: int, is_header: IsHeader) -> Iterator[Table]:
    """Every sheet of a workbook that has a header as a table of its own, to be read before the next; a CSV is one table.

    Raises `BadDocument` as `read_table` does.
    """
    if bytes(body[:4]) != MAGIC:
        yield read_table(body, fields, max_rows=max_rows, is_header=is_header)
        return
    remarks: list[str] = []
    widest: Sequence[Any] = ()
    found_any = False
    find = partial(find_header, is_header=is_header)
    for sheet in open_sheets(body):
        head = list(islice(sheet.rows, SEARCHED_LINES))
        if find([row.cells for row in head]) is None:
            widest = max([widest, *(row.cells for row in head)], key=_filled_count)
            remarks.append(f"sheet {sheet.name[:60]!r} is not read: it has no header of this feed")
            continue
        found_any = True
        table = _workbook(iter([Sheet(sheet.name, chain(head, sheet.rows))]), fields, find, max_rows)
        table.remarks, remarks = remarks, []
        yield table
    if not found_any:
        raise _no_header(widest, fields, "rows")


def _csv(text: CsvText, fields: Fields, find: FindHeader, max_rows: int, *, reads_all: bool) -> Table:
    best: tuple[int, Table] | None = None
    widest: Sequence[Any] = ()
    for is_wrapped in (False, True):
        for delimiter in text.delimiters:
            head, lines = _head(_filled(text.cells(delimiter, is_wrapped=is_wrapped)))
            widest = max([widest, *head], key=_filled_count)
            if (found := find(head)) is None:
                continue
            index, columns, below = found
            known = sum(column.field(fields) is not None for column in columns)
            if best is None or known > best[0]:
                data = _without_headers(chain(head[below:], lines), head[index])
                reads_last = reads_all or columns[-1].field(fields) is not None
                whole = WholeRow(len(columns), delimiter, text.has_line_end, text.ends_quoted, reads_last)
                best = known, Table(columns, _csv_rows(data, whole, max_rows), delimiter, tuple(head[:index]))
        if best:
            return best[1]
    raise _no_header(widest, fields, "lines")


def _no_header(widest: Sequence[Any], fields: Fields, lines: str) -> BadDocument:
    names = (str(cell) for cell in widest if cell is not None)
    where, action = f"the widest of the first {SEARCHED_LINES} {lines}", "add a header that names them"
    return fields.refusal(names, where=where, action=action)


def _filled_count(cells: Sequence[Any]) -> int:
    return sum(bool(str(cell).strip()) for cell in cells if cell is not None)


def _head(lines: Iterator[list[str]]) -> tuple[list[list[str]], Iterator[list[str]]]:
    """The first lines and the rest; a fault comes with the rest, since with another delimiter it may be none."""
    head: list[list[str]] = []
    try:
        head.extend(islice(lines, SEARCHED_LINES))
    except BadDocument as error:
        return head, _raising(error)
    return head, lines


def _raising(error: BadDocument) -> Iterator[list[str]]:
    yield from ()
    raise error


def _filled(lines: Iterable[list[str]]) -> Iterator[list[str]]:
    return (cells for cells in lines if any(cell.strip() for cell in cells))


def _without_headers(lines: Iterable[list[str]], header: list[str]) -> Iterator[list[str]]:
    """Leave out comments, and the headers that stand between files which were joined."""
    first, width = header[0], len(header)
    for cells in lines:
        if (cells[0] == first and cells == header) or (cells[0].startswith("#") and len(cells) != width):
            continue
        yield cells


def _csv_rows(data: Iterable[list[str]], whole: WholeRow, max_rows: int) -> Iterator[TableRow]:
    for number, (cells, fault) in enumerate(whole.judged(data), start=1):
        if number > max_rows:
            raise BadDocument(f"the document holds more than {max_rows} rows; split it and drop the parts")
        yield TableRow(number, cells, fault)


def _workbook(sheets: Iterator[Sheet], fields: Fields, find: FindHeader, max_rows: int) -> Table:
    remarks: list[str] = []
    widest: Sequence[Any] = ()
    for sheet in sheets:
        head = list(islice(sheet.rows, SEARCHED_LINES))
        if (found := find([row.cells for row in head])) is not None:
            index, columns, below = found
            table = Table(columns, iter(()), preamble=tuple(row.cells for row in head[:index]), remarks=remarks)
            first = ((sheet.name, row) for row in chain(head[below:], sheet.rows))
            data = chain(first, _of_further_sheets(sheets, table, find))
            table.rows = _workbook_rows(data, table, fields, max_rows)
            return table
        widest = max([widest, *(row.cells for row in head)], key=_filled_count)
        remarks.append(f"sheet {sheet.name[:60]!r} is not read: it has no header of this feed")
    raise _no_header(widest, fields, "rows")


def _of_further_sheets(sheets: Iterator[Sheet], table: Table, find: FindHeader) -> Iterator[tuple[str, SheetRow]]:
    """Rows of those sheets behind the first that have the same columns, in whatever order."""
    wanted = {column.plain: column.position for column in table.columns if column.plain}
    for sheet in sheets:
        head = list(islice(sheet.rows, SEARCHED_LINES))
        if not head:
            continue
        found = find([row.cells for row in head])
        places = {column.plain: column.position for column in found[1]} if found else {}
        if found is None or not wanted.keys() <= places.keys():
            why = "it has no header of this feed" if found is None else "its columns are others"
            table.remarks.append(f"sheet {sheet.name[:60]!r} is not read: {why}")
            continue
        moved = {places[plain]: position for plain, position in wanted.items()}
        for row in chain(head[found[2] :], sheet.rows):
            yield sheet.name, _moved(row, moved, len(table.columns))


def _moved(row: SheetRow, moved: Mapping[int, int], width: int) -> SheetRow:
    cells: list[Any] = [None] * width
    for position, cell in enumerate(row.cells):
        if position in moved:
            cells[moved[position]] = cell
    return SheetRow(cells, frozenset(moved[position] for position in row.merged if position in moved))


def _workbook_rows(data: Iterable[tuple[str, SheetRow]], table: Table, fields: Fields, max_rows: int) -> Iterator[TableRow]:
    width = len(table.columns)
    for number, (sheet, (cells, merged)) in enumerate(data, start=1):
        if number > max_rows:
            raise BadDocument(f"the sheets hold more than {max_rows} rows; split the file and drop the parts")
        whole = (cells + [None] * width)[:width]
        if Formula.UNCOMPUTED in whole:
            known = [column for column in table.columns if column.field(fields)]
            refuse_uncomputed(whole, known or table.columns)
        yield TableRow(number, whole, None, sheet, merged)


def refuse_uncomputed(cells: Sequence[Any], columns: Iterable[HeaderColumn]) -> None:
    """Raise `BadDocument` where one of these columns has a formula without its value."""
    for column in columns:
        if cells[column.position] is Formula.UNCOMPUTED:
            raise BadDocument(
                f"column {column.written!r} holds formulas whose values were never computed; open the workbook in a spreadsheet "
                "program, save it and drop it again"
            )
