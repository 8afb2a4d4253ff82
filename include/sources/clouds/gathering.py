"""The rows of one landed answer on their way to readings: whose they are, when they were taken, and which of them count."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from include.core.frames import Piece
from include.core.span import day_span, microseconds_of
from include.sources.clouds.columns import column_of
from include.sources.clouds.document import LandedAnswer
from include.sources.clouds.fields import Field, ReadColumn
from include.sources.clouds.rows import AnswerRows
from include.sources.formats import names
from include.sources.formats.columns import Columns
from include.sources.formats.context import ParseContext
from include.sources.formats.instants import UNREADABLE, Instants


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
        self._instants: dict[ZoneInfo, Instants] = {}
        self._row_number = 0

    def next_row(self) -> int:
        """Number of the next row of the answer, from 1, whatever becomes of it."""
        self._row_number += 1
        return self._row_number

    def subject(self, key: object) -> str | None:
        """The vendor's key as text where it was asked about; else None."""
        text = names.key(key)
        return text if text in self._subjects else None

    def timezone(self, plant_key: str) -> ZoneInfo:
        """Zone of a plant's local times."""
        return self._context.zones.get(plant_key, self._context.timezone)

    def written_instant(self, stamp: object, subject: str, timezone: ZoneInfo) -> int:
        """Instant [UTC µs] of a written time, `UNREADABLE` where it is none; of a repeated hour as the subject's rows run."""
        instants = self._instants.get(timezone)
        if instants is None:
            instants = self._instants[timezone] = Instants(timezone)
        return instants.read(stamp, subject)

    def is_within(self, start: int, end: int | None = None) -> bool:
        """Whether an instant, or a period [UTC µs], lies in the span that was asked for; what cannot be read does."""
        if self._span is None or start == UNREADABLE:
            return True
        first, last = self._span
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
        if (rows := self.tables.get(table)) is None:
            return
        for field in fields:
            converted = field.convert([column(rows.points, key) for key in field.keys])
            rows.add_readings(self.columns, field.quantity, converted, instants)

    def add_states(self, table: str, states: Mapping[int, str | None]) -> None:
        """Add text states of a table's rows, by position, where they change in the order of time."""
        if table in self.tables:
            self.tables[table].add_states(self.columns, states)

    def pieces(self) -> Iterator[Piece]:
        """All that was gathered."""
        return self.columns.rest()


def day_start(day: date, timezone: ZoneInfo) -> int:
    """Instant [UTC µs] at which a local day begins."""
    return microseconds_of(day_span(day, timezone, 0).start)
