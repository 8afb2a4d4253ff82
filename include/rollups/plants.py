"""The second stage of the roll-up: days of plants whose inverters, meters or own readings changed.

Computes the power of a plant from its inverters' (a derived series) and the published energy of the plant and of each inverter.
A mark is written in the transaction that changed the buckets; it is taken here by a statement before those that read them, so
every change that a mark stands for is seen, and several roll-ups of plants may run side by side.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from math import isnan
from typing import Any, Final, NamedTuple

import numpy as np
from sqlalchemy import Connection

from include.core.span import HOUR_US, day_number, day_of_number, instant_of, microseconds_of
from include.rollups.buckets import day_keys, in_order
from include.rollups.calendar import whole_years
from include.rollups.daylight import place_of
from include.rollups.derived import DerivedSeries, rebuild_derived
from include.rollups.energy import (
    POWER,
    TELLING,
    Bucket,
    KnownBuckets,
    MeasuredSubject,
    PlantDay,
    PlantSubjects,
    energy_rows,
    light_of,
    needs_hours,
)
from include.rollups.expectation import DaySpan, HeardInverter, expected_days
from include.rollups.longer import keys_of_days
from include.rollups.series import run
from include.rollups.stored import Difference, merged_ranges, read_hours, read_longer, write

_PLANTS_AT_ONCE: Final = 50
_MOVED_US: Final = 2 * HOUR_US
"""A bucket that was stored before a change of the clock's rules may begin so much beside its day."""

