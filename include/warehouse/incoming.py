"""Gathers the trusted rows of one document, however many pieces it came in, and settles repeats within it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.warehouse.readings import Incoming


@dataclass(frozen=True, slots=True)
class Contradicted:
    """A row that a later row of the same document contradicts. `measured_at` is microseconds since 1970 UTC."""

    row_number: int
    series_id: int
    measured_at: int
    value: float


@dataclass(slots=True)
class Gathered:
    """Rows so far: 24 bytes each, whatever the document looked like."""

    _columns: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]] = field(default_factory=list)

    def add(
        self,
        *,
        series_id: NDArray[np.int32],
        measured_at: NDArray[np.int64],
        value: NDArray[np.float64],
        row_number: NDArray[np.int32],
    ) -> None:
        """Take the rows of one piece, in document order; instants in microseconds since 1970 UTC."""
        self._columns.append((series_id, measured_at, value, row_number))

    def settle(self) -> tuple[Incoming, int, list[Contradicted]]:
        """Sort by (series, instant) and keep the last row of each key.

        Returns the incoming readings, how many earlier rows said the same (duplicates), and those that said something else.
        """
        if not self._columns:
            return Incoming(np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0)), 0, []
        series_id, measured_at, value, row_number = (np.concatenate(parts) for parts in zip(*self._columns, strict=True))
        self._columns.clear()
        if not _is_sorted(series_id, measured_at):
            order = np.lexsort((measured_at, series_id))
            series_id, measured_at, value, row_number = series_id[order], measured_at[order], value[order], row_number[order]
        is_last = np.ones(len(series_id), bool)
        is_last[:-1] = (series_id[1:] != series_id[:-1]) | (measured_at[1:] != measured_at[:-1])
        incoming = Incoming(series_id[is_last], measured_at[is_last], value[is_last])
        if len(incoming) == len(series_id):
            return incoming, 0, []
        kept_value = incoming.value[np.cumsum(is_last) - is_last]
        is_contradicted = ~is_last & (value != kept_value)
        contradicted = [
            Contradicted(int(row_number[i]), int(series_id[i]), int(measured_at[i]), float(value[i]))
            for i in np.flatnonzero(is_contradicted)
        ]
        return incoming, int((~is_last).sum()) - len(contradicted), contradicted


def _is_sorted(series_id: NDArray[np.int32], measured_at: NDArray[np.int64]) -> bool:
    step = np.diff(series_id)
    return bool(((step > 0) | ((step == 0) & (np.diff(measured_at) >= 0))).all())
