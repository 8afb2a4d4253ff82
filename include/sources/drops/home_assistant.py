"""Home Assistant's long-term statistics and history as telemetry: entity ids are keys, units come from attributes or metadata.

History: the CSV of the history panel (`entity_id,state,last_changed`), answers of the REST API (`/api/history/period`, a list of
states per entity, with `minimal_response` only the first with its attributes) and of the WebSocket API (`s`, `a`, `lc`, `lu`).
Statistics: rows of the recorder (`statistic_id`, `start`, `mean`, `state`, `sum`), answers by entity id, and the CSV and JSON of
the integration `import_statistics`. Shapes are those of developers.home-assistant.io (REST and WebSocket API, statistics).

A state holds from `last_changed` on. A statistics row tells a whole period, an hour unless it has an `end`: `state` (else `sum`)
is the meter at its end, `mean` counts in its middle; minimum and maximum are not read. A sensor without a unit is known by the
words of its entity id, but for power and energy, which are held back: W and kW, Wh and kWh are never guessed. An energy is a
counter unless its state class says that it is a measurement.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

import msgspec

from include.core.errors import BadDocument
from include.core.frames import Fault, Piece, Subject
from include.core.identities import identity
from include.core.quantities import QUANTITIES
from include.core.span import HOUR_US
from include.sources.drops.telemetry_measures import Measure, measure_of, unknown_measure
from include.sources.formats import names, numbers
from include.sources.formats.columns import QUANTITY_CODES, STATE, Columns
from include.sources.formats.context import ParseContext
from include.sources.formats.document_text import utf8_body
from include.sources.formats.fields import Fields
from include.sources.formats.instants import OPEN, UNREADABLE
from include.sources.formats.json_text import check_nesting, json_fault, loose
from include.sources.formats.notation import ColumnNumbers, Notation, Notations, NumberColumn, Texts
from include.sources.formats.table import Table, read_table

_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])
_ONE: Final = msgspec.json.Decoder(msgspec.Raw)
_ENTITY: Final = re.compile(r"[a-z0-9_]+[.:][a-z0-9_]+")
_JSON_SIGN: Final = re.compile(
    rb'"(entity_id|statistic_id)"\s*:|[{,]\s*"[a-z_]+[.:][a-z0-9_]+"\s*:\s*[\[{]|"id"\s*:\s*"[a-z_]+[.:][a-z0-9_]+"\s*,\s*"unit'
)
_TABLE_SIGN: Final = re.compile(rb"\b(entity_id|statistic_id)\b")
_LOOKED_AT: Final = 20_000
_MOST_RECORDS: Final = 1_000_000
"""Records of one JSON document: all states of an entity are decoded at once."""

_NUMERIC_DOMAINS: Final = frozenset({"sensor", "number", "input_number", "counter"})
_DAILY: Final = frozenset({"today", "daily", "hoje", "diaria", "diario"})
_WRAPPERS: Final = ("result", "statistics", "service_response")
_ALIASES: Final = {
    "entity_id": "entity_id", "statistic_id": "statistic_id", "state": "state", "last_changed": "changed",
    "last_updated": "updated", "unit": "unit", "unit_of_measurement": "unit", "device_class": "kind",
    "state_class": "state_class", "start": "start", "start_ts": "start", "end": "end", "end_ts": "end", "mean": "mean",
    "sum": "sum",
}  # fmt: skip
FIELDS: Final = Fields(
    _ALIASES,
    (frozenset({"entity_id", "statistic_id"}), frozenset({"changed", "updated", "start"}), frozenset({"state", "mean", "sum"})),
    "entity_id, state and last_changed, or statistic_id, start and one of mean, state, sum",
)


class _Told(NamedTuple):
    """What a state or a statistics row says of an entity: a value at `stamp`, or at the end or in the middle of a period."""

    entity: str
    value: Any
    stamp: Any
    kind: Any = None
    unit: Any = None
    name: Any = None
    state_class: Any = None
    at: Literal["stamp", "end", "middle"] = "stamp"
    end: Any = None


_Rows = Iterator[tuple[_Told | None, Any, str]]
"""What each record says, the record, and why it says nothing."""


def is_home_assistant(text: bytes) -> bool:
    """Whether a document looks like one of Home Assistant's exports; only its beginning is looked at."""
    head = text[:_LOOKED_AT].lstrip()
    return (_JSON_SIGN if head[:1] in {b"[", b"{"} else _TABLE_SIGN).search(head) is not None


def parse_home_assistant(text: bytes, context: ParseContext) -> Iterator[Piece]:
    """Read an export. Raises `BadDocument` where no record of it is a state or a statistics row."""
    columns = Columns(context)
    if text[:_LOOKED_AT].lstrip()[:1] in {b"[", b"{"}:
        reader = _Reader(columns, ColumnNumbers(Notations(lambda: iter(()), Notation("."))))
        rows = _json_rows(text, context)
    else:
        reader = _Reader(columns, ColumnNumbers(Notations(lambda: _texts(text, context), Notation("."))))
        rows = _table_rows(text, context, columns)
    seen: list[str] = []
    for row_number, (told, record, why) in enumerate(rows, start=1):
        if told is None:
            seen = seen or (list(map(str, record)) if isinstance(record, dict) else [])
            columns.add_unreadable(row_number, "state", record, why)
        else:
            reader.read(row_number, told, record)
        yield from columns.full()
    if not reader.entities:
        raise FIELDS.refusal(seen, where="the file", action="export the history or the statistics of entities again")
    yield from columns.rest()


