"""Registry files: what a tenant's fleet consists of. CSV (one table per file), XLSX (one table per sheet) or JSON.

A JSON object names its lists: `{"plants": [...], "devices": [...], "customers": [...], "targets": [...], "tariffs": [...],
"emission_factors": [...], "meter_readings": [...]}`, any of them. A table, or a JSON array, is recognised by its columns:
`valid_from` and `price_per_kwh` make tariffs, `valid_from`, `co2_kg_kwh` and `factor_source` emission factors, `plant_key` and
`read_on` meter readings, `month` and `target_kwh` targets, `device_key` devices, `document` customers, `plant_key` with anything
else plants.
Portuguese names of columns are read too. A bad row is rejected with a reason and does not stop the others.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from include.core.documents import DROPS, VENDOR_NAMES
from include.core.errors import BadDocument
from include.core.fleet import (
    CustomerRow,
    DeviceRow,
    EmissionFactorRow,
    MeterReadingRow,
    PlantRow,
    Registry,
    RejectedRow,
    TargetRow,
    TariffRow,
)
from include.sources.drops.registry_fields import (
    ALIASES,
    DEVICE_KINDS,
    READERS,
    TAX_NUMBER_READERS,
    VENDOR_READERS,
    BadField,
)
from include.sources.drops.registry_numbers import NUMBERS, NumberField, RegistryNumbers
from include.sources.formats import names
from include.sources.formats.context import ParseContext
from include.sources.formats.document_text import recognised, utf8_body
from include.sources.formats.fields import Fields
from include.sources.formats.header import HeaderColumn, columns_of
from include.sources.formats.json_dialects import strict_json
from include.sources.formats.json_fields import RecordFields
from include.sources.formats.json_text import check_nesting, json_fault, loose, raw_records
from include.sources.formats.table import Table, read_tables
from include.sources.formats.zip_archive import MAGIC

_TABLES: Final[dict[str, tuple[Callable[..., Any], frozenset[str]]]] = {
    "tariffs": (TariffRow, frozenset({"plant_key", "valid_from", "price_per_kwh"})),
    "emission_factors": (EmissionFactorRow, frozenset({"valid_from", "co2_kg_kwh", "factor_source"})),
    "meter_readings": (MeterReadingRow, frozenset({"plant_key", "read_on"})),
    "targets": (TargetRow, frozenset({"plant_key", "month", "target_kwh"})),
    "devices": (DeviceRow, frozenset({"device_key"})),
    "customers": (CustomerRow, frozenset({"document"})),
    "plants": (PlantRow, frozenset({"plant_key"})),
}
FIELDS: Final = Fields(
    ALIASES,
    (frozenset({"plant_key", "device_key", "document", "co2_kg_kwh"}),),
    "plant_key with more columns, device_key, document, plant_key+month+target_kwh, plant_key+valid_from+price_per_kwh, "
    "plant_key+read_on or valid_from+co2_kg_kwh+factor_source",
)
RECORD: Final = RecordFields(FIELDS, names.plain)


def parse_registry(body: bytes | memoryview, context: ParseContext) -> Registry:
    """Read a registry file; see the module for what makes which table. Raises `BadDocument` where the whole cannot be read."""
    registry = Registry()
    rows = list(islice(_rows(body, context, registry), context.max_rows + 1))
    if len(rows) > context.max_rows:
        raise BadDocument(f"the registry holds more than {context.max_rows} rows; split it and drop the parts")
    numbers = _numbers(rows)
    for table, row_number, record in rows:
        _take(registry, table, row_number, record, numbers)
    return registry


def _numbers(rows: Sequence[tuple[str, int, Any]]) -> RegistryNumbers:
    texts: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for table, _, record in rows:
        if isinstance(record, dict):
            for name, (_, value) in _given(record, NUMBERS).items():
                texts[table, name] += [value] if isinstance(value, str) else []
    return RegistryNumbers(texts.items())


def _rows(body: bytes | memoryview, context: ParseContext, registry: Registry) -> Iterator[tuple[str, int, Any]]:
    if bytes(body[:4]) != MAGIC:
        body = recognised(body, wanted="CSV, JSON or XLSX")
        if bytes(body[:1000]).lstrip()[:1] in {b"[", b"{"}:
            return _json_rows(body, context, registry)
    return _table_rows(body, context, registry)


def _table_rows(body: bytes | memoryview, context: ParseContext, registry: Registry) -> Iterator[tuple[str, int, Any]]:
    for read in read_tables(body, FIELDS, max_rows=context.max_rows, is_header=_is_header):
        yield from _rows_of(read, registry)


def _rows_of(read: Table, registry: Registry) -> Iterator[tuple[str, int, Any]]:
    table = _table_of(read.columns)
    places = read.positions(FIELDS)
    for row in read.rows:
        if row.fault:
            reject = RejectedRow(
                row.number, f"row {row.number} of {table!r} is not whole: {row.fault}", names.raw_text(row.cells)
            )
            registry.rejected.append(reject)
            continue
        yield str(table), row.number, {_known_as(column): row.cells[column.position] for column in places.values()}
    registry.remarks += [*read.remarks, *read.unused(places.values())]


def _known_as(column: HeaderColumn) -> str:
    return column.plain if column.plain in ALIASES else column.name


def _is_header(columns: Sequence[HeaderColumn]) -> bool:
    return _table_of(columns) is not None


def _json_rows(body: bytes | memoryview, context: ParseContext, registry: Registry) -> Iterator[tuple[str, int, Any]]:
    text = strict_json(utf8_body(body, wanted="JSON"))
    check_nesting(text, context.max_nesting)
    if text.lstrip()[:1] == b"[":
        yield from _one_table([loose(raw) for raw in raw_records(text, context, RECORD, registry.remarks)])
        return
    try:
        document = loose(text)
    except (ValueError, RecursionError) as error:
        # The strict reader says where the fault is; what only the lenient one refuses is told in its words.
        list(raw_records(text, context, RECORD, registry.remarks))
        raise BadDocument(json_fault(text, error)) from error
    if document.keys().isdisjoint(_TABLES):
        yield from _one_table([document])
        return
    for table, rows in document.items():
        for row_number, record in enumerate(rows if isinstance(rows, list) else [rows], start=1):
            yield table, row_number, record


def _one_table(records: list[Any]) -> Iterator[tuple[str, int, Any]]:
    if not records:
        return
    first = records[0]
    table = _table_of(columns_of(list(first))) if isinstance(first, dict) else None
    if table is None:
        raise BadDocument(
            f"no table of the registry has such records; name {FIELDS.wanted}, or give an object with lists such as plants"
        )
    for row_number, record in enumerate(records, start=1):
        yield table, row_number, record


def _table_of(header: Sequence[HeaderColumn]) -> str | None:
    fields = {name for column in header if (name := column.field(FIELDS))}
    for table, (_, required) in _TABLES.items():
        if required <= fields and (table != "plants" or len(fields) > 1):
            return table
    return None


def _take(registry: Registry, table: str, row_number: int, record: Any, numbers: RegistryNumbers) -> None:  # noqa: ANN401
    try:
        if table not in _TABLES:
            raise BadField(f"stands in the list {table[:60]!r}; the lists are {', '.join(_TABLES)}")
        getattr(registry, table).append(_row(table, record, numbers))
    except BadField as fault:
        registry.rejected.append(RejectedRow(row_number, f"row {row_number} of {table[:60]!r} {fault}", names.raw_text(record)))


def _row(table: str, record: Any, numbers: RegistryNumbers) -> Any:  # noqa: ANN401
    if not isinstance(record, dict):
        raise BadField("is no record of named fields")
    make, required = _TABLES[table]
    given = _given(record, wanted=make.__annotations__.keys())
    _, source = given.get("source", ("", DROPS))
    readers = VENDOR_READERS if names.plain(str(source)) in VENDOR_NAMES else READERS
    found: dict[str, Any] = {}
    for name, (column, value) in given.items():
        read = TAX_NUMBER_READERS.get(column, readers[name])
        try:
            is_number = name in NUMBERS
            found[name] = numbers.read(value, NumberField(table, name, column, read)) if is_number else read(value)
        except BadField as fault:
            raise BadField(f"is wrong: {name} {str(value)[:60]!r} {fault}") from fault
    if missing := sorted(required - found.keys()):
        raise BadField(f"lacks {', '.join(missing)}")
    return make(**found)


def _given(record: dict[str, Any], wanted: Collection[str]) -> dict[str, tuple[str, Any]]:
    """(column, value) of each field that the table has and the record fills; of several columns the first."""
    given: dict[str, tuple[str, Any]] = {}
    for spelling, value in record.items():
        column = names.plain(spelling)
        name = ALIASES.get(column, "")
        if name in wanted and name not in given and value is not None and not (isinstance(value, str) and not value.strip()):
            given[name] = column, value
    return given


__all__ = [
    "DEVICE_KINDS",
    "CustomerRow",
    "DeviceRow",
    "EmissionFactorRow",
    "MeterReadingRow",
    "PlantRow",
    "Registry",
    "RejectedRow",
    "TargetRow",
    "TariffRow",
    "parse_registry",
]
