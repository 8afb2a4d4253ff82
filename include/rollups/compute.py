"""Buckets of stretches of one zone and kind: reads until everything that decides them has been read, then computes them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from include.rollups.buckets import Buckets, empty_buckets, in_order
from include.rollups.calendar import DAY_US, Calendar
from include.rollups.counter_faults import (
    NO_COUNTER_DAYS,
    CounterDays,
    CounterHistory,
    count_stretches,
    read_history,
    spread_counters,
    with_open_days,
)
from include.rollups.expected import ExpectedTime, expected_days
from include.rollups.measured import bridged_rows, cover, day_buckets, hour_buckets, read_locally, sum_hours
from include.rollups.scope import Scope, scope_between, undecided
from include.rollups.statistics import ranks_of, runs_of
from include.rollups.stretches import Batch, Stretch, reach_us, read_batch

_WIDE_DAYS: Final = 4
"""Days beyond its reach in which a stretch that is read wide may still have a reading."""


@dataclass(frozen=True, slots=True, eq=False)
class StretchBuckets:
    """What stretches came to: hours of their scope, their own days, and the days on which their counters misbehaved.

    Arrays have one row per stretch: series_id, days [first_day, end_day), and the scope. `edges` are days beside them with an
    hour in the scope, without statistics. Buckets are ordered by (series, start), none twice.
    """

    series_id: NDArray[np.int32]
    first_day: NDArray[np.int32]
    end_day: NDArray[np.int32]
    scope: Scope
    hours: Buckets
    days: Buckets
    edges: Buckets
    counter_days: CounterDays

    def without(self, series_ids: set[int]) -> "StretchBuckets":
        """The same but for some series."""
        gone = list(series_ids)
        kept = ~np.isin(self.series_id, gone)
        return StretchBuckets(
            series_id=self.series_id[kept],
            first_day=self.first_day[kept],
            end_day=self.end_day[kept],
            scope=Scope(self.scope.lo_us[kept], self.scope.hi_us[kept]),
            hours=self.hours[~np.isin(self.hours["series_id"], gone)],
            days=self.days[~np.isin(self.days["series_id"], gone)],
            edges=self.edges[~np.isin(self.edges["series_id"], gone)],
            counter_days=self.counter_days[~np.isin(self.counter_days["series_id"], gone)],
        )


def _joined(parts: Sequence[StretchBuckets]) -> StretchBuckets:
    """All in one; two stretches of a series that computed the same bucket computed it from the same readings."""
    if len(parts) == 1:
        return parts[0]
    return StretchBuckets(
        series_id=np.concatenate([each.series_id for each in parts]),
        first_day=np.concatenate([each.first_day for each in parts]),
        end_day=np.concatenate([each.end_day for each in parts]),
        scope=Scope(np.concatenate([each.scope.lo_us for each in parts]), np.concatenate([each.scope.hi_us for each in parts])),
        hours=_distinct(np.concatenate([each.hours for each in parts])),
        days=_distinct(np.concatenate([each.days for each in parts])),
        edges=_distinct(np.concatenate([each.edges for each in parts])),
        counter_days=_distinct_days(np.concatenate([each.counter_days for each in parts])),
    )


def _distinct(buckets: Buckets) -> Buckets:
    buckets = in_order(buckets)
    return buckets[runs_of(buckets["series_id"], buckets["starts_at"]).starts]


def _distinct_days(days: CounterDays) -> CounterDays:
    days = days[np.lexsort((days["local_date"], days["series_id"]))]
    return days[runs_of(days["series_id"], days["local_date"]).starts]


def compute_stretches(
    connection: Connection, stretches: Sequence[Stretch], calendar: Calendar
) -> tuple[StretchBuckets, CounterHistory]:
    """Compute stretches of one zone and kind, sorted by (series, first day); also what is stored of the faults of counters.

    A counter is computed from where an open episode began. A series of which a decision hangs on readings that were not read is
    read again, wider.
    """
    history = CounterHistory(NO_COUNTER_DAYS)
    if stretches[0].facts.kind == "counter":
        history = read_history(connection, sorted({each.facts.series_id for each in stretches}))
        stretches = with_open_days(stretches, history, calendar)
    found: list[StretchBuckets] = []
    waiting = list(stretches)
    while waiting:
        batch = read_batch(connection, waiting, calendar)
        computed, wider = _compute(batch, history)
        again = {each.facts.series_id for each in wider.values()}
        found.append(computed.without(again) if again else computed)
        widened = [wider.get(place, each) for place, each in enumerate(batch.stretches)]
        waiting = sorted(
            (each for each in widened if each.facts.series_id in again), key=lambda each: (each.facts.series_id, each.first_day)
        )
    return _joined(found), history


def _compute(batch: Batch, history: CounterHistory) -> tuple[StretchBuckets, dict[int, Stretch]]:
    calendar, facts = batch.calendar, batch.stretches[0].facts
    readings = read_locally(batch.stretch, batch.at_us, batch.value, calendar)
    expected = _expected(batch)
    contributions = [cover(readings, bridged_rows(readings), calendar, expected, is_power=facts.kind == "power")]
    scope, counter_days, wider = scope_between(batch, batch.before_us, batch.after_us), NO_COUNTER_DAYS, {}
    if facts.kind == "counter":
        counted = count_stretches(batch, readings, history)
        scope, counter_days, wider = scope_between(batch, counted.before_us, counted.after_us), counted.days, counted.wider
        contributions.append(spread_counters(readings, counted.steps, calendar))
    for place in np.flatnonzero(undecided(batch, readings, scope)).tolist():
        wider[place] = replace(wider.get(place, batch.stretches[place]), is_wide=True)
    sums = sum_hours(readings, contributions, len(calendar.hour_day))
    ranks = ranks_of(readings.value)
    hours = hour_buckets(readings, sums, calendar, expected, ranks)
    days = day_buckets(readings, sums, calendar, expected, ranks)
    is_own, is_edge = _own_and_edges(days, batch, scope)
    edges = empty_buckets(int(is_edge.sum()))
    for name in ("series_id", "grain", "starts_at", "ends_at", "local_date", "expected_s"):
        edges[name] = days[name][is_edge]
    computed = StretchBuckets(
        np.array([each.facts.series_id for each in batch.stretches], np.int32),
        batch.column("first_day"),
        batch.column("end_day"),
        scope,
        _named(hours[scope.holds(hours["series_id"], hours["starts_at"])], batch),
        _named(days[is_own], batch),
        _named(edges, batch),
        counter_days,
    )
    return computed, wider


def _expected(batch: Batch) -> ExpectedTime:
    margin = reach_us(batch.stretches[0].facts.kind) // DAY_US + _WIDE_DAYS
    places = [each.facts.place for each in batch.stretches]
    first_day, end_day = batch.column("first_day") - margin, batch.column("end_day") + margin
    runs = runs_of(batch.stretch)
    stretch = batch.stretch[runs.starts]
    first_day[stretch] = np.minimum(first_day[stretch], batch.calendar.day_of(batch.at_us[runs.starts]))
    last_us = batch.at_us[runs.starts + runs.counts - 1]
    end_day[stretch] = np.maximum(end_day[stretch], batch.calendar.day_of(last_us) + 1)
    return expected_days(
        batch.calendar,
        first_day,
        end_day,
        np.array([latitude for latitude, _ in places], np.float64),
        np.array([longitude for _, longitude in places], np.float64),
    )


def _own_and_edges(days: Buckets, batch: Batch, scope: Scope) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which days belong to their stretch, and which others have an hour in its scope."""
    stretch = days["series_id"]
    is_own = (days["local_date"] >= batch.column("first_day")[stretch]) & (days["local_date"] < batch.column("end_day")[stretch])
    reaches = (days["ends_at"] > scope.lo_us[stretch]) & (days["starts_at"] < scope.hi_us[stretch])
    return is_own, reaches & ~is_own


def _named(buckets: Buckets, batch: Batch) -> Buckets:
    """Put the series in the place of the stretch."""
    series_ids = np.array([each.facts.series_id for each in batch.stretches], np.int32)
    buckets["series_id"] = series_ids[buckets["series_id"]]
    return buckets