class _Reader:
    """Turns what is told of entities into readings."""

    def __init__(self, columns: Columns, numbers_of: ColumnNumbers) -> None:
        self._columns = columns
        self._numbers_of = numbers_of
        self._measures: dict[tuple[Any, ...], Measure | None] = {}
        self.entities: set[str] = set()

    def read(self, row_number: int, told: _Told, record: object) -> None:
        """Add one reading."""
        columns = self._columns
        if told.entity not in self.entities:
            self.entities.add(told.entity)
            columns.code(told.entity, Subject(told.entity, names.text(told.name), "sensor"))
        code = columns.codes[told.entity]
        instant, fault = self._instant(told, code)
        measure = self._measure(told)
        if told.value is None or (isinstance(told.value, str) and numbers.is_no_reading(told.value)):
            columns.missing_count += 1
        elif measure is None and _is_number(told.value):
            why = Fault("unit_known", _question(told))
            columns.add_state(row_number, code, instant, None, record, why, fault)
        elif measure is None or measure.quantity_code == STATE:
            state = names.text(str(told.value)[: names.MAX_STATE], names.MAX_STATE)
            columns.add_state(row_number, code, instant, state, record, fault)
        else:
            column = NumberColumn(told.entity, measure.quantity, measure.conversion)
            value, doubt = self._numbers_of[column].read(told.value)
            columns.add(row_number, code, measure.quantity_code, instant, value, record, doubt, fault)

    def _instant(self, told: _Told, code: int) -> tuple[int, Fault | None]:
        times = self._columns.times
        start = times.read(told.stamp, code)
        if told.at == "stamp" or start == UNREADABLE:
            return start, None
        end = start + HOUR_US if told.end is None else times.read(told.end, code)
        if start >= OPEN or end >= OPEN:
            return UNREADABLE, Fault("time_unambiguous", f"the period that starts at {told.stamp!r} can be two")
        return end if told.at == "end" or end == UNREADABLE else (start + end) // 2, None

    def _measure(self, told: _Told) -> Measure | None:
        key = told.entity, told.kind, told.unit, told.state_class
        if key not in self._measures:
            self._measures[key] = _measure(told)
        return self._measures[key]


def _measure(told: _Told) -> Measure | None:
    """What an entity measures; None where its class, unit and name do not tell, a state where it is none of numbers."""
    domain, _, name = told.entity.replace(":", ".").partition(".")
    if domain not in _NUMERIC_DOMAINS and not told.unit:
        return Measure(STATE)
    words = name.split("_")
    kinds = [told.kind, *("_".join(words[first:]) for first in range(len(words))), *reversed(words)]
    found = next((measure for kind in kinds if kind and (measure := measure_of(kind, told.unit)) is not None), None)
    found = found or measure_of(None, told.unit)
    if found is None or found.quantity_code == STATE:
        return None if found is None else found
    if not told.unit and QUANTITIES[found.quantity].unit in {"kW", "kWh", "kvar"}:
        return None
    if QUANTITIES[found.quantity].kind == "counter":
        if told.state_class == "measurement":
            return None
        if not _DAILY.isdisjoint(words):
            return Measure(QUANTITY_CODES["energy_today_kwh"], found.conversion)
    return found


def _question(told: _Told) -> str:
    if told.state_class == "measurement":
        return f"{told.entity} is an energy with the state class measurement, which is no counter"
    if not told.unit:
        return f"nothing tells the unit of {told.entity}: export it with its attributes, or add a column unit_of_measurement"
    return f"{told.entity}: {unknown_measure(told.kind, told.unit)}"


def _is_number(value: object) -> bool:
    if not isinstance(value, str):
        return not isinstance(value, bool)
    return not math.isnan(numbers.written(value).if_point)


def _json_rows(text: bytes, context: ParseContext) -> _Rows:
    for raw in _records(text, context):
        try:
            found = _decoded(raw)
        except ValueError:
            yield None, raw, "the record is no JSON"
            continue
        yield from _rows_in(found)


def _records(text: bytes, context: ParseContext) -> list[msgspec.Raw]:
    """Elements of the list that a document is, or its lines, or the one object."""
    body = utf8_body(text, wanted="JSON")
    check_nesting(body, context.max_nesting)
    if body.count(b"{") > _MOST_RECORDS:
        raise BadDocument(f"the export holds more than {_MOST_RECORDS} records; export shorter times and drop the parts")
    try:
        return _LIST.decode(body) if body.lstrip()[:1] == b"[" else [_ONE.decode(body)]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if "trailing characters" not in str(error):
            raise BadDocument(json_fault(body, error)) from error
        return [msgspec.Raw(line) for line in body.split(b"\n") if line.strip()]


