"""The buckets of series around their dirty days: computed, completed from what is stored beside them, and compared with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import nan

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from include.rollups.amounts import GRAINS, amount_buckets, amount_hours
from include.rollups.buckets import GRAIN_CODES, Buckets, day_keys, day_of, in_order, keys_of, series_of
from include.rollups.calendar import Calendar
from include.rollups.compute import StretchBuckets, compute_stretches
from include.rollups.counter_faults import DECIDED, NO_COUNTER_DAYS, CounterDays
from include.rollups.counter_limits import HORIZON_US
from include.rollups.longer import keys_of_days, longer_buckets, stored_longer, within
from include.rollups.measured import sum_known
from include.rollups.periods import periods_of
from include.rollups.scope import Scope
from include.rollups.series import KnownSeries, run
from include.rollups.statistics import runs_of
from include.rollups.stored import Difference, Ranges, differ, merged_ranges, read_hours
from include.rollups.stretches import read_windows, stretches_of
from include.warehouse.binary_copy import NULL_INT64, PG_EPOCH_DAY, PG_EPOCH_US, copy_records

Days = Mapping[int, NDArray[np.int32]]
"""Dirty local days, sorted, by series_id."""


@dataclass(frozen=True, slots=True, eq=False)
class SeriesDifference:
    """How stored buckets differ from what they should be, and the faults of counters on the computed days, then and now."""

    difference: Difference
    counter_days: CounterDays
    history: CounterDays

    def changed_days(self) -> set[tuple[int, int]]:
        """(series_id, local day) of which an hour, the day or what a counter did changed."""
        both = np.concatenate([self.difference.gone, self.difference.come])
        both = both[both["grain"] <= GRAIN_CODES["day"]]
        changed = set(zip(both["series_id"].tolist(), both["local_date"].tolist(), strict=True))
        return changed | {(row[0], row[1]) for row in set(self.history.tolist()) ^ set(self.counter_days.tolist())}

    def write_counter_days(self, connection: Connection) -> None:
        """Bring the stored days of misbehaving counters to what was found."""
        stored = set(self.history[["series_id", "local_date"]].tolist())
        if np.array_equal(self.history, self.counter_days):
            return
        if stored:
            series_ids, days = zip(*sorted(stored), strict=True)
            run(connection, "stored", "delete_counter_days", series_ids=list(series_ids), days=list(days))
        if len(self.counter_days):
            rows = self.counter_days.copy()
            rows["local_date"] -= PG_EPOCH_DAY
            rows["opened_at"] = np.where(rows["opened_at"] == DECIDED, NULL_INT64, rows["opened_at"] - PG_EPOCH_US)
            copy_records(connection, "mart.counter_day", rows)


def rebuild_measured(connection: Connection, facts: Sequence[KnownSeries], days: Days, calendar: Calendar) -> SeriesDifference:
    """Powers, gauges or counters of one zone."""
    stretches = [stretch for each in facts for stretch in stretches_of(each, days[each.series_id])]
    computed, history = compute_stretches(connection, stretches, calendar)
    if facts[0].kind == "counter":
        computed = replace(computed, scope=_with_orphans(connection, computed, calendar))
    touched = keys_of_days(
        computed.series_id, calendar.day_of(computed.scope.lo_us), calendar.day_of(computed.scope.hi_us - 1) + 1
    )
    own = keys_of_days(computed.series_id, computed.first_day, computed.end_day)
    stored_hours = _stored_hours(connection, computed, calendar)
    is_ours = Ranges(computed.series_id, computed.scope.lo_us, computed.scope.hi_us).holds(stored_hours)
    periods = {grain: periods_of(grain, series_of(touched), day_of(touched)) for grain in ("week", "month", "year")}
    stored = stored_longer(connection, periods, touched, calendar)
    edges = _edge_days(
        np.setdiff1d(touched, own), in_order(np.concatenate([stored_hours[~is_ours], computed.hours])), stored, computed
    )
    fresh_days = np.concatenate([computed.days, edges])
    places = {each.series_id: each.place for each in facts}
    longer = longer_buckets(periods, stored, fresh_days, touched, calendar, places)
    fresh = np.concatenate([computed.hours, fresh_days, *longer])
    difference = differ(np.concatenate([stored_hours[is_ours], within(stored, touched, periods)]), fresh)
    is_own_day = np.isin(day_keys(history.rows["series_id"], history.rows["local_date"]), own)
    return SeriesDifference(difference, computed.counter_days, history.rows[is_own_day])


def rebuild_amounts(connection: Connection, facts: Sequence[KnownSeries], days: Days, calendar: Calendar) -> SeriesDifference:
    """Amounts of one zone and of the same interval."""
    if facts[0].amount_of not in {"day", "month", None}:
        return _rebuild_short_amounts(connection, facts, days, calendar)
    touched = keys_of((each.series_id, days[each.series_id]) for each in facts)
    grains = GRAINS[facts[0].amount_of or "month"]
    periods = {grain: periods_of(grain, series_of(touched), day_of(touched)) for grain in grains}
    spans = [
        (each.series_id, calendar.day_start_us(each.first_day), calendar.day_start_us(each.end_day)) for each in periods.values()
    ]
    ranges = merged_ranges(*(np.concatenate(column) for column in zip(*spans, strict=True)))
    place, at_us, value = read_windows(connection, ranges.series_id.tolist(), ranges.lo_us, ranges.hi_us - 1)
    series_id = ranges.series_id[place]
    fresh = [amount_buckets(each, facts[0], series_id, at_us, value, calendar) for each in periods.values()]
    stored = stored_longer(connection, periods, touched, calendar)
    return SeriesDifference(differ(within(stored, touched, periods), np.concatenate(fresh)), NO_COUNTER_DAYS, NO_COUNTER_DAYS)


def _rebuild_short_amounts(
    connection: Connection, facts: Sequence[KnownSeries], days: Days, calendar: Calendar
) -> SeriesDifference:
    """Amounts of minutes or hours: hours and days from readings, longer buckets from days as those of powers are."""
    touched = keys_of((each.series_id, days[each.series_id]) for each in facts)
    own = periods_of("day", series_of(touched), day_of(touched))
    ranges = merged_ranges(own.series_id, calendar.day_start_us(own.first_day), calendar.day_start_us(own.end_day))
    place, at_us, value = read_windows(connection, ranges.series_id.tolist(), ranges.lo_us, ranges.hi_us - 1)
    series_id = ranges.series_id[place]
    hours = amount_hours(facts[0], series_id, at_us, value, calendar)
    fresh_days = amount_buckets(own, facts[0], series_id, at_us, value, calendar)
    periods = {grain: periods_of(grain, own.series_id, own.first_day) for grain in ("week", "month", "year")}
    stored = stored_longer(connection, periods, touched, calendar)
    everywhere = dict.fromkeys((each.series_id for each in facts), (nan, nan))
    longer = longer_buckets(periods, stored, fresh_days, touched, calendar, everywhere)
    stored_buckets = np.concatenate([read_hours(connection, ranges), within(stored, touched, periods)])
    fresh = np.concatenate([hours, fresh_days, *longer])
    return SeriesDifference(differ(stored_buckets, fresh), NO_COUNTER_DAYS, NO_COUNTER_DAYS)


def _with_orphans(connection: Connection, computed: StretchBuckets, calendar: Calendar) -> Scope:
    """The scope with the hours of gone steps: a step of days may have lain beside changed days with no reading near any more."""
    lo_us, hi_us = calendar.day_start_us(computed.first_day), calendar.day_start_us(computed.end_day)
    before, after = np.flatnonzero(computed.scope.lo_us == lo_us), np.flatnonzero(computed.scope.hi_us == hi_us)
    row = np.concatenate([before, after])
    found = run(
        connection,
        "stored",
        "find_orphans",
        series_ids=computed.series_id[row].tolist(),
        lo=np.concatenate([lo_us[before] - HORIZON_US, hi_us[after]]).tolist(),
        hi=np.concatenate([lo_us[before], hi_us[after] + HORIZON_US]).tolist(),
    )
    scope = Scope(computed.scope.lo_us.copy(), computed.scope.hi_us.copy())
    for each in found:
        stretch = row[each.place - 1]
        scope.lo_us[stretch] = min(scope.lo_us[stretch], each.lo)
        scope.hi_us[stretch] = max(scope.hi_us[stretch], each.hi)
    return scope


def _stored_hours(connection: Connection, computed: StretchBuckets, calendar: Calendar) -> Buckets:
    """Stored hours of the whole days that the scope touches."""
    lo_us = calendar.day_start_us(calendar.day_of(computed.scope.lo_us))
    hi_us = calendar.day_start_us(calendar.day_of(computed.scope.hi_us - 1) + 1)
    return read_hours(connection, merged_ranges(computed.series_id, lo_us, hi_us))


def _edge_days(edges: NDArray[np.int64], hours: Buckets, stored: Buckets, computed: StretchBuckets) -> Buckets:
    """Days beside the computed ones of which hours were computed anew: energy and covered time are those of all hours."""
    stored_days = stored[stored["grain"] == GRAIN_CODES["day"]]
    known = np.concatenate([stored_days, computed.edges])
    keys, rows = np.unique(day_keys(known["series_id"], known["local_date"]), return_index=True)
    is_edge = np.isin(keys, edges)
    buckets, keys = known[rows[is_edge]], keys[is_edge]
    hour_keys = day_keys(hours["series_id"], hours["local_date"])
    hours, hour_keys = hours[np.isin(hour_keys, keys)], hour_keys[np.isin(hour_keys, keys)]
    buckets["energy_kwh"], buckets["covered_s"] = np.nan, 0
    if len(hours):
        runs = runs_of(hour_keys)
        place = np.searchsorted(keys, hour_keys[runs.starts])
        buckets["energy_kwh"][place] = sum_known(hours["energy_kwh"], runs)
        covered_us = np.rint(hours["covered_s"] * 1e6).astype(np.int64)
        buckets["covered_s"][place] = np.add.reduceat(covered_us, runs.starts) / 1e6
    return buckets[(buckets["reading_count"] > 0) | np.isin(keys, hour_keys)]
