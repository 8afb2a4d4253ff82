"""The rows of a vendor's answer whose subject and time are read, on their way to readings."""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from include.core.frames import Fault
from include.sources.clouds.columns import Column
from include.sources.formats.columns import QUANTITY_CODES, Columns, series_code
from include.sources.formats.instants import UNREADABLE


@dataclass(slots=True)
class AnswerRows:
    """Rows of one answer of which subject and time are read: numbers from 1, subject codes, UTC µs, points by name, records.

    `faults` tell, by position, why a time is `UNREADABLE` where that is known.
    """

    numbers: "array[int]" = field(default_factory=lambda: array("i"))
    codes: "array[int]" = field(default_factory=lambda: array("i"))
    instants: "array[int]" = field(default_factory=lambda: array("q"))
    points: list[Mapping[str, Any]] = field(default_factory=list)
    records: list[Any] = field(default_factory=list)
    faults: dict[int, Fault] = field(default_factory=dict)

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

    def add_readings(self, columns: Columns, quantity: str, column: Column, instants: Sequence[int] | None = None) -> None:
        """Add the readings of one quantity; rows that do not name it add nothing. `instants` stand in for the rows' own."""
        at = np.array(self.instants if instants is None else instants, np.int64)
        columns.missing_count += int(np.count_nonzero(column.is_missing & ~column.is_absent))
        positions = np.flatnonzero(~column.is_missing)
        # What became infinite on the way to our unit is as unreadable as what came so. Adding zero makes zero of minus zero.
        values = np.where(np.isfinite(column.values), column.values, np.nan)[positions] + 0.0
        is_bad = (at[positions] == UNREADABLE) | np.isnan(values)
        for offset in np.flatnonzero(is_bad).tolist():
            position = int(positions[offset])
            columns.keep_raw(offset, self.records[position])
            if position in self.faults and at[position] == UNREADABLE:
                columns.add_fault(offset, self.faults[position])
        codes = np.array(self.codes, np.int32)[positions]
        columns.add_arrays(
            np.array(self.numbers, np.int32)[positions],
            series_code(codes, QUANTITY_CODES[quantity]),
            at[positions],
            values,
        )

    def add_states(self, columns: Columns, states: Mapping[int, str | None]) -> None:
        """Add states, by position of the row, where they change in the order of time; all that cannot be read.

        Rows without a readable time have no place in that order and change nothing.
        """
        positions = np.array(list(states), np.int64)
        before: dict[int, str | None] = {}
        for position in positions[np.argsort(np.array(self.instants, np.int64)[positions], kind="stable")].tolist():
            code, instant, state = self.codes[position], self.instants[position], states[position]
            if instant == UNREADABLE or state is None or before.get(code) != state:
                columns.add_state(self.numbers[position], code, instant, state, self.records[position], self.faults.get(position))
            if instant != UNREADABLE and state is not None:
                before[code] = state