def _decoded(raw: msgspec.Raw) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return loose(raw)


def _rows_in(found: Any) -> _Rows:  # noqa: ANN401 - any JSON value
    """States and statistics rows in one record of a document, whatever holds them."""
    if isinstance(found, list):
        yield from _of_entity(None, {}, found)
    elif not isinstance(found, dict):
        yield None, found, "the record is neither a state nor a statistics row"
    elif inner := next((found[key] for key in _WRAPPERS if isinstance(found.get(key), dict)), None):
        yield from _rows_in(inner)
    elif found and all(_ENTITY.fullmatch(key) and isinstance(value, list | dict) for key, value in found.items()):
        for entity, rows in found.items():
            about = rows if isinstance(rows, dict) else {}
            listed = about.get("statistics", []) if about else rows
            yield from _of_entity(entity, about, listed if isinstance(listed, list) else [])
    elif isinstance(found.get("values"), list):
        yield from _of_entity(_entity_of(found) or found.get("id"), found, found["values"])
    else:
        yield from _of_entity(None, {}, [found])


def _of_entity(entity: object, about: Mapping[str, Any], rows: Iterable[Any]) -> _Rows:
    """Rows of one entity: what an earlier one says of it holds for those after it."""
    known: dict[str, Any] = {"entity": entity, "unit": _unit(about), "kind": about.get("device_class")}
    for row in rows:
        if not isinstance(row, dict):
            yield None, row, "the record is neither a state nor a statistics row"
            continue
        attributes = row.get("attributes") or row.get("a")
        told = {"entity": _entity_of(row)} | (_known_of(attributes) if isinstance(attributes, dict) else _known_of(row))
        known |= {key: value for key, value in told.items() if value is not None}
        if isinstance(known["entity"], str) and identity(known["entity"]) and (found := _told(row, known)):
            yield found, row, ""
        else:
            yield None, row, f"the record has not {FIELDS.wanted}"


def _entity_of(row: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    return row.get("entity_id") or row.get("statistic_id")


def _unit(about: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    units = ("unit_of_measurement", "statistics_unit_of_measurement", "display_unit_of_measurement", "unit")
    return next((about[key] for key in units if isinstance(about.get(key), str)), None)


def _known_of(about: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "unit": _unit(about),
        "kind": about.get("device_class"),
        "name": about.get("friendly_name") or about.get("name"),
        "state_class": about.get("state_class"),
    }


def _told(row: Mapping[str, Any], known: Mapping[str, Any]) -> _Told | None:
    start = next((row[key] for key in ("start", "start_ts", "datetime") if row.get(key) is not None), None)
    if start is not None:
        return _statistic(row, start, known)
    stamp = next((row[key] for key in ("last_changed", "lc", "last_updated", "lu") if row.get(key) is not None), None)
    value = row["state"] if "state" in row else row.get("s")
    return None if stamp is None or ("state" not in row and "s" not in row) else _Told(value=value, stamp=stamp, **known)


def _statistic(row: Mapping[str, Any], start: object, known: Mapping[str, Any]) -> _Told | None:
    end = row.get("end") or row.get("end_ts")
    meter = row.get("state") if row.get("state") is not None else row.get("sum")
    if meter is not None:
        return _Told(value=meter, stamp=start, at="end", end=end, **known)
    return _Told(value=row["mean"], stamp=start, at="middle", end=end, **known) if "mean" in row else None


def _table_rows(text: bytes, context: ParseContext, columns: Columns) -> _Rows:
    table = read_table(text, FIELDS, max_rows=context.max_rows)
    for row in table.rows:
        told = None if row.fault else _told_in_table(table, row.cells)
        yield told, row.cells, row.fault or f"the record has not {FIELDS.wanted}"
    columns.remarks += [*table.remarks, *table.unused(table.positions(FIELDS).values())]


def _told_in_table(table: Table, cells: list[Any]) -> _Told | None:
    found = {name: str(cells[column.position] or "").strip() for name, column in table.positions(FIELDS).items()}
    entity = identity(found.get("entity_id") or found.get("statistic_id"))
    known = {
        "entity": entity, "unit": found.get("unit") or None, "kind": found.get("kind") or None, "name": None,
        "state_class": found.get("state_class") or None,
    }  # fmt: skip
    row: dict[str, Any] = {name: found[name] or None for name in ("start", "end", "mean", "sum", "state") if name in found}
    stamp = found.get("changed") or found.get("updated")
    if entity is None:
        return None
    return _told(row if "start" in found else {"state": found.get("state", ""), "last_changed": stamp or None}, known)


def _texts(text: bytes, context: ParseContext) -> Texts:
    table = read_table(text, FIELDS, max_rows=context.max_rows)
    for row in table.rows:
        told = None if row.fault else _told_in_table(table, row.cells)
        measure = _measure(told) if told else None
        if told and measure and measure.quantity_code != STATE and isinstance(told.value, str):
            yield NumberColumn(told.entity, measure.quantity, measure.conversion), told.value
