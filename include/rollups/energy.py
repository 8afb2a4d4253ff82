"""What is known of the energy of a plant's days, from the roll-ups of its inverters, its meters and the plant itself.

Pure: buckets in, rows of mart.energy_day out. Which of it is published is decided in `include.core.energy`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from include.core.energy import (
    KnownEnergy,
    LocalHour,
    PublishedEnergy,
    publish_energy,
    publish_plant_energy,
    recover,
)
from include.core.span import HOUR_US, day_number, microseconds_of
from include.rollups.daylight import daylight, place_of, solar_day, sun_weights
from include.rollups.expectation import DaySpan

POWER: Final = "ac_power_kw"
COUNTERS: Final = ("energy_today_kwh", "energy_total_kwh")
"""In the order of preference."""
VENDOR_DAY: Final = "energy_day_kwh"
INTERVALS: Final = ("energy_hour_kwh", "energy_30min_kwh", "energy_15min_kwh", "energy_5min_kwh")
"""Energies of intervals; of an inverter they are the vendor's word of the hours that they cover."""

TELLING: Final = (POWER, *COUNTERS, VENDOR_DAY, *INTERVALS)
"""Quantities on which the energy of a plant or inverter may rest."""

_HOUR: Final = timedelta(hours=1)
_LEAST_MISSING_S: Final = 1.0


class Bucket(NamedTuple):
    """The columns of an hour's or day's roll-up that energies are made of."""

    series_id: int
    local_date: date
    starts_at: datetime
    reading_count: int
    covered_s: float
    expected_s: float
    energy_kwh: float | None
    sum: float | None


class PlantDay(NamedTuple):
    """One local day of a plant, `[starts_at, ends_at)` in UTC, and where the plant stands."""

    plant_id: int
    tenant_id: int
    local_day: date
    starts_at: datetime
    ends_at: datetime
    timezone: str
    latitude: float | None
    longitude: float | None


@dataclass(frozen=True, slots=True)
class MeasuredSubject:
    """An inverter or meter, or without `device_id` the plant itself; `series` has the series_id of each quantity.

    `expected` are the local days [since, until) on which an inverter is expected that is not always.
    """

    device_id: int | None = None
    rating_kw: float | None = None
    series: dict[str, int] = field(default_factory=dict)
    expected: DaySpan | None = None

    def is_expected(self, local_day: date) -> bool:
        """Whether it is missed on a day of which it tells nothing."""
        return self.expected is None or self.expected[0] <= day_number(local_day) < self.expected[1]


@dataclass(frozen=True, slots=True)
class PlantSubjects:
    """The plant itself, and its registered inverters and meters by device_id.

    Sums run over the inverters in this order: that of the series_id of their power, so that equal energies give equal bits.
    """

    plant: MeasuredSubject = field(default_factory=MeasuredSubject)
    inverters: dict[int, MeasuredSubject] = field(default_factory=dict)
    meters: dict[int, MeasuredSubject] = field(default_factory=dict)

    def all(self) -> Iterator[MeasuredSubject]:
        """Every one of them."""
        yield self.plant
        yield from self.inverters.values()
        yield from self.meters.values()


@dataclass(frozen=True, slots=True)
class ClearSkyEnergy:
    """Of each local hour of a day its share of the day's clear-sky energy (empty in polar night), and the expected time [s]."""

    shares: tuple[float, ...]
    expected_s: float


class DayBuckets(NamedTuple):
    """What the buckets of one subject tell of one day."""

    power: Bucket | None
    counters: tuple[Bucket | None, ...]
    vendor: Bucket | None
    intervals: Bucket | None = None

    def tell_anything(self) -> bool:
        """False for a subject that was silent."""
        told = (self.power, self.vendor, self.intervals, *self.counters)
        return any(bucket is not None for bucket in told)

    def is_power_complete(self) -> bool:
        """Was power measured in all of the expected time?"""
        power = self.power
        if power is None or power.energy_kwh is None:
            return False
        return power.covered_s >= power.expected_s - _LEAST_MISSING_S


