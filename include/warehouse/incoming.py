"""The trusted readings of one document: gathered piece by piece, then settled so that each (series, instant) is there once."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from include.core.span import instant_of

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Incoming:
    """Trusted readings of one document, sorted by (series, instant), each key once.

    `series_id` int32; `measured_at` int64 microseconds since 1970 UTC; `value` float64.
    """

    series_id: NDArray[np.int32]
    measured_at: NDArray[np.int64]
    value: NDArray[np.float64]

    def __len__(self) -> int:
        """Number of readings."""
        return len(self.series_id)

    @property
    def first(self) -> datetime:
        """Earliest instant."""
        return instant_of(int(self.measured_at.min()))

    @property
    def last(self) -> datetime:
        """Latest instant."""
        return instant_of(int(self.measured_at.max()))


@dataclass(frozen=True, slots=True)
class Contradicted:
    """A row that a later row of the same document contradicts. `measured_at` is microseconds since 1970 UTC."""

    row_number: int
    series_id: int
    measured_at: int
    value: float


@dataclass(frozen=True, slots=True)
class Settled:
    """Each key once; how many earlier rows had the same value, and how many another one, some of which are named."""

    incoming: Incoming
    duplicate_count: int = 0
    contradicted_count: int = 0
    contradicted: list[Contradicted] = field(default_factory=list)


@dataclass(slots=True)
class Gathered:
    """Rows so far: 24 bytes each, whatever the document looked like."""

    _series_id: list[NDArray[np.int32]] = field(default_factory=list)
    _measured_at: list[NDArray[np.int64]] = field(default_factory=list)
    _value: list[NDArray[np.float64]] = field(default_factory=list)
    _row_number: list[NDArray[np.int32]] = field(default_factory=list)

    def add(
        self,
        *,
        series_id: NDArray[np.int32],
        measured_at: NDArray[np.int64],
        value: NDArray[np.float64],
        row_number: NDArray[np.int32],
    ) -> None:
        """Take the rows of one piece, in document order; instants in microseconds since 1970 UTC.

        The columns are copied: a view would keep the whole piece in memory.
        """
        self._series_id.append(series_id.copy())
        self._measured_at.append(measured_at.copy())
        self._value.append(value.copy())
        self._row_number.append(row_number.copy())

    def settle(self, *, most_contradicted: int) -> Settled:
        """Sort by (series, instant) and keep the last row of each key; afterwards nothing is gathered.

        All contradicted rows are counted, `most_contradicted` of them are named.
        """
        if not self._series_id:
            return Settled(Incoming(np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0)))
        series_id, measured_at = _joined(self._series_id), _joined(self._measured_at)
        order = None if _is_sorted(series_id, measured_at) else np.lexsort((measured_at, series_id))
        if order is not None:
            series_id, measured_at = series_id[order], measured_at[order]
        value, row_number = _joined(self._value, order), _joined(self._row_number, order)
        is_last = np.ones(len(series_id), bool)
        is_last[:-1] = (series_id[1:] != series_id[:-1]) | (measured_at[1:] != measured_at[:-1])
        if is_last.all():
            return Settled(Incoming(series_id, measured_at, value))
        incoming = Incoming(series_id[is_last], measured_at[is_last], value[is_last])
        kept_value = incoming.value[np.cumsum(is_last) - is_last]
        positions = np.flatnonzero(~is_last & (value != kept_value))
        contradicted = [
            Contradicted(int(row_number[i]), int(series_id[i]), int(measured_at[i]), float(value[i]))
            for i in positions[:most_contradicted]
        ]
        return Settled(incoming, int((~is_last).sum()) - len(positions), len(positions), contradicted)


def _joined(parts: list[NDArray[T]], order: NDArray[np.int64] | None = None) -> NDArray[T]:
    whole = np.concatenate(parts)
    parts.clear()
    return whole if order is None else whole[order]


def _is_sorted(series_id: NDArray[np.int32], measured_at: NDArray[np.int64]) -> bool:
    step = np.diff(series_id)
    return bool(((step > 0) | ((step == 0) & (np.diff(measured_at) >= 0))).all())
