"""The rows of one landed answer on their way to readings: whose they are, when they were taken, and which of them count."""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from include.core.frames import Piece
from include.core.span import HOUR_US, day_span, microseconds_of
from include.sources.clouds.columns import column_of
from include.sources.clouds.document import LandedAnswer
from include.sources.clouds.fields import Field, ReadColumn
from include.sources.clouds.rows import AnswerRows
from include.sources.formats import names
from include.sources.formats.columns import Columns
from include.sources.formats.context import ParseContext
from include.sources.formats.instants import OPEN, UNREADABLE, ClockTimes, known_part, overlap_of
from include.sources.formats.repeated_hours import decide_by_receipt, decide_repeated, undecided

_TOLD_LATE_US: Final = 2 * HOUR_US


class Row(NamedTuple):
    """One row: number from 1, instant [UTC µs], values by the vendor's keys, and the record kept where one is unreadable."""

    number: int
    instant: int
    points: Mapping[str, Any]
    record: Any


class Gathering:
    """Gathers rows in tables, one table for rows that have the same fields.

    What was not asked for is left out: other subjects, and instants outside the request's span. A row whose subject was asked
    for but whose time cannot be read is kept, so that it is quarantined with its record.
    """

    def __init__(self, answer: LandedAnswer, context: ParseContext) -> None:
        """Start with no rows."""
        self.request = answer.request
        self.columns = Columns(context)
        self.tables: defaultdict[str, AnswerRows] = defaultdict(AnswerRows)
        self._context = context
        self._subjects = frozenset(answer.request.subjects)
        span = answer.request.span
        self._span = (microseconds_of(span.start), microseconds_of(span.end)) if span else None
        self._clocks: dict[ZoneInfo, ClockTimes] = {}
        self._zones: dict[int, ZoneInfo] = {}
        self._row_number = 0

    def next_row(self) -> int:
        """Number of the next row of the answer, from 1, whatever becomes of it."""
        self._row_number += 1
        return self._row_number

    def subject(self, key: object) -> str | None:
        """The vendor's key as text where it was asked about; else None."""
        text = names.key(key)
        return text if text in self._subjects else None

    def timezone(self, key: str) -> ZoneInfo:
        """Zone of the local times of a plant or device."""
        return self._context.zones.get(key, self._context.timezone)

    def written_instant(self, stamp: object, timezone: ZoneInfo) -> int:
        """Instant [UTC µs] of a written time, `UNREADABLE` where it is none.

        Of a repeated hour it is open until the rows around it are known, unless it is of the moment and its receipt tells.
        """
        clock = self._clocks.get(timezone)
        if clock is None:
            clock = self._clocks[timezone] = ClockTimes(timezone)
        instant = clock.read(stamp)
        if instant < OPEN:
            return instant
        if not overlap_of(instant):
            return UNREADABLE
        self._zones.setdefault(instant, timezone)
        return decide_by_receipt(instant, self._context.received_at) if self._span is None else instant

    def earlier(self, instant: int, by_us: int) -> int:
        """An instant, or an open time, by so many microseconds earlier."""
        if instant in self._zones:
            self._zones.setdefault(instant - by_us, self._zones[instant])
        return instant - by_us

    def is_within(self, start: int, end: int | None = None) -> bool:
        """Whether an instant, or a period [UTC µs], lies in the span that was asked for; what cannot be read does."""
        if self._span is None or start == UNREADABLE:
            return True
        first, last = self._span
        if start >= OPEN:
            return known_part(start) < last and first <= known_part(start) + overlap_of(start)
        return first <= start < last if end is None else first <= start < end <= last

    def add(self, table: str, subject: str, row: Row) -> None:
        """Add a row of a subject that was asked about."""
        self.tables[table].append(row.number, self.columns.code(subject), row.instant, row.points, row.record)

    def add_unreadable(self, row_number: int, quantity: str, record: object) -> None:
        """Add a row of which not even the subject can be read; `quantity` names what it should have held."""
        self.columns.add_unreadable(row_number, quantity, record)

    def add_fields(
        self, table: str, fields: Iterable[Field], instants: Sequence[int] | None = None, *, column: ReadColumn = column_of
    ) -> None:
        """Add the readings of a table's rows; a key that no row names adds nothing.

        `instants` [UTC µs] stand in for the rows' own, `column` reads one key of all rows, in the vendor's unit.
        """
        if (rows := self._settled(table)) is None:
            return
        for field in fields:
            converted = field.convert([column(rows.points, key) for key in field.keys])
            rows.add_readings(self.columns, field.quantity, converted, instants)

    def add_states(self, table: str, states: Mapping[int, str | None]) -> None:
        """Add text states of a table's rows, by position, where they change in the order of time."""
        if (rows := self._settled(table)) is not None:
            rows.add_states(self.columns, states)

    def _settled(self, table: str) -> AnswerRows | None:
        """The rows of a table, with no time open any more."""
        rows = self.tables.get(table)
        if rows is not None and self._zones:
            instants = np.array(rows.instants, np.int64)
            decided = self._decided(rows, instants)
            for position in np.flatnonzero((instants >= OPEN) & (decided == UNREADABLE)).tolist():
                timezone = self._zones.get(rows.instants[position], self._context.timezone)
                rows.faults[position] = undecided(rows.instants[position], timezone)
            rows.instants = array("q", decided.tolist())
        return rows

    def _decided(self, rows: AnswerRows, instants: NDArray[np.int64]) -> NDArray[np.int64]:
        """What was measured one by one has no order that could tell."""
        if self._span is None:
            return np.where(instants >= OPEN, UNREADABLE, instants)
        latest = None if self._context.latest is None else microseconds_of(self._context.latest)
        return decide_repeated(np.array(rows.numbers, np.int32), np.array(rows.codes, np.int32), instants, latest)

    def pieces(self) -> Iterator[Piece]:
        """All that was gathered."""
        return self.columns.rest()


def may_be_of_before(at: int, start: int) -> bool:
    """Whether what is told at an instant of a period that began at `start` [UTC µs] may still be the total of the one before.

    Clouds were seen to tell yesterday's total for up to two hours after midnight.
    """
    return at != UNREADABLE and at - start < _TOLD_LATE_US


def day_start(day: date, timezone: ZoneInfo) -> int:
    """Instant [UTC µs] at which a local day begins."""
    return microseconds_of(day_span(day, timezone, 0).start)
