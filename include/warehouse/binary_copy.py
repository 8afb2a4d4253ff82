"""COPY of numpy columns into PostgreSQL and out of it in its binary format, without a Python object per row."""

import io
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

PG_EPOCH_US: Final = 946_684_800_000_000
"""2000-01-01T00:00Z in microseconds since 1970; PostgreSQL counts timestamps from it."""

PG_EPOCH_DAY: Final = 10_957
"""2000-01-01 in days since 1970; PostgreSQL counts dates from it."""

NULL_INT32: Final = -(2**31)
"""Stands for NULL among int32."""

NULL_INT64: Final = -(2**63)
"""Stands for NULL among int64."""

_HEADER: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER: Final = b"\xff\xff"
_ROWS_PER_CHUNK: Final = 100_000


def copy_columns(connection: Connection, target: str, columns: Sequence[tuple[str, NDArray[np.generic]]]) -> None:
    """COPY equally long columns of int32, int64 or float64 into `target`, in their order.

    Instants are int64 microseconds since `PG_EPOCH_US`. `target` is a table name written by our own code.
    """
    names = ", ".join(name for name, _ in columns)
    with closing(connection.connection.cursor()) as cursor:
        cursor.copy_expert(f"COPY {target} ({names}) FROM STDIN (FORMAT binary)", _Stream([values for _, values in columns]))


def copy_records(connection: Connection, target: str, records: NDArray[np.void]) -> None:
    """COPY a structured array into the columns of `target` that its fields name.

    A NaN, a `NULL_INT32` and a `NULL_INT64` are written as NULL. Fields are int32, int64, float64 or bytes (text). Instants are
    int64 microseconds since `PG_EPOCH_US`.
    """
    names = records.dtype.names or ()
    with closing(connection.connection.cursor()) as cursor:
        statement = f"COPY {target} ({', '.join(names)}) FROM STDIN (FORMAT binary)"
        cursor.copy_expert(statement, io.BytesIO(_HEADER + _nullable_records(records) + _TRAILER))


def copy_out(connection: Connection, sql: str, parameters: Mapping[str, object]) -> bytes:
    """What a query written by our own code returns, in the binary format of COPY, without header and trailer.

    Parameters (`:name`) are bound by the driver as literals, so the planner sees their values.
    """
    statement = str(text(sql.rstrip("; \n")).compile(dialect=connection.dialect))
    found = io.BytesIO()
    with closing(connection.connection.cursor()) as cursor:
        bound = cursor.mogrify(f"COPY ({statement}) TO STDOUT (FORMAT binary)", parameters)
        cursor.copy_expert(bound, found)
    return found.getvalue()[len(_HEADER) : -len(_TRAILER)]


def read_records(
    connection: Connection, sql: str, fields: Sequence[tuple[str, str]], parameters: Mapping[str, object]
) -> NDArray[np.void]:
    """Rows of a query whose columns are never null, as a structured array.

    `fields` are (name, type) in its order, with types as i4 or f8.
    """
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in fields:
        layout += [(f"size of {name}", ">i4"), (name, f">{kind}")]
    raw = np.frombuffer(copy_out(connection, sql, parameters), np.dtype(layout))
    records = np.empty(len(raw), list(fields))
    for name, _ in fields:
        records[name] = raw[name]
    return records


def read_arrays(
    connection: Connection, sql: str, parameters: Mapping[str, object]
) -> list[tuple[int, NDArray[np.int64], NDArray[np.float64]]]:
    """Rows (int4, timestamptz[], float8[]) of a query without nulls: the number, instants in microseconds since 1970, values."""
    raw, place, rows = copy_out(connection, sql, parameters), 0, []
    while place < len(raw):
        number = int.from_bytes(raw[place + 6 : place + 10], "big", signed=True)
        at, place = _array(raw, place + 10, "i8")
        value, place = _array(raw, place, "f8")
        rows.append((number, at + PG_EPOCH_US, value))
    return rows


def _array(raw: bytes, place: int, kind: str) -> tuple[NDArray[Any], int]:
    """A one-dimensional array field that begins at `place`, and where the next field begins."""
    size = int.from_bytes(raw[place : place + 4], "big")
    count = int.from_bytes(raw[place + 16 : place + 20], "big")
    elements = np.frombuffer(raw, np.dtype([("size", ">i4"), ("value", f">{kind}")]), count, place + 24)
    return elements["value"].astype(kind), place + 4 + size


def _nullable_records(records: NDArray[np.void]) -> bytes:
    columns = [records[name] for name in records.dtype.names or ()]
    record = _record_of(columns)
    block = _block(record, columns)
    kept = np.ones((len(block), record.itemsize), bool)
    for index, column in enumerate(columns):
        size = _sizes(column)
        if (size == column.dtype.itemsize).all():
            continue
        block[f"size{index}"] = size
        start = _offset(record, f"value{index}")
        kept[:, start : start + column.dtype.itemsize] = np.arange(column.dtype.itemsize) < size[:, np.newaxis]
    if kept.all():
        return block.tobytes()
    return block.view(np.uint8).reshape(len(block), -1)[kept].tobytes()


def _sizes(column: NDArray[Any]) -> NDArray[np.int64]:
    """Bytes that each value takes: -1 for NULL, of text as many as it has."""
    if column.dtype.kind == "S":
        return np.char.str_len(column)
    if column.dtype.kind in "fi":
        return np.where(_is_null(column), -1, column.dtype.itemsize)
    return np.full(len(column), column.dtype.itemsize)


def _is_null(column: NDArray[Any]) -> NDArray[np.bool_]:
    if column.dtype.kind == "f":
        return np.asarray(np.isnan(column))
    return np.asarray(column == (NULL_INT32 if column.dtype.itemsize == 4 else NULL_INT64))


def _offset(record: np.dtype[np.void], name: str) -> int:
    fields: Any = record.fields
    return int(fields[name][1])


class _Stream(io.RawIOBase):
    """A readable file of COPY records, built a chunk at a time so that memory stays flat."""

    def __init__(self, columns: Sequence[NDArray[np.generic]]) -> None:
        self._columns = columns
        self._row = 0
        self._rest = memoryview(_HEADER)
        self._ended = False
        self._record = _record_of(columns)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if not self._rest:
            self._rest = memoryview(self._next_chunk())
        piece = self._rest if size < 0 else self._rest[:size]
        self._rest = self._rest[len(piece) :]
        return bytes(piece)

    def _next_chunk(self) -> bytes:
        start, self._row = self._row, self._row + _ROWS_PER_CHUNK
        count = len(self._columns[0][start : self._row])
        if count:
            return _block(self._record, [column[start : self._row] for column in self._columns]).tobytes()
        if self._ended:
            return b""
        self._ended = True
        return _TRAILER


def _record_of(columns: Sequence[NDArray[np.generic]]) -> np.dtype[np.void]:
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for index, column in enumerate(columns):
        layout += [(f"size{index}", ">i4"), (f"value{index}", column.dtype.newbyteorder(">").str)]
    return np.dtype(layout)


def _block(record: np.dtype[np.void], columns: Sequence[NDArray[np.generic]]) -> NDArray[np.void]:
    block = np.empty(len(columns[0]), record)
    block["fields"] = len(columns)
    for index, column in enumerate(columns):
        block[f"size{index}"] = column.dtype.itemsize
        block[f"value{index}"] = column
    return block
