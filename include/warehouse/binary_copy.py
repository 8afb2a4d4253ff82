"""COPY of numpy columns into PostgreSQL in its binary format, without a Python object per row."""

import io
from collections.abc import Sequence
from contextlib import closing
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

PG_EPOCH_US: Final = 946_684_800_000_000
"""2000-01-01T00:00Z in microseconds since 1970; PostgreSQL counts timestamps from it."""

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
            return _records(self._record, [column[start : self._row] for column in self._columns])
        if self._ended:
            return b""
        self._ended = True
        return _TRAILER


def _record_of(columns: Sequence[NDArray[np.generic]]) -> np.dtype[np.void]:
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for index, column in enumerate(columns):
        layout += [(f"size{index}", ">i4"), (f"value{index}", column.dtype.newbyteorder(">").str)]
    return np.dtype(layout)


def _records(record: np.dtype[np.void], columns: Sequence[NDArray[np.generic]]) -> bytes:
    block = np.empty(len(columns[0]), record)
    block["fields"] = len(columns)
    for index, column in enumerate(columns):
        block[f"size{index}"] = column.dtype.itemsize
        block[f"value{index}"] = column
    return block.tobytes()
