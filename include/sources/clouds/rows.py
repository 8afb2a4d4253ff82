"""The rows of a vendor's answer read column by column: a point of all rows at once is several times faster than row by row.

A column tells for each row a number, that it has none (null, `--`, a sentinel, not named at all), or that none can be read.
States are told where they change, in the order of time.
"""

import re
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from include.sources.formats import numbers
from include.sources.formats.columns import QUANTITY_CODES, Columns, series_code
from include.sources.formats.instants import UNREADABLE

_ABSENT: Final = object()
_NUMERIC: Final = frozenset({int, float})
_PLAIN_TEXTS: Final = re.compile(r"[-+.0-9 ]*", re.ASCII)
_LONGEST_PLAIN: Final = 40
_SENTINELS: Final = np.array(sorted(numbers.SENTINELS))


@dataclass(frozen=True, slots=True)
class Column:
    """One point of many rows: numbers, NaN where there is none; what is no reading; which rows do not even name the point."""

    values: NDArray[np.float64]
    is_missing: NDArray[np.bool_]
    is_absent: NDArray[np.bool_]

    @property
    def is_nowhere(self) -> bool:
        """Whether no row names the point."""
        return bool(self.is_absent.all())

    def else_of(self, other: "Column") -> "Column":
        """The other point's number in rows where this one has no reading."""
        return Column(
            np.where(self.is_missing, other.values, self.values),
            self.is_missing & other.is_missing,
            self.is_absent & other.is_absent,
        )

    def else_zero(self, other: "Column") -> "Column":
        """Zero where this one has no reading but the other has."""
        is_zero = self.is_missing & ~other.is_missing
        return Column(np.where(is_zero, 0.0, self.values), self.is_missing & ~is_zero, self.is_absent & ~is_zero)

    def less(self, other: "Column") -> "Column":
        """This less the other; no reading where one of them has none."""
        with np.errstate(all="ignore"):
            return Column(self.values - other.values, self.is_missing | other.is_missing, self.is_absent & other.is_absent)

    def changed(self, change: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> "Column":
        """The same with other numbers."""
        with np.errstate(all="ignore"):
            return Column(change(self.values), self.is_missing, self.is_absent)

    def over(self, divisor: float | NDArray[np.float64]) -> "Column":
        """The same in another unit, of which one is `divisor` of this one."""
        # Adding zero makes zero of minus zero.
        return self.changed(lambda values: values / divisor + 0.0)


def column_of(rows: Sequence[Mapping[str, Any]], name: str) -> Column:
    """Read one point of all rows by its name."""
    return read_column([row.get(name, _ABSENT) for row in rows])


def first_of(columns: Sequence[Column]) -> Column:
    """Of points of the same meaning, on several models, the first that has a reading, row by row."""
    first, *others = columns
    for other in others:
        if not other.is_nowhere and first.is_missing.any():
            first = first.else_of(other)
    return first


def read_column(found: Sequence[Any]) -> Column:
    """Read one value of each row."""
    kinds = set(map(type, found))
    if kinds <= _NUMERIC or kinds == {str}:
        values = _plain(found, is_text=kinds == {str})
        if values is not None:
            is_missing = np.isin(values, _SENTINELS)
            return Column(values, is_missing, np.zeros(len(values), np.bool_))
    if not kinds.isdisjoint({type(None), object}):
        return _with_gaps(found)
    read = [numbers.number(value) for value in found]
    return Column(
        np.array([np.nan if value is None else value for value in read]),
        np.array([value is None for value in read], np.bool_),
        np.zeros(len(read), np.bool_),
    )


def _plain(found: Sequence[Any], *, is_text: bool) -> NDArray[np.float64] | None:
    """Finite numbers, or texts that are nothing but digits, point and sign; None where something else is among them."""
    if is_text and not (max(map(len, found)) <= _LONGEST_PLAIN and _PLAIN_TEXTS.fullmatch(" ".join(found))):
        return None
    try:
        values = np.array(list(map(float, found)) if is_text else found, np.float64)
    except (ValueError, OverflowError):
        return None
    return values if np.isfinite(values).all() else None


def _with_gaps(found: Sequence[Any]) -> Column:
    is_absent = np.array([value is _ABSENT for value in found], np.bool_)
    is_missing = is_absent | np.array([value is None for value in found], np.bool_)
    values = np.full(len(found), np.nan)
    told = read_column([value for value in found if value is not None and value is not _ABSENT])
    values[~is_missing] = told.values
    is_missing[~is_missing] = told.is_missing
    return Column(values, is_missing, is_absent)


@dataclass(slots=True)
class AnswerRows:
    """Rows of one answer of which subject and time are read: numbers from 1, subject codes, UTC µs, points by name, records."""

    numbers: "array[int]" = field(default_factory=lambda: array("i"))
    codes: "array[int]" = field(default_factory=lambda: array("i"))
    instants: "array[int]" = field(default_factory=lambda: array("q"))
    points: list[Mapping[str, Any]] = field(default_factory=list)
    records: list[Any] = field(default_factory=list)

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.points)

    def append(self, number: int, code: int, instant: int, points: Mapping[str, Any], record: Any) -> None:  # noqa: ANN401
        """Add a row; `UNREADABLE` keeps its record."""
        self.numbers.append(number)
        self.codes.append(code)
        self.instants.append(instant)
        self.points.append(points)
        self.records.append(record)

    def tell(self, columns: Columns, quantity: str, column: Column, instants: Sequence[int] | None = None) -> None:
        """Add the readings of one quantity; rows that do not name it say nothing. `instants` stand in for the rows' own."""
        at = np.array(self.instants if instants is None else instants, np.int64)
        is_told = ~column.is_missing
        columns.missing_count += int(np.count_nonzero(column.is_missing & ~column.is_absent))
        positions = np.flatnonzero(is_told)
        # What became infinite on the way to our unit is as unreadable as what came so.
        values = np.where(np.isfinite(column.values), column.values, np.nan)[positions]
        is_bad = (at[positions] == UNREADABLE) | np.isnan(values)
        for offset in np.flatnonzero(is_bad).tolist():
            columns.keep_raw(offset, self.records[int(positions[offset])])
        codes = np.array(self.codes, np.int32)[positions]
        columns.add_arrays(
            np.array(self.numbers, np.int32)[positions],
            series_code(codes, QUANTITY_CODES[quantity]),
            at[positions],
            values,
        )

    def tell_states(self, columns: Columns, states: Mapping[int, str | None]) -> None:
        """Add states, by position of the row, where they change in the order of time; all that cannot be read.

        Rows without a readable time have no place in that order and change nothing.
        """
        positions = np.array(list(states), np.int64)
        before: dict[int, str | None] = {}
        for position in positions[np.argsort(np.array(self.instants, np.int64)[positions], kind="stable")].tolist():
            code, instant, state = self.codes[position], self.instants[position], states[position]
            if instant == UNREADABLE or state is None or before.get(code) != state:
                columns.add_state(self.numbers[position], code, instant, state, self.records[position])
            if instant != UNREADABLE and state is not None:
                before[code] = state
