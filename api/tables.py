"""Lists as tables: which columns the rows of a list have, and the rows as CSV, JSON lines or Parquet.

Columns come from the documented model of a row, so an empty list has them too. Members of an object become columns with dotted
names, `label.en`; lists and free objects are one column each.
"""

import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec
from pydantic import BaseModel

Kind = Literal["integer", "number", "boolean", "date", "instant", "text", "json"]
"""What a column holds: `json` is whatever has no columns of its own."""
Cells = list[Any]
"""Values of one row; a number with a fraction is `msgspec.Raw`, as it was written."""

_KINDS: Final[dict[Any, Kind]] = {
    int: "integer", float: "number", bool: "boolean", date: "date", datetime: "instant", str: "text",
}  # fmt: skip
_READ: Final = msgspec.json.Decoder(float_hook=msgspec.Raw)
_WRITE: Final = msgspec.json.Encoder()
_FORMULA_START: Final = re.compile(r"^(?=[\t\r\n])|(?:^|(?<=[;\t\r\n]))(?=\s*[=+\-@＝＋－＠])")
"""Where a spreadsheet would begin to compute: also behind what parts cells where the comma is not the separator, as in Brazil."""
_FORMULA_AFTER_COMMA: Final = re.compile(r"(?<=,)(?=\s*[=+\-@＝＋－＠])")
"""The same where the semicolon parts cells, and the sheet parts them by commas."""
_PLAIN: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.:_+-]*")
"""Most texts: instants, keys, words."""
_TO_QUOTE: Final = re.compile(r'[",;\r\n]|^\s|\s$')


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `path` leads to its value through the objects of a row."""

    path: tuple[str, ...]
    kind: Kind

    @property
    def name(self) -> str:
        """Dotted name."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a list; `rows_in` is the member of each thing that holds the rows, where not the things themselves are."""

    columns: tuple[Column, ...]
    rows_in: str | None = None

    def choose(self, names: Sequence[str]) -> "Table | str":
        """The table with these columns alone, in this order; the first unknown name where there is one."""
        known = {column.name: column for column in self.columns}
        for name in names:
            if name not in known:
                return name
        return Table(tuple(known[name] for name in dict.fromkeys(names)), self.rows_in)

    def rows(self, data: str, *, layout: Sequence[str] | None = None) -> list[Cells]:
        """Rows of a JSON text: an array of objects, or of arrays whose values `layout` names, or one object with rows in it."""
        things = _READ.decode(data)
        if layout is not None:
            things = [dict(zip(layout, values, strict=True)) for values in things]
        if self.rows_in is not None:
            things = _rows_inside(things, self.rows_in)
        paths = [column.path for column in self.columns]
        if all(len(path) == 1 for path in paths):
            names = [path[0] for path in paths]
            return [[*map(thing.get, names)] for thing in things]
        return [[_value(thing, path) for path in paths] for thing in things]


@cache
def table_of(answer_model: Any) -> Table | None:  # noqa: ANN401 - what a route was declared with
    """The table that the `data` of an answer makes; None where it is one thing and no list.

    The class of an object that holds its rows names their member as `table_rows`.
    """
    if not (isinstance(answer_model, type) and issubclass(answer_model, BaseModel) and "data" in answer_model.model_fields):
        return None
    data = _bare(answer_model.model_fields["data"].annotation)
    row = _bare(get_args(data)[0]) if get_origin(data) is list else data
    if not _is_model(row):
        return None
    rows_in = getattr(row, "table_rows", None)
    if rows_in is not None:
        inner = _bare(get_args(_bare(row.model_fields[rows_in].annotation))[0])
        beside = (column for column in _columns(row) if len(column.path) == 1 and column.kind != "json")
        return Table((*beside, *_columns(inner)), rows_in)
    return Table(tuple(_columns(row))) if get_origin(data) is list else None


def csv_bytes(table: Table, rows: Sequence[Cells]) -> bytes:
    """RFC 4180 in UTF-8 with a header line: null is an empty field, an empty text `""`, numbers are as they were written.

    Text that a spreadsheet would compute gets an apostrophe before it.
    """
    return _separated(table, rows, ",", _field).encode()


def spreadsheet_bytes(table: Table, rows: Sequence[Cells]) -> bytes:
    """CSV as spreadsheets of the decimal comma open it: fields parted by semicolons, `98,5`, and a mark that it is UTF-8."""
    return _separated(table, rows, ";", _field_with_comma).encode("utf-8-sig")