_BUCKET_COLUMNS: Final = (
    "series_id", "local_date", "starts_at", "reading_count", "covered_s", "expected_s", "energy_kwh", "sum",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlantsRolledUp:
    """What one round did: plant days taken from the work list, rows written or removed, marks left (those of others included)."""

    plant_days: int
    rows_changed: int
    remaining: int


@dataclass(frozen=True, slots=True, eq=False)
class PlantRollups:
    """How the stored powers of plants differ from what they should be, and the rows of mart.energy_day as they should be."""

    powers: list[Difference]
    energies: list[dict[str, Any]]


class _Stretch(NamedTuple):
    """Consecutive taken days of one plant, `[starts_at, ends_at)` in UTC."""

    plant_id: int
    first_day: date
    last_day: date
    starts_at: datetime
    ends_at: datetime


def roll_up_plants(connection: Connection, *, computed_at: datetime, limit: int = 2000) -> PlantsRolledUp:
    """Work off at most `limit` days of plants in the caller's transaction, which holds their plants until it ends.

    The transaction is READ COMMITTED. Nothing is taken where other roll-ups hold every plant that has marks.
    """
    run(connection, "plants", "mark_ended_days", computed_at=computed_at)
    taken = _take(connection, limit)
    changed = _compute(connection, taken, computed_at) if taken else 0
    return PlantsRolledUp(len(taken), changed, run(connection, "plants", "count_marks").scalar_one())


def _take(connection: Connection, limit: int) -> list[PlantDay]:
    taken: list[tuple[int, date]] = []
    after_id = 0
    while len(taken) < limit:
        plant_ids = list(run(connection, "plants", "lock_plants", after_id=after_id, limit=_PLANTS_AT_ONCE).scalars())
        if not plant_ids:
            break
        rows = run(connection, "plants", "take_days", plant_ids=plant_ids, limit=limit - len(taken))
        taken += [(row.plant_id, row.local_day) for row in rows]
        after_id = plant_ids[-1]
        if len(plant_ids) < _PLANTS_AT_ONCE:
            break
    return _read_days(connection, taken)


def _read_days(connection: Connection, days: Sequence[tuple[int, date]]) -> list[PlantDay]:
    parameters = {"plant_ids": [plant_id for plant_id, _ in days], "local_days": [day for _, day in days]}
    return list(map(PlantDay._make, run(connection, "plants", "read_days", **parameters)))


def _compute(connection: Connection, days: Sequence[PlantDay], computed_at: datetime) -> int:
    subjects = _read_subjects(connection, sorted({day.plant_id for day in days}))
    plant_series = _ensure_plant_series(connection, subjects)
    changed = 0
    for difference in _rebuild_power(connection, days, subjects, plant_series):
        write(connection, difference, computed_at)
        changed += difference.changed_rows
    rows = _rebuild_energies(connection, days, subjects, computed_at)
    return changed + _write_energies(connection, days, rows, computed_at)


def rebuild_plants(connection: Connection, days: Sequence[tuple[int, date]], *, computed_at: datetime) -> PlantRollups:
    """What is stored of (plant_id, local day) pairs and what should be; nothing is written.

    The power of a plant that has no series of its own yet, and should have, goes by minus its plant_id.
    """
    known_days = _read_days(connection, days)
    subjects = _read_subjects(connection, sorted({day.plant_id for day in known_days}))
    plant_series = {plant_id: -plant_id for plant_id in _with_power(subjects)} | _read_plant_series(connection, list(subjects))
    return PlantRollups(
        list(_rebuild_power(connection, known_days, subjects, plant_series)),
        _rebuild_energies(connection, known_days, subjects, computed_at),
    )


def _read_subjects(connection: Connection, plant_ids: list[int]) -> dict[int, PlantSubjects]:
    devices = run(connection, "plants", "read_devices", plant_ids=plant_ids).all()
    home = {row.device_id: row for row in devices}
    series: dict[tuple[int, int | None], dict[str, int]] = defaultdict(dict)
    parameters = {"plant_ids": plant_ids, "device_ids": list(home), "quantities": list(TELLING)}
    for row in run(connection, "plants", "read_series", **parameters):
        plant_id = row.plant_id or home[row.device_id].plant_id
        series[plant_id, row.device_id][row.quantity] = row.series_id
    found = {plant_id: PlantSubjects(MeasuredSubject(series=series[plant_id, None])) for plant_id in plant_ids}
    expected = _expected(devices)
    # In the order of their power series: see `PlantSubjects`.
    for row in sorted(devices, key=lambda row: (series[row.plant_id, row.device_id].get(POWER, 0), row.device_id)):
        group = found[row.plant_id].inverters if row.kind == "inverter" else found[row.plant_id].meters
        series_of_device = series[row.plant_id, row.device_id]
        group[row.device_id] = MeasuredSubject(row.device_id, row.capacity_kw, series_of_device, expected.get(row.device_id))
    return found


def _expected(devices: Iterable[Any]) -> dict[int, DaySpan]:
    inverters: dict[int, list[HeardInverter]] = defaultdict(list)
    for row in devices:
        if row.kind == "inverter":
            heard = HeardInverter(row.device_id, row.is_retired, row.first_day, row.last_day, row.missed_until)
            inverters[row.plant_id].append(heard)
    return {device_id: span for own in inverters.values() for device_id, span in expected_days(own).items()}


def _stretches(days: Iterable[PlantDay]) -> Iterator[_Stretch]:
    """Days by plant and date, consecutive ones together."""
    for _, group in groupby(enumerate(days), key=lambda pair: (pair[1].plant_id, pair[1].local_day.toordinal() - pair[0])):
        days_on_end = [day for _, day in group]
        first, last = days_on_end[0], days_on_end[-1]
        yield _Stretch(first.plant_id, first.local_day, last.local_day, first.starts_at, last.ends_at)


# ------------------------------------------------------------------------------------------------- the power of a whole plant


def _rebuild_power(
    connection: Connection, days: Sequence[PlantDay], subjects: Mapping[int, PlantSubjects], plant_series: Mapping[int, int]
) -> Iterator[Difference]:
    """How the stored power of the plants that have a series differs from the sum of their inverters', zone by zone."""
    by_zone = sorted(
        (day for day in days if day.plant_id in plant_series), key=lambda day: (day.timezone, day.plant_id, day.local_day)
    )
    for timezone, in_zone in groupby(by_zone, key=lambda day: day.timezone):
        derived = [
            _derived(list(of_plant), subjects[plant_id], plant_series[plant_id])
            for plant_id, of_plant in groupby(in_zone, key=lambda day: day.plant_id)
        ]
        yield rebuild_derived(connection, derived, whole_years(timezone, [each.days for each in derived]))


def _ensure_plant_series(connection: Connection, subjects: Mapping[int, PlantSubjects]) -> dict[int, int]:
    """The derived series by plant; a plant whose inverters report power gets one."""
    known = _read_plant_series(connection, list(subjects))
    if new := [plant_id for plant_id in _with_power(subjects) if plant_id not in known]:
        run(connection, "plants", "insert_plant_series", plant_ids=new)
        known |= _read_plant_series(connection, new)
    return known


def _read_plant_series(connection: Connection, plant_ids: list[int]) -> dict[int, int]:
    return {row.plant_id: row.series_id for row in run(connection, "plants", "read_plant_series", plant_ids=plant_ids)}


def _with_power(subjects: Mapping[int, PlantSubjects]) -> list[int]:
    """Plants whose inverters report power."""
    return [plant_id for plant_id, each in subjects.items() if any(POWER in one.series for one in each.inverters.values())]


def _derived(days: Sequence[PlantDay], subjects: PlantSubjects, series_id: int) -> DerivedSeries:
    place = place_of(days[0].timezone, days[0].latitude, days[0].longitude)
    return DerivedSeries(
        series_id,
        tuple(inverter.series[POWER] for inverter in subjects.inverters.values() if POWER in inverter.series),
        sum(inverter.expected is None for inverter in subjects.inverters.values()),
        (place.latitude, place.longitude),
        np.array([day_number(day.local_day) for day in days], np.int32),
        tuple(inverter.expected for inverter in subjects.inverters.values() if inverter.expected is not None),
    )


# --------------------------------------------------------------------------------------------------------- published energies


def _rebuild_energies(
    connection: Connection, days: Sequence[PlantDay], subjects: Mapping[int, PlantSubjects], computed_at: datetime
) -> list[dict[str, Any]]:
    """Rows of mart.energy_day as they should be, but for their computed_at."""
    buckets = _read_buckets(connection, days, list(_stretches(days)), subjects)
    return [
        row
        for day, light in zip(days, light_of(days), strict=True)
        for row in energy_rows(day, subjects[day.plant_id], buckets, light, computed_at=computed_at)
    ]


def _write_energies(
    connection: Connection, days: Sequence[PlantDay], rows: Sequence[dict[str, Any]], computed_at: datetime
) -> int:
    taken = {"plant_ids": [day.plant_id for day in days], "local_days": [day.local_day for day in days]}
    keys = {name: [row[name] for row in rows] for name in ("plant_id", "device_id", "local_date")}
    changed = list(run(connection, "plants", "delete_gone_energies", **taken, **keys))
    if rows:
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        changed += run(connection, "plants", "write_energies", computed_at=computed_at, **columns)
    marks = sorted({(row.plant_id, row.local_date) for row in changed})
    marked = {"plant_ids": [plant_id for plant_id, _ in marks], "local_days": [day for _, day in marks]}
    run(connection, "plants", "mark_unanswered", **marked)
    return len(changed)


def _read_buckets(
    connection: Connection,
    days: Sequence[PlantDay],
    stretches: Sequence[_Stretch],
    subjects: Mapping[int, PlantSubjects],
) -> KnownBuckets:
    """Day buckets of all that tells an energy, and hour buckets of the days whose power is not complete."""
    asked = [
        (series_id, *stretch[1:])
        for stretch in stretches
        for subject in subjects[stretch.plant_id].all()
        for series_id in subject.series.values()
    ]
    by_day = {(bucket.series_id, bucket.local_date): bucket for bucket in _buckets(connection, "day", asked)}
    known = KnownBuckets(by_day, misbehaved=_read_misbehaviour(connection, by_day))
    asked = [
        (series_id, day.local_day, day.local_day, day.starts_at, day.ends_at)
        for day in days
        for series_id in needs_hours(day, subjects[day.plant_id], known)
    ]
    by_hour: dict[tuple[int, date], list[Bucket]] = defaultdict(list)
    for bucket in _buckets(connection, "hour", asked):
        by_hour[bucket.series_id, bucket.local_date].append(bucket)
    return KnownBuckets(by_day, by_hour, known.misbehaved)


def _read_misbehaviour(
    connection: Connection, by_day: Mapping[tuple[int, date], Bucket]
) -> dict[tuple[int, date], tuple[int, int]]:
    if not by_day:
        return {}
    local_days = [local_day for _, local_day in by_day]
    parameters = {"first_day": min(local_days), "last_day": max(local_days)}
    rows = run(connection, "plants", "read_misbehaviour", series_ids=sorted({series_id for series_id, _ in by_day}), **parameters)
    return {(row.series_id, row.local_date): (row.held_back, row.resets) for row in rows}


def _buckets(connection: Connection, grain: str, asked: Sequence[tuple[int, date, date, datetime, datetime]]) -> Iterator[Bucket]:
    """Stored hours or days of (series, first day, last day, start, end); local dates decide."""
    if not asked:
        return
    series_ids, first_days, last_days, starts, ends = zip(*asked, strict=True)
    ranges = merged_ranges(
        np.array(series_ids, np.int32),
        np.array([microseconds_of(start) for start in starts], np.int64) - _MOVED_US,
        np.array([microseconds_of(end) for end in ends], np.int64) + _MOVED_US,
    )
    found = read_hours(connection, ranges) if grain == "hour" else read_longer(connection, {grain: ranges})
    first, end = (np.array([day_number(day) for day in days], np.int32) for days in (first_days, last_days))
    wanted = keys_of_days(np.array(series_ids, np.int32), first, end + np.int32(1))
    found = found[np.isin(day_keys(found["series_id"], found["local_date"]), wanted)]
    for row in in_order(found)[list(_BUCKET_COLUMNS)].tolist():
        series_id, day, start_us, count, covered_s, expected_s, energy_kwh, total = row
        known = (None if isnan(value) else value for value in (energy_kwh, total))
        yield Bucket(series_id, day_of_number(day), instant_of(start_us), count, covered_s, expected_s, *known)
