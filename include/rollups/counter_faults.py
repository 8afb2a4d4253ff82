"""Counters of stretches: what each reading adds, the days on which a counter misbehaved, and how far such a day reaches.

A fall, a maximum or a jump is judged by the readings around it, some of which may lie in other days. So a changed day draws
in the days whose reading of the counter it may change: those back to the beginning of an episode that was open when it began;
those of the next readings, which are judged by the ones before them; and those after them until the counter stands where it
stood: until nothing is open at midnight, or only what began later, at the same reading as before.

Every row before the beginning of an episode was accepted. So was the last one before a midnight at which nothing was open: there
a counter's context may begin.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from include.rollups.calendar import Calendar
from include.rollups.counter_limits import HORIZON_US, NEIGHBOURS
from include.rollups.counter_series import CounterFault
from include.rollups.counters import CounterReadings, CounterSteps, step_counters
from include.rollups.measured import Contributions, Readings, spread
from include.rollups.series import run
from include.rollups.steps import SHORT_STEP_US
from include.rollups.stretches import NOWHERE, Batch, Stretch

JUDGED_BY: Final = NEIGHBOURS + 2
"""So many readings, of 31 days, before a fall may decide how it is read."""

COUNTER_DAY: Final = np.dtype(
    [
        ("series_id", "i4"), ("local_date", "i4"), ("zeros", "i4"), ("dips", "i4"), ("resets", "i4"), ("held_back", "i4"),
        ("opened_at", "i8"),
    ]
)  # fmt: skip
"""A row of mart.counter_day; days and microseconds since 1970, `DECIDED` where nothing is open."""

DECIDED: Final = -(2**63)

CounterDays = NDArray[np.void]
"""An array of `COUNTER_DAY`."""

NO_COUNTER_DAYS: Final = np.empty(0, COUNTER_DAY)

_FAULTS: Final = (CounterFault.ZERO, CounterFault.DIP, CounterFault.RESET, CounterFault.HELD_BACK)
"""In the order of their columns."""


@dataclass(frozen=True, slots=True, eq=False)
class CounterHistory:
    """The stored days on which counters misbehaved, as `COUNTER_DAY` rows ordered by (series, day)."""

    rows: CounterDays

    def of(self, series_id: int) -> "CounterHistory":
        """Those of one series."""
        first, end = np.searchsorted(self.rows["series_id"], [series_id, series_id + 1])
        return CounterHistory(self.rows[first:end])

    def is_clean(self, day: int) -> bool:
        """Did the counter, one of one series, not misbehave on a day, and was nothing open when it began?"""
        return day not in self.rows["local_date"] and self.opened_us(day - 1) == DECIDED

    def opened_us(self, day: int) -> int:
        """When what was open at the end of a day began; `DECIDED` where nothing was."""
        found = self.rows["opened_at"][self.rows["local_date"] == day]
        return int(found[0]) if len(found) else DECIDED

    def settled_us(self, day: int, calendar: Calendar) -> int:
        """An instant, at the beginning of a day or before it, before which the last reading was accepted."""
        start_us, opened_us = _day_start(calendar, day), self.opened_us(day - 1)
        return start_us if opened_us == DECIDED else min(start_us, opened_us)

    def settled_end(self, day: int, free_us: int) -> int:
        """The first day from `day` on when it begins nothing was open that began before `free_us`."""
        while DECIDED < self.opened_us(day - 1) < free_us:
            day += 1
        return day


def _day_start(calendar: Calendar, day: int) -> int:
    return int(calendar.day_start_us(np.array([day], np.int32))[0])


def _day_of(calendar: Calendar, at_us: int) -> int:
    return int(calendar.day_of(np.array([at_us], np.int64))[0])


def _hour(calendar: Calendar, at_us: int) -> tuple[int, int]:
    """Beginning and end of the local hour of an instant."""
    hour = int(calendar.hour_of(np.array([at_us], np.int64))[0])
    return int(calendar.hour_us[hour]), int(calendar.hour_us[hour + 1])


def read_history(connection: Connection, series_ids: Sequence[int]) -> CounterHistory:
    """Read the stored days of these series."""
    found = run(connection, "readings", "read_counter_days", series_ids=list(series_ids), decided=DECIDED)
    return CounterHistory(np.array([tuple(row) for row in found], COUNTER_DAY))


def with_open_days(stretches: Sequence[Stretch], history: CounterHistory, calendar: Calendar) -> list[Stretch]:
    """The stretches from the beginning of what was open when they began, with what is known to be settled before them."""
    return sorted(
        (_with_open_days(each, history.of(each.facts.series_id), calendar) for each in stretches),
        key=lambda each: (each.facts.series_id, each.first_day),
    )


def _with_open_days(stretch: Stretch, history: CounterHistory, calendar: Calendar) -> Stretch:
    first_day = stretch.first_day
    if (opened_us := history.opened_us(stretch.first_changed - 1)) > DECIDED:
        first_day = min(first_day, _day_of(calendar, opened_us))
    # A counter of the day is judged by whole days: the day before is one that most often suffices.
    settled_us = history.settled_us(first_day - 1, calendar) if stretch.facts.is_daily else None
    return replace(stretch, first_day=first_day, settled_us=settled_us)


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """Steps of a batch of counters, the accepted readings beside each stretch, faults of its days, what must be wider."""

    steps: CounterSteps
    before_us: NDArray[np.int64]
    after_us: NDArray[np.int64]
    days: CounterDays
    wider: dict[int, Stretch]


def count_stretches(batch: Batch, readings: Readings, history: CounterHistory) -> Counted:
    """Judge the readings of counters."""
    starts = np.searchsorted(readings.stretch, np.arange(len(batch.stretches) + 1))
    steps = step_counters(
        CounterReadings(
            starts=starts,
            at_us=readings.at_us,
            value=readings.value,
            local_day=readings.day,
            midnight_us=batch.calendar.day_start_us(readings.day),
            rated_kw=np.array([each.facts.rated_kw or np.nan for each in batch.stretches], np.float64),
            is_daily=np.array([each.facts.is_daily for each in batch.stretches], np.bool_),
        )
    )
    before_us, after_us = _accepted_around(batch, readings, steps)
    wider: dict[int, Stretch] = {}
    for place, stretch in enumerate(batch.stretches):
        rows = slice(starts[place], starts[place + 1])
        is_here = (steps.episode_row >= rows.start) & (steps.episode_row < rows.stop)
        seen = _Seen(
            batch.calendar,
            readings.at_us[rows],
            steps.is_accepted[rows],
            readings.at_us[steps.episode_row[is_here]],
            steps.episode_until_us[is_here],
            int(batch.read_from_us[place]),
            int(batch.read_to_us[place]),
            history.of(stretch.facts.series_id),
        )
        if (wanted := seen.reach_of(stretch)) != stretch:
            wider[place] = wanted
    return Counted(steps, before_us, after_us, _counter_days(batch, readings, steps), wider)


def spread_counters(readings: Readings, steps: CounterSteps, calendar: Calendar) -> Contributions:
    """Energy of the counters' steps in local hours."""
    rows = np.flatnonzero(~np.isnan(steps.increase_kwh) & (steps.from_us < readings.at_us))
    return spread(readings, rows, steps.from_us[rows], steps.increase_kwh[rows], calendar)


