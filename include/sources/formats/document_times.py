"""The times of one document: each is read by the clock of its subject, and decided at the end where only the whole tells."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from include.core.frames import Fault
from include.core.span import HOUR_US, DateOrder, instant_of, microseconds_of
from include.sources.formats.context import ParseContext
from include.sources.formats.instants import (
    EITHER_ORDER,
    OPEN,
    SERIAL,
    UNREADABLE,
    ClockTimes,
    as_datetimes,
    known_part,
    wall_of,
)
from include.sources.formats.repeated_hours import NEAR_US, decide_repeated, undecided

_ORDERS: Final[tuple[DateOrder, DateOrder]] = ("day first", "month first")
_CLOSE_US: Final = 3 * HOUR_US
"""Two rows of one subject that are no further apart follow each other."""

_FAR_US: Final = 20 * 24 * HOUR_US
"""By at least this much the times of two such rows differ where day and month have changed places in one of them."""

_MOST_TOLD: Final = 10_000
"""Times of a document that are told one by one; it bounds memory."""

_AS_OTHERS: Final = (Fault("time_unambiguous", f"as the first {_MOST_TOLD:,} times of this file that are ambiguous"),)

_Codes = NDArray[np.int32]
_Instants = NDArray[np.int64]


class DocumentTimes:
    """Reads times in the order of the document, and decides the open ones when all of it is known."""

    def __init__(self, context: ParseContext, subject_codes: Mapping[str, int]) -> None:
        """Nothing is read yet; `subject_codes` grows with the document and numbers its subjects from 0."""
        self._context = context
        self._subject_codes = subject_codes
        self._common = ClockTimes(context.timezone)
        self._by_clock: dict[tzinfo, ClockTimes] = {context.timezone: self._common}
        self._by_subject: list[ClockTimes] = []

    def read(self, stamp: object, subject_code: int | None) -> int:
        """Instant [µs UTC] of one value, an open time, or `UNREADABLE`; without a subject it is the document's own."""
        clock = self._of(subject_code) if self._context.clocks else self._common
        return clock[stamp] if type(stamp) is str else clock.read(stamp)

    def read_all(self, stamps: Sequence[Any], subject_codes: Iterable[int]) -> list[int]:
        """Instants of many values; `subject_codes`, as many, are taken only where subjects have clocks of their own."""
        if not self._context.clocks:
            if set(map(type, stamps)) == {str}:
                return list(map(self._common.__getitem__, stamps))
            return list(map(self._common.read, stamps))
        return [self.read(stamp, code) for stamp, code in zip(stamps, subject_codes, strict=True)]

    @property
    def has_open(self) -> bool:
        """Whether a time was read that only the whole document decides."""
        return any(clock.has_open for clock in self._by_clock.values())

    def open_rows(self, instants: _Instants) -> NDArray[np.bool_] | None:
        """Which rows wait for the end of the document: open ones and those that may decide them; None where none does."""
        clocks = list(self._by_clock.values())
        waits = instants >= OPEN if self.has_open else None
        for clock in clocks:
            if clock.has_local:
                for start, end in _changes(clock.timezone, instants):
                    is_near = (instants >= start) & (instants < end)
                    waits = is_near if waits is None else waits | is_near
        return waits if waits is not None and waits.any() else None

    def decide(self, row_numbers: _Codes, subject_codes: _Codes, instants: _Instants) -> tuple[_Instants, NDArray[np.object_]]:
        """Instants with nothing open in them, and per row why it could not be decided, or None; rows may come in any order."""
        formed = self._decide_forms(row_numbers, subject_codes, instants)
        decided = np.where(formed >= SERIAL, UNREADABLE, formed)
        if (decided >= OPEN).any():
            latest = None if self._context.latest is None else microseconds_of(self._context.latest)
            decided = decide_repeated(row_numbers, subject_codes, decided, latest)
        faults = np.full(len(instants), None, dtype=object)
        for clock, positions in self._by_clock_of(subject_codes, np.flatnonzero((formed >= OPEN) & (decided == UNREADABLE))):
            times, which = np.unique(formed[positions], return_inverse=True)
            told = np.empty(len(times), dtype=object)
            for place, time in enumerate(times.tolist()):
                told[place] = (_fault(time, clock.timezone),) if place < _MOST_TOLD else _AS_OTHERS
            faults[positions] = told[which]
        return decided, faults

    def _of(self, subject_code: int | None) -> ClockTimes:
        if subject_code is None or not self._context.clocks:
            return self._common
        if subject_code >= len(self._by_subject):
            for key in list(self._subject_codes)[len(self._by_subject) :]:
                clock = self._context.clocks.get(key, self._context.timezone)
                self._by_subject.append(self._by_clock.setdefault(clock, ClockTimes(clock)))
        return self._by_subject[subject_code]

    def _decide_forms(self, row_numbers: _Codes, subject_codes: _Codes, instants: _Instants) -> _Instants:
        decided = instants
        if not any(clock.has_other for clock in self._by_clock.values()):
            decided = self._at_walls(subject_codes, decided, decided >= OPEN)
        is_either = (decided & EITHER_ORDER != 0) & (decided >= OPEN)
        if is_either.any() and (order := self._order(row_numbers, subject_codes, decided, is_either)):
            decided = self._at_walls(subject_codes, decided, is_either, order)
        return decided

    def _at_walls(
        self, subject_codes: _Codes, instants: _Instants, rows: NDArray[np.bool_], order: DateOrder = "day first"
    ) -> _Instants:
        """Instants with open `rows` at their walls by the subjects' clocks; a repeated hour stays open."""
        decided = instants.copy()
        for clock, positions in self._by_clock_of(subject_codes, np.flatnonzero(rows)):
            walls, which = np.unique(known_part(instants[positions]), return_inverse=True)
            decided[positions] = _at(walls if order == "day first" else _exchanged(walls), clock)[which]
        return decided

    def _by_clock_of(self, subject_codes: _Codes, positions: NDArray[np.int64]) -> Iterator[tuple[ClockTimes, NDArray[np.int64]]]:
        """Some rows, by the clocks of their subjects."""
        if not self._context.clocks or not len(positions):
            yield self._common, positions
            return
        of_subject = [self._of(code).timezone for code in range(int(subject_codes[positions].max()) + 1)]
        for timezone, clock in self._by_clock.items():
            has_clock = np.array([own == timezone for own in of_subject])
            yield clock, positions[has_clock[subject_codes[positions]]]

    def _order(
        self, row_numbers: _Codes, subject_codes: _Codes, instants: _Instants, is_either: NDArray[np.bool_]
    ) -> DateOrder | None:
        """The order of day and month: what a day above 12 proves, else rows that follow each other, else what was said."""
        proved = set().union(*(clock.orders for clock in self._by_clock.values()))
        if not proved:
            proved = self._followed(row_numbers, subject_codes, instants, is_either)
        if not proved and self._context.date_order:
            proved = {self._context.date_order}
        return proved.pop() if len(proved) == 1 else None

    def _followed(
        self, row_numbers: _Codes, subject_codes: _Codes, instants: _Instants, is_either: NDArray[np.bool_]
    ) -> set[DateOrder]:
        """Orders in which a subject's next row is close to its last one, where it would be far away in the other order."""
        in_order = np.lexsort((row_numbers, subject_codes))
        is_next = np.diff(subject_codes[in_order]) == 0
        is_next &= is_either[in_order][1:] | is_either[in_order][:-1]
        read = [self._at_walls(subject_codes, instants, is_either, order)[in_order] for order in _ORDERS]
        is_next &= np.logical_and.reduce([(at[1:] != UNREADABLE) & (at[:-1] != UNREADABLE) for at in read])
        steps = [np.abs(np.diff(np.where(at >= OPEN, known_part(at), at))) for at in read]
        return {
            order
            for order, here, there in zip(_ORDERS, steps, reversed(steps), strict=True)
            if (is_next & (here <= _CLOSE_US) & (there >= _FAR_US)).any()
        }