@dataclass(frozen=True, slots=True)
class KnownBuckets:
    """Day and hour buckets by (series_id, local day), and days of counters with (increases held back, resets)."""

    days: Mapping[tuple[int, date], Bucket]
    hours: Mapping[tuple[int, date], Sequence[Bucket]] = field(default_factory=dict)
    misbehaved: Mapping[tuple[int, date], tuple[int, int]] = field(default_factory=dict)

    def day_of(self, subject: MeasuredSubject, day: PlantDay) -> DayBuckets:
        """The day's buckets of a subject."""
        power, *counters, vendor = (
            self.days.get((subject.series.get(quantity, 0), day.local_day)) for quantity in (POWER, *COUNTERS, VENDOR_DAY)
        )
        return DayBuckets(power, tuple(counters), vendor, self._intervals_of(subject, day))

    def _intervals_of(self, subject: MeasuredSubject, day: PlantDay) -> Bucket | None:
        if subject.device_id is None:
            return None
        found = (self.days.get((subject.series.get(quantity, 0), day.local_day)) for quantity in INTERVALS)
        return next((bucket for bucket in found if bucket is not None), None)

    def counter_of(self, found: DayBuckets) -> tuple[Bucket | None, bool]:
        """The best counter of a day, and whether an increase of it was held back: the counter of the day first."""
        counted = [bucket for bucket in found.counters if bucket is not None and bucket.energy_kwh is not None]
        if not counted:
            return None, False
        best = min(counted, key=lambda bucket: tuple(count > 0 for count in self._misbehaviour(bucket)))
        return best, self._misbehaviour(best)[0] > 0

    def hours_of(self, series_id: int | None, day: PlantDay) -> dict[int, Bucket]:
        """Hour buckets of a series by their place in the day, from 0."""
        if series_id is None:
            return {}
        buckets = self.hours.get((series_id, day.local_day), ())
        return {(bucket.starts_at - day.starts_at) // _HOUR: bucket for bucket in buckets}

    def _misbehaviour(self, bucket: Bucket) -> tuple[int, int]:
        return self.misbehaved.get((bucket.series_id, bucket.local_date), (0, 0))


def light_of(days: Sequence[PlantDay]) -> list[ClearSkyEnergy]:
    """The light of each day at the plant, or at the city of its zone where it has no place."""
    counts = np.array([-(-(day.ends_at - day.starts_at) // _HOUR) for day in days], np.int64)
    places = [place_of(day.timezone, day.latitude, day.longitude) for day in days]
    starts = np.array([microseconds_of(day.starts_at) for day in days], np.int64)
    ends = np.array([microseconds_of(day.ends_at) for day in days], np.int64)
    first = np.cumsum(counts) - counts
    whose = np.repeat(np.arange(len(days)), counts)
    hour_start = starts[whose] + (np.arange(len(whose)) - first[whose]) * HOUR_US
    hour_end = np.minimum(hour_start + HOUR_US, ends[whose])
    north, east = (np.array([getattr(place, name) for place in places]) for name in ("latitude", "longitude"))
    weights = sun_weights(hour_start, hour_end, north[whose], east[whose])
    totals = np.bincount(whose, weights, len(days))
    shares = weights / np.where(totals > 0, totals, 1)[whose]
    expected = _expected_s(starts, ends, north, east)
    return [
        ClearSkyEnergy(tuple(shares[at : at + count].tolist()) if total > 0 else (), expected_s)
        for at, count, total, expected_s in zip(first, counts, totals, expected.tolist(), strict=True)
    ]


def needs_hours(day: PlantDay, subjects: PlantSubjects, buckets: KnownBuckets) -> Iterator[int]:
    """Series whose hours decide about a day: power that is not complete and the counters beside it."""
    incomplete = [inverter for inverter in subjects.inverters.values() if not buckets.day_of(inverter, day).is_power_complete()]
    if incomplete or not subjects.inverters:
        incomplete += [subjects.plant, *subjects.meters.values()]
    for subject in incomplete:
        for quantity in (POWER, *COUNTERS, *INTERVALS):
            if (subject.series.get(quantity), day.local_day) in buckets.days:
                yield subject.series[quantity]


def energy_rows(
    day: PlantDay, subjects: PlantSubjects, buckets: KnownBuckets, light: ClearSkyEnergy, *, computed_at: datetime
) -> list[dict[str, Any]]:
    """Rows of mart.energy_day: each inverter of which anything is known, then the plant; none where nothing is."""
    found = {subject.device_id: buckets.day_of(subject, day) for subject in subjects.all()}
    sheet = _DaySheet(day, subjects, buckets, found, light, is_over=day.ends_at <= computed_at)
    return sheet.rows()


@dataclass(frozen=True, slots=True)
class _DaySheet:
    """One day of one plant, with what is known of it."""

    day: PlantDay
    subjects: PlantSubjects
    buckets: KnownBuckets
    found: Mapping[int | None, DayBuckets]
    light: ClearSkyEnergy
    is_over: bool

    def rows(self) -> list[dict[str, Any]]:
        local_day = self.day.local_day
        inverters = [each for each in self.subjects.inverters.values() if each.is_expected(local_day) or self._speaks(each)]
        known = [self._known(inverter) if self._speaks(inverter) else None for inverter in inverters]
        published = [None if each is None else publish_energy(each) for each in known]
        rows = [
            self._row(inverter, each, told, self._time([inverter]))
            for inverter, each, told in zip(inverters, known, published, strict=True)
            if each is not None and told is not None
        ]
        own = self._own(has_inverter_data=bool(rows))
        if not rows and own.counted_kwh is None and not self._speaks(self.subjects.plant):
            return []
        plant = publish_plant_energy(published, [inverter.rating_kw for inverter in inverters], own)
        return [*rows, self._row(self.subjects.plant, self._beside(own, rows), plant, self._plant_time(inverters))]

    def _speaks(self, subject: MeasuredSubject) -> bool:
        return self.found[subject.device_id].tell_anything()

    def _known(self, subject: MeasuredSubject) -> KnownEnergy:
        found = self.found[subject.device_id]
        power, vendor = found.power, found.vendor or found.intervals
        counter, is_held_back = self.buckets.counter_of(found)
        known = KnownEnergy(
            integrated_kwh=power and power.energy_kwh,
            counted_kwh=counter and counter.energy_kwh,
            vendor_kwh=vendor and vendor.sum,
            is_by_interval=found.vendor is None and vendor is not None,
            is_held_back=is_held_back,
            is_over=self.is_over,
        )
        return self._completed(known, subject, None if is_held_back else counter)

    def _completed(self, known: KnownEnergy, subject: MeasuredSubject, counter: Bucket | None) -> KnownEnergy:
        """With what the counter recovered, and how complete the day is."""
        if not self.light.shares:
            return known
        if self.found[subject.device_id].is_power_complete():
            return replace(known, completeness=1.0)
        if counter is None and known.integrated_kwh is not None:
            return replace(known, completeness=self._covered_share(subject.series.get(POWER)))
        if counter is None and (intervals := self.found[subject.device_id].intervals) is not None:
            return replace(known, completeness=self._covered_share(intervals.series_id))
        hours = self._hours(subject, counter)
        if known.integrated_kwh is None:
            spanned = sum(hour.clear_sky_share for hour in hours if hour.counted_kwh is not None)
            return replace(known, completeness=min(1.0, spanned))
        recovery = recover(hours)
        covered = sum(hour.clear_sky_share * hour.covered_share for hour in hours)
        completeness = min(1.0, covered + recovery.clear_sky_share)
        return replace(known, recovered_kwh=recovery.energy_kwh, completeness=completeness)

    def _covered_share(self, series_id: int | None) -> float:
        """Share of the day's clear-sky energy in whose time a power was measured, or of which energies of intervals are told."""
        shares, hours = self.light.shares, self.buckets.hours_of(series_id, self.day)
        return min(1.0, sum(shares[hour] * _covered_share(bucket) for hour, bucket in hours.items() if hour < len(shares)))

    def _hours(self, subject: MeasuredSubject, counter: Bucket | None) -> list[LocalHour]:
        power = self.buckets.hours_of(subject.series.get(POWER), self.day)
        counted = self.buckets.hours_of(counter and counter.series_id, self.day)
        return [_known_hour(share, power.get(hour), counted.get(hour)) for hour, share in enumerate(self.light.shares)]

    def _own(self, *, has_inverter_data: bool) -> KnownEnergy:
        """What is known of the plant itself; without a counter of its own and data of inverters its meters count for it."""
        own = self._known(self.subjects.plant)
        metered = [self._known(meter) for meter in self.subjects.meters.values() if self._counts(meter)]
        if has_inverter_data or own.integrated_kwh is not None or own.counted_kwh is not None or not metered:
            return own
        return replace(
            own,
            counted_kwh=sum(meter.counted_kwh or 0.0 for meter in metered),
            completeness=min((meter.completeness for meter in metered if meter.completeness is not None), default=None),
            is_held_back=any(meter.is_held_back for meter in metered),
        )

    def _counts(self, meter: MeasuredSubject) -> bool:
        return self.buckets.counter_of(self.found[meter.device_id])[0] is not None

    def _beside(self, own: KnownEnergy, rows: Sequence[Mapping[str, Any]]) -> KnownEnergy:
        """The three ways side by side.

        The power is that of the inverters, else the plant's own. The counter is the plant's own, else the inverters' where every
        one that spoke has one.
        """
        integrated = [row["integrated_kwh"] for row in rows if row["integrated_kwh"] is not None]
        counted = [row["counted_kwh"] for row in rows]
        return replace(
            own,
            integrated_kwh=sum(integrated) if integrated else own.integrated_kwh,
            counted_kwh=sum(counted) if own.counted_kwh is None and rows and None not in counted else own.counted_kwh,
        )

    def _plant_time(self, inverters: Sequence[MeasuredSubject]) -> tuple[float, float]:
        """Measured and expected time of power [s]: of all registered inverters, else of the plant's own power."""
        if any(self.found[inverter.device_id].power for inverter in inverters):
            return self._time(inverters)
        if self.found[None].power:
            return self._time([self.subjects.plant])
        return 0.0, max(len(inverters), 1) * self.light.expected_s

    def _time(self, subjects: Sequence[MeasuredSubject]) -> tuple[float, float]:
        found = [self.found[subject.device_id].power for subject in subjects]
        power = sorted(bucket for bucket in found if bucket is not None)
        expected_s = max((bucket.expected_s for bucket in power), default=self.light.expected_s)
        return sum(bucket.covered_s for bucket in power), len(subjects) * expected_s

    def _row(
        self, subject: MeasuredSubject, known: KnownEnergy, told: PublishedEnergy, time: tuple[float, float]
    ) -> dict[str, Any]:
        return {
            "tenant_id": self.day.tenant_id,
            "plant_id": self.day.plant_id,
            "device_id": subject.device_id,
            "local_date": self.day.local_day,
            "starts_at": self.day.starts_at,
            "ends_at": self.day.ends_at,
            "energy_kwh": told.energy_kwh,
            "energy_source": told.source,
            "recovered_kwh": told.recovered_kwh,
            "integrated_kwh": known.integrated_kwh,
            "counted_kwh": known.counted_kwh,
            "vendor_kwh": known.vendor_kwh,
            "covered_s": time[0],
            "expected_s": time[1],
            "completeness": told.completeness,
        }


def _known_hour(share: float, power: Bucket | None, counted: Bucket | None) -> LocalHour:
    return LocalHour(
        clear_sky_share=share,
        covered_share=_covered_share(power),
        integrated_kwh=(power and power.energy_kwh) or 0.0,
        counted_kwh=counted and counted.energy_kwh,
        is_counter_read=counted is not None and counted.reading_count > 0,
    )


def _covered_share(power: Bucket | None) -> float:
    """Of the hour's expected time; where none is expected power covers the hour once it was measured at all."""
    if power is None or power.energy_kwh is None:
        return 0.0
    return min(1.0, power.covered_s / power.expected_s) if power.expected_s > 0 else 1.0


def _expected_s(
    starts: NDArray[np.int64], ends: NDArray[np.int64], north: NDArray[np.float64], east: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Time in which readings of one inverter are expected [s]: the day's daylight."""
    begin, end = daylight(solar_day(starts + (ends - starts) // 2, east), north, east)
    return np.asarray(np.clip(np.minimum(end, ends) - np.maximum(begin, starts), 0, None) / 1e6)
