"""Monthly consumption of customers [kWh]: CSV, JSON or XLSX with customer and/or document, month and kWh.

CSV may be UTF-8 or Windows-1252, with comma or semicolon. The texts of kWh are read in one notation. A customer's key is the
document, else the name. A month is measured at its local midnight in the tenant's zone and stands for the whole month. A day
other than the first of a month is unreadable; an empty value is missing; 0 is a value.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from include.core.frames import Piece, Subject
from include.core.identities import customer_identity
from include.core.span import day_span, microseconds_of
from include.sources.formats import names, numbers
from include.sources.formats.columns import NO_SUBJECT, QUANTITY_CODES, Columns
from include.sources.formats.context import ParseContext
from include.sources.formats.document_text import recognised
from include.sources.formats.fields import Fields
from include.sources.formats.header import HeaderColumn
from include.sources.formats.instants import UNREADABLE
from include.sources.formats.json_text import loose, raw_records
from include.sources.formats.months import month_of
from include.sources.formats.notation import ColumnNumbers, Notations, NumberColumn, Texts
from include.sources.formats.table import read_table
from include.sources.formats.zip_archive import MAGIC

_ORDER: Final = ("customer", "document", "month", "kwh")
_ALIASES: Final = {
    "customer": "customer", "cliente": "customer", "nome": "customer", "name": "customer", "customer_name": "customer",
    "cliente_nome": "customer", "nome_cliente": "customer", "nome_do_cliente": "customer", "consumidor": "customer",
    "document": "document", "documento": "document", "cpf": "document", "cnpj": "document", "cpf_cnpj": "document",
    "month": "month", "mes": "month", "mes_referencia": "month", "mes_de_referencia": "month", "referencia": "month",
    "competencia": "month", "mes_ano": "month", "kwh": "kwh", "consumo_kwh": "kwh", "consumption_kwh": "kwh", "consumo": "kwh",
    "consumption": "kwh", "energia_kwh": "kwh",
}  # fmt: skip
FIELDS: Final = Fields(
    _ALIASES,
    (frozenset({"customer", "document"}), frozenset({"month"}), frozenset({"kwh"})),
    "customer or document, month and kwh (or cliente, documento, mes, consumo_kwh)",
)
_KWH: Final = QUANTITY_CODES["consumption_kwh"]
_KWH_COLUMN: Final = NumberColumn("kwh", "consumption_kwh")

_Row = tuple[Any, Any, Any, Any]
_Rows = Iterator[tuple[_Row | None, Any, str]]


def parse(body: bytes | memoryview, context: ParseContext) -> Iterator[Piece]:
    """Read monthly consumption into `consumption_kwh` of customers. Raises `BadDocument` for other formats."""
    columns, starts = Columns(context), _Starts(context)
    is_workbook = bytes(body[:4]) == MAGIC

    def texts() -> Texts:
        rows = (row for row, _, _ in _rows(body, context, is_workbook, Columns(context)) if row)
        return ((_KWH_COLUMN, row[3]) for row in rows if isinstance(row[3], str))

    numbers_of = ColumnNumbers(Notations(texts), sentinels=frozenset())
    for row_number, (row, record, why) in enumerate(_rows(body, context, is_workbook, columns), start=1):
        name, document = (customer_identity(row[0]), customer_identity(row[1])) if row else (None, None)
        # A document that is given but unreadable must not turn into a customer known by name.
        is_unreadable = row is None or (document is None and (name is None or not _is_empty(row[1])))
        key = document or name
        if row is None or key is None or is_unreadable:
            columns.add_unreadable(row_number, "consumption_kwh", record, why)
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


def _rows(body: bytes | memoryview, context: ParseContext, is_workbook: bool, columns: Columns) -> _Rows:
    if not is_workbook:
        body = recognised(body, wanted="CSV, JSON or XLSX")
        if bytes(body[:1000]).lstrip()[:1] in {b"[", b"{"}:
            return _json_rows(body, context)
    return _table_rows(body, context, columns)


def _json_rows(body: bytes | memoryview, context: ParseContext) -> _Rows:
    for raw in raw_records(body, context):
        try:
            found = loose(raw)
            known = {_ALIASES[name]: value for spelling, value in found.items() if (name := names.plain(spelling)) in _ALIASES}
        except (ValueError, AttributeError):
            yield None, raw, NO_SUBJECT
        else:
            row = (known.get("customer"), known.get("document"), known.get("month"), known.get("kwh"))
            yield row if "kwh" in known else None, raw, NO_SUBJECT


def _table_rows(body: bytes | memoryview, context: ParseContext, columns: Columns) -> _Rows:
    table = read_table(body, FIELDS, max_rows=context.max_rows)
    places = table.positions(FIELDS)
    for row in table.rows:
        record = [cell if isinstance(cell, str) else str(cell) for cell in row.cells if cell is not None]
        yield None if row.fault else _placed(row.cells, places), record, row.fault or NO_SUBJECT
    columns.remarks += [*table.remarks, *table.unused(places.values())]


def _placed(cells: list[Any], places: dict[str, HeaderColumn]) -> _Row:
    customer, document, month, kwh = (cells[places[name].position] if name in places else None for name in _ORDER)
    return customer, document, month, kwh


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and value.strip().lower() in numbers.NO_READING)