def _accepted_around(batch: Batch, readings: Readings, steps: CounterSteps) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    stretch, at_us = readings.stretch[steps.is_accepted], readings.at_us[steps.is_accepted]
    before_us, after_us = (np.full(len(batch.stretches), NOWHERE) for _ in range(2))
    is_before = at_us < batch.lo_us[stretch]
    before_us[stretch[is_before]] = at_us[is_before]
    is_after = np.flatnonzero(at_us >= batch.hi_us[stretch])[::-1]
    after_us[stretch[is_after]] = at_us[is_after]
    return before_us, after_us


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """The readings of one stretch with the episodes [began_us, until_us) among them, and what is stored of the counter's days."""

    calendar: Calendar
    at_us: NDArray[np.int64]
    is_accepted: NDArray[np.bool_]
    began_us: NDArray[np.int64]
    until_us: NDArray[np.int64]
    read_from_us: int
    read_to_us: int
    history: CounterHistory

    def reach_of(self, stretch: Stretch) -> Stretch:
        """The stretch with the days that its changed ones draw in, and with all that must be read to judge them."""
        wanted = self._with_settled_start(self._with_first_day(stretch))
        return self._with_end(wanted)

    def _with_first_day(self, stretch: Stretch) -> Stretch:
        """From the beginning of what is open when the changed days begin."""
        lo_us = _day_start(self.calendar, stretch.first_changed)
        began_us = self.began_us[(self.began_us < lo_us) & (lo_us < self.until_us)]
        if not len(began_us) or (first_day := _day_of(self.calendar, int(began_us.min()))) >= stretch.first_day:
            return stretch
        return replace(stretch, first_day=first_day, settled_us=None)

    def _with_settled_start(self, stretch: Stretch) -> Stretch:
        """Read from an accepted reading on."""
        if not len(self.at_us) or self.at_us[0] >= _day_start(self.calendar, stretch.first_day):
            return stretch
        day = _day_of(self.calendar, int(self.at_us[0]))
        is_told = stretch.settled_us is not None and (len(self.at_us) == 1 or self.at_us[1] >= stretch.settled_us)
        is_settled = is_told or (not stretch.facts.is_daily and self.history.is_clean(day))
        if is_settled and not self._begins_within_hour(stretch):
            return stretch
        return replace(stretch, settled_us=self.history.settled_us(day, self.calendar))

    def _begins_within_hour(self, stretch: Stretch) -> bool:
        """Is the first reading the last accepted one before the stretch, and its hour, which is written, not read whole?"""
        lo_us = _day_start(self.calendar, stretch.first_day)
        is_between = (self.at_us[1:] < lo_us) & self.is_accepted[1:]
        return not is_between.any() and self.read_from_us > _hour(self.calendar, int(self.at_us[0]))[0]

    def _with_end(self, stretch: Stretch) -> Stretch:
        """Until the counter stands where it stood, and with all that decides what is open then."""
        hi_us = _day_start(self.calendar, stretch.end_changed)
        later_us = self.at_us[(self.at_us >= hi_us) & (self.at_us < hi_us + HORIZON_US)][:JUDGED_BY]
        free_us = int(later_us[-1]) if len(later_us) == JUDGED_BY else hi_us + HORIZON_US
        end_day = max(stretch.end_day, _day_of(self.calendar, int(later_us[-1])) + 1) if len(later_us) else stretch.end_day
        border_us = _day_start(self.calendar, end_day)
        if (unread_us := self._unread_us(border_us)) > self.read_to_us:
            return replace(stretch, end_day=end_day, read_until_us=unread_us)
        is_open = (self.began_us < border_us) & (border_us < self.until_us)
        opened_us = int(self.began_us[is_open].min()) if is_open.any() else DECIDED
        if opened_us == self.history.opened_us(end_day - 1) and (opened_us == DECIDED or opened_us >= free_us):
            return replace(stretch, end_day=end_day)
        pressing_us = self.until_us[is_open & (self.began_us < free_us)]
        if len(pressing_us):
            return replace(stretch, end_day=_day_of(self.calendar, int(pressing_us.max()) - 1) + 1)
        return replace(stretch, end_day=self.history.settled_end(end_day + 1, free_us))

    def _unread_us(self, border_us: int) -> int:
        """Up to when readings decide the steps before a border; the last of them ends at the first accepted reading behind."""
        after_us = self.at_us[(self.at_us >= border_us) & self.is_accepted][:1]
        # Its hour is written, and so needs all its readings and whether the step behind them is bridged.
        hour_us = _hour(self.calendar, int(after_us[0]))[1] + SHORT_STEP_US if len(after_us) else NOWHERE
        decides = (self.until_us > border_us) & ((self.began_us <= after_us) if len(after_us) else True)
        return int((self.until_us[decides] - 1).max(initial=hour_us))


def _counter_days(batch: Batch, readings: Readings, steps: CounterSteps) -> CounterDays:
    """Rows for the stretches' own days that have a fault or end within an episode."""
    counts: dict[tuple[int, int], list[int]] = {}

    def row_of(place: int, day: int) -> list[int]:
        return counts.setdefault((place, day), [0, 0, 0, 0, DECIDED])

    for row in np.flatnonzero(steps.fault):
        place, day = int(readings.stretch[row]), int(readings.day[row])
        row_of(place, day)[_FAULTS.index(steps.fault[row])] += 1
    for row, until_us in zip(steps.episode_row, steps.episode_until_us, strict=True):
        place, began_us = int(readings.stretch[row]), int(readings.at_us[row])
        for day in range(int(readings.day[row]), _day_of(batch.calendar, int(until_us) - 1)):
            opened_us = row_of(place, day)[4]
            row_of(place, day)[4] = began_us if opened_us == DECIDED else min(opened_us, began_us)
    rows = [
        (batch.stretches[place].facts.series_id, day, *found)
        for (place, day), found in sorted(counts.items())
        if batch.stretches[place].first_day <= day < batch.stretches[place].end_day
    ]
    return np.array(rows, COUNTER_DAY)
