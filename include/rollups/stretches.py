"""Stretches: consecutive local days of one series that are computed together, and the readings that their buckets depend on.

Beyond its own days a stretch reaches to the nearest readings outside: the step over its border belongs to hours on both
sides. So the hour of the nearest reading before and after is computed whole, and readings half an hour beyond those hours are
read, since a step up to that length is always bridged. Where a longer step matters there, its day must be known to tell
whether it is bridged: then the stretch is read *wide*, with the whole days of its neighbours. No reading is read twice:
stretches whose readings overlap become one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from include.core.span import HOUR_US, instant_of
from include.rollups.calendar import DAY_US, Calendar
from include.rollups.counter_limits import HORIZON_DAYS
from include.rollups.series import ROOM, KnownSeries, run
from include.rollups.steps import SHORT_STEP_US
from include.warehouse.binary_copy import read_arrays
from include.warehouse.queries import query_text

NOWHERE: Final = -(2**62)
"""In place of an instant where there is no reading."""

CONTEXT_READINGS: Final = 24
"""Readings around a counter's days by which its falls are judged."""

_MARGIN_US: Final = HOUR_US + SHORT_STEP_US


@dataclass(frozen=True, slots=True)
class Stretch:
    """Local days [first_day, end_day) of a series, computed since days [first_changed, end_changed) changed.

    Of a counter the last reading before `settled_us` is known to be accepted: it is read from there on, where that is earlier
    than its context; and at least until `read_until_us`.
    """

    facts: KnownSeries
    first_day: int
    end_day: int
    first_changed: int
    end_changed: int
    is_wide: bool = False
    settled_us: int | None = None
    read_until_us: int = NOWHERE


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Stretches of one zone and kind with their readings.

    Arrays have one row per stretch: its days, where they begin and end [us], the nearest readings before and after (`NOWHERE`
    where there is none within reach), and from where to where readings were read. Readings are sorted by (stretch, instant).
    """

    stretches: list[Stretch]
    calendar: Calendar
    lo_us: NDArray[np.int64]
    hi_us: NDArray[np.int64]
    before_us: NDArray[np.int64]
    after_us: NDArray[np.int64]
    read_from_us: NDArray[np.int64]
    read_to_us: NDArray[np.int64]
    stretch: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    at_us: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    value: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def column(self, name: str) -> NDArray[np.int32]:
        """One integer of every stretch."""
        return np.array([getattr(each, name) for each in self.stretches], np.int32)


def reach_us(kind: str) -> int:
    """How far apart the two readings of a step may be: a day, of a counter 31 days."""
    return (HORIZON_DAYS if kind == "counter" else 1) * DAY_US


def stretches_of(facts: KnownSeries, days: NDArray[np.int32]) -> list[Stretch]:
    """Group sorted, distinct local days into stretches."""
    cuts = np.flatnonzero(np.diff(days) > 1) + 1
    spans = [(int(part[0]), int(part[-1]) + 1) for part in np.split(days, cuts)]
    return [Stretch(facts, first, end, first, end) for first, end in spans]


def read_batch(connection: Connection, stretches: Sequence[Stretch], calendar: Calendar) -> Batch:
    """Find what the stretches of one zone and kind, sorted by (series, first day), need, and read it."""
    batch = _locate(connection, stretches, calendar)
    joined = _joined(batch)
    if len(joined) < len(stretches):
        return read_batch(connection, joined, calendar)
    series_ids = [each.facts.series_id for each in batch.stretches]
    stretch, at_us, value = read_windows(connection, series_ids, batch.read_from_us, batch.read_to_us)
    return replace(batch, stretch=stretch, at_us=at_us, value=value)


def _locate(connection: Connection, stretches: Sequence[Stretch], calendar: Calendar) -> Batch:
    first_day = np.array([each.first_day for each in stretches], np.int32)
    end_day = np.array([each.end_day for each in stretches], np.int32)
    lo_us, hi_us = calendar.day_start_us(first_day), calendar.day_start_us(end_day)
    found = _neighbours(connection, stretches, lo_us, hi_us)
    batch = Batch(list(stretches), calendar, lo_us, hi_us, found["before_us"], found["after_us"], lo_us, hi_us)
    read_from_us, read_to_us = _windows(batch, found)
    if any(each.is_wide for each in stretches):
        wide_from_us, wide_to_us = _wide_windows(connection, batch)
        is_wide = np.array([each.is_wide for each in stretches])
        read_from_us = np.where(is_wide, np.minimum(read_from_us, wide_from_us), read_from_us)
        read_to_us = np.where(is_wide, np.maximum(read_to_us, wide_to_us), read_to_us)
    return replace(batch, read_from_us=read_from_us, read_to_us=read_to_us)


def _neighbours(
    connection: Connection, stretches: Sequence[Stretch], lo_us: NDArray[np.int64], hi_us: NDArray[np.int64]
) -> Mapping[str, NDArray[np.int64]]:
    kind = stretches[0].facts.kind
    reach = reach_us(kind)
    settled_us = [lo if each.settled_us is None else each.settled_us for each, lo in zip(stretches, lo_us.tolist(), strict=True)]
    rows = run(
        connection,
        "readings",
        "find_neighbours",
        series_ids=[each.facts.series_id for each in stretches],
        lo=lo_us.tolist(),
        hi=hi_us.tolist(),
        reach=[reach] * len(stretches),
        context=[CONTEXT_READINGS if kind == "counter" else 0] * len(stretches),
        settled=settled_us,
        none=NOWHERE,
        first=instant_of(min(int(lo_us.min()), *settled_us) - 2 * reach),
        last=instant_of(int(hi_us.max()) + 2 * reach),
    ).all()
    columns = np.array([tuple(row) for row in rows], np.int64).T
    return dict(zip(("before_us", "after_us", "context_from_us", "context_to_us", "settled_us"), columns[1:], strict=True))


def _windows(batch: Batch, found: Mapping[str, NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last instant to be read of each stretch, with what was found around it."""
    lo_us = np.minimum(batch.lo_us, np.where(batch.before_us > NOWHERE, batch.before_us - _MARGIN_US, batch.lo_us))
    hi_us = np.maximum(batch.hi_us - 1, np.where(batch.after_us > NOWHERE, batch.after_us + _MARGIN_US, batch.hi_us - 1))
    for name in ("context_from_us", "settled_us"):
        lo_us = np.where(found[name] > NOWHERE, np.minimum(lo_us, found[name]), lo_us)
    settled_us = [each.settled_us for each in batch.stretches]
    lo_us = np.minimum(lo_us, [lo if us is None else us for us, lo in zip(settled_us, lo_us.tolist(), strict=True)])
    hi_us = np.maximum(hi_us, found["context_to_us"])
    hi_us = np.maximum(hi_us, np.array([each.read_until_us for each in batch.stretches], np.int64))
    if batch.stretches[0].facts.kind == "counter":
        # What a counter of the day shows is judged by its whole day.
        is_daily = np.array([each.facts.is_daily for each in batch.stretches])
        hi_us = np.where(is_daily, batch.calendar.day_start_us(batch.calendar.day_of(hi_us) + 1) - 1, hi_us)
    return lo_us, hi_us