def json_lines_bytes(table: Table, rows: Sequence[Cells]) -> bytes:
    """One object a line, with the names of the columns as its members."""
    names = [column.name for column in table.columns]
    return _WRITE.encode_lines([dict(zip(names, row, strict=True)) for row in rows])


def parquet_bytes(table: Table, rows: Sequence[Cells]) -> bytes:
    """A Parquet file: instants in UTC to microseconds, dates, 64-bit numbers; lists and free objects as JSON text."""
    # Heavier than the rest of the API together, and few ask for it.
    import pyarrow
    import pyarrow.parquet

    types = {
        "integer": pyarrow.int64(), "number": pyarrow.float64(), "boolean": pyarrow.bool_(), "date": pyarrow.date32(),
        "instant": pyarrow.timestamp("us", tz="UTC"), "text": pyarrow.string(), "json": pyarrow.string(),
    }  # fmt: skip
    values = list(zip(*rows, strict=True)) or [()] * len(table.columns)
    arrays = [
        pyarrow.array([_typed(value, column.kind) for value in values_of], types[column.kind])
        for column, values_of in zip(table.columns, values, strict=True)
    ]
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(arrays, [column.name for column in table.columns]), file)
    return file.getvalue()


def _bare(annotation: Any) -> Any:  # noqa: ANN401 - types have no common type
    """A type without null and notes; of several kinds of list the one of objects."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) not in {Union, UnionType}:
        return annotation
    kinds = [_bare(kind) for kind in get_args(annotation) if kind is not NoneType]
    return next((kind for kind in kinds if get_origin(kind) is list and _is_model(_bare(get_args(kind)[0]))), kinds[0])


def _is_model(kind: Any) -> bool:  # noqa: ANN401 - types have no common type
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _columns(model: type[BaseModel], within: tuple[str, ...] = ()) -> Iterator[Column]:
    for name, member in model.model_fields.items():
        path, kind = (*within, member.alias or name), _bare(member.annotation)
        if _is_model(kind):
            yield from _columns(kind, path)
        elif get_origin(kind) is dict and get_origin(get_args(kind)[0]) is Literal:
            yield from (Column((*path, key), _KINDS.get(get_args(kind)[1], "json")) for key in get_args(get_args(kind)[0]))
        elif get_origin(kind) is Literal:
            yield Column(path, _KINDS[type(get_args(kind)[0])])
        else:
            yield Column(path, _KINDS.get(kind, "json"))


def _rows_inside(things: Any, member: str) -> list[dict[str, Any]]:  # noqa: ANN401 - what JSON may be
    things = things if isinstance(things, list) else [] if things is None else [things]
    return [thing | row for thing in things for row in thing[member]]


def _value(thing: Any, path: tuple[str, ...]) -> Any:  # noqa: ANN401 - what JSON may be
    for name in path:
        if thing is None:
            return None
        thing = thing.get(name)
    return thing


def _separated(table: Table, rows: Sequence[Cells], separator: str, field: Callable[[Any], str]) -> str:
    lines = [separator.join(column.name for column in table.columns)]
    # A row of one null would be a blank line, which readers skip.
    lines += [separator.join([field(value) for value in row]) or '""' for row in rows]
    return "\r\n".join(lines) + "\r\n"


def _field_with_comma(value: Any) -> str:  # noqa: ANN401 - what JSON may be
    if type(value) is msgspec.Raw:
        return str(value, "ascii").replace(".", ",")
    return _field(_FORMULA_AFTER_COMMA.sub("'", value) if type(value) is str else value)


def _field(value: Any) -> str:  # noqa: ANN401 - what JSON may be
    """One field of CSV."""
    kind = type(value)
    if kind is msgspec.Raw:
        return str(value, "ascii")
    if value is None:
        return ""
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(value)
    if kind is str and _PLAIN.fullmatch(value):
        return str(value)
    text = _FORMULA_START.sub("'", value if isinstance(value, str) else _WRITE.encode(value).decode())
    return '"' + text.replace('"', '""') + '"' if not text or _TO_QUOTE.search(text) else text


def _typed(value: Any, kind: Kind) -> Any:  # noqa: ANN401 - what JSON may be
    """A value as Arrow takes it."""
    if value is None:
        return None
    match kind:
        case "number":
            return float(bytes(value)) if isinstance(value, msgspec.Raw) else float(value)
        case "date":
            return date.fromisoformat(value)
        case "instant":
            return datetime.fromisoformat(value)
        case "json":
            return value if isinstance(value, str) else _WRITE.encode(value).decode()
    return value
