"""Monthly consumption of customers [kWh]: CSV, JSON or XLSX with customer and/or document, month and energy.

One row per customer, installation and month, or one row per customer with a column for each month; energy as a whole or by its
parts in peak, intermediate and off-peak periods. A customer's key is the document, else the name; a file that names installations
alone has them as customers. A month is measured at its local midnight in the tenant's zone and stands for the whole month. An
empty value is missing; 0 is a value; rows that add up others are left out.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple, TypeVar

from include.core.errors import BadDocument
from include.core.frames import Fault, Piece, Subject, point_subject
from include.core.identities import customer_identity, identity, is_rounded, why_rounded
from include.core.span import day_span, microseconds_of
from include.core.tax_numbers import TaxNumber
from include.sources.drops.consumption_columns import (
    FIELDS,
    RECORD,
    ConsumptionColumns,
    EnergyColumn,
    consumption_columns,
    is_consumption_header,
    period_quantity,
)
from include.sources.drops.total_rows import has_total
from include.sources.formats import numbers
from include.sources.formats.columns import NO_SUBJECT, QUANTITY_CODES, Columns
from include.sources.formats.context import ParseContext
from include.sources.formats.document_text import recognised
from include.sources.formats.header import columns_of
from include.sources.formats.instants import UNREADABLE
from include.sources.formats.json_text import loose, raw_records
from include.sources.formats.months import Months, month_number, months_in, year_of, years_in
from include.sources.formats.names import plain
from include.sources.formats.notation import ColumnNumbers, Texts
from include.sources.formats.table import read_table, refuse_uncomputed
from include.sources.formats.zip_archive import MAGIC

T = TypeVar("T")

_CUSTOMERS: Final[dict[str, TaxNumber | None]] = {"document": None, "cnpj": "cnpj", "cpf": "cpf", "customer": None}
"""Fields that tell a customer, the most telling first, and the tax number that they say to hold."""
_POINTS: Final = ("point", "meter")
"""Fields that tell an installation: its own number rather than that of the meter in it, which is exchanged some day."""
_REMEMBERED: Final = 100_000
"""Most customers of one document that are remembered by how they are written; it bounds memory."""


class _Row(NamedTuple):
    """A row of a table or a JSON record; without `columns` it has not what the feed needs, and `fault` says why.

    `titles` are texts that stand above the table, `merged` the places of values that belong to a row above.
    """

    number: int
    record: Any
    columns: ConsumptionColumns | None
    cells: Sequence[Any] = ()
    fault: str = NO_SUBJECT
    titles: tuple[str, ...] = ()
    merged: frozenset[int] = frozenset()

    def cell(self, name: str) -> Any:  # noqa: ANN401 - any JSON value
        """Value of a field, None where it is empty or not there."""
        value = self.columns.cell(name, self.cells) if self.columns else None
        return None if isinstance(value, str) and len(value) < 20 and numbers.is_no_reading(value) else value


class _UnreadableKey(ValueError):
    """A row names no customer or installation that can be read; the text says why."""


def parse(body: bytes | memoryview, context: ParseContext) -> Iterator[Piece]:
    """Read monthly consumption of consumption points, whole and in parts. Raises `BadDocument` for other formats."""
    columns = Columns(context)

    def rows(remarks: list[str] | None = None) -> Iterator[_Row]:
        return _rows(body, context, [] if remarks is None else remarks)

    document = _Document(rows, columns, context, is_workbook=bytes(body[:4]) == MAGIC)
    for row in rows(columns.remarks):
        document.take(row)
        yield from columns.full()
    document.end()
    yield from columns.rest()


class _Document:
    """What the rows of one document say, gathered in `columns`; `rows` opens them anew."""

    def __init__(self, rows: Callable[[], Iterator[_Row]], columns: Columns, context: ParseContext, *, is_workbook: bool) -> None:
        self._rows = rows
        self._columns = columns
        self._start_of = _starts(context)
        self._months = Months(lambda: (row.cell("month") for row in rows()), context.timezone, excel_serials=is_workbook)
        self._numbers = ColumnNumbers(columns.notations(self._texts), sentinels=frozenset())
        self._codes: dict[str, int] = {}
        self._known: set[str] = set()
        self._has_months = False
        self._is_dated = True
        self._rounded: object = None
        self._totals = 0

    def take(self, row: _Row) -> None:
        """Take one row."""
        if row.columns is None:
            self._columns.add_unreadable(row.number, "consumption_kwh", row.record, row.fault)
            return
        keys = repr([row.cells[place] for place in row.columns.keys])
        code = self._codes.get(keys)
        if self._is_total(row) if code is None else has_total([row.cell("month")]):
            self._totals += 1
            return
        if code is None and (code := self._new_code(row)) is None:
            return
        if len(self._codes) < _REMEMBERED:
            self._codes[keys] = code
        for energy in row.columns.energies:
            self._add(row, code, energy)

    def end(self) -> None:
        """Tell what was left out; raises `BadDocument` where no row says whose or of which month it is."""
        if self._rounded is not None and not self._known:
            raise BadDocument(why_rounded(self._rounded))
        if self._known and not self._is_dated and not self._has_months:
            raise BadDocument(
                "no column, title or name of a sheet says of which month the table is; add a column mes and drop it again"
            )
        if self._totals:
            self._columns.remarks.append(f"rows that add up others are not read: {self._totals}")

    def _texts(self) -> Texts:
        for row in self._rows():
            for position, column in row.columns.written_numbers() if row.columns else ():
                if isinstance(text := row.cells[position], str):
                    yield column, text

    def _is_total(self, row: _Row) -> bool:
        """Whether a row adds up others: it says so where a customer, an installation or a month should stand."""
        keys = [row.cell(name) for name in ("document", "cnpj", "cpf", *_POINTS)]
        name, month = row.cell("customer"), row.cell("month")
        if has_total([*keys, month], self._known):
            return True
        is_keyed = any(key is not None for key in keys)
        if is_keyed or name is not None:
            return not (is_keyed and month is not None) and has_total([name], self._known)
        return has_total(row.cells, self._known)

    def _new_code(self, row: _Row) -> int | None:
        """Number of a subject that was not met before; None where it cannot be read, which is told."""
        try:
            key, name, point = _subject(row)
        except _UnreadableKey as fault:
            if self._rounded is None:
                self._rounded = next((cell for cell in row.cells if is_rounded(cell)), None)
            self._columns.add_unreadable(row.number, "consumption_kwh", row.record, str(fault))
            return None
        if len(self._known) < _REMEMBERED:
            self._known.update(plain(text) for text in (key, name) if text)
        subject = point_subject(key, point)
        return self._columns.code(subject, Subject(subject, name, kind="customer"))

    def _add(self, row: _Row, code: int, energy: EnergyColumn) -> None:
        quantity, of_period = _of_period(row, energy)
        month = self._month(row, energy)
        self._has_months |= month is not None
        value = None if energy.column.position in row.merged else row.cells[energy.column.position]
        kwh, fault = self._numbers.read(value, energy.numbers)
        faults = [one for one in (of_period, fault) if one]
        self._columns.add(row.number, code, QUANTITY_CODES[quantity], self._start_of(month), kwh, row.record, *faults)

    def _month(self, row: _Row, energy: EnergyColumn) -> date | None:
        if isinstance(energy.month, date):
            return energy.month
        written = row.cell("month")
        if energy.month is None and row.columns and "month" not in row.columns.fields:
            self._is_dated = False
            return _only(months_in(title) for title in row.titles)
        if energy.month is None and (month := self._months.of(written)):
            return month
        number = energy.month or month_number(written)
        year = year_of(row.cell("year")) or _only(years_in(title) for title in row.titles)
        return date(year, number, 1) if number and year else None


def _subject(row: _Row) -> tuple[str, str | None, str | None]:
    """Key and name of the customer, and key of the installation; raises `_UnreadableKey`."""
    point = next((_key(value, identity(value)) for name in _POINTS if (value := row.cell(name)) is not None), None)
    name = identity(row.cell("customer"))
    for field, tax_number in _CUSTOMERS.items():
        # A document that is given but unreadable must not turn into a customer known by name.
        if (value := row.cell(field)) is not None:
            return _key(value, customer_identity(value, tax_number)), name, point
    if point is not None and row.columns and row.columns.fields.keys().isdisjoint(_CUSTOMERS):
        return point, None, None
    raise _UnreadableKey(NO_SUBJECT)


def _key(value: object, key: str | None) -> str:
    if key is None:
        why = f"{str(value)[:60]!r} is no key of at most 200 printable characters"
        raise _UnreadableKey(why_rounded(value) if is_rounded(value) else why)
    return key


def _of_period(row: _Row, energy: EnergyColumn) -> tuple[str, Fault | None]:
    """Quantity of a column in this row, by the row's time-of-use period; and a fault where that is not known."""
    period = row.cell("period") if energy.quantity == "consumption_kwh" else None
    if period is None:
        return energy.quantity, None
    if quantity := period_quantity(str(period)):
        return quantity, None
    return energy.quantity, Fault(
        "unit_known", f"time-of-use period {str(period)[:60]!r} is none of peak, intermediate, off-peak"
    )