def _wide_windows(connection: Connection, batch: Batch) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The whole days of the neighbours, the reading before those, and the whole day of the reading after those."""
    calendar, day = batch.calendar, batch.calendar.day_of
    before_us = np.where(batch.before_us > NOWHERE, batch.before_us, batch.lo_us)
    after_us = np.where(batch.after_us > NOWHERE, batch.after_us, batch.hi_us - 1)
    lo_us, hi_us = calendar.day_start_us(day(before_us)), calendar.day_start_us(day(after_us) + 1)
    beyond = _neighbours(connection, batch.stretches, lo_us, hi_us)
    last_us = np.where(beyond["after_us"] > NOWHERE, beyond["after_us"], hi_us - 1)
    return (
        np.where(beyond["before_us"] > NOWHERE, beyond["before_us"], lo_us),
        calendar.day_start_us(day(last_us) + 1) - 1,
    )


def _joined(batch: Batch) -> list[Stretch]:
    """The stretches, those of a series with overlapping windows as one that has the days between them, too."""
    joined: list[Stretch] = []
    reached = NOWHERE
    for each, lo, hi in zip(batch.stretches, batch.read_from_us.tolist(), batch.read_to_us.tolist(), strict=True):
        last = joined[-1] if joined else None
        if last is not None and last.facts.series_id == each.facts.series_id and lo <= reached:
            joined[-1] = replace(
                last, end_day=max(last.end_day, each.end_day), first_changed=min(last.first_changed, each.first_changed),
                end_changed=max(last.end_changed, each.end_changed), is_wide=last.is_wide or each.is_wide,
                read_until_us=max(last.read_until_us, each.read_until_us),
            )  # fmt: skip
            reached = max(reached, hi)
        else:
            joined.append(each)
            reached = hi
    return joined


def read_windows(
    connection: Connection, series_ids: Sequence[int], lo_us: NDArray[np.int64], hi_us: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Readings of series within [lo_us, hi_us], each of its own: place of the window, instant, value, in this order."""
    parameters = {
        "series_ids": list(series_ids),
        "lo": lo_us.tolist(),
        "hi": hi_us.tolist(),
        "first": instant_of(int(lo_us.min())),
        "last": instant_of(int(hi_us.max())),
    }
    found = read_arrays(connection, query_text(ROOM, "readings")["read_windows"], parameters)
    none = np.empty(0, np.int64)
    return (
        np.repeat(np.array([place - 1 for place, _, _ in found], np.int64), [len(at_us) for _, at_us, _ in found]),
        np.concatenate([none, *(at_us for _, at_us, _ in found)]),
        np.concatenate([none.astype(np.float64), *(value for _, _, value in found)]),
    )