def _at(walls: _Instants, clock: ClockTimes) -> _Instants:
    """Instants of wall clocks' times [µs]; open where they occur twice, `UNREADABLE` where they were skipped."""
    local = pd.DatetimeIndex(as_datetimes(walls)).tz_localize(clock.timezone, ambiguous="NaT", nonexistent="NaT")
    instants = local.as_unit("us").asi8.copy()
    for position in np.flatnonzero(local.isna()).tolist():
        instants[position] = clock.at(wall_of(int(walls[position])))
    return instants


def _exchanged(walls: _Instants) -> _Instants:
    """The same times with the numbers of day and month in each other's place; both are at most 12."""
    days = as_datetimes(walls).astype("datetime64[D]")
    months, years = days.astype("datetime64[M]"), days.astype("datetime64[Y]")
    exchanged = (years.astype("datetime64[M]") + (days - months.astype("datetime64[D]")).astype(np.int64)).astype("datetime64[D]")
    exchanged += (months - years.astype("datetime64[M]")).astype(np.int64)
    moved: _Instants = (exchanged - days).astype("timedelta64[us]").astype(np.int64)
    return walls + moved


def _fault(time: int, timezone: tzinfo) -> Fault:
    known = known_part(time)
    if time & EITHER_ORDER:
        detail = f"{wall_of(known):%d/%m/%Y %H:%M:%S} has the day or the month first, and nothing in the file tells which"
    elif time & SERIAL:
        detail = f"a number of days, {wall_of(known):%Y-%m-%d %H:%M:%S} in a spreadsheet, among times of other forms"
    else:
        return undecided(time, timezone)
    return Fault("time_unambiguous", detail)


@lru_cache(maxsize=4096)
def _set_back(timezone: tzinfo, year: int) -> tuple[tuple[int, int], ...]:
    """Spans [µs UTC] around the days of a year on which a clock is set back, with what may decide the repeated hour."""
    noons = [datetime(year, 1, 1, 12, tzinfo=UTC) + timedelta(days=day) for day in range(367)]
    offsets = [(noon.astimezone(timezone).utcoffset() or timedelta()) for noon in noons]
    return tuple(
        (microseconds_of(noons[day]) - NEAR_US, microseconds_of(noons[day + 1]) + NEAR_US)
        for day in range(366)
        if offsets[day + 1] < offsets[day]
    )


def _changes(timezone: tzinfo, instants: _Instants) -> Iterator[tuple[int, int]]:
    """Those spans of a clock that the instants reach."""
    read = instants[(instants != UNREADABLE) & (instants < OPEN)]
    if len(read):
        low, high = int(read.min()), int(read.max())
        for year in range(instant_of(low).year - 1, instant_of(high).year + 2):
            yield from ((start, end) for start, end in _set_back(timezone, year) if start <= high and end > low)