def _only(found: Iterable[set[T]]) -> T | None:
    """The only one of what was found, None where it is none or several."""
    distinct = set().union(*found)
    return distinct.pop() if len(distinct) == 1 else None


def _starts(context: ParseContext) -> Callable[[date | None], int]:
    """Instant [µs] at which a month begins in the tenant's zone."""

    @cache
    def start_of(month: date | None) -> int:
        return UNREADABLE if month is None else microseconds_of(day_span(month, context.timezone).start)

    return start_of


def _rows(body: bytes | memoryview, context: ParseContext, remarks: list[str]) -> Iterator[_Row]:
    if bytes(body[:4]) != MAGIC:
        body = recognised(body, wanted="CSV, JSON or XLSX")
        if bytes(body[:1000]).lstrip()[:1] in {b"[", b"{"}:
            return _json_rows(body, context, remarks)
    return _table_rows(body, context, remarks)


def _table_rows(body: bytes | memoryview, context: ParseContext, remarks: list[str]) -> Iterator[_Row]:
    table = read_table(body, FIELDS, max_rows=context.max_rows, is_header=is_consumption_header)
    columns = consumption_columns(table.columns)
    read = columns.used()
    above = tuple(str(cell) for line in table.preamble for cell in line if cell is not None)
    titles: tuple[str, ...] = ()
    for row in table.rows:
        # What stands above the header belongs to the first sheet.
        if not titles or row.sheet != titles[0]:
            titles = (row.sheet,) if titles else (row.sheet, *above)
        if not table.delimiter:
            refuse_uncomputed(row.cells, read)
        if row.fault:
            yield _Row(row.number, row.cells, None, fault=row.fault)
        else:
            yield _Row(row.number, row.cells, columns, row.cells, titles=titles, merged=row.merged)
    remarks += [*table.remarks, *table.unused(read)]


def _json_rows(body: bytes | memoryview, context: ParseContext, remarks: list[str]) -> Iterator[_Row]:
    @lru_cache(maxsize=1000)
    def columns_by(names: tuple[str, ...]) -> ConsumptionColumns | None:
        header = columns_of(names)
        return consumption_columns(header) if is_consumption_header(header) else None

    for number, raw in enumerate(raw_records(body, context, RECORD, remarks), start=1):
        found = _record(raw)
        yield _Row(number, raw, columns_by(tuple(found)), list(found.values()))


def _record(raw: Any) -> dict[str, Any]:  # noqa: ANN401 - a raw JSON value
    try:
        found = loose(raw)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
