"""Monthly consumption of customers [kWh]: CSV, JSON or XLSX with customer and/or document, month and kWh.

CSV may be UTF-8 or Windows-1252, with comma or semicolon. The texts of kWh are read in one notation. A customer's key is the
document, else the name. A month is measured at its local midnight in the tenant's zone and stands for the whole month. A day
other than the first of a month is unreadable; an empty value is missing; 0 is a value.
"""

from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Any, Final

from include.core.errors import BadDocument
from include.core.frames import Piece, Subject
from include.core.identities import customer_identity
from include.core.span import day_span, microseconds_of
from include.sources.formats import names, numbers
from include.sources.formats.columns import QUANTITY_CODES, Columns
from include.sources.formats.context import ParseContext
from include.sources.formats.csv_table import missing_header, positions, read_table
from include.sources.formats.document_text import recognised
from include.sources.formats.instants import UNREADABLE
from include.sources.formats.json_text import loose, raw_records
from include.sources.formats.months import month_of
from include.sources.formats.notation import ColumnNumbers, Notations, NumberColumn, Texts
from include.sources.formats.xlsx_table import MAGIC, read_rows

_FIELDS: Final = ("customer", "document", "month", "kwh")
_ALIASES: Final = {
    "customer": "customer", "cliente": "customer", "nome": "customer", "name": "customer", "customer_name": "customer",
    "cliente_nome": "customer", "nome_cliente": "customer", "nome_do_cliente": "customer", "consumidor": "customer",
    "document": "document", "documento": "document", "cpf": "document", "cnpj": "document", "cpf_cnpj": "document",
    "month": "month", "mes": "month", "mes_referencia": "month", "mes_de_referencia": "month", "referencia": "month",
    "competencia": "month", "mes_ano": "month", "kwh": "kwh", "consumo_kwh": "kwh", "consumption_kwh": "kwh", "consumo": "kwh",
    "consumption": "kwh", "energia_kwh": "kwh",
}  # fmt: skip
_HEADER_SEARCH_ROWS: Final = 20
_WANTED: Final = "customer or document, month and kwh (or cliente, documento, mes, consumo_kwh)"
_KWH: Final = QUANTITY_CODES["consumption_kwh"]
_KWH_COLUMN: Final = NumberColumn("kwh", "consumption_kwh")

_Row = tuple[Any, Any, Any, Any]
_Rows = Iterator[tuple[_Row | None, Any]]


def parse(body: bytes | memoryview, context: ParseContext) -> Iterator[Piece]:
    """Read monthly consumption into `consumption_kwh` of customers. Raises `BadDocument` for other formats."""
    columns, starts = Columns(context), _Starts(context)
    is_workbook = bytes(body[:4]) == MAGIC

    def texts() -> Texts:
        rows = (row for row, _ in _rows(body, context, is_workbook) if row)
        return ((_KWH_COLUMN, row[3]) for row in rows if isinstance(row[3], str))

    numbers_of = ColumnNumbers(Notations(texts), sentinels=frozenset())
    for row_number, (row, record) in enumerate(_rows(body, context, is_workbook), start=1):
        name, document = (customer_identity(row[0]), customer_identity(row[1])) if row else (None, None)
        # A document that is given but unreadable must not turn into a customer known by name.
        is_unreadable = row is None or (document is None and (name is None or not _is_empty(row[1])))
        key = document or name
        if row is None or key is None or is_unreadable:
            columns.add_unreadable(row_number, "consumption_kwh", record)
        else:
            code = columns.code(key, Subject(key, name, kind="customer"))
            instant = starts[month_of(row[2], excel_serials=is_workbook)]
            kwh, fault = numbers_of.read(row[3], _KWH_COLUMN)
            columns.add(row_number, code, _KWH, instant, kwh, record, *([fault] if fault else []))
        yield from columns.full()
    yield from columns.rest()


class _Starts(dict[date | None, int]):
    """Instant [µs] at which each month begins in the tenant's zone."""

    def __init__(self, context: ParseContext) -> None:
        super().__init__({None: UNREADABLE})
        self._timezone = context.timezone

    def __missing__(self, month: date) -> int:
        instant = self[month] = microseconds_of(day_span(month, self._timezone).start)
        return instant


def _rows(body: bytes | memoryview, context: ParseContext, is_workbook: bool) -> _Rows:
    if is_workbook:
        return _workbook_rows(body, context)
    start = recognised(body, wanted="CSV, JSON or XLSX")[:1000].lstrip()[:1]
    return _json_rows(body, context) if start in {b"[", b"{"} else _csv_rows(body, context)


def _json_rows(body: bytes | memoryview, context: ParseContext) -> _Rows:
    for raw in raw_records(body, context):
        try:
            found = loose(raw)
            known = {_ALIASES[name]: value for spelling, value in found.items() if (name := names.plain(spelling)) in _ALIASES}
        except (ValueError, AttributeError):
            yield None, raw
        else:
            row = (known.get("customer"), known.get("document"), known.get("month"), known.get("kwh"))
            yield row if "kwh" in known else None, raw


def _csv_rows(body: bytes | memoryview, context: ParseContext) -> _Rows:
    table = read_table(body, accept_windows=True)
    places = _places(table.header)
    rows = [cells for _, cells in islice(table.rows, context.max_rows + 1)]
    if len(rows) > context.max_rows:
        raise BadDocument(f"the document holds more than {context.max_rows} readings; split it and drop the parts")
    for cells in rows:
        yield _placed(cells, places), cells


def _workbook_rows(body: bytes | memoryview, context: ParseContext) -> _Rows:
    rows = read_rows(body)
    for header in islice(rows, _HEADER_SEARCH_ROWS):
        known = tuple(names.plain(str(cell)) if cell is not None else "" for cell in header)
        if _is_header(positions(known, _ALIASES)):
            places = positions(known, _ALIASES)
            break
    else:
        raise BadDocument(
            f"no row among the first {_HEADER_SEARCH_ROWS} of the first sheet is a header that names {_WANTED}; add it"
        )
    for count, cells in enumerate(rows):
        if any(cell is not None and cell != "" for cell in cells):
            yield _placed(cells, places), [str(cell) if cell is not None else None for cell in cells if cell is not None]
        if count > context.max_rows:
            raise BadDocument(f"the sheet holds more than {context.max_rows} rows; split it and drop the parts")


def _places(header: tuple[str, ...]) -> dict[str, int]:
    places = positions(header, _ALIASES)
    if not _is_header(places):
        raise missing_header(header, _WANTED)
    return places


def _is_header(places: dict[str, int]) -> bool:
    return {"month", "kwh"} <= places.keys() and not places.keys().isdisjoint({"customer", "document"})


def _placed(cells: list[Any], places: dict[str, int]) -> _Row | None:
    if len(cells) <= max(places.values()):
        return None
    customer, document, month, kwh = (cells[places[field]] if field in places else None for field in _FIELDS)
    return customer, document, month, kwh


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and value.strip().lower() in numbers.NO_READING)
